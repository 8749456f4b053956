"""Repositories handed out to workers elsewhere, and what is heard of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import takewhile
from threading import Event, Lock
from typing import Protocol

from gcrsync.errors import UsageError
from gcrsync.mirror.naming import folder_of
from gcrsync.mirror.outcome import Outcome, Problem, Step
from gcrsync.sync.crew import Note
from gcrsync.sync.job import Means
from gcrsync.sync.parcel import Delivered, News, Parcel, by_repository, pack
from gcrsync.sync.pool import Pool, each
from gcrsync.sync.work import Purpose, Work

_PATIENCE = 3.0
"""How many seconds workers are given to say what came of their work once the run is to end."""

_LOST = "the workers that it was given to are lost; what they had copied is found by the next run"


class Workers(Protocol):
    """Those who do the work."""

    def do(self, parcel: Parcel, given_up: Callable[[], bool]) -> Delivered | None:
        """Have a parcel delivered by one of them, and wait for that until it is ``given_up``; None where it is not to be had."""

    def news(self) -> Iterator[News]:
        """Give what they have told since this was last asked."""


@dataclass(frozen=True, slots=True)
class WorkersCrew:
    """A crew of workers elsewhere, which are given at most ``slots`` repositories at a time, each by one of the ``threads``."""

    workers: Workers
    threads: Executor
    slots: int

    def __call__(self, means: Means, work: Iterable[Work], note: Note, meanwhile: Callable[[], None]) -> None:
        """Have the work done, and each outcome noted as it is told.

        Raises UsageError where a mirror is to move from a folder, which workers do not see.
        """
        groups = by_repository(work)
        _check_origins(groups)
        deliveries = _Deliveries(self, means, note, len(groups))

        def look() -> None:
            deliveries.hear()
            meanwhile()

        wanted = takewhile(lambda _: not means.stopped.closed, groups)
        try:
            pool = Pool(self.threads, self.slots, means.stopped, look, _PATIENCE)
            for group, delivered in each(pool, deliveries.send, wanted):
                deliveries.hear()
                deliveries.settle(group, delivered)
        finally:
            deliveries.end()


def _check_origins(groups: Iterable[Sequence[Work]]) -> None:
    for origin in (group[0].route.origin for group in groups):
        if folder_of(origin) is not None:
            message = f"{origin} is a folder of this machine, from which workers elsewhere cannot take what is to move"
            raise UsageError(message, hint="leave --executor out this time")


class _Deliveries:
    """The work that is out. Only ``send`` is called by other threads than that of the run."""

    def __init__(self, crew: WorkersCrew, means: Means, note: Note, waiting: int) -> None:
        self._crew, self._means, self._note = crew, means, note
        self._out: dict[Step, Work] = {}
        self._shown: set[Step] = set()
        self._ended, self._lock, self._busy, self._waiting = Event(), Lock(), 0, waiting

    def send(self, group: Sequence[Work]) -> tuple[Sequence[Work], Delivered | None]:
        """Have the work on a repository done, with an equal part of the bytes that may be sent; what is not spent comes back."""
        stopped = self._means.stopped
        with self._lock:
            lent = stopped.lend(min(self._crew.slots - self._busy, self._waiting))
            self._busy, self._waiting = self._busy + 1, self._waiting - 1
        self._out.update({item.step: item for item in group})
        delivered = self._crew.workers.do(pack(group, lent), self._ended.is_set)
        with self._lock:
            self._busy -= 1
            if delivered is not None:
                stopped.restore(delivered.left or 0)
        return group, delivered

    def hear(self) -> None:
        """Note and show what was told meanwhile.

        What a worker gives up is not an outcome before the run is to end: another one may do it.
        """
        for news in self._crew.workers.news():
            match news:
                case Outcome():
                    if news.problem is not Problem.STOPPED or self._means.stopped():
                        self._heard(news)
                case Step():
                    if news in self._out and news not in self._shown:
                        self._shown.add(news)
                        self._means.watch.started(news)
                case str():
                    self._means.watch.said(news)

    def settle(self, group: Sequence[Work], delivered: Delivered | None) -> None:
        """Note what came of the work on a repository, as far as that was not told yet."""
        if delivered is None:
            lost = Problem.STOPPED if self._means.stopped() else Problem.FAILED
            delivered = Delivered(tuple(Outcome(item.step, problem=lost, reason=_LOST) for item in group))
        if delivered.unfit is not None:
            self._means.stopped.close(delivered.unfit)
        for outcome in delivered.outcomes:
            self._heard(outcome)

    def end(self) -> None:
        """Note what was told last, and give up what is still out."""
        self.hear()
        self._ended.set()

    def _heard(self, outcome: Outcome) -> None:
        """Note an outcome, unless it was told before: by this worker, or by one that was lost after it."""
        item = self._out.pop(outcome.step, None)
        if item is None:
            return
        self._note(item, outcome)
        if item.purpose is not Purpose.REVISIT:
            self._means.watch.moved(outcome.step, outcome.copied)
            self._means.watch.finished(outcome)
