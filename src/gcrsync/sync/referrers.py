"""What refers to an image, such as its signatures: it is at the target before any tag shows the image there."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from gcrsync.errors import GcrsyncError, InvalidManifestError, NotFoundError, ReferrerError, StoppedError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Descriptor, Index, SchemaOne
from gcrsync.oci.referrers import DEEPEST_REFERRER, fallback_tag
from gcrsync.sync.blobs import from_the_source
from gcrsync.sync.image import Image, Shared


class Referrers:
    """The referrers of one image under way, and their own ones."""

    def __init__(self, shared: Shared, image: Image) -> None:
        """Begin with what the other copies know."""
        self._shared, self._passage, self._image = shared, shared.passage, image
        self._asked: set[Digest] = set()
        self._brought: set[Digest] = set()

    def bring(self, manifest: AnyManifest | None, digest: Digest) -> tuple[Digest, ...]:
        """See to it that the target has all that refers to a manifest and to its children, and give the digests, sorted.

        A manifest that names no others need not be given. Raises ReferrerError for what could not be copied, and RegistryError
        where the source does not tell what there is.
        """
        for subject in self._with_children(manifest, digest):
            self._bring(subject, depth=0)
        return tuple(sorted(self._brought))

    def _bring(self, subject: Digest, depth: int) -> None:
        if subject in self._asked:
            return
        self._asked.add(subject)
        for entry in self._listed(subject):
            if depth >= DEEPEST_REFERRER:
                raise InvalidManifestError(str(subject), f"more than {DEEPEST_REFERRER} manifests refer to one another in a row")
            if entry.digest not in self._brought:
                with _named(entry.digest, subject):
                    self._copy(entry, subject, depth)

    def _copy(self, entry: Descriptor, subject: Digest, depth: int) -> None:
        """Copy a referrer after those that refer to it; a manifest of which a list says so and which does not is none."""
        self._passage.check_stop()
        step = self._image.step
        manifest = self._shared.manifests.get(step.source, entry.digest)
        if isinstance(manifest, SchemaOne) or manifest.subject is None or manifest.subject.digest != subject:
            return
        self._brought.add(entry.digest)
        for each in self._with_children(manifest, entry.digest):
            self._bring(each, depth + 1)

        def send() -> None:
            self._image.fill(manifest, depth=0)
            self._image.put(entry.digest, manifest, entry.digest)

        self._shared.referrers.do((step.target, entry.digest), send)

    def _with_children(self, manifest: AnyManifest | None, digest: Digest) -> Iterator[Digest]:
        """Give a manifest and all that an index names, also through others."""
        yield digest
        for entry in manifest.manifests if isinstance(manifest, Index) else ():
            if entry.media_type in media_types.INDEXES:
                yield from self._with_children(self._shared.manifests.get(self._image.step.source, entry.digest), entry.digest)
            elif entry.media_type in media_types.MANIFESTS:
                yield entry.digest

    def _listed(self, subject: Digest) -> Iterable[Descriptor]:
        key = (self._image.step.source, subject)
        if key not in self._shared.lists:
            self._passage.check_stop()
            with from_the_source():
                self._shared.lists[key] = self._ask(subject)
        return self._shared.lists[key]

    def _ask(self, subject: Digest) -> tuple[Descriptor, ...]:
        """Ask the source for its list, or for the one under a tag where it keeps none."""
        source, repository = self._passage.source, self._image.step.source
        listed, tag = source.referrers(repository, subject), fallback_tag(subject)
        if listed is not None:
            return listed
        if not self._passage.lists.may_be(repository, tag):
            return ()
        try:
            found = source.get_manifest(repository, tag)
        except NotFoundError:
            return ()
        return found.manifests if isinstance(found, Index) else ()


@contextmanager
def _named(referrer: Digest, subject: Digest) -> Iterator[None]:
    """Tell of a failure what was to be copied; a refusal is one, too: the image must not be shown without its signature."""
    try:
        yield
    except (ReferrerError, StoppedError):
        raise
    except GcrsyncError as error:
        raise ReferrerError(referrer, subject, str(error)) from error
