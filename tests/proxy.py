"""A proxy between a client and a server of HTTP, on this machine: what the network does to answers, when it is told to.

It has a distance, and it can lose, delay, cut and garble what goes through it.
"""

from __future__ import annotations

import http.client
import select
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self

Fault = Literal["lose request", "lose answer", "delay", "cut", "garble", "refuse"]
FAULTS: tuple[Fault, ...] = ("lose request", "lose answer", "delay", "cut", "garble", "refuse")


class Proxy:
    """Passes requests on to a port of this machine. `distance` is what a round trip takes, in seconds; `fault` is asked
    of each request, by its number from 0, what is to happen to it.
    """

    def __init__(self, port: int, *, distance: float = 0.0) -> None:
        self.upstream = port
        self.distance = distance
        self.delay = 2.0
        """Seconds that a fault delays an answer by."""
        self.fault: Callable[[int], Fault | None] = lambda _: None
        self.requests = 0
        """How many came, since it was last set to 0."""
        self.done: list[Fault] = []
        """The faults that happened."""
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Passing)
        self._server.proxy = self
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, _type: type[BaseException] | None, _value: object, _traceback: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next_fault(self) -> Fault | None:
        """What is to happen to the request that has come."""
        with self._lock:
            number, self.requests = self.requests, self.requests + 1
        found = self.fault(number)
        if found is not None:
            self.done.append(found)
        return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    proxy: Proxy

    def handle_error(self, *_: object) -> None:
        """A client that has gone is none."""


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._upstream = http.client.HTTPConnection("127.0.0.1", self.server.proxy.upstream, timeout=60)
        time.sleep(self.server.proxy.distance)  # connecting is a round trip, too

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def do_POST(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = proxy.next_fault()
        time.sleep(proxy.distance / 2)
        if fault == "lose request":
            self._hang_up()
            return
        status, answer = self._passed_on(body)
        time.sleep(proxy.distance / 2 + (proxy.delay if fault == "delay" else 0))
        if fault == "lose answer":
            self._hang_up()
            return
        if fault == "refuse":
            status, answer = 502, b"<html>bad gateway</html>"
        head = f"HTTP/1.1 {status} {http.client.responses.get(status, '')}\r\nContent-Length: {len(answer)}\r\n\r\n"
        if fault == "garble":
            middle = len(answer) // 2
            answer = answer[:middle] + b"\xff\x00{\xfe" + answer[middle + 4 :]
        whole = head.encode() + answer
        if fault == "cut":
            self.wfile.write(whole[: len(head) + len(answer) // 2])
            self._hang_up()
            return
        self.wfile.write(whole)

    def _passed_on(self, body: bytes) -> tuple[int, bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
        try:
            self._upstream.request("POST", self.path, body, headers)
            while self._upstream.sock not in (
                ready := select.select([self._upstream.sock, self.connection], [], [])[0]
            ):
                if ready and not self.connection.recv(1, socket.MSG_PEEK):
                    raise ConnectionAbortedError  # as proxies do, so that the server stops waiting
            found = self._upstream.getresponse()
            return found.status, found.read()
        except (OSError, http.client.HTTPException):
            self._upstream.close()
            return 502, b"the server is not there"

    def _hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing is written."""
