"""Normalise one value from outside to the form that the store keeps; InvalidData for anything else.

Everything but metadata values is trimmed. Text may contain any character except NUL and lone surrogates, which SQLite
cannot store; text that is dangerous on a terminal or in a spreadsheet is kept, and escaped when shown.
"""

from __future__ import annotations

import contextlib
import functools
import re

from visitors.domain.junk import is_junk, is_rounded
from visitors.errors import InvalidData

TEXT_LIMIT = 1_000
URL_LIMIT = 2_048
MESSAGE_LIMIT = 1_000_000
EXTERNAL_ID_LIMIT = 255

DEVICE_TYPES = ("desktop", "mobile", "tablet", "unknown")

# Patterns compile on first use, through re's own cache: compiling all of them would slow every start.
_LANGUAGE = r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*"
_WEIGHT = r"\s*;\s*q\s*=\s*[01](?:\.\d{0,3})?$"
_TIMEZONE = r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*"
_COUNTRY_CODE = r"[A-Za-z]{2}"
_TWO_LETTERS = "use two letters, such as DE"
_SIZE = r"(\d{1,6})\s*[x×X]\s*(\d{1,6})"
_DECIMAL = r"(?a)[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_SURROGATE = "[\ud800-\udfff]"
# Invisible characters (Unicode's Default_Ignorable_Code_Point, annotations, and the Braille blank): values that differ
# only by them look the same.
UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Trimmed from identifiers: white space, and invisible characters that copying leaves at the ends.
_ENDS = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d"
    "\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
# Files in a zoneinfo tree that are not zone names.
_NOT_ZONES = ("posix/", "right/", "posixrules", "localtime", "Factory")


def text(value: str, field: str, limit: int = TEXT_LIMIT) -> str:
    """Validate text of 1 to `limit` characters: trimmed, and composed (NFC), so that each text has one spelling."""
    inner = value.strip()
    if inner.isascii() and inner and len(inner) <= limit and "\0" not in inner:
        return inner  # the common case
    return trimmed(composed(value), field, limit)


def identifier(value: str, field: str, limit: int = TEXT_LIMIT) -> str:
    """Validate an identifier: like `text`, with invisible characters trimmed at the ends and rejected inside."""
    token = text(unseen_trimmed(value), field, limit)
    if token.isascii():
        return token
    unseen = re.search(f"[{UNSEEN}]", token)
    if unseen:
        raise InvalidData(
            f"{field} {short(value)!r} contains an invisible character (U+{ord(unseen[0]):04X})",
            field=field,
            code="unseen_character",
            hint="remove that character",
        )
    return token


def trimmed(value: str, field: str, limit: int) -> str:
    """Validate text of 1 to `limit` characters, trimmed and otherwise unchanged."""
    inner = value.strip()
    if not inner:
        raise InvalidData(f"{field} is empty", field=field, code="empty", hint=f"give it a value, or leave out {field}")
    return as_it_is(inner, field, limit)


def as_it_is(value: str, field: str, limit: int) -> str:
    """Validate text of at most `limit` characters, unchanged."""
    if len(value) > limit:
        raise InvalidData(
            f"{field} has {len(value):,} characters; the limit is {limit:,}", field=field, code="too_long"
        )
    if "\0" in value:
        raise InvalidData(f"{field} contains a NUL character", field=field, code="invalid_text")
    return encodable(value, field)


def encodable(value: str, field: str) -> str:
    """Refuse lone surrogates, which also stand for bytes of an argument that are not UTF-8."""
    if not value.isascii() and re.search(_SURROGATE, value):
        raise InvalidData(f"{field} contains a lone surrogate", field=field, code="invalid_text")
    return value


def url(value: str, field: str) -> str:
    """Validate a web address; any form is accepted."""
    return text(value, field, URL_LIMIT)


def external_id(value: str, field: str = "externalId") -> str:
    """Validate the application's own user id, keeping its case. Rejects placeholders sent by broken integrations."""
    token = identifier(value, field, EXTERNAL_ID_LIMIT)
    if is_junk(token):
        raise junk_error(
            value,
            field,
            "junk_external_id",
            hint="identify only after login, with your application's id of the user",
        )
    return token


def fingerprint(value: str, field: str = "fingerprint") -> str:
    """Validate a browser fingerprint. Rejects placeholders, which would be shared by all devices without one."""
    token = identifier(value, field)
    if is_junk(token):
        raise junk_error(value, field, "junk_fingerprint")
    return token


def junk_error(value: str, field: str, code: str, hint: str | None = None) -> InvalidData:
    """Make the error for a value that `is_junk`."""
    if is_rounded(value):
        return InvalidData(
            f"{field} {short(value)!r} is a number that a spreadsheet has rounded",
            field=field,
            code=code,
            hint="format the column as text where the number is still whole, and export it again",
        )
    return InvalidData(
        f"{field} {short(value)!r} is a placeholder and identifies nobody",
        field=field,
        code=code,
        hint=hint or f"leave out {field} if there is none",
    )


def language(value: str, field: str = "language") -> str:
    """Normalise a BCP 47 tag to its conventional case (RFC 5646, 2.1.1): `en-gb` -> `en-GB`. Accepts underscores, as in
    CLDR, and the weight of an Accept-Language header: `en_US`, `en-US;q=0.9`.
    """
    tag = text(value, field)
    if not re.fullmatch(_LANGUAGE, tag):
        tag = re.sub(_WEIGHT, "", tag.replace("_", "-"))
        if not re.fullmatch(_LANGUAGE, tag):
            raise _no_language(value, field)
    subtags = tag.lower().split("-")
    for position, subtag in enumerate(subtags[1:], start=1):
        if len(subtags[position - 1]) == 1:  # subtags after a singleton stay lower case
            break
        if len(subtag) == 2 and subtag.isalpha():
            subtags[position] = subtag.upper()
        elif len(subtag) == 4 and subtag.isalpha():
            subtags[position] = subtag.title()
    return "-".join(subtags)


def _no_language(value: str, field: str) -> InvalidData:
    """Make the error for an invalid language tag; suggests the first tag of a header, or of a locale name."""
    first = re.match(rf"({_LANGUAGE})\s*[,;.@]", value.strip().replace("_", "-"))
    return InvalidData(
        f"{field} {short(value)!r} is not a language tag",
        field=field,
        code="invalid_language",
        hint=f"did you mean {language(first[1])}?" if first else "use a BCP 47 tag such as en, en-US or zh-Hant-TW",
    )


def timezone(value: str, field: str = "timezone") -> str:
    """Validate an IANA time zone name, spelt exactly as in the database."""
    import zoneinfo

    name = text(value, field)
    if re.fullmatch(_TIMEZONE, name) and not name.startswith(_NOT_ZONES):
        with contextlib.suppress(zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return zoneinfo.ZoneInfo(name).key
    spelled = _zones_in_lower_case().get(name.lower())
    raise InvalidData(
        f"{field} {short(value)!r} is not an IANA time zone",
        field=field,
        code="invalid_timezone",
        hint=f"did you mean {spelled}?" if spelled else "use a name such as Europe/London",
    )


@functools.cache
def _zones_in_lower_case() -> dict[str, str]:
    """Map lower-case names to time zones; listing them takes milliseconds."""
    import zoneinfo

    return {zone.lower(): zone for zone in zoneinfo.available_timezones() if not zone.startswith(_NOT_ZONES)}


def country_code(value: str, field: str = "countryCode") -> str:
    """Validate an assigned ISO 3166-1 alpha-2 code, in upper case."""
    from visitors.domain.countries import COUNTRY_CODES, OTHER_CODES

    code = country_code_filter(value, field)
    if code not in COUNTRY_CODES:
        other = OTHER_CODES.get(code)
        raise _no_country_code(value, field, f"did you mean {other}?" if other else _TWO_LETTERS)
    return code


def country_code_filter(value: str, field: str = "countryCode") -> str:
    """Validate a country code in a filter: two letters in upper case, assigned or not, since a store may have old
    codes.
    """
    code = text(value, field)
    if not re.fullmatch(_COUNTRY_CODE, code):
        raise _no_country_code(value, field, _TWO_LETTERS)
    return code.upper()


def _no_country_code(value: str, field: str, hint: str) -> InvalidData:
    return InvalidData(
        f"{field} {short(value)!r} is not a country code", field=field, code="invalid_country_code", hint=hint
    )


def device_type(value: str, field: str = "deviceType") -> str:
    """Validate one of `desktop mobile tablet unknown`, in any letter case."""
    kind = text(value, field).lower()
    if kind not in DEVICE_TYPES:
        raise InvalidData(
            f"{field} {short(value)!r} is not a device type",
            field=field,
            code="invalid_device_type",
            hint="use one of " + ", ".join(DEVICE_TYPES),
        )
    return kind


def unseen_trimmed(value: str) -> str:
    """Strip white space and invisible characters from the ends of `value`."""
    return value.strip() if value.isascii() else value.strip(_ENDS)


def latitude(value: str | float, field: str = "latitude") -> float:
    """Validate degrees from -90 to 90."""
    return _degrees(value, field, 90)


def longitude(value: str | float, field: str = "longitude") -> float:
    """Validate degrees from -180 to 180."""
    return _degrees(value, field, 180)


def size(value: str, field: str) -> str:
    """Validate a width and height in pixels: `1920x1080`."""
    match = re.fullmatch(_SIZE, text(value, field))
    if not match:
        raise InvalidData(
            f"{field} {short(value)!r} is not a size",
            field=field,
            code="invalid_size",
            hint="use width x height in pixels, such as 1920x1080",
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
            f"{field} {short(str(value))!r} is not between -{limit} and {limit}",
            field=field,
            code="invalid_coordinates",
            hint="use decimal degrees, such as 52.52",
        )
    return degrees + 0.0  # -0.0 becomes 0.0


def short(value: str) -> str:
    """Return the input, trimmed and shortened, for an error message in which it can be recognised."""
    value = value.strip()
    return value if len(value) <= 60 else value[:60] + "…"


def spellings(value: str) -> tuple[str, ...]:
    """Return the spellings of `value` that unnormalised text may have: composed first, then decomposed."""
    if value.isascii():
        return (value,)
    import unicodedata

    return tuple(dict.fromkeys([*(unicodedata.normalize(form, value) for form in ("NFC", "NFD")), value]))


def composed(value: str) -> str:
    """Return the text in NFC."""
    import unicodedata

    return unicodedata.normalize("NFC", value)
