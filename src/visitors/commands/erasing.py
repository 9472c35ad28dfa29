"""The steps of both erase commands: resolve, ask, erase, wipe the files, and hand out the receipt."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Annotated, NamedTuple

import msgspec
import typer

from visitors import interrupts
from visitors.context import Context
from visitors.domain.receipt import Counts, Left, Receipt
from visitors.errors import ChangedMeanwhile, FileProblem, UsageProblem
from visitors.operations.erase import erase, foresee, resolve
from visitors.output.answers import ERASURE_PREVIEW, RECEIPT
from visitors.output.files import whole_file
from visitors.output.machine import json_document
from visitors.output.words import number
from visitors.store.file.secure_wipe import find_copies, log_of, wipe
from visitors.store.history import erasing
from visitors.store.places import File
from visitors.store.records.blocks import Target
from visitors.store.servers import Server

Vacuum = Annotated[
    bool,
    typer.Option(
        "--vacuum/--no-vacuum",
        help="Rewrite the store's file so that no erased bytes remain in it; otherwise run 'db compact' later.",
    ),
]
ReceiptFile = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write the receipt to this file, which only you can read.",
        show_default=False,
    ),
]

_WHOM = {
    "visitor": "no visitors given: pass ids, or - for standard input",
    "contact": "no contacts given: pass ids, emails or ext:ID, or - for standard input",
}


def erase_records(
    context: Context,
    target: Target,
    typed: Sequence[str],
    *,
    yes: bool,
    dry_run: bool,
    vacuum: bool,
    output: str | None,
) -> None:
    """Erase the named visitors or contacts, in one operation, all or nothing.

    Raises UsageProblem, NotFound, Conflict, Declined and FileProblem.
    """
    if not typed:
        raise UsageProblem(_WHOM[target])
    context.refuse_store(output)
    named = context.references(typed)
    if named and context.ignores_missing:
        with context.reading() as store:
            named = resolve(store, target, named, context.now, context.missing)
    if not named:
        context.output.note("nothing to erase")
        return
    if dry_run:
        _rehearse(context, target, named)
        return
    asked: Counts | None = None
    if not yes:
        with context.reading() as store:
            asked = foresee(store, target, resolve(store, target, named, context.now, context.missing))
        context.confirm(f"permanently erase {_told(asked, target)}, including their history")
    erased = _erase(context, target, named, output, asked)
    _tell(context, target, erased, output)
    _wipe(context, vacuum=vacuum)
    if erased.unwritten is not None:
        raise erased.unwritten


class _Erased(NamedTuple):
    """The receipt, the ids of contacts that lost a device but stay, other records that were kept, and why the receipt
    is not in its file, if it is not.
    """

    receipt: Receipt
    staying: Sequence[str]
    left: Sequence[Left]
    unwritten: FileProblem | None = None


def _erase(context: Context, target: Target, named: Sequence[str], output: str | None, asked: Counts | None) -> _Erased:
    """Erase the records, as many as were `asked` about, and write the receipt to its file.

    Raises NotFound and Conflict, and FileProblem if the file cannot be written, before anything is erased.
    """
    erased: _Erased | None = None
    try:
        with ExitStack() as stack:
            # first, so that nothing is erased if the receipt cannot be written
            file = stack.enter_context(whole_file(output)) if output is not None and output != "-" else None
            with context.operation() as operation:
                ids = resolve(context.store, target, named, operation.at, context.missing)
                if asked is not None and foresee(context.store, target, ids) != asked:
                    raise ChangedMeanwhile("their data has changed")
                staying = erasing.contacts_of(context.store, ids) if target == "visitor" else []
                receipt, left = erase(context.store, operation, target, ids, command=context.command)
            erased = _Erased(receipt, staying, left)
            if file is not None:
                file.write(json_document(receipt))
    except FileProblem as error:
        if erased is None:
            raise
        return erased._replace(unwritten=error)
    return erased


def _rehearse(context: Context, target: Target, named: Sequence[str]) -> None:
    """Report how much would be erased, and how much of the history."""
    with context.operation(dry_run=True) as operation:
        ids = resolve(context.store, target, named, operation.at, context.missing)
        receipt, left = erase(context.store, operation, target, ids, command=context.command, rehearsal=True)
    counts = receipt.counts
    preview = {"outcome": "would erase", "command": context.command, "counts": msgspec.structs.asdict(counts)}
    context.output.kept(ERASURE_PREVIEW, preview, f"Would erase {_told(counts, target)}.")
    _tell_left(context, left)


def _tell(context: Context, target: Target, erased: _Erased, output: str | None) -> None:
    is_in_file = output not in (None, "-") and erased.unwritten is None
    where = f" The receipt is in {output}." if is_in_file else ""
    line = f"Erased {_told(erased.receipt.counts, target)}, including their history.{where}"
    if is_in_file and context.output.format is None and not context.output.on_terminal:
        context.output.note(line)
    else:
        context.output.kept(RECEIPT, erased.receipt, line)
    staying = erased.staying
    if staying:
        who = f"contact {staying[0]} is" if len(staying) == 1 else f"{number(len(staying), 'contact')} are"
        context.output.note(f"{who} still in the store; to erase the person: visitors contacts erase {staying[0]}")
    _tell_left(context, erased.left)


def _tell_left(context: Context, left: Sequence[Left]) -> None:
    def told(one: Left) -> str:
        group = "contacts " if one.kind == "contact" else ""
        return f"kept {one.kind} {one.id}: {one.reason}; to erase it too: visitors {group}erase {one.id}"

    context.output.first(context.output.warn, [told(one) for one in left])


def _wipe(context: Context, *, vacuum: bool) -> None:
    """Wipe the store's files, and say where traces of the erased may remain."""
    place, warn = context.settings.store, context.output.warn
    if isinstance(place, Server):
        warn(f"the logs and backups of {place.name} may contain the erased data until they are rotated")
        return
    if not isinstance(place, File):  # nothing of it lasts
        return
    finish = "to finish, once nobody else uses the store: visitors db compact"
    try:
        interrupts.release()  # this may take long, and the commit is already reported
        wiped = wipe(context.store, rewrite=vacuum)
        interrupts.hold()
    except (KeyboardInterrupt, SystemExit):
        warn(f"the data is erased, but bytes of it may remain in {place.name}; {finish}")
        raise
    if wiped.problem is not None:
        warn(f"bytes of erased data may remain in {place.name}: {wiped.problem}; {finish}")
    elif not wiped.log_is_empty:
        warn(f"erased data may still be in {log_of(place)}, which another process is reading; {finish}")
    elif not vacuum:
        warn(f"bytes of erased data may remain in {place.name}; to rewrite it: visitors db compact")
    for copy in find_copies(place):
        warn(f"an earlier copy may still contain erased data: {copy}")


def _told(counts: Counts, target: Target) -> str:
    """Format `1 contact, 2 visitors and 1 conversation with 3 messages`, omitting zeros."""
    by_kind = msgspec.structs.asdict(counts)
    nouns = ("contact", "visitor", "conversation", "message", "block")
    told = [number(by_kind[f"{noun}s"], noun) for noun in nouns if by_kind[f"{noun}s"]]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told) or f"remaining data of {target}s"
