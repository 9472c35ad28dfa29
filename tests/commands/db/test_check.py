from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from unguarded import OPEN_OPERATION, unguarded
from visitors.store.schema.version import BASELINE

Visitors = Callable[..., Any]
CHECKS = [
    "integrity", "version", "references", "schema", "erasures", "values", "rules", "receipts", "search", "journal",
    "space", "names", "permissions", "leftovers",
]  # fmt: skip


@pytest.fixture
def filled(visitors: Visitors, store_path: Path) -> Path:
    visitors("create", "--id", "v1", "--city", "Oslo")
    visitors("identify", "v1", "--email", "ada@example.com", "--metadata", "plan=pro")
    return store_path


def files(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def problems(visitors: Visitors, *words: str) -> dict[str, tuple[str, str]]:
    """Check -> (detail, suggestion) of each problem."""
    found = visitors("db", "check", *words, "--format", "json", code=8).json
    return {one["check"]: (one["detail"], one["help"]) for one in found if one["result"] == "problem"}


def run(helps: str, **settings: str) -> None:
    """Run a command that helps in a shell."""
    bin_ = str(Path(sys.executable).parent)
    subprocess.run(["bash", "-c", helps], check=True, env={**os.environ, "PATH": f"{bin_}:/usr/bin:/bin", **settings})


def test_an_intact_store_passes_the_check_and_is_unchanged(visitors: Visitors, filled: Path) -> None:
    before = files(filled.parent)
    checked = visitors("db", "check", "--format", "json")
    assert [(one["check"], one["result"]) for one in checked.json] == [(name, "ok") for name in CHECKS]
    assert checked.stderr == f"{filled} is OK\n"
    assert files(filled.parent) == before


def test_quietly_nothing_is_said_of_a_sound_store_and_only_what_is_wrong_of_another(
    visitors: Visitors, filled: Path
) -> None:
    sound = visitors("db", "check", "--quiet")
    assert (sound.stdout, sound.stderr) == ("", "")
    assert visitors("db", "check", "--quiet", "--format", "ids").lines == CHECKS
    filled.chmod(0o644)
    assert [line.split("\t")[0] for line in visitors("db", "check", "--quiet", code=8).lines] == [
        "check",
        "permissions",
    ]


def test_the_findings_come_in_every_format(visitors: Visitors, filled: Path) -> None:
    assert filled.exists()
    assert visitors("db", "check", "--format", "ids").lines == CHECKS
    assert visitors("db", "check", "--format", "count").stdout == f"{len(CHECKS)}\n"
    assert visitors("db", "check").lines[0] == "check\tresult\tdetail\thelp"
    assert visitors("db", "check", "--fields", "check,result", "--format", "csv").lines[1] == "integrity,ok"
    assert "integrity" in visitors("db", "check", "--format", "table").stdout


def test_a_quick_check_looks_at_the_file_and_the_schema(visitors: Visitors, filled: Path) -> None:
    execute(filled, OPEN_OPERATION)
    checked = visitors("db", "check", "--quick", "--format", "ids").lines
    assert checked == [name for name in CHECKS if name not in ("values", "rules", "receipts", "search")]
    assert "open-operation" in problems(visitors)


def test_what_is_in_the_log_is_checked_too_and_the_log_left(visitors: Visitors, filled: Path) -> None:
    with closing(sqlite3.connect(filled, isolation_level=None)) as other:
        other.execute("SELECT 1 FROM visitors").fetchone()
        execute(filled, OPEN_OPERATION)
        before = files(filled.parent)
        assert before["visitors.db-wal"] != b""
        assert "open-operation" in problems(visitors)
        after = files(filled.parent)
        assert {name: after[name] for name in ("visitors.db", "visitors.db-wal")} == {
            name: before[name] for name in ("visitors.db", "visitors.db-wal")
        }
        assert after.keys() == before.keys()


@pytest.mark.parametrize("with_log", [True, False])
def test_a_store_that_was_copied_while_open(
    visitors: Visitors,
    filled: Path,
    tmp_path: Path,
    with_log: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    folder = tmp_path / "copied"
    folder.mkdir(mode=0o700)
    with closing(sqlite3.connect(filled)) as other:
        other.execute("SELECT 1 FROM visitors").fetchone()
        visitors("create", "--id", "v2")
        for ending in ("", "-wal") if with_log else ("",):
            shutil.copy2(f"{filled}{ending}", folder)
    before = files(folder)
    copy = str(folder / "visitors.db")
    visitors("db", "check", "--db", copy)
    assert files(folder) == before
    assert visitors("list", "--db", copy, "--format", "count").stdout == ("2\n" if with_log else "1\n")


def test_a_write_that_was_cut_short_is_read_as_if_rolled_back(visitors: Visitors, filled: Path) -> None:
    # a rollback journal, as left when the process is killed within a transaction
    script = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = DELETE")
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute(sys.argv[2])
numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
connection.execute(f"CREATE TABLE more AS {numbers} SELECT i, hex(randomblob(50)) FROM n")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", script, str(filled), OPEN_OPERATION], check=True)
    before = files(filled.parent)
    assert before["visitors.db-journal"] != b""
    visitors("db", "check")
    assert files(filled.parent) == before


def test_the_newest_backup_is_the_command_that_helps(visitors: Visitors, filled: Path) -> None:
    visitors("db", "backup", now="2026-03-01T12:00:00Z")
    backup = visitors("db", "backup", now="2026-03-02T12:00:00Z").stdout.strip()
    visitors("db", "restore", backup, "--yes", now="2026-03-03T12:00:00Z")  # what it keeps is not suggested
    filled.write_bytes(filled.read_bytes()[:20_000])
    refused = visitors("db", "check", code=8)
    assert f"hint: visitors db restore {backup}\n" in refused.stderr
    assert "visitors db check" in visitors("list", code=6).stderr


def test_a_store_that_was_named_is_named_in_the_command(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    other = tmp_path / "my store.db"
    shutil.copy2(filled, other)
    execute(other, "DELETE FROM contact_metadata")
    assert problems(visitors, "--db", str(other))["metadata-found"][1] == f"visitors --db '{other}' db compact"


def test_without_a_backup_what_can_be_read_is_saved(visitors: Visitors, filled: Path) -> None:
    filled.write_bytes(b"nothing" * 1_000)
    detail, helps = problems(visitors)["file"]
    assert "not a database" in detail
    recovered = f"{filled}.recovered"
    assert helps == f"(umask 077; sqlite3 {filled} .recover > {recovered}.sql && sqlite3 {recovered} < {recovered}.sql)"


def test_an_invalid_value_can_be_corrected_as_the_check_says(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    with unguarded(filled) as other:
        other.execute("UPDATE contacts SET metadata = '{nonsense'")
    editor = tmp_path / "editor"
    editor.write_text("""#!/bin/sh\nsed -i 's/{nonsense/{\\\\"plan\\\\":\\\\"pro\\\\"}/' "$1"\n""")
    editor.chmod(0o700)
    _, helps = problems(visitors)["metadata"]
    run(helps, EDITOR=str(editor))
    mended = f"{filled}.mended"
    visitors("db", "check", "--db", mended)
    assert visitors("contacts", "show", "ada@example.com", "--db", mended, "--format", "json").json["metadata"] == {
        "plan": "pro"
    }


def test_what_is_missing_in_the_record_is_for_a_backup_alone(visitors: Visitors, filled: Path) -> None:
    visitors("update", "v1", "--city", "Bonn")
    with unguarded(filled) as other:
        other.execute("DELETE FROM changes WHERE pk = 1")
    assert problems(visitors)["change-missing"][1] == "no command: look for an older backup"
    backup = visitors("db", "backup").stdout.strip()
    assert problems(visitors)["change-missing"][1] == f"visitors db restore {backup}"


def test_an_erasure_is_unfinished_until_the_file_is_rewritten(visitors: Visitors, filled: Path) -> None:
    for number, finish in enumerate((("db", "compact"), ("erase", "v1", "--yes"))):
        visitors("create", "--id", f"w{number}")
        receipt = visitors("erase", f"w{number}", "--yes", "--no-vacuum", "--format", "json").json
        found = problems(visitors, "--quick")
        assert found.keys() == {"erasures"}
        assert receipt["operationId"] in found["erasures"][0]
        assert found["erasures"][1] == "visitors db compact"
        visitors(*finish)
        visitors("db", "check")
    assert filled.exists()


def test_a_backup_of_an_unfinished_erasure_can_be_restored_and_finished(visitors: Visitors, filled: Path) -> None:
    visitors("create", "--id", "w")
    visitors("erase", "w", "--yes", "--no-vacuum")
    backup = visitors("db", "backup").stdout.strip()
    visitors("db", "restore", backup, "--yes")
    assert problems(visitors).keys() == {"erasures"}
    visitors("db", "compact")
    visitors("db", "check")
    assert filled.exists()


def test_a_dump_does_not_say_that_an_erasure_is_unfinished(visitors: Visitors, filled: Path, tmp_path: Path) -> None:
    visitors("erase", "v1", "--yes", "--no-vacuum")
    dump, other = str(tmp_path / "dump.ndjson"), str(tmp_path / "other.db")
    visitors("db", "dump", "-o", dump)
    visitors("db", "load", dump, "--db", other)
    visitors("db", "check", "--db", other)
    assert problems(visitors).keys() == {"erasures"}
    assert filled.exists()


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("DROP INDEX visitors_browser", "the index visitors_browser is missing"),
        ("DROP TRIGGER visitors_update", "the trigger visitors_update is missing"),
        ("CREATE TABLE mine (x)", "the table mine does not belong to visitors"),
        ("ALTER TABLE visitors ADD COLUMN x TEXT", "the table visitors differs from the expected definition"),
    ],
)
def test_a_schema_that_is_not_that_of_a_new_store(
    visitors: Visitors, filled: Path, statement: str, detail: str
) -> None:
    execute(filled, statement)
    assert problems(visitors)["schema"][0] == detail


@pytest.mark.parametrize(
    "part", ["INDEX visitors_browser", "TRIGGER visitors_update", "VIEW v_visitors", "TABLE contacts_text"]
)
def test_a_store_that_lost_a_part_of_its_schema_but_no_data_is_rebuilt(
    visitors: Visitors, filled: Path, part: str
) -> None:
    before = visitors("db", "dump").stdout
    execute(filled, f"DROP {part}")
    run(problems(visitors)["schema"][1])
    mended = ("--db", f"{filled}.mended")
    visitors("db", "check", *mended)
    assert visitors("db", "dump", *mended).stdout == before


def test_a_store_that_lost_a_table_cannot_be_dumped(visitors: Visitors, filled: Path) -> None:
    execute(filled, "DROP TABLE causes")
    assert ".recover" in problems(visitors)["schema"][1]


def test_the_copies_that_a_check_recommends_are_listed_by_an_erasure(visitors: Visitors, filled: Path) -> None:
    execute(filled, "DROP INDEX visitors_browser")
    run(problems(visitors)["schema"][1])
    told = visitors("contacts", "erase", "ada@example.com", "--yes").stderr
    for copy in (f"{filled}.ndjson", f"{filled}.mended"):
        assert f"an earlier copy may still contain erased data: {copy}\n" in told


def test_statistics_of_sqlite_are_no_part_of_the_schema(visitors: Visitors, filled: Path) -> None:
    execute(filled, "ANALYZE")
    visitors("db", "check")


def test_a_record_that_refers_to_nothing(visitors: Visitors, filled: Path) -> None:
    execute(filled, "INSERT INTO causes (operation, record, code) VALUES (99, 'v1', 'x')")
    execute(filled, "INSERT INTO undone (pk, operation, target) VALUES (7, 99, 1)")
    with closing(sqlite3.connect(filled)) as connection:
        assert len(connection.execute("PRAGMA foreign_key_check").fetchall()) == 2
    found = visitors("db", "check", "--format", "json", code=8).json
    assert {one["detail"] for one in found if one["check"] == "references"} == {
        "a row of causes refers to a missing row of operations",
        "row 7 of undone refers to a missing row of operations",
    }
    assert all(".ndjson" in one["help"] for one in found if one["check"] == "references")


def test_text_that_is_not_utf8(visitors: Visitors, filled: Path) -> None:
    filled.write_bytes(filled.read_bytes().replace(b"Oslo", b"Osl\xff"))
    assert "a row of visitors cannot be read" in problems(visitors)["values"][0]
    assert visitors("show", "v1", "--format", "json", code=6).error["code"] == "store_corrupt"


def test_an_invalid_stored_value_is_an_error_of_the_store(visitors: Visitors, filled: Path) -> None:
    filled.write_bytes(filled.read_bytes().replace(b'{"plan":"pro"}', b'{"plan":"pro"]'))
    refused = visitors("contacts", "list", "--format", "json", code=6)
    assert refused.error["code"] == "store_corrupt"
    assert "metadata" in problems(visitors)


def test_a_search_index_that_lost_something(visitors: Visitors, filled: Path) -> None:
    execute(filled, "DELETE FROM contacts_text_data WHERE id > 10")
    detail, helps = problems(visitors)["search"]
    assert detail == "contacts_text does not match the texts of the records"
    assert helps == "visitors db compact"
    visitors("db", "compact")
    visitors("db", "check")


def test_an_index_that_lost_a_row_is_rebuilt(visitors: Visitors, filled: Path) -> None:
    # SQLite briefly sees the index without any rows
    change = "UPDATE sqlite_master SET sql = replace(sql, {}) WHERE name = 'visitors_contact'"
    trust = "PRAGMA writable_schema = ON"
    execute(filled, trust, change.format("'last_seen_at)', 'last_seen_at) WHERE 0'"))
    execute(filled, "REINDEX visitors_contact", trust, change.format("' WHERE 0', ''"))
    detail, helps = problems(visitors)["integrity"]
    assert "visitors_contact" in detail
    assert helps == "visitors db compact"
    visitors("db", "compact")
    visitors("db", "check")


def test_a_store_of_a_newer_version(visitors: Visitors, filled: Path) -> None:
    execute(filled, "PRAGMA user_version = 99")
    detail, helps = problems(visitors)["version"]
    assert "newer version" in detail
    assert "upgrade" in helps


def test_a_store_of_an_unreleased_version_is_left_as_it_is(visitors: Visitors, filled: Path) -> None:
    execute(filled, f"PRAGMA user_version = {BASELINE - 1}")
    before = files(filled.parent)
    detail, helps = problems(visitors)["version"]
    assert "visitors 0.1 or earlier" in detail
    assert "db load all.ndjson" in helps
    assert files(filled.parent) == before


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_where_there_is_no_file_there_is_nothing_to_check(visitors: Visitors, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "thing"
    if kind == "folder":
        path.mkdir()
    refused = visitors("db", "check", "--db", str(path), "--format", "json", code=6)
    assert refused.error["code"] == {"missing": "store_missing", "folder": "store_invalid"}[kind]
    assert path.exists() == (kind == "folder")


def test_what_others_can_get_at(visitors: Visitors, filled: Path) -> None:
    filled.chmod(0o644)
    assert problems(visitors)["permissions"] == (f"others can access {filled} (mode 644)", f"chmod 600 {filled}")
    filled.chmod(0o600)
    filled.parent.chmod(0o777)
    assert problems(visitors)["permissions"] == (
        f"everybody can write to {filled.parent}",
        f"chmod go-w {filled.parent}",
    )
    filled.parent.chmod(0o755)
    visitors("db", "check")


def test_what_its_owner_cannot_write(visitors: Visitors, filled: Path) -> None:
    filled.chmod(0o400)
    assert problems(visitors)["permissions"] == (f"{filled} is read-only", f"chmod u+w {filled}")
    filled.chmod(0o600)
    filled.parent.chmod(0o500)
    try:
        assert problems(visitors)["permissions"][1] == f"chmod u+w {filled.parent}"
    finally:
        filled.parent.chmod(0o700)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_what_somebody_else_owns(visitors: Visitors, filled: Path) -> None:
    os.chown(filled, 4242, -1)
    assert problems(visitors)["permissions"][1] == f"chown 0 {filled}"


@pytest.fixture
def sealed(filled: Path, tmp_path: Path) -> Iterator[Path]:
    """The store in a folder on a read-only file system."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system")
    try:
        shutil.copy2(filled, folder)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield folder / filled.name
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_store_where_nothing_can_be_written(visitors: Visitors, sealed: Path, tmp_path: Path) -> None:
    store = ("--db", str(sealed))
    found = visitors("db", "check", *store, "--format", "json", code=8).json
    assert {one["check"] for one in found if one["result"] == "problem"} == {"permissions"}
    assert visitors("create", *store, "--format", "json", code=6).error["code"] == "store_unwritable"
    assert visitors("list", *store, "--format", "ids").lines == ["v1"]
    assert visitors("db", "compact", *store, "--format", "json", code=6).error["code"] == "store_unwritable"
    assert "cannot write" in visitors("db", "backup", *store, code=1).stderr
    assert [one.name for one in sealed.parent.iterdir()] == [sealed.name]
    # but it can be copied from there, or restored elsewhere
    visitors("db", "backup", str(tmp_path / "copy.db"), *store)
    visitors("db", "restore", str(sealed), "--db", str(tmp_path / "restored.db"))
    for name in ("copy.db", "restored.db"):
        assert visitors("list", "--format", "ids", "--db", str(tmp_path / name)).lines == ["v1"]


def test_a_store_that_somebody_writes_with_a_rollback_journal_is_not_copied(
    visitors: Visitors, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # file after file, a copy would not be of one moment
    with closing(sqlite3.connect(filled, isolation_level=None)) as writer:
        for statement in ("PRAGMA journal_mode = DELETE", "BEGIN IMMEDIATE", "CREATE TABLE other (x)"):
            writer.execute(statement)
        assert Path(f"{filled}-journal").stat().st_size > 0
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
        visitors("db", "check")


def test_the_journal_mode_is_shown(visitors: Visitors, filled: Path) -> None:
    execute(filled, "PRAGMA journal_mode = DELETE")
    found = {one["check"]: one for one in visitors("db", "check", "--format", "json").json}
    assert found["journal"]["help"] == "visitors db compact"
    visitors("db", "compact")
    found = {one["check"]: one for one in visitors("db", "check", "--format", "json").json}
    assert found["journal"]["detail"] == "wal"
