from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Visitors = Callable[..., Any]

TYPES = ("store", "contact", "visitor", "block", "conversation", "message", "operation", "creation", "change", "cause")


@pytest.fixture
def busy(visitors: Visitors) -> None:
    """A store with a row of every type."""
    visitors("track", "--id", "v", "--latitude", "0.30000000000000004", "--city", "Zürich \x1b[1m \u2028")
    visitors("conversations", "start", "v", "--message", "multi\nline \U0001f600")
    visitors("identify", "v", "--external-id", "u", "--metadata", "n:=1.5")
    visitors("contacts", "create", "--id", "B")
    visitors("contacts", "merge", "ext:u", "B", "--yes")
    visitors("block", "--contact", "B", "--for", "7d")


@pytest.mark.usefixtures("busy")
def test_every_line_has_a_type_and_the_first_says_what_it_is(visitors: Visitors) -> None:
    lines = [json.loads(line) for line in visitors("db", "dump").lines]
    assert (lines[0]["type"], lines[0]["format"]) == ("store", 1)
    assert list(dict.fromkeys(line["type"] for line in lines)) == list(TYPES)


@pytest.mark.usefixtures("busy")
def test_to_a_file_it_says_how_many_lines_and_gz_compresses(visitors: Visitors, tmp_path: Path) -> None:
    plain, packed = tmp_path / "all.ndjson", tmp_path / "all.ndjson.gz"
    assert f"{plain}" in visitors("db", "dump", "-o", str(plain)).stderr
    visitors("db", "dump", "-o", str(packed))
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert visitors("db", "dump").stdout.encode() == plain.read_bytes()


def test_of_a_store_that_is_not_there_it_is_an_error(visitors: Visitors) -> None:
    visitors("db", "dump", "--db", "nowhere.db", code=6)


DEVICES = st.sampled_from(["one", "two", "three"])
STEPS = st.one_of(
    st.tuples(st.just("track"), st.just("--id"), DEVICES),
    st.tuples(st.just("identify"), DEVICES, st.just("--relink"), st.just("--email"),
              st.sampled_from(["a@example.com", "b@example.com"])),
    st.tuples(st.just("unidentify"), DEVICES),
    st.tuples(st.just("block"), DEVICES, st.just("--reason"), st.sampled_from(["spam", 'é\u2028\\"\x1b'])),
    st.tuples(st.just("conversations"), st.just("start"), DEVICES, st.just("--message"), st.just("hi\n'there'")),
    st.tuples(st.just("contacts"), st.just("merge"), st.just("a@example.com"), st.just("b@example.com"),
              st.just("--yes")),
    st.tuples(st.sampled_from(["delete", "restore"]), DEVICES),
)  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=12))
def test_dump_load_dump_gives_the_same_bytes(visitors: Visitors, tmp_path: Path, steps: list[tuple[str, ...]]) -> None:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))  # another one for each example
    first, second = (str(folder / f"{name}.db") for name in ("first", "second"))
    visitors("contacts", "create", "--db", first)
    for step in steps:
        visitors(*step, "--db", first, code=None)
    dumped = visitors("db", "dump", "--db", first).stdout
    visitors("db", "load", "-", "--db", second, input=dumped)
    assert visitors("db", "dump", "--db", second).stdout == dumped
    visitors("track", "--id", "one-more", "--db", second)  # and recording works as before
    assert visitors("history", "one-more", "--format", "count", "--db", second).stdout == "1\n"


@pytest.mark.slow
def test_a_message_that_is_escaped_character_by_character_loads_again(visitors: Visitors, tmp_path: Path) -> None:
    message = "\u200f" * 700_000
    visitors("create", "--id", "v")
    started = visitors("conversations", "start", "v", "--message", f"{message}.").stdout.strip()
    visitors("db", "dump", "-o", str(tmp_path / "all.ndjson"))
    second = ("--db", str(tmp_path / "second.db"))
    visitors("db", "load", str(tmp_path / "all.ndjson"), *second)
    (loaded,) = visitors("conversations", "show", started, "--format", "json", *second).json["messages"]
    assert loaded["body"] == f"{message}."
    assert visitors("db", "dump", *second).stdout.encode() == (tmp_path / "all.ndjson").read_bytes()


@pytest.mark.parametrize("path", ["visitors.db", "link.db", "visitors.db-wal"])
def test_it_does_not_replace_the_store(
    visitors: Visitors, anonymous: str, store_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(store_path.parent)
    Path("link.db").symlink_to(store_path)
    before = store_path.read_bytes()
    for absolute in (path, str(store_path.parent / path)):
        assert "is the store itself" in visitors("db", "dump", "-o", absolute, code=2).stderr
    assert store_path.read_bytes() == before
    assert visitors("list", "--format", "ids").lines == [anonymous]


def test_it_has_one_format_only(visitors: Visitors) -> None:
    visitors("create")
    assert visitors("db", "dump", "--format", "csv", code=2).stdout == ""
    assert visitors("db", "dump", "--format", "ndjson").lines
