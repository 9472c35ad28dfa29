"""What every command that lists pages of records shares: its options, the page, the remark at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Generic, TypeVar

import typer

from visitors.context import Context
from visitors.domain.expectation import LARGEST
from visitors.output.words import number
from visitors.store.query.listing import Page

Item = TypeVar("Item")

TABLE_LIMIT = 50
COUNT_LIMIT = 10_000
"""How far what a selection chooses is counted, to tell how much of it a table shows."""

Sort = Annotated[str | None, typer.Option(metavar="FIELD", help="Sort by this field.", show_default=False)]
Reverse = Annotated[bool, typer.Option("--reverse", help="The other way round.")]
Limit = Annotated[
    int | None, typer.Option(metavar="N", min=0, max=LARGEST, help="At most N; 0 for all.", show_default=False)
]
After = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Begin after this record: the last id of the page before.", show_default=False),
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
    """The page that the options ask for. Raises UsageProblem for a field that cannot be sorted by."""
    if limit is None:
        limit = TABLE_LIMIT if context.output.shows_table else 0
    return Page.sorted_by(sortable, sort, reverse=reverse, limit=limit, after=after)


def wants_number(context: Context, page: Page) -> bool:
    """Whether only the number of records is asked for, which the store can tell without reading them."""
    output = context.output
    return output.format == "count" and output.fields is None and page.after is None


class Cut(Generic[Item]):
    """The records of a page out of `Page.and_one`; when they are taken, `more` tells if one was left over."""

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


def say_what_is_left(
    context: Context, shown: int, total: int, noun: str, *, more: bool, after: str | None = None
) -> None:
    """On standard error: that there was nothing, or that there is more than the table shows.

    A `total` beyond `COUNT_LIMIT` means that counting ended there.
    """
    if total == 0:
        context.output.note(f"no {noun}s found")
    elif more:
        whole = number(total, noun) if total <= COUNT_LIMIT else f"more than {number(COUNT_LIMIT, noun)}"
        of = f"{shown:,} of {whole}" + (" (this page begins later)" if after else "")
        context.output.note(f"{of}; --limit 0 for all")
