"""`visitors contacts create`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.context import context_of
from visitors.domain.ids import given_contact_id
from visitors.operations.merge import create_contact, find_or_create_contact
from visitors.output.shapes import CONTACT
from visitors.store.records import contacts

OPTION_GROUPS = (options.person,)


def command(
    ctx: typer.Context,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Id of the contact. Default: a new ULID.")
    ] = None,
    exist_ok: Annotated[
        bool,
        typer.Option("--exist-ok", help="Succeed without changes if the id, external id or email exists."),
    ] = False,
) -> None:
    """Create a contact that has no visitors yet.

    When piped, prints only the id: id=$(visitors contacts create)
    """
    context = context_of(ctx)
    contact_id = given_contact_id(id_) if id_ is not None else None
    said = options.person_said(context)
    with context.operation() as operation:
        if exist_ok:
            created, is_new = find_or_create_contact(context.store, operation, said, contact_id=contact_id)
        else:
            created, is_new = create_contact(context.store, operation, said, contact_id=contact_id), True
        contact = contacts.find(context.store, created, operation.at)
        assert contact is not None
    line = f"Created contact {created}." if is_new else f"Contact {created} already exists."
    context.output.done(CONTACT, [contact], [created], line, single=True)
