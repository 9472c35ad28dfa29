"""Tables and pages match the stored ones, at the width of a small and of a large terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

import screens


@pytest.mark.parametrize("columns", screens.WIDTHS)
def test_tables_pages_and_errors_look_as_written_down(columns: int, tmp_path: Path) -> None:
    golden = (screens.FOLDER / f"screens-{columns}.txt").read_text(encoding="utf-8")
    assert screens.screens(columns, tmp_path) == golden, "python tests/screens.py writes them anew"
