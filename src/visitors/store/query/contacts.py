"""Which contacts a listing chooses, and how they are found. The table alias is `c` in every statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from visitors.domain.fields import CONTACT, sortable
from visitors.domain.folding import fold
from visitors.domain.selection import MetadataFilter, each
from visitors.domain.times import Instant
from visitors.store.query.filters import LIVE, Filter, Serve, any_of, filters_of, none_of, of_deletion
from visitors.store.query.listing import Condition, Span
from visitors.store.query.metadata import alternatives, with_key, with_value
from visitors.store.query.plans import Listing
from visitors.store.query.search import SHORTEST, of_ids, trigrams

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
    tombstones = Condition("SELECT pk FROM contacts WHERE merged_into IS NOT NULL")
    filters = (
        Filter(test=Condition("c.merged_into IS NULL"), exceptions=tombstones),
        of_deletion("contacts", "c", deleted=wanted.deleted),
        *filters_of(wanted, current, _SERVED),
    )
    return Listing(table="contacts", alias="c", indexes=_INDEXES, filters=filters)


def _blocked(wanted: ContactSelection, current: Instant) -> Iterator[Filter]:
    live_blocks = "SELECT c.pk FROM blocks AS b CROSS JOIN contacts AS c ON c.id = b.contact_id"
    members = Condition(f"{live_blocks} WHERE b.contact_id IS NOT NULL AND {LIVE}", (current,))
    test = Condition(("" if wanted.blocked else "NOT ") + BLOCKED, (current,))
    yield Filter(test=test, members=members if wanted.blocked else None)


def at_domain(domains: Sequence[str]) -> Filter:
    """Return the filter for contacts whose email is at one of the domains. An email has one @."""
    ends = tuple(f"@{domain}" for domain in domains)
    tests = " OR ".join(f"substr(c.email, -{len(end)}) = ?" for end in ends)
    test = Condition(f"(c.email > '' AND ({tests}))", ends)
    # all emails are scanned, in their index: 0.03 s at 216,000
    members = f"SELECT c.pk FROM contacts AS c INDEXED BY {_INDEXES['email']} WHERE {test.sql}"
    return Filter(test=test, members=Condition(members, ends))


def _email_domain(wanted: ContactSelection, _: Instant) -> Iterator[Filter]:
    yield at_domain(each(wanted.email_domain))


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


def has_metadata(wanted: MetadataFilter) -> Filter:
    """Return the filter for contacts with the key and, if given, the value, whether or not `wanted` is negated."""
    found = with_value(wanted)
    members = Condition(f"SELECT m.contact AS pk FROM contact_metadata AS m WHERE {found.sql}", found.parameters)
    if wanted.value is None:
        key = with_key("j.key", wanted)
        test = Condition(f"EXISTS (SELECT 1 FROM json_each(c.metadata) AS j WHERE {key.sql})", key.parameters)
    else:
        of_contact = f"SELECT 1 FROM contact_metadata AS m WHERE m.contact = c.pk AND {found.sql}"
        test = Condition(f"EXISTS ({of_contact})", found.parameters)
    return Filter(test=test, members=members)


def _metadata(wanted: ContactSelection, _: Instant) -> Iterator[Filter]:
    for group in alternatives(wanted.metadata):
        found = [none_of(has_metadata(one), "c") if one.negated else has_metadata(one) for one in group]
        yield any_of(found, "contacts", "c")


def has_text(text: str) -> Filter:
    """Return the filter for contacts whose texts contain the folded `text`."""
    test = Condition("instr(c.search_text, ?) > 0", (text,))
    members = Condition(
        "SELECT c.pk FROM contacts_text AS t CROSS JOIN contacts AS c ON c.pk = t.rowid"
        f" WHERE contacts_text MATCH ? AND {test.sql}",
        (trigrams(text), text),
    )
    return Filter(test=test, members=members if len(text) >= SHORTEST else None)


def _searched(wanted: ContactSelection, _: Instant) -> Iterator[Filter]:
    texts = [fold(text) for text in each(wanted.search)]
    yield any_of([one for text in texts for one in (has_text(text), *of_ids(text, "contacts", "c"))], "contacts", "c")


_SERVED: dict[str, Serve] = {
    "search": _searched,
    "blocked": _blocked,
    "email_domain": _email_domain,
    "metadata": _metadata,
    "created_since": _created,
    "created_until": _created,
    "has_visitors": _visitors,
    "deleted": lambda _, __: iter(()),  # handled elsewhere
}
"""Filter -> the function that builds its SQL."""
