"""Probes: calls at the start of functions that note which tests run them, for `tests/mutation.py`.

Processes started by a test note it, too: pytest names the current test in the environment. A process with an
environment of its own notes only that some test ran the function.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from mutants import Mutant

MODULE = Path("src/visitors/_probe.py")
_CODE = """\
import os

_noted = set()


def note(function):
    test = os.environ.get("PYTEST_CURRENT_TEST", "")
    if (function, test) not in _noted:
        _noted.add((function, test))
        try:
            with open(os.path.join({folder!r}, str(os.getpid())), "a", errors="replace") as file:
                file.write(repr((function, test)) + "\\n")
        except OSError:  # of a process with other rights
            pass
"""


def module(folder: Path) -> str:
    """Return the module that the probes call; it writes to `folder`, which everybody must be able to write to."""
    return _CODE.format(folder=str(folder))


def function_of(source: bytes, mutant: Mutant) -> ast.FunctionDef | None:
    """Return the innermost function whose body the mutant changes, if any."""
    found = None
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.body[0].lineno <= mutant.line <= (node.end_lineno or 0):
            found = node if found is None or node.lineno > found.lineno else found
    return found


def probed(source: bytes, found: Sequence[Mutant]) -> bytes:
    """Return the source of a file with a probe in every function that one of the mutants changes."""
    functions = {one.lineno: one for mutant in found if (one := function_of(source, mutant)) is not None}
    lines = source.decode().split("\n")
    for number, function in sorted(functions.items(), reverse=True):
        first = function.body[ast.get_docstring(function) is not None and len(function.body) > 1]
        name = name_of(found[0].path, number)
        # a compound first statement may have decorators above its line: the probe comes before them
        line = min([first.lineno, *(one.lineno for one in getattr(first, "decorator_list", []))])
        lines.insert(line - 1, f"{' ' * first.col_offset}from visitors import _probe; _probe.note({name!r})")
    return "\n".join(lines).encode()


def name_of(path: Path, line: int) -> str:
    """Return the name that probes give to the function that begins on this line."""
    return f"{path}:{line}"


def noted(folder: Path) -> dict[str, set[str]]:
    """Return the tests that ran each function, as `FILE::TEST` without parameters; an empty one if that is unknown."""
    tests: dict[str, set[str]] = {}
    for file in folder.iterdir():
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            function, test = ast.literal_eval(line)
            tests.setdefault(function, set()).add(test.rpartition(" (")[0].partition("[")[0])
    return tests
