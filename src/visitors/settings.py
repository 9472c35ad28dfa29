"""Settings: from flags, then the environment, then the platform's defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from visitors.domain.times import Instant, parse_instant
from visitors.errors import InvalidData, StoreProblem, UsageProblem
from visitors.location import default_database
from visitors.store.places import Place, place_of

if TYPE_CHECKING:
    from visitors.named_stores import NamedStore

DEFAULT_TIMEOUT = 30.0


class Settings(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The settings of one run."""

    named: str | None
    """The path of the store, if given."""
    store_name: str | None
    """The name of the store in the settings file, if given instead."""
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
    insecure_http: bool

    @property
    def store(self) -> Place:
        """The store's location. Raises StoreProblem if it depends on a home folder, and there is none; UsageProblem
        if its name is unknown or its URL invalid, and InvalidData for an invalid settings file.
        """
        described = self._described
        if described is None:
            return _place(self.named or _default(), insecure_http=self.insecure_http)
        insecure_http = self.insecure_http or described.insecure_http
        return _place(described.db, insecure_http=insecure_http, token_file=described.token_file)

    @property
    def store_was_named(self) -> bool:
        """Whether it is not the default one."""
        return self.named is not None or self.store_name is not None

    @property
    def confirms(self) -> bool:
        """Whether every change to the store must be confirmed. Raises as `store` does."""
        return self._described is not None and self._described.confirm

    @property
    def shown_store(self) -> str:
        """The store's name, if it has one, and its location, for people."""
        return f"{self.store_name} ({self.store.name})" if self.store_name else self.store.name

    @cached_property
    def _described(self) -> NamedStore | None:
        """The settings file's entry for the store. The file is read only if the store was given by name."""
        if self.store_name is None:
            return None
        from visitors import named_stores

        return named_stores.find(self.store_name)


def load_settings(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Load settings from the flags given anywhere on the command line, and from `environment`.

    Raises UsageProblem for a database that this version cannot use, or if two are given, and InvalidData for an invalid
    `VISITORS_NOW` or `VISITORS_TIMEOUT`.
    """
    named, store_name = _given_store(flags, environment)
    if named and "://" in named:
        place_of(named, insecure_http=bool(flags.get("insecure_http")))  # report an invalid URL early
    elif named and named.endswith("/") and not os.path.isdir(named):  # noqa: PTH112 - pathlib drops the sign
        import shlex

        hint = f"use --db {shlex.quote(f'{named}visitors.db')}"
        raise UsageProblem(f"{named} is the path of a folder, but a store is a file", hint=hint)
    frozen = environment.get("VISITORS_NOW")
    return Settings(
        named=named,
        store_name=store_name,
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
        insecure_http=bool(flags.get("insecure_http")),
    )


def _given_store(flags: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return the path or the name from the first of --db, --store, VISITORS_DB and VISITORS_STORE."""
    for flag in ("db", "store"):
        if flags.get(flag) == "":
            raise UsageProblem(f"--{flag} is empty", hint=f"leave out --{flag} for the default store")
    if flags.get("db") and flags.get("store"):
        raise UsageProblem("--db and --store cannot be combined", hint="leave out one of them")
    if flags.get("db") or flags.get("store"):
        return flags.get("db"), flags.get("store")
    named = environment.get("VISITORS_DB") or None
    return named, None if named else environment.get("VISITORS_STORE") or None


def _default() -> str:
    try:
        return default_database()
    except RuntimeError:  # neither HOME nor the system's user database has one
        raise _homeless("the default store is in it") from None


def _place(named: str, *, insecure_http: bool, token_file: str | None = None) -> Place:
    if "://" in named:
        return place_of(named, token=lambda: _token(token_file), insecure_http=insecure_http)
    path = os.path.expanduser(named)  # noqa: PTH111 - takes ~nobody for a name
    if path.partition("/")[0] == "~":
        raise _homeless(f"{named} is in it")
    return place_of(path)


def _token(file: str | None) -> str:
    """Return the token for a server, from `file` if one is given. Raises UsageProblem."""
    from visitors import server_token

    return server_token.from_file(file) if file is not None else server_token.from_environment(os.environ)


def _homeless(why: str) -> StoreProblem:
    return StoreProblem(f"no home folder found, and {why}", code="no_home", hint="use --db with an absolute path")


def _timeout(text: str | None) -> float:
    if not text:
        return DEFAULT_TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise InvalidData(
            f"VISITORS_TIMEOUT {text!r} is not a number of seconds",
            code="invalid_timeout",
            hint="use a number such as 30",
        )
    return seconds


def _actor(flag: str | None, environment: Mapping[str, str]) -> str:
    """Return the actor: the flag, the setting, or else the login name; blank settings are ignored."""
    if flag is not None and not flag.strip():
        raise UsageProblem("the name of the actor is empty", hint="leave it out for VISITORS_ACTOR or the login name")
    for name in (flag, *map(environment.get, ("VISITORS_ACTOR", "LOGNAME", "USER"))):
        if name and name.strip():
            return name.strip()
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
