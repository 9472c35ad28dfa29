"""Write records as Parquet, with pyarrow, an optional package that is imported only here."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from visitors.domain.fields import FLAT, Type
from visitors.input.optional import needed
from visitors.output.machine import as_record, as_text
from visitors.output.shape import Path, value_at

_AT_ONCE = 50_000
"""The number of rows in a row group, which is held in memory."""


class _Sink(io.RawIOBase):
    """A buffer between the writer and its consumer."""

    def __init__(self) -> None:
        self._written = 0
        self._waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        piece = bytes(content)
        self._waiting.append(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written

    def fetch(self) -> bytes:
        pieces, self._waiting = self._waiting, []
        return b"".join(pieces)


def parquet_pieces(paths: Sequence[Path], records: Iterable[msgspec.Struct | dict[str, Any]]) -> Iterator[bytes]:
    """Yield the bytes of the file, one row group at a time, with a column for each of `paths`, typed by its field.

    Numbers and booleans keep their type, times have milliseconds and UTC, and documents are JSON text. Raises
    UsageProblem without the package.
    """
    arrow, writers = (needed(name, "pyarrow", "writing a Parquet file") for name in ("pyarrow", "pyarrow.parquet"))
    types = {
        "number": arrow.float64(),
        "boolean": arrow.bool_(),
        "time": arrow.timestamp("ms", tz="UTC"),
    }
    kinds: list[Type] = [FLAT[".".join(path)].type if ".".join(path) in FLAT else "text" for path in paths]
    columns = [(".".join(path), types.get(kind, arrow.string())) for path, kind in zip(paths, kinds, strict=True)]
    schema, sink, remaining = arrow.schema(columns), _Sink(), iter(records)
    with writers.ParquetWriter(sink, schema, compression="zstd") as writer:
        while group := [as_record(record) for record in islice(remaining, _AT_ONCE)]:
            arrays = [
                arrow.array([_value(value_at(record, path), kind) for record in group], type_)
                for path, kind, (_, type_) in zip(paths, kinds, columns, strict=True)
            ]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
            yield sink.fetch()
    yield sink.fetch()


def _value(value: Any, kind: Type) -> Any:
    if value is None or kind in ("number", "boolean"):
        return value
    return datetime.fromisoformat(value) if kind == "time" else as_text(value)
