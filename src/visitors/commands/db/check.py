"""`visitors db check`."""

from __future__ import annotations

from typing import Annotated

import typer

from visitors.commands.receipts import check_receipt
from visitors.context import context_of


def command(
    ctx: typer.Context,
    receipt: Annotated[
        str, typer.Option(metavar="FILE", help="What erase printed; - is standard input.", show_default=False)
    ],
) -> None:
    """Check the receipt of an erasure.

    Exit 0 when the store made it as it is and whom it speaks of is not in the store, 8 when not, with what
    is wrong.
    """
    check_receipt(context_of(ctx), receipt)
