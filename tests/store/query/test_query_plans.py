"""SQLite's plan of each listing: an index serves every filter, sort and page that one can serve."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

import pytest

from visitors.domain.contact_selection import ContactSelection
from visitors.domain.fields import FILTERS
from visitors.domain.selection import MetadataFilter, Selection
from visitors.store.file.opening import open_store
from visitors.store.file.sqlite import SqliteDatabase
from visitors.store.places import Memory
from visitors.store.query import bounds, contacts
from visitors.store.query.filters import Filter
from visitors.store.query.listing import Page, Place, in_order
from visitors.store.query.plans import Driver, Listing
from visitors.store.query.selection import chosen
from visitors.store.records import visitors
from visitors.store.store import Store

AT = "2026-03-01T12:00:00.000Z"
BEFORE = "2026-01-01T12:00:00.000Z"

TWO_PLANS = (MetadataFilter("plan", "pro"), MetadataFilter("plan", "free"))
# Option -> values that an index serves, and values that are only tested on rows.
SERVED: dict[str, list[object]] = {
    "identified": [True, False],
    "blocked": [True],
    "language": ["en", ("en", "de")],
    "timezone": ["Europe/Berlin", ("Europe/Berlin", "Asia/Tokyo")],
    "country_code": ["DE"],
    "device_type": ["mobile"],
    "browser": ["firefox"],
    "os": ["linux"],
    "fingerprint": ["fp", ("fp", "other")],
    "ip": [
        "192.0.2.1",
        "192.0.2.0/24",
        "192.0.2.0/23",
        "2001:db8::/32",
        "2001:db8::/33",
        "2001:db8::/48",
        "::/0",
        ("192.0.2.1", "10.0.0.0/9", "::1"),
    ],
    "contact": ["C", ("C", "D")],
    "email_domain": ["example.com", ("example.com", "example.org")],
    "blocked_since": [AT],
    "blocked_until": [AT],
    "blocked_by": ["jo"],
    "block_reason": ["spam", ("spam", "fraud")],
    "created_since": [AT],
    "created_until": [AT],
    "updated_since": [AT],
    "updated_until": [AT],
    "seen_since": [AT],
    "seen_until": [AT],
    "never_seen": [True],
    "metadata": [
        (MetadataFilter("plan"),),
        (MetadataFilter("plan", "pro"),),
        (MetadataFilter("seats", "5"),),
        TWO_PLANS,
    ],
    "search": ["ada", 'a "b', ("ada", "bob")],
    "deleted": [True],
    "idle_since": [AT],
    "without_conversations": [],
}
TESTED: dict[str, list[object]] = {
    "blocked": [False],
    "metadata": [(MetadataFilter("plan", "pro", negated=True),)],
    "search": ["ad", ("ada", "ad")],
    "without_conversations": [True],
}
for name, field in FILTERS.items():
    if name not in SERVED:
        served = field.sorts or field.indexed
        SERVED[name] = ["x"] if served else []
        TESTED[name] = [] if served else ["x"]
# Option -> the index that is scanned for it, since a part of an id may be anywhere.
READ_WHOLE = {"search": ["SCAN v USING COVERING INDEX sqlite_autoindex_visitors_1"]}
READ_WHOLE_FOR_CONTACTS = "SCAN c USING COVERING INDEX sqlite_autoindex_contacts_1"
SORTS = [None, *visitors.SORTABLE.values()]
PLACES = [None, Place(5, "en"), Place(5)]


VISITORS = 16


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with open_store(Memory()) as opened:
        fill(opened)
        yield opened


def fill(store: Store) -> None:
    """Insert visitors, some of which match any filter on times."""
    sql = "INSERT INTO visitors (id, created_at, updated_at, last_seen_at, language, os) VALUES (?, ?, ?, ?, ?, ?)"
    with store.operation("test", actor="ada", clock=lambda: AT):
        for number, time in enumerate((BEFORE, AT) * (VISITORS // 4)):
            store.execute(sql, (f"v{number}", time, time, time, "en", "Linux"))
            store.execute(sql, (f"w{number}", BEFORE, BEFORE, None, None, "iOS"))


def explained(store: Store, sql: str, parameters: tuple[object, ...] = ()) -> list[str]:
    """Return SQLite's plan for a statement, line by line."""
    return [str(row[3]) for row in store.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The statements sent to SQLite, without those of full-text search to its own tables."""
    asked: list[str] = []
    assert isinstance(store._database, SqliteDatabase)
    store._database._connection.set_trace_callback(lambda sql: None if sql.startswith("--") else asked.append(sql))
    yield asked
    store._database._connection.set_trace_callback(None)


def plan(store: Store, listing: Listing, page: Page, access: str, sql: str, parameters: tuple[object, ...]) -> str:
    text = (
        f"SELECT {listing.alias}.id FROM {listing.table} AS {listing.alias} {access}"
        f" WHERE {sql}{in_order(page, listing.alias)} LIMIT 50"
    )
    return "\n".join(explained(store, text, parameters))


def walks(store: Store, listing: Listing, page: Page, place: Place | None) -> list[str]:
    return [
        plan(store, listing, page, access, condition.sql, condition.parameters)
        for access, condition in listing.walk(store, page, place)
    ]


def driven(store: Store, listing: Listing, filter_: Filter, page: Page, place: Place | None) -> str:
    access, condition = listing.drive(Driver(filter_, 2, "[1,2]"), page, place)
    matching = filter_.matching(listing.table, listing.alias)
    assert matching is not None
    used = "\n".join(explained(store, f"SELECT pk FROM ({matching.sql}) LIMIT 9", matching.parameters))
    return used + "\n" + plan(store, listing, page, access, condition.sql, condition.parameters)


def pages() -> Iterator[tuple[Page, Place | None]]:
    for column, descending, place in product(SORTS, (False, True), PLACES):
        page = Page(column=column, descending=descending, limit=50)
        if fits(page, place):
            yield page, place


def fits(page: Page, place: Place | None) -> bool:
    """Return whether `place` is possible: there is no record without a creation time."""
    return (
        place is None
        or place.value is not None
        or page.column not in ("id", "created_at", "updated_at", "visitor_count")
    )


def given(line: str) -> bool:
    """Return whether a scan reads given matches, from full-text search or a list, or the row itself."""
    return "VIRTUAL TABLE" in line or line.startswith(("SCAN (", "SCAN SUBQUERY", "SCAN CONSTANT ROW"))


def scans(text: str) -> list[str]:
    """Return the whole tables or indexes that a plan scans, without lists of given values and full-text matches."""
    lines = [line.strip() for line in text.split("\n")]
    return [line for line in lines if line.startswith("SCAN") and not given(line)]


def test_every_option_of_a_selection_has_a_plan() -> None:
    assert set(SERVED) == set(Selection.__struct_fields__)


@pytest.mark.parametrize(
    ("option", "value"),
    [(option, value) for option in SERVED for value in (*SERVED[option], *TESTED.get(option, []))],
)
def test_a_walk_goes_along_the_index_of_the_sort_and_sorts_nothing(store: Store, option: str, value: object) -> None:
    listing = chosen(Selection(**{option: value}), AT)  # type: ignore[arg-type]
    for page, place in pages():
        for number, text in enumerate(walks(store, listing, page, place)):
            first = text.split("\n")[0]
            if page.column is None:
                assert first == "SCAN v" or first.startswith("SEARCH v USING INTEGER PRIMARY KEY (rowid"), text
            else:
                index = listing.indexes[page.column]
                assert f"USING INDEX {index}" in first or f"COVERING INDEX {index}" in first
                if place is not None or number > 0:
                    assert first.startswith("SEARCH v")
            assert "TEMP B-TREE" not in text, (page, text)


OF_TIMES = {
    "created_since": AT,
    "created_until": AT,
    "updated_since": AT,
    "updated_until": AT,
    "seen_since": AT,
    "seen_until": AT,
    "never_seen": True,
    "idle_since": AT,
}
"""Options on times, with values that match some visitors and not others."""


@pytest.mark.parametrize("option", OF_TIMES)
@pytest.mark.parametrize("page", [page for page, place in pages() if place is None], ids=str)
def test_a_walk_skips_records_outside_of_a_time_range_within_the_index(
    store: Store, monkeypatch: pytest.MonkeyPatch, option: str, page: Page
) -> None:
    listing = chosen(Selection(**{option: OF_TIMES[option]}), AT)  # type: ignore[arg-type]
    span = next(one.span for one in listing.filters if one.span is not None)
    is_range_of_the_index = page.column == span.column
    monkeypatch.setattr(bounds, "LOOKED_AT", 1)
    for far in range(1, VISITORS):
        monkeypatch.setattr(bounds, "FAR", far)
        with statements(store) as asked:
            start = walks(store, listing, page, None)[0].split("\n")[0]
        looks = [sql for sql in asked if "OFFSET" in sql]
        ends = [sql for sql in asked if "(+v.pk)" in sql]
        assert len(looks) == (0 if is_range_of_the_index else 2 if ends and page.column else 1)
        assert not any("TEMP B-TREE" in line for sql in looks for line in explained(store, sql))
        if ends:
            break
    else:
        assert is_range_of_the_index
        assert f"INDEX visitors_{span.column} ({span.column}" in start
        return
    assert [line for line in explained(store, ends[0]) if f"COVERING INDEX visitors_{span.column} " not in line] == []
    if page.column is None:
        assert start == f"SEARCH v USING INTEGER PRIMARY KEY (rowid{'<' if page.descending else '>'}?)"
    else:
        assert f"INDEX {listing.indexes[page.column]}" in start


@pytest.mark.parametrize(("option", "value"), [(option, value) for option in SERVED for value in SERVED[option]])
def test_a_filter_that_drives_is_served_by_an_index(store: Store, option: str, value: object) -> None:
    listing = chosen(Selection(**{option: value}), AT)  # type: ignore[arg-type]
    (filter_,) = [one for one in listing.filters if one.matching(listing.table, listing.alias) is not None]
    for page, place in pages():
        text = driven(store, listing, filter_, page, place)
        assert "SEARCH v USING INTEGER PRIMARY KEY (rowid=?)" in text
        assert [line for line in scans(text) if line not in READ_WHOLE.get(option, ())] == [], (page, text)
        if page.column is None:
            assert "TEMP B-TREE FOR ORDER BY" not in text, text


# Only `prune` uses the ones left out here, and never counts them alone.
COUNTED = [(option, value) for option in SERVED for value in SERVED[option] if option != "idle_since"]


@pytest.mark.parametrize(("option", "value"), [(None, None), *COUNTED])
def test_what_one_option_chooses_is_counted_without_looking_up_a_visitor(
    store: Store, option: str | None, value: object
) -> None:
    listing = chosen(Selection(**({option: value} if option else {})), AT)  # type: ignore[arg-type]
    with statements(store) as counted:
        listing.count(store)
        listing.count(store, limit=3)
    assert counted
    for sql in counted:
        for line in explained(store, sql):
            read, *_ = line.split()[1:]
            assert read not in ("v", "visitors") or "COVERING INDEX" in line, (sql, line)


@pytest.mark.parametrize("option", TESTED)
def test_what_no_index_can_serve_never_drives(option: str) -> None:
    for value in TESTED[option]:
        listing = chosen(Selection(**{option: value}), AT)  # type: ignore[arg-type]
        assert all(filter_.matching(listing.table, listing.alias) is None for filter_ in listing.filters)


@pytest.mark.parametrize("column", [None, *contacts.SORTABLE.values()])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "wanted",
    [
        ContactSelection(),
        ContactSelection(search="ada"),
        ContactSelection(search="ad"),
        ContactSelection(blocked=True),
        ContactSelection(blocked=False),
        ContactSelection(deleted=True),
        ContactSelection(search=("ada", "bob")),
        ContactSelection(email_domain="example.com"),
        ContactSelection(metadata=(MetadataFilter("plan"),)),
        ContactSelection(metadata=TWO_PLANS),
        ContactSelection(metadata=(MetadataFilter("plan", "pro", negated=True),)),
        ContactSelection(created_since=AT),
        ContactSelection(has_visitors=True),
        ContactSelection(has_visitors=False),
    ],
)
def test_contacts_are_listed_by_indexes_too_where_there_are_some(
    store: Store, wanted: ContactSelection, column: str | None, *, descending: bool
) -> None:
    listing = contacts.listing(wanted, AT)
    page = Page(column=column, descending=descending, limit=50)
    for place in PLACES:
        if not fits(page, place):
            continue
        for text in walks(store, listing, page, place):
            if column is not None and column not in listing.indexes:
                # these are sorted for each page
                assert text.split("\n")[0] == "SCAN c" or text.startswith("SEARCH c USING INTEGER PRIMARY KEY")
                continue
            assert "TEMP B-TREE" not in text
            assert column is None or f"INDEX {listing.indexes[column]}" in text.split("\n")[0]
            assert place is None or text.startswith("SEARCH c")
        for filter_ in listing.filters:
            if filter_.matching(listing.table, listing.alias) is not None:
                text = driven(store, listing, filter_, page, place)
                assert "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)" in text
                of_deleted = {"SCAN c"} if wanted.deleted else set()  # 0.01 s at 216,000
                assert set(scans(text)) <= {READ_WHOLE_FOR_CONTACTS, *of_deleted}, text
