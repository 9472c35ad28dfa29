"""The input formats."""

from __future__ import annotations

from typing import Literal

TextFormat = Literal["csv", "tsv", "json", "ndjson"]
Format = Literal["csv", "tsv", "json", "ndjson", "xlsx", "parquet"]
FORMATS: tuple[TextFormat, ...] = ("csv", "tsv", "json", "ndjson")
"""Text formats, which are both read and written."""
BINARY: tuple[Format, ...] = ("xlsx", "parquet")
"""Formats that need optional packages."""
