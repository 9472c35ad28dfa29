"""Unusual input: a documented exit code, no traceback, an intact store, and no partial writes.

VISITORS_LONG_TESTS=1 runs longer.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trials.running import LONG
from trials.sound import assert_sound
from visitors.domain.row import FIELDS

pytestmark = pytest.mark.slow

Visitors = Callable[..., Any]
Try = Callable[..., Any]

TABLE = {0, 2, 3, 4, 5, 8}
"""The possible exit codes: the store is intact, there are no questions, and no unexpected failures."""

fuzz = settings(
    max_examples=3_000 if LONG else 40,
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture
def store(visitors: Visitors, store_path: Path) -> bytes:
    """A small store with records of every kind, as bytes."""
    rows = "".join(f"v{number},en-GB,Town {number}\n" for number in range(5))
    visitors("import", "-", "--input-format", "csv", input="id,language,city\n" + rows)
    visitors("identify", "v1", "--external-id", "u1", "--email", "ada@example.com", "--metadata", "plan=pro")
    visitors("identify", "v2", "--email", "grace@example.com", "--name", "Grace")
    visitors("conversations", "start", "v1", "--message", "Hi")
    visitors("block", "v3", "--reason", "spam")
    visitors("delete", "v4")
    return store_path.read_bytes()


@pytest.fixture
def attempt(visitors: Visitors, store: bytes, store_path: Path, monkeypatch: pytest.MonkeyPatch) -> Try:
    """Run a command on the original store, and check the result."""
    monkeypatch.delenv("VISITORS_DEBUG")
    before = rows_of(store_path)

    def run(*words: str, input: str | bytes = b"", partly: bool = False) -> Any:
        store_path.write_bytes(store)
        done = visitors(*words, input=input, code=None)
        assert done.code in TABLE, done.stderr[:500]
        assert "Traceback" not in done.stderr
        assert "unexpected failure" not in done.stderr, done.stderr[:500]
        after = rows_of(store_path)
        if done.code != 0 and not (partly and done.code == 5):
            assert after == before
        if after != before:
            assert_sound(store_path)
        return done

    return run


def rows_of(path: Path) -> list[Any]:
    """Return every row of every table."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%_text%'")
        return [connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names.fetchall()]


# damaged files

change = st.tuples(
    st.sampled_from(["flip", "cut", "insert", "repeat", "end", "swap"]),
    st.floats(0, 1),
    st.integers(1, 40),
    st.one_of(
        st.binary(max_size=4),
        st.sampled_from(
            [b'"', b",", b"\t", b"\n", b"\r", b"\\", b"{", b"}", b"[", b"]", b":", b"\x00", b"\xff", b"\xef\xbb\xbf"]
        ),
        st.sampled_from(
            [b"null", b"-", b"1e999", b"NaN", b"true", b"\\ud800", b"&a", b"*a", b"!!", b"---", b"  ", b"9" * 30]
        ),
    ),
)
changes = st.lists(change, min_size=1, max_size=5)


def changed(content: bytes, what: list[tuple[str, float, int, bytes]]) -> bytes:
    """Apply the changes to `content`."""
    for way, place, length, extra in what:
        at = int(place * len(content))
        if way == "flip":
            content = content[:at] + bytes(byte ^ (length & 0xFF) for byte in content[at : at + 1]) + content[at + 1 :]
        elif way == "cut":
            content = content[:at] + content[at + length :]
        elif way == "insert":
            content = content[:at] + extra + content[at:]
        elif way == "repeat":
            content = content[: at + length] + content[at:]
        elif way == "swap":
            content = content[:at] + content[at + length : at + 2 * length] + content[at : at + length]
        else:
            content = content[:at]
    return content


@pytest.fixture
def good_files(visitors: Visitors, store: bytes, tmp_path: Path) -> dict[str, bytes]:
    """Good files by extension."""
    assert store
    found = {}
    for name in ("csv", "tsv", "json", "ndjson"):
        visitors("export", "-o", str(tmp_path / f"good.{name}"))
        found[name] = (tmp_path / f"good.{name}").read_bytes()
    found["ndjson.gz"] = gzip.compress(found["ndjson"])
    visitors("fixtures", "dump", "-o", str(tmp_path / "good.yaml"))
    visitors("fixtures", "dump", "-o", str(tmp_path / "fixture.json"))
    found["yaml"] = (tmp_path / "good.yaml").read_bytes()
    found["fixture.json"] = (tmp_path / "fixture.json").read_bytes()
    found["dump"] = visitors("db", "dump").stdout.encode()
    return found


POLICIES = [
    (),
    ("--keep-going",),
    ("--on-existing", "update"),
    ("--on-existing", "update", "--on-conflict", "merge", "--relink", "--ignore-unknown"),
    ("--dry-run",),
    ("--keep-going", "--on-existing", "skip", "--ignore-unknown"),
]


@fuzz
@given(
    name=st.sampled_from(["csv", "tsv", "json", "ndjson", "ndjson.gz"]), what=changes, policy=st.sampled_from(POLICIES)
)
def test_damaged_files_of_rows(
    attempt: Try,
    good_files: dict[str, bytes],
    tmp_path: Path,
    name: str,
    what: list[tuple[str, float, int, bytes]],
    policy: tuple[str, ...],
) -> None:
    file = tmp_path / f"rows.{name}"
    file.write_bytes(changed(good_files[name], what))
    attempt("import", str(file), *policy, partly="--keep-going" in policy)


@fuzz
@given(name=st.sampled_from(["yaml", "fixture.json"]), what=changes, words=st.sampled_from(["apply", "diff", "check"]))
def test_damaged_fixtures(
    attempt: Try,
    good_files: dict[str, bytes],
    tmp_path: Path,
    name: str,
    what: list[tuple[str, float, int, bytes]],
    words: str,
) -> None:
    file = tmp_path / f"damaged.{name}"
    file.write_bytes(changed(good_files[name], what))
    attempt("fixtures", words, str(file))


@pytest.mark.usefixtures("attempt")
@fuzz
@given(what=changes)
def test_damaged_dumps(
    visitors: Visitors,
    good_files: dict[str, bytes],
    tmp_path: Path,
    what: list[tuple[str, float, int, bytes]],
) -> None:
    file, fresh = tmp_path / "dump.ndjson", tmp_path / "fresh.db"
    file.write_bytes(changed(good_files["dump"], what))
    fresh.unlink(missing_ok=True)

    done = visitors("db", "load", str(file), "--db", str(fresh), code=None)

    assert done.code in TABLE, done.stderr[:500]
    assert "unexpected failure" not in done.stderr, done.stderr[:500]
    with closing(sqlite3.connect(fresh)) as connection:
        loaded = connection.execute("SELECT count(*) FROM operations").fetchone()[0]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert (loaded > 0) == (done.code == 0)
    if loaded:
        assert_sound(fresh)
    visitors("list", "--db", str(fresh))
    visitors("history", "--db", str(fresh))


# files generated by a grammar

odd_text = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            " ",
            "null",
            "v1",
            "u1",
            "ada@example.com",
            "a@b.co",
            "en",
            "2026-01-01",
            "30d",
            "x" * 2_000,
            "\0",
            "\ud800",
            "\u202e",
            "9" * 30,
            "-0",
            "true",
            "1e309",
            "Europe/London",
            "=cmd()",
            "%",
            "'",
            '"',
        ]
    ),
)
odd_value: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.integers(2**62, 2**70), st.floats(), odd_text),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(odd_text, inner, max_size=3)),
    max_leaves=6,
)
keys = st.one_of(
    st.sampled_from(
        [*FIELDS, "contact", "metadata", "visitorId", "email", "externalId", "reject.line", "contact.metadata.plan"]
    ),
    odd_text,
)
rows = st.lists(st.dictionaries(keys, odd_value, max_size=6), max_size=5)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def as_table(found: list[dict[str, Any]], separator: str) -> bytes:
    columns = list(dict.fromkeys(key for row in found for key in row))
    lines = [columns, *([str(row.get(column, "")) for column in columns] for row in found)]
    return "\n".join(separator.join(line) for line in lines).encode(errors="surrogatepass")


@fuzz
@given(found=rows, name=st.sampled_from(["csv", "tsv", "json", "ndjson"]), policy=st.sampled_from(POLICIES))
def test_rows_that_nobody_would_write(
    attempt: Try, found: list[dict[str, Any]], name: str, policy: tuple[str, ...]
) -> None:
    content = {
        "csv": lambda: as_table(found, ","),
        "tsv": lambda: as_table(found, "\t"),
        "json": lambda: as_json(found),
        "ndjson": lambda: b"\n".join(map(as_json, found)),
    }[name]()
    attempt("import", "-", "--input-format", name, *policy, input=content, partly="--keep-going" in policy)


record = st.dictionaries(
    st.one_of(
        st.sampled_from(
            [
                "id",
                "name",
                "email",
                "externalId",
                "metadata",
                "contact",
                "visitor",
                "messages",
                "title",
                "status",
                "mergedInto",
                "deletedAt",
                "createdAt",
                "lastSeenAt",
                "language",
                "latitude",
                "attribution",
                "resolvedAt",
                "priority",
            ]
        ),
        odd_text,
    ),
    odd_value,
    max_size=5,
)
names = st.one_of(st.sampled_from(["ada", "v1", "v2", "u1"]), odd_text)
fixture = st.fixed_dictionaries(
    {"version": st.one_of(st.just(1), odd_value)},
    optional={
        "contacts": st.one_of(st.dictionaries(names, record, max_size=3), odd_value),
        "visitors": st.one_of(st.dictionaries(names, record, max_size=3), odd_value),
        "conversations": st.one_of(st.dictionaries(names, record, max_size=3), odd_value),
        "blocks": st.one_of(
            st.lists(
                st.dictionaries(st.sampled_from(["visitor", "contact", "reason", "expiresAt"]), odd_value), max_size=3
            ),
            odd_value,
        ),
        "environment": odd_value,
    },
)


@fuzz
@given(document=fixture, words=st.sampled_from([["apply"], ["apply", "--prune", "--yes"], ["diff"], ["check"]]))
def test_fixtures_that_nobody_would_write(
    attempt: Try, tmp_path: Path, document: dict[str, Any], words: list[str]
) -> None:
    file = tmp_path / "fixture.json"
    file.write_bytes(as_json(document))
    attempt("fixtures", words[0], str(file), *words[1:])


# command lines

typed = st.one_of(
    odd_text,
    st.sampled_from(
        [
            "v1",
            "v",
            "ext:u1",
            "ada@example.com",
            "-",
            "--",
            "-1",
            "@",
            "ext:",
            "K=V",
            "plan=pro",
            "plan!=",
            "=x",
            "0001-01-01",
            "9999-12-31T23:59:59.999999999Z",
            "99999999999d",
            "0d",
            "-1d",
            "2026-02-30",
            "24:00",
        ]
    ),
)
SELECTORS = [
    "--language", "--timezone", "--country-code", "--device-type", "--browser", "--os", "--ip", "--contact",
    "--created-since", "--created-until", "--seen-since", "--seen-until", "--metadata", "--search", "--sort", "--limit",
    "--after", "--fields", "--format",
]  # fmt: skip


@fuzz
@given(
    command=st.sampled_from(["list", "export", "contacts list", "assert --count 1", "conversations list", "history"]),
    options=st.lists(st.tuples(st.sampled_from(SELECTORS), typed), max_size=4),
    flags=st.lists(
        st.sampled_from(["--identified", "--anonymous", "--blocked", "--deleted", "--never-seen", "--reverse"]),
        max_size=2,
    ),
)
def test_selections_that_nobody_would_make(
    attempt: Try, command: str, options: list[tuple[str, str]], flags: list[str]
) -> None:
    attempt(*command.split(), *(f"{name}={value}" for name, value in options), *flags)


@fuzz
@given(
    command=st.sampled_from(
        [
            "show",
            "delete",
            "restore",
            "block",
            "unblock",
            "unidentify",
            "contacts show",
            "contacts delete",
            "explain",
            "contacts restore",
            "contacts merge --yes ext:u1",
            "contacts split ext:u1",
            "conversations show",
            "history",
            "conversations resolve",
            "conversations start",
            "update --city=Rome",
            "block --contact",
            "create --id",
            "track --id",
            "track --fingerprint",
            "identify v0 --external-id",
            "identify v0 --email",
            "identify v1 --metadata",
            "identify v1 --clear",
            "identify v1 --unset",
            "contacts create --external-id",
            "contacts update ext:u1 --image",
        ]
    ),
    values=st.lists(typed, min_size=1, max_size=3),
    lines=st.lists(odd_text, max_size=3),
)
def test_references_that_nobody_would_give(attempt: Try, command: str, values: list[str], lines: list[str]) -> None:
    attempt(*command.split(), *values, input="\n".join(lines).encode(errors="surrogatepass"))


@fuzz
@given(found=rows)
def test_lines_of_identify_that_nobody_would_write(attempt: Try, found: list[dict[str, Any]]) -> None:
    known = [{"visitorId": f"v{number}", **row} for number, row in enumerate(found)]
    attempt("identify", "-", input=b"\n".join(map(as_json, known)))
