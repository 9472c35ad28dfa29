"""Real processes: closed pipes, signals, shell scripts that compose commands, and missing streams."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trials.running import interruptible

Visitors = Callable[..., Any]

BIN = str(Path(sys.executable).parent)
COMMAND = f"{BIN}/visitors"


def shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `script` in bash with strict options, with the command on the PATH."""
    settings = {name: value for name, value in os.environ.items() if name != "VISITORS_DEBUG"}
    return subprocess.run(
        ["bash", "-c", "set -euo pipefail\n" + script],
        capture_output=True,
        text=True,
        env={**settings, "PATH": f"{BIN}:{os.environ['PATH']}", **environment},
        timeout=60,
        check=False,
    )


@pytest.fixture
def many(visitors: Visitors) -> None:
    """More visitors than a pipe can buffer."""
    rows = "".join(f"v{number:05d},{'x' * 200}\n" for number in range(3000))
    visitors("import", "-", "--input-format", "csv", input="id,city\n" + rows)


@pytest.mark.parametrize(
    "script",
    [
        "visitors list | head -1",
        "visitors list --format ndjson | head -1",
        "visitors list --format table --limit 0 | head -1",
        "visitors export --format csv | head -n 1",
        "visitors list --format ids | (read -r first; echo $first)",
        "visitors block - --format ids < <(visitors list --format ids) | head -1",
        "visitors list | true",
        "visitors list --format table | true",
        "visitors show v00001 --format table | true",
        "visitors stats --format table | true",
        "visitors block v00001 --format table | true",
        "visitors --help | head -1",
    ],
)
@pytest.mark.usefixtures("many")
def test_a_pipe_that_closes_early_ends_the_command_quietly(script: str) -> None:
    done = shell(script)

    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == (0 if script.endswith("true") else 1)


def wait_until_read(process: subprocess.Popen[bytes], chunk: bytes, times: int) -> None:
    """Write more than a pipe can buffer: once it is through, the process is reading."""
    assert process.stdin is not None
    for _ in range(times):
        process.stdin.write(chunk)
    process.stdin.flush()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_import_that_is_stopped_writes_nothing(
    visitors: Visitors, store_path: Path, number: signal.Signals, code: int
) -> None:
    visitors("create", "--id", "before")
    exported, operations = visitors("export").stdout, visitors("history").stdout
    settings = {name: value for name, value in os.environ.items() if name != "VISITORS_DEBUG"}
    process = subprocess.Popen(
        [COMMAND, "import", "-", "--input-format", "csv"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=settings,
        preexec_fn=interruptible,  # noqa: PLW1509 - no threads here
    )
    header = b"id,city\n"
    rows = b"".join(b"n%d,%s\n" % (row, b"x" * 100) for row in range(20_000))
    wait_until_read(process, header + rows, 1)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=20)

    assert process.returncode == code
    assert stdout == b""
    assert b"Traceback" not in stderr
    assert visitors("export").stdout == exported
    assert visitors("history").stdout == operations
    assert store_path.exists()


def test_ctrl_c_says_what_became_of_the_write(visitors: Visitors) -> None:
    visitors("create")
    process = subprocess.Popen(
        [COMMAND, "import", "-", "--input-format", "csv"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=interruptible,  # noqa: PLW1509 - no threads here
    )
    wait_until_read(process, b"id\n" + b"".join(b"n%d\n" % row for row in range(30_000)), 1)
    process.send_signal(signal.SIGINT)

    assert b"interrupted: any unfinished write was rolled back" in process.communicate(timeout=20)[1]


def test_a_file_that_is_half_written_does_not_appear(visitors: Visitors, tmp_path: Path) -> None:
    visitors("create")
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "all.csv").write_text("the export of yesterday\n")

    visitors("export", "-o", str(folder / "all.csv"), "--fields", "nope", code=2)

    assert [path.name for path in folder.iterdir()] == ["all.csv"]
    assert (folder / "all.csv").read_text() == "the export of yesterday\n"


def test_a_new_id_composes_with_the_next_command() -> None:
    done = shell("""
        id=$(visitors create --language de)
        visitors identify "$id" --email ada@example.com
        visitors block "$id" --reason spam
        visitors show "$id" --format json | jq -r '[.isBlocked, .blockReason, .contact.email] | @csv'
    """)

    assert done.stderr == ""
    *ids, last = done.stdout.splitlines()
    assert len(set(ids)) == 1
    assert len(ids) == 2
    assert last == 'true,"spam","ada@example.com"'


@pytest.mark.parametrize(
    "script",
    [
        "visitors list --language en --format ids | visitors block -",
        "visitors list --language en --format ids | xargs visitors block",
        "visitors list --language en --format ids | xargs -n 1 visitors block",
        'visitors list --language en --format ids | while read -r id; do visitors block "$id"; done',
        "visitors list --language en --format json | jq -r '.[].id' | visitors block -",
        "visitors list --language en --format ndjson | jq -r .id | visitors block -",
        "visitors list --language en --fields id | tail -n +2 | visitors block -",
        "visitors list --language en | cut -f 1 | tail -n +2 | visitors block -",
        "visitors block --language en --yes",
    ],
)
def test_listings_compose_with_commands(visitors: Visitors, script: str) -> None:
    visitors("import", "-", "--input-format", "csv", input="id,language\nv1,en-US\nv2,de\nv3,en\n")

    done = shell(script)

    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.split()) == ["v1", "v3"]
    assert sorted(visitors("list", "--blocked", "--format", "ids").lines) == ["v1", "v3"]


def test_a_failure_stops_a_careful_script(visitors: Visitors) -> None:
    visitors("create", "--id", "v1")

    done = shell("id=$(visitors show nobody --format ids)\nvisitors delete v1")

    assert done.returncode == 3
    assert visitors("list", "--format", "count").stdout == "1\n"


def test_an_empty_selection_of_ids_on_standard_input_does_nothing(visitors: Visitors) -> None:
    visitors("create", "--id", "v1")

    done = shell("visitors list --language de --format ids | visitors block -")

    assert (done.returncode, done.stdout) == (0, "")
    assert visitors("history", "--format", "count").stdout == "1\n"


def test_the_module_runs_as_the_command_does() -> None:
    done = shell(f"{sys.executable} -m visitors create --id v1\n{sys.executable} -m visitors list --format ids")

    assert (done.returncode, done.stdout, done.stderr) == (0, "v1\nv1\n", "")


@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LANG": "", "LC_ALL": "", "PYTHONUTF8": "0"}],
    ids=["c-locale", "c-locale-without-utf8-mode", "no-locale"],
)
def test_data_is_utf8_whatever_the_locale(tmp_path: Path, environment: dict[str, str]) -> None:
    file, row = tmp_path / "out.csv", '{"id":"v1","city":"Zürich","email":"jörg@example.com","name":"Jörg 日本"}'
    done = shell(
        f"""
        visitors import - --input-format ndjson --quiet <<< '{row}'
        visitors show v1 --format json | jq -r '.city, .contact.name, .contact.email'
        visitors list --fields city,contact.name
        visitors list --format table
        visitors export -o {file} --quiet
        visitors import {file} --quiet --db {tmp_path}/other.db
        """,
        **environment,
    )

    assert (done.returncode, done.stderr) == (0, "")
    expected = "Zürich\nJörg 日本\njörg@example.com\ncity\tcontact.name\nZürich\tJörg 日本\n"
    assert done.stdout.startswith(expected)
    assert "Jörg 日本" in done.stdout.removeprefix(expected)
    assert "Zürich" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}], ids=["c", "c-no-utf8"])
def test_an_argument_is_stored_as_utf8_or_refused_but_never_garbled(
    visitors: Visitors, environment: dict[str, str]
) -> None:
    done = shell("visitors create --id v1 --city Zürich", **environment)

    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert visitors("show", "v1", "--format", "json").json["city"] == "Zürich"
    else:
        assert done.returncode == 5
        assert done.stderr.startswith("error: ")


@pytest.mark.parametrize(
    ("command", "ids"),
    [
        ("create --id w1", ["w1"]),
        ("track --id w2", ["w2"]),
        ("block v1 v2", ["v1", "v2"]),
        ("update v1 --city Bonn", ["v1"]),
        ("identify v1 --external-id u --format json", ["v1"]),
        ("contacts create --id c", ["c"]),
        ("conversations start v1", []),
        ("seed --count 3 --format ids", []),
        ("delete --all --yes", ["v1", "v2"]),
        ("erase v1 --yes", []),
    ],
)
def test_where_the_results_cannot_be_written_the_error_says_what_was_done(
    visitors: Visitors, command: str, ids: list[str]
) -> None:
    for visitor in ("v1", "v2"):
        visitors("create", "--id", visitor)
    done = shell(f"visitors {command} > /dev/full")
    (newest,) = visitors("history", "--limit", "1", "--format", "json").json
    assert done.returncode == 1
    assert f"the changes were saved as operation {newest['id']} ({newest['command']}" in done.stderr
    assert all(one in done.stderr for one in ids)
    assert command.startswith(newest["command"])


def test_where_nothing_was_written_the_error_says_nothing_of_it(visitors: Visitors) -> None:
    visitors("create", "--id", "v1")
    for command in ("list", "block v1 --dry-run", "unblock v1", "undo --dry-run", "export"):
        assert "done" not in shell(f"visitors {command} > /dev/full").stderr


def test_a_mistake_that_shows_after_the_write_says_that_it_is_done(visitors: Visitors) -> None:
    refused = visitors("create", "--id", "v1", "--fields", "nope", code=2)
    (newest,) = visitors("history", "--format", "json").json
    assert f"the changes were saved as operation {newest['id']} (create: v1)" in refused.stderr


def test_a_disk_that_is_full_is_an_expected_error(visitors: Visitors) -> None:
    visitors("create")
    done = shell("visitors list > /dev/full")

    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert "unexpected failure" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("show nobody", 3),
        ("show nobody --format json", 3),
        ("lst", 2),
        ("list --limit 1", 0),
        ("import x.csv", 0),
        ("import bad.csv", 5),
        ("undo", 0),
        ("list > /dev/full", 1),
    ],
)
@pytest.mark.parametrize("lost", ["2> /dev/full", "2> >(exec 0<&-)"])
def test_a_remark_or_an_error_that_cannot_be_written_does_not_change_the_exit_status(
    visitors: Visitors, tmp_path: Path, command: str, code: int, lost: str
) -> None:
    visitors("create", "--id", "v1")
    (tmp_path / "x.csv").write_text("id\nv2\n")
    (tmp_path / "bad.csv").write_text("id,ip\nv2,nowhere\n")

    assert shell(f"cd {tmp_path}; visitors {command} {lost}").returncode == code
    wrote = command in ("import x.csv", "undo")
    assert len(visitors("history", "--format", "json").json) == (2 if wrote else 1)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("visitors list >&-", 0),
        ("visitors create >&-", 0),
        ("visitors show nobody >&-", 3),
        ("visitors show nobody 2>&-", 3),
        ("visitors list 2>&- > /dev/null", 0),
        ("visitors list <&- > /dev/null", 0),
        ("visitors block - <&-", 0),
        ("visitors import - --input-format csv <&-", 0),
    ],
)
def test_a_stream_that_is_closed_is_as_good_as_an_empty_one(visitors: Visitors, script: str, code: int) -> None:
    visitors("create")
    done = shell(script)

    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "unexpected failure" not in done.stderr


def test_an_unexpected_failure_is_one_line_too(visitors_process: Visitors, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import visitors.settings\ndef broken(*_):\n    raise LookupError('boom\\x1b[2J')\n"
        "visitors.settings.load_settings = broken\n"
    )
    result = visitors_process("list", code=1, env={"PYTHONPATH": str(tmp_path)})

    assert result.stderr.startswith("error: unexpected failure: LookupError: boom\\x1b[2J\nhint: ")
    assert "Traceback" not in result.stderr


def test_a_command_that_waits_for_nothing_starts_quickly(visitors_process: Visitors) -> None:
    start = time.monotonic()
    visitors_process("--version")

    assert time.monotonic() - start < 5


def test_an_import_that_waits_for_its_pipe_holds_up_nobody(visitors: Visitors) -> None:
    visitors("create", "--id", "before")
    settings = {name: value for name, value in os.environ.items() if name != "VISITORS_DEBUG"}
    process = subprocess.Popen(
        [COMMAND, "import", "-", "--input-format", "csv"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=settings,
    )
    rows = b"".join(b"n%d,%s\n" % (row, b"x" * 100) for row in range(3_000))
    wait_until_read(process, b"id,city\n" + rows, 1)
    time.sleep(0.2)
    done = shell("visitors create --id meanwhile", VISITORS_TIMEOUT="0")
    _, stderr = process.communicate(b"last,Bonn\n", timeout=20)

    assert (done.returncode, done.stdout, done.stderr) == (0, "meanwhile\n", "")
    assert (process.returncode, b"3,001 rows" in stderr) == (0, True)
    assert visitors("list", "--format", "count").stdout == "3003\n"
