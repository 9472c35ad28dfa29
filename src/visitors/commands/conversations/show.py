"""`visitors conversations show`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.context import context_of, is_single
from visitors.operations import references
from visitors.operations.investigate import conversation_page
from visitors.output.shapes import CONVERSATION_PAGE

OPTION_GROUPS = (options.ignore_missing,)


def command(ctx: typer.Context, conversation: options.ConversationArguments) -> None:
    """Show conversations with their messages, in order.

    When piped, prints one line per field: its name, a tab and its value, such as messages.0.body; a blank line
    separates records.
    """
    context = context_of(ctx)
    with context.reading() as store:
        ids = references.conversation_ids(store, context.references(conversation), context.missing)
        pages = [conversation_page(store, conversation_id) for conversation_id in ids]
    context.output.pages(CONVERSATION_PAGE, pages, single=is_single(conversation, pages))
