"""Rows of an import: the fast path gives the same values as the slow one."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from visitors.domain import ip_rules
from visitors.domain.row import RowParser
from visitors.errors import InvalidData

# few of the eight parts are not zero: that is where forms of an address differ
_ADDRESSES = st.lists(st.sampled_from([0, 0, 1, 0x10, 0xFFFF]), min_size=8, max_size=8).map(
    lambda parts: IPv6Address(int.from_bytes(b"".join(part.to_bytes(2) for part in parts)))
)


@given(address=_ADDRESSES, form=st.sampled_from([str, lambda one: one.exploded, lambda one: str(one).upper()]))
@example(address=IPv6Address("::1:2"), form=str)
@example(address=IPv6Address("::ffff:102:304"), form=str)
def test_an_address_in_a_file_is_kept_as_one_that_is_given_alone(address: IPv6Address, form: object) -> None:
    assert callable(form)
    text = form(address)
    assert RowParser(["ip"]).parse([text]).browser_data() == {"ip": ip_rules.ip(text)}


@pytest.mark.parametrize("word", ["true", "T", "1", " yes ", True])
def test_words_for_true(word: object) -> None:
    assert RowParser(["isBlocked"]).parse([word]).is_blocked is True


@pytest.mark.parametrize("word", ["false", "F", "0", " No ", False])
def test_words_for_false(word: object) -> None:
    assert RowParser(["isBlocked"]).parse([word]).is_blocked is False


@pytest.mark.parametrize("word", ["on", "2", "truth", 1, 0.0, []])
def test_what_is_neither_true_nor_false_is_refused(word: object) -> None:
    with pytest.raises(InvalidData, match="isBlocked is not true or false"):
        RowParser(["isBlocked"]).parse([word])
