"""A seed produces the same bytes in every process, locale, time zone and Python.

`VISITORS_OTHER_PYTHON` is the Python of an environment in which this version is installed; the tests then use that one
too. `python tests/golden.py` regenerates the expected output.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parents[1]
GOLDEN = HERE / "golden"
OTHER_PYTHON = os.environ.get("VISITORS_OTHER_PYTHON")


def golden() -> ModuleType:
    """`tests/golden.py`, which is not in a package."""
    spec = importlib.util.spec_from_file_location("golden", HERE / "golden.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pinned() -> dict[str, str]:
    """The stored digests."""
    read: dict[str, str] = json.loads((GOLDEN / "digests.json").read_text(encoding="utf-8"))
    return read


def test_the_first_ten_people_are_those_that_were_written_down() -> None:
    assert golden().people() == (GOLDEN / "people.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"LANG": "tr_TR.UTF-8", "LC_ALL": "C", "TZ": "Pacific/Chatham", "PYTHONHASHSEED": "1"},
        {"LC_ALL": "de_DE.UTF-8", "TZ": "America/St_Johns", "PYTHONHASHSEED": "4294967295", "PYTHONUTF8": "0"},
    ],
    ids=["plain", "chatham", "newfoundland"],
)
def test_ids_export_and_dump_are_those_that_were_written_down(tmp_path: Path, settings: dict[str, str]) -> None:
    assert golden().digests(tmp_path, settings=settings) == pinned()


@pytest.mark.skipif(OTHER_PYTHON is None, reason="VISITORS_OTHER_PYTHON names no other Python")
def test_another_python_makes_the_same(tmp_path: Path) -> None:
    assert sys.executable != OTHER_PYTHON
    assert golden().digests(tmp_path, python=OTHER_PYTHON) == pinned()
