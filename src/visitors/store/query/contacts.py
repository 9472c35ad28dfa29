"""Which contacts a listing chooses, and how they are found. The table is `c` in every statement."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from visitors.domain.fields import CONTACT, sortable
from visitors.domain.folding import fold
from visitors.domain.times import Instant
from visitors.store.query import plans
from visitors.store.query.listing import Condition
from visitors.store.query.plans import Listing
from visitors.store.query.search import SHORTEST, part_of_an_id, trigrams
from visitors.store.query.selection import LIVE, of_deletion

SORTABLE = sortable(CONTACT)
"""Public field -> column, for the fields that a listing can be sorted by."""

# By name and by time contacts are sorted anew for each page: at 216,000 that takes less than a tenth of a second.
_INDEXES = {
    "id": "sqlite_autoindex_contacts_1",  # what UNIQUE created
    "external_id": "contacts_any_external_id",
    "email": "contacts_email",
}

BLOCKED = f"EXISTS (SELECT 1 FROM blocks WHERE contact_id = c.id AND {LIVE})"
"""Whether contact `c` is blocked; takes the current instant."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which contacts to list; None means 'any'."""

    search: str | None = None
    blocked: bool | None = None
    deleted: bool = False


def listing(wanted: Filter, current: Instant) -> Listing:
    """The listing of the contacts that are wanted, none of them a tombstone."""
    return Listing(table="contacts", alias="c", indexes=_INDEXES, filters=tuple(_filters(wanted, current)))


def _filters(wanted: Filter, current: Instant) -> Iterator[plans.Filter]:
    tombstones = Condition("SELECT pk FROM contacts WHERE merged_into IS NOT NULL")
    yield plans.Filter(test=Condition("c.merged_into IS NULL"), exceptions=tombstones)
    yield of_deletion("c", "contacts", deleted=wanted.deleted)
    if wanted.blocked is not None:
        live_blocks = "SELECT c.pk FROM blocks AS b CROSS JOIN contacts AS c ON c.id = b.contact_id"
        members = f"{live_blocks} WHERE b.contact_id IS NOT NULL AND {LIVE}"
        yield plans.Filter(
            test=Condition(("" if wanted.blocked else "NOT ") + BLOCKED, (current,)),
            members=Condition(members, (current,)) if wanted.blocked else None,
        )
    if wanted.search is not None:
        yield _search(wanted.search)


def _search(wanted: str) -> plans.Filter:
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
    return plans.Filter(test=test, members=members if len(text) >= SHORTEST else None)
