"""`visitors conversations start`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands import options
from visitors.commands.conversations.reply import message_text
from visitors.context import context_of
from visitors.domain import normalise
from visitors.domain.conversation import Priority
from visitors.operations import converse
from visitors.output.shapes import CONVERSATION
from visitors.store.records import conversations


def command(
    ctx: typer.Context,
    visitor: options.VisitorArgument,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title of the conversation.")] = None,
    message: Annotated[str | None, typer.Option(metavar="TEXT", help="First message; - reads standard input.")] = None,
    priority: Annotated[Priority, typer.Option(help="Priority of the conversation.")] = "normal",
) -> None:
    """Start a conversation for a visitor. It need not be identified, but must not be blocked."""
    context = context_of(ctx)
    about = normalise.text(title, "title") if title is not None else None
    body = message_text(context, message) if message is not None else None
    with context.operation() as operation:
        conversation_id = converse.start(
            context.store, operation, visitor, title=about, message=body, priority=priority
        )
        conversation = conversations.find(context.store, conversation_id)
        assert conversation is not None
    line = f"Started conversation {conversation_id}."
    context.output.done(CONVERSATION, [conversation], [conversation_id], line, single=True)
