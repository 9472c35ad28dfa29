"""Remove or replace values in the records of an export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from visitors.output.exporting import Records
from visitors.output.machine import as_record
from visitors.output.shape import Path, Record, Shape

Alter = Callable[[Record], Record]


class Altered:
    """The records of an export, changed by `alter`: always values, never text."""

    def __init__(self, chosen: Records, alter: Alter) -> None:
        self._chosen = chosen
        self._alter = alter
        self.count = chosen.count

    def records(self) -> Iterator[Record]:
        """Yield them as records under public names."""
        return map(self._alter, map(as_record, self._chosen.records()))


class Redaction:
    """Replaces some fields by null, in every record alike."""

    def __init__(self, shape: Shape, names: Sequence[str]) -> None:
        """`names` are as for `--fields`; a group (`contact`) becomes null as a whole. Redacting any metadata redacts
        their hash too. Raises UsageProblem for an unknown field.
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
        """Return the record with these fields null; missing ones are not added."""
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
