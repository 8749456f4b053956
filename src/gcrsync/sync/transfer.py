"""Copying one manifest with everything that it names, every byte checked on the way."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from gcrsync.errors import (
    GcrsyncError,
    InvalidManifestError,
    NotFoundError,
    ProtocolError,
    RefusedError,
    StoppedError,
)
from gcrsync.mirror.diff import SCHEMA_ONE
from gcrsync.mirror.outcome import Outcome, Problem, Step
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Descriptor, Index, Manifest, SchemaOne
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.verified import verified
from gcrsync.sync.once import Once
from gcrsync.sync.places import Source, Target
from gcrsync.sync.pool import Stopped
from gcrsync.sync.progress import Watch
from gcrsync.sync.turns import Turns

DEEPEST_INDEX = 16
"""How many indexes may stand in one another; real ones do not go beyond two."""

BlobSizes = dict[Digest, int]
"""The blobs of an image and their sizes in bytes."""

Attempt = Callable[[Callable[[], None]], None]
"""Calls a function that copies one blob, and calls it again where it is worth it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The two ends of a transfer: ``attempt`` repeats the copy of a blob, ``stopped`` is asked at each chunk."""

    source: Source
    target: Target
    attempt: Attempt
    stopped: Stopped
    watch: Watch


@dataclass(slots=True)
class _Progress:
    """What has been reached of one step."""

    step: Step
    confirmed: list[Tag] = field(default_factory=list)
    copied: int = 0
    media_type: str | None = None
    size: int | None = None

    def outcome(self, problem: Problem | None = None, reason: str = "") -> Outcome:
        return Outcome(self.step, tuple(self.confirmed), self.copied, self.media_type, self.size, problem, reason)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the copies of a run know of one another: blobs and children that are at the target, or on their way there."""

    blobs: Once[tuple[Repository, Digest], None] = field(default_factory=Once)
    children: Once[tuple[Repository, Digest], BlobSizes | None] = field(default_factory=Once)
    turns: Turns = field(default_factory=Turns)


class Transfer:
    """Copies images between two places; one is shared by all threads of a run, so that no blob is sent twice."""

    def __init__(self, passage: Passage) -> None:
        """Begin with nothing known of the target."""
        self._passage, self._shared = passage, _Shared()

    def has(self, step: Step) -> bool:
        """Say whether the target has the manifest of a step."""
        return self._passage.target.head_manifest(step.target, step.digest) is not None

    def copy(self, step: Step) -> Outcome:
        """Copy the manifest of a step and put its tags on it; what goes wrong is told in the outcome and never raised."""
        self._passage.watch.started(step)
        progress = _Progress(step)
        try:
            self._copy(progress)
            outcome = progress.outcome()
        except StoppedError as error:
            outcome = progress.outcome(Problem.STOPPED, str(error))
        except RefusedError as error:
            outcome = progress.outcome(Problem.REFUSED, error.message)
        except GcrsyncError as error:
            # What is under way when the run is stopped ends by its connections being closed, whatever that looks like.
            outcome = progress.outcome(Problem.STOPPED if self._passage.stopped() else Problem.FAILED, str(error))
        self._passage.watch.finished(outcome)
        return outcome

    def _copy(self, progress: _Progress) -> None:
        step, target = progress.step, self._passage.target
        present = target.head_manifest(step.target, step.digest)
        tags = list(step.tags)
        if present is not None:
            progress.media_type = present.media_type
            tags = [tag for tag in tags if not self._serves(step, tag)]
            if present.media_type not in media_types.INDEXES:
                progress.confirmed.extend(tag for tag in step.tags if tag not in tags)
                if not tags:
                    return
        with _from_the_source():
            manifest = self._passage.source.get_manifest(step.source, step.digest)
        progress.media_type = manifest.media_type
        image = _Image(self._passage, self._shared, progress)
        sizes = image.fill(manifest, depth=0)
        progress.size = None if sizes is None else sum(sizes.values())
        progress.confirmed.extend(tag for tag in step.tags if tag not in tags and tag not in progress.confirmed)
        for tag in tags:
            image.put(tag, manifest, step.digest)
            progress.confirmed.append(tag)

    def _serves(self, step: Step, tag: Tag) -> bool:
        there = self._passage.target.head_manifest(step.target, tag)
        return there is not None and there.digest == step.digest


class _Image:
    """The copy of one image under way: its children and blobs go to the target before the manifest that names them."""

    def __init__(self, passage: Passage, shared: _Shared, progress: _Progress) -> None:
        self._passage, self._shared, self._progress = passage, shared, progress
        self._step = progress.step

    def fill(self, manifest: AnyManifest, depth: int) -> BlobSizes | None:
        """See to it that the target has all that a manifest names; give the blobs, None where they are not all known."""
        if isinstance(manifest, SchemaOne):
            raise RefusedError("copying", str(self._step.source), SCHEMA_ONE)
        if isinstance(manifest, Manifest):
            return self._fill_manifest(manifest)
        if depth >= DEEPEST_INDEX:
            raise InvalidManifestError(str(self._step.digest), f"more than {DEEPEST_INDEX} indexes in one another")
        found = [self._fill_entry(entry, depth) for entry in _distinct(manifest.manifests)]
        return None if None in found else {digest: size for sizes in found for digest, size in (sizes or {}).items()}

    def put(self, target: Tag | Digest, manifest: AnyManifest, digest: Digest) -> None:
        """Put a manifest whose parts are there; where the target misses some, they are looked at again and sent, once."""
        self._check_stop()
        try:
            self._passage.target.put_manifest(self._step.target, target, manifest, digest)
        except ProtocolError as error:
            if "MANIFEST_BLOB_UNKNOWN" not in error.codes:
                raise
            self._refill(manifest, error)
            self._put_again(target, manifest, digest)

    def _put_again(self, target: Tag | Digest, manifest: AnyManifest, digest: Digest) -> None:
        try:
            self._passage.target.put_manifest(self._step.target, target, manifest, digest)
        except ProtocolError as error:
            if "MANIFEST_BLOB_UNKNOWN" in error.codes and _foreign(manifest):
                raise RefusedError(error.doing, error.where, f"foreign layers: {error.reason}") from error
            raise

    def _refill(self, manifest: AnyManifest, refusal: ProtocolError) -> None:
        """Send what the target misses after all: foreign layers, and whatever it had a while ago."""
        if isinstance(manifest, Index):
            for entry in _distinct(manifest.manifests):
                self._shared.children.forget((self._step.target, entry.digest))
            self.fill(manifest, depth=0)
        elif isinstance(manifest, Manifest):
            for blob in _distinct(manifest.blobs):
                self._shared.blobs.forget((self._step.target, blob.digest))
                self._send_even_foreign(blob, refusal)

    def _send_even_foreign(self, blob: Descriptor, refusal: ProtocolError) -> None:
        try:
            self._send(blob)
        except NotFoundError as error:
            if not media_types.is_foreign(blob.media_type):
                raise
            reason = f"it wants the foreign layer {blob.digest}, which the source does not have ({refusal.reason})"
            raise RefusedError(refusal.doing, refusal.where, reason) from error

    def _fill_manifest(self, manifest: Manifest) -> BlobSizes:
        blobs = _distinct(manifest.blobs)
        for blob in blobs:
            if not media_types.is_foreign(blob.media_type):
                self._send(blob)
        return {blob.digest: blob.size for blob in blobs}

    def _fill_entry(self, entry: Descriptor, depth: int) -> BlobSizes | None:
        """See to one entry of an index: a manifest, or a blob where its type says that it is none (build caches have such)."""
        if entry.media_type and entry.media_type not in media_types.MANIFESTS:
            self._send(entry)
            return {entry.digest: entry.size}
        return self._shared.children.do((self._step.target, entry.digest), lambda: self._copy_child(entry, depth))

    def _copy_child(self, entry: Descriptor, depth: int) -> BlobSizes | None:
        self._check_stop()
        present = self._passage.target.head_manifest(self._step.target, entry.digest)
        if present is not None and present.media_type not in media_types.INDEXES:
            return None
        with _from_the_source():
            manifest = self._passage.source.get_manifest(self._step.source, entry.digest)
        if len(manifest.raw) != entry.size:
            raise InvalidManifestError(str(entry.digest), f"{len(manifest.raw)} bytes, but its index says {entry.size}")
        sizes = self.fill(manifest, depth + 1)
        if present is None:
            self.put(entry.digest, manifest, entry.digest)
        return sizes

    def _send(self, blob: Descriptor) -> None:
        """See to it that the target has a blob."""
        self._shared.blobs.do((self._step.target, blob.digest), lambda: self._send_missing(blob))

    def _send_missing(self, blob: Descriptor) -> None:
        self._check_stop()
        with self._shared.turns.take(blob.digest):  # what another repository is about to have can be taken over from there
            if not self._passage.target.has_blob(self._step.target, blob.digest):
                self._passage.attempt(lambda: self._stream(blob))
                self._progress.copied += blob.size

    def _stream(self, blob: Descriptor) -> None:
        with ExitStack() as stack:
            with _from_the_source():
                chunks = stack.enter_context(self._passage.source.open_blob(self._step.source, blob))
            what = f"blob {blob.digest} of {self._step.source}"
            self._passage.target.put_blob(self._step.target, blob, self._watched(verified(chunks, blob, what)))

    def _watched(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._check_stop()
            yield chunk
            self._passage.watch.moved(self._step, len(chunk))

    def _check_stop(self) -> None:
        if self._passage.stopped():
            raise StoppedError


@contextmanager
def _from_the_source() -> Iterator[None]:
    """Take a refusal for a failure: only a destination can say for good that it does not take an image."""
    try:
        yield
    except RefusedError as error:
        raise ProtocolError(error.doing, error.where, error.reason) from error


def _distinct(descriptors: Iterable[Descriptor]) -> tuple[Descriptor, ...]:
    return tuple({descriptor.digest: descriptor for descriptor in descriptors}.values())


def _foreign(manifest: AnyManifest) -> bool:
    return isinstance(manifest, Manifest) and any(media_types.is_foreign(blob.media_type) for blob in manifest.blobs)
