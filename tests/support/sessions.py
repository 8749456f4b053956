"""Sessions for tests: to simulated registries without a socket, or to real ones on loopback; none ever waits."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import httpx

from gcrsync.registry.opening import Settings, open_session
from gcrsync.registry.session import Session
from tests.support.clock import SteppedClock

NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({"HOME": "/nonexistent"})
"""An environment in which no credentials are found."""


@contextmanager
def session_to(
    answer: Callable[[httpx.Request], httpx.Response] | None = None,
    environment: Mapping[str, str] = NO_ENVIRONMENT,
    settings: Settings | None = None,
) -> Iterator[Session]:
    """Open a session in which ``answer``, as a simulator or a network of them, answers all requests; without it, real servers."""
    time, transport = SteppedClock(), httpx.MockTransport(answer) if answer else None
    session = open_session(settings or Settings(), environment, clock=time.now, sleep=time.sleep, transport=transport)
    try:
        yield session
    finally:
        session.close()
