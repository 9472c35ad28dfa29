"""Import rules beyond `pyproject.toml`, which knows other packages only by their top-level name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"


def imported(text: str) -> Iterator[str]:
    """Yield the modules and names that a program imports, each with its full path."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_inside_of_typer(path: str) -> bool:
    package, *inner = path.split(".")
    return package == "click" or (package == "typer" and any(name.startswith("_") for name in inner))


@pytest.mark.parametrize("path", ["typer._click", "typer._types.TyperChoice", "typer.main._get_param", "click.Context"])
def test_what_is_private_to_typer_is_known(path: str) -> None:
    module, _, name = path.rpartition(".")
    assert any(map(is_inside_of_typer, imported(f"from {module} import {name}")))


def test_typer_is_used_by_its_public_names() -> None:
    found = {
        f"{file.relative_to(SRC)}: {path}"
        for file in SRC.rglob("*.py")
        for path in imported(file.read_text(encoding="utf-8"))
        if is_inside_of_typer(path)
    }
    assert found == set()
