"""Who does the work of a run: the threads of this process, or whoever else is put in their place."""

from collections.abc import Callable, Iterable
from itertools import takewhile

from gcrsync.mirror.outcome import Outcome
from gcrsync.sync.job import Means
from gcrsync.sync.pool import Pool, each
from gcrsync.sync.work import Work

Note = Callable[[Work, Outcome], None]
"""Takes note of what came of a piece of work."""

Crew = Callable[[Means, Iterable[Work], Note, Callable[[], None]], None]
"""Does work until it is done or the run is to end, and has each outcome noted as it comes.

What is to be done ``meanwhile`` is called several times a second, as the outcomes are noted: by the thread that calls the crew.
"""


def by_threads(means: Means, work: Iterable[Work], note: Note, meanwhile: Callable[[], None]) -> None:
    """Do the work in the threads of this process."""
    wanted = takewhile(lambda _: not means.stopped.closed, work)
    pool = Pool(means.executor, means.ahead, means.stopped, meanwhile)
    for item, outcome in each(pool, lambda item: (item, item.done()), wanted):
        note(item, outcome)
