"""`visitors contacts update`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.commands.many import Verb, change_contacts
from visitors.context import context_of
from visitors.domain.decision import contact_changes
from visitors.domain.identity import CLEARABLE_OF_CONTACT
from visitors.errors import UsageProblem
from visitors.operations.merge import refuse_taken
from visitors.store import contacts
from visitors.store.connection import OpenOperation, Store

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
    """Set or clear what is known of a contact. What is not given stays; metadata merge key by key."""
    context = context_of(ctx)
    said = options.person_said(
        context, clearable=CLEARABLE_OF_CONTACT, clear=clear, unset=unset, replaceMetadata=replace_metadata
    )
    if not said.says_something:
        raise UsageProblem("nothing to update", hint="give a field, such as --name, or --clear FIELD")

    def act(store: Store, operation: OpenOperation, ids: list[str]) -> set[str]:
        changed = set()
        for contact_id in ids:
            found = contacts.find(store, contact_id, operation.at)
            assert found is not None
            changes = contact_changes(said, found)
            refuse_taken(store, operation, changes, besides=found.id)
            contacts.update(store, operation, found.id, changes)
            changed |= {found.id} if changes else set()
        return changed

    change_contacts(context, [contact], Verb("update", "updated", "had these values already"), act)
