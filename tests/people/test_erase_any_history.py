"""After any history: an erasure leaves no text of the person in the file, and everything else still works.

Commands run in this process, in any order, on a few visitors and contacts with random texts. Commands that are refused
are part of the history too. VISITORS_LONG_TESTS=1 runs longer.
"""

from __future__ import annotations

import io
import json
import os
import random
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visitors.main import run

LONG = bool(os.environ.get("VISITORS_LONG_TESTS"))  # read before the tests' isolation removes it

VISITORS = ("laptop-7QX", "phone-7QX", "kiosk-7QX")
PEOPLE = ("ada-9ZW", "ben-9ZW", "cyd-9ZW")
FINGERPRINTS = ("print-7QX", "thumb-7QX")
VALUES = ("--email", "--external-id", "--name", "--image")
Step = tuple[str, int, int, int]

steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["identify", "identify", "relink", "update", "copy", "clear", "merge", "merge", "split", "talk", "reply",
             "block", "delete", "restore", "unidentify", "city", "erase-visitor", "undo", "undo", "undo-earlier",
             "cascade", "import", "track", "new-person", "new-person", "fixture", "prune"]
        ),
        st.integers(0, 2), st.integers(0, 2), st.integers(0, 3),
    ),
    min_size=5, max_size=25,
)  # fmt: skip


class Life:
    """A store with random events. `texts` are all texts ever given to each person, by name."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self._chance = random.Random(seed)  # noqa: S311 - the same texts for the same example
        self._clock = 0
        self.command("create", "--id", VISITORS[0])
        for visitor in VISITORS[1:]:
            self.command("create", "--id", visitor)
        for person in PEOPLE:
            email, external_id = f"{self._text()}@x.example", self._text()
            self.command("contacts", "create", "--id", person, "--email", email, "--external-id", external_id)

    def command(self, *words: str, code: int | None = 0) -> str:
        """Return the output of a command, run an hour after the previous one."""
        self._clock += 1
        now = f"2026-03-{1 + self._clock // 24:02}T{self._clock % 24:02}:00:00.000Z"
        stdin = io.TextIOWrapper(io.BytesIO(b""))
        out, err = io.StringIO(), io.StringIO()
        environment = {"VISITORS_DB": str(self.path), "VISITORS_NOW": now}
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(sys, "stdin", stdin),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            status = run(list(words))
        assert status == code or (code is None and status in (0, 2, 3, 4, 5, 8)), f"{words}: {status} {err.getvalue()}"
        return out.getvalue()

    def _text(self) -> str:
        return "".join(self._chance.choices("abcdefghjkmnpqrstuvwxyz23456789", k=16))

    def happen(self, step: Step) -> None:
        what, first, second, third = step
        visitor, person, option = VISITORS[first], PEOPLE[second], VALUES[third]
        value = f"{self._text()}@x.example" if option == "--email" else self._text()
        words: dict[str, Callable[[], list[str]]] = {
            "identify": lambda: ["identify", visitor, "--email", self._value(person, "email"), "--name", value],
            "relink": lambda: ["identify", visitor, "--external-id", self._value(person, "externalId"), "--relink"],
            "update": lambda: ["contacts", "update", person, option, value, "--metadata", f"k{third}={self._text()}"],
            # give somebody, for a while, a value that another person has or had
            "copy": lambda: ["contacts", "update", person, "--name", self._value(PEOPLE[first], "name")],
            "clear": lambda: ["contacts", "update", person, "--clear", option.strip("-").replace("external-id",
                              "externalId"), "--unset", f"k{third}"],
            "merge": lambda: ["contacts", "merge", person, PEOPLE[first], "--force", "--yes"],
            "split": lambda: ["contacts", "split", person, visitor, "--name", value],
            "talk": lambda: ["conversations", "start", visitor, "--title", self._text(), "--message", self._text()],
            "reply": lambda: ["conversations", "reply", self._talk(third), self._text(), "--as-visitor", visitor],
            "block": lambda: ["block", *(["--contact", person] if third else [visitor]), "--reason", self._text(),
                              "--for", "2h"],
            "delete": lambda: ["contacts", "delete", person] if third else ["delete", visitor],
            "restore": lambda: ["contacts", "restore", person] if third else ["restore", visitor],
            "unidentify": lambda: ["unidentify", visitor],
            "city": lambda: ["update", visitor, "--city", self._text()],
            "erase-visitor": lambda: ["erase", visitor, "--yes"] if third == 3 else ["track", "--id", visitor],
            "undo": lambda: ["undo"],
            "undo-earlier": lambda: ["undo", self._operation(third)],
            "cascade": lambda: ["undo", self._operation(first + second + third), "--cascade"],
            "import": lambda: ["import", self._rows(visitor, person, third), "--on-existing", "update"],
            "track": lambda: ["track", "--fingerprint", FINGERPRINTS[third % 2], "--city", self._text()],
            "new-person": lambda: ["identify", visitor, "--email", f"{self._text()}@x.example", "--name", value,
                                   *(["--relink"] if third else [])],
            "fixture": lambda: ["fixtures", "apply", self._fixture(visitor, third), *(["--prune", "--yes"] if
                                third == 3 else [])],
            "prune": lambda: ["prune", "--older-than", "3h", "--yes"],
        }  # fmt: skip
        self.command(*words[what](), code=None)

    def _operation(self, back: int) -> str:
        """Draw a recent operation."""
        found = self.command("history", "--limit", "6", "--format", "ids").split()
        return found[min(back, len(found) - 1)]

    def _rows(self, visitor: str, person: str, number: int) -> str:
        """A file of rows: one of a known person, one of a new one."""
        rows = [
            {"id": visitor, "city": self._text(), "contact": {"email": self._value(person, "email")}},
            {"id": f"import-{number}", "ip": None, "fingerprint": self._text(),
             "contact": {"email": f"{self._text()}@x.example", "metadata": {"k": self._text()}}},
        ]  # fmt: skip
        file = self.path.with_name("rows.json")
        file.write_text(json.dumps(rows))
        return str(file)

    def _fixture(self, visitor: str, number: int) -> str:
        contact = {"email": f"{self._text()}@x.example", "name": self._text()}
        file = self.path.with_name("fixture.json")
        content = {"contacts": {f"fixed-{number}": contact}, "visitors": {visitor: {"contact": f"fixed-{number}"}}}
        file.write_text(json.dumps({"version": 1, **content}))
        return str(file)

    def _value(self, person: str, field: str) -> str:
        found = self.command("contacts", "show", person, "--format", "json", "--fields", field, code=None)
        return str((json.loads(found) if found else {}).get(field) or "nobody@x.example")

    def _talk(self, number: int) -> str:
        found = self.command("conversations", "list", "--format", "ids").split()
        return found[number % len(found)] if found else "none"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as store:
            return store.execute(sql).fetchall()

    def texts_of(self, table: str, condition: str) -> set[str]:
        """Return every random text in the rows of a table."""
        return {text for row in self.rows(f"SELECT * FROM {table} WHERE {condition}") for text in _texts(row)}


def _texts(row: tuple[Any, ...]) -> Iterator[str]:
    for value in row:
        words = str(value).replace("@", " ").replace('"', " ").replace("\\", " ").split()
        yield from (word for word in words if len(word) == 16 and word.isalnum() and word.islower())


def erased_contacts(life: Life, contact: str) -> list[str]:
    """Return the contact, resolving a tombstone, and those merged into it; or one whose creation was undone."""
    shown = life.command("contacts", "show", contact, "--format", "json", code=None)
    found = json.loads(shown) if shown else {"id": contact, "merged": []}
    return [found["id"], *found["merged"]]


@settings(
    max_examples=2_000 if LONG else 15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(history=steps, seed=st.integers(0, 10**6), whom=st.sampled_from(PEOPLE))
def test_no_text_of_the_person_is_left_and_all_else_works(history: list[Step], seed: int, whom: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder) / "visitors.db", seed)
        for step in history:
            life.happen(step)
        if ("contact", whom) not in everything(life):  # taken back, and then erased with the only device it ever had
            life.command("contacts", "subject-export", whom, code=3)
            life.command("contacts", "erase", whom, "--yes", code=3)
            assert whom.encode() not in life.path.read_bytes()
            return
        contacts = erased_contacts(life, whom)
        these = ", ".join(f"'{contact}'" for contact in contacts)
        theirs = life.texts_of("contacts", f"id IN ({these})")
        theirs |= life.texts_of("changes", f"kind = 'contact' AND record IN ({these})")
        devices = devices_of(life, set(contacts))
        for self_ in former_selves(life, set(devices)):
            theirs |= life.texts_of("changes", f"kind = 'contact' AND record = '{self_}'")
        for device in devices:
            theirs |= life.texts_of("visitors", f"id = '{device}'") | life.texts_of("changes", f"record = '{device}'")
        before = {table: dict(records(life, table)) for table in TABLES}
        strangers = {row[0] for row in life.rows("SELECT id FROM visitors")} - set(devices)
        known = everything(life)
        of_others = {text for text, contact in first_said_of(life).items() if contact not in contacts}
        document = json.loads(life.command("contacts", "subject-export", whom))

        (Path(folder) / "receipt.json").write_text(life.command("contacts", "erase", whom, "--yes"))

        # current values of a remaining contact are its own, and so are its messages
        kept = {text for table in ("contacts", "visitors", "conversations", "messages", "blocks")
                for text in life.texts_of(table, "1")}  # fmt: skip
        content = life.path.read_bytes()
        assert strangers <= {row[0] for row in life.rows("SELECT id FROM visitors")}, "devices of others stay"
        for table in TABLES:
            changed = {one for one, row in records(life, table) if before[table].get(one, row) != row}
            assert not changed, "what is not theirs stays as it was"
        said_since = {text for text in theirs - kept if text.encode() in content}
        names = {text for row in life.rows("SELECT before, after FROM changes WHERE kind = 'contact'")
                 for text in _texts(row)}  # fmt: skip
        # a name copied by hand, rather than by a merge, belongs to the other's history, and so does one that was theirs
        assert said_since <= names & (life_copied(history, theirs) | of_others), said_since
        for name in (*contacts, *devices):
            assert name.encode() not in content or name in kept_ids(life), name
        others = document.pop("devicesOfOthers")
        assert listed(document) == known - everything(life), "what the subject export listed is gone, and nothing else"
        told = set(_texts(tuple(strings(document)))) - kept
        told_since = {text for text in told if text.encode() in content}
        assert told_since <= names & (life_copied(history, told) | of_others), told_since
        assert {("visitor", one["id"]) for one in others["visitors"]} <= everything(life), "others keep their devices"
        check_all(life, folder)


TABLES = ("contacts", "visitors", "conversations", "messages", "blocks")


def records(life: Life, table: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Return the rows of a table by id, except for authors, which may be replaced by placeholders."""
    columns = [row[1] for row in life.rows(f"PRAGMA table_info({table})")]
    kept = [name for name in columns if name != "visitor_id" or table == "blocks"]
    for row in life.rows(f"SELECT id, {', '.join(kept)} FROM {table}"):
        yield row[0], row[1:]


def everything(life: Life) -> set[tuple[str, str]]:
    """Kind and id of every record that there is, or that only the history has."""
    there = {(table.removesuffix("s"), row[0]) for table in TABLES for row in life.rows(f"SELECT id FROM {table}")}
    return there | {(kind, record) for kind, record in life.rows("SELECT kind, record FROM changes")}


def first_said_of(life: Life) -> dict[str, str]:
    """Return each former name, image or value of metadata, and the contact that had it first: a merge gives it to
    another, and undoing the merge takes it back.
    """
    found: dict[str, tuple[int, str]] = {}
    known: set[tuple[str, str]] = set()
    sql = "SELECT pk, record, before, after FROM changes WHERE kind = 'contact' ORDER BY pk"
    for pk, contact, *sides in life.rows(sql):
        for since, side in zip((0, pk), sides, strict=True):  # what a change finds there was there before all changes
            state = json.loads(side or "{}")
            for text in _texts(tuple(state.get(column) for column in ("name", "image", "metadata"))):
                if (contact, text) not in known:
                    known.add((contact, text))
                    found[text] = min(found.get(text, (since, contact)), (since, contact))
    return {text: contact for text, (_, contact) in found.items()}


def listed(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Kind and id of every record in a subject export."""
    sections = {
        "contact": [*filter(None, [document["contact"]]), *document["aliases"]],
        "visitor": [*document["visitors"], *document["formerVisitors"]],
        "conversation": document["conversations"],
        "message": [message for talk in document["conversations"] for message in talk["messages"]],
        "block": document["blocks"],
    }
    found = {(kind, one["id"]) for kind, records in sections.items() for one in records}
    return found | {(one["kind"], one["recordId"]) for one in document["history"]}


def strings(value: object) -> Iterator[str]:
    """Every string in a document, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for one in pair for text in strings(one))
    elif isinstance(value, list):
        yield from (text for one in value for text in strings(one))


def links(life: Life) -> set[tuple[str, str]]:
    """Return every device and contact that were ever linked."""
    found = {(one, contact) for one, contact in life.rows("SELECT id, contact_id FROM visitors") if contact}
    for record, *sides in life.rows("SELECT record, before, after FROM changes WHERE kind = 'visitor'"):
        told = [json.loads(side).get("contact_id") for side in sides if side]
        found |= {(record, contact) for contact in told if contact}
    return found


def links_that_stood(life: Life) -> set[tuple[str, str]]:
    """Like `links`, without those of undone operations."""
    void: set[int] = set()
    for operation, target in life.rows("SELECT operation, target FROM undone ORDER BY operation DESC"):
        if operation not in void:
            void.add(target)
    found = {(one, contact) for one, contact in life.rows("SELECT id, contact_id FROM visitors") if contact}
    begun = set()
    sql = "SELECT operation, record, before, after FROM changes WHERE kind = 'visitor' ORDER BY pk"
    for operation, record, *sides in life.rows(sql):
        before, after = (json.loads(side) if side else {} for side in sides)
        if "contact_id" not in before | after:
            continue
        made_with = before.get("contact_id") if record not in begun else None
        made = after.get("contact_id") if operation not in void else None
        found |= {(record, contact) for contact in (made_with, made) if contact}
        begun.add(record)
    return found


def devices_of(life: Life, contacts: set[str]) -> list[str]:
    """Return the devices linked to the contacts, and those that once were, and never to another existing contact."""
    now = dict(life.rows("SELECT id, contact_id FROM visitors"))
    others = {row[0] for row in life.rows("SELECT id FROM contacts")} - contacts
    ever: dict[str, set[str]] = {}
    for device, contact in links_that_stood(life):
        ever.setdefault(device, set()).add(contact)
    once = [one for one in now if ever.get(one, set()) & contacts and not ever[one] & others]
    return sorted({*once, *(one for one, contact in now.items() if contact in contacts)})


def former_selves(life: Life, devices: set[str]) -> Iterator[str]:
    """Return the contacts whose creation was undone, and to which only these devices were ever linked."""
    there = {row[0] for row in life.rows("SELECT id FROM contacts")}
    linked: dict[str, set[str]] = {}
    for device, contact in links(life):
        linked.setdefault(contact, set()).add(device)
    yield from (contact for contact, them in linked.items() if contact not in there and them <= devices)


def life_copied(history: list[Step], texts: set[str]) -> set[str]:
    """Return the texts that `copy` may have given to somebody else."""
    return texts if any(step[0] == "copy" for step in history) else set()


def kept_ids(life: Life) -> set[str]:
    """Return ids that other records have: of another kind, or of a restored visitor."""
    return {row[0] for table in ("contacts", "visitors") for row in life.rows(f"SELECT id FROM {table}")}


def check_all(life: Life, folder: str) -> None:
    """Assert that the store is intact, the receipt verifies, and every page, history and explanation can be shown."""
    assert life.rows("PRAGMA integrity_check") == [("ok",)]
    assert life.rows("PRAGMA foreign_key_check") == []
    life.command("db", "check", "--receipt", f"{folder}/receipt.json")
    for (visitor,) in life.rows("SELECT id FROM visitors"):
        for words in (["show"], ["history"], ["explain"]):
            life.command(*words, visitor)
    for (contact,) in life.rows("SELECT id FROM contacts"):
        life.command("contacts", "show", contact)
        life.command("history", contact)
    for (operation,) in life.rows("SELECT id FROM operations"):
        life.command("history", "--operation", operation)
    life.command("db", "dump", "-o", f"{folder}/dump.ndjson")
    life.command("--db", f"{folder}/copy.db", "db", "load", f"{folder}/dump.ndjson")
    life.command("--db", f"{folder}/copy.db", "db", "check", "--receipt", f"{folder}/receipt.json")
