from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from conftest import COMMAND
from views_agree import as_told, flat
from visitors.store.views import VIEWS

Visitors = Callable[..., Any]

NOW = "2026-03-01T12:00:00.000Z"
ENDLESS = "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT {} FROM r"


@pytest.fixture
def few(fill: Callable[..., None]) -> None:
    """Three visitors, two of them of one person."""
    zoe = {"id": "c", "externalId": "u1", "email": "zoe@example.com", "name": "Zoe", "metadata": {"seats": 5}}
    fill(
        {"id": "a", "language": "en-GB", "latitude": 51.5, "contact": zoe},
        {"id": "b", "language": "de", "contact": zoe},
        {"id": "d", "language": "de"},
        now="2026-03-01T00:00:00Z",
    )


@pytest.mark.usefixtures("few")
def test_a_query_gives_rows_in_every_format(visitors: Visitors) -> None:
    query = 'SELECT id, "contact.email", latitude FROM visitors WHERE id < :last ORDER BY id'

    def asked(*options: str) -> Any:
        return visitors("sql", query, "--param", "last=d", *options)

    assert asked().lines == ["id\tcontact.email\tlatitude", "a\tzoe@example.com\t51.5", "b\tzoe@example.com\t"]
    assert asked("--no-header", "--format", "csv").lines == ["a,zoe@example.com,51.5", "b,zoe@example.com,"]
    assert asked("--format", "json").json == [
        {"id": "a", "contact.email": "zoe@example.com", "latitude": 51.5},
        {"id": "b", "contact.email": "zoe@example.com", "latitude": None},
    ]
    assert [json.loads(line) for line in asked("--format", "ndjson").lines] == asked("--format", "json").json
    assert asked("--format", "ids").lines == ["a", "b"]
    assert asked("--format", "count").lines == ["2"]
    assert asked("--format", "table").lines[0].split() == ["id", "contact.email", "latitude"]
    assert asked("--fields", "latitude,contact.email", "--format", "csv").lines[1] == "51.5,zoe@example.com"


@pytest.mark.usefixtures("few")
def test_a_row_of_visitors_is_what_show_shows(visitors: Visitors) -> None:
    visitors("block", "--contact", "c", "--until", "2026-03-02", now=NOW)
    for now, blocked in ((NOW, True), ("2026-03-03T00:00:00Z", False)):
        rows = visitors("sql", "SELECT * FROM visitors", "--format", "json", now=now).json
        for row in rows:
            assert as_told(row) == flat(visitors("show", row["id"], "--format", "json", now=now).json)
        assert [bool(row["isBlocked"]) for row in rows] == [blocked, blocked, False]
        (block,) = visitors("sql", "SELECT state FROM blocks", "--format", "json", now=now).json
        assert block == {"state": "live" if blocked else "expired"}


@pytest.mark.usefixtures("few")
def test_a_query_comes_from_standard_input(visitors: Visitors) -> None:
    query = "-- how many\nSELECT count(*) AS n\nFROM visitors;\n"
    assert visitors("sql", "-", "--format", "json", input=query).json == [{"n": 3}]


def test_tables_lists_the_views(visitors: Visitors, store_path: Path) -> None:
    told = visitors("sql", "--tables", "--format", "json").json

    assert [(one["view"], one["column"]) for one in told] == [(view, one) for view in VIEWS for one in VIEWS[view]]
    assert visitors("sql", "--tables", "--format", "csv").lines[0] == "view,column,type,meaning"
    assert not store_path.exists()
    for view in VIEWS:
        quoted = ", ".join(f'"{one}"' for one in VIEWS[view])
        visitors("create", "--id", "v", "--exist-ok")
        assert visitors("sql", f"SELECT {quoted} FROM {view}", "--format", "count").code == 0


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("given", "type_", "value"),
    [
        ("k=5", "text", "5"),
        ("k:=5", "integer", 5),
        ("k:=0.5", "real", 0.5),
        ("k:=null", "null", None),
        ("k=", "text", ""),
    ],
)
def test_a_parameter_is_a_text_unless_it_says_otherwise(visitors: Visitors, given: str, type_: str, value: Any) -> None:
    (row,) = visitors("sql", "SELECT typeof(:k) AS t, :k AS v", "--param", given, "--format", "json").json
    assert row == {"t": type_, "v": value}


@pytest.mark.usefixtures("few")
def test_a_parameter_is_never_sql(visitors: Visitors) -> None:
    hostile = "' OR 1=1; DELETE FROM visitors --"
    assert visitors(
        "sql", "SELECT id FROM visitors WHERE id = :id", "--param", f"id={hostile}", "--format", "count"
    ).lines == ["0"]


@pytest.mark.usefixtures("few")
@pytest.mark.file_only  # a server words its errors otherwise, and tells no place
@pytest.mark.parametrize(
    ("query", "message", "hint"),
    [
        ("SELECT idd FROM visitors", "line 1, column 8: no such column: idd", "did you mean id?"),
        ("SELECT 1,\n  v.emial FROM contacts AS v", "line 2, column 3: no such column: v.emial", "did you mean email?"),
        ("SELECT * FROM vistors", "line 1, column 15: no such table: vistors", "did you mean visitors?"),
        (
            "SELECT contact.email FROM visitors",
            "line 1, column 8: no such column: contact.email",
            'a name with a dot needs double quotes: "contact.email"',
        ),
        (
            'SELECT "contact.emial" FROM visitors',
            "line 1, column 8: no such column: contact.emial",
            "did you mean contact.email?",
        ),
        ("SELECT a.id FROM visitors", "line 1, column 8: no such column: a.id", "the query has no table named a"),
        ("SELECT * FORM visitors", 'line 1, column 10: near "FORM": syntax error', None),
        ("SELECT 'from' FROM visitors from", 'line 1, column 29: near "from": syntax error', None),
        ("SELECT (SELECT 1 FROM visitors", "line 1, column 31: incomplete input", None),
        ("SELECT 'abc", "line 1, column 8: unrecognized token: \"'abc\"", None),
        ("SELECT foo(1)", "line 1, column 8: no such function: foo", None),
        ("SELECT id FROM visitors, contacts", "line 1, column 8: ambiguous column name: id", None),
        ("SELECT json('{')", "malformed JSON", None),
        ("SELECT zeroblob(1000000000)", "string or blob too big", None),
        ("SELECT 1; SELECT 2", "line 1, column 11: a second statement starts here", "run one query at a time"),
        ("SELECT :a", "line 1, column 8: no value for :a", "use --param a=VALUE"),
        ("SELECT ?", "line 1, column 8: parameters must be named", "use :name in the query, and --param name=VALUE"),
        (" ", "the query is empty", "visitors sql 'SELECT count(*) FROM visitors'"),
        ("/* nothing */ ;", "the query is empty", "visitors sql 'SELECT count(*) FROM visitors'"),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_with_its_position(
    visitors: Visitors, query: str, message: str, hint: str | None
) -> None:
    refused = visitors("sql", query, "--format", "json", code=2)
    assert (refused.error["message"], refused.error["hint"]) == (message, hint)
    assert refused.stdout == ""


@pytest.mark.usefixtures("few")
@pytest.mark.file_only  # a server words its errors otherwise, and tells no place
@pytest.mark.parametrize(
    ("query", "shown", "below"),
    [
        ("SELECT idd FROM visitors", "SELECT idd FROM visitors", "idd"),
        ("SELECT 1,\n\tv.emial\r\nFROM contacts AS v", " v.emial", "v.emial"),
        ("SELECT '日本', idd FROM visitors", "SELECT '日本', idd FROM visitors", "idd"),
        ("SELECT '\x1b[31m', idd FROM visitors", "SELECT '\\x1b[31m', idd FROM visitors", "idd"),
        ("SELECT (SELECT 1 FROM visitors", "SELECT (SELECT 1 FROM visitors", ""),
        ("SELECT :a", "SELECT :a", ":a"),
        ("SELECT 1; DROP TABLE visitors", "SELECT 1; DROP TABLE visitors", "DROP"),
        ("DROP TABLE visitors", "DROP TABLE visitors", "DROP"),
    ],
)
def test_a_caret_stands_below_the_mistake(visitors: Visitors, query: str, shown: str, below: str) -> None:
    told = visitors("sql", query, code=2).stderr.split("\n")
    assert told[0].startswith("error: line ")
    assert told[1] == f"  {shown}"
    caret = told[2]
    assert caret.strip() == "^"
    # what stands before it takes as much room as the spaces
    before = shown[: shown.index(below)] if below else shown
    assert len(caret) - 3 == cell_len(before)


@pytest.mark.usefixtures("few")
def test_of_a_long_line_the_part_with_the_mistake_is_shown(visitors: Visitors) -> None:
    query = f"SELECT {', '.join(['id'] * 100)}, idd, {', '.join(['id'] * 100)} FROM visitors"
    _, line, caret, *_ = visitors("sql", query, code=2).stderr.split("\n")
    assert len(line) <= 80
    assert line[caret.index("^") :].startswith("idd, id")
    assert (line[2], line[-1]) == ("…", "…")


def test_json_has_one_message_and_no_caret(visitors: Visitors) -> None:
    visitors("create")
    told = visitors("sql", "SELECT idd FROM visitors", "--format", "json", code=2).stderr
    assert len(told.splitlines()) == 1
    assert "^" not in told


def test_a_value_without_its_parameter_is_refused(visitors: Visitors) -> None:
    visitors("create")
    refused = visitors("sql", "SELECT :name", "--param", "name=a", "--param", "nme=b", code=2)
    assert refused.stderr == "error: the query has no parameter :nme\nhint: did you mean name?\n"


@pytest.mark.parametrize("words", [(), ("--tables", "SELECT 1"), ("--tables", "--param", "a=b")])
def test_invalid_options_are_a_usage_error(visitors: Visitors, words: tuple[str, ...]) -> None:
    visitors("create")
    visitors("sql", *words, code=2)


@pytest.mark.usefixtures("few")
def test_names_that_come_twice_get_a_number(visitors: Visitors) -> None:
    query = (
        'SELECT v.id, c.id, 1 AS id_2, 2 AS ID FROM visitors AS v JOIN contacts AS c ON c.id = v."contact.id" LIMIT 1'
    )
    assert list(visitors("sql", query, "--format", "json").json[0]) == ["id", "id_3", "id_2", "ID"]


def test_values_that_json_cannot_represent_become_text(visitors: Visitors) -> None:
    visitors("create")
    query = "SELECT x'00ff' AS b, 9223372036854775807 AS i, NULL AS n, 1.5 AS r"
    (row,) = visitors("sql", query, "--format", "json").json
    assert row == {"b": "00ff", "i": 2**63 - 1, "n": None, "r": 1.5}


@pytest.mark.file_only  # a server answers in JSON, and gives null for them
def test_infinity_becomes_text(visitors: Visitors) -> None:
    visitors("create")
    (row,) = visitors("sql", "SELECT 1e999 AS f, -1e999 AS g", "--format", "json").json
    assert row == {"f": "Infinity", "g": "-Infinity"}
    refused = visitors("sql", "SELECT cast(x'ff' AS text)", "--format", "json", code=5)
    assert refused.error["code"] == "not_utf8"


def test_ids_are_those_of_a_column_id(visitors: Visitors) -> None:
    visitors("create")
    assert "column named id" in visitors("sql", "SELECT 1 AS n", "--format", "ids", code=2).stderr


@pytest.mark.usefixtures("few")
def test_a_table_is_cut_and_says_so(visitors: Visitors) -> None:
    numbers = ENDLESS.format("n")
    cut = visitors("sql", numbers, "--format", "table")
    assert (len(cut.lines), cut.stderr) == (51, "first 50 rows shown; --limit 0 for all\n")
    assert visitors("sql", numbers, "--limit", "2").lines == ["n", "1", "2"]
    none = visitors("sql", "SELECT id FROM visitors WHERE 0", "--format", "table")
    assert (none.stdout, none.stderr) == ("", "no rows\n")


def test_a_temporary_store_is_empty(visitors: Visitors) -> None:
    for place in (":memory:", ":temp:"):
        assert visitors("sql", "SELECT count(*) AS n FROM visitors", "--db", place, "--format", "json").json == [
            {"n": 0}
        ]
        visitors("sql", "DELETE FROM visitors", "--db", place, code=2)


def test_a_missing_store_is_not_created(visitors: Visitors, store_path: Path) -> None:
    visitors("sql", "SELECT 1", code=6)
    assert not store_path.exists()


REFUSED = {
    "delete": "DELETE FROM visitors",
    "delete behind a query": "WITH x AS (SELECT 1) DELETE FROM main.visitors",
    "insert": "INSERT INTO visitors (id) VALUES ('x')",
    "insert behind a query": "WITH x AS (SELECT 1) INSERT INTO main.keys (name, value) SELECT 'a', 'b'",
    "replace": "REPLACE INTO main.keys (name, value) VALUES ('a', 'b')",
    "update": "UPDATE main.visitors SET city = 'x'",
    "update behind a query": "WITH x AS (SELECT 1) UPDATE main.contacts SET name = 'x'",
    "explain a write": "EXPLAIN DELETE FROM main.visitors",
    "create a table": "CREATE TABLE x (y)",
    "create a temporary table": "CREATE TEMP TABLE x AS SELECT * FROM visitors",
    "create a virtual table": "CREATE VIRTUAL TABLE x USING fts5 (y)",
    "drop a table": "DROP TABLE main.visitors",
    "drop a view": "DROP VIEW visitors",
    "alter": "ALTER TABLE main.visitors RENAME TO x",
    "attach": "ATTACH '{secret}' AS x",
    "attach a new file": "ATTACH '{new}' AS x",
    "detach": "DETACH main",
    "vacuum": "VACUUM",
    "vacuum into a file": "VACUUM INTO '{new}'",
    "vacuum behind a comment": "/* SELECT */ VACUUM INTO '{new}'",
    "pragma": "PRAGMA user_version = 1",
    "pragma that reads": "PRAGMA database_list",
    "pragma as a table": "SELECT * FROM pragma_database_list",
    "pragma as a table, uncounted": "SELECT count(*) FROM pragma_database_list",
    "pragma as a function": "SELECT * FROM pragma_journal_mode('off')",
    "begin": "BEGIN IMMEDIATE",
    "commit": "COMMIT",
    "savepoint": "SAVEPOINT x",
    "reindex": "REINDEX",
    "analyze": "ANALYZE",
    "load an extension": "SELECT load_extension('{secret}')",
    "load an extension, hidden": "SELECT coalesce(NULL, LOAD_EXTENSION('{secret}', 'x'))",
    "read a file": "SELECT readfile('{secret}')",
    "write a file": "SELECT writefile('{new}', 'x')",
    "edit": "SELECT edit('x', 'touch {new}')",
    "list a folder": "SELECT * FROM fsdir('/')",
    "read a csv file": "SELECT * FROM csv('{secret}')",
    "a tokenizer": "SELECT fts3_tokenizer('simple', x'00')",
    "a key": "SELECT value FROM keys",
    "a key of the store": "SELECT value FROM main.keys",
    "how many keys": "SELECT count(*) FROM keys",
    "a key by a name that is allowed": "WITH visitors AS (SELECT value FROM main.keys) SELECT * FROM visitors",
    "a key in a subquery": "SELECT (SELECT value FROM keys) FROM visitors",
    "a table of the store": "SELECT search_text FROM main.contacts",
    "the schema": "SELECT sql FROM sqlite_master",
    "the schema of the connection": "SELECT sql FROM temp.sqlite_master",
    "the inside of an index": "SELECT * FROM contacts_text_data",
    "two statements": "SELECT 1; DELETE FROM main.visitors",
    "a shell command": ".shell touch {new}",
    "a script": ".read {secret}",
}
"""What no query may do -> a query that tries; `{secret}` is an existing file, `{new}` a missing one."""


@pytest.fixture
def stored(visitors: Visitors, store_path: Path) -> Path:
    """A store with a key in it."""
    visitors("create", "--id", "v")
    visitors("identify", "v", "--email", "zoe@example.com")
    visitors("erase", "v", "--yes")
    visitors("create", "--id", "v")
    visitors("identify", "v", "--email", "zoe@example.com")
    return store_path


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED.keys())
def test_a_query_does_nothing_but_read_the_views(visitors: Visitors, stored: Path, tmp_path: Path, query: str) -> None:
    secret, new = tmp_path / "secret.txt", tmp_path / "new.txt"
    secret.write_text("xyzzy\n")
    before = files(tmp_path)

    refused = visitors("sql", query.format(secret=secret, new=new), "--format", "json", code=2)

    assert refused.stdout == ""
    assert "xyzzy" not in refused.stderr
    assert files(tmp_path) == before
    assert stored.exists()


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED.keys())
def test_the_authorizer_alone_refuses_it_too(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, query: str
) -> None:
    monkeypatch.setattr("visitors.store.file.query._refuse_other", lambda *_: None)
    monkeypatch.setattr("visitors.store.file.query.connect", writable)
    secret, new = tmp_path / "secret.txt", tmp_path / "new.txt"
    secret.write_text("xyzzy\n")
    before = files(tmp_path)

    refused = visitors("sql", query.format(secret=secret, new=new), "--format", "json", code=2)

    assert (refused.stdout, files(tmp_path)) == ("", before)


def writable(path: Any, _mode: object = None, **more: Any) -> Any:
    from visitors.store.file.sqlite import connect

    return connect(path, "mode=rw", **more)


WRITES = [
    name
    for name in REFUSED
    if name.startswith(("delete", "insert", "replace", "update", "create a table", "drop a table", "alter"))
]


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("name", WRITES)
def test_the_connection_alone_cannot_write(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setattr("visitors.store.file.query._refuse_other", lambda *_: None)
    monkeypatch.setattr("visitors.store.file.sqlite.SqliteDatabase.confine", lambda *_: None)
    before = files(tmp_path)

    visitors("sql", REFUSED[name], code=None)

    assert files(tmp_path) == before


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("call", ["load_extension('x')", "highlight(1, 2, 3, 4)"])
def test_a_function_is_refused_before_anything_of_it_runs(visitors: Visitors, call: str) -> None:
    refused = visitors("sql", f"SELECT {call} FROM visitors WHERE 0", "--format", "json", code=2)
    assert refused.error["code"] == "read_only"
    assert f"the function {call.partition('(')[0]} is not allowed" in refused.error["message"]


HOSTILE = "\x1b]52;c;cm0gLXJm\x07\x9b31m\u202egnp[bold]x[/]\x08\x7f"


def test_hostile_values_and_names_are_harmless_in_a_table(visitors: Visitors) -> None:
    visitors("create", "--id", "v", "--browser", HOSTILE)
    for format_ in ("table", "json", "ndjson"):
        shown = visitors("sql", f'SELECT browser, browser AS "x{HOSTILE}" FROM visitors', "--format", format_).stdout
        assert not {character for character in shown if ord(character) < 32 or 127 <= ord(character) < 160} - {"\n"}
        assert "\u202e" not in shown
        assert "[bold]x[" in shown


def test_an_error_shows_a_hostile_query_harmlessly(visitors: Visitors) -> None:
    visitors("create")
    refused = visitors("sql", f'SELECT * FROM "{HOSTILE}"', code=2)
    assert not {character for character in refused.stderr if ord(character) < 32} - {"\n"}


@pytest.fixture
def running(stored: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start the installed command with a query, in a process that can be interrupted."""
    assert stored.exists()
    started: list[subprocess.Popen[bytes]] = []

    def start(query: str) -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                [COMMAND, "sql", query],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
            )
        )
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    "query",
    [
        ENDLESS.format("count(*)"),  # no row is ever returned
        ENDLESS.format("n"),  # nobody reads them: the pipe is full
        "SELECT count(*) FROM (SELECT 1 UNION ALL SELECT 2), " + ENDLESS.format("n").join(["(", ")"]),
    ],
    ids=["counting", "full pipe", "joined"],
)
def test_an_endless_query_is_interrupted_at_once(
    running: Callable[[str], subprocess.Popen[bytes]], query: str, number: int, status: int
) -> None:
    process = running(query)
    time.sleep(1.5)
    assert process.poll() is None

    began = time.monotonic()
    os.kill(process.pid, number)
    assert process.wait(timeout=10) == status
    assert time.monotonic() - began < 2


@pytest.mark.slow
def test_a_pipe_that_closes_ends_it_quietly(stored: Path) -> None:
    assert stored.exists()
    command = f"'{COMMAND}' sql '{ENDLESS.format('n')}' | head -3"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("n\n1\n2\n", "")
