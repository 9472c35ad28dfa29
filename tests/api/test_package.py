"""What `import visitors` offers: names, help that runs, types, and an environment for other programs."""

from __future__ import annotations

import doctest
import os
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import visitors
from visitors import api, errors

TYPED = Path(__file__).parents[1] / "examples" / "python" / "typed.py"


def test_the_examples_of_the_help_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISITORS_NOW", "2020-01-01")

    assert doctest.testmod(visitors) == (0, 14)


def test_the_package_has_the_names_of_the_api() -> None:
    assert {*visitors.__all__} == {"__version__", *api.__all__}
    assert all(getattr(visitors, name) is getattr(api, name) for name in api.__all__)


def test_the_help_describes_what_there_is_to_call_and_little_else() -> None:
    shown = pydoc.plain(pydoc.render_doc(visitors))

    for name in ("open_store(", "class VisitorStore(", "class Contacts(", "class Conversations(", "class Fixtures("):
        assert name in shown
    assert "__getattr__" not in shown
    assert len(shown.splitlines()) < 700
    assert set(dir(visitors)) <= {*visitors.__all__}


def test_the_environment_leads_another_program_to_the_store(tmp_path: Path) -> None:
    program = (
        "import visitors\n"
        "with visitors.open_store() as store:\n"
        "    print(store.path, store.actor, store.create('made-there').created_at)\n"
    )
    with visitors.open_store(tmp_path / "a b.db", now="2026-03-01", actor="ada") as store:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | store.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert store.find("made-there") is not None
    assert done.stdout == f"{tmp_path / 'a b.db'} ada 2026-03-01T00:00:00.000Z\n"


def test_the_environment_leads_the_command_to_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = [str(Path(sys.executable).with_name("visitors")), "create", "--id", "made-there"]
    with visitors.open_store("visitors.db") as store:
        assert set(store.environment) == {"VISITORS_DB", "VISITORS_ACTOR"}  # its clock is the machine's
        subprocess.run(command, env=os.environ | store.environment, cwd="/", check=True, capture_output=True)
        assert store.find("made-there") is not None


def test_the_environment_has_the_time_that_the_store_goes_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(["2026-03-01", "2026-03-02"])
    with visitors.open_store(tmp_path / "a.db", now=lambda: next(times)) as store:
        assert store.environment["VISITORS_NOW"] == "2026-03-01T00:00:00.000Z"
        assert store.environment["VISITORS_NOW"] == "2026-03-02T00:00:00.000Z"
    monkeypatch.setenv("VISITORS_NOW", "2026-03-03")
    with visitors.open_store(tmp_path / "a.db") as store:
        assert store.environment["VISITORS_NOW"] == "2026-03-03T00:00:00.000Z"


def test_a_temporary_store_has_a_path_and_an_environment_while_it_is_open() -> None:
    with visitors.open_store(":temp:") as store:
        assert store.path.is_file()
        assert store.environment["VISITORS_DB"] == str(store.path)


def test_no_environment_leads_to_a_store_in_memory() -> None:
    with (
        visitors.open_store(":memory:") as store,
        pytest.raises(errors.UsageProblem, match="no other program can open :memory:"),
    ):
        _ = store.environment


@pytest.mark.slow
def test_a_program_that_uses_the_types_passes_mypy_strict(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "typed.py").write_bytes(TYPED.read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "typed.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("Success: no issues found in 1 source file\n", 0)
