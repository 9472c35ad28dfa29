r"""Data from outside, made harmless to show: what would steer a terminal becomes visible text.

Escape sequences begin with a control character (C0, DEL or C1); bidirectional overrides make text
read as something else; line and paragraph separators break lines. All of them print as `\\x1b` or
`\\u202e`. Everything else, in any script, stays.
"""

from __future__ import annotations

import re

_UNSAFE = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks, embeddings, overrides, isolates
    "\u200b\u2028\u2029\ufeff"  # invisible, or breaking a line
    "\ud800-\udfff"  # lone surrogates, from arguments that are not UTF-8
)
_PATTERN = f"[{_UNSAFE}]"
# Inside JSON the C0 controls are escaped already.
_JSON_PATTERN = _PATTERN.replace("\x00-\x1f", "")


def visible(text: str) -> str:
    """`text` on one line, with every character that could do something shown as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_PATTERN, _escape, text)


def json_safe(text: str) -> str:
    r"""JSON `text` with the characters that could steer a terminal as `\\u` escapes: the same value."""
    if text.isascii() and "\x7f" not in text:
        return text
    return re.sub(_JSON_PATTERN, lambda match: f"\\u{ord(match[0]):04x}", text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
