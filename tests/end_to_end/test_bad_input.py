"""For any bad input: a clear error with its exit code, and an unchanged store."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]

HEADER = "id,language,timezone,contact.externalId,contact.email,contact.metadata\n"
DEEP = "[" * 100_000


def row(**values: Any) -> str:
    """One line of NDJSON."""
    return json.dumps({"id": "new", **values}) + "\n"


def person(**values: Any) -> str:
    """One line of NDJSON: a visitor with a contact."""
    return row(contact={"externalId": "u9", **values})


@pytest.fixture
def store(visitors: Visitors, store_path: Path) -> Path:
    """A store with two visitors whose ids share a prefix, and a contact."""
    visitors("create", "--id", "abc1")
    visitors("create", "--id", "abc2")
    visitors("identify", "abc1", "--external-id", "u1", "--email", "ada@example.com", "--metadata", "plan=pro")
    return store_path


@pytest.fixture
def unchanged(visitors: Visitors, store: Path) -> Iterator[None]:
    """Fail the test if it changed anything in the store."""

    def state() -> tuple[str, str, str]:
        return (
            visitors("export", "--format", "ndjson").stdout,
            visitors("history", "--format", "count").stdout,
            visitors("contacts", "list", "--format", "ndjson").stdout,
        )

    before = state()
    yield
    assert state() == before
    assert [path.name for path in store.parent.iterdir() if "bak" in path.name or path.name.startswith(".")] == []


def assert_clear(result: Any, code: int, *, stdout: str = "") -> None:
    """Assert one `error:` line, at most one hint, no traceback, and no standard output."""
    assert result.code == code, result.stderr
    assert result.stdout == stdout
    lines = result.stderr.splitlines()
    assert lines[0].startswith("error: ")
    assert len(lines[0]) > len("error: ")
    assert [line for line in lines[1:] if not line.startswith("hint: ")] == []
    assert len(lines) <= 2
    assert "Traceback" not in result.stderr
    assert "unexpected failure" not in result.stderr


COMMANDS: dict[str, tuple[int, list[str]]] = {
    "unknown-id": (3, ["show", "nobody"]),
    "unknown-id-beside-known-ones": (3, ["block", "abc1", "nobody"]),
    "unknown-contact": (3, ["contacts", "show", "ext:nobody"]),
    "unknown-email": (3, ["block", "--contact", "nobody@example.com"]),
    "unknown-operation": (3, ["history", "--operation", "nobody"]),
    "unknown-cursor": (3, ["list", "--after", "nobody"]),
    "ambiguous-prefix": (4, ["show", "abc"]),
    "ambiguous-prefix-of-a-write": (4, ["delete", "abc"]),
    "existing-id": (4, ["create", "--id", "abc1"]),
    "no-id": (3, ["show", "not an id"]),
    "id-with-a-space": (5, ["create", "--id", "not an id"]),
    "id-of-129-characters": (5, ["create", "--id", "x" * 129]),
    "id-that-starts-with-a-dash": (5, ["create", "--id=-x"]),
    "email": (5, ["identify", "abc2", "--email", "not an email"]),
    "email-with-a-line-end": (5, ["identify", "abc2", "--email", "a@example.com\nb@example.com"]),
    "empty-email": (5, ["identify", "abc2", "--email", ""]),
    "empty-name": (5, ["identify", "abc2", "--external-id", "u2", "--name", "  "]),
    "language": (5, ["create", "--language", "not a language"]),
    "timezone": (5, ["create", "--timezone", "Mars/Olympus"]),
    "timezone-that-is-a-path": (5, ["create", "--timezone", "../../../etc/passwd"]),
    "ip": (5, ["create", "--ip", "300.1.1.1"]),
    "latitude": (5, ["create", "--latitude", "91"]),
    "longitude": (5, ["create", "--longitude=-180.1"]),
    "latitude-that-is-no-number": (5, ["create", "--latitude", "NaN"]),
    "longitude-without-end": (5, ["create", "--longitude", "inf"]),
    "country-code": (5, ["create", "--country-code", "GER"]),
    "screen-resolution": (5, ["create", "--screen-resolution", "large"]),
    "metadata-without-value": (5, ["identify", "abc2", "--external-id", "u2", "--metadata", "plan"]),
    "metadata-twice": (5, ["identify", "abc2", "--external-id", "u2", "--metadata", "a=1", "--metadata", "a=2"]),
    "nested-metadata": (5, ["identify", "abc2", "--external-id", "u2", "--metadata", 'a:={"b": 1}']),
    "metadata-that-is-not-json": (5, ["identify", "abc2", "--external-id", "u2", "--metadata", "a:={"]),
    "metadata-not-a-number": (5, ["identify", "abc2", "--external-id", "u2", "--metadata", "a:=NaN"]),
    "metadata-of-40-digits": (5, ["identify", "abc2", "--external-id", "u2", "--metadata", "a:=" + "9" * 40]),
    "oversized-metadata": (5, ["identify", "abc2", "--external-id", "u2", "--metadata", "a=" + "x" * 20_000]),
    "deep-metadata": (5, ["identify", "abc2", "--external-id", "u2", "--metadata", "a:=" + DEEP[:50_000]]),
    "time": (5, ["list", "--created-since", "the day before"]),
    "expiry": (5, ["block", "abc1", "--for", "a while"]),
    "unknown-option": (2, ["list", "--nope"]),
    "unknown-command": (2, ["nope"]),
    "unknown-format": (2, ["list", "--format", "xml"]),
    "unknown-field": (2, ["list", "--fields", "nope"]),
    "unknown-sort": (2, ["list", "--sort", "nope"]),
    "negative-limit": (2, ["list", "--limit", "-1"]),
    "device-type": (2, ["create", "--device-type", "fridge"]),
    "nobody-named": (2, ["delete"]),
    "ids-and-a-selection": (2, ["delete", "abc1", "--anonymous"]),
    "selection-without-yes": (2, ["delete", "--anonymous"]),
    "folder-as-store": (2, ["create", "--db", "folder/"]),
    "url-of-no-server": (2, ["list", "--db", "ftp://example.com"]),
    "duplicate-map": (2, ["import", "-", "--input-format", "csv", "--map", "language=a", "--map", "language=b"]),
    "map-of-no-field": (2, ["import", "-", "--input-format", "csv", "--map", "nope=a"]),
    "map-without-column": (2, ["import", "-", "--input-format", "csv", "--map", "language"]),
    "missing-file": (3, ["import", "missing.csv"]),
    "directory": (5, ["import", "/"]),
    "directory-with-a-format": (5, ["import", "/etc", "--input-format", "csv"]),
    "unknown-input-format": (2, ["import", "-", "--input-format", "xml"]),
}
for junk in ("null", "Undefined", "none", "GUEST", "anonymous", "[object Object]", "0", "-1", "000", "---", "NaN"):
    COMMANDS[f"junk-external-id-{junk}"] = (5, ["identify", "abc2", f"--external-id={junk}"])

INPUTS: dict[str, tuple[int, str, str | bytes]] = {
    "no-header": (5, "csv", ",,\n"),
    "header-twice": (5, "csv", "id,id\na,b\n"),
    "missing-cell": (5, "csv", "id,language\nnew\n"),
    "unclosed-quote": (5, "csv", 'id,language\nnew,"en\n'),
    "unmapped-column": (5, "csv", "id,nope\nnew,x\n"),
    "repeated-id": (4, "csv", "id\nnew\nnew\n"),
    "existing-id": (4, "csv", "id\nnew\nabc1\n"),
    "good-rows-before-a-bad-one": (5, "csv", "id,language\nn1,en\nn2,de\nn3,???\n"),
    "not-utf8": (5, "csv", b"id,contact.name,contact.externalId\nnew,J\xf6rg,u9\n"),
    "not-utf8-ndjson": (5, "ndjson", b'{"id": "new", "city": "\xff"}\n'),
    "not-utf8-json": (5, "json", b'[{"id": "new", "city": "\xff"}]'),
    "utf16": (5, "csv", "id\nnew\n".encode("utf-16")),
    "nul-byte": (5, "csv", "id,city\nnew,a\0b\n"),
    "nul-byte-tsv": (5, "tsv", "id\tcity\nnew\ta\0b\n"),
    "escaped-nul": (5, "ndjson", '{"id": "new", "city": "a\\u0000b"}\n'),
    "escaped-nul-in-a-document": (5, "ndjson", '{"id": "new", "attribution": {"a": "\\u0000"}}\n'),
    "nul-in-a-metadata-key": (5, "ndjson", person(metadata={"a\0": 1})),
    "lone-surrogate": (5, "ndjson", '{"id": "new", "city": "\\ud800"}\n'),
    "lone-surrogate-in-json": (5, "json", '[{"id": "new", "city": "\\ud800"}]'),
    "lone-surrogate-in-metadata": (
        5,
        "ndjson",
        '{"id": "new", "contact.email": "a@b.co", "metadata": {"a": "\\udfff"}}\n',
    ),
    "lone-surrogate-in-a-key": (5, "ndjson", '{"id": "new", "\\ud800": 1}\n'),
    "encoded-surrogate": (5, "ndjson", b'{"id": "new", "city": "\xed\xa0\x80"}\n'),
    "cell-of-5-mb": (5, "csv", "id,city\nnew," + "x" * 5_000_000 + "\n"),
    "cell-of-5-mb-tsv": (5, "tsv", "id\tcity\nnew\t" + "x" * 5_000_000 + "\n"),
    "cell-of-5-mb-ndjson": (5, "ndjson", row(city="x" * 5_000_000)),
    "cell-of-5-mb-json": (5, "json", "[" + row(city="x" * 5_000_000) + "]"),
    "cell-of-200-kb": (5, "csv", "id,city\nnew," + "x" * 200_000 + "\n"),
    "deep-json": (5, "json", DEEP),
    "deep-object": (5, "json", '{"a":' * 100_000),
    "deep-ndjson": (5, "ndjson", DEEP + "\n"),
    "deep-document": (5, "ndjson", f'{{"id": "new", "attribution": {"[" * 100_000}{"]" * 100_000}}}\n'),
    "not-a-number": (5, "ndjson", '{"id": "new", "latitude": NaN}\n'),
    "quoted-nan": (5, "ndjson", row(latitude="NaN")),
    "infinity": (5, "ndjson", '{"id": "new", "latitude": 1e999}\n'),
    "40-digits": (5, "ndjson", '{"id": "new", "latitude": ' + "9" * 40 + "}\n"),
    "40-digits-in-metadata": (5, "ndjson", f'{{"id": "new", "email": "a@b.co", "metadata": {{"a": {"9" * 40}}}}}\n'),
    "2-to-the-63-in-metadata": (5, "ndjson", person(metadata={"a": 2**63})),
    "number-as-text": (5, "ndjson", row(language=5)),
    "object-as-text": (5, "ndjson", row(city={"a": 1})),
    "list-as-text": (5, "ndjson", row(city=["a"])),
    "boolean-as-number": (5, "ndjson", row(latitude=True)),
    "text-as-document": (5, "ndjson", row(attribution="hello")),
    "number-as-id": (5, "ndjson", '{"id": 5.5}\n'),
    "text-as-contact": (5, "ndjson", row(contact="Ada")),
    "text-as-boolean": (5, "ndjson", row(isBlocked="maybe")),
    "nested-metadata": (5, "ndjson", person(metadata={"a": {"b": 1}})),
    "list-as-metadata": (5, "ndjson", person(metadata=[1])),
    "oversized-metadata": (5, "ndjson", person(metadata={f"k{n}": "x" * 1000 for n in range(20)})),
    "oversized-document": (5, "ndjson", row(attribution={"a": "x" * 20_000})),
    "junk-external-id": (5, "ndjson", person(externalId="undefined")),
    "contact-without-identity": (5, "ndjson", row(contact={"name": "Ada"})),
    "email": (5, "ndjson", person(email="nobody")),
    "language": (5, "ndjson", row(language="???")),
    "timezone": (5, "ndjson", row(timezone="Mars/Olympus")),
    "ip": (5, "ndjson", row(ip="1.2.3")),
    "coordinates": (5, "ndjson", row(longitude=181)),
    "time": (5, "ndjson", row(createdAt="yesterday")),
    "year-10000": (5, "ndjson", row(createdAt="10000-01-01T00:00:00Z")),
    "not-json": (5, "ndjson", "hello\n"),
    "no-object": (5, "ndjson", "[1]\n"),
    "scalar": (5, "json", "5"),
    "list-of-scalars": (5, "json", "[1, 2]"),
    "truncated-json": (5, "json", '[{"id": "new"}'),
    "truncated-gzip": (5, "csv", gzip.compress(b"id\n" + b"".join(b"n%d\n" % n for n in range(5000)))[:-500]),
    "gzip-without-end": (5, "csv", gzip.compress(b"id\nnew\n")[:-4]),
    "damaged-gzip": (5, "csv", gzip.compress(os.urandom(4000))[:100] + b"\xff" * 4000),
    "gzip-header-only": (5, "ndjson", b"\x1f\x8b"),
}


@pytest.mark.parametrize(("code", "words"), COMMANDS.values(), ids=COMMANDS.keys())
@pytest.mark.usefixtures("unchanged")
def test_a_bad_command_line_changes_nothing(visitors: Visitors, code: int, words: list[str]) -> None:
    assert_clear(visitors(*words, input="id,a,b\nnew,x,y\n", code=None), code)


@pytest.mark.parametrize(("code", "format_", "content"), INPUTS.values(), ids=INPUTS.keys())
@pytest.mark.usefixtures("unchanged")
def test_a_bad_file_changes_nothing(
    visitors: Visitors, tmp_path: Path, code: int, format_: str, content: str | bytes
) -> None:
    file = tmp_path / f"rows.{format_}"
    file.write_bytes(content.encode() if isinstance(content, str) else content)

    assert_clear(visitors("import", str(file), code=None), code)


@pytest.mark.parametrize("name", ["not-utf8", "deep-json", "truncated-gzip", "cell-of-5-mb", "no-header", "40-digits"])
@pytest.mark.usefixtures("unchanged")
def test_a_bad_stream_changes_nothing(visitors_process: Visitors, name: str) -> None:
    code, format_, content = INPUTS[name]
    result = visitors_process("import", "-", "--input-format", format_, input=content, code=code)

    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert_clear(result, code)


@pytest.mark.parametrize("content", ["id,language\nnew,en\n", "id\tlanguage\nnew\ten\n"])
@pytest.mark.usefixtures("unchanged")
def test_a_missing_mapped_column_is_reported_with_the_existing_ones(visitors: Visitors, content: str) -> None:
    format_ = "tsv" if "\t" in content else "csv"
    result = visitors("import", "-", "--input-format", format_, "--map", "timezone=tz", input=content, code=None)

    assert_clear(result, 5)
    assert "'tz'" in result.stderr
    assert "hint: the columns are id, language" in result.stderr


@pytest.mark.usefixtures("unchanged")
def test_an_error_in_a_file_names_line_column_and_reason(visitors: Visitors, tmp_path: Path) -> None:
    file = tmp_path / "web.csv"
    file.write_text("id,br_lang\nn1,en\nn2,\nn3,???\n")

    result = visitors("import", str(file), "--map", "language=br_lang", code=5)

    assert f"error: {file}, line 4, column 'br_lang': language '???' is not a language tag" in result.stderr


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "[]",
        "{}",
        '{"visitorId": 5, "email": "a@example.com"}',
        '{"visitorId": "abc2"}',
        '{"visitorId": "abc2", "nope": 1}',
        '{"visitorId": "abc2", "email": "nobody"}',
        '{"visitorId": "abc2", "email": "a@example.com", "metadata": {"a": []}}',
        '{"visitorId": "abc2", "email": "a@example.com", "name": "\\ud800"}',
        '{"visitorId": "abc2", "email": "a@example.com", "name": "\\u0000"}',
        '{"visitorId": "abc2", "metadata": ' + DEEP[:10_000] + "}",
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_a_bad_line_of_identify_takes_back_the_good_ones(visitors: Visitors, line: str) -> None:
    good = '{"visitorId": "abc2", "email": "grace@example.com"}\n'
    result = visitors("identify", "-", input=good + line + "\n", code=None)

    assert result.code in (2, 5), result.stderr
    assert_clear(result, result.code)
    assert "line 2" in result.stderr


@pytest.mark.usefixtures("unchanged")
def test_ids_that_are_not_utf8_are_invalid_data(visitors: Visitors) -> None:
    assert_clear(visitors("block", "-", input=b"abc1\n\xff\n", code=None), 5)


@pytest.mark.usefixtures("unchanged")
def test_one_unknown_id_among_many_on_standard_input_takes_all_back(visitors: Visitors) -> None:
    assert_clear(visitors("block", "-", input="abc1\nabc2\nnobody\n", code=None), 3)


# A byte that is not UTF-8 becomes a lone surrogate in an argument.
ARGUMENTS = {
    "id": (["show", "\udcff"], 5),
    "one-id-of-two": (["show", "abc2", "\udcff"], 5),
    "contact": (["contacts", "show", "\udcff"], 5),
    "conversation": (["conversations", "show", "\udcff"], 5),
    "record": (["history", "\udcff"], 5),
    "operation": (["undo", "\udcff"], 5),
    "new-id": (["create", "--id", "\udcff"], 5),
    "browser-data": (["create", "--city", "\udcff"], 5),
    "name": (["identify", "abc2", "--email", "a@example.com", "--name", "\udcff"], 5),
    "metadata": (["identify", "abc2", "--email", "a@example.com", "--metadata", "a=\udcff"], 5),
    "metadata-key": (["identify", "abc2", "--email", "a@example.com", "--metadata", "\udcff=a"], 5),
    "reason": (["block", "abc2", "--reason", "\udcff"], 5),
    "message": (["conversations", "start", "abc2", "--message", "\udcff"], 5),
    "search": (["list", "--search", "\udcff"], 5),
    "external-id": (["contacts", "show", "ext:\udcff"], 5),
    "file": (["import", "\udcff.csv"], 3),
    "field": (["list", "--fields", "\udcff"], 2),
    "command": (["\udcff"], 2),
    "actor": (["create", "--as", "\udcff"], 5),
    "actor-filter": (["history", "--by", "\udcff"], 5),
    "command-filter": (["history", "--command", "\udcff"], 5),
    "metadata-filter": (["list", "--metadata", "\udcff"], 5),
    "metadata-value-filter": (["list", "--metadata", "a=\udcff"], 5),
}


@pytest.mark.parametrize(("words", "code"), ARGUMENTS.values(), ids=ARGUMENTS.keys())
@pytest.mark.usefixtures("unchanged")
def test_an_argument_that_is_not_utf8_changes_nothing(visitors_process: Visitors, words: list[str], code: int) -> None:
    assert_clear(visitors_process(*words, code=None), code)


@pytest.mark.usefixtures("store")
def test_a_cursor_that_is_not_utf8_is_invalid(visitors_process: Visitors) -> None:
    assert_clear(visitors_process("list", "--after", "\udcff", code=None), 5)


STORES = ("list", "create", "db info")


@pytest.mark.parametrize("words", STORES)
def test_a_file_that_is_not_sqlite_is_refused_and_stays(visitors: Visitors, tmp_path: Path, words: str) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("these are my notes\n" * 200)

    assert_clear(visitors(*words.split(), "--db", str(file), code=None), 6)
    assert file.read_text() == "these are my notes\n" * 200
    assert [path.name for path in tmp_path.glob("notes*")] == ["notes.txt"]


@pytest.mark.parametrize("words", STORES)
def test_the_database_of_another_program_is_refused_and_stays(visitors: Visitors, tmp_path: Path, words: str) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE visitors (id TEXT)")
    connection.close()
    before = file.read_bytes()

    result = visitors(*words.split(), "--db", str(file), code=None)

    assert_clear(result, 6)
    assert "not a visitors store" in result.stderr
    assert file.read_bytes() == before


@pytest.mark.parametrize("words", STORES)
def test_a_store_of_a_newer_version_is_refused_and_stays(visitors: Visitors, store: Path, words: str) -> None:
    with sqlite3.connect(store) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    before = store.read_bytes()

    result = visitors(*words.split(), code=None)

    assert_clear(result, 6)
    assert "newer" in result.stderr
    assert "upgrade" in result.stderr
    assert store.read_bytes() == before


@pytest.mark.parametrize("words", STORES)
def test_a_directory_is_not_a_store(visitors: Visitors, tmp_path: Path, words: str) -> None:
    assert_clear(visitors(*words.split(), "--db", str(tmp_path), code=None), 6)


@pytest.mark.parametrize("words", ["list", "db info", "show abc1", "history", "export"])
def test_reading_does_not_make_a_store_that_was_named(visitors: Visitors, tmp_path: Path, words: str) -> None:
    missing = tmp_path / "folder" / "missing.db"

    assert_clear(visitors(*words.split(), "--db", str(missing), code=None), 6)
    assert not missing.parent.exists()


@pytest.mark.parametrize(
    "words",
    [
        "block v",
        "block --all --yes",
        "block --contact A",
        "unblock v",
        "update v --city Bonn",
        "delete v",
        "restore v",
        "identify v --external-id u",
        "unidentify v",
        "contacts list",
        "contacts update A --name Ada",
        "contacts delete A",
        "contacts merge A B --yes",
        "contacts split A v",
        "conversations start v",
        "conversations reply c Hi --as-agent Bea",
        "conversations resolve c",
        "db dump",
    ],
)
def test_changing_does_not_make_a_store_that_was_named(visitors: Visitors, tmp_path: Path, words: str) -> None:
    missing = tmp_path / "folder" / "missing.db"

    assert_clear(visitors(*words.split(), "--db", str(missing), code=None), 6)
    assert not missing.parent.exists()


@pytest.mark.parametrize("words", ["create --id v", "track --id v", "import - --format ids", "contacts create --id v"])
def test_adding_makes_a_store_that_was_named(visitors: Visitors, tmp_path: Path, words: str) -> None:
    missing = tmp_path / "folder" / "missing.db"

    visitors(*words.split(), "--db", str(missing), input='{"id": "v"}')
    assert visitors("history", "--db", str(missing), "--format", "count").stdout == "1\n"


@pytest.mark.parametrize("words", ["create", "list"])
def test_a_path_through_a_file_is_not_a_store(visitors: Visitors, tmp_path: Path, words: str) -> None:
    (tmp_path / "file").write_text("")

    assert_clear(visitors(words, "--db", str(tmp_path / "file" / "visitors.db"), code=None), 6)


@pytest.fixture
def large(visitors: Visitors, store: Path) -> Path:
    """A store of many pages."""
    rows = "".join(f"v{number},somewhere {'x' * 200}\n" for number in range(500))
    visitors("import", "-", "--input-format", "csv", input="id,city\n" + rows)
    return store


@pytest.mark.parametrize("words", ["list", "export", "delete --all --yes"])
@pytest.mark.parametrize("damage", ["overwritten", "flipped", "truncated", "header"])
def test_a_damaged_store_is_reported(visitors: Visitors, large: Path, damage: str, words: str) -> None:
    content = bytearray(large.read_bytes())
    if damage == "overwritten":
        content[4096:] = b"\xff" * (len(content) - 4096)
    elif damage == "flipped":
        content[4096:] = bytes(byte ^ 0xFF for byte in content[4096:])
    elif damage == "truncated":
        del content[len(content) // 2 :]
    else:
        content[:16] = b"not a SQLite fil"
    large.write_bytes(content)

    result = visitors(*words.split(), code=None)

    assert result.code == 6, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("error: the store ")


def test_a_store_that_another_process_holds_is_locked(visitors: Visitors, store: Path) -> None:
    holder = sqlite3.connect(store, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    os.environ["VISITORS_TIMEOUT"] = "0.3"
    try:
        start = time.monotonic()
        result = visitors("create", code=None)
        took = time.monotonic() - start
        readable = visitors("list", "--format", "count").stdout
    finally:
        del os.environ["VISITORS_TIMEOUT"]
        holder.close()

    assert_clear(result, 6)
    assert "locked" in result.stderr
    assert 0.2 < took < 5
    assert readable == "2\n"
    assert visitors("list", "--format", "count").stdout == "2\n"


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "1e9"])
def test_an_invalid_timeout_is_refused(visitors: Visitors, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("VISITORS_TIMEOUT", text)

    assert_clear(visitors("create", code=None), 5)


@pytest.fixture
def read_only(store: Path) -> Iterator[Path]:
    """Make the store unwritable even for root."""
    tool = shutil.which("chattr")
    if tool is None or subprocess.run([tool, "+i", str(store)], capture_output=True, check=False).returncode != 0:
        pytest.skip("only chattr +i keeps root from writing, and this file system does not know it")
    try:
        yield store
    finally:
        subprocess.run([tool, "-i", str(store)], check=True)


def test_a_read_only_store_can_be_read_but_not_written(visitors: Visitors, read_only: Path) -> None:
    before = read_only.read_bytes()

    assert_clear(visitors("create", code=None), 6)
    assert read_only.read_bytes() == before
    assert visitors("list", "--format", "count").stdout == "2\n"


@pytest.mark.parametrize(
    ("words", "code", "word"),
    [
        (["show", "nobody"], 3, "visitor_not_found"),
        (["show", "abc"], 4, "ambiguous"),
        (["create", "--ip", "x"], 5, "invalid_ip"),
        (["list", "--nope"], 2, "usage"),
        (["list", "--fields", "nope"], 2, "unknown_field"),
        (["list", "--db", "/"], 6, "store_invalid"),
    ],
)
@pytest.mark.usefixtures("store")
def test_errors_are_json_where_json_was_asked_for(
    visitors_process: Visitors, words: list[str], code: int, word: str
) -> None:
    for format_ in (["--format", "json"], ["--format=ndjson"]):
        result = visitors_process(*words, *format_, code=code)

        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        assert list(result.error) == ["code", "message", "hint"]
        assert result.error["code"] == word
