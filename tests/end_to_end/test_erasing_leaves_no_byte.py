"""After an erasure no byte of the person is in any file of the store, and everybody else is unchanged.

People have random texts that never occur by chance, so searching the raw files finds what is left of them, wherever it
is: in a row, an index, the history, a log, or an unused page.
"""

from __future__ import annotations

import json
import random
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]

RARE = "\u2d30\u2d31\u2d32\u2d33"
"""Letters that nobody else has, so what the full-text index keeps of them is found too."""


class Secrets:
    """Random texts of one person, and all that were ever generated."""

    def __init__(self, chance: random.Random, letters: str = "") -> None:
        self._chance = chance
        self._letters = letters
        self.pieces: list[str] = []

    def piece(self, longest: int = 40) -> str:
        """Return twelve to forty random characters that are the same in every encoding."""
        length = min(longest, self._chance.choice([12, 20, 40]))
        piece = "".join(self._chance.choices("abcdefghjkmnpqrstuvwxyz23456789", k=length))
        self.pieces.append(piece)
        return piece

    def text(self) -> str:
        """Return a text with characters that JSON and SQL escape, around and between random pieces."""
        return f'{self.piece()} "é\\ü" {self._letters} \'{self.piece()}'

    def email(self) -> str:
        return f"{self.piece()}@{self.piece(12)}.example"

    def person(self) -> dict[str, Any]:
        image, metadata = f"https://example.com/{self.piece()}", {self.piece(20): self.piece(), "seats": 5}
        said = {"externalId": self.piece(), "email": self.email(), "name": self.text()}
        return {**said, "image": image, "metadata": metadata}

    def options(self) -> list[str]:
        """Return a person as options."""
        given = {"--external-id": self.piece(), "--email": self.email(), "--name": self.text()}
        return [*(word for pair in given.items() for word in pair), "--metadata", f"{self.piece(20)}={self.piece()}"]


def hits(store_path: Path, pieces: list[str]) -> list[tuple[str, str]]:
    """Return which of the pieces are in which file of the store."""
    files = [one for one in store_path.parent.iterdir() if one.name.startswith(store_path.name)]
    assert store_path in files
    return [(one.name, piece) for one in files for piece in pieces if piece.encode() in one.read_bytes()]


def row(visitor_id: str, secrets: Secrets, *, identified: bool) -> dict[str, Any]:
    """Return a visitor as an import row."""
    return {
        "id": visitor_id, "fingerprint": secrets.piece(), "city": secrets.piece(), "ip": "192.0.2.7",
        "currentPage": {"url": f"https://example.com/{secrets.piece()}"},
        "contact": secrets.person() if identified else None,
    }  # fmt: skip


@pytest.fixture(params=[1, 2, 3])
def chance(request: pytest.FixtureRequest) -> random.Random:
    """A different store for each seed."""
    return random.Random(request.param)  # noqa: S311 - the same store every time


class World:
    """A store with many people, one of whom is to be erased after random events."""

    def __init__(self, visitors: Visitors, tmp_path: Path, chance: random.Random) -> None:
        self.run = visitors
        self.folder = tmp_path
        self.chance = chance
        self.hers, self.others = Secrets(chance, RARE), Secrets(chance)
        self.first = row("her-laptop", self.hers, identified=True)
        self.email = self.first["contact"]["email"]
        self.hers.pieces += ["her-laptop", "her-phone", "her-tablet", "her-kiosk"]

    def import_everybody(self, process: Visitors) -> None:
        """Import in bulk: her first device among those of others."""
        rows = [row(f"other-{number}", self.others, identified=number % 3 == 0) for number in range(2_200)]
        rows.insert(self.chance.randrange(len(rows)), self.first)
        lines = "".join(json.dumps(one) + "\n" for one in rows)
        process("import", "-", "--input-format", "ndjson", input=lines)

    def live(self) -> None:
        """Run everything that may happen to her, with independent events in random order."""
        self.run("create", "--id", "her-phone", "--fingerprint", self.hers.piece(), "--city", self.hers.piece())
        self.run("identify", "her-phone", "--email", self.email, "--name", self.hers.text())
        steps = [
            self.writes, self.is_blocked, self.changes, self.is_merged, self.is_deleted_and_restored,
            self.shares_a_computer, self.was_taken_for_another, self.has_fixtures,
        ]  # fmt: skip
        self.chance.shuffle(steps)
        self.run("delete", "other-2")
        for step in steps:
            step()
            self.run("conversations", "start", "other-1", "--message", self.others.text())
            other = f"other-{self.chance.randrange(2_200)}"
            self.run("update", other, "--city", self.others.piece(), "--fingerprint", self.others.piece())

    def writes(self) -> None:
        started = self.run("conversations", "start", "her-phone", "--title", self.hers.text(), "--message",
                           self.hers.text()).stdout.strip()  # fmt: skip
        self.run("conversations", "reply", started, "--as-visitor", "her-laptop", self.hers.text())
        self.run("conversations", "reply", started, "--as-agent", "Ben", self.hers.text())
        self.run("conversations", "resolve", started)

    def is_blocked(self) -> None:
        self.run("block", "her-laptop", "--reason", self.hers.text())
        self.run("block", "--contact", self.email, "--reason", self.hers.text())
        self.run("unblock", "--contact", self.email)
        self.run("unblock", "her-laptop")

    def changes(self) -> None:
        self.run("update", "her-laptop", "--city", self.hers.piece(), "--fingerprint", self.hers.piece())
        self.run("track", "--id", "her-phone", "--browser", self.hers.piece())
        self.run("contacts", "update", self.email, "--external-id", self.hers.piece(), "--name", self.hers.text())
        new = self.hers.email()
        self.run("contacts", "update", self.email, "--email", new, "--metadata", f"vip={self.hers.piece()}")
        self.email = new

    def is_merged(self) -> None:
        duplicate = self.run("contacts", "create", *self.hers.options()).stdout.strip()
        older = self.run("contacts", "create", "--email", self.hers.email()).stdout.strip()
        self.hers.pieces += [duplicate, older]
        self.run("contacts", "merge", duplicate, older, "--yes")
        self.run("contacts", "merge", self.email, duplicate, "--yes", "--force")

    def is_deleted_and_restored(self) -> None:
        self.run("delete", "her-laptop")
        self.run("restore", "her-laptop")
        self.run("contacts", "delete", self.email)
        # by email only live ones are found
        (one,) = self.run("contacts", "list", "--deleted", "--format", "ids").lines
        self.run("contacts", "restore", one)

    def shares_a_computer(self) -> None:
        self.run("create", "--id", "her-kiosk")
        self.run("identify", "her-kiosk", "--email", "earlier@example.com", "--name", "Earlier")
        self.run("conversations", "start", "her-kiosk", "--title", "Of the earlier person", "--message", "I stay")
        self.run("identify", "her-kiosk", "--email", self.email, "--relink")

    def was_taken_for_another(self) -> None:
        """She is merged by mistake into somebody who takes over her values, and split off again."""
        self.run("contacts", "create", "--id", "mistaken", "--external-id", "mistaken")
        said = self.hers.options()
        wrong = self.run("contacts", "create", *said).stdout.strip()
        self.run("create", "--id", "her-tablet")
        self.run("identify", "her-tablet", "--email", said[3])
        self.run("contacts", "merge", "mistaken", wrong, "--yes", "--force")
        key = said[-1].partition("=")[0]
        self.run("contacts", "update", "mistaken", "--email", "own@example.com", "--clear", "name", "--unset", key)
        out = self.run("contacts", "split", "mistaken", "her-tablet", "--email", said[3]).stdout.strip()
        self.hers.pieces += [wrong, out]
        self.run("contacts", "merge", self.email, out, "--yes")

    def has_fixtures(self) -> None:
        """A fixture names all of her data, and gives her one more device with a conversation."""
        contact = self.run("show", "her-phone", "--format", "json").json["contact"]
        fields = ("externalId", "email", "image", "metadata")
        person = {**{field: contact[field] for field in fields}, "name": self.hers.text()}
        said = {"visitor": "her-desk", "body": self.hers.text()}
        talk = {"visitor": "her-desk", "contact": contact["id"], "title": self.hers.text(), "messages": [said]}
        fixture = {
            "version": 1,
            "contacts": {contact["id"]: person},
            "visitors": {"her-desk": {"contact": contact["id"], "city": self.hers.piece()}},
            "conversations": {"her-talk": talk},
        }
        self.hers.pieces += [contact["id"], "her-desk", "her-talk"]
        path = self.folder / "fixture.json"
        path.write_text(json.dumps(fixture), encoding="utf-8")
        self.run("fixtures", "apply", str(path))

    def everybody_else(self) -> dict[str, list[str]]:
        """Return the export and listings of others, and the history of some."""
        told = {
            name: self.run(*words, "--format", "ndjson").lines
            for name, words in {
                "visitors": ("export",), "deleted": ("export", "--deleted"), "contacts": ("contacts", "list"),
                "conversations": ("conversations", "list", "--limit", "0"),
            }.items()
        }  # fmt: skip
        histories = [self.run("history", f"other-{number}", "--format", "ndjson").lines for number in range(5)]
        told["history"] = [line for lines in histories for line in lines]
        return {
            name: [line for line in lines if not any(piece in line for piece in self.hers.pieces)]
            for name, lines in told.items()
        }


# A separate process: when a process closes any handle of a file, its other locks on it are released.
_OPENS = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute(sys.argv[2])
store.execute("SELECT count(*) FROM visitors").fetchone()
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def opened_elsewhere(store_path: Path, *, reading: bool = False) -> Iterator[None]:
    """Keep the store open in another process, so that its log stays; it may be reading."""
    begin = "BEGIN" if reading else "SELECT 1"
    words = [sys.executable, "-c", _OPENS, str(store_path), begin]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        yield


@pytest.fixture
def world(visitors: Visitors, visitors_process: Visitors, tmp_path: Path, chance: random.Random) -> Iterator[World]:
    """Her and everybody else."""
    made = World(visitors, tmp_path, chance)
    made.import_everybody(visitors_process)
    with opened_elsewhere(tmp_path / "visitors.db"):
        made.live()
        yield made


def test_no_byte_of_a_person_is_left_and_everybody_else_is_as_before(
    world: World, visitors_process: Visitors, store_path: Path, tmp_path: Path
) -> None:
    before = world.everybody_else()
    assert {name for name, lines in before.items() if lines} == set(before)
    said = set(world.hers.pieces)
    assert {piece for _, piece in hits(store_path, world.hers.pieces)} == said
    assert hits(store_path, [RARE[:3]])

    receipt = visitors_process("contacts", "erase", world.email, "--yes").stdout

    assert store_path.with_name("visitors.db-wal").stat().st_size == 0
    assert hits(store_path, world.hers.pieces) == []
    assert hits(store_path, [RARE[:3]]) == [], "three letters in a row are what the full-text index keeps"
    after = world.everybody_else()
    kept = {name: [line for line in lines if line in before[name]] for name, lines in after.items()}
    assert kept == before
    # the earlier person's conversation, and the placeholder in it for the removed computer
    assert {name: len(after[name]) - len(before[name]) for name in before} == {
        "visitors": 0, "deleted": 1, "contacts": 0, "conversations": 1, "history": 0,
    }  # fmt: skip
    (tmp_path / "receipt.json").write_text(receipt, encoding="utf-8")
    visitors_process("db", "check", "--receipt", str(tmp_path / "receipt.json"))
    (kept_one,) = [one for one in after["conversations"] if one not in before["conversations"]]
    assert json.loads(kept_one)["title"] == "Of the earlier person"
    assert json.loads(kept_one)["messageCount"] == 1


def test_no_byte_of_a_device_is_left_and_its_contact_stays(
    world: World, visitors_process: Visitors, store_path: Path
) -> None:
    device = Secrets(random.Random(99))  # noqa: S311 - as above
    world.run("track", "--id", "her-watch", "--city", device.piece(), "--fingerprint", device.piece())
    world.run("update", "her-watch", "--city", device.piece())
    world.run("identify", "her-watch", "--email", world.email)
    world.run("conversations", "start", "her-watch", "--title", device.text(), "--message", device.text())
    world.run("block", "her-watch", "--reason", device.text())
    contact = world.run("contacts", "show", world.email, "--format", "json", "--fields", "id,name,email").stdout
    device.pieces.append("her-watch")
    assert {piece for _, piece in hits(store_path, device.pieces)} == set(device.pieces)

    visitors_process("erase", "her-watch", "--yes")

    assert hits(store_path, device.pieces) == []
    assert world.run("contacts", "show", world.email, "--format", "json", "--fields", "id,name,email").stdout == contact


def test_while_another_process_reads_the_location_of_old_bytes_is_reported(
    visitors_process: Visitors, store_path: Path
) -> None:
    secrets = Secrets(random.Random(7))  # noqa: S311 - as above
    visitors_process("create", "--id", "v", "--city", secrets.piece())
    with opened_elsewhere(store_path, reading=True):
        told = visitors_process("erase", "v", "--yes", "--quiet", env={"VISITORS_TIMEOUT": "0.2"})
        assert f"{store_path}-wal, which another process is reading" in told.stderr
        assert "visitors db compact" in told.stderr
        assert json.loads(told.stdout)["counts"]["visitors"] == 1
        assert hits(store_path, secrets.pieces) != []
    visitors_process("create", "--id", "w")
    assert visitors_process("erase", "w", "--yes").stderr == ""
    assert hits(store_path, secrets.pieces) == []


def test_a_stale_copy_in_a_page_goes_unless_the_file_is_kept_as_it_is(
    visitors_process: Visitors, store_path: Path
) -> None:
    """SQLite leaves such copies when it defragments a page; later writes do not reach them."""
    visitors_process("create", "--id", "v")
    visitors_process("create", "--id", "w")
    _plant(store_path, b"a stale copy of a row")
    told = visitors_process("erase", "v", "--yes", "--no-vacuum").stderr
    assert f"bytes of erased data may remain in {store_path}; to rewrite it: visitors db compact" in told
    assert hits(store_path, ["a stale copy of a row"]) != []
    assert visitors_process("erase", "w", "--yes").stderr == ""
    assert hits(store_path, ["a stale copy of a row"]) == []
    assert visitors_process("list", "--format", "count").stdout == "0\n"


def _plant(store_path: Path, text: bytes) -> None:
    """Write `text` into the free space between the first leaf's cell list and its first cell."""
    with closing(sqlite3.connect(store_path)) as store:
        page_size = store.execute("PRAGMA page_size").fetchone()[0]
        root = store.execute("SELECT rootpage FROM sqlite_master WHERE name = 'visitors'").fetchone()[0]
    content = bytearray(store_path.read_bytes())
    start = (root - 1) * page_size
    kind, _, cells, first = struct.unpack_from(">BHHH", content, start)
    assert kind == 13, "a leaf of a table"
    room = start + 8 + 2 * cells, start + first
    assert room[1] - room[0] > 2 * len(text)
    content[room[1] - 2 * len(text) : room[1] - len(text)] = text
    store_path.write_bytes(content)
