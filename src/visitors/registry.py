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
PEOPLE = "People and what they write"
BULK = "In and out"
RECORD = "The record and the store"
FIXTURES = "Tests"
PANELS = (VISITORS, BULK, PEOPLE, FIXTURES, RECORD)

EVERYWHERE = "Everywhere"
"""The panel of the global options."""

GROUPS = (
    Entry("contacts", PEOPLE, "The people that visitors turn out to be"),
    Entry("conversations", PEOPLE, "What visitors write"),
    Entry("fixtures", FIXTURES, "The store that a test needs, as files"),
    Entry("db", RECORD, "The store itself"),
)

COMMANDS = (
    Entry("track", VISITORS, "Recognise a visitor, or create one, as on page load", changes=True),
    Entry("create", VISITORS, "Create a visitor", changes=True),
    Entry("list", VISITORS, "List visitors"),
    Entry("show", VISITORS, "Show all there is to know about a visitor"),
    Entry("stats", VISITORS, "Count visitors by fields and by time, with a picture"),
    Entry("update", VISITORS, "Set or clear browser data", changes=True),
    Entry("identify", VISITORS, "Link a visitor to the person it turns out to be", changes=True),
    Entry("unidentify", VISITORS, "Unlink visitors from their contact", changes=True),
    Entry("block", VISITORS, "Block visitors, or a person on every device", changes=True),
    Entry("unblock", VISITORS, "Lift blocks", changes=True),
    Entry("delete", VISITORS, "Delete visitors, restorably", changes=True),
    Entry("restore", VISITORS, "Take the deletion of visitors back", changes=True),
    Entry("prune", VISITORS, "Delete visitors that nobody would miss", changes=True),
    Entry("erase", VISITORS, "Erase visitors for good, history included", changes=True),
    Entry("export", BULK, "Write visitors to a file or to standard output"),
    Entry("import", BULK, "Read visitors from a file or from standard input", changes=True),
    Entry("history", RECORD, "What was done, by whom and when"),
    Entry("undo", RECORD, "Take an operation back, or do it again", changes=True),
    Entry("explain", RECORD, "Why a visitor is who it is, and what identify would do"),
    Entry("sql", RECORD, "Ask the store a query in SQL, which only reads"),
    Entry("contacts create", PEOPLE, "Create a contact", changes=True),
    Entry("contacts list", PEOPLE, "List contacts"),
    Entry("contacts show", PEOPLE, "Show all there is to know about a contact"),
    Entry("contacts update", PEOPLE, "Set or clear what is known of a contact", changes=True),
    Entry("contacts merge", PEOPLE, "Make several contacts one person", changes=True),
    Entry("contacts split", PEOPLE, "Take visitors out of a contact into a new one", changes=True),
    Entry("contacts delete", PEOPLE, "Delete contacts, restorably", changes=True),
    Entry("contacts restore", PEOPLE, "Take the deletion of contacts back", changes=True),
    Entry("contacts import", PEOPLE, "Read contacts from a file or from standard input", changes=True),
    Entry("contacts subject-export", PEOPLE, "Write all that is known about one person"),
    Entry("contacts erase", PEOPLE, "Erase people for good, with all their devices and history", changes=True),
    Entry("contacts duplicates", PEOPLE, "List contacts that may be one person"),
    Entry("conversations start", PEOPLE, "Start a conversation", changes=True),
    Entry("conversations list", PEOPLE, "List conversations"),
    Entry("conversations show", PEOPLE, "Show a conversation with its messages"),
    Entry("conversations stats", PEOPLE, "Count conversations by state and by time, with a picture"),
    Entry("conversations reply", PEOPLE, "Write in a conversation", changes=True),
    Entry("conversations resolve", PEOPLE, "Mark conversations as resolved", changes=True),
    Entry("conversations reopen", PEOPLE, "Open conversations again", changes=True),
    Entry("conversations spam", PEOPLE, "Mark conversations as spam", changes=True),
    Entry("conversations import", PEOPLE, "Read conversations from a file or from standard input", changes=True),
    Entry("seed", FIXTURES, "Make up visitors, the same ones for the same seed", changes=True),
    Entry("assert", FIXTURES, "Check how many visitors a selection chooses"),
    Entry("fixtures apply", FIXTURES, "Make the store what files say", changes=True),
    Entry("fixtures diff", FIXTURES, "Tell where the store is not what files say"),
    Entry("fixtures dump", FIXTURES, "Write the store, or a part of it, as such a file"),
    Entry("fixtures check", FIXTURES, "Check files without a store"),
    Entry("fixtures schema", FIXTURES, "Print the JSON Schema of the files"),
    Entry("db path", RECORD, "Print where the store is"),
    Entry("db info", RECORD, "Show what the store holds and how it is set up"),
    Entry("db check", RECORD, "Check that the store is sound, or the receipt of an erasure"),
    Entry("db backup", RECORD, "Copy the store to a file while it is in use"),
    Entry("db restore", RECORD, "Make the store what a backup is", changes=True),
    Entry("db compact", RECORD, "Give back the space that the store does not need", changes=True),
    Entry("db migrate", RECORD, "Bring the store up to date", changes=True),
    Entry("db dump", RECORD, "Write the whole store, history included"),
    Entry("db load", RECORD, "Take a dump into an empty store", changes=True),
    Entry("stores", RECORD, "List the named stores"),
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
