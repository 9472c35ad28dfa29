"""What SQLite makes of each listing: an index serves every filter, sort and page that one can serve."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from visitors.domain.selection import MetadataFilter, Selection
from visitors.store import contacts, visitors
from visitors.store.connection import Store
from visitors.store.listing import Page, Place, in_order
from visitors.store.opening import open_store
from visitors.store.plans import Driver, Listing
from visitors.store.selection import chosen
from visitors.store.walks import Filter

AT = "2026-03-01T12:00:00.000Z"
BEFORE = "2026-01-01T12:00:00.000Z"

# Option -> values of it that an index serves, and values that are only ever tested on a row.
SERVED: dict[str, list[object]] = {
    "identified": [True, False],
    "blocked": [True],
    "language": ["en"],
    "timezone": ["Europe/Berlin"],
    "country_code": ["DE"],
    "device_type": ["mobile"],
    "browser": ["firefox"],
    "os": ["linux"],
    "ip": ["192.0.2.1"],
    "contact": ["C"],
    "created_since": [AT],
    "created_until": [AT],
    "seen_since": [AT],
    "seen_until": [AT],
    "never_seen": [True],
    "metadata": [(MetadataFilter("plan"),), (MetadataFilter("plan", "pro"),), (MetadataFilter("seats", "5"),)],
    "search": ["ada", 'a "b'],
    "deleted": [True],
    "idle_since": [AT],
    "without_conversations": [],
}
TESTED: dict[str, list[object]] = {
    "blocked": [False],
    "metadata": [(MetadataFilter("plan", "pro", negated=True),)],
    "search": ["ad"],
    "without_conversations": [True],
}
SORTS = [None, *visitors.SORTABLE.values()]
PLACES = [None, Place(5, "en"), Place(5)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("plans") / "visitors.db") as opened:
        fill(opened)
        yield opened


def fill(store: Store) -> None:
    """Three zones, with others between them, in each of which something matches whatever filter of times; and two in
    which nothing matches half of these.
    """
    sql = (
        "INSERT INTO visitors (pk, id, created_at, updated_at, last_seen_at, language, os) VALUES (?, ?, ?, ?, ?, ?, ?)"
    )
    with store.operation("test", actor="ada", clock=lambda: AT):
        for zone in (0, 3, 6):
            for number, time in enumerate((BEFORE, AT)):
                pk = zone * 4096 + number
                store.execute(sql, (pk, f"v{pk}", time, time, time, "en", "Linux"))
            store.execute(sql, (pk + 1, f"v{pk + 1}", BEFORE, BEFORE, None, None, "iOS"))
        for zone, time in ((9, BEFORE), (12, AT)):
            store.execute(sql, (zone * 4096, f"v{zone * 4096}", time, time, time, "en", "Linux"))


def plan(store: Store, listing: Listing, page: Page, access: str, sql: str, parameters: tuple[object, ...]) -> str:
    text = (
        f"EXPLAIN QUERY PLAN SELECT {listing.alias}.id FROM {listing.table} AS {listing.alias} {access}"
        f" WHERE {sql}{in_order(page, listing.alias)} LIMIT 50"
    )
    return "\n".join(str(row[3]) for row in store.execute(text, parameters))


def walks(store: Store, listing: Listing, page: Page, place: Place | None) -> list[str]:
    return [
        plan(store, listing, page, access, condition.sql, condition.parameters)
        for access, condition in listing.walk(store, page, place)
    ]


def driven(store: Store, listing: Listing, filter_: Filter, page: Page, place: Place | None) -> str:
    access, condition = listing.drive(Driver(filter_, 2, "[1,2]"), page, place)
    matching = listing.matching(filter_)
    assert matching is not None
    asked = store.execute(f"EXPLAIN QUERY PLAN SELECT pk FROM ({matching.sql}) LIMIT 9", matching.parameters)
    used = "\n".join(str(row[3]) for row in asked)
    return used + "\n" + plan(store, listing, page, access, condition.sql, condition.parameters)


def pages() -> Iterator[tuple[Page, Place | None]]:
    for column, descending, place in product(SORTS, (False, True), PLACES):
        page = Page(column=column, descending=descending, limit=50)
        if fits(page, place):
            yield page, place


def fits(page: Page, place: Place | None) -> bool:
    """Whether there can be a record like `place`: not one without a time of its making."""
    return place is None or place.value is not None or page.column not in ("id", "created_at", "updated_at")


def given(line: str) -> bool:
    """Whether a scan is of matches that something else found: by full text, or as a list."""
    return "VIRTUAL TABLE" in line or line.startswith("SCAN (")


def scans(text: str) -> list[str]:
    """Whole tables or indexes that a plan reads, but for lists of given values and full-text matches."""
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


OF_TIMES = ("created_since", "created_until", "seen_since", "seen_until", "never_seen")


@pytest.mark.parametrize("option", OF_TIMES)
@pytest.mark.parametrize("page", [page for page, place in pages() if place is None], ids=str)
def test_a_walk_for_a_range_of_times_passes_by_the_zones_that_cannot_match(
    store: Store, option: str, page: Page
) -> None:
    listing = chosen(Selection(**{option: SERVED[option][0]}), AT)  # type: ignore[arg-type]
    found = walks(store, listing, page, None)

    starts = [text.split("\n")[0] for text in found]
    runs = 3 if option == "never_seen" else 4
    growing = page.column in ("id", "created_at", "updated_at", "last_seen_at")
    if page.column is None:
        assert set(starts) == {"SEARCH v USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}
        assert len(starts) == runs
    elif page.column == next(one.span.column for one in listing.filters if one.span is not None):
        assert len(starts) == 1, starts  # a range of that very index
        assert f"({page.column}" in starts[0]
    elif growing:
        of_values = [start for start in starts if f"({page.column}>? AND {page.column}<?)" in start]
        assert len(of_values) == 1
        assert len(starts) == (1 if page.column != "last_seen_at" else 1 + runs)
    else:
        of_values = [start for start in starts if f"({page.column}=? AND pk>? AND pk<?)" in start]
        assert of_values == starts
        assert len(starts) >= runs


@pytest.mark.parametrize(("option", "value"), [(option, value) for option in SERVED for value in SERVED[option]])
def test_a_filter_that_drives_is_served_by_an_index(store: Store, option: str, value: object) -> None:
    listing = chosen(Selection(**{option: value}), AT)  # type: ignore[arg-type]
    (filter_,) = [one for one in listing.filters if listing.matching(one) is not None]
    for page, place in pages():
        text = driven(store, listing, filter_, page, place)
        assert "SEARCH v USING INTEGER PRIMARY KEY (rowid=?)" in text
        allowed = ["SCAN visitor_blocks", "SCAN v USING COVERING INDEX visitors_deleted_at"]
        assert [line for line in scans(text) if line not in allowed] == [], (page, text)
        if page.column is None:
            assert "TEMP B-TREE FOR ORDER BY" not in text, text


@pytest.mark.parametrize(
    ("option", "value"),
    [(None, None), *((option, value) for option in SERVED for value in SERVED[option])],
)
def test_what_one_option_chooses_is_counted_without_looking_up_a_visitor(
    store: Store, option: str | None, value: object
) -> None:
    listing = chosen(Selection(**({option: value} if option else {})), AT)  # type: ignore[arg-type]
    counted: list[str] = []
    store._connection.set_trace_callback(counted.append)
    listing.count(store)
    listing.count(store, limit=3)
    store._connection.set_trace_callback(None)
    counted = [sql for sql in counted if not sql.startswith("--")]  # what full-text search asks of its own tables
    assert counted
    for sql in counted:
        for line in (str(row[3]) for row in store.execute(f"EXPLAIN QUERY PLAN {sql}")):
            read, *_ = line.split()[1:]
            assert read not in ("v", "visitors") or "COVERING INDEX" in line, (sql, line)


@pytest.mark.parametrize("option", TESTED)
def test_what_no_index_can_serve_never_drives(option: str) -> None:
    for value in TESTED[option]:
        listing = chosen(Selection(**{option: value}), AT)  # type: ignore[arg-type]
        assert all(listing.matching(filter_) is None for filter_ in listing.filters)


@pytest.mark.parametrize("column", [None, *contacts.SORTABLE.values()])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "wanted",
    [
        contacts.Filter(),
        contacts.Filter(search="ada"),
        contacts.Filter(search="ad"),
        contacts.Filter(blocked=True),
        contacts.Filter(blocked=False),
        contacts.Filter(deleted=True),
    ],
)
def test_contacts_are_listed_by_indexes_too(
    store: Store, wanted: contacts.Filter, column: str | None, *, descending: bool
) -> None:
    listing = contacts.listing(wanted, AT)
    page = Page(column=column, descending=descending, limit=50)
    for place in PLACES:
        if not fits(page, place):
            continue
        for text in walks(store, listing, page, place):
            assert "TEMP B-TREE" not in text
            assert column is None or "USING INDEX" in text.split("\n")[0] or "COVERING INDEX" in text.split("\n")[0]
            assert place is None or text.startswith("SEARCH c")
        for filter_ in listing.filters:
            if listing.matching(filter_) is not None:
                text = driven(store, listing, filter_, page, place)
                assert "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)" in text
                assert all("blocks_live" in line or "deleted_at" in line for line in scans(text)), text
