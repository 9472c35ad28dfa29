"""Every field of visitors and contacts, one row each: its name, type, and how it is used.

Options, columns, SELECTs, exports, imports, fixtures, pseudonyms and masking are derived from these rows, so a field is
defined in one place. The defaults are the safe choice: no option, filter or sort; null in pseudonymised exports, and
masked in another person's data.

The typed classes (`Visitor`, `Contact`, `Identity`, `Selection` and the arguments of the Python API) are written out in
their own modules; a test checks them against this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from visitors.domain import email_rules, ip_rules, normalise
from visitors.domain.documents import document
from visitors.domain.well_known import BROWSERS, SYSTEMS

Type = Literal["text", "number", "boolean", "time", "document", "contact"]
Table = Literal["visitors", "contacts", "blocks"]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a record.

    Args:
        name: Its key in the machine formats.
        type: The type of its value. A `document` is a JSON object, stored as JSON text.
        stored_as: Its column, if not the name in snake case.
        computed: Whether it has no column and is computed when read.
        table: The table that has the column.
        rule: The normaliser of input; None if the field cannot be set as browser data or as a fact about a person.
        about: A short description, without a full stop.
        metavar: The placeholder of its option's value; the field has an option only if this is set.
        choices: The values that the option accepts, if limited.
        filter: How a selection can filter by it: `equal` values, the `prefix` of a language tag, a time `zone` under
            any of its names, or an address or `network`.
        filter_about: The description of its filter, if different from `about`.
        sorts: Whether listings can be sorted by it; for visitors this uses its index.
        indexed: Whether it has an index, TABLE_COLUMN, as every sort field of visitors does.
        ignores_case: Whether comparison and sorting ignore the case of ASCII letters.
        together: Fields with the same value here have few distinct combinations, and are parsed as a group.
        stand_in: Its replacement in a pseudonymised export: `keep` a value from a closed vocabulary, the `language` and
            its country, the `version` up to the first dot, the `day` of a time or the `day end`, a documentation
            `address`, a `document` with one key, or text with `{}` for a keyed hash. None: null.
        common: Values too common to identify anybody, kept in such an export whatever `stand_in` says.
        of_device: Whether it describes the device. If not, it is masked for the time when another person had the
            device.
    """

    name: str
    type: Type = "text"
    stored_as: str = ""
    computed: bool = False
    table: Table = "visitors"
    rule: Callable[[Any, str], Any] | None = None
    about: str = ""
    metavar: str | None = None
    choices: Sequence[str] = ()
    filter: Literal["equal", "prefix", "zone", "network"] | None = None
    filter_about: str = ""
    sorts: bool = False
    indexed: bool = False
    ignores_case: bool = False
    together: str = ""
    stand_in: str | None = None
    common: Sequence[str] = ()
    of_device: bool = False

    @property
    def column(self) -> str:
        """The column name."""
        return self.stored_as or snake(self.name)


def snake(name: str) -> str:
    """Convert `browserVersion` to `browser_version`, the form of columns and of the Python API's arguments."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def flag(name: str) -> str:
    """Convert `browserVersion` to `--browser-version`."""
    return "--" + snake(name).replace("_", "-")


_KEPT: dict[str, Any] = {"stand_in": "keep", "of_device": True}
_TIME: dict[str, Any] = {"type": "time", "stand_in": "day"}
_OF_CONTACT: dict[str, Any] = {"table": "contacts"}
_OF_BLOCK: dict[str, Any] = {"table": "blocks"}

CONTACT = (
    Field(name="id", **_OF_CONTACT, sorts=True, stand_in="c{}"),
    Field(
        name="externalId", **_OF_CONTACT, rule=normalise.external_id, sorts=True, stand_in="user-{}",
        about="User id in the application", metavar="ID",
    ),
    Field(
        name="name", **_OF_CONTACT, rule=normalise.text, sorts=True, stand_in="name-{}", about="Name", metavar="TEXT",
    ),
    Field(
        name="email", **_OF_CONTACT, rule=email_rules.email, sorts=True, stand_in="x{}@pseudonym.invalid",
        about="Email address", metavar="ADDRESS",
    ),
    Field(
        name="image", **_OF_CONTACT, rule=normalise.url, stand_in="https://pseudonym.invalid/{}",
        about="URL of a picture", metavar="URL",
    ),
    Field(name="metadata", **_OF_CONTACT, type="document", stand_in="document"),
    Field(name="metadataHash", **_OF_CONTACT),  # the hash of the replacement metadata is set later
    Field(name="isBlocked", **_OF_CONTACT, type="boolean", computed=True, stand_in="keep"),
    Field(name="createdAt", **_OF_CONTACT, sorts=True, **_TIME),
    Field(name="updatedAt", **_OF_CONTACT, sorts=True, **_TIME),
    Field(name="deletedAt", **_OF_CONTACT, **_TIME),
)  # fmt: skip
"""The fields of a contact, in machine format order."""

VISITOR = (
    Field(name="id", sorts=True, stand_in="v{}", of_device=True),
    Field(
        name="language", rule=normalise.language, about="Language, such as en-US", metavar="TAG", filter="prefix",
        filter_about="Language; en also matches en-US", sorts=True, together="locale", stand_in="language",
        of_device=True,
    ),
    Field(
        name="timezone", rule=normalise.timezone, about="IANA time zone, such as Europe/London", metavar="ZONE",
        filter="zone", sorts=True, together="locale", **_KEPT,
    ),
    Field(name="isBlocked", type="boolean", computed=True, **_KEPT),
    Field(name="contact", type="contact", stored_as="contact_id", **_KEPT),
    Field(
        name="fingerprint", rule=normalise.fingerprint, about="Fingerprint of browser and device", metavar="TEXT",
        filter="equal", indexed=True, stand_in="fp-{}", of_device=True,
    ),
    Field(
        name="browser", rule=normalise.text, about="Browser", metavar="NAME", filter="equal", sorts=True,
        ignores_case=True, together="machine", stand_in="browser-{}", common=BROWSERS, of_device=True,
    ),
    Field(
        name="browserVersion", rule=normalise.text, about="Browser version", metavar="VERSION",
        together="machine", stand_in="version", of_device=True,
    ),
    Field(
        name="os", rule=normalise.text, about="Operating system", metavar="NAME", filter="equal", sorts=True,
        ignores_case=True, together="machine", stand_in="os-{}", common=SYSTEMS, of_device=True,
    ),
    Field(
        name="osVersion", rule=normalise.text, about="Operating system version", metavar="VERSION",
        together="machine", stand_in="version", of_device=True,
    ),
    Field(
        name="device", rule=normalise.text, about="Device, such as iPhone", metavar="NAME", together="machine",
        stand_in="device-{}", of_device=True,
    ),
    Field(
        name="deviceType", rule=normalise.device_type, about="Device type", metavar="KIND",
        choices=normalise.DEVICE_TYPES, filter="equal", sorts=True, together="machine", **_KEPT,
    ),
    Field(
        name="ip", rule=ip_rules.ip, about="IPv4 or IPv6 address", metavar="ADDRESS", filter="network",
        filter_about="IPv4 or IPv6 address, or network such as 203.0.113.0/24", indexed=True, stand_in="address",
    ),
    Field(name="city", rule=normalise.text, about="City", metavar="NAME", together="place"),
    Field(name="region", rule=normalise.text, about="Region", metavar="NAME", together="place"),
    Field(name="country", rule=normalise.text, about="Country", metavar="NAME", together="place"),
    Field(
        name="countryCode", rule=normalise.country_code, about="Two-letter country code, such as DE", metavar="CODE",
        filter="equal", sorts=True, together="place", stand_in="keep",
    ),
    Field(
        name="latitude", type="number", rule=normalise.latitude, about="Latitude, from -90 to 90", metavar="DEGREES",
        together="place",
    ),
    Field(
        name="longitude", type="number", rule=normalise.longitude, about="Longitude, from -180 to 180",
        metavar="DEGREES", together="place",
    ),
    Field(
        name="screenResolution", rule=normalise.size, about="Screen size in pixels, such as 1920x1080",
        metavar="WxH", together="screen", **_KEPT,
    ),
    Field(
        name="viewport", rule=normalise.size, about="Window size in pixels", metavar="WxH", together="screen",
        of_device=True,
    ),
    Field(
        name="attribution", type="document", rule=document, about="Where it came from: any JSON object",
        stand_in="document",
    ),
    Field(
        name="currentPage", type="document", rule=document, about="Where it is: any JSON object",
        stand_in="document",
    ),
    Field(name="blockedAt", **_OF_BLOCK, **_TIME, of_device=True),
    Field(name="blockedBy", **_OF_BLOCK, stand_in="agent-{}", of_device=True),
    Field(name="blockReason", **_OF_BLOCK, stored_as="reason", stand_in="reason-{}", of_device=True),
    Field(
        name="blockExpiresAt", **_OF_BLOCK, stored_as="expires_at", type="time", stand_in="day end", of_device=True,
    ),
    Field(name="createdAt", sorts=True, **_TIME, of_device=True),
    Field(name="updatedAt", sorts=True, **_TIME, of_device=True),
    Field(name="lastSeenAt", sorts=True, **_TIME, of_device=True),
    Field(name="deletedAt", **_TIME, of_device=True),
)  # fmt: skip
"""The fields of a visitor, in machine format order."""

BROWSER_DATA: Mapping[str, Field] = {field.name: field for field in VISITOR if field.rule is not None}
"""The fields that a browser reports, by name."""

PERSON: Mapping[str, Field] = {field.name: field for field in CONTACT if field.rule is not None}
"""The fields of a person that an application sets, by name, except the metadata."""

FLAT: Mapping[str, Field] = {
    path: field
    for whole in VISITOR
    for path, field in (
        [(f"contact.{field.name}", field) for field in CONTACT] if whole.type == "contact" else [(whole.name, whole)]
    )
}
"""The fields of a visitor by path, those of its contact as `contact.email`: the columns of a CSV export."""

FILTERS: Mapping[str, Field] = {snake(field.name): field for field in VISITOR if field.filter is not None}
"""The filterable fields, by filter name."""


def of_type(fields: Mapping[str, Field] | Iterable[Field], type_: Type) -> frozenset[str]:
    """Return the names of the `fields` of this type, or their paths if `fields` is keyed by path."""
    named = fields.items() if isinstance(fields, Mapping) else ((field.name, field) for field in fields)
    return frozenset(name for name, field in named if field.type == type_)


def columns(fields: Iterable[Field], table: Table) -> dict[str, str]:
    """Map names to columns for the `fields` stored in their table."""
    return {field.name: field.column for field in fields if field.table == table and not field.computed}


def sortable(fields: Iterable[Field]) -> dict[str, str]:
    """Map names to columns for the sortable `fields`."""
    return {field.name: field.column for field in fields if field.sorts}


def groups(fields: Iterable[Field]) -> list[list[str]]:
    """Return the names of `fields` in order, combining consecutive ones with the same `together` into one group."""
    found: list[list[str]] = []
    last = ""
    for field in fields:
        if field.together and field.together == last:
            found[-1].append(field.name)
        else:
            found.append([field.name])
        last = field.together
    return found
