"""A session put together: what it is told, and the parts that the environment and the settings make of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from gcrsync.registry.accounts import Accounts
from gcrsync.registry.clock import Clock
from gcrsync.registry.hosts import Hosts
from gcrsync.registry.keychain import Keychain
from gcrsync.registry.retry import Retries, RetryPolicy, RetryTransport
from gcrsync.registry.session import Session
from gcrsync.registry.tokens import Tokens
from gcrsync.registry.transport import open_routes
from gcrsync.registry.wire import PATIENCE, Wire


def _never() -> bool:
    return False


def _before_all_times() -> datetime:
    return datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session is told.

    ``insecure`` are the hosts without verified TLS, ``destination`` is the one that GCRSYNC_USERNAME and GCRSYNC_PASSWORD are
    for, ``connections`` is how many idle ones are kept open, ``patience`` is how many seconds a host may say nothing, and
    ``stopped`` says whether the run was asked to stop. Sessions of one run have the same ``hosts``. ``utc`` is the time by which
    programs tell when a token ends.
    """

    insecure: frozenset[str] = frozenset()
    destination: str | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    connections: int = 16
    patience: float = PATIENCE
    stopped: Callable[[], bool] = _never
    hosts: Hosts = field(default_factory=Hosts)
    utc: Callable[[], datetime] = _before_all_times


def open_session(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    transport: httpx.BaseTransport | None = None,
) -> Session:
    """Open a session: proxies, certificates and credentials come from the environment, time from ``clock`` (monotonic seconds).

    A ``transport`` takes the place of the network. Raises InputError where a proxy or certificates cannot be used.
    """
    time = Clock(clock, sleep, settings.stopped)
    retries = Retries(settings.retry, time)
    way = transport or open_routes(environment, settings.insecure, settings.connections, clock)
    wire = Wire(RetryTransport(way, retries, settings.hosts), time, settings.patience)
    accounts = Accounts(Keychain(environment, settings.destination, clock, settings.utc))
    return Session(wire, Tokens(wire, clock, settings.insecure), accounts, settings.insecure, retries)
