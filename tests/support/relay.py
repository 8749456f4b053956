"""A reverse proxy before a real registry: what passes through it may be struck by faults, and asked for a token first.

relay.faults.append(Fault("PUT", "/blobs/", lost()))    the first blob is stored, and the answer never comes
"""

import re
from contextlib import closing
from dataclasses import dataclass, field

import httpx

from tests.support.gate import Gate, needed
from tests.support.misbehaving import Misbehaving

_REPOSITORY = re.compile(r"/v2/(.+)/(?:manifests|blobs|tags)/")
_HOPS = ("connection", "transfer-encoding", "content-length")


@dataclass(slots=True)
class Relay(Misbehaving):
    """Passes requests on to the registry at ``address``, whole ones alone, and its answers back."""

    address: str
    gate: Gate = field(default_factory=Gate)
    _onward: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Give the registry's answer. It gets the Host that the client named, so that its Locations lead here again."""
        if request.url.path == "/token":
            with self.lock:
                return self.gate.token(request)
        content, match = request.read(), _REPOSITORY.match(request.url.path)
        with self.lock:
            refusal = self.gate.refusal(request, needed(request, match[1] if match else ""))
        if refusal is not None:
            return refusal
        url = httpx.URL(f"http://{self.address}").copy_with(raw_path=request.url.raw_path)
        onward = httpx.Request(request.method, url, headers=request.headers, content=content)
        with closing(self._onward.handle_request(onward)) as answered:
            body = b"".join(answered.iter_raw())
        headers = [(name, value) for name, value in answered.headers.items() if name not in _HOPS]
        length = answered.headers.get("content-length", str(len(body)))
        return httpx.Response(answered.status_code, headers=[*headers, ("content-length", length)], content=body)

    def close(self) -> None:
        """Close the connections to the registry."""
        self._onward.close()
