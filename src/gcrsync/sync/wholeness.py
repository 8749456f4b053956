"""Whether a target has all manifests that an index names, which it may have lost, or never had, whatever it says of the index."""

from collections.abc import Iterator

from gcrsync.errors import IntegrityError, InvalidManifestError, NotFoundError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import DEEPEST_INDEX, Descriptor, Index
from gcrsync.oci.name import Repository
from gcrsync.sync.once import Once
from gcrsync.sync.places import Target


class Wholeness:
    """Asks a target for what indexes name, each manifest once; any thread may ask."""

    def __init__(self, target: Target) -> None:
        """Begin with nothing known of the target."""
        self._target = target
        self._lacks: Once[tuple[Repository, Digest], str] = Once()
        self._present: Once[tuple[Repository, Digest], Descriptor | None] = Once()

    def lack(self, repository: Repository, manifest: Descriptor) -> str:
        """Say what is not there, or is damaged, of a manifest that is there; empty where nothing is, and for one that is no index.

        Raises what the target raises where it cannot be asked.
        """
        return self._lacks.do((repository, manifest.digest), lambda: self._lack(repository, manifest))

    def _lack(self, repository: Repository, manifest: Descriptor) -> str:
        try:
            missing = tuple(dict.fromkeys(self._missing(repository, manifest, depth=0)))
        except (IntegrityError, NotFoundError) as error:
            return str(error)
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        return f"the mirror has its index, and lacks {missing[0]}{more} of what that names" if missing else ""

    def _missing(self, repository: Repository, manifest: Descriptor, depth: int) -> Iterator[Digest]:
        if manifest.media_type not in media_types.INDEXES:
            return
        if depth >= DEEPEST_INDEX:
            raise InvalidManifestError(str(manifest.digest), f"more than {DEEPEST_INDEX} indexes in one another")
        index = self._target.get_manifest(repository, manifest.digest)
        for entry in index.manifests if isinstance(index, Index) else ():
            if entry.media_type and entry.media_type not in media_types.MANIFESTS:
                continue  # a blob, as build caches have them
            child = self._head(repository, entry.digest)
            if child is None:
                yield entry.digest
            else:
                yield from self._missing(repository, child, depth + 1)

    def _head(self, repository: Repository, digest: Digest) -> Descriptor | None:
        return self._present.do((repository, digest), lambda: self._target.head_manifest(repository, digest))
