"""`visitors contacts update`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Verb, change_contacts
from visitors.context import context_of
from visitors.domain.identity import CLEARABLE_OF_CONTACT
from visitors.operations.merge import update_contacts

OPTION_GROUPS = (options.person,)
_CLEAR = ", ".join(CLEARABLE_OF_CONTACT)


def command(
    ctx: typer.Context,
    contact: options.ContactArgument,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help=f"Set to null: {_CLEAR}. Repeatable.", show_default=False),
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Remove a metadata key. Repeatable.", show_default=False)
    ] = None,
    replace_metadata: Annotated[bool, typer.Option("--replace-metadata", help="Replace all metadata.")] = False,
) -> None:
    """Set or clear fields of a contact. Fields not given are kept; metadata is merged key by key."""
    context = context_of(ctx)
    said = options.person_said(
        context, clearable=CLEARABLE_OF_CONTACT, clear=clear, unset=unset, replaceMetadata=replace_metadata
    )
    change_contacts(
        context,
        [contact],
        Verb("update", "updated", "already up to date"),
        lambda store, operation, ids: update_contacts(store, operation, ids, said),
    )
