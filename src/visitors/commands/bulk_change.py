"""The steps of commands that change many visitors: resolve, ask, change at once, report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from visitors.context import Context, is_single
from visitors.domain.contact import Contact
from visitors.domain.conversation import Conversation, Status
from visitors.domain.selection import Selection
from visitors.domain.times import Instant
from visitors.domain.visitor import Visitor
from visitors.errors import UsageProblem
from visitors.operations import references
from visitors.operations.targets import Targets
from visitors.output.machine import as_record
from visitors.output.shape import Shape
from visitors.output.shapes import CONTACT, CONVERSATION, VISITOR
from visitors.output.words import number
from visitors.store.records import contacts, conversations, visitors
from visitors.store.store import OpenOperation, Store

_AT_ONCE = 500


class Verb(msgspec.Struct, frozen=True):
    """The command's verb for reports: `block`, `blocked`, and the word for those already in that state."""

    infinitive: str
    done: str
    already: str


class Done(msgspec.Struct, frozen=True):
    """The result of a change: the changed ids, other outcomes than that or `unchanged` by id (`left`: it could not be
    changed), and remarks.
    """

    changed: set[str]
    outcomes: dict[str, str] = {}
    remarks: Sequence[str] = ()


Act = Callable[[Store, OpenOperation, list[str]], set[str] | Done]
"""Changes the visitors or contacts with these ids; returns the changed ids, or a `Done`."""


def change_visitors(
    context: Context,
    typed: Sequence[str],
    verb: Verb,
    act: Act,
    *,
    chosen: Selection | None = None,
    everything: bool = False,
    yes: bool = False,
    dry_run: bool = False,
    deleted: bool | None = False,
) -> None:
    """Change the visitors that were named or selected, in one operation, all or nothing.

    Without `chosen` the options select. The change applies to the visitors that the question was about, less those no
    longer selected. `deleted` is as for `Targets`; unless it is False, deleted visitors may be named. Raises
    UsageProblem, NotFound, Conflict and Declined.
    """
    targets = Targets(
        typed,
        context.selection() if chosen is None else chosen,
        everything=everything,
        deleted=deleted,
        selects=context.takes("never_seen"),
        takes_all=context.takes("all_"),
    )
    if targets.named is not None:
        targets.named = context.references(targets.named)
    asked: set[str] | None = None
    if targets.named is None and not dry_run and not yes:
        with context.reading() as store:
            asked = set(targets.resolve(store, context.now))
        context.confirm(f"{verb.infinitive} {number(len(asked), 'visitor')}")
    with context.operation(dry_run=dry_run) as operation:
        ids = targets.resolve(context.store, operation.at, context.missing)
        if asked is not None:
            came, ids = len(set(ids) - asked), [one for one in ids if one in asked]
            if came:
                context.output.note(f"skipped {number(came, 'visitor')} that matched only after the question")
        done = act(context.store, operation, ids)
        wanted = context.output.wants_records
        found = visitors.find_many(context.store, ids, operation.at) if wanted else []
    _tell(context, VISITOR, verb, typed, ids, done, found, dry_run=dry_run)


def change_contacts(
    context: Context, typed: Sequence[str], verb: Verb, act: Act, *, dry_run: bool = False, deleted: bool = False
) -> None:
    """Change the named contacts, in one operation, all or nothing; see `change_visitors`."""
    if not typed:
        raise UsageProblem("no contacts given: pass ids, emails or ext:ID, or - for standard input")
    named = context.references(typed)
    with context.operation(dry_run=dry_run) as operation:
        ids = references.contact_ids(context.store, named, operation.at, context.missing, live=not deleted)
        done = act(context.store, operation, ids)
        wanted = ids if context.output.wants_records else []
        found = [contacts.find(context.store, contact_id, operation.at) for contact_id in wanted]
    _tell(context, CONTACT, verb, typed, ids, done, filter(None, found), dry_run=dry_run)


def change_conversations(context: Context, typed: Sequence[str], verb: Verb, status: Status) -> None:
    """Set the status of the named conversations, in one operation, all or nothing."""
    named = context.references(typed)
    with context.operation() as operation:
        ids = references.conversation_ids(context.store, named, context.missing)
        changed = conversations.set_status(context.store, operation, ids, status)
        wanted = ids if context.output.wants_records else []
        found = [conversations.find(context.store, conversation_id) for conversation_id in wanted]
    _tell(context, CONVERSATION, verb, typed, ids, changed, filter(None, found), dry_run=False)


def _tell(
    context: Context,
    shape: Shape,
    verb: Verb,
    typed: Sequence[str],
    ids: Sequence[str],
    done: set[str] | Done,
    found: Iterable[Visitor | Contact | Conversation],
    *,
    dry_run: bool,
) -> None:
    """Report what was changed among `ids`: a sentence, the ids, or the records `found`, each with its outcome."""
    output = context.output
    done = done if isinstance(done, Done) else Done(done)
    changed = f"would {verb.infinitive}" if dry_run else verb.done
    outcomes = {**dict.fromkeys(done.changed, changed), **done.outcomes}
    results = [{"outcome": outcomes.get(one.id, "unchanged"), **as_record(one)} for one in found]
    left = sum(outcome == "left" for outcome in done.outcomes.values())
    unchanged = len(ids) - len(done.changed) - left
    line = sentence(verb, len(done.changed), unchanged, shape.noun, ids, left=left, dry_run=dry_run)
    output.done(shape.led_by("outcome"), results, ids, line, single=is_single(typed, ids))
    if (unchanged or left) and not output.tells_persons:
        output.note(line)
    output.first(output.note, done.remarks)


def sentence(
    verb: Verb, changed: int, unchanged: int, noun: str, ids: Sequence[str], *, left: int = 0, dry_run: bool
) -> str:
    """Format one line: `Blocked 3 visitors; 1 blocked already`, the same for a dry run, or that nothing was done."""
    what = f"{noun} {ids[0]}" if len(ids) == 1 and not left else number(changed, noun)
    if not changed and len(ids) == 1 and not left:
        return f"{noun.capitalize()} {ids[0]} is {verb.already}; nothing changed."
    start = f"Would {verb.infinitive} {what}" if dry_run else f"{verb.done.capitalize()} {what}"
    rest = f"; {unchanged:,} {verb.already}" if unchanged else ""
    rest += f"; {left:,} skipped" if left else ""
    return f"{start}{rest}."


def read_visitors(store: Store, ids: Iterator[str], current: Instant) -> Iterator[Visitor]:
    """Yield the visitors with these ids, read in batches."""
    while some := list(islice(ids, _AT_ONCE)):
        yield from visitors.find_many(store, some, current)


def read_contacts(store: Store, ids: Iterable[str], current: Instant) -> Iterator[Contact]:
    """Yield the contacts with these ids, without those merged into others."""
    for contact_id in ids:
        found = contacts.find(store, contact_id, current)
        if found is not None and found.id == contact_id:
            yield found


def read_conversations(store: Store, ids: Iterable[str]) -> Iterator[Conversation]:
    """Yield the conversations with these ids."""
    for conversation_id in ids:
        found = conversations.find(store, conversation_id)
        if found is not None:
            yield found
