"""Checking the receipt of an erasure."""

from __future__ import annotations

from contextlib import closing

from visitors.context import Context
from visitors.domain.receipt import parse_receipt
from visitors.errors import CheckFailed
from visitors.input.source import open_source
from visitors.operations.receipts import verify


def check_receipt(context: Context, path: str) -> None:
    """Whether the receipt in the file at `path` (`-`: standard input) verifies.

    Raises NotFound, InvalidData for what is no receipt, and CheckFailed with what is wrong.
    """
    with closing(open_source(path)) as source:
        receipt = parse_receipt(source.whole(), source.name)
    with context.reading() as store:
        problems = verify(store, receipt)
    if problems:
        raise CheckFailed("the receipt does not verify: " + "; ".join(problems), code="receipt_invalid")
    context.output.note(f"the receipt of erasure {receipt.operation_id} ({receipt.at}) verifies")
