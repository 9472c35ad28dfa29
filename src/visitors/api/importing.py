"""Read rows from a file, or from objects, for the import methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias, cast

from visitors.api.arguments import names, public
from visitors.errors import VisitorsError
from visitors.input.format_choice import choose_format
from visitors.input.formats import Format
from visitors.input.kinds import Kind
from visitors.input.mapping import ColumnMapping
from visitors.input.mapping_files import Part
from visitors.input.readers import Header, Place, object_row
from visitors.input.recognise import AUTO, NONE, choose_part, part_for
from visitors.input.rows import Read, cell_delimiter, checked_rows, read_checked
from visitors.input.source import open_source

Rows: TypeAlias = str | Path | Iterable[Mapping[str, Any]]
Reject: TypeAlias = Callable[[dict[str, Any], VisitorsError], object]


@contextmanager
def reading(
    rows: Rows,
    kind: Kind,
    *,
    columns: Mapping[str, str] | None,
    mapping: str | Path | None,
    input_format: Format | None,
    delimiter: str | None,
    encoding: str | None,
    nulls: Sequence[str],
    ignore_unknown: bool,
    keep_values: bool,
    lenient: bool = False,
) -> Iterator[tuple[Iterable[Read[Any]], Part | None]]:
    """Yield the validated rows of a file or of objects, and the part of the mapping for them; objects are read by a
    mapping only if one is given. Raises what reading them raises.
    """
    nulls = names(nulls)
    maps = [f"{public(field)}={column}" for field, column in (columns or {}).items()]
    name = str(mapping) if mapping is not None else NONE if maps else AUTO
    if isinstance(rows, str | Path):
        with closing(open_source(str(rows), encoding, takes_encoding=True)) as source:
            format_ = choose_format(str(rows), input_format, source, delimiter)
            delimiter = cell_delimiter(source, format_, delimiter, maps, kind, name)
            part = choose_part(source, format_, kind, name, delimiter)
            _, checked = read_checked(
                source,
                format_,
                maps,
                ignore_unknown=ignore_unknown,
                keep_values=keep_values,
                delimiter=delimiter,
                nulls=nulls,
                lenient=lenient,
                kind=kind,
                part=part,
            )
            yield checked, part
        return
    given = iter(cast("Iterable[object]", rows))
    begin = list(islice(given, 1)) if mapping is not None else []
    part = part_for(begin[0], kind, name) if begin else None
    objects = (dict(row) if isinstance(row, Mapping) else row for row in chain(begin, given))
    raw = (object_row(Place("rows", number, "item"), one) for number, one in enumerate(objects, start=1))
    of_columns = ColumnMapping(maps, Header(None), ignore_unknown=ignore_unknown, nulls=nulls, kind=kind, part=part)
    yield checked_rows(raw, of_columns, keep_values=keep_values, lenient=lenient), part


class SetAside:
    """Passes bad rows to `reject`, and counts them."""

    def __init__(self, reject: Reject) -> None:
        self._reject = reject
        self.count = 0

    def __call__(self, read: Read[Any], error: VisitorsError) -> None:
        """Set a row aside."""
        self.count += 1
        self._reject(read.values or {}, error)
