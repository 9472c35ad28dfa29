"""The README is accurate: its generated parts match the commands' current output."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow

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


def blocks(language: str) -> list[str]:
    """Return the code blocks in a language, in order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"(?<=```{language}\n).*?(?=```)", text, re.DOTALL)


def test_the_fixture_the_step_and_the_test_in_the_readme_do_what_it_says(tmp_path: Path) -> None:
    fixture, step = blocks("yaml")
    example, _ = blocks("python")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "shop.yaml").write_text(fixture, encoding="utf-8")
    (tmp_path / "tests" / "test_shop.py").write_text(example, encoding="utf-8")
    commands = yaml.safe_load(step)[0]
    settings = {name: value.replace("${{ runner.temp }}", str(tmp_path)) for name, value in commands["env"].items()}
    environment = {**os.environ, **settings, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for words in (["bash", "-euo", "pipefail", "-c", commands["run"]], [sys.executable, "-m", "pytest", "--rootdir=."]):
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert (tmp_path / "visitors.db").exists()


def test_the_program_in_the_readme_prints_the_output_shown(tmp_path: Path) -> None:
    _, program = blocks("python")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == re.findall(r"print\(.*\)  # (.*)", program)
    assert list(tmp_path.iterdir()) == []
