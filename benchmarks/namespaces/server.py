"""A registry on loopback: plain HTTP/1.1 with connections that are kept, a thread for each.

It is written on sockets, without :mod:`http.server`, so that a measured client waits for its own work and not for the server's.
"""

import socket
import socketserver
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote
from weakref import WeakSet

from benchmarks.namespaces.answers import Answer, Kind, Registry, Request

_LONGEST_LINE = 65_536
_POLL = 0.02
"""How often the waiting thread looks whether it is to end, in seconds."""


@dataclass(frozen=True, slots=True)
class Served:
    """One request that was answered: ``sent`` is the bytes of the body."""

    method: str
    path: str
    kind: Kind
    status: int
    sent: int


class RegistryServer:
    """Serves a registry while it is entered; ``requests`` are those answered so far, in their order."""

    def __init__(self, registry: Registry, port: int = 0) -> None:
        """Take a port of 127.0.0.1, any free one for 0; nothing is answered before the server is entered."""
        self.registry = registry
        self.requests: list[Served] = []
        self._listener = _Listener(self, port)
        self._thread = Thread(target=self._listener.serve_forever, args=(_POLL,), daemon=True)

    @property
    def address(self) -> str:
        """The host and port."""
        return f"127.0.0.1:{self._listener.server_address[1]}"

    def counts(self) -> Counter[Kind]:
        """Count the requests of each kind."""
        return Counter(request.kind for request in self.requests)

    def show(self, registry: Registry) -> None:
        """Serve another registry from now on, and forget the requests."""
        self.registry = registry
        self.requests = []

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the port and every connection."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()


class _Listener(socketserver.ThreadingTCPServer):
    """Takes connections, and breaks those that are open when it is closed, so that their threads end."""

    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, owner: RegistryServer, port: int) -> None:
        self.owner = owner
        self._taken = WeakSet[socket.socket]()
        super().__init__(("127.0.0.1", port), _Connection)

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self._taken.add(connection)
        return connection, address

    def server_close(self) -> None:
        for connection in tuple(self._taken):
            with suppress(OSError):  # where the other side was quicker
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()


class _Connection(socketserver.StreamRequestHandler):
    """One connection: requests are answered one after the other until the client ends it."""

    disable_nagle_algorithm = True
    server: _Listener

    def handle(self) -> None:
        with suppress(OSError):  # where the client went away
            while self._exchange():
                pass

    def _exchange(self) -> bool:
        """Read one request and answer it; say whether another one may come."""
        request = self._request()
        if request is None:
            return False
        self.rfile.read(int(request.headers.get("content-length", "0")))
        server = self.server.owner
        answer = server.registry.answer(request)
        body = answer.body if request.method != "HEAD" else b""
        server.requests.append(Served(request.method, request.path, answer.kind, answer.status, len(body)))
        self.connection.sendall(_head(answer) + body)
        return request.headers.get("connection", "").lower() != "close"

    def _request(self) -> Request | None:
        """Read the head of a request; None where the client has ended, or tries TLS, as some do before plain HTTP."""
        first = self.rfile.read(1)
        if not first.isalpha():
            return None
        method, target, _ = (first + self.rfile.readline(_LONGEST_LINE)).decode("latin-1").split()
        headers: dict[str, str] = {}
        while (line := self.rfile.readline(_LONGEST_LINE)) not in {b"\r\n", b""}:
            name, _, value = line.decode("latin-1").partition(":")
            before = headers.get(name.lower())
            headers[name.lower()] = f"{before}, {value.strip()}" if before else value.strip()
        path, _, query = target.partition("?")
        return Request(method, unquote(path), dict(parse_qsl(query)), headers)


def _head(answer: Answer) -> bytes:
    lines = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
        "Docker-Distribution-API-Version: registry/2.0",
        f"Content-Type: {answer.media_type}",
        f"Content-Length: {answer.length}",
        *(f"{name}: {value}" for name, value in answer.headers),
    )
    return "\r\n".join((*lines, "", "")).encode("latin-1")
