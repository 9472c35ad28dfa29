"""Regenerate all generated files: run it after changing fields, options, help or made-up people.

    python tests/generated.py

These are the JSON Schema of fixtures (the fields of visitors and contacts in it), the completion scripts, the README,
the topics, the command reference, the man pages, the output of seed 42, and sample tables and pages.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import golden
import readme
import screens
from visitors import completion_scripts
from visitors.commands.fixtures.schema import SCHEMA
from visitors.domain.fields import BROWSER_DATA, PERSON, Field, Type
from visitors.main import run

COMPLETIONS = Path(__file__).parent.parent / "completions"
MAN = COMPLETIONS.parent / "src" / "man"
_JSON_TYPES: dict[Type, Any] = {
    "text": {"$ref": "#/$defs/text"},
    "number": {"type": ["number", "string", "null"]},
    "document": {"type": ["object", "null"]},
}


def fixture_schema(text: str) -> str:
    """Update the fields of visitors and contacts in the JSON Schema `text`."""
    schema = json.loads(text)
    for kind, fields in (("visitor", BROWSER_DATA), ("contact", PERSON)):
        properties = schema["$defs"][kind]["properties"]
        names = list(fields)
        first = min(list(properties).index(name) for name in names if name in properties)
        others = [name for name in properties if name not in fields]
        ordered = [*others[:first], *names, *others[first:]]
        made = {name: _property(field) for name, field in fields.items()}
        schema["$defs"][kind]["properties"] = {name: made.get(name) or properties[name] for name in ordered}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _property(field: Field) -> Mapping[str, Any]:
    about = f"{field.about}: {', '.join(field.choices)}" if field.choices else field.about
    return {**_JSON_TYPES[field.type], "description": about}


def main() -> int:
    """Write everything."""
    SCHEMA.write_text(fixture_schema(SCHEMA.read_text(encoding="utf-8")), encoding="utf-8")
    for shell in completion_scripts.SHELLS:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            status = run(["completion", shell])
        assert status == 0, f"completion {shell} ended with {status}"
        (COMPLETIONS / completion_scripts.FILES[shell]).write_text(printed.getvalue(), encoding="utf-8")
    shutil.rmtree(MAN, ignore_errors=True)  # pages of commands that are gone
    status = run(["help", "--quiet", "--man", str(MAN)])
    assert status == 0, f"help --man ended with {status}"
    golden.main()
    screens.main()
    return readme.main()


if __name__ == "__main__":
    sys.exit(main())
