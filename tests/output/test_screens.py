"""Tables and pages look as they were written down, at the width of a small terminal and of a large one."""

from __future__ import annotations

from pathlib import Path

import pytest

import screens


@pytest.mark.parametrize("columns", screens.WIDTHS)
def test_tables_pages_and_errors_look_as_written_down(columns: int, tmp_path: Path) -> None:
    golden = (screens.FOLDER / f"screens-{columns}.txt").read_text(encoding="utf-8")
    assert screens.screens(columns, tmp_path) == golden, "python tests/screens.py writes them anew"
