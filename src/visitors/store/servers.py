"""Stores on servers, and their URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from visitors.errors import UsageProblem

if TYPE_CHECKING:
    from visitors.domain.receipt import Remains

Ability = Literal["back up", "check", "compact", "wipe"]
"""What can be done at a location, besides reading and writing."""

_PORTS = {"libsql": 443, "https": 443, "http": 80}
_FORMS = "libsql://HOST, https://HOST, or http://HOST:PORT on this machine"
_SECRETS = ("authtoken", "auth_token", "token", "jwt", "password")


class Server(msgspec.Struct, frozen=True):
    """A database on a libSQL server. Its token is never shown."""

    name: str
    """Its URL."""
    host: str
    port: int
    is_encrypted: bool
    token: str = ""
    abilities: ClassVar[frozenset[Ability]] = frozenset()
    keeps_copies_in: ClassVar[tuple[Remains, ...]] = ("serverLogs", "serverBackups")
    """Where data may remain after it was removed from the store."""
    identity: ClassVar[tuple[int, int] | None] = None

    def __repr__(self) -> str:
        return f"Server({self.name!r})"

    @property
    def authority(self) -> str:
        """The `Host` header, by which a server selects the database."""
        return self.name.partition("://")[2]

    @property
    def address(self) -> str:
        """The host to connect to. All names under `localhost` are this machine (RFC 6761, section 6.3), but not every
        system resolves them.
        """
        return "localhost" if self.host.endswith(".localhost") else self.host


def server_of(url: str, *, token: str = "", insecure_http: bool = False) -> Server:
    """Return the server for `url`. Raises UsageProblem, without quoting what may be a secret."""
    from urllib.parse import urlsplit

    scheme = url.partition("://")[0].lower()
    if scheme not in _PORTS:
        raise UsageProblem(f"unsupported URL of a store: {scheme}://", hint=f"--db PATH, or {_FORMS}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageProblem("the URL of the store is invalid", hint=_FORMS) from None
    query = parts.query.lower()
    if "@" in parts.netloc or any(f"{name}=" in query for name in _SECRETS):
        raise _invalid(
            "the URL of the store contains credentials, which other users and logs could see",
            code="credentials_in_url",
            hint="remove them, and set VISITORS_DB_TOKEN, or VISITORS_DB_TOKEN_FILE to a private file",
        )
    if not host or query or parts.fragment or parts.path not in ("", "/"):
        raise UsageProblem("the URL of a store has only a host and an optional port", hint=_FORMS)
    is_encrypted = scheme != "http"
    if not is_encrypted and not insecure_http and not _is_this_machine(host):
        raise UsageProblem(
            f"http://{host} would send all data and the token unencrypted",
            code="insecure_http",
            hint=f"https://{host}, or --insecure-http in a private network",
        )
    default = _PORTS[scheme]
    shown = f"[{host}]" if ":" in host else host
    name = f"{scheme}://{shown}" + (f":{port}" if port not in (None, default) else "")
    return Server(name=name, host=host, port=port or default, is_encrypted=is_encrypted, token=token)


def _invalid(message: str, *, code: str, hint: str) -> UsageProblem:
    return UsageProblem(message, code=code, hint=hint)


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
