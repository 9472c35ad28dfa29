"""The expected output of seed 42: changing it changes the fixtures of everybody who uses it.

    python tests/golden.py          regenerate tests/golden/

`people.json` has a few readable visitors, so that a difference shows where it is; `digests.json` has SHA-256 digests of
command output. The first line of a dump contains the schema version and is left out, since a migration changes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from visitors.domain.fields import BROWSER_DATA
from visitors.domain.made_up.people import made_up
from visitors.domain.made_up.plan import Plan

FOLDER = Path(__file__).parent / "golden"
NOW = "2026-01-01T00:00:00.000Z"
SEED = ("seed", "--seed", "42", "--count", "1000", "--now", "2026-01-01T00:00:00Z")


def people() -> str:
    """Return ten visitors as text, of a plan with many features."""
    plan = Plan(count=10, seed=42, now=NOW, identified=0.6, blocked=0.2, conversations=(0, 3))
    plain = [_plain(one) for one in made_up(plan)]
    for visitor in plain:  # with the names of the fields
        row = visitor["row"]
        row["data"] = {
            field: value for field, value in zip(BROWSER_DATA, row["data"], strict=True) if value is not None
        }
    return json.dumps(plain, ensure_ascii=False, indent=1) + "\n"


def digests(folder: Path, *, python: str = sys.executable, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the digests of command output, each run in its own process, on a store in `folder`."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "VISITORS_DB": str(folder / "seeded.db"),
        "VISITORS_ACTOR": "seeder",
        **(settings or {}),
    }

    def printed(*arguments: str) -> bytes:
        command = [python, "-m", "visitors", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, check=True).stdout

    ids = printed(*SEED, "--format", "ids")
    return {
        "ids": _digest(ids),
        "export": _digest(printed("export", "--format", "ndjson")),
        "dump": _digest(printed("db", "dump").partition(b"\n")[2]),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _plain(item) for name, item in msgspec.structs.asdict(value).items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> None:
    """Regenerate `golden/`."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "people.json").write_text(people(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        made = digests(Path(scratch))
    (FOLDER / "digests.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
