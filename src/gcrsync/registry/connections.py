"""Connections that are kept: httpx's transport interface, on the HTTP/1.1 of the standard library (RFC 9112).

A mirror makes tens of thousands of small requests and moves a few enormous bodies. httpx's own transport takes twice the time of a
processor for the former, and hands out the latter in pieces of 64 KiB that were copied three times: benchmarks/README.md.
"""

import socket
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from select import POLLIN, poll
from threading import Lock

import httpx

from gcrsync.registry.exchange import Body, exchanged, translated

CERTIFICATE = "gcrsync.certificate"
"""The extension of a response with what the host's certificate says, as ``ssl`` gives it; only of one that was verified."""

_KEPT_SECONDS = 30.0
_PATIENCE = 60.0
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class _Origin:
    """What a connection leads to (RFC 9110, 4.3.1)."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> "_Origin":
        return cls(url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme])


@dataclass(frozen=True, slots=True)
class _Patience:
    """How many seconds to wait for a connection, and for each piece that is sent or received."""

    connect: float
    transfer: float

    @classmethod
    def of(cls, request: httpx.Request) -> "_Patience":
        told = request.extensions.get("timeout", {})
        return cls(told.get("connect") or _PATIENCE, told.get("read") or _PATIENCE)


@dataclass(frozen=True, slots=True)
class _Connection:
    """A connection and its socket, which the former forgets where an answer says that it is the last."""

    http: HTTPConnection
    opened: socket.socket
    extensions: Mapping[str, object]

    @classmethod
    def over(cls, origin: _Origin, opened: socket.socket) -> "_Connection":
        http = HTTPConnection(origin.host, origin.port)
        http.auto_open = 0  # one that was closed stays so
        http.sock = opened
        shown = opened.getpeercert() if isinstance(opened, ssl.SSLSocket) else None
        return cls(http, opened, {CERTIFICATE: shown} if shown else {})


class Connections(httpx.BaseTransport):
    """Direct connections to any host, safe to share between threads; each carries one request at a time."""

    def __init__(self, context: ssl.SSLContext, idle: int, now: Callable[[], float]) -> None:
        """Speak TLS by the context, and keep at most ``idle`` unused connections to a host; ``now`` is in monotonic seconds."""
        self._context, self._most_idle, self._now = context, idle, now
        self._idle: dict[_Origin, list[tuple[_Connection, float]]] = defaultdict(list)
        self._sockets = _Sockets()
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and give the answer, its body unread; raises httpx.TransportError where none comes."""
        origin, patience = _Origin.of(request.url), _Patience.of(request)
        connection = self._kept(origin) or _Connection.over(origin, self._connected(origin, patience.connect))
        try:
            connection.opened.settimeout(patience.transfer)
            answer = exchanged(connection.http, request)
        except BaseException:
            self._drop(connection)
            raise

        def release(*, reusable: bool) -> None:
            if reusable and not answer.will_close:
                self._keep(origin, connection)
            else:
                answer.close()
                self._drop(connection)

        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.getheaders()]
        return httpx.Response(answer.status, headers=headers, stream=Body(answer, release), extensions={**connection.extensions})

    def close(self) -> None:
        """End every connection, those in use as well: whoever waits for one gets an error."""
        self._sockets.shut()
        with self._lock:
            unused = [connection for kept in self._idle.values() for connection, _ in kept]
            self._idle.clear()
        for connection in unused:
            self._drop(connection)

    def _kept(self, origin: _Origin) -> _Connection | None:
        """Give an unused connection that the host has not closed, None where there is none."""
        while True:
            with self._lock:
                if not self._idle[origin]:
                    return None
                connection, since = self._idle[origin].pop()
            if self._now() - since < _KEPT_SECONDS and not _is_readable(connection.opened):
                return connection
            self._drop(connection)

    def _keep(self, origin: _Origin, connection: _Connection) -> None:
        with self._lock:
            if len(self._idle[origin]) < self._most_idle:
                self._idle[origin].append((connection, self._now()))
                return
        self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        self._sockets.forget(connection.opened)
        connection.http.close()
        connection.opened.close()

    def _connected(self, origin: _Origin, seconds: float) -> socket.socket:
        """Connect to the first address of a host that answers, as the resolver orders them."""
        with translated(httpx.ConnectTimeout, httpx.ConnectError):
            failure: OSError = ConnectionError("the name has no address")
            for family, kind, protocol, _, address in socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM):
                try:
                    return self._connected_to(origin, socket.socket(family, kind, protocol), address, seconds)
                except OSError as error:
                    failure = error
            raise failure

    def _connected_to(self, origin: _Origin, plain: socket.socket, address: object, seconds: float) -> socket.socket:
        opened = plain
        try:
            self._sockets.add(plain)
            plain.settimeout(seconds)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.connect(address)  # type: ignore[arg-type]  # each family has addresses of its own shape
            if origin.scheme == "https":
                opened = self._context.wrap_socket(plain, server_hostname=origin.host, do_handshake_on_connect=False)
                self._sockets.add(opened)
                opened.do_handshake()
        except BaseException:
            self._sockets.forget(opened)
            opened.close()
            raise
        finally:
            if opened is not plain:
                self._sockets.forget(plain)
        return opened


class _Sockets:
    """The open sockets. Closing one does not wake the thread that waits for its bytes: shutting it down does."""

    def __init__(self) -> None:
        self._open: set[socket.socket] = set()
        self._shut = False
        self._lock = Lock()

    def add(self, opened: socket.socket) -> None:
        with self._lock:
            self._open.add(opened)
            if self._shut:
                raise ConnectionAbortedError("the connections were closed")

    def forget(self, opened: socket.socket) -> None:
        with self._lock:
            self._open.discard(opened)

    def shut(self) -> None:
        with self._lock:
            self._shut = True
            for opened in self._open:
                with suppress(OSError):
                    opened.shutdown(socket.SHUT_RDWR)


def _is_readable(opened: socket.socket) -> bool:
    """Say whether a connection that nothing is expected on has something: its end, or what nobody asked for."""
    watched = poll()
    watched.register(opened, POLLIN)
    return bool(watched.poll(0))
