"""Beginning the record of a mirror that exists already: what it has of its source is recorded, and nothing is copied."""

from dataclasses import dataclass, replace
from datetime import datetime

from gcrsync.errors import GcrsyncError
from gcrsync.mirror.adoption import Adoption, Finding, NamespaceAdoption
from gcrsync.mirror.counterpart import Counterpart, counterparts
from gcrsync.mirror.record import Record, Records
from gcrsync.oci.name import Repository
from gcrsync.store.history import History
from gcrsync.store.publish import Publication
from gcrsync.sync.compare import Compared, compare, limits, newly_read
from gcrsync.sync.discovery import Discovery
from gcrsync.sync.job import Job, Means
from gcrsync.sync.ledger import Ledger, begin, served
from gcrsync.sync.reach import Reach


@dataclass(frozen=True, slots=True)
class Adopted:
    """How it ended: ``publication`` is None where the record could not be published, and ``trouble`` tells why not."""

    adoption: Adoption
    publication: Publication | None = None
    trouble: GcrsyncError | None = None


def adopt(job: Job, means: Means, history: History) -> Adopted:
    """Record what the destinations of a job have already of what it selects, in one commit that is pushed; what is on record stays.

    Of a repository whose list is in doubt nothing is recorded. What was found before a stop is.
    """
    with history.locked():
        beginning = begin(means, history)
        compared, reach = compare(job, means, beginning.records, beginning.official), Reach(means.stopped)
        looks = [_look(means, mirror, reach, beginning.records) for mirror in compared]
        adoption = Adoption(
            command=job.command,
            started=job.started,
            namespaces=tuple(look.told(beginning.records) for look in looks),
            ending=means.stopped.ending,
            limits=tuple({**limits(compared), **reach.limits}.values()),
        )
        changed = {name: record for look in looks for name, record in look.changed(job.started).items()}
        try:
            ledger = Ledger(job, history, replace(beginning, official=newly_read(compared)), served(means))
            publication = ledger.close(changed, adoption.report())
        except GcrsyncError as error:
            return Adopted(adoption, trouble=error)
    return Adopted(adoption, publication)


@dataclass(frozen=True, slots=True)
class _Looked:
    """A mirror of a job, the repositories at both its ends, and what was found of them, sorted."""

    compared: Compared
    counterparts: tuple[Counterpart, ...]
    findings: tuple[Finding, ...]

    def told(self, records: Records) -> NamespaceAdoption:
        changes = self.compared.delta.changes
        recorded = sum(change.tag in records[change.repository].tags for change in changes if change.repository in records)
        anew = sum(finding.match is not None and finding.was is not None for finding in self.findings)
        listed = replace(self.compared.report(), images=(), alarms=())
        return NamespaceAdoption(listed, self.findings, self.compared.delta.unchanged + recorded - anew)

    def changed(self, now: datetime) -> dict[Repository, Record]:
        found: dict[Repository, list[Finding]] = {}
        for finding in self.findings:
            if finding.match is not None:
                found.setdefault(finding.repository, []).append(finding)
        here = {counterpart.repository: counterpart for counterpart in self.counterparts}
        return {repository: here[repository].adopted(findings, now) for repository, findings in found.items()}


def _look(means: Means, compared: Compared, reach: Reach, records: Records) -> _Looked:
    mirror = compared.mirror
    sides = tuple(counterparts(records, compared.look, mirror.destination, compared.names))
    found = Discovery(means, mirror, reach).findings(sides)
    return _Looked(compared, sides, tuple(sorted(found, key=lambda finding: finding.order)))
