"""What a worker of a cluster does of a run: whole repositories, with connections and credentials of its own."""

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from threading import Lock, Timer

from gcrsync.cli.setup import means
from gcrsync.errors import GcrsyncError
from gcrsync.mirror.ending import Ending
from gcrsync.mirror.naming import AnyDestination
from gcrsync.mirror.outcome import Outcome, Problem, Step
from gcrsync.registry.opening import Settings
from gcrsync.registry.retry import RetryPolicy
from gcrsync.sync.job import Means
from gcrsync.sync.parcel import Delivered, News, Parcel, deliver
from gcrsync.sync.progress import Watch
from gcrsync.sync.stop import Stop

_KEPT_SECONDS = 60.0
"""How long connections are kept for the next repository of a run; one that was ended from outside sends no word."""

Tell = Callable[[News], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What all parcels of a run have in common, as a value that pickles.

    ``jobs`` is how many copies run at a time for one, and ``build`` what the run itself is of.
    """

    run: str
    destinations: tuple[AnyDestination, ...]
    insecure: frozenset[str]
    retry: RetryPolicy
    patience: float
    jobs: int
    build: tuple[str, str]


def build() -> tuple[str, str]:
    """Give the versions that must be the same where values are to travel: gcrsync's and Python's."""
    return version("gcrsync"), ".".join(platform.python_version_tuple()[:2])


def carry(parcel: Parcel, terms: Terms, is_over: Callable[[], bool], tell: Tell) -> Delivered:
    """Do the work of a parcel, and ``tell`` how it goes from any thread; ``is_over`` is asked by this one, often."""
    if terms.build != build():  # a worker that has joined since the run began was not asked
        reason = "the worker has gcrsync {} on Python {}, and the run {} on {}".format(*build(), *terms.build)
        return failed(parcel, reason)
    try:
        with _benches.at(terms, tell) as bench:
            own = Stop(time.monotonic, parcel.most)

            def look() -> None:
                if is_over():
                    for stop in (own, bench.stop):
                        stop.ask(Ending.SIGNAL)

            return deliver(parcel, replace(bench.means, stopped=own), tell, look)
    except GcrsyncError as error:
        return failed(parcel, str(error))  # as text: an exception is not the same after a journey


def failed(parcel: Parcel, reason: str) -> Delivered:
    """Say that nothing of a parcel was done, and why."""
    return Delivered(tuple(Outcome(step, problem=Problem.FAILED, reason=reason) for step, _ in parcel.steps), parcel.most)


class _Teller(Watch):
    """Tells what is done here to whoever watches the run; outcomes are told by themselves."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def started(self, step: Step) -> None:
        self._tell(step)

    def said(self, line: str) -> None:
        self._tell(line)


class _Bench:
    """What this process works with for one run, kept from one repository to the next."""

    def __init__(self, terms: Terms, tell: Tell) -> None:
        self.stop, self.users, self._stack = Stop(time.monotonic), 0, ExitStack()
        settings = Settings(insecure=terms.insecure, retry=terms.retry, patience=terms.patience)
        opened = means(terms.destinations, settings, Path.cwd(), terms.jobs, (self.stop, _Teller(tell)))
        self.means: Means = self._stack.enter_context(opened)
        self.closing = Timer(0.0, self.close)
        """Closes it, once nobody uses it any more."""

    def close(self) -> None:
        self._stack.close()


class _Benches:
    """The benches of this process, one for each run that sends it work."""

    def __init__(self) -> None:
        self._lock, self._open = Lock(), dict[str, _Bench]()

    @contextmanager
    def at(self, terms: Terms, tell: Tell) -> Iterator[_Bench]:
        """Give the bench of a run, which is opened for the first of its parcels."""
        with self._lock:
            bench = self._open.get(terms.run) or self._open.setdefault(terms.run, _Bench(terms, tell))
            bench.users += 1
            bench.closing.cancel()
        try:
            yield bench
        finally:
            with self._lock:
                bench.users -= 1
                bench.closing = Timer(0.0 if bench.stop() else _KEPT_SECONDS, self._close, (terms.run,))
                bench.closing.daemon = True
                bench.closing.start()

    def _close(self, run: str) -> None:
        with self._lock:
            bench = self._open.get(run)
            if bench is None or bench.users:
                return
            del self._open[run]
        bench.close()


_benches = _Benches()
