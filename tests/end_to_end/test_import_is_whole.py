"""An import is complete or leaves nothing, whatever happens to its file, its processes or the disk.

VISITORS_LONG_TESTS=1 stops imports at a hundred moments of each kind.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from contract import fields_of
from trials.running import (
    LONG,
    ended,
    eventually,
    files_beside,
    is_locked,
    kill,
    limited,
    nobody_is_left,
    nobody_is_left_soon,
    reading_child,
    small_disk,
    start,
)
from trials.sound import State, ids, state
from visitors.input.mapping import REJECT
from visitors.input.source import LARGE

Visitors = Callable[..., Any]

MADE_UP = Path(__file__).parents[1] / "benchmarks" / "made_up.py"
MOMENTS = 100 if LONG else 3
AHEAD, ALONE = 5_000, 2_500
"""The number of rows that a second process reads, and one too small for that; both drop the indexes."""

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def rows() -> list[bytes]:
    """Good rows, as lines of NDJSON."""
    done = subprocess.run([sys.executable, str(MADE_UP), str(AHEAD)], stdout=subprocess.PIPE, check=True)
    lines = done.stdout.splitlines(keepends=True)
    assert len(done.stdout) > LARGE > len(b"".join(lines[:ALONE]))
    return lines


@pytest.fixture
def file(tmp_path: Path, rows: list[bytes]) -> Path:
    """A good file that a second process reads."""
    path = tmp_path / "input" / "visitors.ndjson"
    path.parent.mkdir()
    path.write_bytes(b"".join(rows))
    return path


@pytest.fixture
def before(visitors: Visitors, store_path: Path) -> State:
    """A store with some content, and its state."""
    visitors("create", "--id", "before", "--city", "Oslo")
    visitors("identify", "before", "--email", "ada@example.com", "--metadata", "plan=pro")
    visitors("block", "before")
    return state(store_path)


def held_import(file: Path, store_path: Path) -> subprocess.Popen[bytes]:
    """An import that pauses in its transaction until it gets SIGCONT."""
    process = start("import", file)
    reading_child(process)
    eventually(lambda: is_locked(store_path))
    process.send_signal(signal.SIGSTOP)
    return process


# a bad row


@pytest.mark.parametrize(
    ("count", "options"),
    [(AHEAD, ()), (ALONE, ()), (AHEAD, ("--on-conflict", "merge", "--on-existing", "update", "--relink"))],
)
def test_a_bad_row_at_the_very_end_leaves_nothing_behind(
    visitors_process: Visitors,
    store_path: Path,
    before: State,
    file: Path,
    rows: list[bytes],
    count: int,
    options: tuple[str, ...],
) -> None:
    file.write_bytes(b"".join(rows[:count]) + b'{"id":"last","timezone":"Moon/Base"}\n')

    said = visitors_process("import", str(file), *options, code=5)

    assert f"{file}, line {count + 1:,}, column 'timezone'" in said.stderr
    assert said.stdout == ""
    assert state(store_path) == before


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_the_schema_is_the_same_after_an_import(
    visitors_process: Visitors, store_path: Path, before: State, file: Path, options: tuple[str, ...]
) -> None:
    visitors_process("import", str(file), *options)

    after = state(store_path)
    assert after["schema"] == before["schema"]
    assert len(ids(after)) == (1 if options else AHEAD + 1)


def spoiled(rows: Sequence[bytes]) -> tuple[list[bytes], list[int]]:
    """The rows with every hundredth one broken in one of four ways, and the numbers of those lines."""
    lines, bad = list(rows), list(range(100, len(rows) + 1, 100))
    for number in bad:
        row = json.loads(rows[number - 1])
        way = number // 100 % 4
        if way == 0:
            lines[number - 1] = rows[number - 1].rstrip()[:-1] + b"\n"
            continue
        if way == 1:
            row["timezone"] = "Moon/Base"
        elif way == 2:
            row["id"] = json.loads(rows[number - 2])["id"]
        else:
            row["latitude"] = "north"
        lines[number - 1] = json.dumps(row).encode() + b"\n"
    return lines, bad


def mended(reject: dict[str, Any], good: bytes) -> dict[str, Any]:
    """A rejected row with the broken value corrected, its reason still in it."""
    raw = reject.pop(f"{REJECT}raw", None)
    if raw is not None:
        return {**reject, **json.loads(raw + "}")}
    row = json.loads(good)
    return {**reject, **{column: row[column] for column in ("id", "timezone", "latitude")}}


@pytest.mark.parametrize("count", [AHEAD, ALONE])
def test_exactly_the_bad_rows_are_rejected_and_import_once_corrected(
    visitors_process: Visitors, store_path: Path, before: State, file: Path, rows: list[bytes], count: int
) -> None:
    lines, bad = spoiled(rows[:count])
    file.write_bytes(b"".join(lines))
    rejects = file.with_name("rejects.ndjson")

    said = visitors_process("import", str(file), "--keep-going", "--rejects", str(rejects), code=5)

    assert f"{count - len(bad):,} created, {len(bad)} rejected" in said.stderr
    rejected = [json.loads(line) for line in rejects.read_bytes().split(b"\n") if line]
    assert [row[f"{REJECT}line"] for row in rejected] == bad
    assert len({row[f"{REJECT}code"] for row in rejected}) == 4
    good = {json.loads(row)["id"] for row in rows[:count]} - {json.loads(rows[number - 1])["id"] for number in bad}
    assert ids(state(store_path)) == good | {"before"}

    again = [mended(row, rows[number - 1]) for row, number in zip(rejected, bad, strict=True)]
    rejects.write_text("".join(json.dumps(row) + "\n" for row in again))
    visitors_process("import", str(rejects))

    after = state(store_path)
    assert ids(after) == {json.loads(row)["id"] for row in rows[:count]} | {"before"}
    assert after["schema"] == before["schema"]
    fields = fields_of(next(row for row in rows if b'"contact":{' in row))
    written = visitors_process("export", "--format", "ndjson", "--fields", fields).stdout
    exported = written.encode().splitlines(keepends=True)
    assert sorted(exported[1:]) == sorted(rows[:count])


# a damaged file


@pytest.mark.parametrize("level", [0, 6])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda packed: packed[:-1], "the compressed data is incomplete"),
        (lambda packed: packed[:-50_000], "the compressed data is incomplete"),
        (lambda packed: packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:], "the compressed data is damaged"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--keep-going",)])
def test_a_compressed_file_that_is_damaged_near_its_end_leaves_nothing_behind(
    visitors_process: Visitors,
    store_path: Path,
    before: State,
    file: Path,
    level: int,
    damage: Callable[[bytes], bytes],
    message: str,
    options: tuple[str, ...],
) -> None:
    packed = file.with_name("visitors.ndjson.gz")
    packed.write_bytes(damage(gzip.compress(file.read_bytes(), level)))
    # uncompressed, a second process reads it; compressed, it is small
    assert (packed.stat().st_size > LARGE) == (level == 0)

    said = visitors_process("import", str(packed), *options, code=5)

    assert said.stderr == f"error: {packed}: {message}\n"
    assert state(store_path) == before


# stopped processes


@pytest.fixture(scope="module")
def duration(rows: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> float:
    """The seconds from when the import's second process reads until it is done."""
    folder = tmp_path_factory.mktemp("duration")
    (folder / "visitors.ndjson").write_bytes(b"".join(rows))
    process = start("import", folder / "visitors.ndjson", "--db", folder / "visitors.db")
    reading_child(process)
    begin = time.monotonic()
    assert ended(process)[0] == 0
    return time.monotonic() - begin


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Signal all processes of the terminal's foreground group, as Ctrl-C does."""
    os.killpg(process.pid, signal.SIGINT)


def interrupt_again_and_again(process: subprocess.Popen[bytes]) -> None:
    for _ in range(5):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.001)


def terminate(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)


def terminate_all(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)


def hang_up(process: subprocess.Popen[bytes]) -> None:
    """Signal them as a closed terminal does."""
    os.killpg(process.pid, signal.SIGHUP)


STOPS = [
    (interrupt, 130),
    (interrupt_again_and_again, 130),
    (terminate, 143),
    (terminate_all, 143),
    (hang_up, 129),
    (kill, -signal.SIGKILL),
]


@pytest.mark.parametrize(("stop", "code"), STOPS)
@pytest.mark.parametrize("piped", [False, True])
def test_an_import_that_is_stopped_at_any_moment_leaves_the_store_as_it_was(
    store_path: Path,
    before: State,
    file: Path,
    tmp_path: Path,
    duration: float,
    stop: Callable[[subprocess.Popen[bytes]], None],
    code: int,
    piped: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    chance = random.Random(f"{stop.__name__} {piped}")  # noqa: S311 - moments, no secrets
    # the first signal comes before it can be done, however busy the machine is
    moments = [0.0, *(chance.uniform(0, duration * 0.9) for _ in range(1, MOMENTS if not piped or LONG else 2))]
    stopped = 0
    for number, moment in enumerate(moments):
        folder = tmp_path / f"round-{number}"
        folder.mkdir()
        store = Path(shutil.copy(store_path, folder))
        rejects = folder / "rejects.ndjson"
        with file.open("rb") as content:
            feeder = subprocess.Popen(["cat"], stdin=content, stdout=subprocess.PIPE) if piped else None
            options = {"stdin": feeder.stdout} if feeder is not None else {}
            words = ("--format", "ndjson", "--keep-going", "--rejects", rejects, "--db", store)
            process = start("import", "-" if piped else file, *words, **options)
            reading_child(process)
            time.sleep(moment)
            with suppress(ProcessLookupError):
                stop(process)
            ending, said = ended(process)
            if feeder is not None:
                feeder.communicate()

        nobody_is_left_soon(process)
        assert "Traceback" not in said
        assert "Exception" not in said
        after = state(store)
        if len(ids(after)) == AHEAD + 1:
            # it was already done; later output may still be cut off
            assert ending in (0, code)
            continue
        stopped += 1
        assert ending == code
        assert after == before
        left = files_beside(store)
        if stop is kill:  # nobody was there to remove the unfinished rejects
            left = [name for name in left if not name.endswith(".partial")]
        assert left == [store.name]
    assert stopped > 0


def test_an_import_whose_reading_process_is_killed_ends_with_an_error(
    store_path: Path, before: State, file: Path
) -> None:
    process = held_import(file, store_path)
    os.kill(reading_child(process), signal.SIGKILL)
    process.send_signal(signal.SIGCONT)

    code, said = ended(process)

    assert code == 1
    assert said.splitlines()[0] == f"error: the process reading {file} ended prematurely"
    assert "unexpected" not in said
    assert nobody_is_left(process)
    assert state(store_path) == before


# full disks


@pytest.mark.parametrize("size", [400_000, 3_000_000, 4_500_000])
def test_files_that_cannot_grow_leave_an_intact_store(store_path: Path, before: State, file: Path, size: int) -> None:
    process = start("import", file, preexec_fn=limited(size))

    assert ended(process) == (
        6,
        f"error: the store {store_path} cannot be read or written\nhint: check the disk; nothing was written\n",
    )
    assert nobody_is_left(process)
    assert state(store_path) == before


@pytest.mark.parametrize(("size", "options"), [("1m", ()), ("3m", ()), ("4500k", ()), ("3m", ("--keep-going",))])
@pytest.mark.usefixtures("before")
def test_a_full_disk_leaves_an_intact_store(
    store_path: Path, tmp_path: Path, file: Path, size: str, options: tuple[str, ...]
) -> None:
    before = state(store_path)
    with small_disk(tmp_path / "disk", size) as disk:
        store = Path(shutil.copy(store_path, disk))

        process = start("import", file, "--db", store, *options)

        assert ended(process) == (
            6,
            (
                f"error: the store {store} cannot grow: the disk is full\nhint: free some space, "
                "there or in the temporary folder (SQLITE_TMPDIR); nothing was written\n"
            ),
        )
        assert state(store) == before
        assert files_beside(store) == [store.name]


@pytest.mark.usefixtures("before")
def test_a_disk_with_room_for_the_log_but_not_for_the_store_too_has_the_whole_import(
    store_path: Path, tmp_path: Path, file: Path
) -> None:
    with small_disk(tmp_path / "disk", "6m") as disk:
        store = Path(shutil.copy(store_path, disk))

        code, said = ended(start("import", file, "--db", store))

        assert (code, f"{AHEAD:,} created" in said) == (0, True)
        elsewhere = tmp_path / "elsewhere"
        shutil.copytree(disk, elsewhere)
        assert files_beside(elsewhere / store.name) == [store.name, f"{store.name}-shm", f"{store.name}-wal"]
        assert len(ids(state(elsewhere / store.name))) == AHEAD + 1


def test_a_full_temporary_folder_leaves_an_intact_store(
    store_path: Path, tmp_path: Path, before: State, file: Path
) -> None:
    with small_disk(tmp_path / "disk", "64k") as disk:
        (disk / "full").write_bytes(b"x" * 65_536)

        process = start("import", file, env={"SQLITE_TMPDIR": str(disk)})
        code, said = ended(process)

        assert (code, "temporary folder (SQLITE_TMPDIR)" in said) == (6, True)
        assert state(store_path) == before


def test_standard_input_that_does_not_fit_the_temporary_folder_leaves_an_intact_store(
    store_path: Path, tmp_path: Path, before: State, file: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    feeder = subprocess.Popen(["cat", file], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process = start(
        "import", "-", "--format", "json", stdin=feeder.stdout, preexec_fn=limited(1_000_000),
        env={"TMPDIR": str(temporary)},
    )  # fmt: skip
    assert feeder.stdout is not None
    feeder.stdout.close()

    code, said = ended(process)
    feeder.wait()
    assert (code, json.loads(said)["error"]) == (
        6,
        {
            "code": "disk_full",
            "message": f"standard input does not fit the temporary folder {temporary}: File too large",
            "hint": "free some space there, or set TMPDIR to another folder; nothing was written",
        },
    )
    assert list(temporary.iterdir()) == []
    assert state(store_path) == before


# concurrent access


def test_others_read_the_store_as_it_was_and_writers_get_their_turn(
    visitors_process: Visitors, store_path: Path, before: State, file: Path
) -> None:
    process = held_import(file, store_path)

    assert visitors_process("list", "--format", "ids").lines == ["before"]
    assert visitors_process("show", "before", "--format", "json").json["contact"]["email"] == "ada@example.com"
    refused = visitors_process(
        "create", "--id", "too-soon", "--format", "json", env={"VISITORS_TIMEOUT": "0.2"}, code=6
    )
    assert refused.error["code"] == "store_locked"

    waiting = start("create", "--id", "patient")
    time.sleep(0.5)
    assert waiting.poll() is None
    process.send_signal(signal.SIGCONT)

    assert ended(process)[0] == 0
    assert ended(waiting) == (0, "")
    after = state(store_path)
    assert ids(after) > ids(before) | {"patient"}
    assert len(ids(after)) == AHEAD + 2


# exports


@pytest.fixture
def exported(visitors_process: Visitors, file: Path, tmp_path: Path) -> Path:
    """Yesterday's export of a store that has grown since."""
    visitors_process("import", str(file))
    path = tmp_path / "exports" / "all.csv"
    path.parent.mkdir()
    path.write_text("of yesterday\n")
    return path


@pytest.mark.parametrize("name", ["all.csv", "all.ndjson", "all.csv.gz"])
def test_an_export_that_does_not_fit_leaves_the_earlier_file(exported: Path, name: str) -> None:
    target = exported.replace(exported.with_name(name))

    process = start("export", "-o", target, preexec_fn=limited(100_000))

    assert ended(process) == (1, f"error: cannot write {target}: File too large\n")
    assert target.read_text() == "of yesterday\n"
    assert files_beside(target) == [name]


@pytest.mark.usefixtures("exported")
def test_results_that_do_not_fit_are_an_expected_error(tmp_path: Path) -> None:
    with (tmp_path / "redirected.csv").open("wb") as target:
        process = start("export", "--format", "csv", preexec_fn=limited(100_000), stdout=target)

        assert ended(process) == (1, "error: cannot write the results: File too large\n")


@pytest.mark.parametrize(("stop", "code"), [stop for stop in STOPS if stop[0] is not kill])
def test_an_export_that_is_stopped_leaves_the_earlier_file(
    exported: Path, stop: Callable[[subprocess.Popen[bytes]], None], code: int
) -> None:
    moments = random.Random(stop.__name__)  # noqa: S311 - moments, no secrets
    for _ in range(MOMENTS):
        process = start("export", "-o", exported)
        eventually(lambda: len(files_beside(exported)) > 1)  # the temporary file
        time.sleep(moments.uniform(0, 0.05))
        stop(process)

        ending, said = ended(process)

        assert "Traceback" not in said
        assert files_beside(exported) == [exported.name]
        assert ending in (0, code)
        lines = exported.read_text().count("\n")
        assert lines == AHEAD + 1 if ending == 0 else lines in (1, AHEAD + 1)
        exported.write_text("of yesterday\n")
