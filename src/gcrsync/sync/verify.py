"""Asking the destination whether it has what is on record, and copying again what it has lost."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.verification import Finding, Question, State, Verification, extra, questions
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository
from gcrsync.sync.job import Means
from gcrsync.sync.once import Once
from gcrsync.sync.places import Target
from gcrsync.sync.pool import Pool, each
from gcrsync.sync.reach import Reach
from gcrsync.sync.repair import Repaired, repair

Choose = Callable[[Sequence[Question]], Sequence[Question]]
"""Chooses some of the questions by chance."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be verified; ``sample`` chooses what is asked for, None is all, and with ``repairs`` what is missing is copied."""

    records: Records
    started: datetime
    sample: Choose | None = None
    repairs: bool = False


def verify(means: Means, request: Request) -> Verification:
    """Ask the destination for what is on record, and say what is missing, different or extra; it is never raised.

    What a tag serves tells of its digest too, which is asked for by itself where that is another. Manifests are asked for, and not
    what they name. What has more tags than the record is found with one list for each repository, unless there is a sample.
    """
    recorded = [question for record in request.records.values() for question in questions(record)]
    chosen = recorded if request.sample is None else request.sample(recorded)
    asking = _Asking(means, request.records)
    findings = dict.fromkeys(finding for found in asking.all(chosen) for finding in found)
    if request.sample is None:
        findings |= dict.fromkeys(finding for found in asking.lists() for finding in found)
    repaired = Repaired(tuple(findings), 0, {})
    if request.repairs:
        repaired = repair(means, request.records, repaired.findings)
    return Verification(
        started=request.started,
        mirrors={repository: record.mirror for repository, record in request.records.items()},
        recorded=len(recorded),
        asked=asking.asked,
        findings=tuple(sorted(repaired.findings, key=_place)),
        sampled=request.sample is not None,
        copied=repaired.copied,
        ending=means.stopped.ending,
        limits=tuple({**asking.reach.limits, **repaired.limits}.values()),
    )


class _Asking:
    """Asks destinations; its methods that ask may be called by any thread."""

    def __init__(self, means: Means, records: Records) -> None:
        self._means, self._records = means, records
        self._places = {name: means.recorded(record.mirror) for name, record in records.items() if record.served}
        self._present: Once[tuple[Repository, Digest], bool] = Once()
        self.reach = Reach(means.stopped)
        self.asked = 0

    def all(self, chosen: Sequence[Question]) -> Iterator[tuple[Finding, ...]]:
        """Ask for all of these."""
        pool = Pool(self._means.executor, self._means.ahead, self._means.stopped)
        self._means.watch.asked(0, len(chosen))
        for found in each(pool, self._ask, chosen):
            if found is not None:
                self.asked += 1
                self._means.watch.asked(self.asked, len(chosen))
                yield found

    def lists(self) -> Iterator[tuple[Finding, ...]]:
        """Ask each mirror for its tags, and give what is extra."""
        pool = Pool(self._means.executor, self._means.ahead, self._means.stopped)
        for found in each(pool, self._list, (self._records[name] for name in self._places)):
            yield found or ()

    def _ask(self, question: Question) -> tuple[Finding, ...] | None:
        """Ask for one name; None where the run was asked to stop before there was an answer."""
        target, _ = self._places[question.repository]
        blank = Finding(question.repository, State.UNKNOWN, question.tag, question)
        return self.reach.ask(target, lambda: tuple(self._found(question)), lambda reason: (replace(blank, reason=reason),))

    def _list(self, record: Record) -> tuple[Finding, ...] | None:
        (target, place), blank = self._places[record.repository], Finding(record.repository, State.UNKNOWN)

        def found() -> tuple[Finding, ...]:
            return tuple(Finding(record.repository, State.EXTRA, tag) for tag in extra(record, target.tags(place)))

        return self.reach.ask(target, found, lambda reason: (replace(blank, reason=reason),))

    def _found(self, question: Question) -> Iterator[Finding]:
        target, place = self._places[question.repository]
        there = target.head_manifest(place, question.tag or question.digest)
        if there is not None and there.digest == question.digest:
            return
        if question.tag is not None and there is not None:
            yield Finding(question.repository, State.DIFFERENT, question.tag, question, there.digest)
        else:
            yield Finding(question.repository, State.MISSING, question.tag, question)
        if question.tag is not None and not self._has(target, place, question.digest):
            yield Finding(question.repository, State.MISSING, None, question.by_digest)

    def _has(self, target: Target, place: Repository, digest: Digest) -> bool:
        return self._present.do((place, digest), lambda: target.head_manifest(place, digest) is not None)


def _place(finding: Finding) -> tuple[Repository, str, tuple[object, ...], str]:
    tag = finding.tag
    return finding.repository, finding.state, () if tag is None else tag.sort_key, finding.digest or ""
