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
    """Read conversations, with their messages, from a file or from standard input.

    csv, tsv, json and ndjson, as conversations list and show write them: id, title, status, priority, visitorId,
    contactId, times, and messages, each with id, visitorId or agent, body and createdAt. A row of a table holds one
    message: message.id, message.body, message.agent and so on; rows with one id are one conversation.

    A conversation goes by its id, a message by its id, or without one by author, time and text: what is there
    already is not taken again. Of a conversation that is there, a row that is newer sets title, status and
    priority, and whose it is stays.

    A conversation is that of its visitor, who is made if not there. One that names only a contact (contactId,
    externalId, email) is that of the contact's newest visitor, and one is made for a contact without any. A
    message without an author is the visitor's; one with authorId is the visitor's if that is the id of the
    contact, else that of an agent of this name. Messages stand in the order in which they come.

    All or nothing: the first bad row stops it, and nothing is written. --dry-run checks every row and writes
    nothing. What was done is summed up; with --format, the conversations that were written are shown.
    """
    context = context_of(ctx)
    imported = importing.take_file(
        context,
        CONVERSATIONS,
        importing.file_of(context, file, dry_run=dry_run),
        lambda operation, rows, bad: take_conversations(context.store, operation, rows, bad.reject),
    )
    line = f"{importing.summary(imported, dry_run=dry_run)}; {number(imported.taken['messages'], 'new message')}"
    with context.reading() as store:  # empty after a dry run
        ids = list(operations.changed_ids(store, imported.operation_id, "conversation"))
        context.output.loaded(CONVERSATION, read_conversations(store, ids), ids, line)
    importing.tell_bad_rows(context, imported)
