"""Rows of an import: the fast path gives the same values as the slow one."""

from __future__ import annotations

from ipaddress import IPv6Address

from hypothesis import example, given
from hypothesis import strategies as st

from visitors.domain import ip_rules
from visitors.domain.row import RowParser

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
