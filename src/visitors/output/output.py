"""Decide how a result is shown, by the options and whether a person or a program reads it.

Results go to standard output, everything about them to standard error. A person at a terminal gets a table and a
sentence; a program gets tab-separated values, and from a command that changes things the ids of changed records.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO, cast

import msgspec

from visitors.domain.times import Instant, Zone, zone_named
from visitors.errors import UsageProblem
from visitors.output.advice import for_store
from visitors.output.machine import (
    MachineFormat,
    as_record,
    batched,
    encode_json,
    json_document,
    lines,
    properties,
)
from visitors.output.sanitise import bounded, visible
from visitors.output.shape import Record, Shape

if TYPE_CHECKING:  # needed by few commands
    from rich.console import Console

    from visitors.output.statistics import Picture

FORMATS = ("table", "json", "ndjson", "csv", "tsv", "ids", "count")
_REMARKS = 10
"""The maximum number of similar remarks."""


class Output:
    """Where a command's results and remarks go, and in which format."""

    def __init__(
        self,
        *,
        format_: str | None = None,
        fields: str | None = None,
        color: bool = True,
        quiet: bool = False,
        header: bool = True,
        pager: bool = False,
        timezone: str | None = None,
        local_time: bool = False,
        program: Callable[[], str] = lambda: "visitors",
        current: Instant,
    ) -> None:
        self.format = format_
        self.program = program
        """The invocation of this program for the same store."""
        self.fields = [name.strip() for name in fields.split(",") if name.strip()] if fields is not None else None
        if self.fields == []:
            raise UsageProblem("--fields has no fields")
        self.color = color and environment_has_color()
        self.quiet = quiet
        self.header = header
        self.current = current
        self.told: Sequence[str] = ()
        """The ids of changed records, whether or not they could be written."""
        self._timezone = timezone
        self._local_time = local_time or timezone is not None
        self._pager = pager
        self._long: list[str] = []
        """Output longer than the screen, held back until the store is closed, since a person may read for hours."""
        self._said: list[str] = []
        """Remarks about it, held back too."""
        self.stdout: TextIO = sys.stdout
        self.stderr: TextIO = sys.stderr

    @property
    def on_terminal(self) -> bool:
        """Whether a person reads the results."""
        return self.stdout.isatty()

    @cached_property
    def zone(self) -> Zone | None:
        """The zone in which times are shown; None for UTC, as in all machine formats. Raises InvalidData."""
        return zone_named(self._timezone) if self._local_time and self.on_terminal else None

    @property
    def wants_records(self) -> bool:
        """Whether a command that changed something shows the records, instead of a sentence or ids."""
        return self.format not in (None, "ids", "count") or self.fields is not None

    @property
    def is_asked(self) -> bool:
        """Whether a format or fields were requested."""
        return self.format is not None or self.fields is not None

    @property
    def tells_persons(self) -> bool:
        """Whether a command that changed something says so in a sentence."""
        return self.on_terminal and not self.is_asked

    @property
    def shows_table(self) -> bool:
        """Whether records are shown as a table."""
        return self.format == "table" or (self.format is None and self.on_terminal)

    @property
    def machine_format(self) -> MachineFormat:
        """The format for a program."""
        return cast("MachineFormat", self.format or "tsv")

    def records(
        self,
        shape: Shape,
        records: Iterable[msgspec.Struct | Record],
        *,
        single: bool = False,
        pager: bool = True,
    ) -> int | None:
        """Show records; a table longer than the screen in the pager, unless `pager` is false. Returns the number of
        rows of a table, or None for a machine format.
        """
        if self.shows_table:
            from visitors.output.cells import in_local_time, of_fields
            from visitors.output.tables import write_table

            if self.fields is None:
                chosen = in_local_time(shape, self.zone)
            else:
                chosen = of_fields(shape, self.fields, self.zone)
            with self._for_person(pager=pager) as target:
                return write_table(target, chosen, map(as_record, records), self.current)
        made = lines(self.machine_format, shape, records, fields=self.fields, single=single, header=self.header)
        self.write("-", made)
        return None

    def document(self, path: str, value: msgspec.Struct | Record) -> None:
        """Write one JSON document, indented, to the file at `path` (`-`: standard output), completely or not at all.
        Raises FileProblem.
        """
        self.write(path, [json_document(value)])

    def write(self, path: str, pieces: Iterable[str | bytes]) -> None:
        """Write text to the file at `path` (`-`: standard output), completely or not at all. Raises FileProblem."""
        if path == "-":
            for piece in pieces:
                _put(self.stdout, self._shown(_as_text(piece)) if self.on_terminal else piece)
            return
        from visitors.output.files import whole_file

        with whole_file(path) as target:
            for piece in pieces:
                _put(target, piece)

    def pages(
        self,
        shape: Shape,
        records: Iterable[msgspec.Struct],
        *,
        single: bool,
        shared: Iterable[Mapping[str, str]] = (),
    ) -> None:
        """Show records one by one: each as a page for a person, or as a line for each field for a program. `shared`
        says what each has in common with others; it is shown to a person only.
        """
        if self.shows_table and self.fields is None:
            from visitors.output.pages import write_page

            of_each = iter(shared)
            with self._for_person() as target:
                for record in records:
                    write_page(target, shape, as_record(record), self.current, next(of_each, {}), self.zone)
        elif self.format is None and not self.on_terminal:
            for piece in batched(properties(shape, map(as_record, records), fields=self.fields)):
                self.stdout.write(piece)
        else:
            self.records(shape, records, single=single)

    def picture(
        self,
        shape: Shape,
        rows: Iterable[msgspec.Struct],
        draw: Callable[[Sequence[Any]], Picture],
        headings: Sequence[str] = (),
    ) -> int | None:
        """Show statistics: bars for a person, the rows for a program. Returns the number of rows that a person sees.
        Raises UsageProblem for ids, which rows of statistics do not have.
        """
        if self.format == "ids":
            raise UsageProblem("counts have no ids", hint="to print the values only: --fields value --no-header")
        if not self.shows_table or self.fields is not None:
            self.records(shape, rows)
            return None
        from visitors.output.charts import write_picture
        from visitors.output.tables import console

        shown = list(rows)
        if shown:
            write_picture(console(self.stdout, color=self.color), draw(shown), headings)
        return len(shown)

    def sheet(self, shape: Shape, record: msgspec.Struct | Record) -> None:
        """Show one record that is not a visitor or contact, as names and values for a person."""
        if self.shows_table and self.fields is None:
            from visitors.output.pages import write_properties

            with self._for_person(pager=False) as target:
                write_properties(target, as_record(record).items(), self.current, blanks=True, zone=self.zone)
        else:
            self.records(shape, [record], single=True)

    def done(
        self, shape: Shape, results: Iterable[msgspec.Struct | Record], ids: Iterable[str], line: str, *, single: bool
    ) -> None:
        """Report what a command changed: `line` to a person, `ids` to a program, or `results` where `wants_records`."""
        self.told = ids if isinstance(ids, Sequence) else ()
        if self.wants_records:
            self.records(shape, results, single=single, pager=False)
        elif self.format == "count":
            self.stdout.write(f"{sum(1 for _ in ids)}\n")
        elif self.on_terminal and self.format is None:
            if not self.quiet:
                self.stdout.write(visible(line) + "\n")
        else:
            self.ids(ids)

    def loaded(self, shape: Shape, results: Iterable[msgspec.Struct | Record], ids: Iterable[str], line: str) -> None:
        """Report a bulk load: `line` on standard error, and the result only if requested."""
        if self.is_asked:
            self.done(shape, results, ids, line, single=False)
        self.note(line)

    def findings(
        self, shape: Shape, records: Iterable[msgspec.Struct | Record], wrong: Iterable[msgspec.Struct | Record]
    ) -> None:
        """Show the findings of a check: with `--quiet` only those that are `wrong`, unless a format or fields were
        requested.
        """
        if self.is_asked or not self.quiet:
            self.records(shape, records)
        elif problems := list(wrong):
            self.records(shape, problems)

    def kept(self, shape: Shape, record: msgspec.Struct | Record, line: str) -> None:
        """Show one record that programs store unchanged: `line` to a person, a line of JSON to a program, unless a
        format or fields were requested. It is flushed at once, in case of a later failure.
        """
        if self.format == "table" and self.fields is None:
            self.sheet(shape, record)
        elif self.is_asked:
            self.records(shape, [record], single=True)
        elif not self.on_terminal:
            self.stdout.write(encode_json(record) + "\n")
        elif not self.quiet:
            self.stdout.write(visible(line) + "\n")
        self.stdout.flush()

    def ids(self, ids: Iterable[str]) -> None:
        """Write ids, one a line."""
        self.show_long()
        for piece in batched(f"{touched}\n" for touched in ids):
            self.stdout.write(piece)

    def text(self, line: str) -> None:
        """Write one line of a result."""
        self.show_long()
        self.stdout.write(self._shown(line) + "\n")

    def markdown(self, text: str) -> None:
        """Show Markdown that is part of the program: formatted on a terminal, as it is in a pipe."""
        if not self.on_terminal:
            self.stdout.write(text)
            return
        from visitors.output.markdown import write_markdown

        with self._for_person() as target:
            write_markdown(target, text)

    @property
    def columns_of_code(self) -> int:
        """The width of a code block of Markdown on the terminal."""
        from visitors.output.markdown import INDENT, WIDEST
        from visitors.output.tables import console

        return min(WIDEST, console(self.stdout).width) - INDENT

    def prose(self, text: str) -> None:
        """Show text that is part of the program, in the pager if it is longer than the screen."""
        if self._pager and self.on_terminal:
            self._show(text)
        else:
            self.stdout.write(text)

    def note(self, line: str) -> None:
        """Write a remark to standard error; `--quiet` suppresses it."""
        if not self.quiet:
            self._say(self._dim(visible(self._about_store(line))))

    def warn(self, line: str) -> None:
        """Write a remark that even `--quiet` does not suppress."""
        self._say(visible(bounded(self._about_store(line))))

    def first(self, say: Callable[[str], None], lines_: Sequence[str], count: int | None = None) -> None:
        """Pass the first few of many remarks to `say`, and the number of the others; with `count`, only those few are
        in the iterable.
        """
        few = lines_[:_REMARKS] if count is None else lines_
        for line in few:
            say(line)
        more = (len(lines_) if count is None else count) - len(few)
        if more:
            say(f"… and {more:,} more")

    def _about_store(self, line: str) -> str:
        """Adapt the commands that the line suggests to the current store."""
        return for_store(line, self.program()) if "visitors " in line else line

    def _say(self, line: str) -> None:
        if self._long:
            self._said.append(line)
        else:
            self.stdout.flush()
            self.stderr.write(line + "\n")

    @contextmanager
    def _for_person(self, *, pager: bool = True) -> Iterator[Console]:
        """Return a stream for a person to read. Output longer than the screen is held back for `show_long`."""
        from visitors.output.tables import console

        if not (pager and self._pager and self.on_terminal):
            self.show_long()
            yield console(self.stdout, color=self.color)
            return
        text = io.StringIO()
        yield console(text, color=self.color, is_terminal=True)
        self._show(text.getvalue())

    def _show(self, text: str) -> None:
        """Show text on the terminal, after what is held back."""
        from visitors.output.pager import is_long

        if self._long or is_long(text, self.stdout):
            self._long.append(text)
        else:
            self.stdout.write(text)

    def show_long(self) -> None:
        """Show output longer than the screen in the pager, then the remarks about it."""
        if self._long:
            from visitors.output import pager

            text, said = "".join(self._long), self._said
            self._long, self._said = [], []
            pager.show(text, self.stdout)
            for line in said:
                self._say(line)

    def _dim(self, line: str) -> str:
        return f"\x1b[2m{line}\x1b[0m" if self.color and self.stderr.isatty() else line

    def _shown(self, piece: str) -> str:
        """Return `piece` unchanged for a program, and sanitised line by line for a terminal."""
        if not self.on_terminal:
            return piece
        return "\n".join("\t".join(map(visible, line.split("\t"))) for line in piece.split("\n"))


def _as_text(piece: str | bytes) -> str:
    return piece if isinstance(piece, str) else piece.decode()


def _put(stream: TextIO, piece: str | bytes) -> None:
    """Write text, or text already encoded as UTF-8."""
    if isinstance(piece, str):
        stream.write(piece)
    else:
        stream.flush()
        stream.buffer.write(piece)


def environment_has_color() -> bool:
    """Return whether colour is allowed by https://no-color.org and the terminal's capabilities."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
