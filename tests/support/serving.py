"""A simulated registry on a real socket of the loopback interface."""

import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase

import httpx

from tests.support.faults import ResetError

Answer = Callable[[httpx.Request], httpx.Response]

_PIECE = 64 * 1024


@contextmanager
def served(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Answer HTTP requests on loopback, with TLS where there is a context for it, and give ``127.0.0.1:port``.

    A response whose stream breaks has its connection broken, and a request that is refused gets no answer; either is reset where
    ResetError says so. The body of a request is there while it is read. A request's extension ``connection`` tells the connections
    apart.
    """
    server = _Server(answer)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        """Read one request, whatever its method, and write the answer."""
        if not self._arrived():
            self.close_connection = True
            return
        try:
            request = self._request()
            response = self.server.answer(request)
            request.read()
            self._write(response)
        except ResetError:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            self.close_connection = True
        except (httpx.TransportError, OSError):  # OSError where the client went away
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Write nothing: the simulator has its own log."""

    def _arrived(self) -> bool:
        """Read the head of a request; False where the client went away, or does not trust the certificate."""
        try:
            self.raw_requestline = self.rfile.readline(65537)
        except OSError:
            return False
        return bool(self.raw_requestline) and self.parse_request()

    def _request(self) -> httpx.Request:
        body = _Incoming(self.rfile, int(self.headers.get("Content-Length", "0")))
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        url = f"{scheme}://{self.headers['Host']}{self.path}"
        connection = {"connection": self.client_address}
        return httpx.Request(self.command, url, headers=list(self.headers.items()), stream=body, extensions=connection)

    def _write(self, response: httpx.Response) -> None:
        # The library adds the time of this machine, which a response with another one is not to have.
        (self.send_response_only if "Date" in response.headers else self.send_response)(response.status_code)
        headers = (
            dict(response.headers) if "Content-Length" in response.headers else dict(response.headers) | {"Content-Length": "0"}
        )
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for chunk in response.iter_raw():
            self.wfile.write(chunk)


class _Incoming(httpx.SyncByteStream):
    """The body of a request, of so many bytes."""

    def __init__(self, file: BufferedIOBase, size: int) -> None:
        self._file, self._left = file, size

    def __iter__(self) -> Iterator[bytes]:
        while self._left:
            piece = self._file.read1(min(self._left, _PIECE))
            if not piece:
                raise httpx.ReadError("the client went away")
            self._left -= len(piece)
            yield piece
