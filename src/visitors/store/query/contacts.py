"""Which contacts a listing chooses, and how they are found. The table alias is `c` in every statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from visitors.domain.fields import CONTACT, sortable
from visitors.domain.folding import fold
from visitors.domain.selection import MetadataFilter, each
from visitors.domain.times import Instant
from visitors.store.query.alternatives import any_of
from visitors.store.query.emails import at_domain
from visitors.store.query.listing import Condition, Span
from visitors.store.query.metadata import alternatives, with_key, with_value
from visitors.store.query.plans import Filter, Listing
from visitors.store.query.search import SHORTEST, part_of_an_id, trigrams
from visitors.store.query.selection import LIVE, of_deletion

if TYPE_CHECKING:
    from visitors.domain.contact_selection import ContactSelection

SORTABLE = {**sortable(CONTACT), "visitorCount": "visitor_count", "lastSeenAt": "visitor_seen_at"}
"""Public name -> column, of the sortable fields."""

# Other sorts have no index: sorting for each page takes less than 0.1 s at 216,000 contacts.
_INDEXES = {
    "id": "sqlite_autoindex_contacts_1",  # the index of the UNIQUE constraint
    "external_id": "contacts_any_external_id",
    "email": "contacts_email",
}

BLOCKED = f"EXISTS (SELECT 1 FROM blocks WHERE contact_id = c.id AND {LIVE})"
"""Whether contact `c` is blocked; takes the current instant."""


HAS_VISITORS = "EXISTS (SELECT 1 FROM visitors AS v WHERE v.contact_id = c.id AND v.deleted_at IS NULL)"
"""Whether contact `c` has visitors that are not deleted."""


def listing(wanted: ContactSelection, current: Instant) -> Listing:
    """Return the listing of the chosen contacts, without tombstones."""
    return Listing(table="contacts", alias="c", indexes=_INDEXES, filters=tuple(_filters(wanted, current)))


def _filters(wanted: ContactSelection, current: Instant) -> Iterator[Filter]:
    """Yield the filters that are set, and the one that excludes tombstones. Raises NotImplementedError for a filter
    without SQL, since ignoring it would choose too much.
    """
    tombstones = Condition("SELECT pk FROM contacts WHERE merged_into IS NOT NULL")
    yield Filter(test=Condition("c.merged_into IS NULL"), exceptions=tombstones)
    yield of_deletion("c", "contacts", deleted=wanted.deleted)
    unserved = [name for name in wanted.given if name not in _SERVED]
    if unserved:
        raise NotImplementedError(f"no SQL serves the filter {unserved[0]}")
    for serve in dict.fromkeys(_SERVED[name] for name in wanted.given):
        yield from serve(wanted, current)


def _blocked(wanted: ContactSelection, current: Instant) -> Iterator[Filter]:
    live_blocks = "SELECT c.pk FROM blocks AS b CROSS JOIN contacts AS c ON c.id = b.contact_id"
    members = Condition(f"{live_blocks} WHERE b.contact_id IS NOT NULL AND {LIVE}", (current,))
    test = Condition(("" if wanted.blocked else "NOT ") + BLOCKED, (current,))
    yield Filter(test=test, members=members if wanted.blocked else None)


def _email_domain(wanted: ContactSelection, _: Instant) -> Iterator[Filter]:
    asked = at_domain("c", each(wanted.email_domain))
    members = f"SELECT c.pk FROM contacts AS c INDEXED BY {_INDEXES['email']} WHERE {asked.sql}"
    yield Filter(test=asked, members=Condition(members, asked.parameters))


def _created(wanted: ContactSelection, _: Instant) -> Iterator[Filter]:
    # without an index: scanning 216,000 contacts takes 0.05 s
    span = Span(column="created_at", lower=wanted.created_since, upper=wanted.created_until)
    yield Filter(test=span.condition("c"))


def _visitors(wanted: ContactSelection, _: Instant) -> Iterator[Filter]:
    if wanted.has_visitors:
        yield Filter(test=Condition(HAS_VISITORS))
        return
    without = Condition(f"NOT {HAS_VISITORS}")
    members = f"SELECT c.pk FROM contacts AS c INDEXED BY {_INDEXES['id']} WHERE {without.sql}"
    yield Filter(test=without, members=Condition(members))


def _every_metadata(wanted: ContactSelection, _: Instant) -> Iterator[Filter]:
    for group in alternatives(wanted.metadata):
        yield any_of([_metadata(one) for one in group], "c", "contacts")


def _metadata(wanted: MetadataFilter) -> Filter:
    found = with_value(wanted)
    members = Condition(f"SELECT m.contact AS pk FROM contact_metadata AS m WHERE {found.sql}", found.parameters)
    if wanted.value is None:
        key = with_key("j.key", wanted)
        test = Condition(f"EXISTS (SELECT 1 FROM json_each(c.metadata) AS j WHERE {key.sql})", key.parameters)
        return Filter(test=test, members=members)
    test = Condition(
        f"EXISTS (SELECT 1 FROM contact_metadata AS m WHERE m.contact = c.pk AND {found.sql})", found.parameters
    )
    if wanted.negated:
        return Filter(test=Condition(f"NOT {test.sql}", test.parameters))
    return Filter(test=test, members=members)


def _searched(wanted: ContactSelection, _: Instant) -> Iterator[Filter]:
    yield any_of([_search(text) for text in each(wanted.search)], "c", "contacts")


def _search(wanted: str) -> Filter:
    text = fold(wanted)
    of_text = Condition("instr(c.search_text, ?) > 0", (text,))
    members = Condition(
        "SELECT c.pk FROM contacts_text AS t CROSS JOIN contacts AS c ON c.pk = t.rowid"
        f" WHERE contacts_text MATCH ? AND {of_text.sql}",
        (trigrams(text), *of_text.parameters),
    )
    part_of_id = part_of_an_id(text)
    if part_of_id is not None:
        of_id = Condition("c.id LIKE ? ESCAPE '!'", (part_of_id,))
        of_text = Condition(f"{of_text.sql} OR {of_id.sql}", of_text.parameters + of_id.parameters)
        members = Condition(
            f"{members.sql} UNION ALL SELECT c.pk FROM contacts AS c WHERE {of_id.sql}",
            members.parameters + of_id.parameters,
        )
    test = Condition(f"({of_text.sql})", of_text.parameters)
    return Filter(test=test, members=members if len(text) >= SHORTEST else None)


_SERVED: dict[str, Callable[[ContactSelection, Instant], Iterator[Filter]]] = {
    "search": _searched,
    "blocked": _blocked,
    "email_domain": _email_domain,
    "metadata": _every_metadata,
    "created_since": _created,
    "created_until": _created,
    "has_visitors": _visitors,
    "deleted": lambda _, __: iter(()),  # handled elsewhere
}
"""Filter -> the function that builds its SQL; both ends of a range share one."""
