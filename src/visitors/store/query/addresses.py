"""Filter IP addresses by network, as SQL over canonical address text.

All addresses in a network share a text prefix of whole octets or hextets, so they are in ranges of the index. That is
exact if the network ends at an octet, or at a hextet and has no zero hextet. Otherwise each address is tested: by the
octet or hextet in which the network ends, and after zero hextets with the `::` expanded. It is plain SQL, so that it
runs on a server too.
"""

from __future__ import annotations

from visitors.store.query.filters import Filter
from visitors.store.query.listing import Condition, Span, every

_OCTET, _HEXTET = 8, 16


def in_network(alias: str, column: str, network: str) -> list[Filter]:
    """Return filters, any of which matches rows of the table `alias` with an address in the network."""
    import ipaddress

    parsed = ipaddress.ip_network(network)
    if isinstance(parsed, ipaddress.IPv4Network):
        return [_in_ipv4(alias, column, str(parsed.network_address).split("."), parsed.prefixlen)]
    groups = [int(group, 16) for group in parsed.network_address.exploded.split(":")]
    return _in_ipv6(alias, column, groups, parsed.prefixlen)


def _in_ipv4(alias: str, column: str, octets: list[str], bits: int) -> Filter:
    whole, rest = divmod(bits, _OCTET)
    prefix = "".join(f"{octet}." for octet in octets[:whole])
    if prefix and not rest:
        return Filter(span=_beginning_with(column, prefix))
    first = int(octets[whole])
    last = first + 2 ** (_OCTET - rest) - 1
    texts = sorted(map(str, range(first, last + 1)))
    # an octet is followed by a dot or nothing, and / is the character after the dot
    span = Span(column=column, lower=prefix + texts[0], upper=f"{prefix}{texts[-1]}/")
    name = f"{alias}.{column}"
    octet = f"CAST(substr({name}, {len(prefix) + 1}) AS INTEGER) BETWEEN ? AND ?"
    only = "" if prefix else f" AND instr({name}, ':') = 0"
    return Filter(span=span, test=Condition(f"({octet}{only})", (first, last)))


def _in_ipv6(alias: str, column: str, groups: list[int], bits: int) -> list[Filter]:
    whole, rest = divmod(bits, _HEXTET)
    fixed, first = groups[:whole], groups[whole]
    last = first + 2 ** (_HEXTET - rest) - 1
    name, ends = f"{alias}.{column}", (first, last) if rest else None
    if 0 in fixed:  # zeros may be written out, or be in the ::
        prefix = _text(fixed[: fixed.index(0)])
        test = _behind_zeros(name, _text(fixed), ends)
        return [Filter(span=_beginning_with(column, prefix + zero), test=test) for zero in (":", "0:")]
    prefix = _text(fixed)
    if not rest and fixed:
        return [Filter(span=_beginning_with(column, prefix))]
    if first:  # all have the same number of digits, so text order is numeric order
        span = Span(column=column, lower=f"{prefix}{first:x}", upper=f"{prefix}{last:x};")
    else:
        span = _beginning_with(column, prefix) if prefix else Span(column=column, lower="0", upper="g")
    tests = [_hextet(name, prefix, ends)] if ends else []
    if not prefix:
        tests.insert(0, Condition(f"instr({name}, ':') > 0"))
    return [Filter(span=span, test=every(tests))]


def _text(groups: list[int]) -> str:
    return "".join(f"{group:x}:" for group in groups)


def _beginning_with(column: str, prefix: str) -> Span:
    """Return the range of values that begin with the prefix, which ends with a separator."""
    return Span(column=column, lower=prefix, upper=prefix[:-1] + chr(ord(prefix[-1]) + 1))


def _hextet(whole: str, prefix: str, ends: tuple[int, int]) -> Condition:
    """Build the condition that the hextet after `prefix` is in this range; an empty one is the zero of a `::`."""
    rest = f"substr({whole}, {len(prefix) + 1})"
    digits = f"substr('0000' || substr({rest}, 1, instr({rest} || ':', ':') - 1), -4)"
    return Condition(f"{digits} BETWEEN ? AND ?", tuple(f"{end:04x}" for end in ends))


def _behind_zeros(name: str, prefix: str, ends: tuple[int, int] | None) -> Condition:
    """Like `_hextet`, optionally, for addresses that begin with `prefix` once `::` is expanded."""
    tests = [Condition(f"substr(whole, 1, {len(prefix)}) = ?", (prefix,))]
    if ends is not None:
        tests.append(_hextet("whole", prefix, ends))
    test = every(tests)
    return Condition(f"(SELECT {test.sql} FROM ({_written_out(name)}))", test.parameters)


def _written_out(name: str) -> str:
    """Build the SQL that expands `::`: a 0 is added at an open end, then the zeros missing from eight groups."""
    closed = f"iif(substr({name}, 1, 1) = ':', '0', '') || {name} || iif(substr({name}, -1) = ':', '0', '')"
    zeros = "substr(':0:0:0:0:0:0:0:', 1, 17 - 2 * (length(closed) - length(replace(closed, ':', ''))))"
    return f"SELECT replace(closed, '::', {zeros}) AS whole FROM (SELECT {closed} AS closed)"
