"""Named stores: a settings file in the platform's configuration folder says where they are, and which confirm changes.

    [stores.prod]
    db = "/srv/visitors/prod.db"
    confirm = true

It is read only when a store is given by name, or when all are listed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from visitors.domain.spelling import one_of
from visitors.errors import InvalidData, UsageProblem
from visitors.location import settings_file

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""Names need no quoting in TOML, in a shell, and in a sentence."""
_TYPES: dict[str, type] = {"db": str, "confirm": bool, "token_file": str, "insecure_http": bool}
_TYPE_NAMES = {str: "a string", bool: "true or false"}


class NamedStore(msgspec.Struct, frozen=True):
    """An entry of the settings file. `token_file` and `insecure_http` apply to servers."""

    name: str
    db: str
    confirm: bool = False
    token_file: str | None = None
    insecure_http: bool = False


def find(name: str) -> NamedStore:
    """Return the store called `name`. Raises UsageProblem if there is none, and InvalidData for an invalid file."""
    stores = read()
    if name in stores:
        return stores[name]
    if not stores:
        hint = f'add it to {settings_file()}: [stores.{name}], then db = "..."' if _NAME.fullmatch(name) else None
        raise UsageProblem(f"no store is named {name!r}", code="unknown_store", hint=hint)
    raise UsageProblem(f"no store is named {name!r}", code="unknown_store", hint=one_of(name, stores, "the stores are"))


def read() -> dict[str, NamedStore]:
    """Read all stores of the settings file, in its order; none if there is no file. Raises InvalidData."""
    import tomllib

    path = Path(settings_file())
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError:
        raise _invalid(f"{path} is not UTF-8") from None
    except OSError as error:
        raise _invalid(f"cannot read {path}: {error.strerror}") from None
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, str(error), text) from None
    _refuse_unknown(path, "the file", settings, ["stores"])
    stores = settings.get("stores", {})
    if not isinstance(stores, dict):
        raise _invalid(f"{path}: stores must be a table", hint='use [stores.NAME], then db = "..."')
    return {name: _named(path, name, table) for name, table in stores.items()}


def _named(path: Path, name: str, table: Any) -> NamedStore:
    where = f"[stores.{name}]"
    if not _NAME.fullmatch(name):
        raise _invalid(f"{path}: {name!r} is not a valid name for a store", hint="use letters, digits, _ and -")
    if not isinstance(table, dict):
        raise _invalid(f"{path}: stores.{name} must be a table", hint=f'use {where}, then db = "..."')
    _refuse_unknown(path, where, table, _TYPES)
    for key, value in table.items():
        if not isinstance(value, _TYPES[key]):
            raise _invalid(f"{path}: {where} {key} must be {_TYPE_NAMES[_TYPES[key]]}")
    if not table.get("db"):
        raise _invalid(f"{path}: {where} has no db", hint='add db = "/path/to/visitors.db"')
    found = NamedStore(name=name, **table)
    if "://" in found.db:
        _refuse_credentials(path, where, found.db)
    else:
        _refuse_relative(path, where, "db", found.db)
        for key in ("token_file", "insecure_http"):
            if key in table:
                raise _invalid(f"{path}: {where} has {key}, which needs a server, but db is a file")
    if found.token_file is not None:
        _refuse_relative(path, where, "token_file", found.token_file)
    return found


def _refuse_unknown(path: Path, where: str, table: dict[str, Any], known: Any) -> None:
    for key in table:
        if key not in known:
            raise _invalid(f"{path}: {where} has an unknown key {key!r}", hint=one_of(key, known, "the keys are"))


def _refuse_relative(path: Path, where: str, key: str, value: str) -> None:
    """Refuse paths whose meaning depends on the working directory, and those that no system has."""
    if "\0" in value or not (value.startswith("~") or Path(value).is_absolute()):
        raise _invalid(
            f"{path}: {where} {key} {value!r} is not an absolute path", hint="use a path that starts with / or ~/"
        )


def _refuse_credentials(path: Path, where: str, url: str) -> None:
    """Refuse a URL that may contain a secret, and quote nothing of it."""
    if "@" in url or "?" in url or "#" in url:
        raise _invalid(
            f"{path}: {where} db is a URL with more than a host and a port, such as a password or token",
            code="credentials_in_url",
            hint='put the token in a private file: token_file = "~/.visitors-token"',
        )


def _not_toml(path: Path, reason: str, text: str) -> InvalidData:
    """Return the error for a reason of tomllib, which ends with `(at line 2, column 6)` or `(at end of document)`."""
    what, _, place = reason.rpartition(" (at ")
    found = re.match(r"line (\d+), column (\d+)\)", place)
    line = f"line {found[1]}, column {found[2]}" if found else f"line {text.count(chr(10)) + 1}"
    what = what or reason
    return _invalid(f"{path}, {line}: {what[:1].lower()}{what[1:]}", code="not_toml")


def _invalid(message: str, *, hint: str | None = None, code: str = "invalid_settings") -> InvalidData:
    return InvalidData(message, code=code, hint=hint)
