"""Reading a JSON list item by item gives the same as reading it at once, wherever the blocks end."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitors.errors import InvalidData
from visitors.input import json_items as module
from visitors.input.json_items import json_items
from visitors.input.source import Source


class Blocks(Source):
    """A source with the smallest possible blocks."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(io.BytesIO(content), "rows.json", len(content))
        self._content = content
        self._block = size

    def blocks(self) -> Iterator[bytes]:
        for start in range(0, len(self._content), self._block):
            yield self._content[start : start + self._block]


values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(codec="utf-8"), max_size=8),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=12,
)


@given(
    value=values,
    size=st.integers(1, 9),
    indent=st.sampled_from([None, 0, 2]),
    ascii_=st.booleans(),
    around=st.sampled_from(["", " ", "\r\n\t"]),
)
def test_the_items_are_those_of_the_list(value: Any, size: int, indent: int | None, ascii_: bool, around: str) -> None:  # noqa: FBT001
    text = around + json.dumps(value, indent=indent, ensure_ascii=ascii_) + around

    found = list(json_items(Blocks(text.encode("utf-8", "surrogatepass"), size)))

    assert found == (value if isinstance(value, list) else [value])


@pytest.mark.parametrize("size", [1, 3, 1_000])
@pytest.mark.parametrize(
    ("text", "items", "word"),
    [
        ("", 0, "truncated"),
        ("   ", 0, "truncated"),
        ("[", 0, "truncated"),
        ("[1", 1, "missing comma or ]"),
        ("[1,", 1, "truncated"),
        ("[1 2]", 1, "missing comma or ]"),
        ("[1,]", 1, "malformed"),
        ("[1]]", 1, "extra data after the end"),
        ("{} {}", 1, "extra data after the end"),
        ("[1,nul]", 1, "malformed"),
        ("[NaN]", 0, "malformed"),
        ('["\\ud800"]', 0, "surrogate"),
        ('["a', 0, "truncated"),
    ],
)
def test_malformed_json_is_refused_with_its_position(text: str, items: int, word: str, size: int) -> None:
    found: list[Any] = []

    def read() -> None:
        for item in json_items(Blocks(text.encode(), size)):
            found.append(item)  # noqa: PERF402 - those before the error count

    with pytest.raises(InvalidData) as refused:
        read()

    assert (len(found), refused.value.code) == (items, "invalid_json")
    assert word in refused.value.message


def test_an_item_that_is_too_long_is_refused_and_longer_lists_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINE_LIMIT", 100)

    assert len(list(json_items(Blocks(json.dumps([["x"] * 10] * 50).encode(), 7)))) == 50
    with pytest.raises(InvalidData) as refused:
        list(json_items(Blocks(json.dumps([1, ["x"] * 200]).encode(), 7)))
    assert refused.value.code == "line_too_long"
    assert "item 2" in refused.value.message
