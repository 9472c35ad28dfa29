"""The formats that are read."""

from __future__ import annotations

from typing import Literal

Format = Literal["csv", "tsv", "json", "ndjson"]
FORMATS: tuple[Format, ...] = ("csv", "tsv", "json", "ndjson")
