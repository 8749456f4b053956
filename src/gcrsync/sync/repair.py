"""Copying again from the source what a mirror has lost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gcrsync.mirror.outcome import Outcome, Problem, Step
from gcrsync.mirror.record import Records
from gcrsync.mirror.verification import Finding, Question, State
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import is_fallback_tag
from gcrsync.sync.job import Means
from gcrsync.sync.passage import Known, Passage
from gcrsync.sync.pool import Pool, each
from gcrsync.sync.transfer import Transfer


@dataclass(frozen=True, slots=True)
class Repaired:
    """What came of it: the findings, the bytes that were ``copied``, and what was last heard of each source that gave no more."""

    findings: tuple[Finding, ...]
    copied: int
    limits: Mapping[str, str]


def repair(means: Means, records: Records, findings: Sequence[Finding]) -> Repaired:
    """Copy each missing manifest again by its digest, with all that it names, and put the missing tags on it.

    What has no tag, as a signature has none, comes before what has one. A tag that serves something else is left as it is.
    """
    missing: dict[Question, list[Tag]] = {}
    for finding in findings:
        if finding.state is State.MISSING and finding.question is not None:
            missing.setdefault(finding.question.by_digest, []).extend([finding.tag] if finding.tag else [])
    means.watch.planned(len(missing), 0)
    transfers = {name: _transfer(means, records, name) for name in {question.repository for question in missing}}

    def copy(question: Question) -> tuple[Question, Outcome]:
        step = _step(means, records, question, missing[question])
        return question, transfers[question.repository].restore(step, question.digest)

    pool, outcomes = Pool(means.executor, means.ahead, means.stopped), dict[Question, Outcome]()
    for has_tags in (False, True):
        outcomes |= each(pool, copy, [question for question, tags in missing.items() if bool(tags) is has_tags])
    limited = [outcome for outcome in outcomes.values() if outcome.problem is Problem.LIMITED]
    return Repaired(
        findings=tuple(_told(finding, outcomes) for finding in findings),
        copied=sum(outcome.copied for outcome in outcomes.values()),
        limits={outcome.step.source.registry: outcome.reason for outcome in limited},
    )


def _transfer(means: Means, records: Records, name: Repository) -> Transfer:
    """Give what copies into one mirror; the source's own lists of referrers are there where their tags are on record."""
    target, _ = means.recorded(records[name].mirror)
    known = Known(copied=frozenset(filter(is_fallback_tag, records[name].served)))
    return Transfer(Passage(means.source, target, means.repeat, means.blobs, means.stopped, means.watch, lambda _: known))


def _step(means: Means, records: Records, question: Question, tags: Iterable[Tag]) -> Step:
    mirror = records[question.repository].mirror
    _, place = means.recorded(mirror)
    return Step(question.repository, place, mirror, question.source, tuple(tags), platforms=question.platforms)


def _told(finding: Finding, outcomes: Mapping[Question, Outcome]) -> Finding:
    if finding.state is not State.MISSING or finding.question is None:
        return finding
    outcome = outcomes.get(finding.question.by_digest)
    if outcome is None:
        return finding
    return replace(finding, repaired=outcome.problem is None, reason=outcome.reason)
