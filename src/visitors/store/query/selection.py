"""A visitor selection as filters of a listing, and whether a visitor is blocked, as SQL.

The table aliases in every statement are `v` for visitors, `c` for the contact, and `b` for the live block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from visitors.domain.fields import FILTERS, VISITOR, Field, sortable
from visitors.domain.folding import fold
from visitors.domain.selection import OF_BLOCKS, Selection, each
from visitors.domain.times import Instant
from visitors.store.query.contacts import at_domain, has_metadata, has_text
from visitors.store.query.filters import LIVE, Filter, Serve, any_of, filters_of, joined, none_of, of_deletion
from visitors.store.query.listing import Condition, Span, every
from visitors.store.query.metadata import alternatives
from visitors.store.query.plans import Listing
from visitors.store.query.search import of_ids

BLOCKED = (
    f"(EXISTS (SELECT 1 FROM blocks WHERE visitor_id = v.id AND {LIVE})"
    f" OR EXISTS (SELECT 1 FROM blocks WHERE contact_id = v.contact_id AND {LIVE}))"
)
"""Whether visitor `v` or its contact is blocked; takes the current instant twice."""

_TARGETS = (("id", "visitor_id"), ("contact_id", "contact_id"))
"""Column of visitors, and the column of blocks that refers to it."""

_LIES_ON = " UNION ALL ".join(
    f"SELECT v.pk FROM blocks AS b CROSS JOIN visitors AS v ON v.{one} = b.{other}"
    f" WHERE b.{other} IS NOT NULL AND {LIVE}"
    for one, other in _TARGETS
)

_SILENT = (
    "NOT EXISTS (SELECT 1 FROM conversations WHERE visitor_id = v.id)"
    " AND NOT EXISTS (SELECT 1 FROM messages WHERE visitor_id = v.id)"
)

_INDEXES = {
    "id": "sqlite_autoindex_visitors_1",  # the index of the UNIQUE constraint
    **{column: f"visitors_{column}" for column in sortable(VISITOR).values() if column != "id"},
}


def chosen(selection: Selection, current: Instant) -> Listing:
    """Return the listing of the chosen visitors."""
    filters = (of_deletion("visitors", "v", deleted=selection.deleted), *filters_of(selection, current, _SERVED))
    return Listing(table="visitors", alias="v", indexes=_INDEXES, filters=filters)


def _equal(name: str, column: str, *, indexed: bool = True) -> Serve:
    def serve(selection: Selection, _: Instant) -> Iterator[Filter]:
        spans = [Span.of(column, value) for value in each(getattr(selection, name))]
        yield _any([Filter(span=span) if indexed else Filter(test=span.condition("v")) for span in spans])

    return serve


def _prefix(name: str, column: str) -> Serve:
    def serve(selection: Selection, _: Instant) -> Iterator[Filter]:
        yield _any([_tag(column, tag) for tag in each(getattr(selection, name))])

    return serve


def _zone(name: str, column: str) -> Serve:
    """Match any name of the zone, since it is stored as given."""

    def serve(selection: Selection, _: Instant) -> Iterator[Filter]:
        from visitors.domain.timezone_aliases import aliases_of

        names = dict.fromkeys(one for value in each(getattr(selection, name)) for one in aliases_of(value))
        yield _any([Filter(span=Span.of(column, one)) for one in names])

    return serve


def _network(name: str, column: str) -> Serve:
    def serve(selection: Selection, _: Instant) -> Iterator[Filter]:
        from visitors.store.query.addresses import in_network

        found = list[Filter]()
        for value in each(getattr(selection, name)):
            found += in_network("v", column, value) if "/" in value else [Filter(span=Span.of(column, value))]
        yield _any(found)

    return serve


def _of_field(name: str, field: Field) -> Serve:
    if field.filter == "network":
        return _network(name, field.column)
    if field.filter == "prefix":
        return _prefix(name, field.column)
    if field.filter == "zone":
        return _zone(name, field.column)
    return _equal(name, field.column, indexed=field.sorts or field.indexed)


def _any(filters: Sequence[Filter]) -> Filter:
    return any_of(filters, "visitors", "v")


def _identified(selection: Selection, _: Instant) -> Iterator[Filter]:
    yield Filter(span=Span(column="contact_id", nulls=not selection.identified))


def _blocked(selection: Selection, current: Instant) -> Iterator[Filter]:
    if selection.blocked:
        yield Filter(test=Condition(BLOCKED, (current,) * 2), members=Condition(_LIES_ON, (current,) * 2))
    else:
        yield Filter(test=Condition(f"NOT {BLOCKED}", (current,) * 2))


def _block(selection: Selection, current: Instant) -> Iterator[Filter]:
    """Match a single block that meets all conditions on blocks: actor, reason and time."""
    begun = Span(column="blocked_at", lower=selection.blocked_since, upper=selection.blocked_until)
    terms = [Condition(LIVE, (current,))]
    if selection.blocked_since is not None or selection.blocked_until is not None:
        terms.append(begun.condition("b"))
    for values, sql in (
        (each(selection.blocked_by), "b.blocked_by = ?"),
        (each(selection.block_reason), "instr(lower(b.reason), lower(?)) > 0"),
    ):
        if values:
            terms.append(Condition(f"({' OR '.join([sql] * len(values))})", values))
    asked = every(terms)
    tests, members = [], []
    for one, other in _TARGETS:
        on_row = f"EXISTS (SELECT 1 FROM blocks AS b WHERE b.{other} = v.{one} AND {asked.sql})"
        tests.append(Condition(on_row, asked.parameters))
        lies_on = (
            f"SELECT v.pk FROM blocks AS b CROSS JOIN visitors AS v ON v.{one} = b.{other}"
            f" WHERE b.{other} IS NOT NULL AND {asked.sql}"
        )
        members.append(Condition(lies_on, asked.parameters))
    yield Filter(test=joined(" OR ", tests, "({})"), members=joined(" UNION ALL ", members))


def _of_contact(filter_: Filter) -> Filter:
    """Return the filter for visitors whose contact matches that one."""
    test, members = filter_.on_row("c"), filter_.members
    # CROSS JOIN forces looking up visitors by contact, instead of the reverse
    visitors = "CROSS JOIN contacts AS c ON c.pk = m.pk CROSS JOIN visitors AS v ON v.contact_id = c.id"
    return Filter(
        test=Condition(
            f"EXISTS (SELECT 1 FROM contacts AS c WHERE c.id = v.contact_id AND {test.sql})", test.parameters
        ),
        members=members and Condition(f"SELECT v.pk FROM ({members.sql}) AS m {visitors}", members.parameters),
    )


def _email_domain(selection: Selection, _: Instant) -> Iterator[Filter]:
    yield _of_contact(at_domain(each(selection.email_domain)))


def _updated(selection: Selection, _: Instant) -> Iterator[Filter]:
    yield Filter(span=Span(column="updated_at", lower=selection.updated_since, upper=selection.updated_until))


def _created(selection: Selection, _: Instant) -> Iterator[Filter]:
    yield Filter(span=Span(column="created_at", lower=selection.created_since, upper=selection.created_until))


def _seen(selection: Selection, _: Instant) -> Iterator[Filter]:
    yield Filter(span=Span(column="last_seen_at", lower=selection.seen_since, upper=selection.seen_until))


def _never_seen(_: Selection, __: Instant) -> Iterator[Filter]:
    yield Filter(span=Span(column="last_seen_at", nulls=True))


def _idle(selection: Selection, _: Instant) -> Iterator[Filter]:
    unseen = Condition("coalesce(v.last_seen_at, '') < ?", (selection.idle_since,))
    yield Filter(span=Span(column="created_at", upper=selection.idle_since), test=unseen)


def _silent(_: Selection, __: Instant) -> Iterator[Filter]:
    yield Filter(test=Condition(_SILENT))


def _tag(column: str, tag: str) -> Filter:
    # '.' is the character after '-', so this includes the tag, longer tags that begin with it, and a little more
    span = Span(column=column, lower=tag, upper=f"{tag}.")
    return Filter(span=span, test=Condition(f"(v.{column} = ? OR v.{column} >= ?)", (tag, f"{tag}-")))


def _metadata(selection: Selection, _: Instant) -> Iterator[Filter]:
    for group in alternatives(selection.metadata):
        found = [(one, _of_contact(has_metadata(one))) for one in group]
        # K!=V also chooses those without K, as in Kubernetes label selectors
        yield _any([none_of(filter_, "v") if one.negated else filter_ for one, filter_ in found])


def _searched(selection: Selection, _: Instant) -> Iterator[Filter]:
    texts = [fold(text) for text in each(selection.search)]
    yield _any([one for text in texts for one in (_of_contact(has_text(text)), *of_ids(text, "visitors", "v"))])


_SERVED: dict[str, Serve] = {
    **{name: _of_field(name, field) for name, field in FILTERS.items()},
    "contact": _equal("contact", "contact_id"),
    "identified": _identified,
    "blocked": _blocked,
    "email_domain": _email_domain,
    **dict.fromkeys(OF_BLOCKS, _block),
    "created_since": _created,
    "created_until": _created,
    "updated_since": _updated,
    "updated_until": _updated,
    "seen_since": _seen,
    "seen_until": _seen,
    "never_seen": _never_seen,
    "idle_since": _idle,
    "without_conversations": _silent,
    "metadata": _metadata,
    "search": _searched,
    "deleted": lambda _, __: iter(()),  # handled elsewhere
}
"""Filter -> the function that builds its SQL."""
