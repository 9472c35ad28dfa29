from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from visitors.store.records import visitors as store_visitors

Visitors = Callable[..., Any]
Fill = Callable[..., None]


@pytest.fixture(autouse=True)
def three_visitors(fill: Fill) -> None:
    fill({"id": "a", "language": "de"}, {"id": "b", "language": "de-AT"}, {"id": "c", "isBlocked": True})


@pytest.mark.parametrize(
    "expected",
    [("--count", "3"), ("--min", "3"), ("--min", "0"), ("--max", "3"), ("--min", "1", "--max", "3"), ("--any",),
     ("--none", "--language", "fr"), ("--count", "0", "--language", "fr"), ("--count", "2", "--language", "de"),
     ("--any", "--blocked"), ("--max", "0", "--deleted")],
)  # fmt: skip
def test_it_ends_with_0_when_there_are_as_many_as_expected(visitors: Visitors, expected: tuple[str, ...]) -> None:
    result = visitors("assert", *expected)
    assert result.stdout == ""
    assert result.stderr.startswith("as expected: ")
    assert visitors("assert", "--quiet", *expected).stderr == ""


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (("--count", "2"), "expected 2, found 3: a, b, c"),
        (("--count", "4"), "expected 4, found 3: a, b, c"),
        (("--min", "4"), "expected 4 or more, found 3: a, b, c"),
        (("--max", "2"), "expected 2 or fewer, found 3: a, b, c"),
        (("--min", "4", "--max", "5"), "expected 4 to 5, found 3: a, b, c"),
        (("--none",), "expected none, found 3: a, b, c"),
        (("--any", "--language", "fr"), "expected 1 or more, found 0"),
        (("--none", "--blocked"), "expected none, found 1: c"),
    ],
)
def test_it_ends_with_8_and_says_what_was_found_instead(
    visitors: Visitors, expected: tuple[str, ...], message: str
) -> None:
    result = visitors("assert", *expected, code=8)
    assert (result.stdout, result.stderr) == ("", f"error: {message}\n")


def test_the_error_as_json_has_a_code(visitors: Visitors) -> None:
    assert visitors("assert", "--none", "--format", "json", code=8).error["code"] == "assertion_failed"


def test_it_names_the_first_few(visitors: Visitors, fill: Fill) -> None:
    fill(*({"id": f"x{number}"} for number in range(9)))
    assert visitors("assert", "--none", code=8).stderr == "error: expected none, found 12: a, b, c, …\n"


def test_it_counts_no_further_than_it_must(visitors: Visitors, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(*({"id": f"x{number}"} for number in range(1_100)))
    limits: list[int] = []
    count = store_visitors.count

    def spy(store: Any, selection: Any, current: str, limit: int) -> int:
        limits.append(limit)
        return count(store, selection, current, limit)

    monkeypatch.setattr("visitors.store.records.visitors.count", spy)
    visitors("assert", "--any")
    visitors("assert", "--min", "5")
    message = visitors("assert", "--none", code=8).stderr
    assert limits == [1, 5, 1, 1_000]
    assert "found 1,000 or more: a, b, c, …" in message


@pytest.mark.parametrize(
    "words",
    [(), ("--none", "--any"), ("--count", "1", "--min", "1"), ("--min", "3", "--max", "2"), ("--count", "-1"),
     ("--count", "many")],
)  # fmt: skip
def test_an_invalid_expectation_is_a_usage_error(visitors: Visitors, words: tuple[str, ...]) -> None:
    visitors("assert", *words, code=2)


def test_a_store_that_is_not_there_is_no_empty_one(visitors: Visitors, tmp_path: Any) -> None:
    visitors("assert", "--none", "--db", str(tmp_path / "typo.db"), code=6)
