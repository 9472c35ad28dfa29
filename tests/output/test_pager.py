"""Output longer than a real terminal's screen goes through a pager, and nothing else does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pytest

from trials.running import interruptible

Visitors = Callable[..., Any]

COMMAND = str(Path(sys.executable).with_name("visitors"))
SCREEN = (24, 80)


@pytest.fixture(autouse=True)
def store(visitors: Visitors) -> None:
    """More visitors than a screen has lines."""
    visitors("import", "-", "--input-format", "csv", input="id\n" + "".join(f"v{n:02d}\n" for n in range(60)))


@pytest.fixture
def pager(tmp_path: Path) -> str:
    """A pager that marks its output."""
    script = tmp_path / "pager"
    script.write_text('#!/bin/sh\necho "BEGIN $*"\ncat\necho "END LESS=$LESS LV=$LV"\n')
    script.chmod(0o700)
    return str(script)


def start(*words: str, **environment: str) -> Any:
    """Run the command at a terminal, with a pager only if `environment` sets one."""
    dropped = ("COLUMNS", "LINES", "VISITORS_PAGER", "PAGER", "LESS")
    settings = {name: value for name, value in os.environ.items() if name not in dropped}
    return pexpect.spawn(
        COMMAND,
        list(words),
        dimensions=SCREEN,
        env={**settings, "TERM": "xterm-256color", **environment},
        encoding="utf-8",
        timeout=20,
        preexec_fn=interruptible,
    )


def ended(child: Any) -> tuple[str, int]:
    child.expect(pexpect.EOF)
    child.close()
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", child.before.replace("\r\n", "\n")), child.exitstatus


def run(*words: str, **environment: str) -> tuple[str, int]:
    return ended(start(*words, **environment))


@pytest.mark.skipif(shutil.which("less") is None, reason="needs less")
def test_it_is_less_by_default_and_ctrl_c_does_not_end_it() -> None:
    child = start("list")
    child.expect("v59")
    child.expect(":")
    child.sendintr()
    time.sleep(0.5)
    assert child.isalive()
    child.send(" ")
    child.expect("v30")
    child.send("q")
    text, code = ended(child)
    assert code == 0
    assert text.endswith("50 of 60 visitors; --limit 0 for all\n")
    assert "interrupted" not in text


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_the_store_is_closed_while_a_person_reads(tmp_path: Path) -> None:
    stuck = tmp_path / "stuck"
    stuck.write_text("#!/bin/sh\necho READING\nread line </dev/tty\ncat >/dev/null\n")
    stuck.chmod(0o700)
    child = start("list", PAGER=str(stuck))
    child.expect("READING")
    opened = [str(one.readlink()) for one in Path(f"/proc/{child.pid}/fd").iterdir()]
    assert not [path for path in opened if "visitors.db" in path]
    child.sendline("")
    assert ended(child)[1] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("history", "--changes"),
        ("show", *(f"v{n:02d}" for n in range(9))),
        ("--help",),
        ("list", "--help"),
        (),
        ("contacts", "merge", "-h"),
    ],
)
def test_tables_pages_and_help_go_through_the_pager_if_they_are_long(pager: str, words: tuple[str, ...]) -> None:
    text, code = run(*words, PAGER=f"{pager} -x 'y z'")
    assert text.startswith("BEGIN -x y z\n")
    assert "END LESS=FRX LV=-c\n" in text
    assert code == 0


def test_what_fits_the_screen_does_not(pager: str) -> None:
    for words in (("list", "--limit", "3"), ("show", "v01"), ("block", "v01"), ("completion", "--version")):
        assert "BEGIN" not in run(*words, PAGER=pager)[0]


@pytest.mark.parametrize("format_", ["ndjson", "tsv", "ids"])
def test_what_is_for_programs_does_not(pager: str, format_: str) -> None:
    assert "BEGIN" not in run("list", "--format", format_, PAGER=pager)[0]


def test_a_pipe_has_no_pager(pager: str) -> None:
    for words in (("list", "--format", "table"), ("list", "--help")):
        settings = {**os.environ, "VISITORS_PAGER": pager}
        done = subprocess.run([COMMAND, *words], capture_output=True, text=True, env=settings, check=True)
        assert "BEGIN" not in done.stdout


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (("--no-pager", "list"), {}),
        (("list", "--no-pager"), {}),
        (("list", "--help", "--no-pager"), {}),
        (("--no-pager", "list", "--help"), {}),
        (("list",), {"PAGER": ""}),
        (("list",), {"PAGER": "cat"}),
        (("list",), {"VISITORS_PAGER": "cat"}),
        (("list",), {"VISITORS_PAGER": ""}),
        (("list",), {"TERM": "dumb"}),
    ],
)
def test_it_can_be_done_without(pager: str, words: tuple[str, ...], environment: dict[str, str]) -> None:
    text, code = run(*words, **{"PAGER": pager, **environment})
    assert "BEGIN" not in text
    assert "v59" in text or "Usage:" in text
    assert code == 0


def test_that_of_visitors_comes_before_that_of_all(pager: str) -> None:
    assert "BEGIN mine" in run("list", PAGER="cat", VISITORS_PAGER=f"{pager} mine")[0]


@pytest.mark.parametrize("broken", ["/nowhere/pager", "less 'unclosed", "/"])
def test_without_one_that_can_be_started_the_text_is_written_as_it_is(broken: str) -> None:
    text, code = run("list", PAGER=broken)
    assert "v59" in text
    assert "v10" in text
    assert code == 0


@pytest.mark.parametrize("early", ["true", "head -n 1", "false"])
def test_a_pager_that_ends_early_is_no_error(early: str, visitors: Visitors) -> None:
    rows = "".join(f"w{n:05d},{'x' * 60}\n" for n in range(3_000))
    visitors("import", "-", "--input-format", "csv", input="id,browser\n" + rows)
    text, code = run("list", "--limit", "0", PAGER=early)
    assert (code, "Traceback" in text, "error" in text) == (0, False, False)


def test_the_exit_status_is_that_of_the_command_and_errors_bypass_the_pager(pager: str, tmp_path: Path) -> None:
    fixture = tmp_path / "f.yaml"
    fixture.write_text("version: 1\nvisitors: {" + ", ".join(f"n{n}: " for n in range(60)) + "}\n")
    text, code = run("fixtures", "diff", str(fixture), PAGER=pager)
    assert code == 8
    assert text.index("BEGIN") < text.index("END") < text.index("error: the store differs")
    assert "BEGIN" not in run("show", *(f"nobody{n}" for n in range(60)), PAGER=pager)[0]


def test_less_keeps_its_own_settings(pager: str) -> None:
    assert "END LESS=-i LV=-c\n" in run("list", PAGER=pager, LESS="-i")[0]


def test_nothing_of_it_is_imported_unless_it_pages() -> None:
    program = (
        "import sys\nfrom visitors.main import run\nrun(['show', 'v01'])\n"
        "assert 'visitors.output.pager' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
