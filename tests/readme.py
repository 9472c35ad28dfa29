"""Regenerate documents: the README, its chart, and the topics of `visitors help`.

    python tests/readme.py                  update all of them
    python tests/readme.py --check [NAME]…  exit 1 if that would change one of them, or of those named

Each document is run from top to bottom, in bash, on a real terminal, and on a store of its own with ten visitors.

- A `console` block is regenerated: its commands, each with its output. Random ids are shortened.
- A `sh` block has to succeed. Prompts are answered with yes.
- A `shell` block is not run: it installs something.
- A block after a paragraph that ends with a path in backticks and a colon is written to that path beforehand.
- What is between `<!-- NAME -->` and `<!-- /NAME -->` is generated from the program's own tables.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
import pexpect

from python_reference import reference
from visitors import cli
from visitors.domain.contact import Alias, Duplicate
from visitors.domain.explanation import Event
from visitors.domain.fields import FLAT, Field
from visitors.domain.merging import Step
from visitors.domain.operation import FieldChange, Link
from visitors.domain.page import Device
from visitors.domain.receipt import Counts, Receipt, Subject
from visitors.domain.statistics import ConversationFigure, Figure, Group, Pair, Period
from visitors.error_codes import ERROR_CODES
from visitors.help.commands import commands
from visitors.pytest_plugin import run_in_process
from visitors.store.file.compact import Compacted
from visitors.store.file.findings import Finding
from visitors.store.file.info import StoreInfo
from visitors.store.views import VIEWS, described

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
HELP = ROOT / "src" / "visitors" / "help"
COMMANDS = HELP / "commands.md"
PICTURE = ROOT / "tests" / "golden" / "stats.svg"
DOCUMENTS = (README, *sorted(set(HELP.glob("*.md")) - {COMMANDS}))
"""The documents with examples."""

COLUMNS = 100
"""The width of the README and of the reference of all commands."""
TOPIC_COLUMNS = 76
"""The width of topics: what a terminal of 80 columns leaves for a block of code."""
NOW = "2026-03-08T12:00:00Z"
_ULID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
_BLOCK = re.compile(r"(?<=^```)(console|sh)\n(.*?)(?=^```)", re.DOTALL | re.MULTILINE)

PROGRAMS = {
    "psql": """echo '{"id":"web-1","language":"nl","email":"noor@example.com"}'""",
    "datasette": 'test "$1" = serve && test -f "$2"',
}
"""Scripts that replace other programs in the examples, since those need a server."""


def generated(document: Path) -> str:
    """Return the text of `document` with its generated parts updated. Raises AssertionError if a command fails."""
    text = document.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder), text, COLUMNS if document == README else TOPIC_COLUMNS)
        text = _BLOCK.sub(lambda block: f"{block[1]}\n{session.block(block[1], block[2])}", text)
    for name, part in PARTS.items():
        text = _between(text, name, part)
    return text


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks in a language, in order."""
    return re.findall(rf"(?<=^```{language}\n).*?(?=^```)", text, re.DOTALL | re.MULTILINE)


def _between(text: str, name: str, part: Callable[[], str]) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    if begin not in text:
        return text
    before, _, rest = text.partition(begin)
    _, marked, after = rest.partition(end)
    assert marked, f"there is no {end}"
    return f"{before}{begin}\n{part()}\n{end}{after}"


def _table(heading: str, rows: Iterable[Sequence[str]]) -> str:
    columns = heading.count("|") + 1
    lines = [f"| {heading} |", f"|{'---|' * columns}", *(f"| {' | '.join(row)} |" for row in rows)]
    return "".join(f"{line}\n" for line in lines)


def _stand_ins() -> str:
    """Return the table of the treatment of each field in a pseudonymised export."""
    fields: dict[str, list[str]] = {}
    for path, field in FLAT.items():
        fields.setdefault(_becomes(path, field), []).append(f"`{path}`")
    return _table("field | becomes", [(", ".join(paths), becomes) for becomes, paths in fields.items()])


def _becomes(path: str, field: Field) -> str:
    if path == "contact.metadataHash":
        return "the hash of that"
    if field.stand_in is None:
        return "null"
    if "{}" in field.stand_in:
        stand_in = f"`{field.stand_in.replace('{}', '…')}`"
        return f"a common name in its usual spelling, else {stand_in}" if field.common else stand_in
    return {
        "keep": "as it is",
        "language": "language and country: `zh-TW` of `zh-Hant-TW`; null if the code of the language is longer",
        "day": "the beginning of that day, in UTC",
        "day end": "the end of that day, in UTC",
        "version": "the major number: `126` of `126.0.6478.127`",
        "address": "an address in 2001:db8::/32, the range for documentation; those of IPv4 are too small",
        "document": '`{"pseudonym": "…"}`, one stand-in for all that is in it, keys included; empty stays empty',
    }[field.stand_in]


def _keys(view: str) -> str:
    """Return the table of the keys of a kind of record, as `sql --tables` describes them."""
    found = [one for one in described() if one.view == view]
    return _table("key | type | meaning", [(f"`{one.column}`", one.type, one.meaning) for one in found])


_OTHER_RECORDS: Mapping[str, type[msgspec.Struct]] = {
    "`show`, `contacts show`: `devices`": Device,
    "`show`: `links`": Link,
    "`contacts show`: `merged`": Alias,
    "`explain`": Event,
    "`history --changes`": FieldChange,
    "`stats`": Figure,
    "`conversations stats`": ConversationFigure,
    "`stats --by`": Group,
    "`stats --by`, twice": Pair,
    "`stats --per`": Period,
    "`contacts merge`: `steps`": Step,
    "`contacts duplicates`": Duplicate,
    "`db check`": Finding,
    "`db info`": StoreInfo,
    "`db compact`": Compacted,
    "receipt of an erasure": Receipt,
    "its `counts`": Counts,
    "its `subjects`": Subject,
}
"""Where a record is printed -> its type, for those that are not in a view."""


def _other_records() -> str:
    """Return the table of the keys of records that are not in a view."""
    rows = [
        (where, ", ".join(f"`{key}`" for key in type_.__struct_encode_fields__))
        for where, type_ in _OTHER_RECORDS.items()
    ]
    return _table("where | keys", rows)


def _error_codes() -> str:
    """Return the table of error codes."""
    rows = [(f"`{one.code}`", " or ".join(map(str, one.exits)), one.meaning) for one in ERROR_CODES]
    return _table("code | exit | meaning", rows)


def _topics() -> str:
    """Return the table of topics, each with its first sentence."""
    rows = []
    for path in sorted(HELP.glob("*.md")):
        _, _, about = path.read_text(encoding="utf-8").split("\n")[:3]
        rows.append((f"[{path.stem}]({path.relative_to(ROOT)})", about))
    return _table("topic | what it is for", rows)


PARTS: Mapping[str, Callable[[], str]] = {
    "topics": _topics,
    "stand-ins": _stand_ins,
    "other-records": _other_records,
    "error-codes": _error_codes,
    "python-reference": reference,
    **{f"keys-of-{view}": partial(_keys, view) for view in VIEWS},
}
"""Name -> function that generates the part of a document between the marks of that name."""


class Session:
    """A folder and a store in which the blocks of one document run, one after another."""

    def __init__(self, folder: Path, text: str, columns: int) -> None:
        self._columns = columns
        self._folder = folder / "project"
        shutil.copytree(ROOT / "tests" / "examples", self._folder / "tests" / "examples")
        (self._folder / "ids.txt").write_text("v-kiosk\nv-tlse\n", encoding="utf-8")
        (self._folder / "query.sql").write_text("SELECT count(*) FROM visitors\n", encoding="utf-8")
        for path, content in named_files(text).items():
            place = folder / path.removeprefix("~/") if path.startswith("~/") else self._folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content, encoding="utf-8")
        programs = folder / "bin"
        programs.mkdir()
        for name, script in PROGRAMS.items():
            (programs / name).write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
            (programs / name).chmod(0o755)
        self._environment = {
            "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "VISITORS_DB": str(folder / "demo.db"),
            "VISITORS_ACTOR": "you",
            "VISITORS_NOW": NOW,
            "NO_COLOR": "1",
            "VISITORS_PAGER": "cat",
            "TERM": "xterm",
            "LANG": "C.UTF-8",
        }
        (folder / "backups").mkdir()
        self._succeed("visitors import --quiet tests/examples/visitors.csv > /dev/null")

    def block(self, language: str, block: str) -> str:
        """Run a block and return its updated text."""
        if language == "console":
            return self._console(block)
        self._succeed(block)
        return block

    def _console(self, block: str) -> str:
        """Return the commands of a console block, each with its output."""
        lines = []
        for command in re.findall(r"^\$ (.*(?:\n> .*)*)", block, re.MULTILINE):
            lines += f"$ {command}".split("\n")
            whole = command.replace("\n> ", "\n")
            if whole.startswith("export "):
                name, _, value = whole.removeprefix("export ").partition("=")
                self._environment[name] = value
            else:
                printed = self._run(whole)[0].replace(self._environment["HOME"], "/home/you")
                lines += [line.rstrip() for line in printed.splitlines()]
        return "\n".join(map(_shortened, lines)) + "\n"

    def _succeed(self, script: str) -> None:
        printed, status = self._run(f"set -euo pipefail\n{script}")
        assert status == 0, f"{script}\nended with {status}:\n{printed}"

    def _run(self, script: str) -> tuple[str, int]:
        """Return what `script` prints on a terminal, standard output and error together, and its exit status."""
        child = pexpect.spawn(
            "bash", ["-c", script], env=self._environment, cwd=str(self._folder), dimensions=(60, self._columns),
            encoding="utf-8", timeout=60,
        )  # fmt: skip
        printed = ""
        while child.expect_exact([pexpect.EOF, "? [y/N] "]):
            printed += f"{child.before}{child.after}"
            child.sendline("y")
        printed += str(child.before)
        child.close()
        return printed.replace("\r\n", "\n"), int(child.exitstatus or 0) or int(child.signalstatus or 0)


def named_files(text: str) -> dict[str, str]:
    """Return path -> content for the blocks that are files."""
    found = re.findall(r"`(\S+\.(?:yaml|toml|py|csv))`:\n\n```\w+\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return dict(found)


def _shortened(line: str) -> str:
    """Shorten generated ids in the line to `01…`, keeping the following columns aligned."""
    while ulid := _ULID.search(line):
        before, after = line[: ulid.start()], line[ulid.end() :]
        gap = re.search(r" {2,}", after)
        if gap:
            after = after[: gap.start()] + " " * (len(ulid[0]) - 3) + after[gap.start() :]
        line = f"{before}01…{after}"
    return line


def picture() -> str:
    """Return the chart of made-up visitors by browser and operating system, as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"VISITORS_DB": f"{folder}/visitors.db", "VISITORS_NOW": NOW}
        for line in ("seed --seed 42 --count 1000", "stats --by browser --by os --top 12 --svg -"):
            done = run_in_process(line.split(), "", settings)
            assert done.exit_code == 0, done.stderr
    return done.stdout


def main() -> int:
    """Update the documents, or with `--check` report whether that would change one."""
    check, names = sys.argv[1:2] == ["--check"], sys.argv[2:]
    makers: dict[Path, Callable[[], str]] = {one: partial(generated, one) for one in DOCUMENTS}
    makers |= {COMMANDS: lambda: commands(cli.root(), COLUMNS - 2), PICTURE: picture}
    differ = 0
    for path, make in makers.items():
        if names and path.name not in names:
            continue
        made = make()
        if made != (path.read_text(encoding="utf-8") if path.exists() else None):
            differ = 1
            if not check:
                path.write_text(made, encoding="utf-8")
    return differ if check else 0


if __name__ == "__main__":
    sys.exit(main())
