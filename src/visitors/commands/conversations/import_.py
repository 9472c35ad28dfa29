"""`visitors conversations import`."""

from __future__ import annotations

import typer

from visitors.commands import importing, options
from visitors.commands.bulk_change import read_conversations
from visitors.context import context_of
from visitors.input.kinds import CONVERSATIONS
from visitors.operations.conversation_import import take_conversations
from visitors.output.shapes import CONVERSATION
from visitors.output.words import number
from visitors.store.history import operations

OPTION_GROUPS = (importing.reading,)


def command(
    ctx: typer.Context,
    file: importing.ImportFile,
    dry_run: options.DryRun = False,
) -> None:
    """Import conversations, with their messages, from a file or standard input.

    Reads csv, tsv, json and ndjson, as written by 'visitors conversations list' and 'show': id, title, status,
    priority, visitorId, contactId, times, and messages, each with id, visitorId or agent, body and createdAt. In
    a table, each row holds one message (message.id, message.body, message.agent and so on), and rows with the
    same id form one conversation.

    Conversations are matched by id; messages by id, or without one by author, time and text. Messages that exist
    are not imported again. A row updates the title, status and priority of a conversation that exists, unless it
    is older, but never its owner.

    A conversation belongs to its visitor, who is created if missing. If only a contact is given (contactId,
    externalId or email), it goes to the contact's newest visitor; a contact without visitors gets one. A
    message without an author is from the visitor. One with authorId is from the visitor if that is the id of the
    contact, or else from an agent of that name. Messages keep the order of the file.

    All or nothing: the first bad row stops the import, and nothing is written. --dry-run checks every row and
    writes nothing. A summary is printed at the end; with --format, the conversations that were written are shown.
    """
    context = context_of(ctx)
    imported = importing.take_file(
        context,
        CONVERSATIONS,
        importing.file_of(context, file, dry_run=dry_run),
        lambda operation, rows, bad, _: take_conversations(context.store, operation, rows, bad.reject),
    )
    line = f"{importing.summary(imported, dry_run=dry_run)}; {number(imported.taken['messages'], 'new message')}"
    with context.reading() as store:  # empty after a dry run
        ids = list(operations.changed_ids(store, imported.operation_id, "conversation"))
        context.output.loaded(CONVERSATION, read_conversations(store, ids), ids, line)
    importing.tell_bad_rows(context, imported)
