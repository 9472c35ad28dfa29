"""`visitors contacts import`."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from visitors.commands import importing, options
from visitors.commands.bulk_change import read_contacts
from visitors.context import context_of
from visitors.domain.decision import OnConflict, OnExisting
from visitors.input.kinds import CONTACTS
from visitors.operations.contact_import import take_contacts
from visitors.operations.import_ import Policy
from visitors.operations.imported_blocks import Left
from visitors.output.shapes import CONTACT
from visitors.store.history import operations

OPTION_GROUPS = (importing.reading,)


def command(
    ctx: typer.Context,
    file: importing.ImportFile,
    on_existing: Annotated[OnExisting, typer.Option(help="What to do if the contact exists.")] = "update",
    on_conflict: Annotated[
        OnConflict, typer.Option(help="What to do if external id and email belong to two people.")
    ] = "error",
    dry_run: options.DryRun = False,
) -> None:
    """Import contacts from a file or standard input.

    Reads csv, tsv, json and ndjson, as written by 'visitors contacts list': id, externalId, email, name, image,
    metadata (an object, or one column per key, such as metadata.plan), isBlocked and times. --map assigns other
    columns to fields.

    A row refers to the contact with its id, external id or email, by the rules of 'visitors identify', or else
    creates one. Fields that a row does not give are kept; metadata is merged key by key. If the person is already
    in the store under another id, the id in the file becomes an additional id of that contact.

    All or nothing: the first bad row stops the import, and nothing is written. --dry-run checks every row and
    writes nothing. A summary is printed at the end; with --format, the contacts that were written are shown.
    """
    context = context_of(ctx)
    policy = Policy(on_existing=on_existing, on_conflict=on_conflict)
    left: Counter[Left] = Counter()
    imported = importing.take_file(
        context,
        CONTACTS,
        importing.file_of(context, file, dry_run=dry_run),
        lambda operation, rows, bad, _: take_contacts(context.store, operation, rows, policy, bad.reject, left),
    )
    with context.reading() as store:  # empty after a dry run
        ids = list(operations.changed_ids(store, imported.operation_id, "contact"))
        shown = read_contacts(store, ids, context.now)
        context.output.loaded(CONTACT, shown, ids, importing.summary(imported, dry_run=dry_run))
    importing.tell_left(context, CONTACTS, left)
    importing.tell_bad_rows(context, imported)
