"""Importing rows in batches has the same result as one after another."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from visitors.domain.row import RowParser
from visitors.errors import VisitorsError
from visitors.input.readers import Place
from visitors.input.rows import Problem, ReadRow
from visitors.operations import batches, bulk_import
from visitors.operations.bulk_import import take_all
from visitors.operations.import_ import Policy, Taken
from visitors.store.file.opening import open_store
from visitors.store.load import bulk
from visitors.store.places import File
from visitors.store.records import contacts, visitors
from visitors.store.schema.recorded import RECORDED
from visitors.store.store import OpenOperation, Store

AT = "2026-03-01T12:00:00.000Z"
Cells = dict[str, Any]
Rejected = list[tuple[int, str, str]]

PEOPLE = st.fixed_dictionaries(
    {},
    optional={
        "contact.id": st.sampled_from(["c1", "c2", "c3"]),
        "contact.externalId": st.sampled_from(["u1", "u2", "u3"]),
        "contact.email": st.sampled_from(["a@example.com", "b@example.com"]),
        "contact.name": st.sampled_from(["Ada", "Bob"]),
        "contact.metadata": st.sampled_from([{"plan": "pro"}, {"plan": "free", "seats": 5}]),
        "contact.deletedAt": st.just("2026-02-01"),
        "contact.isBlocked": st.booleans(),
    },
)
ROWS = st.builds(
    lambda cells, person: {**cells, **person},
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from(["v1", "v2", "v3", "v4", "v5"]),
            "city": st.sampled_from(["Oslo", "Rome"]),
            "language": st.sampled_from(["en-us", "de", "not a language"]),
            "lastSeenAt": st.sampled_from(["2026-01-01", "2026-02-01"]),
            "updatedAt": st.sampled_from(["2026-01-02", "2026-02-03"]),
            "deletedAt": st.just("2026-02-01"),
            "fingerprint": st.sampled_from(["f1", "f2"]),
            "isBlocked": st.booleans(),
            "blockedAt": st.sampled_from(["2026-01-05", "2026-02-05"]),
            "blockReason": st.sampled_from(["spam", "x"]),
        },
    ),
    st.one_of(st.just({}), PEOPLE),
)
POLICIES = st.builds(
    Policy,
    on_existing=st.sampled_from(["error", "skip", "update"]),
    on_conflict=st.sampled_from(["error", "external-id-wins", "merge"]),
    relink=st.booleans(),
)


def read(number: int, cells: Cells) -> ReadRow:
    place = Place("rows", number)
    try:
        return ReadRow(place, RowParser(cells).parse(list(cells.values())))
    except VisitorsError as error:
        problem = Problem(error.message, getattr(error, "field", None), error.hint, error.code)
        return ReadRow(place, None, problem=problem)


def one_by_one(
    store: Store, operation: OpenOperation, rows: list[ReadRow], policy: Policy, reject: Any
) -> Counter[Taken]:
    """What `take_all` promises, implemented in the simplest way."""
    taken: Counter[Taken] = Counter()
    for row in rows:
        taken += take_all(store, operation, [row], policy, reject)
    return taken


def imported(taking: Any, folder: Path, files: list[list[Cells]], policy: Policy, *, keep_going: bool) -> str:
    """The result of each file, and then the rows of every table, with generated ids replaced by what they identify."""
    outcomes: list[Any] = []
    tables: dict[str, list[Any]] = {}
    with open_store(File.at(folder / "visitors.db")) as store:
        for file in files:
            rows = [read(number, cells) for number, cells in enumerate(file, start=1)]
            rejected: Rejected = []

            def reject(row: ReadRow, error: VisitorsError, rejected: Rejected = rejected) -> None:
                rejected.append((row.place.number, error.code, error.message))

            try:
                with store.operation("import", actor="ada", clock=lambda: AT) as operation:
                    taken = taking(store, operation, rows, policy, reject if keep_going else None)
                outcomes.append((sorted(taken.items()), rejected))
            except VisitorsError as error:
                outcomes.append(error.code)
        tables = {table: store.execute(f"SELECT * FROM {table} ORDER BY pk").fetchall() for table in RECORDED.values()}
        causes = store.execute("SELECT record, operation, code FROM causes").fetchall()
    names = {row[1]: f"{table} {row[0]}" for table in RECORDED.values() for row in tables[table] if len(row[1]) == 26}
    text = repr(
        (outcomes, tables, sorted((operation, names.get(record, record), code) for record, operation, code in causes))
    )
    for made_up, name in names.items():
        text = text.replace(made_up, name)
    return text


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (batches, bulk_import):
        monkeypatch.setattr(module, "BATCH", 4)
    monkeypatch.setattr(bulk, "WORTH_IT", 3)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@example(  # an id used by a row that was imported alone
    files=[
        [
            {"id": "v1", "contact.externalId": "u1"},
            {"id": "v2", "contact.externalId": "u1", "contact.name": "Ada"},
            {"id": "v2"},
        ]
    ],
    policy=Policy(on_existing="skip"),
    keep_going=False,
)
@example(  # an email that resolves to a tombstone
    files=[
        [
            {"id": "v1", "contact.externalId": "u1", "contact.email": "b@example.com"},
            {"id": "v2", "contact.email": "a@example.com"},
            {"id": "v3", "contact.externalId": "u1", "contact.email": "a@example.com"},
        ],
        [{"id": "v4", "contact.email": "a@example.com"}],
    ],
    policy=Policy(on_conflict="merge"),
    keep_going=False,
)
@example(  # a fingerprint that an earlier row gave to another visitor
    files=[
        [{"id": "v1", "fingerprint": "f1"}, {"id": "v2", "fingerprint": "f2"}],
        [{"id": "v1", "fingerprint": "f2"}, {"fingerprint": "f2", "city": "Oslo"}],
        [{"id": "v2", "fingerprint": "f1"}, {"fingerprint": "f1", "city": "Rome"}],
    ],
    policy=Policy(on_existing="update"),
    keep_going=True,
)
@example(  # an email that two people have
    files=[
        [
            {"id": "v1", "contact.id": "c1", "contact.email": "a@example.com"},
            {"id": "v2", "contact.id": "c2", "contact.email": "a@example.com"},
        ],
        [{"id": "v3", "contact.email": "a@example.com"}],
    ],
    policy=Policy(),
    keep_going=True,
)
@given(files=st.lists(st.lists(ROWS, max_size=9), min_size=1, max_size=2), policy=POLICIES, keep_going=st.booleans())
def test_rows_in_batches_leave_what_rows_one_by_one_leave(
    files: list[list[Cells]],
    policy: Policy,
    keep_going: bool,  # noqa: FBT001
) -> None:
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        expected = imported(one_by_one, Path(first), files, policy, keep_going=keep_going)
        found = imported(take_all, Path(second), files, policy, keep_going=keep_going)

    assert found == expected


def test_a_rejected_row_whose_first_of_two_merges_was_possible_leaves_nothing(tmp_path: Path) -> None:
    same = {"email": "a@example.com"}
    rejected: list[str] = []
    with open_store(File.at(tmp_path / "visitors.db")) as store:
        with store.operation("seed", actor="ada", clock=lambda: AT) as operation:
            for fields in (same, {**same, "externalId": "u2"}, {"externalId": "u3"}):
                contacts.insert(store, operation, fields)
        rows = [
            read(1, {"id": "v1", "contact.externalId": "u3", "contact.email": "a@example.com"}),
            read(2, {"id": "v2"}),
        ]
        with store.operation("import", actor="ada", clock=lambda: AT) as operation:
            policy = Policy(on_conflict="merge")
            taken = take_all(store, operation, rows, policy, lambda _, error: rejected.append(error.code))
        merged = store.execute("SELECT count(merged_into) FROM contacts").fetchone()
        made = store.execute("SELECT id FROM visitors").fetchall()

    assert (rejected, taken, merged, made) == (["two_external_ids"], {"created": 1}, (0,), [("v2",)])


@pytest.mark.parametrize(("before", "kept_up"), [(0, 3), (24, 3), (64, 8)])
def test_indexes_are_dropped_once_maintaining_them_took_as_long_as_rebuilding(
    tmp_path: Path, before: int, kept_up: int
) -> None:
    with open_store(File.at(tmp_path / "visitors.db")) as store:
        with store.operation("seed", actor="ada", clock=lambda: AT) as operation:
            for _ in range(before):
                visitors.insert(store, operation, {})
        whole = _indexes(store)
        with store.operation("import", actor="ada", clock=lambda: AT) as operation:
            visitors.insert(store, operation, {})
            with bulk.bulk_load(store) as made:
                made(kept_up - 1)
                assert _indexes(store) == whole
                made(kept_up)
                assert "visitors_browser" not in _indexes(store)
            assert _indexes(store) == whole


def _indexes(store: Store) -> set[str]:
    return {row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}


def test_the_newer_of_two_blocks_of_a_contact_in_one_batch_stays(tmp_path: Path) -> None:
    person = {"contact.externalId": "u1", "contact.isBlocked": True}
    older = {"id": "v1", **person, "blockedAt": "2026-01-01", "blockReason": "abuse"}
    newer = {"id": "v2", **person, "blockedAt": "2026-02-02", "blockReason": "spam"}

    imported(take_all, tmp_path, [[older, newer]], Policy(), keep_going=False)

    with open_store(File.at(tmp_path / "visitors.db")) as store:
        assert store.execute("SELECT reason FROM blocks WHERE lifted_at IS NULL").fetchall() == [("spam",)]
