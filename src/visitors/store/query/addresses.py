"""IP addresses by their networks, as SQL over the canonical text in which the store has them.

The texts of all addresses in a network begin alike, as far as whole octets or hextets go, so that they lie in ranges
of the index. Nothing else does where the network ends with an octet, or with a hextet and has no zero. Else each
address is tested: by the octet or hextet in which the network ends, and behind zeros with the `::` written out. That
is plain SQL, which also a server understands.
"""

from __future__ import annotations

from visitors.store.query.listing import Condition, Span, every
from visitors.store.query.plans import Filter

_OCTET, _HEXTET = 8, 16


def in_network(alias: str, column: str, network: str) -> list[Filter]:
    """Filters of which one or another matches the rows of the table `alias` with an address in the network."""
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
    # an octet is followed by a dot or by nothing, and / comes right after the dot
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
    if 0 in fixed:  # it may be written out, or be in the ::
        prefix = _text(fixed[: fixed.index(0)])
        test = _behind_zeros(name, _text(fixed), ends)
        return [Filter(span=_beginning_with(column, prefix + zero), test=test) for zero in (":", "0:")]
    prefix = _text(fixed)
    if not rest and fixed:
        return [Filter(span=_beginning_with(column, prefix))]
    if first:  # then all have as many digits, and are in the order of their text
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
    """The values that begin with the prefix, which ends with a separator."""
    return Span(column=column, lower=prefix, upper=prefix[:-1] + chr(ord(prefix[-1]) + 1))


def _hextet(whole: str, prefix: str, ends: tuple[int, int]) -> Condition:
    """What holds where the hextet behind `prefix` lies in this range; nothing there is the zero of a `::`."""
    rest = f"substr({whole}, {len(prefix) + 1})"
    digits = f"substr('0000' || substr({rest}, 1, instr({rest} || ':', ':') - 1), -4)"
    return Condition(f"{digits} BETWEEN ? AND ?", tuple(f"{end:04x}" for end in ends))


def _behind_zeros(name: str, prefix: str, ends: tuple[int, int] | None) -> Condition:
    """As `_hextet`, if any, and that the address begins with `prefix`, once its `::` is written out."""
    tests = [Condition(f"substr(whole, 1, {len(prefix)}) = ?", (prefix,))]
    if ends is not None:
        tests.append(_hextet("whole", prefix, ends))
    test = every(tests)
    return Condition(f"(SELECT {test.sql} FROM ({_written_out(name)}))", test.parameters)


def _written_out(name: str) -> str:
    """What selects the address without `::`: closed by a 0 at an end, that is as many zeros as groups lack of eight."""
    closed = f"iif(substr({name}, 1, 1) = ':', '0', '') || {name} || iif(substr({name}, -1) = ':', '0', '')"
    zeros = "substr(':0:0:0:0:0:0:0:', 1, 17 - 2 * (length(closed) - length(replace(closed, ':', ''))))"
    return f"SELECT replace(closed, '::', {zeros}) AS whole FROM (SELECT {closed} AS closed)"
