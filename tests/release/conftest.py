"""The distribution that is tested: built once, by tools in an environment of their own."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from release.building import PROJECT, ROOT, Distribution, install


@pytest.fixture(scope="session")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Distribution:
    """The sdist, and the wheel built from it; shared by all processes of a run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "distribution"
    tools, built = folder / "tools" / "bin", folder / "built"
    with (shared / "distribution.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            subprocess.run([sys.executable, "-m", "venv", folder / "tools"], check=True)
            install(tools / "pip", "install", "--quiet", *PROJECT["optional-dependencies"]["release"])
            build: list[str | Path] = [tools / "python", "-m", "build", "--outdir", folder / "unfinished", ROOT]
            done = subprocess.run(build, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            (folder / "unfinished").rename(built)
    (sdist,), (wheel,) = built.glob("*.tar.gz"), built.glob("*.whl")
    return Distribution(tools, sdist, wheel)
