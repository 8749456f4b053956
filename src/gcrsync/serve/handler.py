"""HTTP/1.1 with connections that stay open, which werkzeug's own handler closes after each answer."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from email.message import Message
from http import HTTPStatus
from io import RawIOBase
from typing import IO, Protocol, cast, runtime_checkable
from wsgiref.types import WSGIEnvironment

from werkzeug.datastructures import Headers
from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import DechunkedInput, WSGIRequestHandler
from werkzeug.wsgi import LimitedStream

_CHUNK = 1024 * 1024
_MOST_TO_DRAIN = 64 * 1024 * 1024


@runtime_checkable
class _Closable(Protocol):
    """An answer that holds something open."""

    def close(self) -> None:
        """Let go of it."""


class _ChunkedBody(DechunkedInput):
    """A body in chunks; once it has turned out to be broken, nobody may wait for more of it."""

    _broken = False

    def read(self, size: int = -1, /) -> bytes | None:
        """Read some bytes."""
        if self._broken:
            raise OSError("broken before")
        self._broken = True
        data = super().read(size)
        self._broken = False
        return data


class KeepAliveHandler(WSGIRequestHandler):
    """Handles the requests of one connection, one after the other; the application logs them."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 300
    error_content_type = "application/json"
    error_message_format = '{"errors": [{"code": "UNSUPPORTED", "message": "HTTP %(code)d"}]}'

    def run_wsgi(self) -> None:
        """Answer one request; what is left of its body is read, so that the next request is found behind it."""
        if not _is_well_framed(self.headers):
            self.close_connection = True
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        environ = self.make_environ()
        body = self._body(environ)
        environ.update({"wsgi.input": body, "wsgi.input_terminated": True})
        self._answer(environ)
        self._drain(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing."""

    def _body(self, environ: WSGIEnvironment) -> RawIOBase:
        stream = cast("IO[bytes]", self.rfile)
        if isinstance(environ["wsgi.input"], DechunkedInput):
            return _ChunkedBody(stream)
        return LimitedStream(stream, int(environ.get("CONTENT_LENGTH") or 0))

    def _answer(self, environ: WSGIEnvironment) -> None:
        """Run the application and send what it answers (PEP 3333)."""
        head: list[tuple[str, Headers]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None, /) -> Callable[[bytes], object]:
            head.append((status, Headers(headers)))
            return self.wfile.write

        chunks = self.server.app(environ, start_response)
        with ExitStack() as stack:
            if isinstance(chunks, _Closable):
                stack.callback(chunks.close)
            self._send(*head[0], chunks)

    def _send(self, status: str, headers: Headers, chunks: Iterable[bytes]) -> None:
        self._send_head(status, headers)
        left = 0 if self.command == "HEAD" else int(headers.get("Content-Length", 0))
        for chunk in chunks:
            self.wfile.write(chunk)
            left -= len(chunk)
        if left:
            self.close_connection = True  # the file was cut short meanwhile, and the client must not take what follows for it

    def _send_head(self, status: str, headers: Headers) -> None:
        code, _, phrase = status.partition(" ")
        self.send_response_only(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        if "Date" not in headers:
            self.send_header("Date", self.date_time_string())
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _drain(self, body: RawIOBase) -> None:
        """Read what the application did not want of a body, or give the connection up where that is too much."""
        left = _MOST_TO_DRAIN
        try:
            while left > 0 and (chunk := body.read(_CHUNK)):
                left -= len(chunk)
        except (OSError, ClientDisconnected):
            left = 0
        if left <= 0:
            self.close_connection = True


def _is_well_framed(headers: Message) -> bool:
    """Say whether it is certain where the body of a request ends (RFC 9112, section 6)."""
    lengths, codings = headers.get_all("Content-Length", []), headers.get_all("Transfer-Encoding", [])
    if codings:
        return not lengths and [coding.strip().lower() for coding in codings] == ["chunked"]
    return len(lengths) <= 1 and all(length.isascii() and length.isdigit() for length in lengths)
