"""The Python API: what the commands do, as methods that return typed values.

The public names are those of the package `visitors`; import them from there.
"""

from __future__ import annotations

from visitors.api.contacts import Contacts
from visitors.api.conversations import Conversations
from visitors.api.fixtures import Fixtures
from visitors.api.results import Erased, Identified, Imported, ImportedConversations, Tracked, Undone
from visitors.api.store import VisitorStore, open_store
from visitors.domain.contact import Person
from visitors.domain.contact_selection import ChosenContacts
from visitors.domain.conversation_selection import ChosenConversations
from visitors.domain.selection import Chosen
from visitors.domain.statistics import ConversationFigure, Figure, Group, Pair, Period
from visitors.domain.visitor import Browser

__all__ = [
    "Browser",
    "Chosen",
    "ChosenContacts",
    "ChosenConversations",
    "Contacts",
    "ConversationFigure",
    "Conversations",
    "Erased",
    "Figure",
    "Fixtures",
    "Group",
    "Identified",
    "Imported",
    "ImportedConversations",
    "Pair",
    "Period",
    "Person",
    "Tracked",
    "Undone",
    "VisitorStore",
    "open_store",
]
