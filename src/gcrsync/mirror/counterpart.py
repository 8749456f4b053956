"""A repository of a source beside the one that a mirror has of it already: what is compared, and what of it is recorded."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gcrsync.mirror.adoption import Finding, Match, State
from gcrsync.mirror.apply import apply
from gcrsync.mirror.change import Change
from gcrsync.mirror.change import State as ChangeState
from gcrsync.mirror.diff import judged
from gcrsync.mirror.naming import AnyDestination
from gcrsync.mirror.outcome import Outcome, Step
from gcrsync.mirror.record import Record, Records
from gcrsync.mirror.revisit import Look
from gcrsync.mirror.snapshot import own_doubt
from gcrsync.mirror.verification import extra
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import is_fallback_tag

_AT_SOURCE = frozenset({ChangeState.ADDED, ChangeState.MOVED, ChangeState.HELD})


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A repository at both ends: its ``listing`` at the source, its ``place`` and its name on record at the destination.

    ``wanted`` are the tags that the source has and the record has not so, whether a rule holds them or not; ``older`` are all
    digests that the source names there, under whatever tag.
    """

    record: Record
    listing: Listing
    place: Repository
    mirror: str
    wanted: Mapping[Tag, Change]
    older: frozenset[Digest]

    @property
    def repository(self) -> Repository:
        """The repository at the source."""
        return self.record.repository

    def missing(self, there: Iterable[Tag]) -> Iterator[Finding]:
        """Give what the source has under tags that are not ``there``, at the mirror; a rule that holds one is the reason."""
        lacking = set(self.wanted).difference(there)
        return (missing(change, change.reason) for tag, change in self.wanted.items() if tag in lacking)

    def extras(self, there: Iterable[Tag]) -> Iterator[Finding]:
        """Give the tags of the mirror that neither the source nor the record names."""
        known = self.listing.tags.keys() | self.listing.unasked | self.listing.unbuilt
        return (Finding(self.repository, State.EXTRA, tag) for tag in extra(self.record, there) if tag not in known)

    def match(self, change: Change, chosen: Match, there: Descriptor) -> Match | None:
        """Say what the mirror serves under the tag of a change, None where the source does not know it.

        ``chosen`` is what a sync would make of what the source has; an index that is there whole all the same is taken as that.
        A tag on record has its past there, and is not given another one.
        """
        if there.digest == (chosen.mirror_digest or chosen.digest):
            return replace(chosen, media_type=chosen.media_type or there.media_type)
        is_older = self.record.digest_at_source(change.tag) is None and there.digest in self.older
        return Match(there.digest, there.media_type) if there.digest == change.digest or is_older else None

    def adopted(self, findings: Iterable[Finding], now: datetime) -> Record:
        """Give the record with what the mirror was found to have at ``now`` (UTC)."""
        named: dict[Match, list[Tag]] = {}
        for finding in findings:
            if finding.match is not None and finding.tag is not None:
                named.setdefault(finding.match, []).append(finding.tag)
        outcomes = [self._outcome(match, tuple(tags)) for match, tags in named.items()]
        return replace(apply(self.record, (), outcomes, now), mirror=self.mirror)

    def _outcome(self, match: Match, tags: tuple[Tag, ...]) -> Outcome:
        described = self.listing.manifests.get(match.digest, Described())
        step = Step(self.repository, self.place, self.mirror, match.digest, tags, described, platforms=match.platforms)
        return Outcome(step, confirmed=tags, media_type=match.media_type, mirror_digest=match.mirror_digest)


def counterparts(
    records: Records, look: Look, destination: AnyDestination, names: Mapping[Repository, str]
) -> Iterator[Counterpart]:
    """Give each repository that was listed and believed, and that can have a name at the destination."""
    wanted: dict[Repository, dict[Tag, Change]] = {}
    for change in look.changes:
        if change.state in _AT_SOURCE:
            wanted.setdefault(change.repository, {})[change.tag] = change
    for repository in judged(records, look.snapshot, look.selection):
        listing = look.snapshot.listings.get(repository.namespace)
        if listing is not None and repository in names and own_doubt(repository, look.doubts) is None:
            yield Counterpart(
                record=records.get(repository) or Record(repository, ""),
                listing=listing,
                place=destination.repository(repository),
                mirror=names[repository],
                wanted=wanted.get(repository, {}),
                older=frozenset((*listing.tags.values(), *listing.manifests)),
            )


def found(change: Change, there: Digest, match: Match | None) -> Finding:
    """Say of a tag what the mirror serves there, and what that is at the source.

    A list of referrers that the source does not know is nobody's image: registries and those who copy make such lists themselves.
    """
    if match is None and is_fallback_tag(change.tag):
        return missing(change, "the mirror has a list of referrers of its own")
    state = State.DIFFERENT if match is None else State.ADOPTED if match.digest == change.digest else State.OLDER
    return Finding(change.repository, state, change.tag, change.digest, change.was, there, match)


def missing(change: Change, reason: str) -> Finding:
    """Say of a tag that the mirror does not have it, or not whole; the reason may be empty."""
    return Finding(change.repository, State.MISSING, change.tag, change.digest, change.was, reason=reason)


def unknown(change: Change) -> Finding:
    """Say of a tag that nobody could be asked for it."""
    return Finding(change.repository, State.UNKNOWN, change.tag, change.digest, change.was)
