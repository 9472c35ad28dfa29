r"""Make outside data safe to display: terminal control and invisible characters become visible text.

Escape sequences begin with a control character (C0, DEL or C1); bidirectional overrides disguise text; line and
paragraph separators break lines; zero-width characters make different texts look the same. All of them print as `\x1b`
or `\u202e`. Everything else, in any script, is kept, including the invisible characters that scripts need: joiners,
number signs, variation selectors.
"""

from __future__ import annotations

import re

_UNSAFE = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional marks, embeddings, overrides, isolates
    "\u2028\u2029"  # line breaks
    "\ud800-\udfff"  # lone surrogates, from arguments that are not UTF-8
    # invisible: Unicode's format characters (Cf) that no script needs, including tags, and filler letters
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
_PATTERN = f"[{_UNSAFE}]"
# JSON already escapes the C0 controls.
_JSON_PATTERN = _PATTERN.replace("\x00-\x1f", "")
# The same in UTF-8, by first byte: testing for the byte, which most text lacks, is ten times faster than the whole
# pattern. A pattern that begins with one literal byte is searched with memchr.
_JSON_BYTES = {
    b"\x7f": rb"\x7f",
    b"\xc2": rb"\xc2[\x80-\x9f\xad]",
    b"\xcd": rb"\xcd(?=\x8f)",
    b"\xd8": rb"\xd8(?=\x9c)",
    b"\xe1": rb"\xe1(?:\x85[\x9f\xa0]|\x9e[\xb4\xb5]|\xa0\x8e)",
    b"\xe2": rb"\xe2(?:\x80[\x8b\x8e\x8f\xa8-\xae]|\x81[\xa0-\xaf])",
    b"\xe3": rb"\xe3(?=\x85\xa4)",
    b"\xef": rb"\xef(?:\xbb\xbf|\xbe\xa0|\xbf[\xb9-\xbb])",
    b"\xf0": rb"\xf0(?:\x9b\xb2[\xa0-\xa3]|\x9d\x85[\xb3-\xba])",
    b"\xf3": rb"\xf3(?=\xa0[\x80\x81])",
}


LONGEST = 2_000
"""The maximum number of characters shown of a remark or an error."""


def visible(text: str) -> str:
    """Return `text` on one line, with all control and invisible characters escaped."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_PATTERN, _escape, text)


def bounded(text: str) -> str:
    """Return `text` like `visible`, cut off if it is too long to read: quoted values may have any length."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def json_safe(text: str) -> str:
    r"""Escape terminal control characters in JSON `text` as `\u` escapes, without changing its value."""
    if text.isascii() and "\x7f" not in text:
        return text
    return re.sub(_JSON_PATTERN, _json_escape, text)


def json_bytes(encoded: bytes) -> bytes:
    """Like `json_safe`, for JSON in UTF-8: faster when there is nothing to escape."""
    unsafe = any(first in encoded and re.search(pattern, encoded) for first, pattern in _JSON_BYTES.items())
    return json_safe(encoded.decode()).encode() if unsafe else encoded


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a path that is not UTF-8
        code -= 0xDC00
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _json_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[at : at + 2], 'big'):04x}" for at in range(0, len(units), 2))
