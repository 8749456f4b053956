"""What a command needs, put together from its options, the configuration and the environment."""

import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, RLock, Thread

from gcrsync.archive.destination import FolderDestination as Folder
from gcrsync.cli.command import THREADS
from gcrsync.cli.config import FILE_NAME, read_config
from gcrsync.cli.options import CompareOptions
from gcrsync.cli.table import Table
from gcrsync.errors import UsageError
from gcrsync.mirror.naming import AnyDestination, FolderDestination, checked_template, folder_of, registry_destination
from gcrsync.mirror.selection import Patterns, Selection
from gcrsync.oci.name import Namespace, Repository
from gcrsync.registry.client import Client
from gcrsync.registry.clock import Clock
from gcrsync.registry.destination import Destination
from gcrsync.registry.hosts import Hosts
from gcrsync.registry.opening import Settings, open_session
from gcrsync.registry.retry import RetryPolicy
from gcrsync.registry.session import Session
from gcrsync.sync.job import Job, Means, Mirror
from gcrsync.sync.places import Target
from gcrsync.sync.progress import Watch
from gcrsync.sync.stop import Stop

_CREDENTIALS = ("GCRSYNC_USERNAME", "GCRSYNC_PASSWORD")

_LOOK_SECONDS = 0.1
"""How often it is looked whether the run was asked to stop: a thread cannot wait for that and for the end of the run at once."""


@dataclass(frozen=True, slots=True)
class Base:
    """Where relative paths count from: ``root`` is the metadata repository's, ``config`` that of the configuration file.

    ``ours`` marks a clone in our own cache, whose place means nothing to anybody else.
    """

    root: Path
    config: Path | None
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A table of the configuration, and the part of its source that a run is about."""

    table: Table
    namespace: Namespace


def choices(options: CompareOptions, base: Base) -> tuple[Choice, ...]:
    """Give what is to be mirrored: the configuration's tables, or those that cover the namespaces that were named."""
    configured = read_config(base.config) if base.config else ()
    if not options.namespaces:
        if not configured:
            hint = "name a NAMESPACE and --to DESTINATION, or write them into it"
            raise UsageError(f"nothing to mirror: there is no {FILE_NAME} with a [[mirror]] table in {base.root}", hint=hint)
        return tuple(Choice(table, table.source) for table in configured)
    named = {Namespace.parse(text) for text in options.namespaces}
    widest = sorted(name for name in named if not any(other != name and other.covers(name) for other in named))
    return tuple(choice for namespace in widest for choice in _covering(namespace, configured, options))


def _covering(namespace: Namespace, configured: tuple[Table, ...], options: CompareOptions) -> tuple[Choice, ...]:
    """Give the tables that cover a namespace, narrowed to it, or those that lie below it; with none, one made from ``--to``."""
    covering = tuple(Choice(table, namespace) for table in configured if table.source.covers(namespace))
    found = covering or tuple(Choice(table, table.source) for table in configured if namespace.covers(table.source))
    if found:
        return found
    if options.to is None:
        raise UsageError(f"no table of the configuration covers {namespace}", hint="say where to with --to DESTINATION")
    return (Choice(Table(namespace, options.to), namespace),)


def job(command: str, options: CompareOptions, base: Base, chosen: Iterable[Choice]) -> Job:
    """Give what the run is asked to do with the chosen tables."""
    started = datetime.now(UTC).replace(microsecond=0)
    mirrors = tuple(_mirror(choice.table, choice.namespace, options, base) for choice in chosen)
    return Job(command, mirrors, started, run=f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}")


def _mirror(table: Table, namespace: Namespace, options: CompareOptions, base: Base) -> Mirror:
    includes = (table.include, Patterns(tuple(options.include or ())))
    selection = Selection(
        source=table.source,
        namespace=namespace,
        includes=tuple(patterns for patterns in includes if patterns),
        exclude=Patterns((*table.exclude.texts, *(options.exclude or ()))),
        tags_include=table.tags_include,
        tags_exclude=table.tags_exclude,
        accept_empty=table.accept_empty,
        platforms=table.platforms,
    )
    beside = base.config.parent if base.config else base.root
    written, folder = (table.destination, beside) if options.to is None else (options.to, Path.cwd())
    place = destination(written, table.name, folder, None if base.ours else base.root)
    return Mirror(selection, place, table.referrers_for)


def destination(text: str, template: str | None, folder: Path, root: Path | None) -> AnyDestination:
    """Read a destination; a relative ``oci:`` folder counts from ``folder``, and is recorded relative to ``root`` if any."""
    named = folder_of(text)
    if named is None:
        return registry_destination(text, template)
    if not named:
        raise UsageError("oci: names no folder", hint="write oci:FOLDER")
    written = os.path.expanduser(named)  # noqa: PTH111 - unlike Path's it leaves a user that nobody knows as it is
    location = Path(os.path.normpath(folder.resolve() / written))
    recorded = location.as_posix() if root is None or Path(written).is_absolute() else _relative(location, root)
    return FolderDestination(recorded, str(location), checked_template(template or "{path}"))


def _relative(location: Path, root: Path) -> str:
    relative = Path(os.path.relpath(location, root)).as_posix()
    return relative if relative.startswith("..") else f"./{relative}"


class Places:
    """Opens destinations, each host with its own credentials, for as long as a run lasts."""

    def __init__(self, job: Job, settings: Settings, environment: Mapping[str, str]) -> None:
        """Credentials from the environment are for the destination of the job alone."""
        self._settings = settings
        self._environment, self._sessions, self._folders = environment, dict[str | None, Session](), dict[str, Folder]()
        self._registries, self._lock = dict[str, Destination](), RLock()
        self._own = _destination_host(job, environment)

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


def _destination_host(job: Job, environment: Mapping[str, str]) -> str | None:
    """Give the one host that credentials from the environment are for; UsageError where there would be several."""
    places = [mirror.destination for mirror in job.mirrors]
    hosts = sorted({place.registry for place in places if not isinstance(place, FolderDestination)})
    if not any(environment.get(name) for name in _CREDENTIALS):
        return None
    if len(hosts) > 1:
        message = f"{' and '.join(_CREDENTIALS)} are set, and there are destinations on {', '.join(hosts)}"
        raise UsageError(message, hint="unset them and use docker login for each, or run one destination at a time")
    return hosts[0] if hosts else None


def network(options: CompareOptions, chosen: Iterable[Choice]) -> Settings:
    """Give what sessions are told by the options and the configuration."""
    retry = RetryPolicy(tries=options.retries + 1)
    return Settings(insecure=_insecure_hosts(options, chosen), retry=retry, patience=options.timeout)


def _insecure_hosts(options: CompareOptions, chosen: Iterable[Choice]) -> frozenset[str]:
    """Give the hosts that may speak plain HTTP: those of the options, and both ends of each table that says so."""
    insecure = [choice.table for choice in chosen if choice.table.insecure]
    places = [options.to or table.destination for table in insecure]
    destinations = [place.partition("/")[0] for place in places if folder_of(place) is None]
    return frozenset((*(options.insecure or ()), *(table.source.registry for table in insecure), *destinations))


@contextmanager
def means(job: Job, settings: Settings, base: Base, jobs: int, signals: tuple[Stop, Watch]) -> Iterator[Means]:
    """Give what a run works with; connections and threads end with the context, connections already at a stop."""
    environment, (stop, watch) = dict(os.environ), signals
    clock = Clock(time.monotonic, time.sleep, stop)
    hosts = Hosts(lambda host, rest: watch.left(host, rest.left, rest.most))
    with ExitStack() as stack:
        places = Places(job, replace(settings, stopped=stop, hosts=hosts), environment)
        stack.callback(places.close)
        stack.enter_context(_closed_at_a_stop(places, stop.asked))
        blobs, executor = (ThreadPoolExecutor(jobs, thread_name_prefix=THREADS) for _ in range(2))
        for pool in (blobs, executor):
            stack.callback(lambda pool: pool.shutdown(wait=not stop()), pool)
        session = places.session(None)
        yield Means(
            session=session,
            source=Client(session),
            target=places.target,
            recorded=lambda mirror: places.recorded(mirror, base.root),
            executor=executor,
            blobs=blobs,
            ahead=jobs,
            attempt=lambda work: settings.retry.call(work, clock),
            stopped=stop,
            watch=watch,
        )


@contextmanager
def _closed_at_a_stop(places: Places, asked_to_stop: Event) -> Iterator[None]:
    """Close every connection as soon as the run is asked to stop, so that no thread goes on waiting for a host that stalls."""
    ended = Event()

    def close() -> None:
        while not ended.wait(_LOOK_SECONDS):
            if asked_to_stop.is_set():
                places.close()
                return

    thread = Thread(target=close, name="gcrsync-stop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
