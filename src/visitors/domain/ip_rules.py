"""Normalise IP addresses and networks; InvalidData for anything else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from visitors.domain.normalise import short, text
from visitors.errors import InvalidData

if TYPE_CHECKING:
    import ipaddress

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"(?a){_OCTET}(?:\.{_OCTET}){{3}}"
_BITS = r"(?a)\d{1,3}"
_MAPPED = 96
"""The number of bits before an IPv4 address mapped into IPv6."""
_WITH_PORT = rf"(?a)(?:({_OCTET}(?:\.{_OCTET}){{3}})|\[([0-9A-Fa-f:.]+)\])(?::(\d{{1,5}}))?"
_LAST_PORT = 65_535


def ip(value: str, field: str = "ip") -> str:
    """Normalise an IPv4 or IPv6 address to its canonical text (RFC 5952); an IPv4-mapped IPv6 address becomes IPv4. A
    port is dropped: `203.0.113.7:443`, `[2001:db8::7]:443`. Raises InvalidData.
    """
    address = text(value, field)
    if re.fullmatch(_IPV4, address):
        return address  # already canonical; the rest takes four times as long
    found = _address(_without_port(address))
    if found is None:
        # the first of a proxy's list is the client; a zone id is meaningful on one machine only
        first = _address(_without_port(re.split("[,%]", address)[0].strip()))
        raise InvalidData(
            f"{field} {short(value)!r} is not an IP address",
            field=field,
            code="invalid_ip",
            hint=f"did you mean {first}?" if first else "use an address such as 203.0.113.7 or 2001:db8::7",
        )
    return found


def _address(text_: str) -> str | None:
    """Return the canonical form of an address; None if it is not one."""
    import ipaddress

    try:
        # Reject zone ids (fe80::1%eth0), which may be any text, and netmasks.
        parsed = ipaddress.ip_address(text_.replace("%", "/"))
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def _without_port(address: str) -> str:
    match = re.fullmatch(_WITH_PORT, address)
    if match is None or int(match[3] or 0) > _LAST_PORT:
        return address
    return match[1] or match[2]


def ip_or_network(value: str, field: str = "ip") -> str:
    """Normalise an address as `ip` does, or a network in CIDR notation: `203.0.113.0/24`, `2001:db8::/32`.

    As in PostgreSQL's `cidr` type, host bits must be zero: `203.0.113.7/24` could mean the address or the network. A
    network inside `::ffff:0:0/96` becomes IPv4, and a network of one address that address. Raises InvalidData.
    """
    network = text(value, field)
    address, slash, bits = network.partition("/")
    if not slash:
        return ip(value, field)
    import ipaddress

    try:
        # reject netmasks and zone ids, which have another meaning elsewhere
        is_plain = re.fullmatch(_BITS, bits) and "%" not in address
        meant = ipaddress.ip_interface(network if is_plain else "")
    except ValueError:
        raise InvalidData(
            f"{field} {short(value)!r} is not an IP address or network",
            field=field,
            code="invalid_ip",
            hint="use a network such as 203.0.113.0/24 or 2001:db8::/32",
        ) from None
    if meant.ip != meant.network.network_address:
        raise InvalidData(
            f"{field} {short(value)!r} has host bits set",
            field=field,
            code="invalid_ip",
            hint=f"did you mean the network {meant.network}, or the address {meant.ip}?",
        )
    return _network(meant.network)


def _network(found: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    address = found.network_address
    mapped = address.ipv4_mapped if address.version == 6 else None
    bits = found.prefixlen
    if mapped is not None and bits >= _MAPPED:
        address, bits = mapped, bits - _MAPPED
    return str(address) if bits == address.max_prefixlen else f"{address}/{bits}"
