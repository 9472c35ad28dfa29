"""Show records as they arrive, for as long as somebody reads them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TextIO

import msgspec

from visitors.output.cells import text_line
from visitors.output.machine import as_record, lines
from visitors.output.output import Output
from visitors.output.shape import Shape

LINE_FORMATS = ("ndjson", "csv", "tsv")
"""Formats with a line for each record, which can be written one by one."""

_PAUSE = 0.5
"""The interval in seconds between polls."""


def follow(output: Output, shape: Shape, records: Iterable[msgspec.Struct]) -> None:
    """Show each record at once, as one line: in one of `LINE_FORMATS`, or as text for a person."""
    header = output.header
    for record in records:
        if output.shows_table and output.fields is None:
            output.stdout.write(text_line(shape, as_record(record), output.current, output.zone) + "\n")
        else:
            format_ = output.machine_format
            output.write("-", lines(format_, shape, [record], fields=output.fields, header=header))
        header = False
        output.stdout.flush()


def pause(stdout: TextIO) -> None:
    """Wait for the next poll. Raises BrokenPipeError if nobody reads the results any more."""
    import select

    time.sleep(_PAUSE)
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(stdout, 0)
        if poll.poll(0):  # no events were requested, so it is an error or a hang-up
            raise BrokenPipeError
