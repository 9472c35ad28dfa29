"""Detect placeholder values that programs send instead of an identifier: they would merge everybody without one.

Absent-value words, empty containers, zeros and dashes, field names, unfilled template placeholders, and numbers rounded
by a spreadsheet; in any letter case, quoted or not.
"""

from __future__ import annotations

import re

# Compared in lower case, after stripping quotes and brackets.
ABSENT = frozenset(
    ["null", "undefined", "none", "nil", "nan", "-nan", "infinity", "-infinity", "n/a", "n.a.", "n.a", "na", "unknown",
     "not set", "not available", "guest", "anonymous", "true", "false", "-1", "object object", "object null",
     "object undefined", "\\n", "#ref!", "#value!", "#name?", "#null!", "#num!", "#div/0!"]
)  # fmt: skip
_QUOTES = "\"'`´“”„‘’‚«»()<>[]{} \t"
_AROUND = _QUOTES + ":$@%#&|*=,;\\"
_OWNERS = ("", "external", "user", "customer", "client", "account", "member", "person", "contact", "visitor", "session",
           "device", "anonymous", "stored")  # fmt: skip
_NAMES = ("id", "uid", "uuid", "guid", "externalid", "email", "emailaddress", "fingerprint", "name")
_FIELD_NAMES = frozenset(owner + name for owner in _OWNERS for name in _NAMES)
_WORDS = ABSENT | _FIELD_NAMES
_DIGITS = frozenset("123456789")
_MARKS = frozenset(_AROUND + "+.,")
_WITHIN_NAMES = str.maketrans("", "", "_-. ")
# Written out, since importing `string` takes 0.5 ms at every start.
_NOTHING = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t\n\r\v\f0–—−…·´“”„‘’‚«»"
# {{user.id}} and ${userId} anywhere; {user_id}, <user_id>, [USER ID] and %USER_ID% only as the whole value and without
# digits, since real ids may have brackets.
_FOR_TEMPLATES = frozenset("{%<[")
_TEMPLATE = r"\{\{.*\}\}|[$#]\{.*\}|<%.*%>|\[\[.*\]\]"
_PLACEHOLDER = r"\W*(?:\{[a-z_. -]+\}|<[a-z_. -]+>|\[[a-z_. -]+\]|%[a-z_. -]+%|%(?:\(\w+\))?[a-z@])\W*"
# 1.23457E+12, as a spreadsheet shows a long number. Hexadecimal ids have neither a point nor a plus.
_ROUNDED = r"-?\d(?:[.,]\d+e\+?|e\+)\d{1,3}"


def is_junk(token: str) -> bool:
    """Return whether `token` is a placeholder for a missing value, which would merge unrelated people."""
    if token.isalnum():
        return token.lower() in _WORDS or not token.strip("0")
    if token[0] != "-" and not _DIGITS.isdisjoint(token) and _MARKS.isdisjoint(token):
        return False  # junk words have no digits: most ids return here, in a tenth of the time
    if not token.strip(_NOTHING):
        return True
    unquoted = token.replace('\\"', '"').strip(_QUOTES).lower()
    word = unquoted.strip(_AROUND)
    return (
        unquoted in ABSENT  # some junk words contain punctuation themselves
        or word in ABSENT
        or word.translate(_WITHIN_NAMES) in _FIELD_NAMES
        or is_rounded(word)
        or is_template(token)
    )


def is_rounded(token: str) -> bool:
    """Return whether `token` is a number that a spreadsheet has rounded: `1.23457E+12`."""
    return re.fullmatch(_ROUNDED, token.strip(_AROUND).lower()) is not None


def is_template(token: str) -> bool:
    """Return whether `token` contains an unfilled template placeholder."""
    if _FOR_TEMPLATES.isdisjoint(token):
        return False
    return bool(re.search(_TEMPLATE, token) or re.fullmatch(_PLACEHOLDER, token, re.IGNORECASE))
