"""What is said of a person, checked and normalised: an external id, an email, a name, metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from visitors.domain import normalise
from visitors.domain.metadata import Metadata, parse_metadata
from visitors.errors import InvalidData, UsageProblem

CLEARABLE = ("name", "email", "image", "metadata")
CLEARABLE_OF_CONTACT = ("externalId", *CLEARABLE)


class Identity(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What was said about a person, normalised. None means 'not said'.

    `contact_id` and `is_deleted` are what an export of a store says; nobody types them.
    """

    contact_id: str | None = None
    is_deleted: bool = False
    external_id: str | None = None
    email: str | None = None
    name: str | None = None
    image: str | None = None
    metadata: Metadata | None = None
    clear: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    replace_metadata: bool = False

    @property
    def says_something(self) -> bool:
        """Whether it would set or clear anything."""
        return self != Identity()

    @property
    def names_somebody(self) -> bool:
        """Whether it can tell one person from another."""
        return self.external_id is not None or self.email is not None or self.contact_id is not None


def parse_identity(values: Mapping[str, object], clearable: tuple[str, ...] = CLEARABLE) -> Identity:
    """An Identity from public field names (`externalId email name image metadata clear unset
    replaceMetadata`); None means 'not said'.

    Raises InvalidData for a value that breaks its rule and UsageProblem for contradictions.
    """
    texts: list[str | None] = []
    for field, normalise_text in _NORMALISE.items():
        value = values.get(field)
        texts.append(None if value is None else normalise_text(_as_text(value, field), field))
    external_id, email, name, image = texts
    metadata = values.get("metadata")
    identity = Identity(
        external_id=external_id,
        email=email,
        name=name,
        image=image,
        metadata=None if metadata is None else parse_metadata(metadata),
    )
    return identity if _TAKING_AWAY.isdisjoint(values) else _taking_away(identity, values, clearable)


def _as_text(value: object, field: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and field == "externalId":
        return str(value)  # row_to_json and friends print numeric keys as numbers
    if not isinstance(value, str):
        raise InvalidData(f"{field} is not a string", field=field, code="invalid_type")
    return value


def _taking_away(identity: Identity, values: Mapping[str, object], clearable: tuple[str, ...]) -> Identity:
    """The identity with what else is said: what is to be cleared, unset or replaced."""
    clear = _names(values.get("clear"), "clear")
    unset = _names(values.get("unset"), "unset")
    replace_metadata = _flag(values.get("replaceMetadata"), "replaceMetadata")
    for field in clear:
        if field not in clearable:
            raise UsageProblem(f"{field!r} cannot be cleared", hint="one of " + ", ".join(clearable))
        if values.get(field) is not None:
            raise UsageProblem(f"{field} is both given and cleared")
    for key in unset:
        if key in (identity.metadata or {}):
            raise UsageProblem(f"metadata key {key!r} is both set and unset")
    if replace_metadata and identity.metadata is None:
        raise UsageProblem("--replace-metadata needs the metadata that replaces it", hint="add --metadata K=V")
    return msgspec.structs.replace(identity, clear=clear, unset=unset, replace_metadata=replace_metadata)


def _names(value: object, field: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise InvalidData(f"{field} is not a list of names", field=field, code="invalid_type")
    return tuple(value)


def _flag(value: object, field: str) -> bool:
    if value is not None and not isinstance(value, bool):
        raise InvalidData(f"{field} is not true or false", field=field, code="invalid_type")
    return bool(value)


def _image(value: str, field: str) -> str:
    return normalise.text(value, field, normalise.URL_LIMIT)


_NORMALISE: dict[str, Callable[[str, str], str]] = {
    "externalId": normalise.external_id,
    "email": normalise.email,
    "name": normalise.text,
    "image": _image,
}
_TAKING_AWAY = {"clear", "unset", "replaceMetadata"}
