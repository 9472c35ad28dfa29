"""Errors of a server, in the words of this program."""

from __future__ import annotations

import pytest

from visitors.errors import Conflict, StoreProblem, VisitorsError
from visitors.store.remote.errors import error_of, translated_errors
from visitors.store.remote.hrana import Failure


@pytest.mark.parametrize(
    ("columns", "raised", "code"),
    [("contacts.external_id", Conflict, "exists"), ("operations.is_open", StoreProblem, "store_corrupt")],
)
def test_an_operation_left_open_is_damage_and_any_other_duplicate_a_conflict(
    columns: str, raised: type[VisitorsError], code: str
) -> None:
    failure = Failure(f"SQLite error: UNIQUE constraint failed: {columns}", "SQLITE_CONSTRAINT")
    with pytest.raises(raised) as error, translated_errors("it"):
        raise error_of(failure)
    assert error.value.code == code
