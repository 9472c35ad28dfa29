"""A store on a server behind TLS: its certificate is verified before anything is sent."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from conftest import SERVER

Visitors = Callable[..., Any]

TOKEN = "s3cret-token"

OPENSSL = shutil.which("openssl")

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs openssl, which makes the certificates")

needs_server = pytest.mark.skipif(SERVER is None, reason="run the tests by tests/sqld.py")


class Authority:
    """A certificate authority of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate = folder / "authority.pem"
        self._make("req", "-x509", "-days", "2", "-subj", "/CN=an authority", keys="authority", out=self.certificate)

    def certify(self, *names: str) -> tuple[Path, Path]:
        """Return a certificate for these host names, and its key."""
        request, certificate = self.folder / "request.pem", self.folder / "server.pem"
        extensions = self.folder / "extensions"
        extensions.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names))
        self._make("req", "-subj", f"/CN={names[0]}", keys="server", out=request)
        signed_by = ("-CA", str(self.certificate), "-CAkey", str(self.folder / "authority.key"), "-CAcreateserial")
        self._run("x509", "-req", "-days", "2", "-in", str(request), *signed_by,
                  "-extfile", str(extensions), "-out", str(certificate))  # fmt: skip
        return certificate, self.folder / "server.key"

    def _make(self, *words: str, keys: str, out: Path) -> None:
        of_curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        self._run(*words, *of_curve, "-keyout", str(self.folder / f"{keys}.key"), "-out", str(out))

    def _run(self, *words: str) -> None:
        assert OPENSSL is not None
        subprocess.run([OPENSSL, *words], check=True, capture_output=True, timeout=30)


class Terminator:
    """Ends TLS before a server of this machine, and keeps what clients sent."""

    def __init__(self, certificate: tuple[Path, Path], upstream: int) -> None:
        self.received = b""
        self._upstream = upstream
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(*certificate)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client = self._listening.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server: socket.socket | None = None
        with suppress(OSError), client, self._context.wrap_socket(client, server_side=True) as plain:  # SSLError, too
            while part := plain.recv(65_536):
                self.received += part
                if server is None:
                    server = socket.create_connection(("127.0.0.1", self._upstream))
                    threading.Thread(target=self._pass, args=(server, plain), daemon=True).start()
                server.sendall(part)
        if server is not None:
            server.close()

    def _pass(self, server: socket.socket, plain: ssl.SSLSocket) -> None:
        with suppress(OSError, ValueError):
            while part := server.recv(65_536):
                plain.sendall(part)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    (tmp_path / "tls").mkdir()
    return Authority(tmp_path / "tls")


@pytest.fixture
def behind_tls(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Terminator]]:
    """Put TLS before a port."""
    monkeypatch.setenv("VISITORS_DB_TOKEN", TOKEN)
    started: list[Terminator] = []

    def start(upstream: int, *names: str) -> Terminator:
        started.append(Terminator(authority.certify(*names), upstream))
        return started[-1]

    yield start
    for one in started:
        one.close()


@needs_server
def test_a_store_is_used_over_tls_if_the_authority_of_its_certificate_is_trusted(
    visitors: Visitors,
    server_store: str,
    authority: Authority,
    behind_tls: Callable[..., Terminator],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = urlsplit(server_store)
    proxy = behind_tls(parts.port, "localhost", str(parts.hostname))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    url = f"https://{parts.hostname}:{proxy.port}"
    visitors("create", "--id", "v", "--db", url)
    assert visitors("list", "--format", "ids", "--db", url).stdout == "v\n"
    assert visitors("list", "--format", "ids", "--db", server_store).stdout == "v\n"
    assert f"Authorization: Bearer {TOKEN}".encode() in proxy.received


@pytest.mark.parametrize(
    ("is_known", "name", "reason"),
    [
        (False, "localhost", "certificate"),
        (True, "other.example", "Hostname mismatch, certificate is not valid for 'localhost'."),
    ],
)
def test_nothing_is_sent_to_a_server_with_a_certificate_that_is_not_trusted(
    visitors: Visitors,
    authority: Authority,
    behind_tls: Callable[..., Terminator],
    monkeypatch: pytest.MonkeyPatch,
    is_known: bool,  # noqa: FBT001
    name: str,
    reason: str,
) -> None:
    proxy = behind_tls(9, name)  # nothing gets that far
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    url = f"https://localhost:{proxy.port}"
    error = visitors("create", "--db", url, "--format", "json", code=6).error
    assert error["code"] == "server_untrusted"
    assert error["message"].startswith(f"the certificate of {url} is not trusted: ")
    assert reason in error["message"]
    assert "SSL_CERT_FILE" in error["hint"]
    assert proxy.received == b""
