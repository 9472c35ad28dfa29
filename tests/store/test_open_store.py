"""Opening a store, its permissions, and the guarantees of an operation."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from visitors.domain.ids import new_id
from visitors.domain.times import to_milliseconds
from visitors.errors import Conflict, StoreProblem
from visitors.store.opening import open_store
from visitors.store.places import place_of
from visitors.store.records import visitors
from visitors.store.schema.version import APPLICATION_ID, SCHEMA_VERSION
from visitors.store.store import OpenOperation, Store

AT = "2026-03-01T12:00:00.000Z"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def pragma(store: Store, name: str) -> object:
    return store.execute(f"PRAGMA {name}").fetchone()[0]


def counts(store: Store) -> tuple[int, ...]:
    """Return the number of operations, ranges of new records and visitors."""
    tables = ("operations", "creations", "visitors")
    return tuple(store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with open_store(place_of(store_path)) as opened:
        yield opened


def test_the_folder_and_the_files_are_private_while_open_and_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "visitors.db"
    with open_store(place_of(path)) as store:
        with store.operation("create", actor="ada", clock=lambda: AT) as operation:
            visitors.insert(store, operation, {})
        files = {file.name: mode(file) for file in path.parent.iterdir()}

    assert files == {"visitors.db": 0o600, "visitors.db-wal": 0o600, "visitors.db-shm": 0o600}
    assert mode(path.parent) == 0o700
    assert mode(path) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["visitors.db"]


def test_a_folder_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with open_store(place_of(folder / "visitors.db")):
        pass

    assert mode(folder) == 0o755
    assert mode(folder / "visitors.db") == 0o600


def test_an_open_store_is_durable_checked_and_in_wal_mode(store: Store) -> None:
    assert pragma(store, "journal_mode") == "wal"
    assert pragma(store, "foreign_keys") == 1
    assert pragma(store, "synchronous") == 2
    assert pragma(store, "busy_timeout") == 30_000
    assert pragma(store, "application_id") == APPLICATION_ID
    assert pragma(store, "user_version") == SCHEMA_VERSION


def test_the_timeout_is_the_busy_timeout(store_path: Path) -> None:
    with open_store(place_of(store_path), timeout=1.5) as store:
        assert pragma(store, "busy_timeout") == 1500


def test_foreign_keys_are_enforced(store: Store) -> None:
    with (
        pytest.raises(sqlite3.IntegrityError),
        store.operation("x", actor="ada", clock=lambda: AT) as operation,
    ):
        visitors.insert(store, operation, {}, contact_id="nobody")

    assert counts(store) == (0, 0, 0)


def test_a_missing_store_is_not_made_for_a_reader(store_path: Path) -> None:
    with pytest.raises(StoreProblem, match="no store found") as problem:
        open_store(place_of(store_path), create=False)

    assert problem.value.code == "store_missing"
    assert not store_path.exists()


def test_an_operation_is_recorded_with_time_actor_command_and_option_names(store: Store) -> None:
    with store.operation("create", actor="ada", clock=lambda: AT, arguments=["--city"]) as operation:
        visitors.insert(store, operation, {"city": "Oslo"})

    row = store.execute("SELECT id, at, actor, command, arguments, is_open FROM operations").fetchall()
    assert row == [(operation.id, AT, "ada", "create", '["--city"]', None)]


def test_an_operation_that_changes_nothing_leaves_no_record(store: Store) -> None:
    with store.operation("create", actor="ada", clock=lambda: AT) as operation:
        visitors.insert(store, operation, {"city": "Oslo"}, visitor_id="v1")
    before = counts(store)

    with store.operation("update", actor="ada", clock=lambda: AT) as operation:
        assert visitors.update(store, operation, ["v1"], {"city": "Oslo"}) == set()
    with store.operation("nothing", actor="ada", clock=lambda: AT):
        pass

    assert counts(store) == before == (1, 1, 1)


def test_a_dry_run_is_rolled_back(store: Store) -> None:
    with store.operation("create", actor="ada", clock=lambda: AT, dry_run=True) as operation:
        visitors.insert(store, operation, {})
        assert counts(store) == (1, 0, 1)

    assert counts(store) == (0, 0, 0)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_operation_that_fails_is_rolled_back_and_the_store_stays_usable(
    store: Store, error: type[BaseException]
) -> None:
    def fail() -> None:
        with store.operation("create", actor="ada", clock=lambda: AT) as operation:
            visitors.insert(store, operation, {})
            raise error

    with pytest.raises(error):
        fail()

    assert counts(store) == (0, 0, 0)
    with store.operation("create", actor="ada", clock=lambda: AT) as operation:
        visitors.insert(store, operation, {})
    assert counts(store) == (1, 1, 1)


def test_a_full_disk_within_a_savepoint_is_reported_and_leaves_nothing(store: Store) -> None:
    def fill() -> None:
        with store.operation("import", actor="ada", clock=lambda: AT) as operation:
            store.execute(f"PRAGMA max_page_count = {pragma(store, 'page_count')}")
            with store.savepoint():
                for number in range(1_000):
                    operation.record_causes(store, [(f"{number}-{'v' * 500}", "created")])

    before = counts(store)
    with pytest.raises(StoreProblem) as caught:
        fill()

    assert (caught.value.code, caught.value.exit_status) == ("disk_full", 6)
    assert counts(store) == before


def test_a_savepoint_takes_back_only_its_own_part(store: Store) -> None:
    def fail(operation: OpenOperation) -> None:
        with store.savepoint():
            visitors.insert(store, operation, {}, visitor_id="v2")
            raise ValueError("bad")

    with store.operation("import", actor="ada", clock=lambda: AT) as operation:
        visitors.insert(store, operation, {}, visitor_id="v1")
        with pytest.raises(ValueError, match="bad"):
            fail(operation)
        with store.savepoint():
            visitors.insert(store, operation, {}, visitor_id="v3")

    assert visitors.existing(store, ["v1", "v2", "v3"]) == {"v1", "v3"}
    assert counts(store) == (1, 1, 2)


def test_a_second_writer_times_out_with_a_locked_store(store: Store, store_path: Path) -> None:
    with (
        open_store(place_of(store_path), timeout=0.1) as other,
        store.operation("create", actor="ada", clock=lambda: AT),
        pytest.raises(StoreProblem) as problem,
        other.operation("create", actor="grace", clock=lambda: AT),
    ):
        pass

    assert problem.value.code == "store_locked"


def test_a_reader_keeps_its_snapshot_while_another_writes(store: Store, store_path: Path) -> None:
    with open_store(place_of(store_path)) as other, other.reading():
        assert counts(other) == (0, 0, 0)
        with store.operation("create", actor="ada", clock=lambda: AT) as operation:
            visitors.insert(store, operation, {})
        assert counts(other) == (0, 0, 0)

    assert counts(store) == (1, 1, 1)


def test_reading_that_a_closed_store_cut_short_ends_quietly(store: Store) -> None:
    def read() -> Generator[int, None, None]:
        with store.reading():
            yield 1

    suspended = read()
    next(suspended)
    store.close()
    suspended.close()


def test_an_exclusive_operation_has_readers_wait(store: Store, store_path: Path) -> None:
    store.execute("PRAGMA journal_mode = DELETE")  # with a log nobody waits
    with store.operation("import", actor="ada", clock=lambda: AT, exclusive=True), pytest.raises(StoreProblem) as told:
        open_store(place_of(store_path), timeout=0.1)
    assert told.value.code == "store_locked"


def test_ids_come_from_the_entropy_that_an_operation_was_given(store: Store) -> None:
    def ids(of: Store, byte: bytes) -> list[str]:
        with of.operation("seed", actor="ada", clock=lambda: AT, entropy=lambda size: byte * size) as operation:
            visitors.insert(of, operation, {}, visitor_id=f"v{byte.hex()}")
            return [operation.id, operation.new_id(), *operation.new_ids(2)]

    time = new_id(to_milliseconds(AT))[:10]
    assert ids(store, b"\0") == [time + "0" * 16] * 3 + [time + "0" * 15 + "1"]
    assert ids(store, b"\xff")[0] == time + "Z" * 16


def test_an_id_that_is_there_already_is_a_conflict(store: Store) -> None:
    with store.operation("seed", actor="ada", clock=lambda: AT, entropy=bytes) as operation:
        visitors.insert(store, operation, {})
    with (
        pytest.raises(Conflict, match=r"operations\.id"),
        store.operation("seed", actor="ada", clock=lambda: AT, entropy=bytes),
    ):
        pass
    with (
        pytest.raises(Conflict, match=r"visitors\.id"),
        store.operation("create", actor="ada", clock=lambda: AT) as operation,
    ):
        visitors.insert(store, operation, {}, visitor_id=new_id(to_milliseconds(AT), bytes))
    assert counts(store) == (1, 1, 1)
