"""What goes wrong at a registry: a ``Fault`` says at which requests, a ``Change`` says what comes instead of the true answer.

simulator.faults.append(Fault("GET", "/blobs/", truncated()))                    the first blob breaks off half-way
simulator.faults.append(Fault("PUT", "/manifests/", status(503), times=None))    no manifest is ever taken
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from threading import Event

import httpx

Answer = Callable[[httpx.Request], httpx.Response]
Change = Callable[[httpx.Request, Answer], httpx.Response]
"""Gives another answer; the true one, with what it does to the registry, only where it calls for it."""

_PIECE = 64 * 1024
_LONGEST_SILENCE = 60.0
_ARRIVAL = 0.1


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

    @property
    def struck(self) -> bool:
        """Whether it has struck any request yet."""
        return self.seen >= self.first


def status(code: int, *errors: str, headers: Mapping[str, str] | None = None) -> Change:
    """Fail with a status and with errors of these codes."""
    content = json.dumps({"errors": [{"code": error, "message": "simulated"} for error in errors]}).encode() if errors else b""
    return lambda _request, _answer: httpx.Response(code, headers=headers, content=content)


def refusal(code: int, error: str, message: str) -> Change:
    """Fail with a status and one error in the registry's own words."""
    return lambda _request, _answer: httpx.Response(code, json={"errors": [{"code": error, "message": message}]})


def refused_with(code: int, value: object) -> Change:
    """Fail with a status and this as JSON."""
    return lambda _request, _answer: httpx.Response(code, json=value)


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
    return lambda request, answer: _partial(answer(request), 0.5, _cut)


def reset() -> Change:
    """Reset the connection before the request is even read, so that nothing comes of it."""

    def strike(_request: httpx.Request, _answer: Answer) -> httpx.Response:
        raise ResetError

    return strike


def reset_in_answer(part: float) -> Change:
    """Announce the whole answer, give this part of its body, and once it has arrived reset the connection."""
    return lambda request, answer: _partial(answer(request), part, _reset)


def in_parts(most: int) -> Change:
    """Give a blob from where the request wants it (RFC 9110, 14), and once so many bytes have arrived reset the connection."""

    def part(request: httpx.Request, answer: Answer) -> httpx.Response:
        content = answer(request).read()
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        told = {"Content-Length": str(len(content) - start), "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        more = start + most < len(content)
        stream = InPieces(content[start : start + most], _reset if more else None)
        return httpx.Response(206 if start else 200, headers=told, stream=stream)

    return part


def reset_in_request() -> Change:
    """Read half of the body that is being sent, and reset the connection then."""

    def strike(request: httpx.Request, _answer: Answer) -> httpx.Response:
        left = int(request.headers["Content-Length"]) // 2
        for piece in request.stream if isinstance(request.stream, Iterable) else ():
            left -= len(piece)
            if left <= 0:
                break
        raise ResetError

    return strike


def lost() -> Change:
    """Do all that is asked, and reset the connection in place of an answer."""

    def strike(request: httpx.Request, answer: Answer) -> httpx.Response:
        answer(request)
        raise ResetError

    return strike


def silent(release: Event) -> Change:
    """Give no answer until the event is set; then the connection ends."""

    def wait(_request: httpx.Request, _answer: Answer) -> httpx.Response:
        release.wait(_LONGEST_SILENCE)
        raise _cut()

    return wait


def done_in_silence(release: Event) -> Change:
    """Do all that is asked, and give no answer until the event is set; then the connection ends."""

    def wait(request: httpx.Request, answer: Answer) -> httpx.Response:
        answer(request)
        return silent(release)(request, answer)

    return wait


def stalled(release: Event) -> Change:
    """Announce the whole answer, give half of it, and no more until the event is set; then the connection ends."""

    def ended() -> httpx.TransportError:
        release.wait(_LONGEST_SILENCE)
        return _cut()

    return lambda request, answer: _partial(answer(request), 0.5, ended)


def slow(seconds: float) -> Change:
    """Give the answer so many seconds late."""

    def wait(request: httpx.Request, answer: Answer) -> httpx.Response:
        true = answer(request)
        time.sleep(seconds)
        return true

    return wait


def endless() -> Change:
    """Give the answer, and link to a page after it that nobody has asked for yet."""
    numbers = count(1)

    def link(request: httpx.Request, answer: Answer) -> httpx.Response:
        return with_headers(Link=f'<?n=1&last={next(numbers)}>; rel="next"')(request, answer)

    return link


def elsewhere(address: str) -> Change:
    """Lead to the same path at another address."""
    return lambda request, _answer: httpx.Response(307, headers={"Location": f"http://{address}{request.url.path}"})


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


class ResetError(httpx.NetworkError):
    """A connection that is reset: its end gets an error, and what was on its way is lost (RFC 9293, 3.10.7)."""

    def __init__(self) -> None:
        super().__init__("simulated: connection reset by peer")


class InPieces(httpx.SyncByteStream):
    """Bytes as they come from a socket, which may break after them."""

    def __init__(self, content: bytes, breaks: Callable[[], httpx.TransportError] | None = None) -> None:
        self._content, self._breaks = content, breaks

    def __iter__(self) -> Iterator[bytes]:
        """Give one piece after another."""
        for start in range(0, len(self._content), _PIECE):
            yield self._content[start : start + _PIECE]
        if self._breaks:
            raise self._breaks()


def _reset() -> httpx.TransportError:
    time.sleep(_ARRIVAL)  # for what has arrived and is not yet read is lost as well
    return ResetError()


def _cut() -> httpx.TransportError:
    return httpx.RemoteProtocolError("simulated: peer closed connection without sending complete message body")


def _partial(true: httpx.Response, part: float, breaks: Callable[[], httpx.TransportError]) -> httpx.Response:
    content = true.read()
    return httpx.Response(true.status_code, headers=true.headers, stream=InPieces(content[: int(len(content) * part)], breaks))
