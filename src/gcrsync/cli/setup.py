"""What a run works with, put together from its options, the configuration and the environment."""

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, RLock, Thread

import platformdirs

from gcrsync.archive.destination import FolderDestination as Folder
from gcrsync.cli.command import THREADS, now
from gcrsync.cli.table import Table
from gcrsync.errors import UsageError
from gcrsync.mirror.naming import AnyDestination, FolderDestination, folder_of
from gcrsync.oci.name import Repository
from gcrsync.registry.client import Client
from gcrsync.registry.clock import Clock
from gcrsync.registry.destination import Destination
from gcrsync.registry.hosts import Hosts
from gcrsync.registry.opening import Settings, open_session
from gcrsync.registry.retry import Retries, RetryPolicy
from gcrsync.registry.session import Session
from gcrsync.store.foreign import Foreign, read_here, read_remote
from gcrsync.store.opening import Surroundings, is_url
from gcrsync.sync.job import Means
from gcrsync.sync.places import Target
from gcrsync.sync.progress import Watch
from gcrsync.sync.stop import Stop

_CREDENTIALS = ("GCRSYNC_USERNAME", "GCRSYNC_PASSWORD")

_LOOK_SECONDS = 0.1
"""How often it is looked whether the run was asked to stop: a thread cannot wait for that and for the end of the run at once."""


def temporary() -> Path:
    """Give the folder for temporary files: where none takes any, the one that was meant, so that writing there says why."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        return Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - as a name in an error: nothing can be written there


class Places:
    """Opens destinations, each host with its own credentials, for as long as a run lasts."""

    def __init__(self, destinations: Iterable[AnyDestination], settings: Settings, environment: Mapping[str, str]) -> None:
        """Credentials from the environment are for the destination of the run alone."""
        self._settings = settings
        self._environment, self._sessions, self._folders = environment, dict[str | None, Session](), dict[str, Folder]()
        self._registries, self._lock = dict[str, Destination](), RLock()
        self._own = _destination_host(destinations, environment)

    def session(self, host: str | None) -> Session:
        """Give the session for a destination's host, or for sources where that is None."""
        own = host if host == self._own else None
        if own not in self._sessions:
            settings = replace(self._settings, destination=own)
            self._sessions[own] = open_session(settings, self._environment, clock=time.monotonic, sleep=time.sleep)
        return self._sessions[own]

    def target(self, place: AnyDestination) -> Target:
        """Open a destination."""
        if isinstance(place, FolderDestination):
            return self._folder(place.location)
        return self._registry(place.registry)

    def recorded(self, mirror: str, root: Path) -> tuple[Target, Repository]:
        """Open a mirror by its name on record, and give the repository in it."""
        folder = folder_of(mirror)
        if folder is None:
            repository = Repository.parse(mirror)
            return self._registry(repository.registry), repository
        location = Path(os.path.normpath(root / folder))
        return self._folder(str(location.parent)), Repository("localhost", location.name)

    def close(self) -> None:
        """Close every connection."""
        for session in list(self._sessions.values()):
            session.close()

    def _registry(self, host: str) -> Destination:
        with self._lock:
            if host not in self._registries:
                self._registries[host] = Destination(self.session(host))
            return self._registries[host]

    def _folder(self, location: str) -> Folder:
        if location not in self._folders:
            self._folders[location] = Folder(Path(location))
        return self._folders[location]


def _destination_host(places: Iterable[AnyDestination], environment: Mapping[str, str]) -> str | None:
    """Give the one host that credentials from the environment are for; UsageError where there would be several."""
    hosts = sorted({place.registry for place in places if not isinstance(place, FolderDestination)})
    if not any(environment.get(name) for name in _CREDENTIALS):
        return None
    if len(hosts) > 1:
        message = f"{' and '.join(_CREDENTIALS)} are set, and there are destinations on {', '.join(hosts)}"
        raise UsageError(message, hint="unset them and use docker login for each, or run one destination at a time")
    return hosts[0] if hosts else None


def network(insecure: Iterable[str], retries: int, patience: float) -> Settings:
    """Give what sessions are told by the options and the configuration; ``patience`` is in seconds."""
    return Settings(insecure=frozenset(insecure), retry=RetryPolicy(tries=retries + 1), patience=patience)


def insecure_hosts(named: Iterable[str] | None, tables: Iterable[Table], to: str | None = None) -> tuple[str, ...]:
    """Give the hosts that may speak plain HTTP: those that are named, and both ends of each table that says so."""
    insecure = [table for table in tables if table.insecure]
    places = [to or table.destination for table in insecure]
    destinations = [place.partition("/")[0] for place in places if folder_of(place) is None]
    return (*(named or ()), *(table.source.registry for table in insecure), *destinations)


@contextmanager
def means(
    destinations: Iterable[AnyDestination], settings: Settings, root: Path, jobs: int, signals: tuple[Stop, Watch]
) -> Iterator[Means]:
    """Give what a run to these destinations works with; relative names on record count from ``root``.

    Connections and threads end with the context, connections already at a stop.
    """
    environment, (stop, watch) = dict(os.environ), signals
    clock = Clock(time.monotonic, time.sleep, stop)
    hosts = Hosts(
        lambda host, rest: watch.left(host, rest.left, rest.most),
        lambda host, pause: watch.due(f"the end of the pause that {host} asked for", pause),
    )
    with ExitStack() as stack:
        places = Places(destinations, replace(settings, stopped=stop, hosts=hosts, utc=now), environment)
        stack.callback(places.close)
        stack.enter_context(_closed_at_a_stop(places, stop))
        blobs, executor = (ThreadPoolExecutor(jobs, thread_name_prefix=THREADS) for _ in range(2))
        for pool in (blobs, executor):
            stack.callback(lambda pool: pool.shutdown(wait=not stop()), pool)
        session = places.session(None)
        yield Means(
            session=session,
            source=Client(session),
            target=places.target,
            recorded=lambda mirror: places.recorded(mirror, root),
            foreign=partial(foreign, surroundings=Surroundings(environment, time.sleep, random.random, stop.seconds)),
            executor=executor,
            blobs=blobs,
            ahead=jobs,
            repeat=Retries(settings.retry, clock).call,
            stopped=stop,
            watch=watch,
        )


def foreign(place: str, surroundings: Surroundings) -> Foreign:
    """Open a git repository that is only read, by its path or its URL; of a URL a clone is kept in the cache of the user."""
    if is_url(place):
        return read_remote(place, platformdirs.user_cache_path("gcrsync"), surroundings)
    return read_here(Path(place), surroundings)


@contextmanager
def _closed_at_a_stop(places: Places, asked_to_stop: Callable[[], bool]) -> Iterator[None]:
    """Close every connection as soon as the run is asked to stop, so that no thread goes on waiting for a host that stalls."""
    ended = Event()

    def close() -> None:
        while not ended.wait(_LOOK_SECONDS):
            if asked_to_stop():
                places.close()
                return

    thread = Thread(target=close, name="gcrsync-stop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
