"""The work on one repository as a value that can be sent to another machine, and done there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gcrsync.mirror.outcome import Outcome, Step
from gcrsync.sync.crew import by_threads
from gcrsync.sync.job import Means
from gcrsync.sync.passage import Known
from gcrsync.sync.work import Purpose, Route, Work


@dataclass(frozen=True, slots=True)
class Parcel:
    """The steps of one repository by one route, and what is known of that repository.

    It pickles, and has nothing secret in it: who does the work has credentials of its own. ``most`` is how many bytes of blobs may
    be sent for it, None where there is no limit.
    """

    route: Route
    known: Known
    steps: tuple[tuple[Step, Purpose], ...]
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of a parcel, as a value that pickles.

    ``left`` of the bytes that might be sent were not, None where there was no limit; ``unfit`` is the smallest number of bytes that
    did not fit any more, None where all did.
    """

    outcomes: tuple[Outcome, ...]
    left: int | None = None
    unfit: int | None = None


News = Step | Outcome | str
"""What is told of a parcel under way: a step that is begun, what came of one, or something that a person should read."""


def by_repository(work: Iterable[Work]) -> list[tuple[Work, ...]]:
    """Group work by repository and route, in the order in which they come."""
    groups: dict[object, list[Work]] = {}
    for item in work:
        groups.setdefault((item.number, item.repository, item.route), []).append(item)
    return [tuple(group) for group in groups.values()]


def pack(group: Sequence[Work], most: int | None = None) -> Parcel:
    """Make a parcel of the work on one repository by one route."""
    first = group[0]
    steps = tuple((item.step, item.purpose) for item in group)
    return Parcel(first.route, first.transfer.known(first.step.source), steps, most)


def deliver(parcel: Parcel, means: Means, told: Callable[[Outcome], None], meanwhile: Callable[[], None]) -> Delivered:
    """Do the work of a parcel with the means that there are here; each outcome is ``told`` as it comes."""
    outcomes: list[Outcome] = []

    def note(_item: Work, outcome: Outcome) -> None:
        outcomes.append(outcome)
        told(outcome)

    by_threads(means, _unpacked(parcel, means), note, meanwhile)
    return Delivered(tuple(outcomes), means.stopped.left, means.stopped.unfit)


def _unpacked(parcel: Parcel, means: Means) -> Iterator[Work]:
    transfer = parcel.route.open(means, lambda _: parcel.known)
    for step, purpose in parcel.steps:
        yield Work(0, step.source, parcel.route, transfer, step, purpose)
