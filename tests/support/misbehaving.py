"""What answers for a registry, and may be told to misbehave: its faults strike requests, and its log has them all."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from tests.support.faults import Fault, InPieces


@dataclass(frozen=True, slots=True)
class Logged:
    """A request that arrived; ``path`` is without the query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: httpx.Headers


@dataclass(slots=True, kw_only=True)
class Misbehaving:
    """Answers requests with the first of its ``faults`` that strikes, else with the truth, which a subclass knows."""

    faults: list[Fault] = field(default_factory=list)
    log: list[Logged] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Give the true answer."""
        raise NotImplementedError

    def requests(self, method: str, path: str = "") -> list[Logged]:
        """Give the logged requests of a method whose path matches a regular expression somewhere."""
        return [logged for logged in self.log if logged.method == method and re.search(path, logged.path)]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; a fault that takes its time holds up nobody else."""
        with self.lock:
            self.log.append(Logged(request.method, request.url.path, dict(request.url.params), request.headers))
            fault = next((fault for fault in self.faults if fault.strikes(request)), None)
        response = fault.answer(request, self.answer) if fault else self.answer(request)
        return _unread(response, b"" if request.method == "HEAD" else None)


def _unread(response: httpx.Response, content: bytes | None) -> httpx.Response:
    """Give the response as one from a wire is: its bytes, or other ``content``, come while they are read."""
    if content is None and not response.is_stream_consumed:
        return response
    stream = InPieces(response.content if content is None else content)
    return httpx.Response(response.status_code, headers=response.headers, stream=stream)
