"""One value from outside -> the one form in which the store keeps it, or InvalidData.

Everything but the values of metadata is trimmed. Text holds any character but NUL and lone surrogates,
which SQLite cannot keep; what looks dangerous on a terminal or in a spreadsheet is data, and made harmless where shown.
"""

from __future__ import annotations

import contextlib
import functools
import re

from visitors.domain.junk import is_junk
from visitors.errors import InvalidData

TEXT_LIMIT = 1_000
URL_LIMIT = 2_048
MESSAGE_LIMIT = 1_000_000
EXTERNAL_ID_LIMIT = 255

DEVICE_TYPES = ("desktop", "mobile", "tablet", "unknown")

# Patterns are compiled when first used, by re's own cache: compiling them all would slow every start.
_LANGUAGE = r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*"
_WEIGHT = r"\s*;\s*q\s*=\s*[01](?:\.\d{0,3})?$"
_TIMEZONE = r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*"
_COUNTRY_CODE = r"[A-Za-z]{2}"
_TWO_LETTERS = "two letters, such as DE"
_SIZE = r"(\d{1,6})\s*[x×X]\s*(\d{1,6})"
_DECIMAL = r"(?a)[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_SURROGATE = "[\ud800-\udfff]"
# Characters that take no place of their own (Default_Ignorable_Code_Point of Unicode, and annotations): two values that
# differ by them alone look the same. And the blank of Braille.
UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# What is trimmed from an identifier: white space, and what copying leaves at the ends.
_ENDS = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d"
    "\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
# Files of a zoneinfo tree that are not names of zones.
_NOT_ZONES = ("posix/", "right/", "posixrules", "localtime", "Factory")


def text(value: str, field: str, limit: int = TEXT_LIMIT) -> str:
    """Trimmed text of 1 to `limit` characters, composed: there is one way of writing it (Unicode's NFC)."""
    inner = value.strip()
    if inner.isascii() and inner and len(inner) <= limit and "\0" not in inner:
        return inner  # as most is
    return trimmed(composed(value), field, limit)


def identifier(value: str, field: str, limit: int = TEXT_LIMIT) -> str:
    """As `text`, of what identifies somebody: what cannot be seen is trimmed, and refused inside."""
    token = text(unseen_trimmed(value), field, limit)
    if token.isascii():
        return token
    unseen = re.search(f"[{UNSEEN}]", token)
    if unseen:
        raise InvalidData(
            f"{field} {short(value)!r} has a character in it that cannot be seen (U+{ord(unseen[0]):04X})",
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
        f"{field} {short(value)!r} is a placeholder, not a value that identifies somebody",
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
        f"{field} {short(value)!r} is not a language tag",
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
        f"{field} {short(value)!r} is not an IANA time zone",
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
        f"{field} {short(value)!r} is not a country code", field=field, code="invalid_country_code", hint=hint
    )


def device_type(value: str, field: str = "deviceType") -> str:
    """One of `desktop mobile tablet unknown`, in any letter case."""
    kind = text(value, field).lower()
    if kind not in DEVICE_TYPES:
        raise InvalidData(
            f"{field} {short(value)!r} is not a device type",
            field=field,
            code="invalid_device_type",
            hint="one of " + ", ".join(DEVICE_TYPES),
        )
    return kind


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
            f"{field} {short(value)!r} is not a size",
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
            f"{field} {short(str(value))!r} is not between -{limit} and {limit}",
            field=field,
            code="invalid_coordinates",
            hint="decimal degrees, such as 52.52",
        )
    return degrees + 0.0  # -0.0 becomes 0.0


def short(value: str) -> str:
    """As it came, but for space around it, so that it can be found where it stands; not all of it if it is long."""
    value = value.strip()
    return value if len(value) <= 60 else value[:60] + "…"


def spellings(value: str) -> tuple[str, ...]:
    """How `value` may be written where texts are kept as they came: composed, which is first, and decomposed."""
    if value.isascii():
        return (value,)
    import unicodedata

    return tuple(dict.fromkeys([*(unicodedata.normalize(form, value) for form in ("NFC", "NFD")), value]))


def composed(value: str) -> str:
    """A text in Unicode's NFC."""
    import unicodedata

    return unicodedata.normalize("NFC", value)
