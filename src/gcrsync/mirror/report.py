"""What a run has to say at its end."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gcrsync.mirror.alarm import Alarm
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.ending import Ending
from gcrsync.mirror.outcome import LEFT, Outcome, Problem
from gcrsync.mirror.platforms import NARROWED
from gcrsync.mirror.record import Record
from gcrsync.mirror.snapshot import Doubt, Fault
from gcrsync.mirror.why import Explanation
from gcrsync.oci.name import Namespace, Repository, Tag


@dataclass(frozen=True, slots=True)
class NamespaceReport:
    """What a run found of one namespace, or made of it.

    ``images`` are the tags that are not the same on both sides, failed ones among them; ``copied`` are bytes sent. ``doubts`` tell
    which listings were not believed, and ``alarms`` what else somebody should look at; ``unchanged`` counts the tags that there is
    nothing to say of. ``requests`` counts what the listing took, and ``asked`` what it took to learn what refers to the images.
    ``why`` explains what was asked about.
    """

    namespace: Namespace
    listed_by: str = ""
    requests: int = 0
    images: tuple[Change, ...] = ()
    unchanged: int = 0
    copied: int = 0
    doubts: tuple[Doubt, ...] = ()
    asked: int = 0
    alarms: tuple[Alarm, ...] = ()
    why: tuple[Explanation, ...] = ()

    def counts(self) -> Mapping[State, int]:
        """Count the tags in each state."""
        return Counter(image.state for image in self.images) + Counter({State.UNCHANGED: self.unchanged})

    def count(self, state: State) -> int:
        """Count the tags in one state."""
        return self.counts()[state]

    @property
    def complete(self) -> bool:
        """Whether every listing was there and believed, whatever the selection takes of it."""
        return all(doubt.fault is Fault.UNMATCHED for doubt in self.doubts)

    @property
    def listing_failed(self) -> bool:
        """Whether a listing could not be had at all, and not because the source gave no more."""
        return any(doubt.fault is Fault.FAILED for doubt in self.doubts)


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has to say: ``started`` is in UTC; ``ending`` says why it ended early, None where it did not.

    ``limits`` tells of each source that gave no more, and when it will.
    """

    command: str
    started: datetime
    namespaces: tuple[NamespaceReport, ...] = ()
    ending: Ending | None = None
    limits: tuple[str, ...] = ()

    def count(self, state: State) -> int:
        """Count the tags in one state, over all namespaces."""
        return sum(namespace.count(state) for namespace in self.namespaces)


def with_outcomes(changes: Iterable[Change], outcomes: Iterable[Outcome]) -> tuple[Change, ...]:
    """Give the changes as they turned out: a tag that was to be copied and was not is failed, or held where it was refused.

    A tag that the run did not come to, because it was stopped or the source gave no more, is left out.
    """
    ends: dict[tuple[Repository, Tag], Outcome] = {
        (outcome.step.source, tag): outcome for outcome in outcomes for tag in outcome.step.tags
    }
    images = (_as_it_ended(change, ends.get((change.repository, change.tag))) for change in changes)
    return tuple(image for image in images if image is not None)


def with_referrers(record: Record, outcome: Outcome) -> Iterator[Change]:
    """Give what came of an image that is on record as it is, and was looked at again for what refers to it."""
    step = outcome.step
    more = len(set(outcome.referrers) - set(record.manifests[step.digest].referrers))
    reason = f"{more} {'manifest that refers' if more == 1 else 'manifests that refer'} to it copied"
    for tag in step.tags:
        if outcome.problem is Problem.FAILED or outcome.why is not None:
            yield Change(step.source, tag, State.FAILED, step.digest, step.digest, outcome.reason, news=False)
        elif more:
            yield Change(step.source, tag, State.UNCHANGED, step.digest, step.digest, reason)


def _as_it_ended(change: Change, outcome: Outcome | None) -> Change | None:
    if change.state not in (State.ADDED, State.MOVED):
        return change
    if outcome is None or (change.tag not in outcome.confirmed and outcome.problem in LEFT):
        return None
    if change.tag in outcome.confirmed:
        is_kept = change.kept is None or change.kept in {keep.name for keep in outcome.kept}
        reason = change.reason if is_kept else "the mirror has lost the old one, which is not kept"
        narrowed = () if outcome.mirror_digest is None else (NARROWED,)
        return replace(change, reason="; ".join(filter(None, (reason, *narrowed))))
    if outcome.why is None:
        return Change(change.repository, change.tag, State.FAILED, change.digest, change.was, outcome.reason, news=False)
    return Change(change.repository, change.tag, State.HELD, change.digest, change.was, outcome.reason, why=outcome.why)
