"""The steps of commands that list pages of records: options, the page, and the closing remark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Generic, TypeVar

import msgspec
import typer

from visitors.context import Context
from visitors.domain.expectation import LARGEST
from visitors.output.shape import Shape
from visitors.output.words import number
from visitors.store.query.listing import Page

Item = TypeVar("Item")

TABLE_LIMIT = 50
COUNT_LIMIT = 10_000
"""How far the matches of a selection are counted, to tell how many of them a table shows."""

Sort = Annotated[str | None, typer.Option(metavar="FIELD", help="Sort by this field.", show_default=False)]
Reverse = Annotated[bool, typer.Option("--reverse", help="Reverse the order.")]
Limit = Annotated[
    int | None, typer.Option(metavar="N", min=0, max=LARGEST, help="Show at most N; 0 for all.", show_default=False)
]
After = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Start after this record: the last id of the previous page.", show_default=False),
]


def page(
    context: Context,
    sortable: Mapping[str, str],
    sort: str | None,
    *,
    reverse: bool,
    limit: int | None,
    after: str | None,
) -> Page:
    """Return the page that the options describe. Raises UsageProblem for a field that is not sortable."""
    if limit is None:
        limit = TABLE_LIMIT if context.output.shows_table else 0
    return Page.sorted_by(sortable, sort, reverse=reverse, limit=limit, after=after)


class Cut(Generic[Item]):
    """The records of a page, from `Page.and_one`; once they are consumed, `more` is whether there was one more."""

    def __init__(self, records: Iterable[Item], limit: int) -> None:
        self._records = iter(records)
        self._limit = limit
        self.more = False

    def __iter__(self) -> Iterator[Item]:
        for position, record in enumerate(self._records, start=1):
            if self._limit and position > self._limit:
                self.more = True
                return
            yield record


def show(
    context: Context,
    shape: Shape,
    page: Page,
    select: Callable[[Page], Iterable[msgspec.Struct]],
    count: Callable[[int | None], int],
) -> None:
    """Show a page of records, and say what a table leaves out; or only their number, which needs no reading of records.

    `count` counts up to a limit.
    """
    output = context.output
    if output.format == "count" and output.fields is None and page.after is None:
        output.text(str(count(page.limit or None)))
        return
    found = Cut(select(page.and_one), page.limit)
    shown = output.records(shape, found)
    if shown is not None:
        report_rest(context, shown, lambda: count(COUNT_LIMIT + 1), shape.noun, more=found.more, after=page.after)


def report_rest(
    context: Context, shown: int, count: Callable[[], int], noun: str, *, more: bool, after: str | None = None
) -> None:
    """Say on standard error that there was nothing, or that there is more than the table shows.

    `count` returns the total, and is only called if that is not what is shown. One above `COUNT_LIMIT` means that
    counting stopped there.
    """
    total = count() if more or (after and not shown) else shown
    if total == 0:
        context.output.note(f"no {noun}s found")
    elif more:
        whole = number(total, noun) if total <= COUNT_LIMIT else f"more than {number(COUNT_LIMIT, noun)}"
        of = f"{shown:,} of {whole}" + (" (not the first page)" if after else "")
        context.output.note(f"{of}; --limit 0 for all")
