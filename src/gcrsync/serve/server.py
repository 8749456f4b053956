"""The embedded registry listening on loopback."""

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from threading import Lock, Thread

from werkzeug.serving import ThreadedWSGIServer

from gcrsync.archive.folder import LayoutFolder
from gcrsync.errors import UsageError, one_line
from gcrsync.serve.application import RegistryApplication
from gcrsync.serve.handler import KeepAliveHandler

LOOPBACK = "127.0.0.1"


@contextmanager
def serving(  # noqa: PLR0913 - each is an option of its own, and hardly anybody names more than one
    root: Path,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    writable: bool = False,
    log: Callable[[str], None] = lambda _: None,
    pages: Callable[[str, str], bytes | None] | None = None,
) -> Iterator[str]:
    """Serve a folder of image layouts, there or not yet, until the end of the ``with`` block, and give its ``host:port``.

    Port 0 is any that is free; ``log`` gets a line for each request, from many threads. ``pages`` gives the content of the
    page at a path, for the registry at this address. Raises UsageError for an address that
    is not on loopback, and for a port that is taken.
    """
    address = _loopback(host)
    with _listening(address, port) as listener:
        port = listener.getsockname()[1]
        name = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        shown = None if pages is None else partial(pages, name)
        application = RegistryApplication(LayoutFolder(root), writable=writable, log=log, pages=shown)
        server = _Server(listener, application, log)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="gcrsync-serve", daemon=True)
    thread.start()
    try:
        yield name
    finally:
        server.shutdown()
        server.hang_up()
        thread.join()
        application.close()


class _Server(ThreadedWSGIServer):
    """A thread for each connection; all are ended with the server."""

    daemon_threads = False

    def __init__(self, listener: socket.socket, application: RegistryApplication, log: Callable[[str], None]) -> None:
        host, port = listener.getsockname()[:2]
        super().__init__(host, port, application, KeepAliveHandler, fd=listener.fileno())
        self._log = log
        self._lock = Lock()
        self._connections: set[socket.socket] = set()
        self._hung_up = False

    def hang_up(self) -> None:
        """Close all connections, and those that have yet to begin."""
        with self._lock:
            self._hung_up = True
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Handle one connection."""
        with self._lock:
            if self._hung_up or not isinstance(request, socket.socket):
                return
            self._connections.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            with self._lock:
                self._connections.discard(request)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - socketserver's signature
        """Log what ended a connection."""
        error = sys.exception()
        self._log(one_line(f"connection broken: {type(error).__name__}: {error}"))


def _listening(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if port not in range(65536):
        raise UsageError(f"listening on {address} port {port}: there is no such port", hint="name another --port")
    try:
        return socket.create_server((address, port), family=family, backlog=128)
    except OSError as error:
        raise UsageError(f"listening on {address} port {port}: {error.strerror}", hint="name another --port") from error


def _loopback(host: str) -> str:
    """Give the address of a host that is this machine and no other can reach, or raise UsageError."""
    text = LOOPBACK if host.lower() == "localhost" else host.strip("[]")
    with suppress(ValueError):
        if ip_address(text).is_loopback:
            return text
    hint = f"name {LOOPBACK}, [::1] or localhost: the embedded registry knows no credentials and no TLS"
    raise UsageError(f"serving on {host}: not a loopback address", hint=hint)
