"""What refers to a manifest in an image layout, which has no list of it: the manifests say it themselves."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from gcrsync.archive.layout import Layout
from gcrsync.errors import DigestMismatchError, InvalidManifestError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor, Index, SchemaOne
from gcrsync.oci.referrers import Referrer


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of one manifest: its subject, and the manifests that it names."""

    subject: Digest | None
    children: tuple[Descriptor, ...]


_NOTHING = _Known(None, ())


class Referrers:
    """Finds referrers in layouts; each manifest is read once for that, whatever layouts it is in. Threads may share it."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._known: dict[Digest, _Known] = {}

    def of(self, layout: Layout, subject: Digest) -> tuple[Referrer, ...]:
        """Give the manifests of a layout that refer to a digest, there or not, sorted by their own digests."""
        found = [entry for entry in self._present(layout) if self._read(layout, entry).subject == subject]
        manifests = [(layout.read_manifest(entry), entry.digest) for entry in sorted(found, key=lambda entry: entry.digest)]
        return tuple(Referrer.of(manifest, digest) for manifest, digest in manifests if not isinstance(manifest, SchemaOne))

    def _present(self, layout: Layout) -> Iterator[Descriptor]:
        """Give the manifests that a layout lists, and those that their indexes name, as far as they are there."""
        left, seen = list(layout.index().manifests.values()), set[Digest]()
        while left:
            entry = left.pop()
            if entry.digest not in seen and layout.blobs.has(entry.digest, entry.size):
                seen.add(entry.digest)
                left.extend(self._read(layout, entry).children)
                yield entry

    def _read(self, layout: Layout, entry: Descriptor) -> _Known:
        if entry.digest not in self._known:
            self._known[entry.digest] = _known(layout, entry)
        return self._known[entry.digest]


def _known(layout: Layout, entry: Descriptor) -> _Known:
    with suppress(InvalidManifestError, DigestMismatchError):  # what is damaged refers to nothing, and is told where it is read
        manifest = layout.read_manifest(entry)
        if not isinstance(manifest, SchemaOne):
            children = manifest.manifests if isinstance(manifest, Index) else ()
            subject = None if manifest.subject is None else manifest.subject.digest
            return _Known(subject, tuple(child for child in children if child.media_type in media_types.MANIFESTS))
    return _NOTHING
