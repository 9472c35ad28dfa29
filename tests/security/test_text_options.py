"""Any text in any option: a documented exit code, an intact store, and no terminal control.

The options are discovered, not listed: a new command is tested as soon as it is registered.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import pytest

from trials.running import LONG
from trials.sound import assert_sound
from trials.writes import Furnished, Visitors
from visitors import cli

CODES = {0, 1, 2, 3, 4, 5, 6, 7, 8}
HOSTILE = [
    "'; DROP TABLE visitors; --", '" OR "a"="a', "a') OR 1=1; DELETE FROM contacts; --", "%", "_", "*", "?", "[",
    '"', "'", 'NEAR("a" "b")', '"a" OR', "a AND", "id:*", "^a", "{id name} : a", "\\", "-", "--", "", " ", "=",
    "a=", "=a", "a=b=c", "\x00", "a\x00b", "\x1b[31mred", "\x9b31m", "\x1b]52;c;cm0=\x07", "\u202egnp.exe",
    "[bold]x[/]", "a\r\nb", "\udcff", "x" * 100_000, "é" * 300, "𝕏" * 200, "9" * 400, "-9223372036854775809",
    "9223372036854775808", "1e400", "NaN", "0x10", "١٢", "../../etc/passwd", "@", "a@b", "ext:", "ext:'", "ext:*",
    "{}", "[]", "null", "{first}", "%s%n", "${HOME}", "$(touch x)", "`x`", "\ufeff",
]  # fmt: skip
"""Values for every option; SQL, full-text queries, patterns, controls, lengths, numbers, references and templates."""
EACH = len(HOSTILE) if LONG else 1
"""How many of them each option gets; together, the options get all."""

ARGUMENTS = {
    "visitor": "v01", "contact": "ext:u1", "other": "ext:u2", "conversation": "{first}", "message": "hello",
    "file": "{files}/small.ndjson", "files": "{files}/fixture.yaml", "survivor": "ext:u3",
}  # fmt: skip
"""A value for each argument while an option is tested."""
NOT_TEXT = {"output", "rejects", "file", "files", "db"}
"""File names, which have tests of their own."""


class Place(NamedTuple):
    """A position on the command line: the words before and after it."""

    command: str
    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def places() -> Iterator[Place]:
    """Return every option and argument of every command that takes text or a number."""
    for entry, command in cli.walk():
        if entry.words in ("completion", "fixtures schema"):
            continue
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        needed = [one for one in arguments if one.required]
        words = tuple(entry.words.split())
        typed = tuple(ARGUMENTS[one.name or ""] for one in needed)
        for option in command.params:
            if option.param_type_name == "argument" or getattr(option, "is_flag", False) or option.name in NOT_TEXT:
                continue
            if option.name in ("help", "format"):
                continue
            yield Place(entry.words, option.opts[-1], (*words, *typed, max(option.opts, key=len)), ())
        for argument in arguments:
            if argument.name in NOT_TEXT:
                continue
            position = needed.index(argument) if argument in needed else len(needed)
            yield Place(entry.words, str(argument.name), (*words, *typed[:position]), typed[position + 1 :])


PLACES = list(places())
COMMANDS = sorted({place.command for place in PLACES})


def test_the_options_were_found() -> None:
    assert len(PLACES) > 250
    assert {"--search", "--metadata", "--city", "--reason", "--title", "visitor"} <= {place.name for place in PLACES}


@pytest.mark.parametrize("command", COMMANDS)
def test_hostile_text_does_no_harm(
    visitors: Visitors,
    furnished: Furnished,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.delenv("VISITORS_DEBUG")
    store = tmp_path / "store.db"
    shutil.copy(furnished.folder / "furnished.db", store)
    monkeypatch.setenv("VISITORS_DB", str(store))
    monkeypatch.chdir(tmp_path_factory.mktemp("named"))  # some options name files and folders to write
    first = furnished.conversations[0]
    values = cycle(HOSTILE)
    for place in (place for place in PLACES if place.command == command):
        for _ in range(sum(map(ord, command + place.name)) % len(HOSTILE)):
            next(values)  # each position starts with another value
        for _ in range(EACH):
            value = next(values)
            words = [word.format(files=furnished.files, first=first) for word in (*place.before, *place.after)]
            typed = [*words[: len(place.before)], value, *words[len(place.before) :]]
            start = time.monotonic()
            done = visitors(*typed, code=None, input="v01\n")

            assert time.monotonic() - start < 20, (typed[0], place, "is a pattern quadratic?")
            assert done.code in CODES, (typed, done.stderr[:300])
            assert "Traceback" not in done.stderr, typed
            assert "unexpected failure" not in done.stderr, (typed, done.stderr[:300])
            assert not set(done.stderr) & set("\x1b\x9b\x07\x00\r\u202e"), (typed, done.stderr[:300])
    assert_sound(store)
    # db backup makes .bak files
    made = {path for path in tmp_path.iterdir() if path.is_file() and path.suffix != ".bak"}
    assert made == {store}
