"""`visitors conversations reply`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from visitors.commands import options
from visitors.context import Context, context_of
from visitors.domain import normalise
from visitors.operations import converse, references
from visitors.output.shapes import CONVERSATION
from visitors.store.records import conversations


def command(
    ctx: typer.Context,
    conversation: options.ConversationArgument,
    message: Annotated[
        str, typer.Argument(metavar="TEXT", help="Text of the message; - reads standard input.", show_default=False)
    ],
    as_visitor: Annotated[
        str | None, typer.Option("--as-visitor", metavar="VISITOR", help="The visitor who writes.", show_default=False)
    ] = None,
    as_agent: Annotated[
        str | None, typer.Option("--as-agent", metavar="NAME", help="The agent who writes.", show_default=False)
    ] = None,
) -> None:
    """Reply in a conversation, as a visitor who can see it or as an agent. A resolved one is reopened."""
    context = context_of(ctx)
    converse.check_author(as_visitor, as_agent)
    body = message_text(context, message)
    agent = normalise.text(as_agent, "agent") if as_agent is not None else None
    with context.operation() as operation:
        conversation_id = references.conversation_ids(context.store, [conversation])[0]
        reopened = converse.reply(context.store, operation, conversation_id, body, visitor=as_visitor, agent=agent)
        after = conversations.find(context.store, conversation_id)
        assert after is not None
    again = " and reopened it" if reopened else ""
    line = f"Replied in conversation {conversation_id}{again}."
    context.output.done(CONVERSATION, [after], [conversation_id], line, single=True)


def message_text(context: Context, typed: str) -> str:
    """Return the message as typed, or for `-` from standard input. Raises InvalidData."""
    text = "".join(_at_most(normalise.MESSAGE_LIMIT, context.standard_input.lines())) if typed == "-" else typed
    return normalise.text(text, "message", normalise.MESSAGE_LIMIT)


def _at_most(characters: int, lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines up to the first beyond `characters`, which suffices to know that it is too long."""
    taken = 0
    for line in lines:
        yield line
        taken += len(line.strip())
        if taken > characters:
            return
