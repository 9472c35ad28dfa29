"""Values in fixture files: variable expansion, and the rule of each field."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from visitors.domain import normalise, spelling
from visitors.domain.fields import BROWSER_DATA
from visitors.domain.metadata import decode_value
from visitors.domain.node import Node
from visitors.domain.visitor import browser_data
from visitors.errors import InvalidData

_VARIABLE = r"(?a)\$?\$\{([A-Za-z_][A-Za-z0-9_]*)(:-((?:(?!\$\{)[^}])*))?\}|\$?\$\{"

# Field names used by other tools, or by other parts of this one.
_SYNONYMS = {
    "until": "expiresAt", "expires": "expiresAt", "by": "blockedBy", "since": "blockedAt", "text": "body",
    "message": "body", "seenat": "lastSeenAt", "lastseen": "lastSeenAt", "userid": "externalId", "at": "createdAt",
    "avatar": "image", "picture": "image", "subject": "title",
}  # fmt: skip


class FileText:
    """Settings of one file: whether `${NAME}` in its text is a variable."""

    def __init__(self, environment: Mapping[str, str] | None) -> None:
        self._environment = environment

    def text(self, node: Node, field: str) -> str | None:
        """Return the text of a scalar; None for null. Raises InvalidData for anything else."""
        if node.value is None:
            return None
        if node.text is not None:
            return self.expanded(node.text)
        if field == "externalId" and isinstance(node.value, int) and not isinstance(node.value, bool):
            return str(node.value)  # row_to_json and similar functions print numeric keys as numbers
        raise InvalidData(f"{field} must be text, not {node.kind}", field=field, code="invalid_type")

    def value(self, node: Node) -> Any:
        """Return the value of any node, with variables expanded."""
        if isinstance(node.value, dict):
            return {key: self.value(item) for key, item in node.value.items()}
        if isinstance(node.value, list):
            return [self.value(item) for item in node.value]
        return self.expanded(node.value) if isinstance(node.value, str) else node.value

    def expanded(self, text: str) -> str:
        """Expand the variables in `text`, if the file uses them. Raises InvalidData for one that is not set."""
        if self._environment is None or "${" not in text:
            return text
        return re.sub(_VARIABLE, self._variable, text)

    def _variable(self, match: re.Match[str]) -> str:
        if match[0].startswith("$$"):
            return match[0][1:]
        if match[1] is None:
            raise InvalidData(
                "${ is not followed by a variable",
                code="invalid_variable",
                hint="use ${NAME} or ${NAME:-default}, or $${ for a literal ${",
            )
        assert self._environment is not None
        set_to = self._environment.get(match[1])
        if match[2] is not None:  # as in a shell, :- also replaces an empty value
            return set_to or match[3]
        if set_to is None:
            raise InvalidData(
                f"the environment variable {match[1]} is not set",
                code="unset_variable",
                hint=f"set it, or add a default: ${{{match[1]}:-default}}",
            )
        return set_to


def message_body(text: str, field: str) -> str:
    """Validate the body of a message."""
    return normalise.text(text, field, normalise.MESSAGE_LIMIT)


def one_of(words: Sequence[str]) -> Callable[[str, str], str]:
    """Make a rule that accepts one of `words`."""

    def rule(text: str, field: str) -> str:
        if text not in words:
            raise InvalidData(
                f"{field} {text[:60]!r} is not valid",
                field=field,
                code="invalid_choice",
                hint="use one of " + ", ".join(words),
            )
        return text

    return rule


def browser_datum(field: str, node: Node, file: FileText) -> Any:
    """Normalise one value of the browser data as the store keeps it; a document stays an object."""
    if node.value is None:
        return None
    type_ = BROWSER_DATA[field].type
    if type_ == "document":
        if not isinstance(node.value, dict):
            raise InvalidData(f"{field} must be a mapping, not {node.kind}", field=field, code="invalid_type")
        return decode_value(str(browser_data({field: file.value(node)})[field]), field)
    if type_ == "number" and node.text is None and not isinstance(node.value, dict | list):
        return browser_data({field: node.value})[field]
    return browser_data({field: file.text(node, field)})[field]


def near(word: str, known: Collection[str]) -> str | None:
    """Return the one of `known` that is closest to `word`, if any is close."""
    return spelling.near(word, known, _SYNONYMS)
