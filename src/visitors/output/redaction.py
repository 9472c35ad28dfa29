"""What an export leaves out or replaces, record by record, on its way to the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from visitors.output.machine import as_record
from visitors.output.output import Records
from visitors.output.shape import Path, Record, Shape

Alter = Callable[[Record], Record]


class Altered:
    """The records of an export after `alter`: always values, never text."""

    def __init__(self, chosen: Records, alter: Alter) -> None:
        self._chosen = chosen
        self._alter = alter
        self.count = chosen.count

    def records(self) -> Iterator[Record]:
        """As records under public names."""
        return map(self._alter, map(as_record, self._chosen.records()))


class Redaction:
    """Makes the values of some fields null: the same in every record."""

    def __init__(self, shape: Shape, names: Sequence[str]) -> None:
        """`names` are as `--fields` takes them; a group (`contact`) becomes null as a whole. What is derived from
        metadata, their hash, goes with any of them. Raises UsageProblem for a field that there is not.
        """
        self.paths: list[Path] = []
        for name in names:
            found = shape.paths([name])
            self.paths.append(found[0] if len(found) == 1 else tuple(name.split(".")))
            if name.startswith("contact.metadata."):
                self.paths.append(("contact", "metadataHash"))
        if ("contact", "metadata") in self.paths:
            self.paths.append(("contact", "metadataHash"))

    def __call__(self, record: Record) -> Record:
        """The record with null in these fields; what is not there is not added."""
        redacted = dict(record)
        for path in self.paths:
            _clear(redacted, path)
        return redacted


def _clear(record: Record, path: Path) -> None:
    name, *rest = path
    if not rest:
        if name in record:
            record[name] = None
    elif isinstance(record.get(name), dict):
        record[name] = dict(record[name])
        _clear(record[name], tuple(rest))
