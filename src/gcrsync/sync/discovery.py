"""Looking at a mirror that exists already: what it serves under the tags of its source, and what that is there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from gcrsync.mirror.adoption import Finding, Match, State
from gcrsync.mirror.change import Change
from gcrsync.mirror.counterpart import Counterpart, found, missing, unknown
from gcrsync.mirror.platforms import choose
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described
from gcrsync.oci.manifest import Descriptor, Index
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import is_fallback_tag
from gcrsync.sync.job import Means, Mirror
from gcrsync.sync.manifests import Manifests
from gcrsync.sync.once import Once
from gcrsync.sync.pool import Pool, each
from gcrsync.sync.reach import Reach
from gcrsync.sync.wholeness import Wholeness


class Discovery:
    """Asks the destination of a mirror for what it has of the source."""

    def __init__(self, means: Means, mirror: Mirror, reach: Reach) -> None:
        """Begin with nothing known."""
        self._means, self._reach = means, reach
        self._target, self._rules = means.target(mirror.destination), mirror.rules
        self._wholeness = Wholeness(self._target)
        self._manifests = Manifests(means.source)
        self._chosen: Once[tuple[Repository, Digest], Match] = Once()

    def findings(self, counterparts: Sequence[Counterpart]) -> Iterator[Finding]:
        """Give what is to be said of these repositories, by one list for each, and one HEAD for each tag that both ends have.

        An index is taken for present only with all manifests that it names. Where platforms are chosen, the index of the source is
        read to know what a sync would make of it. What a stop cuts off is not told of.
        """
        pool = Pool(self._means.executor, self._means.ahead, self._means.stopped)
        common: list[tuple[Counterpart, Change]] = []
        for counterpart, tags in each(pool, lambda counterpart: (counterpart, self._list(counterpart)), counterparts):
            if isinstance(tags, Finding):
                yield tags
            elif tags is not None:
                yield from counterpart.missing(tags)
                yield from counterpart.extras(tags)
                common += [(counterpart, change) for tag, change in counterpart.wanted.items() if tag in tags]
        for number, finding in enumerate(each(pool, lambda tag: self._find(*tag), common), 1):
            self._means.watch.asked(number, len(common))
            if finding is not None:
                yield finding

    def _list(self, counterpart: Counterpart) -> frozenset[Tag] | Finding | None:
        """Give the tags of a repository of the mirror, or why they could not be had; None after a stop."""
        unasked = _because(Finding(counterpart.repository, State.UNKNOWN))
        return self._reach.ask(self._target, lambda: frozenset(self._target.tags(counterpart.place)), unasked)

    def _find(self, counterpart: Counterpart, change: Change) -> Finding | None:
        """Say what the mirror serves under a tag; None where that is on record, and after a stop."""
        unasked, registry = _because(unknown(change)), counterpart.repository.registry
        there = self._reach.ask(self._target, lambda: self._head(counterpart, change), unasked)
        if not isinstance(there, Descriptor) or there.digest == counterpart.record.digest_at_mirror(change.tag):
            return there if isinstance(there, Finding) else None
        chosen = self._reach.ask(registry, lambda: self._choose(counterpart, change.tag), unasked)
        if not isinstance(chosen, Match):
            return chosen
        return self._reach.ask(self._target, lambda: self._judge(counterpart, change, there, chosen), unasked)

    def _head(self, counterpart: Counterpart, change: Change) -> Descriptor | Finding:
        there = self._target.head_manifest(counterpart.place, change.tag)
        return there or missing(change, "the mirror lists the tag, and has no manifest for it")

    def _choose(self, counterpart: Counterpart, tag: Tag) -> Match:
        """Say what a sync would make of what the source has under a tag."""
        digest, repository = counterpart.listing.tags[tag], counterpart.repository
        media_type = counterpart.listing.manifests.get(digest, Described()).media_type
        if (
            not self._rules.platforms_of(repository)
            or is_fallback_tag(tag)
            or media_type in media_types.MANIFESTS - media_types.INDEXES
        ):
            return Match(digest, media_type)
        return self._chosen.do((repository, digest), lambda: self._chosen_of(repository, digest))

    def _chosen_of(self, repository: Repository, digest: Digest) -> Match:
        index, platforms = self._manifests.get(repository, digest), self._rules.platforms_of(repository)
        if not isinstance(index, Index):
            return Match(digest, index.media_type)
        chosen = choose(index, platforms, lambda entry: self._manifests.child(repository, entry), f"{repository}@{digest}")
        if chosen is None:
            return Match(digest, index.media_type)
        at_mirror = chosen.digest if isinstance(chosen, Descriptor) else Digest.of(chosen.raw)
        return Match(digest, index.media_type, platforms, None if at_mirror == digest else at_mirror)

    def _judge(self, counterpart: Counterpart, change: Change, there: Descriptor, chosen: Match) -> Finding:
        match = counterpart.match(change, chosen, there)
        lack = "" if match is None else self._wholeness.lack(counterpart.place, there)
        return missing(change, lack) if lack else found(change, there.digest, match)


def _because(finding: Finding) -> Callable[[str], Finding]:
    return lambda reason: replace(finding, reason=reason)
