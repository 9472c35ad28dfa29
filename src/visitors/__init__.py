"""visitors: administer the people who come to an application through a support widget.

`open_store` opens a store, whose methods do what the commands do:

    >>> import visitors
    >>> store = visitors.open_store(":memory:", now="2026-03-08", actor="nightly")
    >>> store.track("v-1", language="en-gb", fingerprint="fp-1").resolved_by
    'created'
    >>> store.identify("v-1", email="ada@example.com", name="Ada").outcome
    'created'
    >>> store.block("v-1", reason="spam", for_="7d")[0].block_expires_at
    '2026-03-15T00:00:00.000Z'
    >>> [visitor.id for visitor in store.list(blocked=True, language="en")]
    ['v-1']
    >>> store.show("v-1").contact.name
    'Ada'

People, conversations and fixtures have methods of their own:

    >>> store.contacts.block("ada@example.com", reason="asked us to")[0].is_blocked
    True
    >>> store.contacts.unblock("ada@example.com")[0].is_blocked
    False
    >>> store.unblock("v-1")[0].is_blocked
    False
    >>> store.conversations.start("v-1", message="Hello").status
    'open'
    >>> store.fixtures.diff(store.fixtures.dump())
    []

Expected errors are `visitors.VisitorsError`, with a `code` and often a `hint`:

    >>> try:
    ...     store.show("nobody")
    ... except visitors.NotFound as error:
    ...     print(error.code)
    visitor_not_found
    >>> store.close()

The package has the types of all arguments and results, too, for annotations: `visitors.Visitor`, `visitors.Contact`,
`visitors.Browser`. In a shell, `visitors help python` lists all names.
"""

# ruff: noqa: F403, F405 - type checkers take the names from visitors.api, whose list a test compares with this one

__version__ = "0.2.0"

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
    "__version__",
    "open_store",
]

TYPE_CHECKING = False  # importing the real one from typing would slow every start
if TYPE_CHECKING:
    from visitors.api import *
else:
    # The command starts through here: nothing is imported until it is asked for.

    def __getattr__(name: str) -> object:
        if name in __all__:
            from visitors import api

            return getattr(api, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        # help() describes these; the other names are for annotations and except clauses
        return ["Contacts", "Conversations", "Fixtures", "VisitorStore", "__version__", "open_store"]
