"""Invariants of the records in every store that no constraint of the schema can express.

Each is a condition on rows that violate it, so `offenders` can check all rows, and an undo those it changed. SQLite
itself enforces foreign keys, CHECK and UNIQUE. `history_invariants` has those of the history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from visitors.domain.fields import CONTACT, VISITOR
from visitors.domain.folding import search_text
from visitors.domain.metadata import metadata_hash
from visitors.store.database import Executor
from visitors.store.schema.recorded import DERIVED, RECORDED, SEARCHED

_decode = msgspec.json.decode


class Invariant(msgspec.Struct, frozen=True, kw_only=True):
    """A rule about the rows of `table`: `broken` is the SQL condition of rows `x` that violate it.

    Where SQL cannot decide, `judge` returns whether the values of `columns` are valid. An offender is identified by
    `kind` and `id`.
    """

    name: str
    says: str
    table: str
    broken: str = "1"
    columns: tuple[str, ...] = ()
    judge: Callable[..., bool] | None = None
    kind: str = ""
    id: str = "x.id"
    is_derived: bool = False
    """Whether it is about derived data, which compacting rebuilds."""
    is_gap: bool = False
    """Whether a violation means missing history, which cannot be restored."""
    command: str = ""
    """The command that shows how to repair it, if there is one."""

    @property
    def is_mended_in_dumps(self) -> bool:
        """Whether correcting a dump is the way to repair it."""
        return not (self.is_derived or self.is_gap or self.command)


class Offender(msgspec.Struct, frozen=True):
    """A record that violates a rule."""

    kind: str
    id: str


def offenders(store: Executor, invariant: Invariant) -> Iterator[Offender]:
    """Return the records that violate the rule."""
    kind = invariant.kind or _KINDS[invariant.table]
    values = "".join(f", x.{column}" for column in invariant.columns)
    sql = f"SELECT {invariant.id}{values} FROM {invariant.table} AS x WHERE {invariant.broken}"
    for record_id, *found in store.execute(sql):
        if invariant.judge is None or not invariant.judge(*found):
            yield Offender(kind, str(record_id))


_KINDS = {**{table: kind for kind, table in RECORDED.items()}, "operations": "operation", "changes": "change"}

# Follows the merges; a cycle or a missing contact yields no survivor.
_UNRESOLVED = """
    x.merged_into IS NOT NULL AND NOT EXISTS (
        WITH RECURSIVE chain (id) AS (
            SELECT x.merged_into
            UNION SELECT t.merged_into FROM contacts AS t JOIN chain ON t.id = chain.id WHERE t.merged_into IS NOT NULL
        )
        SELECT 1 FROM chain JOIN contacts AS s ON s.id = chain.id WHERE s.merged_into IS NULL
    )
"""
_DIGITS = "[0-9]"
_TIME = f"{_DIGITS * 4}-{_DIGITS * 2}-{_DIGITS * 2}T{_DIGITS * 2}:{_DIGITS * 2}:{_DIGITS * 2}.{_DIGITS * 3}Z"
_TIMES = {
    "contacts": [field.column for field in CONTACT if field.type == "time"],
    "visitors": [field.column for field in VISITOR if field.type == "time" and field.table == "visitors"],
    "blocks": ("blocked_at", "expires_at", "lifted_at"),
    "conversations": ("created_at", "updated_at", "resolved_at"),
    "messages": ("created_at",),
    "operations": ("at",),
}
_DOCUMENTS = tuple(field.column for field in VISITOR if field.type == "document")
_MALFORMED_ID = (
    "length(x.id) NOT BETWEEN 1 AND 128 OR x.id GLOB '[^A-Za-z0-9]*' OR x.id GLOB '*[^A-Za-z0-9_.:-]*'"
    " OR typeof(x.id) <> 'text'"
)


def is_json(text: object) -> bool:
    """Return whether the value is JSON."""
    try:
        _decode(str(text))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True


def are_objects(*texts: object) -> bool:
    """Return whether each value is null or a JSON object."""
    return all(text is None or (is_json(text) and isinstance(_decode(str(text)), dict)) for text in texts)


def _is_flat(text: object) -> bool:
    return are_objects(text) and not any(isinstance(value, dict | list) for value in _decode(str(text)).values())


def _is_hash(text: object, hash_: object) -> bool:
    if not _is_flat(text):
        return True  # checked by another rule
    metadata: dict[str, Any] = _decode(str(text))
    return metadata_hash(metadata) == hash_


METADATA_ROWS = (
    "SELECT key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE value END"
)
"""Key and value of `json_each(metadata)` as in `contact_metadata`: numbers as numbers, true, false and null as text."""

_SAID = f"said (key, value) AS ({METADATA_ROWS} FROM json_each(iif(json_valid({{0}}), {{0}}, '{{{{}}}}')))"

OF_TOMBSTONES = {
    kind: Invariant(
        name=f"{kind}-of-tombstone",
        says=f"no {kind} {belongs_to} a contact that was merged into another",
        table=RECORDED[kind],
        broken="x.contact_id IN (SELECT id FROM contacts WHERE merged_into IS NOT NULL)",
    )
    for kind, belongs_to in (("visitor", "is linked to"), ("conversation", "belongs to"), ("block", "is on"))
}
"""The rules that no record belongs to a merged contact, by kind of record."""

_SEARCH_TEXTS = [
    Invariant(
        name=name,
        says=says,
        table=RECORDED[kind],
        columns=(DERIVED, *SEARCHED[kind]),
        judge=lambda found, *texts: found == search_text(*(None if one is None else str(one) for one in texts)),
        is_derived=True,
    )
    for kind, name, says in (
        ("contact", "search-text", "every contact can be found by its external id, name and email"),
        ("conversation", "search-title", "every conversation can be found by its title"),
        ("message", "search-message", "every message can be found by its text"),
    )
]

ONE_EMAIL = Invariant(
    name="contact-email",
    says="no two live contacts have the same email",
    table="contacts",
    broken="x.email IS NOT NULL AND x.deleted_at IS NULL AND x.merged_into IS NULL AND EXISTS ("
    "  SELECT 1 FROM contacts AS o WHERE o.email = x.email AND o.pk <> x.pk"
    "  AND o.deleted_at IS NULL AND o.merged_into IS NULL)",
    command="contacts duplicates",
)
"""The rule that an email belongs to one person."""

OF_RECORDS = (
    ONE_EMAIL,
    *OF_TOMBSTONES.values(),
    Invariant(
        name="survivor",
        says="every merged contact leads to one that is not merged",
        table="contacts",
        broken=_UNRESOLVED,
    ),
    Invariant(
        name="block-target",
        says="every block is on one visitor or on one contact",
        table="blocks",
        broken="(x.visitor_id IS NULL) = (x.contact_id IS NULL)",
    ),
    *(
        Invariant(
            name=f"{kind}-id",
            says=f"every id of a {kind} is 1 to 128 characters of A-Z a-z 0-9 . _ : -",
            table=table,
            broken=_MALFORMED_ID + (" OR x.id GLOB 'ext:*'" if table == "contacts" else ""),
        )
        for kind, table in RECORDED.items()
    ),
    *(
        Invariant(
            name=f"{_KINDS[table]}-times",
            says=f"every time of a {_KINDS[table]} is in UTC, with milliseconds",
            table=table,
            broken=" OR ".join(f"x.{column} NOT GLOB '{_TIME}'" for column in columns),
        )
        for table, columns in _TIMES.items()
    ),
    Invariant(
        name="metadata",
        says="the metadata of every contact is a flat JSON object",
        table="contacts",
        columns=("metadata",),
        judge=_is_flat,
    ),
    Invariant(
        name="metadata-hash",
        says="every metadata hash matches the metadata",
        table="contacts",
        columns=("metadata", "metadata_hash"),
        judge=_is_hash,
    ),
    Invariant(
        name="visitor-documents",
        says="every JSON field of a visitor, such as its attribution, is an object",
        table="visitors",
        broken=" OR ".join(f"x.{column} IS NOT NULL" for column in _DOCUMENTS),
        columns=_DOCUMENTS,
        judge=are_objects,
    ),
    *_SEARCH_TEXTS,
    Invariant(
        name="metadata-found",
        says="every contact can be found by its metadata",
        table="contacts",
        broken=f"EXISTS (WITH {_SAID.format('x.metadata')} SELECT 1 FROM said WHERE NOT EXISTS ("
        "  SELECT 1 FROM contact_metadata AS m"
        "  WHERE m.key = said.key AND m.value = said.value AND m.contact = x.pk))",
        is_derived=True,
    ),
    Invariant(
        name="metadata-not-found",
        says="no contact can be found by metadata that it does not have",
        table="contact_metadata",
        broken="NOT EXISTS (SELECT 1 FROM contacts AS c WHERE c.pk = x.contact AND EXISTS ("
        f"  WITH {_SAID.format('c.metadata')} SELECT 1 FROM said WHERE said.key = x.key AND said.value = x.value))",
        kind="contact",
        id="coalesce((SELECT id FROM contacts WHERE pk = x.contact), x.contact)",
        is_derived=True,
    ),
)
"""The rules about records."""
