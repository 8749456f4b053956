"""What was found of a mirror that exists already: which of its tags are recorded, and what is to be said of the others."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gcrsync.mirror import change
from gcrsync.mirror.change import Change
from gcrsync.mirror.ending import Ending
from gcrsync.mirror.platforms import NARROWED, Platforms
from gcrsync.mirror.report import NamespaceReport, Report
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag, TagOrder


class State(StrEnum):
    """What is to be said of a tag that is not on record as the source has it."""

    ADOPTED = "adopted"
    """The mirror serves what the source has: that is recorded."""
    OLDER = "older"
    """The mirror serves what the source has, but not under this tag any more: that is recorded, and a sync moves the tag."""
    DIFFERENT = "different"
    """The mirror serves what the source does not know: nothing is recorded."""
    MISSING = "missing"
    """The mirror does not have it, or not all that belongs to it: that is left for a sync."""
    EXTRA = "extra"
    """Only the mirror has it: nothing is recorded."""
    UNKNOWN = "unknown"
    """The mirror, or the source, could not be asked."""


_REASONS = {
    State.ADOPTED: "the mirror had it already",
    State.OLDER: "the mirror had it already, and the source has another by now",
}
"""What is said in the changelog of a tag that is recorded."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a manifest of the mirror is at the source: a ``digest``, whole or as the ``platforms`` chose of it.

    ``mirror_digest`` is the mirror's where that made it another. ``media_type`` is that of the source's manifest, None if unknown.
    """

    digest: Digest
    media_type: str | None = None
    platforms: Platforms = ()
    mirror_digest: Digest | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of a tag, or of all of a repository where ``tag`` is None.

    ``digest`` is what the source has under the tag, ``was`` what is on record and ``found`` what the mirror serves, None for
    nothing. ``match`` is what is recorded where something is; ``reason`` tells why something is missing or unknown.
    """

    repository: Repository
    state: State
    tag: Tag | None = None
    digest: Digest | None = None
    was: Digest | None = None
    found: Digest | None = None
    match: Match | None = None
    reason: str = ""

    @property
    def order(self) -> tuple[Repository, int, TagOrder]:
        """The place among others: by repository, then in the order of the states."""
        return self.repository, list(State).index(self.state), ((), "") if self.tag is None else self.tag.sort_key


@dataclass(frozen=True, slots=True)
class NamespaceAdoption:
    """What was found of one namespace, sorted, and how it was ``listed``; ``unchanged`` counts the tags that stay on record."""

    listed: NamespaceReport
    findings: tuple[Finding, ...]
    unchanged: int

    def count(self, state: State) -> int:
        """Count the findings of a kind."""
        return sum(finding.state is state for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Adoption:
    """What came of looking at mirrors: ``started`` is in UTC; ``ending`` says why it ended early, None where it did not.

    ``limits`` tells of each host that gave no more.
    """

    command: str
    started: datetime
    namespaces: tuple[NamespaceAdoption, ...]
    ending: Ending | None = None
    limits: tuple[str, ...] = ()

    def count(self, state: State) -> int:
        """Count the findings of a kind, over all namespaces."""
        return sum(namespace.count(state) for namespace in self.namespaces)

    def report(self) -> Report:
        """Tell what is recorded, in the words of a run that has copied it."""
        reports = (replace(each.listed, images=tuple(_changes(each.findings))) for each in self.namespaces)
        return Report(self.command, self.started, tuple(reports), self.ending, self.limits)


def _changes(findings: tuple[Finding, ...]) -> Iterator[Change]:
    for finding in findings:
        if finding.match is not None and finding.tag is not None:
            state = change.State.ADDED if finding.was is None else change.State.MOVED
            narrowed = () if finding.match.mirror_digest is None else (NARROWED,)
            reason = "; ".join((_REASONS[finding.state], *narrowed))
            yield Change(finding.repository, finding.tag, state, finding.match.digest, finding.was, reason)
