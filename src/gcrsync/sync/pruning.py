"""Taking tags from one repository of a mirror: by tag where that goes, else by digest if nothing else has it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from gcrsync.errors import (
    DeniedError,
    GcrsyncError,
    NotFoundError,
    ProtocolError,
    RefusedError,
    UnauthorizedError,
    UnreachableError,
)
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.record import Record
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import DEEPEST_INDEX, Descriptor, Index
from gcrsync.oci.name import Repository, Tag
from gcrsync.sync.places import Target

_DENIALS = (DeniedError, UnauthorizedError)


class Pruning:
    """Prunes at one destination, shared by all threads of a run, so that what it does not do is learnt once."""

    def __init__(self, target: Target, stopped: Callable[[], bool]) -> None:
        """Begin with nothing known of the destination."""
        self.target, self.stopped = target, stopped
        self.no_tags = ""
        """Why it deletes no tags, in its own words; empty while that is not known."""
        self.unreachable: UnreachableError | None = None
        """Why it cannot be asked at all, so that not every tag waits for it."""
        self.leaves_manifests = False
        """Whether it was seen to leave a manifest, with its other tags, where it is when it deletes one of its tags."""

    def prune(self, place: Repository, record: Record, changes: Sequence[Change]) -> Iterator[Change]:
        """Prune tags of a repository, whose record is what the mirror has by now, and give each change as it ended.

        That is pruned; gone, with the reason, where the registry does not do it; or failed. What a stop leaves out is not given.
        """
        repository = _Repository(self, place, record)
        groups: dict[Digest, list[Change]] = {}
        for change in sorted(changes, key=lambda change: not repository.may_be_index(change.tag)):  # before their children
            digest = record.digest_at_mirror(change.tag)
            if digest is not None:
                groups.setdefault(digest, []).append(change)
        for digest, alike in groups.items():
            yield from repository.prune(digest, alike)


@dataclass(slots=True)
class _Repository:
    """One repository of the mirror; what is pruned leaves its ``record`` and what is ``there``, None before that was asked."""

    pruning: Pruning
    place: Repository
    record: Record
    there: dict[Tag, Descriptor] | None = None
    children: dict[Digest, frozenset[Digest]] = field(default_factory=dict)

    def prune(self, digest: Digest, changes: Sequence[Change]) -> Iterator[Change]:
        """Prune the tags that have one digest."""
        left = []
        for change in changes:
            if self.pruning.stopped():
                return
            ended = self._untagged(change)
            if ended is None:
                left.append(change)
            else:
                yield ended
        yield from self._deleted(digest, left) if left else ()

    def may_be_index(self, tag: Tag) -> bool:
        """Say whether a tag may be that of an index."""
        described = self.record.described(tag)
        return described is None or described.media_type is None or described.media_type in media_types.INDEXES

    def _untagged(self, change: Change) -> Change | None:
        """Delete a tag alone; None where the registry does not do so, and the digest is the way."""
        if change.tag in self.record.kept:  # the name is the mirror's own too
            return self._pruned(change)
        if self.pruning.unreachable is not None:
            return _failed(change, self.pruning.unreachable)
        try:
            return self._delete_tag(change)
        except GcrsyncError as error:
            if isinstance(error, _DENIALS) or not _refusal(error):
                return self._unpruned(change, error)
            self.pruning.no_tags = _refusal(error)
            return None

    def _delete_tag(self, change: Change) -> Change | None:
        target, tag = self.pruning.target, change.tag
        head = target.head_manifest(self.place, tag)
        if head is None:
            return self._pruned(change)
        if head.digest != self.record.digest_at_mirror(tag):
            return self._stays(change, f"the mirror has {head.digest} under it, which somebody else has put there")
        if self.pruning.no_tags:
            return None
        if self.pruning.leaves_manifests:
            target.delete_manifest(self.place, tag)
        else:
            self._delete_with_care(tag, head.digest)
        return self._pruned(change)

    def _delete_with_care(self, tag: Tag, digest: Digest) -> None:
        """Delete a tag, and put back what went with it and is needed: not every registry means the tag alone."""
        target, place = self.pruning.target, self.place
        needed, manifest = self._needed_by(digest, {tag}), target.get_manifest(place, digest)
        others = [other for other, found in self._found().items() if other != tag and found.digest == digest]
        target.delete_manifest(place, tag)
        if target.head_manifest(place, digest) is not None:
            self.pruning.leaves_manifests = True
            return
        self.pruning.no_tags = "it deletes a manifest with any tag of it"
        names: tuple[Tag | Digest, ...] = (digest, *others) if needed else ()
        for name in names:
            target.put_manifest(place, name, manifest, digest)

    def _deleted(self, digest: Digest, changes: Sequence[Change]) -> Iterator[Change]:
        """Delete a manifest, and with it the tags that it has, where nothing else needs it."""
        try:
            needed = self._needed_by(digest, {change.tag for change in changes})
            if not needed:
                self.pruning.target.delete_manifest(self.place, digest)
        except GcrsyncError as error:
            yield from (self._unpruned(change, error) for change in changes)
            return
        reason = f"it deletes no tags ({self.pruning.no_tags}), and {needed} has the digest too"
        yield from (self._stays(change, reason) if needed else self._pruned(change) for change in changes)

    def _needed_by(self, digest: Digest, tags: set[Tag]) -> str:
        """Say what else than some tags has a digest in this repository of the mirror; empty where nothing has.

        The mirror itself is asked too: others may have put tags there, of which this run knows nothing.
        """
        record = self.record
        others = [(tag, record.digest_at_mirror(tag), self.may_be_index(tag)) for tag in record.served]
        others += [(tag, found.digest, found.media_type in media_types.INDEXES) for tag, found in self._found().items()]
        others = [other for other in others if other[0] not in tags]
        for tag, named, _ in others:
            if named == digest:
                return f"the tag {tag}"
        if any(held.digest == digest for held in record.held.values()):
            return "a tag that is held"
        if any(digest in described.referrers for described in (*record.manifests.values(), *record.former.values())):
            return "an image that it refers to"
        for tag, named, may_be_index in others:
            if named is not None and may_be_index and digest in self._children(named):
                return f"the index {tag}"
        return ""

    def _found(self) -> Mapping[Tag, Descriptor]:
        if self.there is None:
            target = self.pruning.target
            heads = ((tag, target.head_manifest(self.place, tag)) for tag in target.tags(self.place))
            self.there = {tag: head for tag, head in heads if head is not None}
        return self.there

    def _children(self, digest: Digest) -> frozenset[Digest]:
        """Give all that an index of the mirror names, whatever lies deeper too; each is read once."""
        if digest not in self.children:
            self.children[digest] = frozenset(self._named(digest, 0))
        return self.children[digest]

    def _named(self, digest: Digest, depth: int) -> Iterator[Digest]:
        try:
            found = self.pruning.target.get_manifest(self.place, digest)
        except NotFoundError:
            return
        for entry in found.manifests if isinstance(found, Index) else ():
            yield entry.digest
            if entry.media_type in media_types.INDEXES and depth < DEEPEST_INDEX:
                yield from self._named(entry.digest, depth + 1)

    def _pruned(self, change: Change) -> Change:
        gone = {tag: entry for tag, entry in self.record.gone.items() if tag != change.tag}
        self.record = replace(self.record, gone=gone)
        if self.there is not None:
            self.there.pop(change.tag, None)
        return change

    def _unpruned(self, change: Change, error: GcrsyncError) -> Change:
        """Tell of a tag that it stays by the registry's word, or that it failed for the moment."""
        if isinstance(error, UnreachableError):
            self.pruning.unreachable = error
        words = _refusal(error)
        return self._stays(change, words) if words else _failed(change, error)

    def _stays(self, change: Change, reason: str) -> Change:
        """Tell why a tag stays; it is news where that was not on record before."""
        news = self.record.gone[change.tag].reason != reason
        return replace(change, state=State.GONE, reason=reason, news=news)


def _failed(change: Change, error: GcrsyncError) -> Change:
    return replace(change, state=State.FAILED, digest=change.was, reason=f"it could not be pruned: {error}", news=False)


def _refusal(error: GcrsyncError) -> str:
    """Give the words with which a registry says that it does not do what it was asked; empty where it failed for the moment."""
    if isinstance(error, ProtocolError):
        is_no = error.status in range(HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR)
        return error.reason if is_no else ""
    return error.reason if isinstance(error, (NotFoundError, RefusedError, *_DENIALS)) else ""
