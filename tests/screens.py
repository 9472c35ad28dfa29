"""The expected terminal output of each kind of record and result: a change of a table or page shows here.

    python tests/screens.py         regenerate tests/golden/screens-80.txt and -200.txt

Everything runs on the example fixture, at one moment, at the width of a small and of a large terminal. The ids of
operations are random except for their time: their ends are replaced.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from visitors.pytest_plugin import run_in_process

FOLDER = Path(__file__).parent / "golden"
EXAMPLE = Path(__file__).parent / "examples" / "fixtures" / "shop.yaml"
WIDTHS = (80, 200)
NOW = "2026-02-01T00:00:00Z"
BROKEN = """version: 1
visitors:
  a: {language: '?', colour: red}
"""

# The commands, in this order; later ones see the changes of earlier ones.
COMMANDS = """
fixtures diff shop.yaml
fixtures apply shop.yaml --format table
fixtures diff shop.yaml
list
list --deleted
list --blocked --fields id,language,contact.email,contact.metadata
show adas-laptop
show somebody
show gone
contacts list
contacts list --deleted
contacts show ext:u-1
contacts show grace@example.com
contacts duplicates
contacts merge ada@example.com grace@example.com --dry-run --format table
conversations list
conversations show {conversation}
stats
stats --by language --by contact.email
stats --per week
conversations stats
conversations stats --by status
block adas-phone --reason loud --for 30d --format table
block --contact ext:u-1 --reason why --format table
show adas-phone
unblock adas-phone --format table
unblock somebody adas-laptop --format table --yes
identify somebody --email some@example.com --dry-run --format table
delete somebody --format table
history
history --changes --limit 4
history adas-phone
history --operation {newest}
explain adas-laptop
explain somebody --identify-as email=ada@example.com
undo --format table
erase gone --dry-run --format table
contacts erase ext:u-1 --dry-run --format table
assert --count 5
assert --min 1
fixtures check broken.yaml
fixtures diff shop.yaml
list --search nobody
show nobody
list --sort nothing
list --fields nothing
"""


def screens(columns: int, folder: Path) -> str:
    """Return what the commands print in `folder`, which is empty, each after its command line."""
    with contextlib.chdir(folder):
        return "\n".join(_screens(columns, folder))


def _screens(columns: int, folder: Path) -> Iterator[str]:
    settings = {
        "COLUMNS": str(columns),
        "HOME": str(folder),
        "VISITORS_ACTOR": "ada",
        "VISITORS_DB": str(folder / "visitors.db"),
        "VISITORS_NOW": NOW,
    }

    def run(*words: str) -> str:
        done = run_in_process(words, "", settings)
        told = done.stderr + (f"(exit {done.exit_code})\n" if done.exit_code else "")
        return done.stdout + told

    shutil.copy(EXAMPLE, folder)
    (folder / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    ids: dict[str, str] = {}
    for line in COMMANDS.split("\n")[1:-1]:
        if "{newest}" in line:
            ids["newest"] = run("history", "--limit", "1", "--format", "ids").strip()
        if "{conversation}" in line:
            ids["conversation"] = run("conversations", "list", "--limit", "1", "--format", "ids").strip()
        words = [*line.format(**ids).split()]
        if "--format" not in words:
            words += ["--format", "table"]
        yield f"$ visitors {line}\n{_fixed(run(*words), folder)}"


def _fixed(text: str, folder: Path) -> str:
    text = text.replace(str(folder), "FOLDER")
    text = re.sub(r"\b(01[0-9A-HJKMNP-TV-Z]{8})([0-9A-HJKMNP-TV-Z]{1,16})", _masked, text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _masked(found: re.Match[str]) -> str:
    return found[1] + "x" * len(found[2])


def main() -> None:
    """Regenerate them."""
    for name in [name for name in os.environ if name.startswith("VISITORS_")]:
        del os.environ[name]
    for columns in WIDTHS:
        with tempfile.TemporaryDirectory() as folder:
            text = screens(columns, Path(folder))
        (FOLDER / f"screens-{columns}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
