"""Placeholders for missing values, shared by test modules."""

from __future__ import annotations

WORDS = [
    "null", "undefined", "none", "nil", "NaN", "N/A", "n.a.", "NA", "unknown", "guest", "anonymous", "true", "false",
    "[object Object]", "0", "-1", "\\N", "#N/A",
]  # fmt: skip
EMPTY = [
    "{}",
    "[]",
    '""',
    "''",
    "()",
    "-",
    "---",
    "0-0",
    "000",
    "00000000-0000-0000-0000-000000000000",
    "?",
    "0000-00-00",
]
FIELDS = ["id", "_id", "email", "externalId", "external_id", "user_id", "userId", "visitorId", "visitor-id",
          "fingerprint", "user.id", "contact.email"]  # fmt: skip
TEMPLATES = ["{{user.id}}", "{{ user.id }}", "user-{{id}}", "${userId}", "#{user.id}", "<%= user.id %>", "%USER_ID%",
             "<user_id>", "{user_id}", "[USER ID]", ":userId", "$userId", "%s", "[[id]]"]  # fmt: skip
ROUNDED = ["1.23457E+12", "1,23457E+12", "1E+12", "1.23457E12"]

JUNK = [*WORDS, *EMPTY, *FIELDS, *TEMPLATES, *ROUNDED]

QUOTES = ["{}", '"{}"', "'{}'", "`{}`", "“{}”", '\\"{}\\"', "<{}>", "({})"]
"""Ways to quote a value."""
