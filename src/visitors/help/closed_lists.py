"""The values of options that Typer takes for any text: fields to show, sort by and clear, mappings and kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from visitors.domain.fields import BROWSER_DATA
from visitors.domain.identity import CLEARABLE, CLEARABLE_OF_CONTACT
from visitors.domain.statistics import GROUPABLE
from visitors.help import topics
from visitors.input.kinds import CONTACTS, CONVERSATIONS, VISITORS
from visitors.input.mapping_files import READY_MADE, read_mapping
from visitors.input.recognise import AUTO, NONE
from visitors.output import answers, history_shapes, shapes, statistics
from visitors.output.shape import Shape
from visitors.output.shapes import CONTACT, CONVERSATION, VISITOR
from visitors.registry import COMMANDS, GROUPS
from visitors.store.query import contacts, conversations
from visitors.store.records import visitors
from visitors.store.schema.recorded import RECORDED

_VISITOR = VISITOR.led_by("outcome")
_CONTACT = CONTACT.led_by("outcome")
_CONVERSATION = CONVERSATION.led_by("outcome")
_ERASED = (answers.RECEIPT, answers.ERASURE_PREVIEW)
_COUNTED = (statistics.GROUPS, statistics.PAIRS, statistics.PERIODS)

ANSWERS: Mapping[str, tuple[Shape, ...]] = {
    "": (VISITOR,),
    "track": (VISITOR.led_by("resolvedBy"),),
    "create": (VISITOR,),
    "list": (VISITOR,),
    "show": (shapes.VISITOR_PAGE,),
    "stats": (*_COUNTED, statistics.OVERVIEW),
    "update": (_VISITOR,),
    "identify": (VISITOR.led_by("outcome", "rule"),),
    "unidentify": (_VISITOR,),
    "block": (_VISITOR, _CONTACT, shapes.BLOCKED),
    "unblock": (_VISITOR, _CONTACT, shapes.BLOCKED),
    "delete": (_VISITOR,),
    "restore": (_VISITOR,),
    "prune": (_VISITOR,),
    "erase": _ERASED,
    "export": (VISITOR,),
    "import": (VISITOR, shapes.EXPLAINED_COLUMN),
    "seed": (VISITOR,),
    "history": (history_shapes.OPERATION, history_shapes.CHANGE, history_shapes.FIELD_CHANGE, answers.RECEIPT),
    "undo": (answers.TAKEN_BACK,),
    "explain": (answers.EVENT,),
    "contacts": (shapes.LISTED_CONTACT,),
    "contacts list": (shapes.LISTED_CONTACT,),
    "contacts show": (shapes.CONTACT_PAGE,),
    "contacts create": (CONTACT,),
    "contacts update": (_CONTACT,),
    "contacts merge": (CONTACT.followed_by("steps"), answers.MERGE_STEP.led_by("outcome")),
    "contacts split": (_CONTACT,),
    "contacts delete": (_CONTACT,),
    "contacts restore": (_CONTACT,),
    "contacts erase": _ERASED,
    "contacts duplicates": (answers.DUPLICATE,),
    "contacts import": (CONTACT, shapes.EXPLAINED_COLUMN),
    "conversations": (CONVERSATION,),
    "conversations start": (CONVERSATION,),
    "conversations list": (CONVERSATION,),
    "conversations stats": (*_COUNTED, statistics.CONVERSATION_OVERVIEW),
    "conversations show": (shapes.CONVERSATION_PAGE,),
    "conversations reply": (CONVERSATION,),
    "conversations resolve": (_CONVERSATION,),
    "conversations reopen": (_CONVERSATION,),
    "conversations spam": (_CONVERSATION,),
    "conversations import": (CONVERSATION, shapes.EXPLAINED_COLUMN),
    "fixtures apply": (answers.FIXTURE_RECORD,),
    "fixtures diff": (answers.DIFFERENCE,),
    "fixtures check": (answers.PROBLEM,),
    "stores": (answers.NAMED_STORE,),
    "completion": (answers.COMPLETION,),
    "db path": (answers.STORE_PATH,),
    "db info": (answers.STORE_INFO,),
    "db check": (answers.CHECK,),
    "db backup": (answers.BACKUP,),
    "db restore": (answers.RESTORED,),
    "db compact": (answers.COMPACTED,),
}
"""Words of a command -> the records that it prints, whose fields --fields selects; for a group, those of its `list`."""

_SORTED: Mapping[str, Iterable[str]] = {
    "list": visitors.SORTABLE,
    "export": visitors.SORTABLE,
    "contacts list": contacts.SORTABLE,
    "conversations list": conversations.SORTABLE,
}
_CLEARED = {"update": tuple(BROWSER_DATA), "identify": CLEARABLE, "contacts update": CLEARABLE_OF_CONTACT}

LISTS: Mapping[str, Mapping[str, Iterable[str]]] = {
    "SORT": _SORTED,
    "CLEAR": _CLEARED,
    "BY": {"stats": GROUPABLE},
    "KIND": {"history": RECORDED},
    "FIELDS": {words: [field for shape in of for field in shape.fields] for words, of in ANSWERS.items()},
    "REDACT": {"export": VISITOR.fields},
    "TOPIC": {"help": [*topics.names(), *(one.words for one in (*COMMANDS, *GROUPS) if " " not in one.words)]},
}
"""Name of an option -> words of a command -> the values of the option."""

OPEN = {"BY", "FIELDS", "MAPPING", "REDACT", "TOPIC"}
"""The options and arguments that take more than is listed: keys of metadata, files, the words of commands."""

IMPORTS = {"import": VISITORS, "contacts import": CONTACTS, "conversations import": CONVERSATIONS}

SEVERAL = {"FIELDS", "REDACT"}
"""The options that take several values, separated by commas."""


def closed_list(words: str, name: str) -> tuple[str, ...]:
    """Return the values of the option `name` of a command, or nothing if it takes others, too."""
    if name == "MAPPING" and words in IMPORTS:
        kind = IMPORTS[words]
        return *(one for one in READY_MADE if any(part.kind is kind for part in read_mapping(one))), AUTO, NONE
    return tuple(dict.fromkeys(LISTS.get(name, {}).get(words, ())))
