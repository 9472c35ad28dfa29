"""Every plan of a page gives the same result as a plain scan, and counts match listings."""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from visitors.domain.contact_selection import ContactSelection
from visitors.domain.conversation import Conversation, Message
from visitors.domain.conversation_selection import ConversationSelection
from visitors.domain.folding import fold, search_text
from visitors.domain.pruning import Idle
from visitors.domain.selection import OF_BLOCKS, MetadataFilter, Selection
from visitors.store.file.opening import open_store
from visitors.store.file.sqlite import SqliteDatabase
from visitors.store.places import Memory
from visitors.store.query import bounds, plans
from visitors.store.query.contacts import SORTABLE
from visitors.store.query.conversations import SORTABLE as CONVERSATION_SORTS
from visitors.store.query.listing import Condition, Page
from visitors.store.query.plans import Listing
from visitors.store.query.selection import chosen
from visitors.store.records import blocks, contacts, conversations, visitors
from visitors.store.store import OpenOperation, Store

TIMES = ["2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"]
AT, LATER = "2026-03-01T12:00:00.000Z", "2026-03-01T12:00:00.001Z"

Record = dict[str, Any]

# Field of a visitor -> its values, all equally frequent.
VALUES: dict[str, list[object]] = {
    "language": [None, "de", "en", "en-US", "eng"],
    "timezone": [None, "Europe/Berlin", "Asia/Tokyo"],
    "browser": [None, "Firefox", "firefox", "Chrome", "Émile", "émile"],
    "os": [None, "iOS", "ios"],
    "deviceType": [None, "mobile", "desktop"],
    "countryCode": [None, "DE", "JP"],
    "fingerprint": [None, "fp-1", "fp-2"],
    "ip": [None, "192.0.2.1", "192.0.3.200", "2001:db8::1", "2001:db8:0:7::1", "9.0.0.1", "2001:db8:1::1"],
    "contact": [None, "Ada", "Bob"],
    "created": [*TIMES],
    "updated": [*TIMES],
    "seen": [None, *TIMES],
    "deleted": [None, None, None, AT],
    "blocked": ["", "", "for good", "until later", "until then"],
    "why": ["Spam: 50% off", None, "fraud", "spam_x"],
    "by": ["jo", None, "sam", "jo", "Jo"],
    "since": [*TIMES],
    "talked": ["", "began", "", "wrote", "", "wrote", ""],
}
VISITORS = st.lists(
    st.fixed_dictionaries({field: st.sampled_from(values) for field, values in VALUES.items()}), min_size=1, max_size=12
)
EMAILS = {"Ada": "ada@example.com", "Bob": "bob@mail.example.com"}
EXPIRES = {"for good": None, "until later": LATER, "until then": AT}
# Option of a selection -> values to test.
FILTERS: dict[str, list[object]] = {
    "identified": [True, False],
    "blocked": [True, False],
    "language": ["en", "de", ("de", "en")],
    "timezone": ["Asia/Tokyo", ("Asia/Tokyo", "Europe/Berlin")],
    "browser": ["FIREFOX", "émile", ("FIREFOX", "émile")],
    "os": ["IOS"],
    "device_type": ["mobile"],
    "country_code": ["JP"],
    "fingerprint": ["fp-1", ("fp-1", "fp-2")],
    "ip": [
        "192.0.2.1", ("192.0.2.1", "2001:db8::1"), "192.0.2.0/23", "192.0.2.0/24", "192.0.3.128/25", "8.0.0.0/7",
        "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:db8::/48", "2001:db8::/47", ("2001:db8::/64", "9.0.0.0/8"),
    ],
    "contact": ["Ada", ("Bob", "Ada")],
    "email_domain": ["example.com", "mail.example.com", "example", ("other.example", "mail.example.com")],
    "blocked_since": [*TIMES],
    "blocked_until": [*TIMES],
    "blocked_by": ["jo", ("sam", "Jo")],
    "block_reason": ["SPAM", "0%", "_", ("fraud", "x")],
    "created_since": [*TIMES],
    "created_until": [*TIMES],
    "updated_since": [*TIMES],
    "updated_until": [*TIMES],
    "seen_since": [*TIMES],
    "seen_until": [*TIMES],
    "never_seen": [True],
    "metadata": [(MetadataFilter("n"),), (MetadataFilter("n", "5.0"),), (MetadataFilter("n", "5", negated=True),)],
    "search": ["ada", "VIS-0", "v", "BOB", "is-01", ("ada", "BOB"), ("BOB", "v")],
    "deleted": [True],
    "idle_since": [*TIMES],
    "without_conversations": [True],
}  # fmt: skip
# few at once: most records would match none of many
OF_TIMES = st.sampled_from(
    ["created_since", "created_until", "updated_since", "seen_since", "seen_until", "never_seen", "idle_since"]
)
SELECTIONS = st.lists(OF_TIMES | st.sampled_from(sorted(FILTERS)), max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: st.sampled_from(FILTERS[name]) for name in names})
)
SORTS = [None, *visitors.SORTABLE.values()]

# FEW and FEW_OF_ALL, FAR, and PASSING: what makes listings walk, walk within bounds or among numbers, drive, and walk
# by a driver.
WAYS = [(0, 1_000, 0.05), (0, 0, 0.05), (0, 2, 0.05), (3, 1, 0.05), (1_000, 0, 1_000.0), (1_000, 0, 0.0)]
ENTERED = {"walk", "bounds", "numbers", "drive", "walk by a driver"}


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store(Memory()) as opened:
        yield opened


def in_time_order(records: list[Record]) -> list[Record]:
    """Sort the times, so that none is before that of an earlier record."""
    ordered = [dict(record) for record in records]
    for field in ("created", "updated", "seen"):
        times = iter(sorted(record[field] for record in records if record[field] is not None))
        for record in ordered:
            if record[field] is not None:
                record[field] = next(times)
    return ordered


def fill(
    store: Store, operation: OpenOperation, records: list[Record], *, apart: int = 1, blocked_contact: str | None = None
) -> None:
    """Insert these visitors, with numbers so far `apart`, and their contacts, one of them blocked."""
    for name, n in (("Ada", 5), ("Bob", "x")):
        contacts.insert(store, operation, {"name": name, "email": EMAILS[name], "metadata": {"n": n}}, contact_id=name)
    if blocked_contact is not None:
        blocks.add(store, operation, "contact", [blocked_contact], reason="Spam", blocked_by="jo", blocked_at=TIMES[1])
    for number, record in enumerate(records):
        visitor = record["id"] = f"vis-{(number * 7) % 13:02}"
        record["blocks"] = []
        if record["blocked"] in ("for good", "until later"):
            record["blocks"].append((record["why"], record["by"], record["since"]))
        if blocked_contact is not None and record["contact"] == blocked_contact:
            record["blocks"].append(("Spam", "jo", TIMES[1]))
        times = (record["created"], record["updated"], record["seen"], record["deleted"])
        data = (record.get(field) for field in visitors.COLUMNS)
        row = (1 + number * apart, visitor, record["contact"], *times, *data)
        store.execute(f"INSERT INTO visitors ({_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)
        if record["blocked"]:
            terms = {"reason": record["why"], "blocked_by": record["by"], "blocked_at": record["since"]}
            blocks.add(store, operation, "visitor", [visitor], **terms, expires_at=EXPIRES[record["blocked"]])
    for record in records:
        if record["talked"] == "began":
            conversations.start(store, operation, record["id"])
        elif record["talked"] == "wrote":
            begun = conversations.start(store, operation, records[0]["id"])
            conversations.add_message(store, operation, begun, body="hello", visitor_id=record["id"])
            records[0]["talked"] = records[0]["talked"] or "began"


_COLUMNS = ", ".join(
    ("pk", "id", "contact_id", "created_at", "updated_at", "last_seen_at", "deleted_at", *visitors.COLUMNS.values())
)
_FIELDS = {
    "created_at": "created",
    "updated_at": "updated",
    "last_seen_at": "seen",
    **{column: field for field, column in visitors.COLUMNS.items()},
}


def in_order(records: list[Record], column: str | None, *, descending: bool) -> list[Record]:
    """Sort the records as a listing does; they are given in creation order."""

    def key(numbered: tuple[int, Record]) -> tuple[bool, bytes, int]:
        number, record = numbered
        value = record[_FIELDS.get(column, column)] if column else None
        text = str(value).encode() if value is not None else b""
        return value is not None, text.lower() if column in ("browser", "os") else text, number

    return [record for _, record in sorted(enumerate(records), key=key, reverse=descending)]


def matches(record: Record, filters: dict[str, Any]) -> bool:
    """Return whether a selection with these filters matches the record, by the options' documentation."""
    contact, seen = record["contact"], record["seen"]
    email = EMAILS.get(contact or "", "")
    words = [record["id"], *([contact, email] if contact else [])]
    tests: dict[str, Callable[[Any], bool]] = {
        "identified": lambda wanted: (contact is not None) == wanted,
        "blocked": lambda wanted: bool(record["blocks"]) == wanted,
        "language": lambda tag: record["language"] is not None and f"{record['language']}-".startswith(f"{tag}-"),
        "timezone": lambda value: record["timezone"] == value,
        "browser": lambda value: record["browser"] is not None and _lower(record["browser"]) == _lower(value),
        "os": lambda value: record["os"] is not None and _lower(record["os"]) == _lower(value),
        "device_type": lambda value: record["deviceType"] == value,
        "country_code": lambda value: record["countryCode"] == value,
        "fingerprint": lambda value: record["fingerprint"] == value,
        "ip": lambda value: record["ip"] is not None and _lies_in(record["ip"], value),
        "contact": lambda value: contact == value,
        "email_domain": lambda value: email.partition("@")[2] == value,
        "created_since": lambda time: record["created"] >= time,
        "created_until": lambda time: record["created"] < time,
        "updated_since": lambda time: record["updated"] >= time,
        "updated_until": lambda time: record["updated"] < time,
        "seen_since": lambda time: seen is not None and seen >= time,
        "seen_until": lambda time: seen is not None and seen < time,
        "never_seen": lambda _: seen is None,
        "metadata": lambda wanted: _has(contact, wanted),
        "search": lambda text: any(text.lower() in word.lower() for word in words),
        "idle_since": lambda time: record["created"] < time and (seen or "") < time,
        "without_conversations": lambda _: not record["talked"],
        "deleted": lambda _: True,
    }
    of_blocks = {name: value for name, value in filters.items() if name in OF_BLOCKS}
    return (
        (record["deleted"] is not None) == filters.get("deleted", False)
        and all(any(map(tests[name], _each(filters[name]))) for name in filters if name not in of_blocks)
        and (not of_blocks or any(_is_such_a_block(block, of_blocks) for block in record["blocks"]))
    )


def _each(value: Any) -> Any:
    return value if isinstance(value, tuple) else (value,)


def _is_such_a_block(block: tuple[str | None, str | None, str], wanted: dict[str, Any]) -> bool:
    """Return whether the block matches all filters on blocks."""
    why, by, since = block
    tests: dict[str, Callable[[Any], bool]] = {
        "blocked_since": lambda time: since >= time,
        "blocked_until": lambda time: since < time,
        "blocked_by": lambda name: by == name,
        "block_reason": lambda part: part.lower() in (why or "").lower(),
    }
    return all(any(map(tests[name], _each(value))) for name, value in wanted.items())


def _lies_in(address: str, wanted: str) -> bool:
    """Return whether the address is that address, or in that network."""
    one, network = ipaddress.ip_address(address), ipaddress.ip_network(wanted)
    return one.version == network.version and one in network


def _has(contact: str | None, wanted: MetadataFilter) -> bool:
    """Return whether the contact matches by its `n`: Ada's is 5, Bob's x."""
    found = contact is not None if wanted.value is None else contact == "Ada"
    return found != wanted.negated


def _lower(text: str) -> bytes:
    return text.encode().lower()


def listed(store: Store, selection: Selection, page: Page) -> list[str]:
    return [visitor.id for visitor in visitors.select(store, selection, page, AT)]


@contextmanager
def way(few: int, far: int, passing: float) -> Iterator[None]:
    """Make listings choose plans among few records as among many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "FEW", few)
        patch.setattr(plans, "FEW_OF_ALL", few)
        patch.setattr(bounds, "FAR", far)
        patch.setattr(plans, "PASSING", passing)
        yield


@contextmanager
def watched() -> Iterator[Counter[str]]:
    """How often each plan was used."""
    entered: Counter[str] = Counter()
    walk, drive, bounds_of = Listing.walk, Listing.drive, bounds.Walk.bounds

    def watched_walk(self: Listing, *arguments: Any) -> Any:
        entered["walk" if len(arguments) < 4 or arguments[3] is None else "walk by a driver"] += 1
        return walk(self, *arguments)

    def watched_drive(self: Listing, *arguments: Any) -> Any:
        entered["drive"] += 1
        return drive(self, *arguments)

    def watched_bounds(self: bounds.Walk, *arguments: Any) -> Iterator[Condition]:
        for condition in bounds_of(self, *arguments):
            entered["numbers" if " IN (" in condition.sql else "bounds"] += 1
            yield condition

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Listing, "walk", watched_walk)
        patch.setattr(Listing, "drive", watched_drive)
        patch.setattr(bounds.Walk, "bounds", watched_bounds)
        yield entered


Found = Callable[[Page], list[str]]


def assert_pages(found: Found, ordered: list[str], expected: set[str], page: Page) -> None:
    """Assert that the pages of `ordered`, of which only the `expected` records are listed, are correct: as a whole,
    from every record on, including unlisted ones, and one after another.
    """
    everything = [one for one in ordered if one in expected]
    for number, before in enumerate([None, *ordered]):
        beyond = [one for one in ordered[number:] if one in expected]
        assert found(replace(page, after=before)) == beyond[: page.limit]
        assert found(replace(page, after=before, limit=0)) == beyond
    paged = list[str]()
    while some := found(replace(page, after=paged[-1] if paged else None)):
        paged += some
        assert len(paged) <= len(everything)
    assert paged == everything


def assert_chosen(store: Store, filters: dict[str, Any], chosen_ones: list[Record]) -> None:
    """Assert that counts and totals match the listing of these records, in creation order."""
    selection = Selection(**filters)
    ids = [record["id"] for record in chosen_ones]
    assert visitors.chosen_ids(store, selection, AT) == ids
    assert visitors.count(store, selection, AT) == len(ids)
    assert [visitors.count(store, selection, AT, limit=limit) for limit in (1, 2, 50)] == [
        min(limit, len(ids)) for limit in (1, 2, 50)
    ]
    seen = [record["seen"] or record["created"] for record in chosen_ones]
    never = sum(record["seen"] is None for record in chosen_ones)
    ends = (min(seen), max(seen)) if seen else (None, None)
    assert visitors.idle(store, selection, AT) == Idle(len(ids), never, *ends)


@pytest.mark.slow
def test_every_way_finds_the_pages_that_a_look_at_all_records_finds(store: Store) -> None:
    @settings(max_examples=300, deadline=None)
    @given(
        records=VISITORS,
        ordered_by_time=st.booleans(),
        filters=SELECTIONS,
        column=st.sampled_from(SORTS),
        descending=st.booleans(),
        size=st.integers(1, 4),
        apart=st.sampled_from([1, 50]),
        blocked_contact=st.sampled_from([None, None, "Ada", "Bob"]),
    )
    def check(
        records: list[Record],
        filters: dict[str, Any],
        column: str | None,
        size: int,
        apart: int,
        blocked_contact: str | None,
        *,
        ordered_by_time: bool,
        descending: bool,
    ) -> None:
        records = in_time_order(records) if ordered_by_time else [dict(record) for record in records]
        with store.operation("test", actor="ada", clock=lambda: AT, dry_run=True) as operation:
            fill(store, operation, records, apart=apart, blocked_contact=blocked_contact)
            ordered = [record["id"] for record in in_order(records, column, descending=descending)]
            chosen_ones = [record for record in records if matches(record, filters)]
            page = Page(column=column, descending=descending, limit=size)
            for few, far, passing in WAYS:
                with way(few, far, passing):
                    assert_chosen(store, filters, chosen_ones)
                    assert_pages(
                        lambda some: listed(store, Selection(**filters), some),
                        ordered,
                        {record["id"] for record in chosen_ones},
                        page,
                    )

    with watched() as entered:
        for _ in range(5):  # the rarest plan occurs in few examples, and occasionally in none of 300
            check()
            if set(entered) == ENTERED:
                break
    assert set(entered) == ENTERED


@pytest.mark.slow
@pytest.mark.parametrize("ordered_by_time", [True, False])
def test_every_filter_and_every_sort_go_together(store: Store, *, ordered_by_time: bool) -> None:
    # every value meets every other one sooner or later, since the numbers of values differ
    records = [{field: values[number % len(values)] for field, values in VALUES.items()} for number in range(12)]
    records = in_time_order(records) if ordered_by_time else [*records[5:], *records[:5]]
    tried = [{}, *({option: value} for option, values in FILTERS.items() for value in values)]
    with (
        watched() as entered,
        store.operation("test", actor="ada", clock=lambda: AT, dry_run=True) as operation,
    ):
        fill(store, operation, records, blocked_contact="Bob")
        of_sorts = {
            (column, descending): [record["id"] for record in in_order(records, column, descending=descending)]
            for column, descending in product(SORTS, (False, True))
        }
        for (few, far, passing), filters in product(WAYS, tried):
            chosen_ones = [record for record in records if matches(record, filters)]
            ids = {record["id"] for record in chosen_ones}
            selection = Selection(**filters)  # type: ignore[arg-type]
            with way(few, far, passing):
                assert_chosen(store, filters, chosen_ones)
                for (column, descending), ordered in of_sorts.items():
                    for after in (None, ordered[5]):
                        page = Page(column=column, descending=descending, limit=3, after=after)
                        start = 0 if after is None else ordered.index(after) + 1
                        expected = [one for one in ordered[start:] if one in ids][:3]
                        assert listed(store, selection, page) == expected, (filters, page, few, far, passing)
    assert set(entered) == ENTERED


CONTACTS = st.lists(
    st.fixed_dictionaries(
        {
            "external_id": st.booleans(),
            "name": st.sampled_from([None, "Ada", "ada", "Bob", "Éva"]),
            "email": st.sampled_from([None, "ada@example.com", "bob@mail.example"]),
            "created": st.sampled_from(TIMES),
            "updated": st.sampled_from(TIMES),
            "deleted": st.sampled_from([None, None, AT]),
            "merged": st.sampled_from([False, False, False, True]),
            "blocked": st.sampled_from(["", "", *EXPIRES]),
            "n": st.sampled_from([None, 5, "x"]),
            "visitors": st.lists(st.tuples(st.sampled_from([None, *TIMES]), st.booleans()), max_size=3),
        }
    ),
    min_size=1,
    max_size=10,
)
WANTED = st.fixed_dictionaries(
    {},
    optional={
        "search": st.sampled_from(
            ["ada", "AD", "per-0", "SER-", "éva", "example", "zzz", ("éva", "BOB"), ("zzz", "a")]
        ),
        "blocked": st.booleans(),
        "deleted": st.booleans(),
        "email_domain": st.sampled_from(["example.com", "ample.com", ("mail.example", "example.com")]),
        "metadata": st.sampled_from(
            [
                (MetadataFilter("n"),),
                (MetadataFilter("n", "5.0"),),
                (MetadataFilter("n", "5"), MetadataFilter("n", "x")),
                (MetadataFilter("n", "5", negated=True),),
            ]
        ),
        "created_since": st.sampled_from(TIMES),
        "created_until": st.sampled_from(TIMES),
        "has_visitors": st.booleans(),
    },
)


def fill_contacts(store: Store, operation: OpenOperation, records: list[Record]) -> None:
    """Insert these contacts; merged ones resolve to the first."""
    fields = ("id", "external_id", "name", "email", "created", "updated", "deleted")
    names = ("pk", *fields[:4], "created_at", "updated_at", "deleted_at", "merged_into", "search_text", "metadata")
    for number, record in enumerate(records):
        record["id"] = f"per-{(number * 7) % 11:02}"
        record["external_id"] = f"user-{(number * 3) % 11}" if record["external_id"] else None
        record["merged"] = record["merged"] and number > 0
        merged_into = records[0]["id"] if record["merged"] else None
        folded = search_text(record["external_id"], record["name"], record["email"])
        metadata = json.dumps({} if record["n"] is None else {"n": record["n"]})
        values = (number + 1, *(record[field] for field in fields), merged_into, folded, metadata)
        store.execute(f"INSERT INTO contacts ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", values)
        if record["blocked"]:
            blocks.add(store, operation, "contact", [record["id"]], expires_at=EXPIRES[record["blocked"]])
        for seen, is_deleted in record["visitors"]:
            visitor = (operation.new_id(), record["id"], AT, AT, seen, AT if is_deleted else None)
            columns = "id, contact_id, created_at, updated_at, last_seen_at, deleted_at"
            store.execute(f"INSERT INTO visitors ({columns}) VALUES (?, ?, ?, ?, ?, ?)", visitor)
        live = [seen for seen, is_deleted in record["visitors"] if not is_deleted]
        record["visitor_count"] = f"{len(live):09d}"
        record["visitor_seen_at"] = max((seen for seen in live if seen is not None), default=None)


def is_wanted(record: Record, wanted: dict[str, Any]) -> bool:
    words = [record[field] for field in ("id", "external_id", "name", "email") if record[field] is not None]
    is_blocked = record["blocked"] in ("for good", "until later")
    return (
        not record["merged"]
        and (record["deleted"] is not None) == wanted.get("deleted", False)
        and is_blocked == wanted.get("blocked", is_blocked)
        and any(text.lower() in word.lower() for text in _each(wanted.get("search", "")) for word in words)
        and (
            "email_domain" not in wanted or (record["email"] or "@").partition("@")[2] in _each(wanted["email_domain"])
        )
        and any(_has_n(record["n"], one) for one in wanted.get("metadata", [None]))
        and wanted.get("created_since", "") <= record["created"] < wanted.get("created_until", "9")
        and wanted.get("has_visitors") in (None, int(record["visitor_count"]) > 0)
    )


def _has_n(n: object, wanted: MetadataFilter | None) -> bool:
    """Return whether this `n` matches the filter."""
    if wanted is None or wanted.value is None:
        return wanted is None or n is not None
    return (n == {"5": 5, "5.0": 5, "x": "x"}[wanted.value]) != wanted.negated


@pytest.mark.slow
def test_every_way_finds_the_contacts_that_a_look_at_all_of_them_finds(store: Store) -> None:
    @settings(max_examples=300, deadline=None)
    @given(
        records=CONTACTS,
        wanted=WANTED,
        column=st.sampled_from([None, *SORTABLE.values()]),
        descending=st.booleans(),
        size=st.integers(1, 4),
    )
    def check(
        records: list[Record], wanted: dict[str, Any], column: str | None, size: int, *, descending: bool
    ) -> None:
        records = [dict(record) for record in records]
        filter_ = ContactSelection(**wanted)

        def found(page: Page) -> list[str]:
            return [contact.id for contact in contacts.select(store, filter_, page, AT)]

        with store.operation("test", actor="ada", clock=lambda: AT, dry_run=True) as operation:
            fill_contacts(store, operation, records)
            ordered = [record["id"] for record in in_order(records, column, descending=descending)]
            expected = {record["id"] for record in records if is_wanted(record, wanted)}
            for few, far, passing in WAYS:
                with way(few, far, passing):
                    assert contacts.count(store, filter_, AT) == len(expected)
                    assert contacts.count(store, filter_, AT, limit=2) == min(2, len(expected))
                    page = Page(column=column, descending=descending, limit=size)
                    assert_pages(found, ordered, expected, page)

    with watched() as entered:
        check()
    assert set(entered) == ENTERED - {"bounds", "numbers"}  # contacts cannot be filtered by time


TALKS = st.lists(
    st.fixed_dictionaries(
        {
            "by": st.sampled_from(["v0", "v1"]),
            "title": st.sampled_from([None, "Größe", "Refund 100%"]),
            "status": st.sampled_from(["open", "open", "resolved", "spam"]),
            "priority": st.sampled_from(["low", "high"]),
            "created": st.sampled_from(TIMES),
            "updated": st.sampled_from(TIMES),
            "messages": st.lists(
                st.tuples(st.sampled_from(["v0", None]), st.sampled_from(["réponse_1", "die GRÖSSE"])), max_size=3
            ),
        }
    ),
    min_size=1,
    max_size=8,
)
WANTED_TALKS = st.fixed_dictionaries(
    {},
    optional={
        "visitor": st.sampled_from(["v1", ("v0", "v1")]),
        "contact": st.sampled_from(["Ada", ("Ada", "nobody")]),
        "status": st.sampled_from(["open", ("spam", "resolved")]),
        "priority": st.sampled_from(["high", ("low", "high")]),
        "search": st.sampled_from(["grosse", "REPONSE", "0%", "_", ("fund", "réponse"), "zzz"]),
        "since": st.sampled_from(TIMES),
        "until": st.sampled_from(TIMES),
        "unanswered": st.just(value=True),
    },
)


def fill_talks(store: Store, operation: OpenOperation, records: list[Record]) -> None:
    """Insert these conversations of two visitors, one of them Ada's."""
    contacts.insert(store, operation, {"name": "Ada"}, contact_id="Ada")
    visitors.insert(store, operation, {}, visitor_id="v0")
    visitors.insert(store, operation, {}, visitor_id="v1", contact_id="Ada")
    for number, record in enumerate(records):
        record["id"] = f"talk-{(number * 7) % 11:02}"
        talk = Conversation(
            id=record["id"],
            **{field: record[field] for field in ("title", "status", "priority")},
            visitor_id=record["by"],
            contact_id="Ada" if record["by"] == "v1" else None,
            message_count=len(record["messages"]),
            created_at=record["created"],
            updated_at=record["updated"],
            resolved_at=None,
        )
        messages = [
            Message(f"{talk.id}-{place}", talk.id, by, None if by else "jo", body, AT)
            for place, (by, body) in enumerate(record["messages"])
        ]
        conversations.insert_many(store, [(talk, messages)])


def is_wanted_talk(record: Record, wanted: dict[str, Any]) -> bool:
    texts = [fold(text) for text in (record["title"] or "", *(body for _, body in record["messages"]))]
    last_by = record["messages"][-1][0] if record["messages"] else None
    return (
        record["by"] in _each(wanted.get("visitor", record["by"]))
        and (record["by"] == "v1" or "contact" not in wanted)
        and record["status"] in _each(wanted.get("status", record["status"]))
        and record["priority"] in _each(wanted.get("priority", record["priority"]))
        and any(fold(text) in said for text in _each(wanted.get("search", "")) for said in texts)
        and wanted.get("since", "") <= record["created"] < wanted.get("until", "9")
        and ("unanswered" not in wanted or (record["status"] == "open" and last_by is not None))
    )


def test_every_way_finds_the_conversations_that_a_look_at_all_of_them_finds(store: Store) -> None:
    @settings(max_examples=200, deadline=None)
    @given(
        records=TALKS,
        wanted=WANTED_TALKS,
        column=st.sampled_from([None, *CONVERSATION_SORTS.values()]),
        descending=st.booleans(),
        size=st.integers(1, 4),
    )
    def check(
        records: list[Record], wanted: dict[str, Any], column: str | None, size: int, *, descending: bool
    ) -> None:
        records = [dict(record) for record in records]
        chosen_ones = ConversationSelection(**wanted)

        def found(page: Page) -> list[str]:
            return [talk.id for talk in conversations.select(store, chosen_ones, page, AT)]

        with store.operation("test", actor="ada", clock=lambda: AT, dry_run=True) as operation:
            fill_talks(store, operation, records)
            ordered = [record["id"] for record in in_order(records, column, descending=descending)]
            expected = {record["id"] for record in records if is_wanted_talk(record, wanted)}
            for few, far, passing in WAYS:
                with way(few, far, passing):
                    assert conversations.count(store, chosen_ones, AT) == len(expected)
                    assert conversations.count(store, chosen_ones, AT, limit=2) == min(2, len(expected))
                    assert_pages(found, ordered, expected, Page(column=column, descending=descending, limit=size))

    check()


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The statements sent to SQLite."""
    asked: list[str] = []
    assert isinstance(store._database, SqliteDatabase)
    store._database._connection.set_trace_callback(asked.append)
    yield asked
    store._database._connection.set_trace_callback(None)


def test_the_filter_with_the_fewest_matches_drives_and_many_matches_are_walked_to(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "FEW", 3)
    with store.operation("test", actor="ada", clock=lambda: AT) as operation:
        pro = contacts.insert(store, operation, {"metadata": {"plan": "pro"}})
        free = contacts.insert(store, operation, {"metadata": {"plan": "free"}})
        for number in range(6):
            data = {"language": "en", "os": "Linux" if number < 2 else "iOS", "ip": None if number else "192.0.2.1"}
            contact = pro if number < 2 else free
            visitors.insert(store, operation, {key: value for key, value in data.items() if value}, contact_id=contact)

    def driving(**filters: Any) -> str | None:
        found = chosen(Selection(**filters), AT).driver(store, Page(column="browser", limit=5))
        if found is None:
            return None
        return found.filter.span.column if found.filter.span is not None else "other"

    assert driving() is None
    assert driving(language="en") is None
    assert driving(language="en", os="linux") == "os"
    assert driving(language="en", os="linux", ip="192.0.2.1") == "ip"
    assert driving(os="ios") is None
    assert driving(language="en", metadata=(MetadataFilter("plan", "pro"),)) == "other"
    assert driving(metadata=(MetadataFilter("plan", "free"),)) is None
    assert driving(metadata=(MetadataFilter("plan"),)) is None


def made_on(store: Store, days: list[int], sort: str) -> None:
    """Visitors created on these days of March, in the order of `sort` too."""
    with store.operation("test", actor="ada", clock=lambda: AT):
        for number, day in enumerate(days):
            time = f"2026-03-{day:02}T00:00:00.000Z"
            columns = {"id": f"v{number:02}", "created_at": time, "updated_at": time, "language": f"l{number:02}"}
            if sort == "last_seen_at":
                columns[sort] = f"2026-04-{number + 1:02}T00:00:00.000Z"
            names, marks = ", ".join(columns), ", ".join("?" * len(columns))
            store.execute(f"INSERT INTO visitors ({names}) VALUES ({marks})", list(columns.values()))


SINCE_THE_20TH = Selection(created_since="2026-03-20T00:00:00.000Z")


@pytest.mark.parametrize("sort", [None, "id", "language", "updated_at", "last_seen_at"])
@pytest.mark.parametrize(
    ("days", "found"),
    [
        ([*range(1, 25)], ["v19", "v20", "v21"]),
        ([1, 25, *range(2, 20), 24, 1, 23, 2, 22], ["v01", "v20", "v22"]),
        ([*range(1, 20)], []),
    ],
    ids=["in order", "out of order", "none"],
)
def test_a_walk_that_would_go_far_asks_first_between_which_records_all_matches_lie(
    store: Store, monkeypatch: pytest.MonkeyPatch, sort: str | None, days: list[int], found: list[str]
) -> None:
    made_on(store, days, sort or "")
    monkeypatch.setattr(plans, "FEW", 0)

    def asked(far: int, selection: Selection, page: Page) -> tuple[list[str], bool]:
        monkeypatch.setattr(bounds, "FAR", far)
        with statements(store) as all_asked:
            got = listed(store, selection, page)
        return got, any("(+v.pk)" in one for one in all_asked)

    page = Page(column=sort, limit=3)
    by_time = sort == "updated_at" and found == ["v01", "v20", "v22"]
    expected = ["v24", "v22", "v20"] if by_time else found  # the 22nd is before the 25th
    assert asked(5, SINCE_THE_20TH, page) == (expected, True)
    assert asked(1_000, SINCE_THE_20TH, page) == (expected, False)
    # a walk along the filtered times begins at the range; and one to the end need not know how far that is
    assert asked(5, SINCE_THE_20TH, Page(column="created_at", limit=3))[1] is False
    assert asked(5, SINCE_THE_20TH, Page(column=sort))[1] is False
    assert asked(5, Selection(language="l03"), page)[1] is False


def test_a_walk_that_soon_comes_upon_matches_asks_nothing_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made_on(store, [25] * 20, "")
    monkeypatch.setattr(plans, "FEW", 0)
    monkeypatch.setattr(bounds, "FAR", 5)
    with statements(store) as asked:
        assert listed(store, SINCE_THE_20TH, Page(column="language", limit=3)) == ["v00", "v01", "v02"]
    assert not any("(+v.pk)" in one for one in asked)


@pytest.mark.parametrize("column", ["created_at", "updated_at", "last_seen_at"])
@pytest.mark.parametrize("far", [0, 1, 1_000])
def test_matches_between_which_others_lie_are_listed_in_the_order_of_the_page(
    store: Store, monkeypatch: pytest.MonkeyPatch, column: str, far: int
) -> None:
    monkeypatch.setattr(plans, "FEW", 0)
    monkeypatch.setattr(bounds, "FAR", far)
    other = "last_seen_at" if column == "created_at" else "created_at"
    with store.operation("test", actor="ada", clock=lambda: AT):
        for day in range(1, 8):
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


@pytest.mark.parametrize("few", [0, 1_000])
def test_matches_are_counted_up_to_a_limit(store: Store, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(plans, "FEW", few)
    monkeypatch.setattr(plans, "FEW_OF_ALL", few)
    with store.operation("test", actor="ada", clock=lambda: AT):
        for number in range(6):
            time = TIMES[number % 2]
            store.execute(
                "INSERT INTO visitors (id, created_at, updated_at) VALUES (?, ?, ?)", (f"v{number}", time, time)
            )
    early = Selection(created_until=TIMES[1])

    assert [visitors.count(store, early, AT, limit=limit) for limit in (1, 2, 3, 4)] == [1, 2, 3, 3]
    assert visitors.count(store, early, AT) == 3
    assert visitors.count(store, Selection(created_until=TIMES[0]), AT, limit=2) == 0
    assert visitors.count(store, Selection(created_until=TIMES[1], blocked=False), AT, limit=2) == 2


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
        with statements(store) as asked:
            found = listed(store, selection, Page(column="language", limit=5, **page))
        return found, any("INDEXED BY visitors_language" in one for one in asked)

    for page in ({}, {"descending": True}, {"after": "v08"}, {"after": "v09", "descending": True}):
        walked, along = listed_by(0.0, **page)
        looked_up, by_index = listed_by(1_000.0, **page)
        assert (along, by_index) == (True, False)
        assert walked == looked_up
        assert len(walked) == 5
    # all matches of one time range may be at the far end of another; and two filters may exclude everybody
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
        assert listing._fills_soon(driver, page_) is soon


def test_who_is_blocked_is_listed_until_the_block_expires_or_is_lifted(store: Store) -> None:
    def blocked(at: str) -> list[str]:
        found = [visitor.id for visitor in visitors.select(store, Selection(blocked=True), Page(), at)]
        others = [visitor.id for visitor in visitors.select(store, Selection(blocked=False), Page(), at)]
        assert sorted(found + others) == ["a", "b", "c", "d"]
        assert visitors.count(store, Selection(blocked=True), at) == len(found)
        return found

    with store.operation("test", actor="ada", clock=lambda: TIMES[0]) as operation:
        person = contacts.insert(store, operation, {})
        for one in ("a", "b", "c", "d"):
            visitors.insert(store, operation, {}, visitor_id=one, contact_id=person if one in "ab" else None)
        blocks.add(store, operation, "contact", [person], expires_at=TIMES[1])
        blocks.add(store, operation, "visitor", ["b", "c"], expires_at=TIMES[2])
        blocks.add(store, operation, "visitor", ["c"])
    assert blocked(TIMES[0]) == ["a", "b", "c"]
    assert blocked(TIMES[1]) == ["b", "c"]
    assert blocked(TIMES[2]) == ["c"]

    with store.operation("test", actor="ada", clock=lambda: TIMES[0]) as operation:
        live = blocks.live(store, "visitor", ["c"], operation.at)
        blocks.lift(store, operation, [block.id for block in live["c"]])
    assert blocked(TIMES[0]) == ["a", "b"]
