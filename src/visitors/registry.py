"""The table of contents: every command, where its code is, and one line about it.

A command's words are its module's path: `contacts list` is `visitors.commands.contacts.list`. The module is imported
when the command is called, or its help is shown, and not before.
"""

from __future__ import annotations

import keyword
from typing import NamedTuple


class Entry(NamedTuple):
    """One command or group: its words, its place in the help, one line of help, and whether it changes the store."""

    words: str
    panel: str
    help: str
    changes: bool = False

    @property
    def module(self) -> str:
        """The command's module; an underscore is appended to a Python keyword, and replaces a hyphen."""
        words = self.words.replace("-", "_").split()
        parts = [word + "_" if keyword.iskeyword(word) else word for word in words]
        return ".".join(["visitors.commands", *parts])


VISITORS = "Visitors"
PEOPLE = "Contacts and conversations"
BULK = "Import and export"
RECORD = "History and store"
FIXTURES = "Test data"
PANELS = (VISITORS, BULK, PEOPLE, FIXTURES, RECORD)

EVERYWHERE = "Everywhere"
"""The panel of the global options."""

GROUPS = (
    Entry("contacts", PEOPLE, "Manage contacts, the people behind visitors"),
    Entry("conversations", PEOPLE, "Manage conversations and their messages"),
    Entry("fixtures", FIXTURES, "Manage test data as files"),
    Entry("db", RECORD, "Inspect, back up and maintain the store"),
)

COMMANDS = (
    Entry("track", VISITORS, "Recognise or create a visitor, as on page load", changes=True),
    Entry("create", VISITORS, "Create a visitor", changes=True),
    Entry("list", VISITORS, "List visitors"),
    Entry("show", VISITORS, "Show everything about a visitor"),
    Entry("stats", VISITORS, "Count visitors by field or over time, with a chart"),
    Entry("update", VISITORS, "Set or clear browser data", changes=True),
    Entry("identify", VISITORS, "Link a visitor to a contact", changes=True),
    Entry("unidentify", VISITORS, "Unlink visitors from their contact", changes=True),
    Entry("block", VISITORS, "Block visitors, or a contact on every device", changes=True),
    Entry("unblock", VISITORS, "Lift blocks", changes=True),
    Entry("delete", VISITORS, "Delete visitors; they can be restored", changes=True),
    Entry("restore", VISITORS, "Restore deleted visitors", changes=True),
    Entry("prune", VISITORS, "Delete stale anonymous visitors", changes=True),
    Entry("erase", VISITORS, "Erase visitors permanently, including their history", changes=True),
    Entry("export", BULK, "Export visitors to a file or standard output"),
    Entry("import", BULK, "Import visitors from a file or standard input", changes=True),
    Entry("history", RECORD, "Show what was done, by whom and when"),
    Entry("undo", RECORD, "Undo or redo an operation", changes=True),
    Entry("explain", RECORD, "Explain how a visitor got its identity, or what identify would do"),
    Entry("sql", RECORD, "Run a read-only SQL query"),
    Entry("contacts create", PEOPLE, "Create a contact", changes=True),
    Entry("contacts list", PEOPLE, "List contacts"),
    Entry("contacts show", PEOPLE, "Show everything about a contact"),
    Entry("contacts update", PEOPLE, "Set or clear fields of a contact", changes=True),
    Entry("contacts merge", PEOPLE, "Merge contacts that are the same person", changes=True),
    Entry("contacts split", PEOPLE, "Move visitors from a contact to a new one", changes=True),
    Entry("contacts delete", PEOPLE, "Delete contacts; they can be restored", changes=True),
    Entry("contacts restore", PEOPLE, "Restore deleted contacts", changes=True),
    Entry("contacts import", PEOPLE, "Import contacts from a file or standard input", changes=True),
    Entry("contacts subject-export", PEOPLE, "Export everything about one person"),
    Entry("contacts erase", PEOPLE, "Erase people permanently, including their devices and history", changes=True),
    Entry("contacts duplicates", PEOPLE, "List contacts that may be the same person"),
    Entry("conversations start", PEOPLE, "Start a conversation", changes=True),
    Entry("conversations list", PEOPLE, "List conversations"),
    Entry("conversations show", PEOPLE, "Show a conversation with its messages"),
    Entry("conversations stats", PEOPLE, "Count conversations by field or over time, with a chart"),
    Entry("conversations reply", PEOPLE, "Reply in a conversation", changes=True),
    Entry("conversations resolve", PEOPLE, "Mark conversations as resolved", changes=True),
    Entry("conversations reopen", PEOPLE, "Reopen conversations", changes=True),
    Entry("conversations spam", PEOPLE, "Mark conversations as spam", changes=True),
    Entry("conversations import", PEOPLE, "Import conversations from a file or standard input", changes=True),
    Entry("seed", FIXTURES, "Generate sample visitors, the same ones for the same seed", changes=True),
    Entry("assert", FIXTURES, "Check how many visitors match a selection"),
    Entry("fixtures apply", FIXTURES, "Make the store match fixture files", changes=True),
    Entry("fixtures diff", FIXTURES, "Show where the store differs from fixture files"),
    Entry("fixtures dump", FIXTURES, "Write the store, or part of it, as a fixture file"),
    Entry("fixtures check", FIXTURES, "Validate fixture files without a store"),
    Entry("fixtures schema", FIXTURES, "Print the JSON Schema of fixture files"),
    Entry("db path", RECORD, "Print the path of the store"),
    Entry("db info", RECORD, "Show the size, contents and settings of the store"),
    Entry("db check", RECORD, "Check the integrity of the store, or verify an erasure receipt"),
    Entry("db backup", RECORD, "Back up the store to a file, even while it is in use"),
    Entry("db restore", RECORD, "Restore the store from a backup", changes=True),
    Entry("db compact", RECORD, "Reclaim unused space and rebuild indexes", changes=True),
    Entry("db migrate", RECORD, "Migrate the store to the current schema", changes=True),
    Entry("db dump", RECORD, "Dump the whole store, including its history"),
    Entry("db load", RECORD, "Load a dump into an empty store", changes=True),
    Entry("stores", RECORD, "List the named stores"),
    Entry("help", RECORD, "Show help about a topic or a command"),
    Entry("completion", RECORD, "Print or install the completion script for a shell"),
)


def members(group: str) -> list[Entry]:
    """Return the commands and groups directly below `group` (`""`: the top level), in the order of the help."""
    depth = len(group.split())
    found = sorted([*COMMANDS, *GROUPS], key=lambda entry: PANELS.index(entry.panel))
    return [
        entry
        for entry in found
        if len(entry.words.split()) == depth + 1 and entry.words.split()[:depth] == group.split()
    ]
