"""What is in an archive, as a place that images are copied from: by digest, with the methods of a registry's client."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from gcrsync.archive.compression import CHUNK
from gcrsync.archive.invalid import InvalidArchiveError
from gcrsync.archive.stored import Stored
from gcrsync.errors import InvalidManifestError, NotFoundError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, AnyManifest, Descriptor, Index, SchemaOne, parse_manifest
from gcrsync.oci.name import Repository, Tag


class Contents:
    """The manifests and blobs of an archive; threads may share it. Of a repository's name nothing counts."""

    def __init__(
        self,
        what: str,
        find: Callable[[Digest], Stored | None],
        listed: Iterable[Descriptor] = (),
        tags: Mapping[Tag, Descriptor] | None = None,
    ) -> None:
        """Begin with the manifests that the archive lists, and its tags; ``find`` looks up bytes that nobody has checked yet."""
        self.what, self._find = what, find
        self._listed, self._tags = tuple(listed), dict(tags or {})
        self._referring: Mapping[Digest, tuple[Descriptor, ...]] | None = None

    def head_manifest(self, repository: Repository, target: Tag | Digest) -> Descriptor | None:
        """Give the descriptor of a manifest, None where there is none."""
        del repository
        if isinstance(target, Tag):
            return self._tags.get(target)
        stored = self._find(target)
        if stored is None:
            return None
        return Descriptor(self.manifest(Descriptor("", target, stored.size)).media_type, target, stored.size)

    def get_manifest(self, repository: Repository, target: Tag | Digest) -> AnyManifest:
        """Give a manifest, its bytes checked; NotFoundError where there is none."""
        found = self.head_manifest(repository, target)
        if found is None:
            raise NotFoundError("reading", f"{target} in {self.what}", "no such manifest")
        return self.manifest(found)

    def referrers(self, repository: Repository, subject: Digest, count: Callable[[int], None]) -> tuple[Descriptor, ...]:
        """Give what refers to a manifest; that takes no request."""
        del repository, count
        return self.referring.get(subject, ())

    @contextmanager
    def open_blob(self, repository: Repository, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        """Open a blob for reading, in chunks that nobody has checked yet; NotFoundError where there is none."""
        del repository
        stored = self._find(descriptor.digest)
        if stored is None:
            raise NotFoundError("reading", f"{descriptor.digest} in {self.what}", "no such blob")
        with stored.open() as file:
            yield iter(lambda: file.read(CHUNK), b"")

    def manifest(self, descriptor: Descriptor) -> AnyManifest:
        """Give a manifest by what names it; InvalidArchiveError where it is not there, or not what that says."""
        raw = self.read(descriptor, LARGEST_MANIFEST)
        try:
            return parse_manifest(raw, descriptor.media_type, str(descriptor.digest))
        except InvalidManifestError as error:
            raise InvalidArchiveError(f"{error.what} in {self.what}", error.reason) from error

    def read(self, descriptor: Descriptor, largest: int) -> bytes:
        """Give the bytes of a blob; InvalidArchiveError where they are not there, not the blob, or more than ``largest``."""
        what = f"{descriptor.digest} in {self.what}"
        stored = self._find(descriptor.digest)
        if stored is None:
            raise InvalidArchiveError(
                self.what, f"{descriptor.digest} is not in it", hint="it is not whole: make or fetch it again"
            )
        raw = stored.read(largest, what)
        if len(raw) != descriptor.size:
            raise InvalidArchiveError(what, f"it has {len(raw):,} bytes, and is said to have {descriptor.size:,}")
        if not descriptor.digest.matches(raw):
            raise InvalidArchiveError(what, "its bytes have another digest")
        return raw

    @property
    def referring(self) -> Mapping[Digest, tuple[Descriptor, ...]]:
        """The manifests that refer to others, by those that they refer to; each manifest is read once for that."""
        if self._referring is None:
            found: dict[Digest, list[Descriptor]] = {}
            for descriptor, manifest in self.readable(self._listed):
                if not isinstance(manifest, SchemaOne) and manifest.subject is not None:
                    found.setdefault(manifest.subject.digest, []).append(descriptor)
            self._referring = {subject: tuple(sorted(each, key=lambda one: one.digest)) for subject, each in found.items()}
        return self._referring

    def readable(self, roots: Iterable[Descriptor]) -> Iterator[tuple[Descriptor, AnyManifest]]:
        """Give what ``below`` gives, as far as it is there and whole: what is not is told where it is pushed."""
        seen = set[Digest]()
        for root in roots:
            with suppress(InvalidArchiveError):
                yield from self.below(root, seen)

    def below(self, root: Descriptor, seen: set[Digest]) -> Iterator[tuple[Descriptor, AnyManifest]]:
        """Give a manifest and all that an index names, also through others, but for what is ``seen``, which they are then.

        Raises what ``manifest`` raises.
        """
        left = deque([root])
        while left:
            descriptor = left.popleft()
            is_blob = descriptor.media_type and descriptor.media_type not in media_types.MANIFESTS
            if is_blob or descriptor.digest in seen:
                continue
            seen.add(descriptor.digest)
            manifest = self.manifest(descriptor)
            yield descriptor, manifest
            left.extend(manifest.manifests if isinstance(manifest, Index) else ())
