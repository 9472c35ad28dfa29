"""Both ways to find a page give the same page, that of a plain look at all records; and all that is counted is what
is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visitors.domain.selection import MetadataFilter, Selection
from visitors.store import blocks, contacts, kinds, plans, visitors, walks, zones
from visitors.store.connection import Store
from visitors.store.listing import Page
from visitors.store.opening import open_store
from visitors.store.selection import chosen

TIMES = ["2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"]
AT, LATER = "2026-03-01T12:00:00.000Z", "2026-03-01T12:00:00.001Z"


def maybe(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from([None, *values])


VISITORS = st.lists(
    st.fixed_dictionaries(
        {
            "language": maybe("de", "en", "en-US", "eng"),
            "timezone": maybe("Europe/Berlin", "Asia/Tokyo"),
            "browser": maybe("Firefox", "firefox", "Chrome", "Émile", "émile"),
            "os": maybe("iOS", "ios"),
            "deviceType": maybe("mobile", "desktop"),
            "countryCode": maybe("DE", "JP"),
            "ip": maybe("192.0.2.1"),
            "contact": maybe("Ada", "Bob"),
            "created": st.sampled_from(TIMES),
            "updated": st.sampled_from(TIMES),
            "seen": maybe(*TIMES),
            "deleted": maybe(None, None, AT),
            "blocked": st.sampled_from(["", "", "for good", "until later", "until then"]),
        }
    ),
    min_size=1,
    max_size=12,
)
EXPIRES = {"for good": None, "until later": LATER, "until then": AT}
FILTERS: dict[str, st.SearchStrategy[object]] = {
    "identified": st.booleans(),
    "blocked": st.booleans(),
    "language": st.sampled_from(["en", "de"]),
    "timezone": st.just("Asia/Tokyo"),
    "browser": st.sampled_from(["FIREFOX", "émile"]),
    "os": st.just("IOS"),
    "device_type": st.just("mobile"),
    "country_code": st.just("JP"),
    "ip": st.just("192.0.2.1"),
    "contact": st.just("Ada"),
    "created_since": st.sampled_from(TIMES),
    "created_until": st.sampled_from(TIMES),
    "seen_since": st.sampled_from(TIMES),
    "seen_until": st.sampled_from(TIMES),
    "never_seen": st.just(value=True),
    "metadata": st.sampled_from(
        [(MetadataFilter("n"),), (MetadataFilter("n", "5.0"),), (MetadataFilter("n", "5", negated=True),)]
    ),
    "search": st.sampled_from(["ada", "VIS-0", "v", "BOB"]),
    "deleted": st.just(value=True),
    "idle_since": st.sampled_from(TIMES),
    "without_conversations": st.just(value=True),
}
# few at once: most records match none of many
OF_TIMES = st.sampled_from(["created_since", "created_until", "seen_since", "seen_until", "never_seen"])
SELECTIONS = st.lists(OF_TIMES | st.sampled_from(sorted(FILTERS)), max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})
)


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    with open_store(store_path) as opened:
        yield opened


def fill(store: Store, records: list[dict[str, object]], *, apart: int = 1) -> None:
    """Exactly these visitors, whose numbers are so far `apart` from one another."""
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for table in ("blocks", "visitors", "contacts", "visitor_zones", "visitor_days", *kinds.TABLES):
            store.execute(f"DELETE FROM {table}")
        contacts.insert(store, operation, {"name": "Ada", "metadata": {"n": 5}}, contact_id="Ada")
        contacts.insert(store, operation, {"name": "Bob", "metadata": {"n": "x"}}, contact_id="Bob")
        for number, record in enumerate(records):
            visitor = record["id"] = f"vis-{(number * 7) % 13:02}"
            times = (record["created"], record["updated"], record["seen"], record["deleted"])
            data = (record.get(field) or None for field in visitors.COLUMNS)
            row = (1 + number * apart, visitor, record["contact"], *times, *data)
            store.execute(f"INSERT INTO visitors ({_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)
            if record["blocked"]:
                blocks.add(store, operation, "visitor", [visitor], expires_at=EXPIRES[str(record["blocked"])])


_COLUMNS = ", ".join(
    ("pk", "id", "contact_id", "created_at", "updated_at", "last_seen_at", "deleted_at", *visitors.COLUMNS.values())
)


def in_order(records: list[dict[str, object]], column: str | None, *, descending: bool) -> list[dict[str, object]]:
    """The records as a listing sorts them; they come in the order of the store."""
    names = {"created_at": "created", "updated_at": "updated", "last_seen_at": "seen"}
    names |= {column: field for field, column in visitors.COLUMNS.items()}

    def key(numbered: tuple[int, dict[str, object]]) -> tuple[bool, bytes, int]:
        number, record = numbered
        value = record[names.get(column, column)] if column else None
        text = str(value).encode() if value is not None else b""
        return value is not None, text.lower() if column in ("browser", "os") else text, number

    return [record for _, record in sorted(enumerate(records), key=key, reverse=descending)]


def matches(record: dict[str, Any], filters: dict[str, Any]) -> bool:
    """Whether a selection with these filters chooses the record, as its options are described."""
    contact, seen = record["contact"], record["seen"]
    words = [record["id"], *([contact] if contact else [])]
    tests: dict[str, Callable[[Any], bool]] = {
        "identified": lambda wanted: (contact is not None) == wanted,
        "blocked": lambda wanted: (record["blocked"] in ("for good", "until later")) == wanted,
        "language": lambda tag: record["language"] is not None and f"{record['language']}-".startswith(f"{tag}-"),
        "timezone": lambda value: record["timezone"] == value,
        "browser": lambda value: record["browser"] is not None and _lower(record["browser"]) == _lower(value),
        "os": lambda value: record["os"] is not None and _lower(record["os"]) == _lower(value),
        "device_type": lambda value: record["deviceType"] == value,
        "country_code": lambda value: record["countryCode"] == value,
        "ip": lambda value: record["ip"] == value,
        "contact": lambda value: contact == value,
        "created_since": lambda time: record["created"] >= time,
        "created_until": lambda time: record["created"] < time,
        "seen_since": lambda time: seen is not None and seen >= time,
        "seen_until": lambda time: seen is not None and seen < time,
        "never_seen": lambda _: seen is None,
        "metadata": lambda wanted: _has(contact, wanted[0]),
        "search": lambda text: any(text.lower() in word.lower() for word in words),
        "idle_since": lambda time: record["created"] < time and (seen or "") < time,
        "without_conversations": lambda _: True,
        "deleted": lambda _: True,
    }
    return (record["deleted"] is not None) == filters.get("deleted", False) and all(
        tests[name](value) for name, value in filters.items()
    )


def _has(contact: str | None, wanted: MetadataFilter) -> bool:
    """Whether the contact is chosen by its `n`: Ada's is 5, Bob's x."""
    found = contact is not None if wanted.value is None else contact == "Ada"
    return found != wanted.negated


def _lower(text: str) -> bytes:
    return text.encode().lower()


def listed(store: Store, selection: Selection, page: Page) -> list[str]:
    return [visitor.id for visitor in visitors.select(store, selection, page, AT)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=VISITORS,
    filters=SELECTIONS,
    column=st.sampled_from([None, *visitors.SORTABLE.values()]),
    descending=st.booleans(),
    size=st.integers(1, 4),
    apart=st.sampled_from([1, 1_500, 9_000]),
    few=st.tuples(st.integers(0, 2), st.integers(1, 3)),
)
def test_a_walk_and_a_drive_find_the_pages_that_a_look_at_all_records_finds(
    store: Store,
    records: list[dict[str, object]],
    filters: dict[str, object],
    column: str | None,
    *,
    descending: bool,
    size: int,
    apart: int,
    few: tuple[int, int],
) -> None:
    fill(store, records, apart=apart)
    ordered = in_order(records, column, descending=descending)
    expected = [str(record["id"]) for record in ordered if matches(record, filters)]
    selection = Selection(**filters)  # type: ignore[arg-type]
    whole = Page(column=column, descending=descending)
    for driven in (0, 1_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plans, "FEW", driven)
            patch.setattr(plans, "FEW_OF_ALL", driven)
            patch.setattr(walks, "VALUES", few[0])
            patch.setattr(zones, "RUNS", few[1])
            everything = listed(store, selection, whole)
            assert everything == expected
            assert visitors.count(store, selection, AT) == len(everything)
            assert visitors.count(store, selection, AT, limit=2) == min(2, len(everything))
            assert sorted(visitors.chosen_ids(store, selection, AT)) == sorted(everything)
            # from every record on, also from those that the selection does not choose
            for number, before in enumerate([None, *ordered]):
                after = None if before is None else str(before["id"])
                beyond = [str(record["id"]) for record in ordered[number:] if matches(record, filters)]
                page = Page(column=column, descending=descending, limit=size, after=after)
                assert listed(store, selection, page) == beyond[:size]
            after, walked = None, []
            while found := listed(
                store, selection, Page(column=column, descending=descending, limit=size, after=after)
            ):
                walked += found
                assert len(walked) <= len(everything)
                after = found[-1]
            assert walked == everything


def test_the_filter_with_the_fewest_matches_drives_and_many_matches_are_walked_to(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "FEW", 3)
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for number in range(6):
            data = {"language": "en", "os": "Linux" if number < 2 else "iOS", "ip": None if number else "192.0.2.1"}
            visitors.insert(store, operation, {key: value for key, value in data.items() if value})

    def driving(**filters: str) -> str | None:
        page = Page(column="browser", limit=5)
        found = chosen(Selection(**filters), AT).driver(store, page)  # type: ignore[arg-type]
        return found.filter.span.column if found is not None and found.filter.span is not None else None

    assert driving() is None
    assert driving(language="en") is None
    assert driving(language="en", os="linux") == "os"
    assert driving(language="en", os="linux", ip="192.0.2.1") == "ip"
    assert driving(os="ios") is None


def test_where_much_leads_to_matches_these_are_not_looked_up_one_by_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        for number in range(6):
            plan = "pro" if number < 2 else "free"
            contact = contacts.insert(store, operation, {"externalId": f"user-{number}", "metadata": {"plan": plan}})
            visitors.insert(store, operation, {}, contact_id=contact)

    def driving(**filters: object) -> tuple[bool, int]:
        statements: list[str] = []
        store._connection.set_trace_callback(statements.append)
        driver = chosen(Selection(**filters), AT).driver(store, Page(column="browser", limit=5))  # type: ignore[arg-type]
        store._connection.set_trace_callback(None)
        return driver is not None, sum("FROM visitors" in one or "JOIN visitors" in one for one in statements)

    monkeypatch.setattr(plans, "FEW", 5)  # two of them count for four
    assert driving(metadata=(MetadataFilter("plan", "free"),)) == (False, 0)
    assert driving(metadata=(MetadataFilter("plan"),)) == (False, 0)
    assert driving(metadata=(MetadataFilter("plan", "pro"),)) == (True, 1)
    monkeypatch.setattr(plans, "FEW", 4)
    assert driving(metadata=(MetadataFilter("plan", "pro"),)) == (False, 0)


@pytest.mark.parametrize("column", ["created_at", "updated_at", "last_seen_at"])
def test_the_days_that_can_match_are_gone_through_in_the_order_of_the_page(
    store: Store, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    monkeypatch.setattr(plans, "FEW", 0)
    other = "last_seen_at" if column == "created_at" else "created_at"
    with store.operation("test", actor="ada", clock=lambda: AT):
        for day in range(1, 8):
            # every second one matches, so that the days between are passed by
            times = {"created_at": AT, "updated_at": AT, other: f"2026-0{day % 2 + 1}-01T00:00:00.000Z"}
            times[column] = f"2026-03-0{day}T00:00:00.000Z"
            store.execute(
                f"INSERT INTO visitors (id, {', '.join(times)}) VALUES (?{', ?' * len(times)})",
                (f"v{day}", *times.values()),
            )
    until = "2026-02-01T00:00:00.000Z"
    selection = Selection(seen_until=until) if other == "last_seen_at" else Selection(created_until=until)

    assert listed(store, selection, Page(column=column, limit=9)) == ["v2", "v4", "v6"]
    assert listed(store, selection, Page(column=column, descending=True, limit=9)) == ["v6", "v4", "v2"]
    assert listed(store, selection, Page(column=column, limit=9, after="v3")) == ["v4", "v6"]
    assert listed(store, selection, Page(column=column, descending=True, limit=9, after="v4")) == ["v2"]


def test_matches_are_counted_up_to_a_limit_over_all_stretches_of_a_walk(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "FEW_OF_ALL", 0)
    with store.operation("test", actor="ada", clock=lambda: AT):
        for number in range(6):
            # each in a zone of its own, of which every second matches
            time = TIMES[number % 2]
            store.execute(
                "INSERT INTO visitors (pk, id, created_at, updated_at) VALUES (?, ?, ?, ?)",
                (1 + number * 9_000, f"v{number}", time, time),
            )
    early = Selection(created_until=TIMES[1])

    assert [visitors.count(store, early, AT, limit=limit) for limit in (1, 2, 3, 4)] == [1, 2, 3, 3]
    assert visitors.count(store, early, AT) == 3
    assert visitors.count(store, Selection(created_until=TIMES[0]), AT, limit=2) == 0


def test_a_walk_that_fills_soon_asks_for_the_matches_of_a_filter_instead_of_looking_them_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.operation("test", actor="ada", clock=lambda: AT):
        for number in range(40):
            store.execute(
                "INSERT INTO visitors (id, ip, language, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
                (f"v{number:02}", "192.0.2.1" if number % 2 else None, f"l{number % 7}", AT, AT),
            )
    selection = Selection(ip="192.0.2.1")

    def listed_by(passing: float, **page: Any) -> tuple[list[str], bool]:
        monkeypatch.setattr(plans, "PASSING", passing)
        statements: list[str] = []
        store._connection.set_trace_callback(statements.append)
        found = listed(store, selection, Page(column="language", limit=5, **page))
        store._connection.set_trace_callback(None)
        return found, any("INDEXED BY visitors_language" in one for one in statements)

    for page in ({}, {"descending": True}, {"after": "v08"}, {"after": "v09", "descending": True}):
        walked, along = listed_by(0.0, **page)
        looked_up, by_index = listed_by(1_000.0, **page)
        assert (along, by_index) == (True, False)
        assert walked == looked_up
        assert len(walked) == 5
    # all that matches one time may lie at the far end of another; and two filters may leave nobody
    monkeypatch.setattr(plans, "PASSING", 0.0)
    for selection, column, soon in (
        (Selection(created_since=TIMES[0]), "updated_at", False),
        (Selection(created_since=TIMES[0]), "os", True),
        (Selection(ip="192.0.2.1", language="l1"), "os", False),
        (Selection(ip="192.0.2.1", blocked=False), "os", True),
    ):
        listing, page_ = chosen(selection, AT), Page(column=column, limit=5)
        driver = listing.driver(store, page_)
        assert driver is not None
        assert listing._fills_soon(store, driver, page_) is soon
