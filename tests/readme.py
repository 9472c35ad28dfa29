"""Regenerate output for people: the README's tour, and the help of every command.

    python tests/readme.py          rewrite README.md and help/commands.md
    python tests/readme.py --check  exit 1 if that would change them

The tour's commands run one after another on a real terminal of 100 columns, in bash, on a new store with the made-up
visitors. Generated ids are shortened, since they differ every time.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import pexpect

from visitors import cli, registry
from visitors.domain.fields import FLAT, Field

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
COMMANDS = ROOT / "src" / "visitors" / "help" / "commands.md"
STAND_INS = ("<!-- stand-ins -->\n", "<!-- /stand-ins -->")
COLUMNS = 100
_ULID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
_BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)


def generated(text: str) -> str:
    """Return `text` of the README with its generated parts updated."""
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(Path(folder))
        _run(environment, "visitors import --quiet tests/examples/visitors.csv > /dev/null")
        text = _BLOCK.sub(lambda block: _block(environment, block[0]), text)
    return _between(text, STAND_INS, _stand_ins())


def _between(text: str, marks: tuple[str, str], part: str) -> str:
    before, begin, rest = text.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    assert begin, f"the README has no {marks[0]}"
    assert end, f"the README has no {marks[1]}"
    return before + begin + part + end + after


def _stand_ins() -> str:
    """Return the table of the treatment of each field in a pseudonymised export."""
    fields: dict[str, list[str]] = {}
    for path, field in FLAT.items():
        fields.setdefault(_becomes(path, field), []).append(f"`{path}`")
    rows = [f"| {', '.join(paths)} | {becomes} |\n" for becomes, paths in fields.items()]
    return "".join(["| field | becomes |\n", "|---|---|\n", *rows])


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


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "VISITORS_DB": str(folder / "demo.db"),
        "VISITORS_ACTOR": "you",
        "NO_COLOR": "1",
        "VISITORS_PAGER": "cat",
        "TERM": "xterm",
        "LANG": "C.UTF-8",
    }


def _block(environment: dict[str, str], block: str) -> str:
    """Return the commands of a console block, each with its output."""
    lines = []
    for line in block.splitlines():
        if not line.startswith("$ "):
            continue
        lines.append(line)
        command = line.removeprefix("$ ")
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            environment[name] = value
        else:
            lines += [printed.rstrip() for printed in _run(environment, command).splitlines()]
    return "\n".join(map(_shortened, lines)) + "\n"


def _shortened(line: str) -> str:
    """Shorten generated ids in the line to `01…`, keeping the following columns aligned."""
    while ulid := _ULID.search(line):
        before, after = line[: ulid.start()], line[ulid.end() :]
        gap = re.search(r" {2,}", after)
        if gap:
            after = after[: gap.start()] + " " * (len(ulid[0]) - 3) + after[gap.start() :]
        line = f"{before}01…{after}"
    return line


def _run(environment: dict[str, str], command: str) -> str:
    """Return what `command` prints on a terminal, standard output and error together."""
    child = pexpect.spawn(
        "bash", ["-c", command], env=environment, cwd=str(ROOT), dimensions=(60, COLUMNS), encoding="utf-8", timeout=60
    )
    child.expect(pexpect.EOF)
    child.close()
    return str(child.before).replace("\r\n", "\n")


def commands() -> str:
    """Return the help of the program, then of every command, each under a heading; global options are listed once,
    first.
    """
    parts = [
        "# Every command",
        "What `--help` says, as `python tests/readme.py` writes it. Every command has the options under `Everywhere`.",
        f"```text\n{_help_of([])}```",
    ]
    for entry, _ in cli.walk():
        own, everywhere, _ = _help_of(entry.words.split()).partition(f"\n{registry.EVERYWHERE}:\n")
        assert everywhere, f"{entry.words} lacks the options that every command takes"
        parts.append(f"## visitors {entry.words}\n\n```text\n{own}```")
    return "\n\n".join(parts) + "\n"


def _help_of(words: list[str]) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        cli.root().main(args=[*words, "--help"], prog_name="visitors", standalone_mode=False)
    return out.getvalue()


def main() -> int:
    """Rewrite both files, or with `--check` return whether that would change one."""
    os.environ["COLUMNS"] = str(COLUMNS)
    before = README.read_text(encoding="utf-8")
    made = {README: generated(before), COMMANDS: commands()}
    if sys.argv[1:] == ["--check"]:
        return int(any(text != path.read_text(encoding="utf-8") for path, text in made.items()))
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
