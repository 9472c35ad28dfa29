"""A selection of visitors, and the order of a listing, as SQL.

The tables go by these names in every statement: `v` visitors, `c` the contact, `b` the live block.
"""

from __future__ import annotations

from collections.abc import Iterator

from visitors.domain.selection import MetadataFilter, Selection
from visitors.domain.times import Instant

Condition = tuple[str, list[object]]

LIVE = "lifted_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"
"""A live block; its parameter is the current instant."""

BLOCKED = (
    f"(EXISTS (SELECT 1 FROM blocks WHERE contact_id = v.contact_id AND {LIVE})"
    f" OR EXISTS (SELECT 1 FROM blocks WHERE visitor_id = v.id AND {LIVE}))"
)
"""Whether visitor `v` is blocked, itself or through its contact; takes the current instant twice."""

# Filter of equal values -> column. Names of browsers and systems are matched in any letter case.
_EQUAL = {
    "timezone": "v.timezone = ?",
    "country_code": "v.country_code = ?",
    "device_type": "v.device_type = ?",
    "browser": "v.browser = ? COLLATE NOCASE",
    "os": "v.os = ? COLLATE NOCASE",
    "ip": "v.ip = ?",
    "contact": "v.contact_id = ?",
    "created_since": "v.created_at >= ?",
    "created_until": "v.created_at < ?",
    "seen_since": "v.last_seen_at >= ?",
    "seen_until": "v.last_seen_at < ?",
}

# JSON prints true as 1 in SQL; this is a value as a person writes it.
_METADATA_TEXT = "CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE value END"


def where(selection: Selection, current: Instant) -> Condition:
    """The condition that holds for the chosen visitors, and its parameters."""
    conditions = list(_conditions(selection, current))
    return " AND ".join(sql for sql, _ in conditions), [value for _, values in conditions for value in values]


def _conditions(selection: Selection, current: Instant) -> Iterator[Condition]:
    yield ("v.deleted_at IS NOT NULL" if selection.deleted else "v.deleted_at IS NULL"), []
    if selection.identified is not None:
        yield f"v.contact_id IS {'NOT ' if selection.identified else ''}NULL", []
    if selection.blocked is not None:
        yield ("" if selection.blocked else "NOT ") + BLOCKED, [current, current]
    if selection.language is not None:
        # a range, not LIKE, so that an index serves it: '.' comes right after '-'
        tag = selection.language
        yield "(v.language = ? OR (v.language >= ? AND v.language < ?))", [tag, f"{tag}-", f"{tag}."]
    if selection.never_seen:
        yield "v.last_seen_at IS NULL", []
    for name, condition in _EQUAL.items():
        value = getattr(selection, name)
        if value is not None:
            yield condition, [value]
    for metadata_filter in selection.metadata:
        yield _metadata(metadata_filter)
    if selection.search is not None:
        yield _search(selection.search)


def _metadata(wanted: MetadataFilter) -> Condition:
    member = "EXISTS (SELECT 1 FROM contacts, json_each(contacts.metadata) WHERE contacts.id = v.contact_id AND key = ?"
    if wanted.value is None:
        return f"{'NOT ' if wanted.negated else ''}{member})", [wanted.key]
    # as with labels elsewhere, K!=V also chooses those without K
    negation, same = "NOT " if wanted.negated else "", f"CAST({_METADATA_TEXT} AS TEXT) = ?"
    number = _number(wanted.value)
    if number is None:
        return f"{negation}{member} AND {same})", [wanted.key, wanted.value]
    # 5, 5.0 and 5e0 are one number, however it was written
    equal = f"({same} OR (type IN ('integer', 'real') AND value = ?))"
    return f"{negation}{member} AND {equal})", [wanted.key, wanted.value, number]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def containing(text: str) -> str:
    r"""The LIKE pattern (ESCAPE '\\') of what contains `text`."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _search(text: str) -> Condition:
    pattern = containing(text)
    columns = ("c.name", "c.email", "c.external_id")
    contact = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns)
    return (
        f"(v.id LIKE ? ESCAPE '\\' OR v.contact_id IN (SELECT c.id FROM contacts AS c WHERE {contact}))",
        [pattern] * (1 + len(columns)),
    )
