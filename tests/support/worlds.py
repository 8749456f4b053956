"""Hosts that are functions, for whole calls of a session: what they answer, what they ask for, and what they saw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import httpx

from gcrsync.registry.opening import Settings, open_session
from gcrsync.registry.session import Call, Session
from tests.support.clock import SteppedClock

CI = {"GCRSYNC_USERNAME": "ci", "GCRSYNC_PASSWORD": "hunter2"}
PULL = "repository:a/b:pull"
BEARER = 'Bearer realm="https://auth.test/token",service="r.test",scope="repository:a/b:pull"'

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class World:
    """Hosts and what they answer, a log of every request, and sessions to them."""

    hosts: dict[str, Handler] = field(default_factory=dict)
    log: list[httpx.Request] = field(default_factory=list)
    clock: SteppedClock = field(default_factory=SteppedClock)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Log the request, take its body as a server would, and let its host answer."""
        request.read()
        self.log.append(request)
        return self.hosts[request.url.netloc.decode()](request)

    def session(self, settings: Settings | None = None, environment: Mapping[str, str] | None = None) -> Session:
        """Open a session to these hosts."""
        settings = replace(settings or Settings(), stopped=self.clock.stopped)
        transport = httpx.MockTransport(self)
        return open_session(settings, environment or {}, clock=self.clock.now, sleep=self.clock.sleep, transport=transport)

    @property
    def asked(self) -> list[str]:
        """Each request as ``method host/path``."""
        return [f"{request.method} {request.url.netloc.decode()}{request.url.path}" for request in self.log]

    @property
    def authorizations(self) -> list[str | None]:
        """The credentials of each request."""
        return [request.headers.get("authorization") for request in self.log]


class TokenServer:
    """Gives tokens that name their scopes and their number, as ``repository:a/b:pull#1``."""

    def __init__(self) -> None:
        """Begin to count."""
        self.given = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Give the next token."""
        self.given += 1
        return httpx.Response(200, json={"token": f"{'+'.join(request.url.params.get_list('scope'))}#{self.given}"})


def guarded(challenge: str, accepts: Callable[[str], bool], answer: Handler | None = None) -> Handler:
    """Answer requests with an authorization that is accepted, and challenge the others."""

    def handle(request: httpx.Request) -> httpx.Response:
        if accepts(request.headers.get("authorization", "")):
            return answer(request) if answer else httpx.Response(200, content=b"welcome")
        return httpx.Response(401, headers={"www-authenticate": challenge}, json={"errors": [{"code": "UNAUTHORIZED"}]})

    return handle


def with_token(authorization: str) -> bool:
    """Accept any token."""
    return authorization.startswith("Bearer ")


def get(session: Session, registry: str = "r.test", scope: str = PULL, path: str = "/v2/a/b/manifests/1") -> Call:
    """Give a call that reads."""
    return Call("GET", session.url(registry, path), registry, scope)


def sent(session: Session, call: Call) -> tuple[int, bytes]:
    """Send a call, and give the status and the body of the answer."""
    with session.open(call) as response:
        return response.status_code, response.read()


def redirecting(location: str, status: int = 307) -> Handler:
    """Lead elsewhere."""
    return lambda _request: httpx.Response(status, headers={"location": location})


def fine(_request: httpx.Request) -> httpx.Response:
    """Answer whoever asks."""
    return httpx.Response(200, content=b"welcome")
