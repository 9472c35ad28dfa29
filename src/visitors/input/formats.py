"""The formats that are read."""

from __future__ import annotations

from typing import Literal

TextFormat = Literal["csv", "tsv", "json", "ndjson"]
Format = Literal["csv", "tsv", "json", "ndjson", "xlsx", "parquet"]
FORMATS: tuple[TextFormat, ...] = ("csv", "tsv", "json", "ndjson")
"""The formats that are text, which every file is read and written in."""
BINARY: tuple[Format, ...] = ("xlsx", "parquet")
"""Those that are read by packages which the program does not need otherwise."""
