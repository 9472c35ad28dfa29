"""Every kind of write as a row of a table: each trial runs all of them.

A new command that writes is one more row in `WRITES`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from next_version import next_version
from visitors.domain.ids import new_id
from visitors.domain.times import to_milliseconds

Visitors = Callable[..., Any]
Kind = Literal["furnished", "imported", "none", "older"]

BEFORE = "2026-03-01T12:00:00.000Z"
NOW = "2026-03-02T12:00:00.000Z"
"""When the store was made, and when a write is tried."""
MADE_NOW = new_id(to_milliseconds(NOW))[:10]
"""The prefix of ids generated then."""

SMALL, ALONE, AHEAD = 50, 2_500, 5_000
"""The rows of three files: one imported row by row, keeping all indexes; one that drops and rebuilds the indexes; and
one that a second process reads as well.
"""

_MADE_UP = Path(__file__).parents[1] / "benchmarks" / "made_up.py"


class Write(NamedTuple):
    """A command that writes, its store, and the file that is its standard input.

    In `words`, `{files}` is the folder of the files that `furnish` makes, `{first}` and `{second}` are conversations,
    and `{imported}` is the first operation.
    """

    name: str
    words: str
    store: Kind = "furnished"
    input: str | None = None


WRITES = [
    Write("create", "create --id new --city Oslo"),
    Write("create, the store too", "create --id new --city Oslo", "none"),
    Write("create with a made-up id", "create"),
    Write("track, known", "track --id v01 --language de --city Rome"),
    Write("track, unknown", "track --id new --language de"),
    Write("update", "update v01 --city Rome --clear language"),
    Write("update many", "update - --city Rome", input="ids.txt"),
    Write("identify", "identify v30 --external-id u99 --email new@example.com --name New --metadata a=b"),
    Write("identify many", "identify -", input="people.ndjson"),
    Write("identify, merging", "identify v31 --external-id u1 --email only@example.com --on-conflict merge"),
    Write("unidentify", "unidentify v01 v02 v03"),
    Write("block all", "block --all --yes --reason spam --for 7d"),
    Write("block a person", "block --contact ext:u2"),
    Write("unblock", "unblock v05 v06"),
    Write("delete all", "delete --all --yes"),
    Write("restore", "restore v39 v40"),
    Write("contacts create", "contacts create --external-id new --email new@example.com"),
    Write("contacts update", "contacts update ext:u1 --name Ada --metadata plan=pro"),
    Write("contacts merge", "contacts merge ext:u1 ext:u2 ext:u3 --force --yes"),
    Write("contacts import", "contacts import {files}/contacts.ndjson"),
    Write("conversations import", "conversations import {files}/conversations.ndjson"),
    Write("contacts split", "contacts split ext:u2 v09 v17 --external-id apart"),
    Write("contacts delete", "contacts delete ext:u1 ext:u2"),
    Write("contacts restore", "contacts restore ext:u8"),
    Write("conversations start", "conversations start v20 --title Hello --message -", input="ids.txt"),
    Write("conversations reply", "conversations reply {first} Hello --as-agent ada"),
    Write("conversations resolve", "conversations resolve {first} {second}"),
    Write("conversations spam", "conversations spam {first} {second}"),
    Write("import, few rows", "import {files}/small.ndjson --on-existing update"),
    Write("import from a pipe", "import - --input-format ndjson", input="small.ndjson"),
    Write("import with rejects", "import {files}/spoiled.ndjson --keep-going"),
    Write("import, indexes dropped", "import {files}/alone.ndjson"),
    Write("import, read ahead", "import {files}/ahead.ndjson"),
    Write("seed", "seed --count 300"),
    Write("fixtures apply", "fixtures apply {files}/fixture.yaml"),
    Write("fixtures apply, pruning", "fixtures apply {files}/fixture.yaml --prune --yes"),
    Write("undo", "undo"),
    Write("undo, cascading", "undo {imported} --cascade"),
    Write("undo of an import", "undo", "imported"),
    Write("prune", "prune --older-than 1h --yes"),
    Write("erase", "erase v01 v05 v40 --yes --no-vacuum"),
    Write("contacts erase", "contacts erase ext:u2 --yes"),
    Write("db load", "db load {files}/dump.ndjson", "none"),
    Write("db migrate", "db migrate", "older"),
    Write("create in an older store", "create --id new", "older"),
]
"""A command that writes must be here: `test_every_command_that_writes_is_tried` checks that."""

READS = {
    "list", "show", "export", "history", "explain", "contacts list", "contacts show", "contacts duplicates",
    "conversations list", "conversations show", "assert", "fixtures diff", "fixtures dump", "fixtures check",
    "fixtures schema", "db path", "db info", "db dump", "completion", "contacts subject-export", "stats",
    "conversations stats", "sql", "stores", "help",
}  # fmt: skip
"""The commands that write nothing to the store."""

KEEPING = {"db backup", "db restore", "db check", "db compact"}
"""The commands that copy or restore the store: `end_to_end/test_keeping.py` kills them."""

ALIKE = {"conversations reopen": "conversations resolve"}
"""Commands that differ from another one only by a word."""


class Furnished(NamedTuple):
    """Initial stores, and files for the commands."""

    folder: Path
    conversations: list[str]
    imported: str
    newer: dict[str, str]
    """The environment of the next version, for which the older store is outdated."""

    def program(self, write: Write) -> dict[str, str]:
        """Return the environment of the version for a write."""
        return self.newer if write.store == "older" else {}

    @property
    def files(self) -> Path:
        """The folder of the files."""
        return self.folder / "files"

    def command(self, write: Write) -> list[str]:
        """Return the words of a write."""
        first, second = self.conversations[:2]
        names = {"files": self.files, "first": first, "second": second, "imported": self.imported}
        return [word.format(**names) for word in write.words.split()]

    def input(self, write: Write) -> bytes:
        """Return the standard input of a write."""
        return (self.files / write.input).read_bytes() if write.input else b""

    def copy(self, write: Write, folder: Path) -> Path:
        """Copy the initial store of a write to a new folder; there may be none at the path."""
        folder.mkdir()
        folder.chmod(0o700)
        store = folder / "visitors.db"
        if write.store != "none":
            shutil.copy(self.folder / f"{write.store}.db", store)
        return store


def furnish(visitors: Visitors, folder: Path) -> Furnished:
    """Make the stores, with people, devices, conversations, blocks and deleted records, and the files."""
    files = folder / "files"
    files.mkdir()
    store = folder / "furnished.db"

    def write(*words: str, input: str = "") -> str:
        found: str = visitors(*words, "--db", str(store), input=input, now=BEFORE).stdout
        return found

    rows = "".join(f"v{number:02},en,City {number}\n" for number in range(1, 41))
    write("import", "-", "--input-format", "csv", input="id,language,city\n" + rows)
    people = "".join(
        f'{{"visitorId":"v{number:02}","externalId":"u{number % 8 + 1}","email":"p{number % 8 + 1}@example.com",'
        f'"name":"Person {number % 8 + 1}","metadata":{{"plan":"free","seats":{number % 8}}}}}\n'
        for number in range(1, 25)
    )
    write("identify", "-", input=people)
    conversations = [
        write("conversations", "start", f"v{number:02}", "--title", f"T{number}", "--message", "Hi").strip()
        for number in (1, 2, 3, 17)
    ]
    write("identify", "v32", "--email", "only@example.com", "--metadata", "plan=pro")
    write("block", "v05", "v06", "--reason", "spam")
    write("block", "--contact", "ext:u4")
    write("delete", "v39", "v40")
    write("contacts", "delete", "ext:u8")
    (files / "dump.ndjson").write_text(write("db", "dump"))
    (files / "ids.txt").write_text("".join(f"v{number:02}\n" for number in range(1, 31)))
    (files / "people.ndjson").write_text(
        "".join(f'{{"visitorId":"v{n:02}","email":"n{n}@example.com"}}\n' for n in (*range(25, 32), *range(33, 39)))
    )
    _write_rows(files)
    _write_people(files)
    visitors("fixtures", "dump", "--db", str(store), "-o", str(files / "fixture.yaml"))
    fixture = (files / "fixture.yaml").read_text()
    (files / "fixture.yaml").write_text(fixture.replace("City 1", "Town 1").replace("v40", "fresh"))
    make_older(visitors, folder / "older.db")
    shutil.copy(store, folder / "imported.db")
    visitors("import", str(files / "alone.ndjson"), "--db", str(folder / "imported.db"), now=BEFORE)
    imported = visitors("history", "--db", str(store), "--format", "ids").lines[-1]
    return Furnished(folder, conversations, imported, next_version(folder / "next"))


def _write_rows(files: Path) -> None:
    done = subprocess.run([sys.executable, str(_MADE_UP), str(AHEAD)], stdout=subprocess.PIPE, check=True)
    lines = done.stdout.splitlines(keepends=True)
    for name, count in (("small", SMALL), ("alone", ALONE), ("ahead", AHEAD)):
        (files / f"{name}.ndjson").write_bytes(b"".join(lines[:count]))
    spoiled = [line if number % 10 else b'{"id":"?"}\n' for number, line in enumerate(lines[:SMALL])]
    (files / "spoiled.ndjson").write_bytes(b"".join(spoiled))


def _write_people(files: Path) -> None:
    """Write contacts, some of which exist, and conversations of theirs."""
    numbers = [number for number in range(1, 60) if number != 8]  # who is deleted
    contacts = [
        {"externalId": f"u{number}", "email": f"p{number}@example.com", "metadata": {"n": number}} for number in numbers
    ]
    messages = [{"body": "Hi"}, {"agent": "ada", "body": "Hello"}]
    talks = [{"id": f"k{number}", "externalId": f"u{number}", "messages": messages} for number in numbers]
    for name, records in (("contacts", contacts), ("conversations", talks)):
        (files / f"{name}.ndjson").write_text("".join(json.dumps(record) + "\n" for record in records))


def make_older(visitors: Visitors, path: Path) -> None:
    """Make a store of this version, which the next one has to migrate, with a thousand visitors."""
    rows = "".join(
        json.dumps({"id": f"v{number:03}", "city": "Köln", **({"contact": _person(number)} if number < 200 else {})})
        + "\n"
        for number in range(1_000)
    )
    visitors("import", "-", "--input-format", "ndjson", "--db", str(path), input=rows, now=BEFORE)


def _person(number: int) -> dict[str, Any]:
    return {"externalId": f"u{number}", "email": f"p{number}@example.com", "metadata": {"plan": "free"}}
