"""A selection of visitors as filters of a listing, and what decides whether one is blocked, as SQL.

The tables go by these names in every statement: `v` visitors, `c` the contact, `b` the live block.
"""

from __future__ import annotations

from collections.abc import Iterator

from visitors.domain.selection import MetadataFilter, Selection
from visitors.domain.times import Instant
from visitors.store.listing import Condition, Span
from visitors.store.plans import Listing
from visitors.store.search import SHORTEST, containing, phrase
from visitors.store.walks import Filter

LIVE = "lifted_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"
"""A live block; its parameter is the current instant."""

_LIES_ON = "SELECT visitor AS pk FROM visitor_blocks WHERE expires_at IS NULL OR expires_at > ?"
_BLOCKED = (
    "EXISTS (SELECT 1 FROM visitor_blocks AS b WHERE b.visitor = v.pk AND (b.expires_at IS NULL OR b.expires_at > ?))"
)

BLOCKED = f"(v.pk IN (SELECT visitor FROM visitor_blocks) AND {_BLOCKED})"
"""Whether visitor `v` is blocked, itself or through its contact; takes the current instant. The first part is more than
the second, but SQLite tells it by the number alone, before it looks at the record for anything else.
"""

_SILENT = (
    "NOT EXISTS (SELECT 1 FROM conversations WHERE visitor_id = v.id)"
    " AND NOT EXISTS (SELECT 1 FROM messages WHERE visitor_id = v.id)"
)

_INDEXES = {
    "id": "sqlite_autoindex_visitors_1",  # that of its being unique
    **{
        column: f"visitors_{column}"
        for column in (
            "language", "timezone", "browser", "os", "device_type", "country_code", "created_at", "updated_at",
            "last_seen_at",
        )
    },
}  # fmt: skip

# Filter of equal values -> column.
_EQUAL = {
    "timezone": "timezone",
    "country_code": "country_code",
    "device_type": "device_type",
    "browser": "browser",
    "os": "os",
    "ip": "ip",
    "contact": "contact_id",
}


def chosen(selection: Selection, current: Instant) -> Listing:
    """The listing of the chosen visitors."""
    return Listing(table="visitors", alias="v", indexes=_INDEXES, filters=tuple(_filters(selection, current)))


def of_deletion(alias: str, table: str, *, deleted: bool) -> Filter:
    """Only the deleted ones, or only the others."""
    condition = f"{alias}.deleted_at IS NOT NULL"
    members = Condition(f"SELECT {alias}.pk FROM {table} AS {alias} WHERE {condition}")
    if not deleted:
        return Filter(test=Condition(f"{alias}.deleted_at IS NULL"), exceptions=members)
    return Filter(test=Condition(condition), members=members)


def _filters(selection: Selection, current: Instant) -> Iterator[Filter]:
    yield of_deletion("v", "visitors", deleted=selection.deleted)
    if selection.identified is not None:
        yield Filter(span=Span(column="contact_id", nulls=not selection.identified))
    if selection.blocked is not None:
        if selection.blocked:
            yield Filter(test=Condition(BLOCKED, (current,)), members=Condition(_LIES_ON, (current,)))
        else:
            yield Filter(test=Condition(f"NOT {_BLOCKED}", (current,)))
    if selection.language is not None:
        yield _language(selection.language)
    for name, column in _EQUAL.items():
        value = getattr(selection, name)
        if value is not None:
            yield Filter(span=Span.of(column, value))
    yield from _times(selection)
    if selection.without_conversations:
        yield Filter(test=Condition(_SILENT))
    yield from map(_metadata, selection.metadata)
    if selection.search is not None:
        yield _search(selection.search)


def _times(selection: Selection) -> Iterator[Filter]:
    if selection.created_since is not None or selection.created_until is not None:
        yield Filter(span=Span(column="created_at", lower=selection.created_since, upper=selection.created_until))
    if selection.seen_since is not None or selection.seen_until is not None:
        yield Filter(span=Span(column="last_seen_at", lower=selection.seen_since, upper=selection.seen_until))
    if selection.never_seen:
        yield Filter(span=Span(column="last_seen_at", nulls=True))
    if selection.idle_since is not None:
        unseen = Condition("coalesce(v.last_seen_at, '') < ?", (selection.idle_since,))
        yield Filter(span=Span(column="created_at", upper=selection.idle_since), test=unseen)


def _language(tag: str) -> Filter:
    # '.' comes right after '-', so that this is the tag, all that it is a prefix of, and a little more
    span = Span(column="language", lower=tag, upper=f"{tag}.")
    return Filter(span=span, test=Condition("(v.language = ? OR v.language >= ?)", (tag, f"{tag}-")))


def _metadata(wanted: MetadataFilter) -> Filter:
    # CROSS JOIN: what the key leads to is looked up, and not the other way round
    known = (
        "SELECT v.pk FROM contact_metadata AS m CROSS JOIN visitors AS v ON v.contact_id = m.contact_id WHERE m.key = ?"
    )
    keys = "SELECT 1 FROM contact_metadata AS m WHERE m.key = ?"
    if wanted.value is None:
        test = (
            "EXISTS (SELECT 1 FROM contacts AS k, json_each(k.metadata) AS j WHERE k.id = v.contact_id AND j.key = ?)"
        )
        of_any = (wanted.key,)
        return Filter(test=Condition(test, of_any), members=Condition(known, of_any), leads=Condition(keys, of_any))
    # 5, 5.0 and 5e0 are one number, however it was written; and a text may look like it
    of_key = (wanted.key, wanted.value, _number(wanted.value))
    test = (
        "EXISTS (SELECT 1 FROM contact_metadata AS m"
        " WHERE m.key = ? AND m.value IN (?, ?) AND m.contact_id = v.contact_id)"
    )
    if wanted.negated:  # as with labels elsewhere, K!=V also chooses those without K
        return Filter(test=Condition(f"NOT {test}", of_key))
    of_value = "AND m.value IN (?, ?)"
    members, leads = Condition(f"{known} {of_value}", of_key), Condition(f"{keys} {of_value}", of_key)
    return Filter(test=Condition(test, of_key), members=members, leads=leads)


def _number(text: str) -> float | None:
    """The number that `text` is, as SQLite compares numbers: exactly; None if it is none."""
    try:
        number = float(text)
        whole = int(text) if text.lstrip("+-").isdecimal() else None
    except ValueError:
        return None
    return whole if whole is not None and -(2**63) <= whole < 2**63 else number


def _search(text: str) -> Filter:
    pattern = containing(text)
    columns = ("external_id", "name", "email")
    of_contact = " OR ".join(f"k.{column} GLOB ?" for column in columns)
    test = Condition(
        f"(v.id GLOB ? OR EXISTS (SELECT 1 FROM contacts AS k WHERE k.id = v.contact_id AND ({of_contact})))",
        (pattern,) * (1 + len(columns)),
    )
    members = Condition(
        "SELECT rowid AS pk FROM visitors_text WHERE visitors_text MATCH ?"
        " UNION ALL SELECT v.pk FROM contacts_text AS t CROSS JOIN contacts AS k ON k.pk = t.rowid"
        " CROSS JOIN visitors AS v ON v.contact_id = k.id WHERE contacts_text MATCH ?",
        (phrase(text), f"{{{' '.join(columns)}}} : {phrase(text)}"),
    )
    return Filter(test=test, members=members if len(text) >= SHORTEST else None)
