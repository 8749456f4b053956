"""The run: survey, compare, copy, record, publish."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from gcrsync.errors import GcrsyncError
from gcrsync.metadata.changelog import Entry, body
from gcrsync.metadata.summary import Counts, message
from gcrsync.mirror.change import State
from gcrsync.mirror.merge import Served
from gcrsync.mirror.record import Records
from gcrsync.mirror.report import NamespaceReport, Report
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag
from gcrsync.store.apart import Draft
from gcrsync.store.ground import Ground
from gcrsync.store.history import History
from gcrsync.store.publish import Publication
from gcrsync.store.tree import Tree
from gcrsync.sync.compare import compare, limits
from gcrsync.sync.copy import Copied, copy, reachable
from gcrsync.sync.job import Job, Means
from gcrsync.sync.pool import each
from gcrsync.sync.record import Edit, edit_between, files_of, read_records, recovered
from gcrsync.sync.work import Purpose, plan_work

Publish = Callable[[Callable[[Ground], Draft]], Publication]
"""Commits and pushes what a function writes for the commit to build on, which it gets."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended: ``publication`` is None where nothing had to be recorded or it could not be, ``trouble`` tells why not.

    ``left`` counts the tags that the run did not come to, because it was stopped or the source gave no more.
    """

    report: Report
    publication: Publication | None = None
    trouble: GcrsyncError | None = None
    left: int = 0


def preview(job: Job, means: Means, tree: Tree) -> Report:
    """Say what a run would change, from what a commit records; nothing is touched."""
    compared = compare(job, means, read_records(tree))
    reports = tuple(mirror.report() for mirror in compared)
    return Report(job.command, job.started, reports, limits=tuple(limits(compared).values()))


def run(job: Job, means: Means, history: History) -> Finished:
    """Mirror what a job selects, and record what truly happened in one commit that is pushed.

    Whatever ends the copying early, what the destination confirmed until then is recorded and pushed; so is what an earlier run
    recorded and could not push.
    """
    with history.locked():
        ground = history.prepare()
        leftovers = tuple(edit_between(leftover.before, leftover.after) for leftover in ground.leftovers)
        if leftovers:
            means.watch.said("an earlier run has left a record that was never pushed; this one records it again")
        records = recovered(read_records(ground.tree), leftovers, _served(means))
        compared = compare(job, means, records)
        copied = Copied(compared, records)
        work = list(reachable(means, plan_work(means, compared, records, job.started), copied))
        try:
            copy(means, work, copied)
        finally:
            finished = _publish(job, means, copied, records, lambda write: history.publish(ground, write))
    return finished


def rehearse(job: Job, means: Means, rehearsal: History) -> tuple[Finished, int]:
    """Do a run without copying: ask the destination what it has, and make the commit of a full success in ``rehearsal``.

    Gives the number of images that the destination has already, too.
    """
    with rehearsal.locked():
        ground = rehearsal.prepare()
        records = read_records(ground.tree)
        compared = compare(job, means, records)
        copied, present = Copied(compared, records), 0
        work = [item for item in plan_work(means, compared, records, job.started) if item.purpose is not Purpose.REVISIT]
        asked = each(means.executor, lambda item: (item, *item.transfer.rehearse(item.step)), work, means.stopped, means.ahead)
        for item, outcome, there in asked:
            copied.note(item, outcome)
            present += there
        return _publish(job, means, copied, records, lambda write: rehearsal.publish(ground, write)), present


def _publish(job: Job, means: Means, copied: Copied, records: Records, publish: Publish) -> Finished:
    report = Report(job.command, job.started, copied.reports(), means.stopped.ending, copied.limits)
    changed = copied.records(job)
    before = {repository: records[repository] for repository in changed if repository in records}
    edit = Edit(before, changed, _entries(job, report.namespaces))

    def write(ground: Ground) -> Draft:
        left = (edit_between(leftover.before, leftover.after) for leftover in ground.leftovers)
        return Draft(files_of((*left, edit), ground.tree, _served(means)), _message(report), job.run)

    try:
        return Finished(report, publish(write), left=copied.left)
    except GcrsyncError as error:
        return Finished(replace(report, ending=means.stopped.ending), trouble=error, left=copied.left)


def _entries(job: Job, namespaces: Iterable[NamespaceReport]) -> tuple[Entry, ...]:
    """Give the changelog entry of each namespace in which something changed."""
    return tuple(
        Entry(job.started, str(namespace.namespace), job.run, body(namespace.images, _counts(namespace)))
        for namespace in namespaces
        if any(image.news for image in namespace.images)
    )


def _message(report: Report) -> str:
    changed = [namespace for namespace in report.namespaces if any(image.news for image in namespace.images)] or report.namespaces
    images = [image for namespace in changed for image in namespace.images]
    counts = Counts.of(images, report.count(State.FAILED), sum(namespace.copied for namespace in changed))
    return message([str(namespace.namespace) for namespace in changed], counts)


def _counts(namespace: NamespaceReport) -> Counts:
    return Counts.of(namespace.images, namespace.count(State.FAILED), namespace.copied)


def _served(means: Means) -> Served:
    """Say what a destination serves under a tag, by the name of the mirror on record."""

    def served(mirror: str, tag: Tag) -> Digest | None:
        target, repository = means.recorded(mirror)
        descriptor = target.head_manifest(repository, tag)
        return descriptor.digest if descriptor else None

    return served
