"""What goes wrong at a registry: a ``Fault`` says at which requests, a ``Change`` says what comes instead of the true answer.

simulator.faults.append(Fault("GET", "/blobs/", truncated()))                    the first blob breaks off half-way
simulator.faults.append(Fault("PUT", "/manifests/", status(503), times=None))    no manifest is ever taken
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Event

import httpx

Answer = Callable[[httpx.Request], httpx.Response]
Change = Callable[[httpx.Request, Answer], httpx.Response]
"""Gives another answer; the true one, with what it does to the registry, only where it calls for it."""

_PIECE = 64 * 1024


@dataclass(slots=True)
class Fault:
    """Strikes requests of ``method`` whose path and query match ``path``, a regular expression, somewhere.

    Of these it spares all before number ``first``, counted from 1, then strikes ``times`` of them, or all where that is None.
    """

    method: str
    path: str
    answer: Change
    first: int = 1
    times: int | None = 1
    seen: int = 0

    def strikes(self, request: httpx.Request) -> bool:
        """Say whether this request is struck, and count it."""
        if request.method != self.method or not re.search(self.path, str(request.url)):
            return False
        self.seen += 1
        return self.seen >= self.first and (self.times is None or self.seen < self.first + self.times)


def status(code: int, *errors: str, headers: Mapping[str, str] | None = None) -> Change:
    """Fail with a status and with errors of these codes."""
    content = json.dumps({"errors": [{"code": error, "message": "simulated"} for error in errors]}).encode() if errors else b""
    return lambda _request, _answer: httpx.Response(code, headers=headers, content=content)


def document(value: object, headers: Mapping[str, str] | None = None) -> Change:
    """Give this as JSON."""
    return lambda _request, _answer: httpx.Response(200, headers=headers, json=value)


def page(text: str = "<!doctype html><title>Welcome</title>") -> Change:
    """Give a page for people, as a proxy or a captive portal does."""
    return lambda _request, _answer: httpx.Response(200, html=text)


def redirect(location: str, code: int = 307) -> Change:
    """Lead elsewhere."""
    return lambda _request, _answer: httpx.Response(code, headers={"Location": location})


def unreachable() -> Change:
    """Take no connection."""

    def refuse(request: httpx.Request, _answer: Answer) -> httpx.Response:
        raise httpx.ConnectError("simulated: connection refused", request=request)

    return refuse


def truncated() -> Change:
    """Announce the whole answer and break off half-way."""

    def cut(request: httpx.Request, answer: Answer) -> httpx.Response:
        true = answer(request)
        half = true.read()[: len(true.content) // 2]
        return httpx.Response(true.status_code, headers=true.headers, stream=InPieces(half, broken=True))

    return cut


def stalled(release: Event) -> Change:
    """Announce the whole answer, give half of it, and no more until the event is set; then the connection breaks."""

    def stall(request: httpx.Request, answer: Answer) -> httpx.Response:
        true = answer(request)
        half = true.read()[: len(true.content) // 2]
        return httpx.Response(true.status_code, headers=true.headers, stream=_Stalled(half, release))

    return stall


def corrupted() -> Change:
    """Give the answer with its last byte changed."""

    def spoil(request: httpx.Request, answer: Answer) -> httpx.Response:
        true = answer(request)
        content = true.read()
        return httpx.Response(true.status_code, headers=true.headers, content=content[:-1] + bytes([content[-1] ^ 1]))

    return spoil


def with_headers(**headers: str | None) -> Change:
    """Give the answer with these headers changed, or left out where None; ``_`` stands for ``-``."""

    def change(request: httpx.Request, answer: Answer) -> httpx.Response:
        true = answer(request)
        for name, value in headers.items():
            true.headers.pop(name.replace("_", "-"), None)
            if value is not None:
                true.headers[name.replace("_", "-")] = value
        return true

    return change


class InPieces(httpx.SyncByteStream):
    """Bytes as they come from a socket, which may break after them."""

    def __init__(self, content: bytes, *, broken: bool = False) -> None:
        self._content, self._broken = content, broken

    def __iter__(self) -> Iterator[bytes]:
        """Give one piece after another."""
        for start in range(0, len(self._content), _PIECE):
            yield self._content[start : start + _PIECE]
        if self._broken:
            raise httpx.RemoteProtocolError("simulated: peer closed connection without sending complete message body")


class _Stalled(httpx.SyncByteStream):
    def __init__(self, content: bytes, release: Event) -> None:
        self._content, self._release = content, release

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        self._release.wait(60)
        raise httpx.RemoteProtocolError("simulated: peer closed connection without sending complete message body")
