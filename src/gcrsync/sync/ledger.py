"""The record of a run while it grows: what is confirmed so far is committed and pushed, as often as somebody asks for it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from gcrsync.metadata.changelog import Entry, body
from gcrsync.metadata.paths import ROOT
from gcrsync.metadata.summary import Counts, message
from gcrsync.mirror.change import State
from gcrsync.mirror.library import Official
from gcrsync.mirror.merge import Served
from gcrsync.mirror.record import Records
from gcrsync.mirror.report import NamespaceReport, Report
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag
from gcrsync.store.apart import Draft
from gcrsync.store.ground import Ground
from gcrsync.store.history import History
from gcrsync.store.publish import Publication
from gcrsync.sync.job import Job, Means
from gcrsync.sync.record import Documents, Edit, edit_between, files_of, read_official, recovered


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a run begins with: the ground, the records, and the documents that they were read from.

    ``official`` is what is known of official-images by then.
    """

    ground: Ground
    records: Records
    documents: Documents
    official: Official = field(default_factory=Official)


def begin(means: Means, history: History) -> Beginning:
    """Give what a run begins with, also what an earlier one has recorded and could not push. The history is locked.

    Raises what the history raises, and InvalidMetadataError for a document that does not parse.
    """
    ground = history.prepare()
    leftovers = tuple(edit_between(leftover.before, leftover.after) for leftover in ground.leftovers)
    if leftovers:
        means.watch.said("an earlier run has left a record that was never pushed; this one records it again")
    documents = Documents()
    records = recovered(documents.records(ground.tree, ROOT), leftovers, served(means))
    return Beginning(ground, records, documents, read_official(ground.tree, means.watch.said))


def served(means: Means) -> Served:
    """Give what says which digest a destination serves under a tag, by the name of the mirror on record."""

    def digest_of(mirror: str, tag: Tag) -> Digest | None:
        target, repository = means.recorded(mirror)
        descriptor = target.head_manifest(repository, tag)
        return descriptor.digest if descriptor else None

    return digest_of


class Ledger:
    """Publishes what one run has confirmed; its history is locked meanwhile."""

    def __init__(self, job: Job, history: History, beginning: Beginning, served: Served) -> None:
        """Take what the run begins with; ``served`` says what a destination has."""
        self._job, self._history, self._served = job, history, served
        self._ground, self._recorded, self._documents = beginning.ground, dict(beginning.records), beginning.documents
        self._official, self._told = beginning.official, Counts()
        self._last: Publication | None = None

    def publish(self, changed: Records, report: Report) -> Publication:
        """Commit and push the records that are other than at the beginning, and say in the changelog what the report says.

        Each time that replaces what was said before; the message of the commit says what is new in it. Raises what the history
        raises.
        """
        names, counts = _names_and_counts(report)
        before = {repository: self._recorded[repository] for repository in changed if repository in self._recorded}
        edit = Edit(before, changed, _entries(self._job, report.namespaces), self._official)

        def write(ground: Ground) -> Draft:
            left = (edit_between(leftover.before, leftover.after) for leftover in ground.leftovers)
            return Draft(
                files_of((*left, edit), ground.tree, self._served, self._documents, self._job.site),
                message(names, counts - self._told),
                self._job.run,
            )

        publication = self._history.publish(self._ground, write)
        self._ground = publication.ground
        self._recorded |= changed
        if publication.commit is not None:
            self._told, self._last = counts, publication
        return publication

    def close(self, changed: Records, report: Report) -> Publication:
        """Publish for the last time; where nothing is new, it is the commit of a checkpoint that has the last of it."""
        publication, last = self.publish(changed, report), self._last
        if publication.commit is not None or last is None:
            return publication
        return replace(publication, commit=last.commit, pushed=last.pushed or publication.pushed)

    def look_again(self) -> None:
        """Build on what there is now, once something could not be published. Raises what the history raises."""
        self._ground = self._history.prepare()


def _entries(job: Job, namespaces: Iterable[NamespaceReport]) -> tuple[Entry, ...]:
    """Give the changelog entry of each namespace in which something changed."""
    return tuple(
        Entry(job.started, str(namespace.namespace), job.run, body(namespace.images, _counts(namespace)))
        for namespace in namespaces
        if any(image.news for image in namespace.images)
    )


def _names_and_counts(report: Report) -> tuple[list[str], Counts]:
    """Name the namespaces in which something changed, all of them where that is nowhere, and count what changed."""
    changed = [namespace for namespace in report.namespaces if any(image.news for image in namespace.images)] or report.namespaces
    images = [image for namespace in changed for image in namespace.images]
    counts = Counts.of(images, report.count(State.FAILED), sum(namespace.copied for namespace in changed))
    return [str(namespace.namespace) for namespace in changed], counts


def _counts(namespace: NamespaceReport) -> Counts:
    return Counts.of(namespace.images, namespace.count(State.FAILED), namespace.copied)
