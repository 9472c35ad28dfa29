"""Verify the receipt of an erasure."""

from __future__ import annotations

from visitors.context import Context
from visitors.domain.receipt import parse_receipt
from visitors.errors import CheckFailed
from visitors.input.documents import read_text
from visitors.operations.receipts import verify


def check_receipt(context: Context, path: str) -> None:
    """Verify the receipt in the file at `path` (`-`: standard input).

    Raises NotFound, InvalidData for what is not a receipt, and CheckFailed with what is wrong.
    """
    receipt = parse_receipt(*read_text(path))
    with context.reading() as store:
        problems = verify(store, receipt)
    if problems:
        raise CheckFailed("the receipt is not valid: " + "; ".join(problems), code="receipt_invalid")
    context.output.note(f"the receipt of erasure {receipt.operation_id} ({receipt.at}) is valid")
