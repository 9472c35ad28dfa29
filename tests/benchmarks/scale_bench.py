"""What every part of scale.py uses: rows, the programs, and a folder with data and stores."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import made_up
from processes import Programs, Run, median, peak

SMALL = 1_000
"""The number of visitors in the small store that the large one is compared with."""


class Row(NamedTuple):
    """One comparison as shown: seconds are medians, megabytes the maximum of all rounds."""

    case: str
    against: str | None
    ours_seconds: float
    peer_seconds: float | None
    ratio: float | None
    ours_megabytes: float
    peer_megabytes: float | None
    ratio_limit: float | None = None
    seconds_limit: float | None = None
    megabytes_limit: float | None = None
    remark: str = ""

    @property
    def is_over(self) -> bool:
        """Whether anything exceeds its limit."""
        pairs = (
            (self.ratio, self.ratio_limit),
            (self.ours_seconds, self.seconds_limit),
            (self.ours_megabytes, self.megabytes_limit),
        )
        return any(found is not None and limit is not None and found > limit for found, limit in pairs)

    @property
    def limits(self) -> str:
        """Format the limits: `0.40 150 MB`."""
        shown = (
            f"{self.ratio_limit:.2f}" if self.ratio_limit else "",
            f"{self.seconds_limit:g} s" if self.seconds_limit else "",
            f"{self.megabytes_limit:g} MB" if self.megabytes_limit else "",
        )
        return " ".join(filter(None, shown))

    def record(self) -> dict[str, Any]:
        """Return the row as JSON."""
        rounded = {
            name: round(value, 4) if isinstance(value, float) else value for name, value in self._asdict().items()
        }
        words = {name: name.split("_") for name in rounded}
        camel = {words[name][0] + "".join(map(str.title, words[name][1:])): value for name, value in rounded.items()}
        return {**camel, "isOver": self.is_over}


def compared(case: str, against: str | None, ours: Sequence[Run], peer: Sequence[Run], **more: Any) -> Row:
    """Return the row that compares `ours` with `peer`."""
    seconds, other = median(ours), median(peer)
    return Row(case, against, seconds, other, seconds / other, peak(ours), peak(peer), **more)


class Bench:
    """The programs, and a folder with data and stores that are made on first use."""

    def __init__(self, programs: Programs, folder: Path, scale: int, rounds: int) -> None:
        self.programs = programs
        self.folder = folder
        self.scale = scale
        self.rounds = rounds
        (folder / "scratch").mkdir(exist_ok=True)
        self._warm_up()

    def visitors(self, store: Path, *words: str) -> Run:
        """Run our command on the store."""
        return self.programs.run([self.programs.visitors, *words], store)

    def scratch(self, name: str) -> Path:
        """Return the path of a new file."""
        path = self.folder / "scratch" / name
        for leftover in path.parent.glob(f"{name}*"):
            leftover.unlink()
        return path

    def copy(self, store: Path, name: str) -> Path:
        """Copy the store to write to, synced to disk, so that its first write does not pay for that."""
        copy = self.scratch(name)
        shutil.copyfile(store, copy)
        os.sync()
        return copy

    def data(self, count: int) -> Path:
        """Return the file of so many visitors as NDJSON."""

        def make(path: Path) -> None:
            with path.open("w", encoding="utf-8", newline="\n") as file:
                made_up.write(file.write, count)

        return self._made(f"visitors-{count}.ndjson", make)

    def shuffled(self, count: int) -> Path:
        """Return the same visitors in random order, always the same."""

        def make(path: Path) -> None:
            lines = self.data(count).read_bytes().splitlines(keepends=True)
            random.Random(1).shuffle(lines)  # noqa: S311 - the same every time
            with path.open("wb") as file:
                file.writelines(lines)

        return self._made(f"shuffled-{count}.ndjson", make)

    def store(self, count: int, *, shuffled: bool = False) -> Path:
        """Return our store with so many imported visitors."""
        data = self.shuffled if shuffled else self.data
        name = f"store-{'shuffled-' if shuffled else ''}{count}.db"
        return self._made(name, lambda path: self._import(data(count), path))

    def seeded(self, count: int) -> Path:
        """Return our store with so many visitors made by `visitors seed`, with conversations."""
        words = ("seed", "--count", str(count), "--seed", "1", "--now", "2026-03-01")
        return self._made(f"seeded-{count}.db", lambda path: self.visitors(path, *words))

    def keep(self, store: Path) -> None:
        """Use `store`, freshly imported, as the one of the full scale."""
        store.replace(self.folder / f"store-{self.scale}.db")

    def flat(self) -> Path:
        """Return a plain table, made without any tool, with the columns of our CSV and the same values."""
        return self._made(f"flat-{self.scale}.db", lambda path: make_flat(self.data(self.scale), path))

    def as_csv(self) -> Path:
        """Return that table as CSV."""
        words: list[str | Path] = [self.programs.sqlite_utils, "rows", self.flat(), "visitors", "--csv"]
        return self._made(f"visitors-{self.scale}.csv", lambda path: self.programs.save(words, path))

    def rounds_of(self, rounds: int, *commands: Callable[[], Run]) -> Iterator[list[Run]]:
        """Return the runs of each command, taking turns."""
        runs: list[list[Run]] = [[] for _ in commands]
        for _ in range(rounds):
            for command, found in zip(commands, runs, strict=True):
                found.append(command())
        return iter(runs)

    def _made(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return the file of that name, creating it atomically."""
        path = self.folder / name
        if not path.exists():
            say(f"making {name}")
            part = self.scratch(f"part-{name}")
            make(part)
            part.replace(path)
        return path

    def _import(self, data: Path, store: Path) -> None:
        self.visitors(store, "import", str(data))

    def _warm_up(self) -> None:
        """Run every measured command once on little data, so that no first run compiles anything."""
        small, scratch = self.store(SMALL), self.scratch("warm.db")
        self.visitors(self.scratch("own.db"), "import", str(self.data(SMALL)))
        self.visitors(small, "export", "--format", "csv")
        self.programs.run(insert_words(self, scratch, self.data(SMALL)))
        self.programs.run([self.programs.sqlite_utils, "rows", scratch, "visitors", "--csv"])


def say(text: str) -> None:
    """Print progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def insert_words(bench: Bench, database: Path, data: Path) -> list[str | Path]:
    """Return the import command of sqlite-utils."""
    return [bench.programs.sqlite_utils, "insert", database, "visitors", data, "--nl", "--pk", "id"]


def flattened(row: dict[str, Any]) -> dict[str, Any]:
    """Flatten a visitor to the columns of our CSV; a null contact has all of them, as null."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name == "contact":
            person = value or {}
            flat.update({f"contact.{field}": person.get(field) for field in _CONTACT_FIELDS})
        else:
            flat[name] = value
    return {name: made_up.compact(value) if isinstance(value, dict) else value for name, value in flat.items()}


_CONTACT_FIELDS = (
    "id", "externalId", "name", "email", "image", "metadata", "metadataHash", "isBlocked", "createdAt", "updatedAt",
    "deletedAt",
)  # fmt: skip
_TYPES = {"latitude": "REAL", "longitude": "REAL", "isBlocked": "INTEGER", "contact.isBlocked": "INTEGER"}


def make_flat(data: Path, database: Path) -> None:
    """Write the visitors in `data` to a plain table."""
    with data.open(encoding="utf-8") as file:
        rows = (flattened(json.loads(line)) for line in file)
        first = next(rows)
        columns = ", ".join(f'"{name}" {_TYPES.get(name, "TEXT")}' for name in first)
        connection = sqlite3.connect(database)
        connection.execute(f"CREATE TABLE visitors ({columns})")
        statement = f"INSERT INTO visitors VALUES ({', '.join('?' * len(first))})"
        connection.execute(statement, tuple(first.values()))
        connection.executemany(statement, (tuple(row.values()) for row in rows))
        connection.commit()
        connection.close()
