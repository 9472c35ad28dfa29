"""One value from outside -> the one form in which the store keeps it, or InvalidData.

Everything but the values of metadata is trimmed. Text holds any character but NUL and lone surrogates,
which SQLite cannot keep; what looks dangerous on a terminal or in a spreadsheet is data, and made harmless where shown.
"""

from __future__ import annotations

import contextlib
import functools
import re
from typing import TYPE_CHECKING

from visitors.domain.junk import ABSENT, is_junk, is_template
from visitors.errors import InvalidData

if TYPE_CHECKING:
    import ipaddress

TEXT_LIMIT = 1_000
URL_LIMIT = 2_048
MESSAGE_LIMIT = 1_000_000
EMAIL_LIMIT = 254
EXTERNAL_ID_LIMIT = 255

DEVICE_TYPES = ("desktop", "mobile", "tablet", "unknown")

# Patterns are compiled when first used, by re's own cache: compiling them all would slow every start.
#
# The "valid e-mail address" of the HTML standard, which every browser's form applies, with two
# differences: characters beyond ASCII pass (RFC 6531), and the domain needs a dot.
_LABEL = r"[a-z0-9\u00a1-\U0010ffff](?:[a-z0-9\u00a1-\U0010ffff-]{0,61}[a-z0-9\u00a1-\U0010ffff])?"
_DOMAIN_NAME = rf"{_LABEL}(?:\.{_LABEL})+"
_EMAIL = (
    r"[a-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
    r"(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+)*"
    rf"@{_DOMAIN_NAME}"
)
_LANGUAGE = r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*"
_WEIGHT = r"\s*;\s*q\s*=\s*[01](?:\.\d{0,3})?$"
_TIMEZONE = r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*"
_COUNTRY_CODE = r"[A-Za-z]{2}"
_TWO_LETTERS = "two letters, such as DE"
_SIZE = r"(\d{1,6})\s*[x×X]\s*(\d{1,6})"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"(?a){_OCTET}(?:\.{_OCTET}){{3}}"
_BITS = r"(?a)\d{1,3}"
_MAPPED = 96
"""How many bits come before an IPv4 address inside of IPv6."""
_WITH_PORT = rf"(?a)(?:({_OCTET}(?:\.{_OCTET}){{3}})|\[([0-9A-Fa-f:.]+)\])(?::(\d{{1,5}}))?"
_LAST_PORT = 65_535
_DECIMAL = r"(?a)[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_SURROGATE = "[\ud800-\udfff]"
# Characters that take no place of their own (Default_Ignorable_Code_Point of Unicode, and annotations): two values that
# differ by them alone look the same. And the blank of Braille.
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# What is trimmed from an identifier: white space, and what copying leaves at the ends.
_ENDS = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d"
    "\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_DOTS = "[.\u3002\uff0e\uff61]"
# Files of a zoneinfo tree that are not names of zones.
_NOT_ZONES = ("posix/", "right/", "posixrules", "localtime", "Factory")


def text(value: str, field: str, limit: int = TEXT_LIMIT) -> str:
    """Trimmed text of 1 to `limit` characters, composed: there is one way of writing it (Unicode's NFC)."""
    inner = value.strip()
    if inner.isascii() and inner and len(inner) <= limit and "\0" not in inner:
        return inner  # as most is
    return trimmed(_composed(value), field, limit)


def identifier(value: str, field: str, limit: int = TEXT_LIMIT) -> str:
    """As `text`, of what identifies somebody: what cannot be seen is trimmed, and refused inside."""
    token = text(unseen_trimmed(value), field, limit)
    if token.isascii():
        return token
    unseen = re.search(f"[{_UNSEEN}]", token)
    if unseen:
        raise InvalidData(
            f"{field} {_short(value)!r} has a character in it that cannot be seen (U+{ord(unseen[0]):04X})",
            field=field,
            code="unseen_character",
            hint="leave that character out",
        )
    return token


def trimmed(value: str, field: str, limit: int) -> str:
    """Text of 1 to `limit` characters without white space around it, and otherwise as it is."""
    inner = value.strip()
    if not inner:
        raise InvalidData(f"{field} is empty", field=field, code="empty", hint=f"leave {field} out to keep it")
    return as_it_is(inner, field, limit)


def as_it_is(value: str, field: str, limit: int) -> str:
    """Text of at most `limit` characters, in which nothing is changed."""
    if len(value) > limit:
        raise InvalidData(
            f"{field} has {len(value):,} characters; the limit is {limit:,}", field=field, code="too_long"
        )
    if "\0" in value:
        raise InvalidData(f"{field} contains a NUL character", field=field, code="invalid_text")
    if not value.isascii() and re.search(_SURROGATE, value):
        raise InvalidData(f"{field} contains a lone surrogate", field=field, code="invalid_text")
    return value


def url(value: str, field: str) -> str:
    """An address on the web, of any form."""
    return text(value, field, URL_LIMIT)


def email(value: str, field: str = "email") -> str:
    """An email address in lower case, its domain as people write it, not as `xn--`. `+tag` and dots stay: they can be
    different people.
    """
    address = identifier(value, field).lower()
    if (not address.isascii() or "xn--" in address) and len(address) <= EMAIL_LIMIT:
        name, at, domain = address.rpartition("@")
        address = f"{_composed(name)}{at}{_domain(domain)}"
    if len(address) > EMAIL_LIMIT or not address.isprintable() or not re.fullmatch(_EMAIL, address):
        raise InvalidData(
            f"{field} {_short(value)!r} is not an email address",
            field=field,
            code="invalid_email",
            hint="an address looks like name@example.com",
        )
    name, _, domain = address.partition("@")
    if is_template(name) or (name in ABSENT and domain.startswith(f"{name}.")):
        raise refused_junk(value, field, "junk_email")
    return address


def email_domain(value: str, field: str = "emailDomain") -> str:
    """What stands behind the @ of an email address, as `email` writes it; an @ before it is left out."""
    domain = identifier(value, field).lower().removeprefix("@")
    if len(domain) <= EMAIL_LIMIT:
        domain = _domain(domain)
    if len(domain) > EMAIL_LIMIT or not domain.isprintable() or not re.fullmatch(_DOMAIN_NAME, domain):
        raise InvalidData(
            f"{field} {_short(value)!r} is not the domain of an email address",
            field=field,
            code="invalid_domain",
            hint="a domain looks like example.com",
        )
    return domain


def external_id(value: str, field: str = "externalId") -> str:
    """The application's own user id, case kept. Refuses what a broken integration sends instead."""
    token = identifier(value, field, EXTERNAL_ID_LIMIT)
    if is_junk(token):
        raise refused_junk(
            value,
            field,
            "junk_external_id",
            hint="identify only after login, with the id that your application uses for the user",
        )
    return token


def fingerprint(value: str, field: str = "fingerprint") -> str:
    """What tells a browser and device from others. Refuses what all that have none would share."""
    token = identifier(value, field)
    if is_junk(token):
        raise refused_junk(value, field, "junk_fingerprint")
    return token


def refused_junk(value: str, field: str, code: str, hint: str | None = None) -> InvalidData:
    """The refusal of a value that `is_junk`."""
    return InvalidData(
        f"{field} {_short(value)!r} is a placeholder, not a value that identifies somebody",
        field=field,
        code=code,
        hint=hint or f"leave {field} out where there is none",
    )


def language(value: str, field: str = "language") -> str:
    """A BCP 47 tag in its conventional case (RFC 5646, 2.1.1): `en-gb` -> `en-GB`. It may be written with underscores,
    as CLDR does, and with the weight that it has in an Accept-Language header: `en_US`, `en-US;q=0.9`.
    """
    tag = text(value, field)
    if not re.fullmatch(_LANGUAGE, tag):
        tag = re.sub(_WEIGHT, "", tag.replace("_", "-"))
        if not re.fullmatch(_LANGUAGE, tag):
            raise _no_language(value, field)
    subtags = tag.lower().split("-")
    for position, subtag in enumerate(subtags[1:], start=1):
        if len(subtags[position - 1]) == 1:  # what follows a singleton stays lower case
            break
        if len(subtag) == 2 and subtag.isalpha():
            subtags[position] = subtag.upper()
        elif len(subtag) == 4 and subtag.isalpha():
            subtags[position] = subtag.title()
    return "-".join(subtags)


def _no_language(value: str, field: str) -> InvalidData:
    """The error for what is no language tag, with the first one in it: of a header, or of the name of a locale."""
    first = re.match(rf"({_LANGUAGE})\s*[,;.@]", value.strip().replace("_", "-"))
    return InvalidData(
        f"{field} {_short(value)!r} is not a language tag",
        field=field,
        code="invalid_language",
        hint=f"did you mean {language(first[1])}?" if first else "a BCP 47 tag such as en, en-US or zh-Hant-TW",
    )


def timezone(value: str, field: str = "timezone") -> str:
    """An IANA time zone name, exactly as the database spells it."""
    import zoneinfo

    name = text(value, field)
    if re.fullmatch(_TIMEZONE, name) and not name.startswith(_NOT_ZONES):
        with contextlib.suppress(zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return zoneinfo.ZoneInfo(name).key
    spelled = _zones_in_lower_case().get(name.lower())
    raise InvalidData(
        f"{field} {_short(value)!r} is not an IANA time zone",
        field=field,
        code="invalid_timezone",
        hint=f"did you mean {spelled}?" if spelled else "a name such as Europe/London",
    )


@functools.cache
def _zones_in_lower_case() -> dict[str, str]:
    """Time zones by their names in lower case; to list them takes milliseconds."""
    import zoneinfo

    return {zone.lower(): zone for zone in zoneinfo.available_timezones() if not zone.startswith(_NOT_ZONES)}


def country_code(value: str, field: str = "countryCode") -> str:
    """An ISO 3166-1 alpha-2 code that is assigned, in upper case."""
    from visitors.domain.countries import COUNTRY_CODES, OTHER_CODES

    code = country_code_sought(value, field)
    if code not in COUNTRY_CODES:
        other = OTHER_CODES.get(code)
        raise _no_country_code(value, field, f"did you mean {other}?" if other else _TWO_LETTERS)
    return code


def country_code_sought(value: str, field: str = "countryCode") -> str:
    """Two letters in upper case, assigned or not: a store may have codes from before they were looked up."""
    code = text(value, field)
    if not re.fullmatch(_COUNTRY_CODE, code):
        raise _no_country_code(value, field, _TWO_LETTERS)
    return code.upper()


def _no_country_code(value: str, field: str, hint: str) -> InvalidData:
    return InvalidData(
        f"{field} {_short(value)!r} is not a country code", field=field, code="invalid_country_code", hint=hint
    )


def device_type(value: str, field: str = "deviceType") -> str:
    """One of `desktop mobile tablet unknown`, in any letter case."""
    kind = text(value, field).lower()
    if kind not in DEVICE_TYPES:
        raise InvalidData(
            f"{field} {_short(value)!r} is not a device type",
            field=field,
            code="invalid_device_type",
            hint="one of " + ", ".join(DEVICE_TYPES),
        )
    return kind


def ip(value: str, field: str = "ip") -> str:
    """An IPv4 or IPv6 address in its canonical text form (RFC 5952); one of IPv4 inside IPv6 as that of IPv4. A port is
    left out: `203.0.113.7:443`, `[2001:db8::7]:443`.
    """
    address = text(value, field)
    if re.fullmatch(_IPV4, address):
        return address  # is its own canonical form; what follows takes four times as long
    found = _address(_without_port(address))
    if found is None:
        # of several, as proxies list them, the first is where it came from; a zone means something on one machine only
        first = _address(_without_port(re.split("[,%]", address)[0].strip()))
        raise InvalidData(
            f"{field} {_short(value)!r} is not an IP address",
            field=field,
            code="invalid_ip",
            hint=f"did you mean {first}?" if first else "an address such as 203.0.113.7 or 2001:db8::7",
        )
    return found


def _address(text_: str) -> str | None:
    """The canonical form of an address; None for what is none."""
    import ipaddress

    try:
        # A zone (fe80::1%eth0) may be any text: refuse it as a netmask is.
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
    """An address as `ip` has it, or a network in CIDR notation: `203.0.113.0/24`, `2001:db8::/32`.

    As for the type `cidr` of PostgreSQL, no bit may be set to the right of the netmask: who writes `203.0.113.7/24` may
    mean the address as well as the network. A network inside of `::ffff:0:0/96` is that of IPv4, one of a single
    address that address.
    """
    network = text(value, field)
    address, slash, bits = network.partition("/")
    if not slash:
        return ip(value, field)
    import ipaddress

    try:
        # neither a netmask nor a zone, which mean something else to others
        is_plain = re.fullmatch(_BITS, bits) and "%" not in address
        meant = ipaddress.ip_interface(network if is_plain else "")
    except ValueError:
        raise InvalidData(
            f"{field} {_short(value)!r} is not an IP address or network",
            field=field,
            code="invalid_ip",
            hint="a network such as 203.0.113.0/24 or 2001:db8::/32",
        ) from None
    if meant.ip != meant.network.network_address:
        raise InvalidData(
            f"{field} {_short(value)!r} has bits set to the right of its netmask",
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


def unseen_trimmed(value: str) -> str:
    """`value` without white space around it, and without what cannot be seen there."""
    return value.strip() if value.isascii() else value.strip(_ENDS)


def latitude(value: str | float, field: str = "latitude") -> float:
    """Degrees from -90 to 90."""
    return _degrees(value, field, 90)


def longitude(value: str | float, field: str = "longitude") -> float:
    """Degrees from -180 to 180."""
    return _degrees(value, field, 180)


def size(value: str, field: str) -> str:
    """Width and height in pixels: `1920x1080`."""
    match = re.fullmatch(_SIZE, text(value, field))
    if not match:
        raise InvalidData(
            f"{field} {_short(value)!r} is not a size",
            field=field,
            code="invalid_size",
            hint="width x height in pixels, such as 1920x1080",
        )
    return f"{int(match[1])}x{int(match[2])}"


def _degrees(value: str | float, field: str, limit: int) -> float:
    try:
        is_number = not isinstance(value, str) or re.fullmatch(_DECIMAL, value.strip())
        degrees = float(value if is_number else "nan")
    except (ValueError, OverflowError):
        degrees = float("nan")
    if not -limit <= degrees <= limit:
        raise InvalidData(
            f"{field} {_short(str(value))!r} is not between -{limit} and {limit}",
            field=field,
            code="invalid_coordinates",
            hint="decimal degrees, such as 52.52",
        )
    return degrees + 0.0  # -0.0 becomes 0.0


def _short(value: str) -> str:
    """As it came, but for space around it, so that it can be found where it stands; not all of it if it is long."""
    value = value.strip()
    return value if len(value) <= 60 else value[:60] + "…"


def spellings(value: str) -> tuple[str, ...]:
    """How `value` may be written where texts are kept as they came: composed, which is first, and decomposed."""
    if value.isascii():
        return (value,)
    import unicodedata

    return tuple(dict.fromkeys([*(unicodedata.normalize(form, value) for form in ("NFC", "NFD")), value]))


def _composed(value: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", value)


@functools.lru_cache(1_024)
def _domain(domain: str) -> str:
    """The domain of an email with each label in Unicode, by UTS 46 and IDNA 2008."""
    if domain.isascii() and "xn--" not in domain:
        return domain
    return ".".join(_label(label) for label in re.split(_DOTS, domain))


def _label(label: str) -> str:
    if label.isascii() and not label.startswith("xn--"):
        return label
    import idna

    try:
        shown = idna.decode(idna.encode(label, uts46=True))
    except UnicodeError:
        shown = _any_label(label)
    is_seen = shown.isprintable() and not re.search(f"[{_UNSEEN}]", shown)
    return shown if is_seen else label


def _any_label(label: str) -> str:
    """A label that IDNA 2008 has not, such as one of emoji, which some registries give out nevertheless."""
    if not label.isascii():
        return _composed(label)
    with contextlib.suppress(UnicodeError):
        shown = label.removeprefix("xn--").encode().decode("punycode")
        again = _composed(shown.lower())
        if not shown.isascii() and shown == again and label == "xn--" + shown.encode("punycode").decode():
            return shown
    return label
