"""Adapt the commands in remarks and hints to the store of the current command."""

from __future__ import annotations

import re

_COMMAND = r"(?:^|(?<=[:;,|] )|(?<=then )|(?<=with )|(?<=the ')|(?<=\n))visitors (?=[a-z])"
"""A command suggested in a remark: at the beginning or after a separator, not the noun "visitors"."""


def for_store(text: str, program: str) -> str:
    """Replace `visitors` in the commands in `text` by `program`, the invocation for the same store."""
    return text if program == "visitors" else re.sub(_COMMAND, lambda _: f"{program} ", text)
