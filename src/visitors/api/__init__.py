"""The Python API: what the commands do, as methods that return typed values.

The public names are those of the package `visitors`; import them from there.
"""

from __future__ import annotations

from visitors.api.contacts import Contacts
from visitors.api.conversations import Conversations
from visitors.api.fixtures import FixtureFile, Fixtures
from visitors.api.importing import Reject, Rows
from visitors.api.results import Erased, Identified, Imported, ImportedConversations, Tracked, Undone
from visitors.api.store import Now, VisitorStore, open_store
from visitors.domain.block import Block
from visitors.domain.contact import Contact, Duplicate, ListedContact, Person
from visitors.domain.contact_selection import ChosenContacts
from visitors.domain.conversation import Conversation, Message, Priority, Status
from visitors.domain.conversation_selection import ChosenConversations
from visitors.domain.decision import OnConflict, OnExisting, Outcome, Rule
from visitors.domain.fixture import Difference
from visitors.domain.metadata import Metadata
from visitors.domain.operation import Change, Link, Operation, Target
from visitors.domain.page import ContactPage, ConversationPage, Device, VisitorPage
from visitors.domain.receipt import Counts, Left, Receipt, Subject
from visitors.domain.selection import Chosen
from visitors.domain.statistics import ConversationFigure, Counted, Figure, Group, Pair, Per, Period
from visitors.domain.times import Instant, Time
from visitors.domain.visitor import Browser, Visitor
from visitors.errors import (
    CheckFailed,
    Conflict,
    InvalidData,
    NotFound,
    StoreProblem,
    UsageProblem,
    VisitorsError,
)
from visitors.input.formats import Format

__all__ = [
    "Block",
    "Browser",
    "Change",
    "CheckFailed",
    "Chosen",
    "ChosenContacts",
    "ChosenConversations",
    "Conflict",
    "Contact",
    "ContactPage",
    "Contacts",
    "Conversation",
    "ConversationFigure",
    "ConversationPage",
    "Conversations",
    "Counted",
    "Counts",
    "Device",
    "Difference",
    "Duplicate",
    "Erased",
    "Figure",
    "FixtureFile",
    "Fixtures",
    "Format",
    "Group",
    "Identified",
    "Imported",
    "ImportedConversations",
    "Instant",
    "InvalidData",
    "Left",
    "Link",
    "ListedContact",
    "Message",
    "Metadata",
    "NotFound",
    "Now",
    "OnConflict",
    "OnExisting",
    "Operation",
    "Outcome",
    "Pair",
    "Per",
    "Period",
    "Person",
    "Priority",
    "Receipt",
    "Reject",
    "Rows",
    "Rule",
    "Status",
    "StoreProblem",
    "Subject",
    "Target",
    "Time",
    "Tracked",
    "Undone",
    "UsageProblem",
    "Visitor",
    "VisitorPage",
    "VisitorStore",
    "VisitorsError",
    "open_store",
]
