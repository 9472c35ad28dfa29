"""Settings: from flags, then the environment, then the platform's defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from visitors.domain.times import Instant, parse_instant
from visitors.errors import InvalidData, StoreProblem, UsageProblem
from visitors.location import default_database
from visitors.store.places import Place, place_of

DEFAULT_TIMEOUT = 30.0


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one run."""

    named: str | None
    """The path of the store, if one was named."""
    actor: str
    frozen_now: Instant | None
    timeout: float
    format: str | None
    fields: str | None
    color: bool
    quiet: bool
    header: bool
    pager: bool
    timezone: str | None
    local_time: bool

    @property
    def store(self) -> Place:
        """The location of the store. Raises StoreProblem if it depends on a home folder, and there is none."""
        return _place(self.named or _default())

    @property
    def store_was_named(self) -> bool:
        """Whether it is not the default one."""
        return self.named is not None


def load_settings(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Load settings from the flags given anywhere on the command line, and from `environment`.

    Raises UsageProblem for a database that this version cannot use, and InvalidData for an invalid `VISITORS_NOW` or
    `VISITORS_TIMEOUT`.
    """
    if flags.get("db") == "":
        raise UsageProblem("--db is empty", hint="leave it out for the default store")
    named = flags.get("db") or environment.get("VISITORS_DB") or None
    if named and "://" in named:
        raise UsageProblem(f"{named} is a URL; this version keeps its store in a file", hint="--db PATH")
    if named and named.endswith("/") and not os.path.isdir(named):  # noqa: PTH112 - pathlib drops the sign
        raise UsageProblem(f"{named} is the name of a folder; a store is a file", hint=f"--db {named}visitors.db")
    frozen = environment.get("VISITORS_NOW")
    return Settings(
        named=named,
        actor=_actor(flags.get("as_"), environment),
        frozen_now=parse_instant(frozen, "VISITORS_NOW") if frozen else None,
        timeout=_timeout(environment.get("VISITORS_TIMEOUT")),
        format=flags.get("format"),
        fields=flags.get("fields"),
        color=not flags.get("no_color"),
        quiet=bool(flags.get("quiet")),
        header=not flags.get("no_header"),
        pager=not flags.get("no_pager"),
        timezone=environment.get("VISITORS_TIMEZONE") or None,
        local_time=bool(flags.get("local_time")),
    )


def _default() -> str:
    try:
        return default_database()
    except RuntimeError:  # neither HOME nor the system's user database has one
        raise _homeless("the default store is in it") from None


def _place(named: str) -> Place:
    path = os.path.expanduser(named)  # noqa: PTH111 - takes ~nobody for a name
    if path.partition("/")[0] == "~":
        raise _homeless(f"{named} is in it")
    return place_of(path)


def _homeless(why: str) -> StoreProblem:
    return StoreProblem(
        f"there is no home folder, and {why}", code="no_home", hint="name a store by its whole path: --db /PATH"
    )


def _timeout(text: str | None) -> float:
    if not text:
        return DEFAULT_TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise InvalidData(
            f"VISITORS_TIMEOUT {text!r} is not a number of seconds", code="invalid_timeout", hint="for example 30"
        )
    return seconds


def _actor(flag: str | None, environment: Mapping[str, str]) -> str:
    """Return the actor: the flag, the setting, or else the login name; blank ones are ignored."""
    for name in (flag, *map(environment.get, ("VISITORS_ACTOR", "LOGNAME", "USER"))):
        if name and name.strip():
            return name.strip()
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
