"""A folder of image layouts as a place that images are copied to and from, with the methods of a registry's client."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus
from pathlib import Path
from threading import Lock

from gcrsync.archive.blobs import Blobs, pieces
from gcrsync.archive.folder import LayoutFolder
from gcrsync.archive.layout import Layout
from gcrsync.archive.referrers import Referrers
from gcrsync.errors import NotFoundError, ProtocolError, RefusedError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Descriptor, Index, Manifest, SchemaOne
from gcrsync.oci.name import Repository, Tag


class FolderDestination:
    """The repositories of a folder, shared by all threads of a run; of a repository's name only the path counts.

    A blob that another repository of the folder has is linked, not stored again.
    """

    def __init__(self, root: Path) -> None:
        """Name the folder; what blobs are in it is looked up when that is first of use."""
        self.folder = LayoutFolder(root)
        self._lock = Lock()
        self._holders: dict[Digest, str] | None = None
        self._referrers = Referrers()

    def head_manifest(self, repository: Repository, target: Tag | Digest) -> Descriptor | None:
        """Give the descriptor of a manifest, None where there is none."""
        return self._layout(repository).find(target)

    def get_manifest(self, repository: Repository, target: Tag | Digest) -> AnyManifest:
        """Give a manifest, its bytes checked; NotFoundError where there is none."""
        layout = self._layout(repository)
        descriptor = layout.find(target)
        if descriptor is None:
            raise NotFoundError("reading", _name(layout, target), "no such manifest")
        return layout.read_manifest(descriptor)

    def referrers(self, repository: Repository, subject: Digest, count: Callable[[int], None]) -> tuple[Descriptor, ...]:
        """Give what refers to a manifest; that takes no request."""
        del count
        return tuple(referrer.descriptor for referrer in self._referrers.of(self._layout(repository), subject))

    @contextmanager
    def open_blob(self, repository: Repository, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        """Open a blob for reading, in chunks that nobody has checked yet; NotFoundError where there is none."""
        blobs = self._layout(repository).blobs
        with blobs.open(descriptor.digest) as file:
            yield pieces(file, blobs.file(descriptor.digest))

    def has_blob(self, repository: Repository, digest: Digest) -> bool:
        """Say whether the repository has a blob, or got it just now as a link from another repository."""
        blobs = self._layout(repository).blobs
        if blobs.has(digest):
            return True
        holder = self._holder(digest)
        return holder is not None and blobs.link(digest, holder)

    def is_new(self, repository: Repository) -> bool:
        """Say whether there is no layout for a repository yet."""
        return repository.path not in self.folder

    def tags(self, repository: Repository) -> tuple[Tag, ...]:
        """Give all tags of a repository, none where there is no layout for it."""
        return tuple(self._layout(repository).tags())

    def take_blob(
        self, repository: Repository, descriptor: Descriptor, opened: Callable[[], AbstractContextManager[Iterable[bytes]]]
    ) -> bool:
        """See to it that the repository has a blob, and say whether its bytes had to be written for that."""
        if self.has_blob(repository, descriptor.digest):
            return False
        with opened() as chunks:
            self.put_blob(repository, descriptor, chunks)
        return True

    def put_blob(self, repository: Repository, descriptor: Descriptor, chunks: Iterable[bytes]) -> None:
        """Store a blob; DigestMismatchError, and nothing is stored, where the chunks are not the blob."""
        layout = self._layout(repository)
        layout.blobs.put(descriptor, chunks)
        with self._lock:
            if self._holders is not None:
                self._holders[descriptor.digest] = layout.path

    def put_manifest(self, repository: Repository, target: Tag | Digest, manifest: AnyManifest, digest: Digest) -> bool:
        """Store a manifest under a tag or its digest; it is among the referrers of its subject then, which it gives as True.

        Raises ProtocolError with the code MANIFEST_BLOB_UNKNOWN where something that it names is not there, as a registry does,
        and forgets damaged files, so that they are sent again; RefusedError for schema 1, which image layouts do not have.
        """
        layout = self._layout(repository)
        if isinstance(manifest, SchemaOne):
            raise RefusedError("storing", _name(layout, target), "image layouts hold no schema 1 manifests")
        missing = layout.missing(manifest)
        if missing:
            for part in missing:
                self._forget(layout, part)
            reason = f"it names {missing[0].digest} of {missing[0].size} bytes, which is not there"
            status, codes = HTTPStatus.BAD_REQUEST, ("MANIFEST_BLOB_UNKNOWN",)
            raise ProtocolError("storing", _name(layout, target), reason, status=status, codes=codes)
        layout.put_manifest(target, manifest, digest)
        return True

    def delete_manifest(self, repository: Repository, target: Tag | Digest) -> bool:
        """Delete a tag, or a manifest with all its tags, and say whether it was there."""
        layout = self._layout(repository)
        return layout.delete_manifest(target) if isinstance(target, Digest) else layout.delete_tag(target)

    def sweep(self, repository: Repository) -> None:
        """Remove the blobs of a repository that nothing names any more."""
        if not self.is_new(repository):
            self._layout(repository).sweep()

    def list_referrer(self, repository: Repository, manifest: Manifest | Index, digest: Digest) -> None:
        """Do nothing: a manifest that is there is found by its subject."""

    def _layout(self, repository: Repository) -> Layout:
        return self.folder.layout(repository.path)

    def _forget(self, layout: Layout, part: Descriptor) -> None:
        layout.blobs.drop_damaged(part)
        with self._lock:
            if self._holders is not None:
                self._holders.pop(part.digest, None)

    def _holder(self, digest: Digest) -> Blobs | None:
        """Give the blobs of a repository that has this one; the first call looks through the whole folder."""
        with self._lock:
            if self._holders is None:
                self._holders = {
                    held: path for path in self.folder.repositories() for held in self.folder.layout(path).blobs.digests()
                }
            path = self._holders.get(digest)
        return None if path is None else self.folder.layout(path).blobs


def _name(layout: Layout, target: Tag | Digest) -> str:
    return f"{layout}{':' if isinstance(target, Tag) else '@'}{target}"
