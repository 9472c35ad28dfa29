"""The table of error codes matches what the program raises: every code, with its exit status, and no others."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import visitors
from visitors import errors
from visitors.error_codes import ERROR_CODES
from visitors.operations.prefixes import TO_FIND
from visitors.store.file import sqlite

SOURCES = Path(visitors.__file__).parent
COMPUTED = {
    "f'{noun}_not_found'": [f"{noun}_not_found" for noun in TO_FIND],
    "f'invalid_{option}'": ["invalid_status", "invalid_priority"],
}
"""Codes composed at run time: the source of the expression -> all possible values."""
FROM_TABLES = dict.fromkeys((code for code, _, _ in sqlite._ADVICE.values()), 6)
"""Codes for SQLite's errors -> exit status."""
BY_NAME = {name: kind.exit_status for name, kind in vars(errors).items() if hasattr(kind, "exit_status")} | {
    "BadPlace": 5
}


def raised() -> dict[str, set[int]]:
    """Return code -> the exit statuses of the classes raised with it; none if a function makes the error."""
    found: dict[str, set[int]] = defaultdict(set)
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                for code in codes_given(node, name):
                    found[code].update({BY_NAME[name]} if name in BY_NAME else ())
            elif isinstance(node, ast.Assign) and path.name == "fixture_names.py" and is_named(node, "code"):
                for code in constants(node.value):
                    found[code].add(5)
            elif isinstance(node, ast.ClassDef):
                defaults = [one for one in node.body if isinstance(one, ast.Assign) and is_named(one, "default_code")]
                for code in (code for one in defaults for code in constants(one.value)):
                    found[code].update({BY_NAME[node.name]} if node.name in BY_NAME else ())
    others = {code: {status} for code, status in FROM_TABLES.items()} | {code: set() for code in default_codes()}
    for code, statuses in others.items():
        found[code] |= statuses
    return found


def codes_given(call: ast.Call, name: str) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "code":
            yield from constants(keyword.value)
    if name in ("junk_error", "_refuse_same"):  # these take it as a positional argument
        yield from (code for one in call.args for code in constants(one) if "_" in code)


def default_codes() -> Iterator[str]:
    """Yield the codes of errors that functions make if they get none."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                    if argument.arg == "code" and default is not None:
                        yield from constants(default)


def constants(value: ast.expr) -> list[str]:
    if isinstance(value, ast.Constant):
        return [value.value] if isinstance(value.value, str) else []
    if isinstance(value, ast.IfExp):
        return [*constants(value.body), *constants(value.orelse)]
    if isinstance(value, ast.JoinedStr):
        assert ast.unparse(value) in COMPUTED, f"say in COMPUTED what {ast.unparse(value)} can be"
        return COMPUTED[ast.unparse(value)]
    return []


def is_named(assignment: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in assignment.targets)


def test_the_table_has_the_codes_of_the_program_and_no_others() -> None:
    assert {one.code for one in ERROR_CODES} == raised().keys()


def test_a_code_comes_with_the_exit_statuses_that_the_table_says() -> None:
    found = raised()
    for one in ERROR_CODES:
        assert found[one.code] <= set(one.exits), one.code
        assert len(found[one.code]) in (0, len(one.exits)), one.code


def test_every_code_stands_once_and_means_something() -> None:
    assert len({one.code for one in ERROR_CODES}) == len(ERROR_CODES)
    for one in ERROR_CODES:
        assert one.meaning.endswith("."), one.code
