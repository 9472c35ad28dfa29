"""`visitors conversations resolve`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Verb, change_conversations
from visitors.context import context_of

OPTION_GROUPS = (options.ignore_missing,)


def command(ctx: typer.Context, conversation: options.ConversationArguments) -> None:
    """Mark conversations as resolved."""
    verb = Verb("resolve", "resolved", "already resolved")
    change_conversations(context_of(ctx), conversation, verb, "resolved")
