"""What is different where the store is on a server: what can go wrong, and what a server does not offer."""

from __future__ import annotations

import http.client
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import visitors as api
from conftest import SERVER
from proxy import Proxy
from visitors.errors import StoreProblem, UsageProblem
from visitors.store.remote import database, outcome
from visitors.store.remote.hrana import Failure
from visitors.store.remote.stream import StepFailed, Stream

Visitors = Callable[..., Any]

needs_server = pytest.mark.skipif(SERVER is None, reason="run the tests by tests/sqld.py")


@pytest.fixture
def on_server(server_store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store of the command is an empty database on the server: its URL."""
    monkeypatch.setenv("VISITORS_DB", server_store)
    return server_store


def ask(url: str, *statements: str, baton: str | None = None, ends: bool = True) -> Any:
    """Ask a server directly; the answer as JSON."""
    parts = urlsplit(url)
    requests: list[dict[str, Any]] = [{"type": "execute", "stmt": {"sql": sql}} for sql in statements]
    requests += [{"type": "close"}] if ends else []
    body = json.dumps({"baton": baton, "requests": requests})
    with closing(http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=30)) as connection:
        connection.request("POST", "/v3/pipeline", body, {"Host": parts.netloc})
        return json.loads(connection.getresponse().read())


def refused(visitors: Visitors, *words: str, code: int = 6) -> Any:
    return visitors(*words, "--format", "json", code=code).error


@pytest.fixture
def answering() -> Iterator[Callable[[int, str], str]]:
    """A server of HTTP that answers everything so; its URL."""
    started: list[HTTPServer] = []

    def start(status: int, text: str) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Answer)
        started.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def test_a_server_that_is_not_there_is_told_at_once(visitors: Visitors) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    for words in (("list",), ("create",)):
        error = refused(visitors, *words, "--db", url)
        assert error["code"] == "server_unreachable"
        assert error["message"] == (f"the server {url} cannot be reached: connection refused; nothing was written")


def test_a_program_is_told_when_it_opens_the_store(answering: Callable[[int, str], str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    for url, code in ((nobody, "server_unreachable"), (answering(401, "no"), "server_denied")):
        with pytest.raises(StoreProblem) as raised:
            api.open_store(url)
        assert raised.value.code == code


@needs_server
def test_a_program_opens_a_store_by_its_url(server_store: str) -> None:
    with pytest.raises(StoreProblem) as raised:
        api.open_store(server_store, create=False)
    assert raised.value.code == "store_missing"
    with api.open_store(server_store) as store:
        assert store.name == server_store
        with pytest.raises(UsageProblem, match="has no path"):
            _ = store.path
    with api.open_store(server_store, create=False):
        pass  # opening it created it


def test_a_server_that_takes_no_connection_is_given_up(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    from visitors.store.remote import connection

    monkeypatch.setattr(connection, "REACHED_WITHIN", 0.2)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        taken = [socket.socket() for _ in range(3)]
        for one in taken:
            one.setblocking(False)  # noqa: FBT003 - which takes it so
            one.connect_ex(full.getsockname())
        begun = time.monotonic()
        error = refused(visitors, "list", "--db", f"http://127.0.0.1:{full.getsockname()[1]}")
        for one in taken:
            one.close()
    assert error["code"] == "server_unreachable"
    assert time.monotonic() - begun < 3


def test_a_host_that_nobody_knows_is_told(visitors: Visitors) -> None:
    assert refused(visitors, "list", "--db", "https://no-such-host.invalid")["code"] == "server_unreachable"


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_denies_access_says_what_to_check(
    visitors: Visitors, answering: Callable[[int, str], str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = answering(status, '{"error": "Authentication failed"}')
    error = refused(visitors, "list", "--db", url)
    assert error["code"] == "server_denied"
    assert "which is not set" in error["hint"]
    monkeypatch.setenv("VISITORS_DB_TOKEN", "secret-token")
    said = visitors("create", "--db", url, code=6).stderr
    assert "check the token" in said
    assert "secret-token" not in said


@pytest.mark.parametrize(
    ("status", "text", "code"),
    [
        (404, '{"error": "Namespace `x` doesn\'t exist"}', "store_missing"),
        (404, "<html>not here</html>", "store_missing"),
        (405, "", "server_unknown"),
        (301, "", "server_unknown"),
        (200, "<html>hello</html>", "server_lost"),
        (200, '{"results": []}', "server_lost"),
        (200, '{"baton": null}\n{"type": "row", "row": 5}\n', "server_lost"),
        (502, "bad gateway", "server_lost"),
    ],
)
def test_what_is_no_libsql_server_is_told(
    visitors: Visitors, answering: Callable[[int, str], str], status: int, text: str, code: str
) -> None:
    assert refused(visitors, "list", "--db", answering(status, text))["code"] == code


@needs_server
def test_a_store_that_was_not_made_is_missing_and_made_by_what_adds_to_it(visitors: Visitors, on_server: str) -> None:
    error = refused(visitors, "list")
    assert (error["code"], error["message"]) == ("store_missing", f"no store found at {on_server}")
    assert visitors("create", "--id", "v").stdout == "v\n"
    assert visitors("list", "--format", "ids").stdout == "v\n"
    assert visitors("db", "path").stdout == f"{on_server}\n"


@needs_server
def test_a_database_of_somebody_else_is_left_alone(visitors: Visitors, on_server: str) -> None:
    ask(on_server, "CREATE TABLE shop (id)")
    for words in (("list",), ("create",), ("db", "migrate")):
        assert refused(visitors, *words)["code"] == "store_invalid"
    assert "visitors" not in json.dumps(ask(on_server, "SELECT name FROM sqlite_master"))


@needs_server
def test_a_newer_store_is_refused_and_an_older_one_is_migrated_only_when_asked(
    visitors: Visitors, on_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitors("create", "--id", "v")
    ask(on_server, "PRAGMA user_version = 99")
    for words in (("list",), ("create",), ("db", "migrate")):
        assert refused(visitors, *words)["code"] == "store_newer"
    ask(on_server, "PRAGMA user_version = 12")

    from visitors.store.remote import opening
    from visitors.store.schema import migrations, version

    monkeypatch.setattr(migrations, "STEPS", (lambda database: database.execute("CREATE TABLE notes (id)"),))
    for module in (opening, version):
        monkeypatch.setattr(module, "SCHEMA_VERSION", 13)
    for words in (("list",), ("create",)):
        error = refused(visitors, *words)
        assert error["code"] == "store_older"
        assert "visitors db migrate" in error["hint"]
    assert "migrated to schema" in visitors("db", "migrate").stderr
    assert "up to date" in visitors("db", "migrate").stderr
    assert visitors("list", "--format", "ids").stdout == "v\n"
    assert "notes" in json.dumps(ask(on_server, "SELECT name FROM sqlite_master"))


@needs_server
def test_waiting_for_another_writer_has_an_end(
    visitors: Visitors, on_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitors("create")
    baton = ask(on_server, "BEGIN IMMEDIATE", ends=False)["baton"]
    monkeypatch.setenv("VISITORS_TIMEOUT", "1")
    begun = time.monotonic()
    error = refused(visitors, "create")
    assert error["code"] == "store_locked"
    assert "nothing was written" in error["message"]
    assert time.monotonic() - begun < 4
    ask(on_server, baton=baton)
    visitors("create")
    assert visitors("list", "--format", "count").stdout == "2\n"


@needs_server
@pytest.mark.usefixtures("on_server")
def test_a_write_waits_if_the_server_only_says_that_it_is_busy(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitors("create", "--id", "v")
    ask_server, calls = Stream.pipeline, []

    def busy_twice(self: Stream, statements: Any, **options: Any) -> Any:
        calls.append(statements[0][0])
        if len(calls) <= 2:
            raise StepFailed(0, Failure("SQLite error: database is locked", "SQLITE_BUSY"), [])
        return ask_server(self, statements, **options)

    monkeypatch.setattr(Stream, "pipeline", busy_twice)
    visitors("update", "v", "--city", "Rome")
    assert calls[:3] == ["BEGIN IMMEDIATE"] * 3
    assert visitors("history", "v", "--command", "update", "--format", "count").stdout == "1\n"
    calls.clear()
    monkeypatch.setattr(database, "_SHORTEST_WAIT", 0)
    monkeypatch.setenv("VISITORS_TIMEOUT", "0")
    assert refused(visitors, "update", "v", "--city", "Oslo")["code"] == "store_locked"


@needs_server
@pytest.mark.slow
@pytest.mark.usefixtures("on_server")
def test_a_transaction_that_the_server_gave_up_wrote_nothing(visitors: Visitors) -> None:
    with api.open_store() as store, api.open_store() as other:
        store.create("before")
        with pytest.raises(StoreProblem) as raised, store._session.operation("slow"):  # noqa: PT012
            store._session.store.execute("INSERT INTO visitors (id, created_at, updated_at) VALUES ('half', '', '')")
            time.sleep(5.5)
            other.create("other")
            store._session.store.execute("INSERT INTO visitors (id, created_at, updated_at) VALUES ('rest', '', '')")
        assert raised.value.code == "transaction_timeout"
        assert store.create("after").id == "after"
    assert visitors("list", "--format", "ids").lines == ["after", "other", "before"]


@needs_server
def test_a_lost_answer_to_a_commit_is_asked_for(
    visitors: Visitors, on_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitors("create", "--id", "v")
    parts = urlsplit(on_server)
    with Proxy(parts.port or 0) as proxy:
        through = f"http://{parts.hostname}:{proxy.port}"
        proxy.fault = lambda number: "lose answer" if number == 2 else None
        assert visitors("create", "--id", "there", "--db", through).stdout == "there\n"
        assert proxy.done == ["lose answer"]
        proxy.requests = 0
        proxy.fault = lambda number: "lose request" if number == 2 else None
        error = refused(visitors, "create", "--id", "not-there", "--db", through)
        assert error["code"] == "server_lost"
        assert "nothing was written" in error["message"]

        monkeypatch.setattr(outcome, "_LEAST", 0.5)
        monkeypatch.setenv("VISITORS_TIMEOUT", "0")
        proxy.requests = 0
        proxy.fault = lambda number: "lose answer" if number > 1 else None
        error = refused(visitors, "create", "--id", "who-knows", "--db", through)
    assert error["code"] == "outcome_unknown"
    operation = error["hint"].split("--operation ")[1].split()[0]
    assert visitors("history", "--operation", operation, "--format", "count").stdout == "1\n"
    assert set(visitors("list", "--format", "ids").lines) == {"v", "there", "who-knows"}


@needs_server
@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (("db", "backup"), "db dump"),
        (("db", "restore", "some.db", "--yes"), "db dump"),
        (("db", "compact"), "db dump"),
    ],
)
def test_what_a_server_does_not_offer_is_refused_by_name_with_what_does(
    visitors: Visitors, on_server: str, words: tuple[str, ...], instead: str
) -> None:
    visitors("create")
    error = refused(visitors, *words, code=2)
    assert error["code"] == "not_on_a_server"
    assert " ".join(words[:2]) in error["message"]
    assert on_server in error["message"]
    assert instead in error["hint"]


@needs_server
def test_a_store_goes_from_a_file_to_a_server_and_back_byte_for_byte(
    visitors: Visitors, on_server: str, tmp_path: Path
) -> None:
    first, last = str(tmp_path / "first.db"), str(tmp_path / "last.db")
    visitors("seed", "--count", "60", "--seed", "1", "--db", first)
    visitors("create", "--id", "v", "--latitude", "0.1", "--longitude", "-0.30000000000000004", "--db", first)
    visitors("erase", "v", "--yes", "--db", first)
    visitors("undo", "--db", first, code=None)
    dump = visitors("db", "dump", "--db", first).stdout
    visitors("db", "load", "-", "--db", on_server, input=dump)
    assert visitors("db", "dump").stdout == dump
    assert visitors("db", "load", "-", code=4, input=dump).stderr.startswith("error: the store is not empty")
    visitors("db", "load", "-", "--db", last, input=visitors("db", "dump").stdout)
    assert visitors("db", "dump", "--db", last).stdout == dump
    visitors("db", "check")
    visitors("db", "check", "--db", last)


@needs_server
def test_a_bad_line_of_a_dump_is_told_and_nothing_is_loaded(visitors: Visitors, on_server: str, tmp_path: Path) -> None:
    source = str(tmp_path / "source.db")
    visitors("seed", "--count", "20", "--seed", "1", "--db", source)
    lines = visitors("db", "dump", "--db", source).stdout.splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if '"type":"visitor"' in line) + 3
    lines[at] = lines[at - 1]
    done = visitors("db", "load", "-", "--format", "json", code=5, input="".join(lines))
    assert f"line {at + 1}" in done.error["message"]
    assert "UNIQUE constraint failed" in done.error["message"]
    assert visitors("list", "--format", "count", "--db", on_server).stdout == "0\n"


@needs_server
@pytest.mark.usefixtures("on_server")
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT value FROM keys", "read_only"),
        ("SELECT * FROM main.visitors", "read_only"),
        ('SELECT * FROM "erasures"', "read_only"),
        ("SELECT * FROM sqlite_master", "read_only"),
        ("SELECT * FROM pragma_table_info('keys')", "read_only"),
        ("WITH x AS (SELECT 1) DELETE FROM visitors", "read_only"),
        ("DELETE FROM visitors", "read_only"),
        ("PRAGMA user_version = 3", "read_only"),
        ("SELECT 1; DELETE FROM visitors", "bad_query"),
        ("SELECT load_extension('x')", "bad_query"),
        ("SELECT nope FROM visitors", "bad_query"),
        ("SELECT 1 FROM FROM", "bad_query"),
    ],
)
def test_sql_only_reads_views(visitors: Visitors, query: str, code: str) -> None:
    visitors("create", "--id", "v")
    assert refused(visitors, "sql", query, code=2)["code"] == code
    asked = ("sql", "SELECT id FROM visitors WHERE id = :id", "--param", "id=v", "--format", "ids")
    assert visitors(*asked).stdout == "v\n"


@needs_server
@pytest.mark.usefixtures("on_server")
def test_an_erasure_says_where_on_a_server_it_may_still_be(visitors: Visitors) -> None:
    visitors("create", "--id", "v")
    erased = visitors("erase", "v", "--yes", "--format", "json")
    assert "until they are rotated" in erased.stderr
    assert erased.json["mayRemainIn"] == ["serverLogs", "serverBackups"]
    visitors("db", "check", "--receipt", "-", input=erased.stdout)
    altered = json.dumps({**erased.json, "mayRemainIn": []})
    assert "its signature does not match" in visitors("db", "check", "--receipt", "-", input=altered, code=8).stderr
    assert visitors("list", "--deleted", "--format", "count").stdout == "0\n"


@needs_server
@pytest.mark.usefixtures("on_server")
def test_a_damaged_index_is_found(visitors: Visitors, server_store: str) -> None:
    visitors("contacts", "create", "--email", "ann@example.com")
    assert visitors("db", "check").code == 0
    ask(server_store, "INSERT INTO contacts_text (contacts_text) VALUES ('delete-all')")
    found = visitors("db", "check", "--format", "json", code=8).json
    assert [one["check"] for one in found if one["result"] == "problem"] == ["search"]


@needs_server
@pytest.mark.usefixtures("on_server")
def test_an_import_says_that_others_wait_and_what_fills_many_answers_can_be_read(
    visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visitors.input.source.LARGE", 1)
    rows = "".join(f'{{"id":"v{number}","city":"{"x" * 200}"}}\n' for number in range(3_000))
    file = tmp_path / "many.ndjson"
    file.write_text(rows)
    assert "nobody else can write" in visitors("import", str(file)).stderr
    assert len(visitors("export", "--format", "ndjson").lines) == 3_000
    assert len(visitors("block", "--all", "--yes").lines) == 3_000


def test_integers_of_64_bits_and_bytes_are_exact() -> None:
    from visitors.store.remote import hrana

    given = (None, 2**63 - 1, -(2**63), 1.5, 0.1, "ü\0x", b"\x00\xff", True)
    sent = json.loads(json.dumps([hrana.value(one) for one in given]))
    assert sent[1] == {"type": "integer", "value": str(2**63 - 1)}
    with pytest.raises(OverflowError):
        hrana.value(2**63)
    entry = hrana.cursor_entry(json.dumps({"type": "row", "row": sent}).encode())
    found = hrana.row(entry.row or ())
    assert found == (*given[:-1], 1)
    assert sqlite3.connect(":memory:").execute("SELECT ?", (found[1],)).fetchone() == (2**63 - 1,)
