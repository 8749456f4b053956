"""The manifests of a source that were read lately: an index is read for itself and for each index that it stands in."""

from collections import OrderedDict
from threading import Lock

from gcrsync.errors import InvalidManifestError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Descriptor
from gcrsync.oci.name import Repository
from gcrsync.sync.blobs import from_the_source
from gcrsync.sync.places import Source

_MOST_BYTES = 16 * 1024 * 1024


class Manifests:
    """Reads manifests, and remembers the newest of them; one is shared by all threads of a run."""

    def __init__(self, source: Source, most: int = _MOST_BYTES) -> None:
        """Remember at most so many bytes of manifests."""
        self._source, self._left = source, most
        self._read: OrderedDict[tuple[Repository, Digest], AnyManifest] = OrderedDict()
        self._lock = Lock()

    def get(self, repository: Repository, digest: Digest) -> AnyManifest:
        """Give a manifest, its bytes checked; raises what the source raises, a refusal as a failure."""
        key = (repository, digest)
        with self._lock:
            if key in self._read:
                self._read.move_to_end(key)
                return self._read[key]
        with from_the_source():
            manifest = self._source.get_manifest(repository, digest)
        with self._lock:
            if key not in self._read:
                self._read[key] = manifest
                self._left -= len(manifest.raw)
            while self._left < 0 and self._read:
                self._left += len(self._read.popitem(last=False)[1].raw)
        return manifest

    def child(self, repository: Repository, entry: Descriptor) -> AnyManifest:
        """Give what an index names, as ``get`` does; InvalidManifestError where the index says another size."""
        manifest = self.get(repository, entry.digest)
        if len(manifest.raw) != entry.size:
            raise InvalidManifestError(str(entry.digest), f"{len(manifest.raw)} bytes, but its index says {entry.size}")
        return manifest
