"""The README is true: its generated parts are what the commands print today."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(shutil.which("jq") is None, reason="the tour pipes into jq")
def test_help_and_tour_in_the_readme_are_what_the_commands_print() -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    check = [sys.executable, str(ROOT / "tests" / "readme.py"), "--check"]
    done = subprocess.run(check, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or "run: python tests/readme.py"


def test_the_readme_names_every_exit_code_and_every_setting() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 130):
        assert f"| {code} |" in text
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    for name in ("VISITORS_DB", "VISITORS_ACTOR", "VISITORS_TIMEOUT", "VISITORS_NOW", "VISITORS_DEBUG", "NO_COLOR"):
        assert name in sources
        assert f"`{name}`" in text
