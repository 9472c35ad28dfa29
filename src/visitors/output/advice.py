"""Commands in remarks and hints, which are about the store that this one was about."""

from __future__ import annotations

import re

_COMMAND = r"(?:^|(?<=[:;,|] )|(?<=then )|(?<=with )|(?<=the ')|(?<=\n))visitors (?=[a-z])"
"""Where a remark advises a command, at its beginning or behind a mark, and does not speak of visitors."""


def for_store(text: str, program: str) -> str:
    """`text`, with `program`, how this one is called for the same store, in the place of `visitors`."""
    return text if program == "visitors" else re.sub(_COMMAND, lambda _: f"{program} ", text)
