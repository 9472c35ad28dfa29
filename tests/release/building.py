"""What is built, and by what; and how a command that needs a package index is run."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


class Distribution(msgspec.Struct, frozen=True):
    """What was built, and the folder of the tools that build, check and install it."""

    tools: Path
    sdist: Path
    wheel: Path


def install(*words: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None) -> None:
    """Run a command that needs a package index; where there is none, skip the test, but not in CI."""
    done = subprocess.run(words, env=env, cwd=cwd, capture_output=True, text=True, check=False)
    offline = any(sign in done.stderr.lower() for sign in ("no matching distribution", "dns error", "connection"))
    if done.returncode and offline and "CI" not in os.environ:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stdout + done.stderr
