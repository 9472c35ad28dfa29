"""Explain a visitor's identity from the history, and predict what identify would do."""

from __future__ import annotations

from collections.abc import Mapping

from visitors.domain.decision import OnConflict, decide
from visitors.domain.explanation import RULES, Event, timeline
from visitors.domain.identity import parse_identity
from visitors.domain.merging import plan_merge
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.errors import VisitorsError
from visitors.operations.identify import known
from visitors.store.history import changes
from visitors.store.records import contacts
from visitors.store.store import Store


def explain(store: Store, visitor_id: str) -> list[Event]:
    """Return the visitor's timeline, oldest first."""
    story = changes.story(store, visitor_id)
    ids = {columns.get("contactId") for change, _ in story for columns in (change.before or {}, change.after or {})}
    ids |= {change.record_id for change, _ in story if change.kind == "contact"}
    return list(timeline(visitor_id, story, contacts.called_by_id(store, [one for one in ids if one])))


def foresee(
    store: Store,
    visitor: Visitor,
    told: Mapping[str, object],
    current: Instant,
    *,
    on_conflict: OnConflict,
    relink: bool,
) -> Event:
    """Return what identify would do now with the fields in `told`; a refusal has its code and reason."""

    def event(code: str, sentence: str) -> Event:
        return Event(current, "", "identify", "", code, sentence)

    if visitor.deleted_at is not None:
        return event("visitor_deleted", f"identify would refuse: visitor {visitor.id} is deleted")
    try:
        said = parse_identity(told)
        decision = decide(said, known(store, visitor.contact, said, current), on_conflict=on_conflict, relink=relink)
        for other in decision.merges:
            if decision.contact is not None:
                plan_merge(decision.contact, other)
    except VisitorsError as error:
        return event(error.code, f"identify would refuse: {error.message}" + (f" ({error.hint})" if error.hint else ""))
    who = decision.contact.called if decision.contact else "a new contact"
    what = {
        "created": f"would link it to {who}",
        "linked": f"would link it to {who}",
        "updated": f"would update {who}, to whom it is already linked",
        "unchanged": f"would change nothing: it is linked to {who}, who already has these values",
    }[decision.outcome]
    fields = ", ".join(decision.changes)
    merged = "".join(f"; {other.called} would be merged into it" for other in decision.merges)
    sets = f"; it would set {fields}" if fields and decision.contact else ""
    return event(f"{decision.outcome}:{decision.rule}", f"identify {what}: {RULES[decision.rule]}{sets}{merged}")
