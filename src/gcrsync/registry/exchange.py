"""One request and its answer on a connection of the standard library, with httpx's errors in place of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse

import httpx

PIECE = 256 * 1024
"""How many bytes of a body are read at a time."""


class Body(httpx.SyncByteStream):
    """The body of an answer; its connection is of use again once everything was read."""

    def __init__(self, answer: HTTPResponse, release: Callable[..., None]) -> None:
        """Call ``release`` once, at the end, and say whether the connection is ``reusable``."""
        self._answer, self._release, self._open = answer, release, True

    def __iter__(self) -> Iterator[bytes]:
        """Give the pieces as they come; raises httpx.TransportError where the connection ends too early."""
        missing = self._answer.length
        try:
            with translated(httpx.ReadTimeout, httpx.ReadError):
                while piece := self._answer.read(PIECE):
                    missing = None if missing is None else missing - len(piece)
                    yield piece
            if missing:
                raise httpx.RemoteProtocolError(f"the connection ended {missing} bytes before the end of the answer")
            self._end(reusable=True)
        finally:
            self.close()

    def close(self) -> None:
        """Leave the rest unread."""
        self._end(reusable=False)

    def _end(self, *, reusable: bool) -> None:
        if self._open:
            self._open = False
            self._release(reusable=reusable)


def exchanged(connection: HTTPConnection, request: httpx.Request) -> HTTPResponse:
    """Send a request and read the head of its answer; raises httpx.TransportError where none comes."""
    try:
        connection.putrequest(request.method, request.url.raw_path.decode("ascii"), skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.raw:
            connection.putheader(name, value)
    except (HTTPException, ValueError) as error:
        raise httpx.LocalProtocolError("the request cannot be written as HTTP") from error
    try:
        _send(connection, request)
    except TimeoutError as error:
        raise httpx.WriteTimeout("timed out while sending") from error
    except OSError as error:  # a host that refuses a body may answer first and close then
        with suppress(OSError, HTTPException):
            return connection.getresponse()
        raise httpx.WriteError(_said(error)) from error
    with translated(httpx.ReadTimeout, httpx.ReadError):
        return connection.getresponse()


def _send(connection: HTTPConnection, request: httpx.Request) -> None:
    if isinstance(request.stream, httpx.ByteStream):
        connection.endheaders(b"".join(request.stream))
        return
    body: Iterator[bytes] = iter(request.stream)  # type: ignore[arg-type]  # never an asynchronous one
    chunked = "transfer-encoding" in request.headers
    connection.endheaders(body if chunked else None, encode_chunked=chunked)
    for piece in () if chunked else body:
        connection.send(piece)


@contextmanager
def translated(timeout: type[httpx.TimeoutException], other: type[httpx.NetworkError]) -> Iterator[None]:
    """Translate what sockets and the standard library raise into httpx's errors."""
    try:
        yield
    except TimeoutError as error:
        raise timeout("timed out") from error
    except HTTPException as error:
        raise httpx.RemoteProtocolError(_said(error) or "the answer is not HTTP") from error
    except OSError as error:
        raise other(_said(error)) from error


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
