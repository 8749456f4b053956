"""A Dask cluster as the crew of a run: its scheduler, which may not be there, and what its workers run."""

import logging
import pickle
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Event, Thread

import dask.config
import distributed
from distributed.scheduler import KilledWorker

from gcrsync.cli.command import THREADS
from gcrsync.cli.worker import Terms, build, carry, failed
from gcrsync.errors import UsageError, one_line
from gcrsync.registry.address import is_loopback
from gcrsync.sync.crew import Crew
from gcrsync.sync.deliveries import WorkersCrew
from gcrsync.sync.parcel import Delivered, News, Parcel

_PATIENCE = 10.0
"""For how many seconds a cluster may have no worker, or no scheduler that answers, before it is given up."""

_FIRST_ANSWER = 5.0
"""For how many seconds a scheduler is waited for at first."""

_LOOK = 0.25
"""How often it is looked whether the run is to end, in seconds."""

_LOOK_FAR = 1.0
"""How often the scheduler is asked for its workers, and by them whether the run is to end, in seconds."""

_WORDS = "distributed.comm.tls.ca-file, client.cert and client.key, or DASK_DISTRIBUTED__COMM__TLS__CA_FILE and so on"
_NOT_THERE = (OSError, TimeoutError, CancelledError)


@contextmanager
def on_cluster(place: str, terms: Terms, stopped: Callable[[], bool]) -> Iterator[Crew]:
    """Give the crew that the workers of the scheduler at ``host:port`` are, among which the jobs of the run are divided.

    Raises UsageError for a cluster that cannot be used: that does not answer or has no workers, whose connections would not be
    encrypted, or whose workers have another gcrsync or Python.
    """
    logging.disable()  # Dask and asyncio would tell with tracebacks of what is told by us in a line
    client = _client(place)
    try:
        number = _usable(client)
        slots, jobs = min(number, terms.jobs), max(1, terms.jobs // number)
        workers = _DaskWorkers(client, replace(terms, jobs=jobs), stopped)
        with workers.watched(), ThreadPoolExecutor(slots, thread_name_prefix=THREADS) as threads:
            yield WorkersCrew(workers, threads, slots)
    finally:
        with suppress(*_NOT_THERE):
            client.close(timeout=_LOOK_FAR)


def _client(place: str) -> distributed.Client:
    address = f"{_scheme(place)}://{place}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other versions than here, which are looked at later
            return distributed.Client(address, timeout=_FIRST_ANSWER, set_as_default=False)
    except _NOT_THERE as error:
        hint = "look whether it runs, and whether both ends are to speak TLS"
        raise UsageError(f"no Dask scheduler answers at {address}", hint=hint) from error


def _scheme(place: str) -> str:
    """Say how a scheduler is spoken to: with TLS where Dask is configured for that, else without it and on loopback alone."""
    if all(dask.config.get(f"distributed.comm.tls.{name}", None) for name in ("ca-file", "client.cert")):
        return "tls"
    if _is_here(place):
        return "tcp"
    hint = f"name certificates in Dask's own configuration ({_WORDS}); without them a scheduler has to be on loopback"
    raise UsageError(f"the connection to dask://{place} would not be encrypted", hint=hint)


def _usable(client: distributed.Client) -> int:
    """Give the number of workers, the first of which is waited for, once it is seen that they can be used."""
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except _NOT_THERE as error:
        raise UsageError("the Dask cluster has no workers", hint="start some, then run again") from error
    workers = client.nthreads()
    _check_encrypted(workers)
    _check_versions(client.run(build, on_error="return"))
    return len(workers)


def _check_encrypted(workers: Iterable[str]) -> None:
    for worker in sorted(workers):
        if not _is_private(worker):
            raise UsageError(f"the connections of the worker {worker} are not encrypted", hint="start the cluster with TLS")


def _check_versions(told: "dict[str, tuple[str, str] | BaseException]") -> None:
    for worker, versions in sorted(told.items()):
        if isinstance(versions, BaseException):
            reason = f"has no gcrsync that can be used ({one_line(str(versions))})"
        elif versions != build():
            reason = "has gcrsync {} on Python {}".format(*versions)
        else:
            continue
        hint = "install gcrsync {} with the extra gcrsync[dask] on Python {} there".format(*build())
        raise UsageError(f"the worker {worker} {reason}, which is not what runs here", hint=hint)


def _is_private(worker: str) -> bool:
    scheme, _, place = worker.partition("://")
    return scheme == "tls" or _is_here(place)


def _is_here(place: str) -> bool:
    return is_loopback(place.rpartition(":")[0])


def _carry(parcel: Parcel, terms: Terms) -> Delivered:
    """Do the work of a parcel; this is what a worker of the cluster runs."""
    worker, ending, asked = distributed.get_worker(), distributed.Event(terms.run), time.monotonic()
    if not _is_private(worker.address):  # one that has joined since the run began was not looked at
        return failed(parcel, f"the connections of the worker {worker.address} are not encrypted")

    def is_over() -> bool:
        nonlocal asked
        if time.monotonic() - asked < _LOOK_FAR:
            return False
        asked = time.monotonic()
        try:
            return bool(ending.is_set())
        except _NOT_THERE:  # there is nobody any more to whom it could be told what was done
            return True

    return carry(parcel, terms, is_over, lambda news: worker.log_event(terms.run, pickle.dumps(news)))


class _DaskWorkers:
    """The workers of one scheduler. It gives the work of one that is lost to another, a few times if need be."""

    def __init__(self, client: distributed.Client, terms: Terms, stopped: Callable[[], bool]) -> None:
        self._client, self._terms, self._stopped = client, terms, stopped
        self._told: SimpleQueue[bytes] = SimpleQueue()
        self._closed, self._seen = Event(), time.monotonic()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """See whether the workers are there, and tell them when the run is to end: in a thread, which may have to wait for that."""
        self._client.subscribe_topic(self._terms.run, lambda event: self._told.put(event[1]))
        Thread(target=self._watch, daemon=True).start()
        try:
            yield
        finally:
            self._closed.set()

    def do(self, parcel: Parcel, given_up: Callable[[], bool]) -> Delivered | None:
        """Have a parcel delivered by one of the workers."""
        if self._lost():
            return None
        done = Event()
        future = self._client.submit(_carry, parcel, self._terms, pure=False)
        future.add_done_callback(lambda _: done.set())
        while not done.wait(_LOOK):
            if given_up() or self._lost():
                return None
        try:
            delivered: Delivered = future.result(timeout=_LOOK_FAR)
        except (KilledWorker, *_NOT_THERE):
            return None
        return delivered

    def news(self) -> Iterator[News]:
        """Give what the workers have told since this was last asked."""
        with suppress(Empty):
            while True:
                news: News = pickle.loads(self._told.get_nowait())  # noqa: S301 - who can tell this can run code here anyway
                yield news

    def _lost(self) -> bool:
        return time.monotonic() - self._seen > _PATIENCE

    def _watch(self) -> None:
        told = False
        while not self._closed.wait(_LOOK):
            with suppress(*_NOT_THERE):
                if self._stopped() and not told:
                    distributed.Event(self._terms.run, client=self._client).set()
                    told = True
                if self._client.nthreads():
                    self._seen = time.monotonic()
