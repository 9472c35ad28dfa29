"""Rows read ahead by another process: the same rows and errors, in the same order, a bounded number at a time."""

from __future__ import annotations

import gzip
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from visitors.domain.row import RowParser, VisitorRow
from visitors.errors import InvalidData, VisitorsError
from visitors.input import ahead
from visitors.input.ahead import read_ahead, worth_reading_ahead
from visitors.input.mapping import ColumnMapping
from visitors.input.readers import Place, read_rows
from visitors.input.rows import Problem, ReadRow, checked_rows
from visitors.input.source import LARGE, Source, open_source

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no second process here")

MANY = 1_250
"""Two and a half batches of rows."""


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    """A file of MANY rows."""
    path = tmp_path / "rows.ndjson"
    path.write_text("".join(f'{{"id":"v{number}","city":"Zürich {number}"}}\n' for number in range(MANY)))
    with closing(open_source(str(path))) as opened:
        yield opened


def checked(source: Source) -> Iterator[ReadRow]:
    header, rows = read_rows(source, "ndjson")
    return checked_rows(rows, ColumnMapping([], header, ignore_unknown=False), keep_values=True)


def row_of(number: int) -> VisitorRow:
    return RowParser(["id", "city"]).parse([f"v{number}", "Zürich"])


def good(number: int) -> ReadRow:
    return ReadRow(Place("x.csv", number), row_of(number))


def has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def test_the_rows_are_those_that_reading_them_here_gives_in_their_order(source: Source) -> None:
    with closing(open_source(source.name)) as again:
        expected = list(checked(again))

    with read_ahead(checked(source), source) as rows:
        found = list(rows)

    assert len(found) == MANY
    assert found == expected
    assert not has_children()


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1_000])
def test_no_row_is_lost_where_a_batch_ends(source: Source, count: int) -> None:
    with read_ahead(map(good, range(count)), source) as rows:
        assert [row.place.number for row in rows] == list(range(count))


def test_a_bad_row_comes_with_all_that_is_said_of_it_and_its_cells(source: Source) -> None:
    problem = Problem("no such zone", field="timezone", hint="see IANA", code="unknown_timezone")
    bad = ReadRow(Place("x.csv", 7, "item"), None, {"tz": "Moon/Base", "n": 1.5}, "raw\n\u2028", problem, "tz")

    with read_ahead(iter([good(1), bad, good(3)]), source) as rows:
        assert list(rows) == [good(1), bad, good(3)]


@pytest.mark.parametrize("count", [0, 3, 500, 503])
def test_what_ends_the_file_is_raised_after_the_rows_before_it(source: Source, count: int) -> None:
    def rows() -> Iterator[ReadRow]:
        yield from map(good, range(count))
        raise InvalidData("unexpected end of file", field="city", hint="get it again", code="truncated")

    found: list[ReadRow] = []
    with pytest.raises(InvalidData) as caught, read_ahead(rows(), source) as reading:
        found.extend(reading)

    assert found == list(map(good, range(count)))
    error = caught.value
    assert (error.message, error.field, error.hint, error.code) == (
        "unexpected end of file", "city", "get it again", "truncated",
    )  # fmt: skip
    assert not has_children()


def test_the_position_follows_how_far_the_file_was_read(source: Source) -> None:
    positions: list[int] = []
    with read_ahead(checked(source), source) as rows:
        assert (rows.size, rows.position) == (source.size, 0)
        positions.extend(rows.position for _ in rows)

    assert positions == sorted(positions)
    assert positions[0] > 0
    assert positions[-1] == source.size


def test_no_more_is_read_than_what_waits_in_the_pipe(source: Source) -> None:
    made = mmap.mmap(-1, 8)  # shared with the other process

    def endless() -> Iterator[ReadRow]:
        number = 0
        while True:
            number += 1
            made[:8] = number.to_bytes(8)
            yield ReadRow(Place("x.csv", number), row_of(number), raw="x" * 100)

    with read_ahead(endless(), source) as rows:
        reading = iter(rows)
        for _ in range(5_500):
            next(reading)
        before = -1
        while before != (before := int.from_bytes(made[:8])):
            time.sleep(0.1)

    # the current batch, what fits into the pipe (of 1 MiB, where possible), and one that does not fit
    assert 6_000 <= before <= 5_500 + 1_000 + 1024 * 1024 // 100
    assert not has_children()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_leaving_early_ends_the_other_process(source: Source, error: type[BaseException]) -> None:
    def endless() -> Iterator[ReadRow]:
        while True:
            yield good(1)

    def leave() -> None:
        with read_ahead(endless(), source) as rows:
            next(iter(rows))
            assert has_children()
            raise error

    with pytest.raises(error):
        leave()
    assert not has_children()


def test_another_process_that_never_answers_is_ended_too(source: Source) -> None:
    def silent() -> Iterator[ReadRow]:
        time.sleep(60)
        yield good(1)

    start = time.monotonic()
    with read_ahead(silent(), source):
        pass

    assert time.monotonic() - start < 10
    assert not has_children()


def dying(rows: Iterable[ReadRow]) -> Iterator[ReadRow]:
    yield from rows
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("count", [0, 499, 750])
def test_another_process_that_dies_is_an_error_that_names_the_file(source: Source, count: int) -> None:
    found: list[ReadRow] = []
    with pytest.raises(VisitorsError) as caught, read_ahead(dying(map(good, range(count))), source) as rows:
        found.extend(rows)

    assert caught.value.message == f"the process reading {source.name} ended prematurely"
    assert (caught.value.code, caught.value.exit_status) == ("reader_ended", 1)
    assert len(found) == count // 500 * 500
    assert not has_children()


@pytest.mark.parametrize("cut", [2, 40])
def test_a_batch_that_was_cut_off_is_the_same_error(source: Source, cut: int) -> None:
    receiver, sender = os.pipe()
    os.write(sender, ((1_000).to_bytes(4) + b"x" * 100)[:cut])
    os.close(sender)
    with os.fdopen(receiver, "rb") as pipe, pytest.raises(VisitorsError, match="ended prematurely"):
        next(iter(ahead.ReadAhead(pipe, source)))


INTERRUPTED_AS_IT_FORKS = """
import os, signal, sys
from visitors.main import main

signal.signal(signal.SIGINT, signal.default_int_handler)
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGINT))
main(["import", sys.argv[1]])
"""


def test_an_interrupt_that_comes_as_the_process_forks_is_not_the_childs_to_handle(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("id,city\n" + "".join(f"v{number},{'x' * 900}\n" for number in range(5_000)))
    assert path.stat().st_size > LARGE

    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AS_IT_FORKS, str(path)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "imported 5,000 rows: 5,000 created\n")


def test_only_a_long_file_is_worth_a_second_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    answers = []
    for size in (LARGE - 1, LARGE):
        path = tmp_path / f"{size}.csv"
        path.write_bytes(b"x" * size)
        with closing(open_source(str(path))) as source:
            answers.append(worth_reading_ahead(source))
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(b"x" * LARGE))
    with closing(open_source(str(packed))) as source:
        answers.append(worth_reading_ahead(source))
    assert answers == [False, True, False]

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    with closing(open_source(str(path))) as source:
        assert not worth_reading_ahead(source)
