"""One image on its way: its children and blobs go to the target before the manifest that names them."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from gcrsync.errors import InvalidManifestError, NotFoundError, ProtocolError, RefusedError
from gcrsync.mirror.holding import SCHEMA_ONE
from gcrsync.mirror.outcome import Keep, Outcome, Problem, Recorded, Step
from gcrsync.mirror.record import Subjects
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import DEEPEST_INDEX, AnyManifest, Descriptor, Index, Manifest, SchemaOne
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import fallback_tag
from gcrsync.sync.blobs import Blobs
from gcrsync.sync.manifests import Manifests
from gcrsync.sync.once import Once
from gcrsync.sync.passage import Passage
from gcrsync.sync.untagged import UntaggedManifests

BlobSizes = dict[Digest, int]
"""The blobs of an image and their sizes in bytes."""


@dataclass(slots=True)
class Progress:
    """What has been reached of one step."""

    step: Step
    confirmed: list[Tag] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    """The bytes of each blob that was sent, noted by any thread."""
    media_type: str | None = None
    size: int | None = None
    mirror_digest: Digest | None = None
    referrers: tuple[Digest, ...] = ()
    untagged: Subjects | None = None
    asked: int = 0
    kept: list[Keep] = field(default_factory=list)
    large: str = ""
    """Why the image is too large to be copied; empty where it is not."""

    def count(self, requests: int) -> None:
        """Count requests that told what refers to the image."""
        self.asked += requests

    @property
    def digest(self) -> Digest:
        """The digest that the target is to have."""
        return self.mirror_digest or self.step.digest

    def outcome(self, problem: Problem | None = None, reason: str = "") -> Outcome:
        """Say what came of the step."""
        if problem is None and self.large:
            problem, reason = Problem.LARGE, self.large
        return Outcome(
            step=self.step,
            confirmed=tuple(self.confirmed),
            copied=sum(self.sent),
            media_type=self.media_type,
            size=self.size,
            problem=problem,
            reason=reason,
            mirror_digest=self.mirror_digest,
            referrers=self.referrers,
            untagged=self.untagged,
            asked=self.asked,
            kept=tuple(self.kept),
        )


class Shared:
    """What the copies of a run know of one another: what is at the target, or on its way there."""

    def __init__(self, passage: Passage) -> None:
        """Begin with nothing known."""
        self.passage = passage
        self.blobs = Blobs(passage)
        self.manifests = Manifests(passage.source)
        self.children: Once[tuple[Repository, Digest], BlobSizes | None] = Once()
        self.referrers: Once[tuple[Repository, Digest], None] = Once()
        self._under_tags: dict[tuple[Repository, Tag], tuple[Digest, ...]] = {}
        self.lists_kept = False
        """Whether the source has given a list of referrers of its own."""
        self.lists: dict[tuple[Repository, Digest], tuple[Digest, ...]] = {}
        self.untagged = UntaggedManifests(passage, self.manifests)
        self._new: Once[Repository, bool] = Once()

    def under_tag(self, source: Repository, subject: Digest, count: Callable[[int], None]) -> tuple[Digest, ...]:
        """Give what the list names that stands under a tag of the source ("Referrers Tag Schema"), and ``count`` the request."""
        tag = fallback_tag(subject)
        if (source, tag) not in self._under_tags:
            found: AnyManifest | None = None
            if self.passage.known(source).may_have(tag):
                count(1)
                with suppress(NotFoundError):
                    found = self.passage.source.get_manifest(source, tag)
            entries = found.manifests if isinstance(found, Index) else ()
            self._under_tags[source, tag] = tuple(entry.digest for entry in entries)
        return self._under_tags[source, tag]

    def is_new(self, step: Step) -> bool:
        """Say whether the repository that a step leads to has nothing yet; it is asked for where the record does not tell."""
        if step.recorded is not Recorded.NOTHING:
            return False
        return self._new.do(step.target, lambda: self.passage.target.is_new(step.target))


class Image:
    """The copy of one image under way: its children and blobs go to the target before the manifest that names them."""

    def __init__(self, shared: Shared, progress: Progress) -> None:
        """Begin with what the other copies know."""
        self._passage, self._shared, self._progress = shared.passage, shared, progress
        self.step = progress.step

    def fill(self, manifest: AnyManifest, depth: int) -> BlobSizes | None:
        """See to it that the target has all that a manifest names; give the blobs, None where they are not all known."""
        if isinstance(manifest, SchemaOne):
            raise RefusedError("copying", str(self.step.source), SCHEMA_ONE)
        if isinstance(manifest, Manifest):
            return self._fill_manifest(manifest)
        if depth >= DEEPEST_INDEX:
            raise InvalidManifestError(str(self.step.digest), f"more than {DEEPEST_INDEX} indexes in one another")
        found = [self._fill_entry(entry, depth) for entry in _distinct(manifest.manifests)]
        return None if None in found else {digest: size for sizes in found for digest, size in (sizes or {}).items()}

    def put(self, target: Tag | Digest, manifest: AnyManifest, digest: Digest) -> None:
        """Put a manifest whose parts are there; where the target misses some, they are looked at again and sent, once."""
        self._passage.check_stop()
        try:
            self._store(target, manifest, digest)
        except ProtocolError as error:
            if "MANIFEST_BLOB_UNKNOWN" not in error.codes:
                raise
            self._refill(manifest, error)
            self._put_again(target, manifest, digest)

    def _store(self, target: Tag | Digest, manifest: AnyManifest, digest: Digest) -> None:
        """Store a manifest, and list it among the referrers of its subject where the target does not and its tag is not copied."""
        place = self._passage.target
        is_listed = place.put_manifest(self.step.target, target, manifest, digest)
        if is_listed or isinstance(manifest, SchemaOne) or manifest.subject is None:
            return
        subject = manifest.subject.digest
        if fallback_tag(subject) not in self._passage.known(self.step.source).copied:
            place.list_referrer(self.step.target, manifest, digest)
        elif digest not in self._shared.under_tag(self.step.source, subject, self._progress.count):
            where = f"{self.step.target}:{fallback_tag(subject)}"
            self._passage.watch.said(
                f"{digest} was copied, but {where} does not name it: that is the source's own list, which is older"
            )

    def _put_again(self, target: Tag | Digest, manifest: AnyManifest, digest: Digest) -> None:
        try:
            self._store(target, manifest, digest)
        except ProtocolError as error:
            if "MANIFEST_BLOB_UNKNOWN" in error.codes and _foreign(manifest):
                raise RefusedError(error.doing, error.where, f"foreign layers: {error.reason}") from error
            raise

    def _refill(self, manifest: AnyManifest, refusal: ProtocolError) -> None:
        """Send what the target misses after all: foreign layers, and whatever it had a while ago."""
        if isinstance(manifest, Index):
            for entry in _distinct(manifest.manifests):
                self._shared.children.forget((self.step.target, entry.digest))
            self.fill(manifest, depth=0)
        elif isinstance(manifest, Manifest):
            for blob in _distinct(manifest.blobs):
                self._shared.blobs.forget(self.step.target, blob)
                self._send_even_foreign(blob, refusal)

    def _send_even_foreign(self, blob: Descriptor, refusal: ProtocolError) -> None:
        try:
            self._send([blob])
        except NotFoundError as error:
            if not media_types.is_foreign(blob.media_type):
                raise
            reason = f"it wants the foreign layer {blob.digest}, which the source does not have ({refusal.reason})"
            raise RefusedError(refusal.doing, refusal.where, reason) from error

    def _fill_manifest(self, manifest: Manifest) -> BlobSizes:
        self._send([blob for blob in _distinct(manifest.blobs) if not media_types.is_foreign(blob.media_type)])
        return {blob.digest: blob.size for blob in manifest.blobs}

    def _fill_entry(self, entry: Descriptor, depth: int) -> BlobSizes | None:
        """See to one entry of an index: a manifest, or a blob where its type says that it is none (build caches have such)."""
        if entry.media_type and entry.media_type not in media_types.MANIFESTS:
            self._send([entry])
            return {entry.digest: entry.size}
        return self._shared.children.do((self.step.target, entry.digest), lambda: self._copy_child(entry, depth))

    def _copy_child(self, entry: Descriptor, depth: int) -> BlobSizes | None:
        self._passage.check_stop()
        present = None if self._shared.is_new(self.step) else self._passage.target.head_manifest(self.step.target, entry.digest)
        if present is not None and present.media_type not in media_types.INDEXES:
            return None
        manifest = self._shared.manifests.child(self.step.source, entry)
        sizes = self.fill(manifest, depth + 1)
        if present is None:
            self.put(entry.digest, manifest, entry.digest)
        return sizes

    def _send(self, blobs: Iterable[Descriptor]) -> None:
        self._shared.blobs.send(self.step, blobs, self._progress.sent.append)


def _distinct(descriptors: Iterable[Descriptor]) -> tuple[Descriptor, ...]:
    return tuple({descriptor.digest: descriptor for descriptor in descriptors}.values())


def blob_sizes(manifest: AnyManifest) -> BlobSizes | None:
    """Give the blobs that a manifest names, None for an index, which names none itself."""
    return {blob.digest: blob.size for blob in manifest.blobs} if isinstance(manifest, Manifest) else None


def _foreign(manifest: AnyManifest) -> bool:
    return isinstance(manifest, Manifest) and any(media_types.is_foreign(blob.media_type) for blob in manifest.blobs)
