"""`visitors conversations reopen`."""

from __future__ import annotations

import typer

from visitors.commands import options
from visitors.commands.bulk_change import Verb, change_conversations
from visitors.context import context_of

OPTION_GROUPS = (options.ignore_missing,)


def command(ctx: typer.Context, conversation: options.ConversationArguments) -> None:
    """Reopen conversations that were resolved or marked as spam."""
    verb = Verb("reopen", "reopened", "already open")
    change_conversations(context_of(ctx), conversation, verb, "open")
