"""The formats of rows, and the extensions of their files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

TextFormat = Literal["csv", "tsv", "json", "ndjson"]
Format = Literal["csv", "tsv", "json", "ndjson", "xlsx", "parquet"]
FORMATS: tuple[TextFormat, ...] = ("csv", "tsv", "json", "ndjson")
"""Text formats, which are both read and written."""
BINARY: tuple[Format, ...] = ("xlsx", "parquet")
"""Formats that need optional packages."""
_EXTENSIONS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
}


def format_of(path: str) -> Format | None:
    """Return the format of the extension of `path`, before a `.gz`; None if there is none."""
    return _EXTENSIONS.get(Path(path.lower().removesuffix(".gz")).suffix)
