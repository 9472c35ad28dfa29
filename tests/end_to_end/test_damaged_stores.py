"""Every command reports a truncated store, or one with flipped bits, plainly, and 'db check' finds a problem whenever
another command fails.

VISITORS_LONG_TESTS=1 damages stores at many more places.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

Visitors = Callable[..., Any]

LONG = bool(os.environ.get("VISITORS_LONG_TESTS"))  # read before the tests' isolation removes it
COMMANDS = (
    ("list",),
    ("list", "--format", "json"),
    ("list", "--search", "gmail", "--sort", "lastSeenAt"),
    ("show", "damage-1"),
    ("export", "--format", "csv"),
    ("contacts", "list", "--format", "table"),
    ("history",),
    ("db", "info"),
    ("db", "dump"),
    ("create", "--id", "new"),
    ("identify", "damage-1", "--email", "ada@example.com"),
    ("db", "backup"),
)
ALLOWED = (0, 1, 3, 4, 5, 6)
"""The exit codes allowed on a damaged store; 1 and 6 only if 'db check' finds damage too."""

anywhere = st.floats(0, 1, exclude_max=True)
varied = settings(
    max_examples=1_500 if LONG else 6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Sample:
    """A store's bytes, kept out of failure reports."""

    def __init__(self, content: bytes) -> None:
        self.content = content


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A small store with a record of every kind."""
    from visitors.main import run

    path = tmp_path_factory.mktemp("sound") / "visitors.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VISITORS_DB", str(path))
        patch.setenv("VISITORS_NOW", "2026-03-01T12:00:00Z")
        for words in (
            ["seed", "--seed", "7", "--count", "60", "--format", "count"],
            ["create", "--id", "damage-1", "--city", "Köln", "--format", "count"],
            ["identify", "damage-1", "--external-id", "u-1", "--metadata", "plan=pro", "--format", "count"],
            ["update", "damage-1", "--language", "de", "--format", "count"],
        ):
            assert run(words) == 0
    return Sample(path.read_bytes())


@pytest.fixture(autouse=True)
def as_users_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show unexpected failures as one line, without a traceback."""
    monkeypatch.delenv("VISITORS_DEBUG")


def judge(visitors: Visitors, damaged: bytes) -> None:
    """Run every command on its own copy of the damaged store, and compare with the findings of 'db check'."""
    with TemporaryDirectory(prefix="visitors-damaged-") as folder:
        original = Path(folder) / "visitors.db"
        original.write_bytes(damaged)
        original.chmod(0o600)
        checked = visitors("db", "check", "--db", str(original), "--format", "json", code=None)
        assert checked.code in (0, 8), checked.stderr
        assert original.read_bytes() == damaged
        assert [one.name for one in Path(folder).iterdir()] == ["visitors.db"]
        for number, words in enumerate(COMMANDS):
            own = Path(folder) / str(number)
            own.mkdir()
            shutil.copy(original, own)
            done = visitors(*words, "--db", str(own / "visitors.db"), code=None)
            assert done.code in ALLOWED, (words, done.stderr)
            assert done.code not in (1, 6) or checked.code == 8, (words, done.stderr)
        tried = visitors("db", "restore", str(original), "-n", "--db", str(Path(folder) / "none.db"), code=None)
        assert tried.code in (0, 6)
        # an intact backup can be restored, a damaged one cannot
        content = [one for one in checked.json if one["result"] == "problem" and one["check"] != "permissions"]
        assert (tried.code == 6) == bool(content)


@varied
@given(part=anywhere)
@example(part=0.0)
def test_a_store_that_is_cut_off(visitors: Visitors, sample: Sample, part: float) -> None:
    sound = sample.content
    judge(visitors, sound[: int(len(sound) * part)])


@varied
@given(places=st.lists(st.tuples(anywhere, st.integers(0, 7)), min_size=1, max_size=4))
def test_a_store_with_flipped_bits(visitors: Visitors, sample: Sample, places: list[tuple[float, int]]) -> None:
    sound = sample.content
    damaged = bytearray(sound)
    for part, bit in places:
        damaged[int(len(damaged) * part)] ^= 1 << bit
    judge(visitors, bytes(damaged))


@varied
@given(offset=st.integers(0, 99), value=st.integers(0, 255))
@example(offset=18, value=3)
@example(offset=47, value=5)
def test_a_store_with_a_damaged_header(visitors: Visitors, sample: Sample, offset: int, value: int) -> None:
    sound = sample.content
    judge(visitors, sound[:offset] + bytes([value]) + sound[offset + 1 :])


@cache
def _written_cells(sound: bytes) -> list[int]:
    """Where the texts of records are, rather than free space."""
    marks = (b"K\xc3\xb6ln", b'{"plan":"pro"}', b"damage-1", b"2026-03-01T12:00", b"CREATE ", b'"--city"')
    return [at + shift for mark in marks if (at := sound.find(mark)) >= 0 for shift in range(len(mark))]


@varied
@given(data=st.data(), value=st.sampled_from([0, 0x22, 0x41, 0x7B, 0x80, 0xFF]))
def test_a_store_with_damaged_texts(visitors: Visitors, sample: Sample, data: st.DataObject, value: int) -> None:
    sound = sample.content
    at = data.draw(st.sampled_from(_written_cells(sound)))
    judge(visitors, sound[:at] + bytes([value]) + sound[at + 1 :])


@pytest.mark.parametrize("text", ["Köln", "Zoë", "café", "größer"])
@pytest.mark.parametrize("format_", ["csv", "tsv", "ndjson", "json", "ids"])
def test_an_export_with_a_text_that_is_not_utf_8_is_refused(
    visitors: Visitors, store_path: Path, tmp_path: Path, format_: str, text: str
) -> None:
    contact = '"contact":{"id":"c","name":"Zoë","metadata":{"at":"café"}}'
    row = f'{{"id":"v","city":"Köln","currentPage":{{"title":"größer"}},{contact}}}'
    visitors("import", "-", "--input-format", "ndjson", input=row)
    sound, damaged = text.encode(), "".join(one if one.isascii() else "~\udcb6" for one in text)
    content = store_path.read_bytes()
    store_path.write_bytes(content.replace(sound, damaged.encode(errors="surrogateescape")))
    assert len(content) == store_path.stat().st_size
    target = tmp_path / "export"
    target.write_text("as it was")

    for place in (str(target), "-"):
        refused = visitors("export", "-o", place, "--format", format_, code=6)
        assert f"the store {store_path} is damaged" in refused.stderr
        assert "~" not in refused.stdout
    assert target.read_text() == "as it was"
    assert not list(tmp_path.glob(".export*"))


@varied
@given(data=st.data(), fill=st.sampled_from([b"\0", b"\xff"]))
def test_a_store_with_a_lost_page(visitors: Visitors, sample: Sample, data: st.DataObject, fill: bytes) -> None:
    sound = sample.content
    page = data.draw(st.integers(0, len(sound) // 4096 - 1)) * 4096
    judge(visitors, sound[:page] + fill * 4096 + sound[page + 4096 :])
