"""What refers to an image, such as its signatures: it is at the target before any tag shows the image there."""

from collections.abc import Iterator
from contextlib import contextmanager

from gcrsync.errors import GcrsyncError, InvalidManifestError, PullLimitError, ReferrerError, StoppedError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Index, SchemaOne
from gcrsync.oci.referrers import DEEPEST_REFERRER
from gcrsync.sync.blobs import from_the_source
from gcrsync.sync.image import Image, Progress, Shared


class Referrers:
    """The referrers of one image under way, and their own ones; what is learnt on the way goes into its progress."""

    def __init__(self, shared: Shared, image: Image, progress: Progress) -> None:
        """Begin with what the other copies know."""
        self._shared, self._passage, self._image, self._progress = shared, shared.passage, image, progress
        self._asked: set[Digest] = set()
        self._brought: set[Digest] = set()

    def bring(self, manifest: AnyManifest | None, digest: Digest) -> None:
        """See to it that the target has all that refers to a manifest and to its children, and note it.

        A manifest that names no others need not be given. Raises ReferrerError for what could not be copied, and RegistryError
        where the source does not tell what there is.
        """
        for subject in self._with_children(manifest, digest):
            self._bring(subject, depth=0)
        self._progress.referrers = tuple(sorted(self._brought))

    def bring_to(self, manifest: AnyManifest | None, digest: Digest) -> None:
        """Do the same for a manifest that the target has for a while: one not given is read only where its children may matter."""
        step = self._image.step
        self._bring(digest, depth=0)
        may_have_children = step.described.media_type not in media_types.MANIFESTS - media_types.INDEXES
        if may_have_children and (
            self._progress.untagged or self._shared.lists_kept or self._passage.known(step.source).may_have_any
        ):
            self.bring(manifest or self._shared.manifests.get(step.source, digest), digest)
        self._progress.referrers = tuple(sorted(self._brought))

    def _bring(self, subject: Digest, depth: int) -> None:
        if subject in self._asked:
            return
        self._asked.add(subject)
        for referrer in self._listed(subject):
            if depth >= DEEPEST_REFERRER:
                raise InvalidManifestError(str(subject), f"more than {DEEPEST_REFERRER} manifests refer to one another in a row")
            if referrer not in self._brought:
                with _named(referrer, subject):
                    self._copy(referrer, subject, depth)

    def _copy(self, referrer: Digest, subject: Digest, depth: int) -> None:
        """Copy a referrer after those that refer to it; a manifest of which a list says so and which does not is none."""
        self._passage.check_stop()
        step = self._image.step
        manifest = self._shared.manifests.get(step.source, referrer)
        if isinstance(manifest, SchemaOne) or manifest.subject is None or manifest.subject.digest != subject:
            return
        self._brought.add(referrer)
        for each in self._with_children(manifest, referrer):
            self._bring(each, depth + 1)

        def send() -> None:
            self._image.fill(manifest, depth=0)
            self._image.put(referrer, manifest, referrer)

        self._shared.referrers.do((step.target, referrer), send)

    def _with_children(self, manifest: AnyManifest | None, digest: Digest) -> Iterator[Digest]:
        """Give a manifest and all that an index names, also through others."""
        yield digest
        for entry in manifest.manifests if isinstance(manifest, Index) else ():
            if entry.media_type in media_types.INDEXES:
                yield from self._with_children(self._shared.manifests.get(self._image.step.source, entry.digest), entry.digest)
            elif entry.media_type in media_types.MANIFESTS:
                yield entry.digest

    def _listed(self, subject: Digest) -> tuple[Digest, ...]:
        key = (self._image.step.source, subject)
        if key not in self._shared.lists:
            self._passage.check_stop()
            with from_the_source():
                self._shared.lists[key] = self._ask(subject)
        return self._shared.lists[key]

    def _ask(self, subject: Digest) -> tuple[Digest, ...]:
        """Ask the source: its untagged manifests where it lists such, else its list, or the one under a tag."""
        source, repository = self._passage.source, self._image.step.source
        untagged = self._shared.untagged.of(repository, self._progress.count)
        if untagged is None:
            listed = source.referrers(repository, subject, self._progress.count)
            if listed is not None:
                self._shared.lists_kept = True
                return tuple(entry.digest for entry in listed)
            return self._under_tag(subject)
        self._progress.untagged = untagged.subjects
        return tuple(dict.fromkeys((*untagged.by_subject.get(subject, ()), *self._under_tag(subject))))

    def _under_tag(self, subject: Digest) -> tuple[Digest, ...]:
        return self._shared.under_tag(self._image.step.source, subject, self._progress.count)


@contextmanager
def _named(referrer: Digest, subject: Digest) -> Iterator[None]:
    """Tell of a failure what was to be copied; a refusal is one, too: the image must not be shown without its signature."""
    try:
        yield
    except (PullLimitError, ReferrerError, StoppedError):
        raise
    except GcrsyncError as error:
        raise ReferrerError(referrer, subject, str(error)) from error
