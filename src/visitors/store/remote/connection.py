"""A persistent HTTP connection to a libSQL server."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NoReturn

import msgspec

from visitors.errors import StoreProblem
from visitors.store.servers import Server

REACHED_WITHIN = 5.0
"""Timeout for connecting, in seconds."""

ANSWERS_WITHIN = 120.0
"""Timeout for a response, in seconds."""

_PART = 256 * 1024
"""The chunk size for reading responses, in bytes."""

_SILENT = (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
"""TCP keep-alive: a dead peer is detected within 20 seconds, even during a long statement."""


class AnswerLost(Exception):
    """A request was sent, and its outcome is unknown."""

    def __init__(self, what: str, *, timed_out: bool = False) -> None:
        super().__init__(what)
        self.timed_out = timed_out
        """Whether the reason is a timeout."""


class StreamOver(Exception):
    """The stream is gone from the server, so its transaction was rolled back."""


class Connection:
    """A connection that is opened by the first request, and reopened if the server closed it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._http: http.client.HTTPConnection | None = None

    def post(
        self, path: str, body: dict[str, Any], *, within: float = ANSWERS_WITHIN, repeatable: bool = False
    ) -> bytes:
        """Send a request and return the response body. A `repeatable` one is resent if the server had closed the
        connection.

        Raises StoreProblem if the server is unreachable or refuses the request, AnswerLost and StreamOver.
        """
        return b"".join(self._parts(path, body, within, repeatable=repeatable))

    def lines(
        self, path: str, body: dict[str, Any], *, within: float = ANSWERS_WITHIN, repeatable: bool = False
    ) -> Iterator[bytes]:
        """Send a request and iterate over the lines of the response. Raises like `post`."""
        begun = b""
        for part in self._parts(path, body, within, repeatable=repeatable):
            *lines, begun = (begun + part).split(b"\n")
            yield from lines
        if begun:
            self._lost(EOFError("the response was truncated"))

    def _parts(self, path: str, body: dict[str, Any], within: float, *, repeatable: bool) -> Iterator[bytes]:
        sent = msgspec.json.encode(body)
        is_whole = False
        try:
            response = self._answered(path, sent, within, repeatable=repeatable)
            while part := response.read1(_PART):
                yield part
            response.close()  # not the connection
            is_whole = True
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._lost(error)
        finally:
            if not is_whole:  # the rest would be taken for the next response
                self.close()

    def close(self) -> None:
        """Close it."""
        if self._http is not None:
            with suppress(OSError):
                self._http.close()
            self._http = None

    def _answered(self, path: str, body: bytes, within: float, *, repeatable: bool) -> http.client.HTTPResponse:
        was_open = self._http is not None
        try:
            response = self._send(path, body, within)
        except (ConnectionError, http.client.RemoteDisconnected) as error:
            self.close()
            if not (was_open and repeatable):
                raise AnswerLost(_what(error)) from error
            return self._answered(path, body, within, repeatable=False)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._lost(error)
        if response.status != 200:
            self._refuse(response)
        return response

    def _send(self, path: str, body: bytes, within: float) -> http.client.HTTPResponse:
        if self._http is None:
            self._http = self._connected()
        self._http.sock.settimeout(within)
        headers = {"Host": self._server.authority, "Content-Type": "application/json"}
        if self._server.token:
            headers["Authorization"] = f"Bearer {self._server.token}"
        self._http.request("POST", path, body, headers)
        return self._http.getresponse()

    def _connected(self) -> http.client.HTTPConnection:
        server = self._server
        made: http.client.HTTPConnection
        if server.is_encrypted:
            made = http.client.HTTPSConnection(
                server.address, server.port, timeout=REACHED_WITHIN, context=ssl.create_default_context()
            )
        else:
            made = http.client.HTTPConnection(server.address, server.port, timeout=REACHED_WITHIN)
        try:
            made.connect()
        except ssl.SSLCertVerificationError as error:
            raise StoreProblem(
                f"the certificate of {server.name} is not trusted: {error.verify_message}",
                code="server_untrusted",
                hint="use a certificate that this system trusts, or add its authority with SSL_CERT_FILE",
            ) from error
        except (OSError, UnicodeError) as error:
            raise StoreProblem(
                f"the server {server.name} cannot be reached: {_what(error)}; nothing was written",
                code="server_unreachable",
                hint="check the URL, the network, and whether the server is running",
            ) from error
        for name, number in _SILENT:
            if hasattr(socket, name):
                made.sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), number)
        made.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return made

    def _lost(self, error: Exception) -> NoReturn:
        self.close()
        raise AnswerLost(_what(error), timed_out=isinstance(error, TimeoutError)) from error

    def _refuse(self, response: http.client.HTTPResponse) -> NoReturn:
        """Raise the error for an HTTP status other than 200."""
        status, name = response.status, self._server.name
        try:
            said = _said(response.read(10_000))
        except (OSError, http.client.HTTPException) as error:
            self._lost(error)
        finally:
            self.close()
        if status in (401, 403):
            token = "the token and its permissions" if self._server.token else "VISITORS_DB_TOKEN, which is not set"
            raise StoreProblem(
                f"the server {name} denied access (status {status}); nothing was written",
                code="server_denied",
                hint=f"check {token}",
            )
        if status == 404:
            raise StoreProblem(
                f"the server {name} has no such database{said and f': {said}'}",
                code="store_missing",
                hint="check the host name, which selects the database; only the server can create one",
            )
        if status == 400 and ("STREAM_EXPIRED" in said or "baton" in said):
            raise StreamOver(said)
        if status >= 500 or status in (408, 429):  # possibly from a proxy, which does not know the outcome
            raise AnswerLost(f"it responded with status {status}{said and f': {said}'}")
        raise StoreProblem(
            f"{name} is not a libSQL server (status {status}{said and f': {said}'})",
            code="server_unknown",
            hint="check the URL",
        )


def _said(body: bytes) -> str:
    """Return the message of a refusal, on one line."""
    text = body.decode(errors="replace").strip()
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        document = None
    if isinstance(document, dict):
        text = " ".join(str(document[key]) for key in ("code", "error", "message") if document.get(key))
    return "" if text.startswith("<") else " ".join(text.split())[:200]


def _what(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, socket.gaierror):
        return "unknown host"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).strip() or type(error).__name__
