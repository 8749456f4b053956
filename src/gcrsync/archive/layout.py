"""One OCI image layout on disk (image-spec, image-layout.md): the manifests and blobs of one repository."""

import fcntl
import json
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NoReturn

from gcrsync.archive.blobs import Blobs
from gcrsync.archive.conflict import inside_another
from gcrsync.archive.disk import file_status, inside, make_folder, read_file, translated
from gcrsync.archive.index import EMPTY_INDEX, LayoutIndex, parse_index
from gcrsync.archive.staging import Staging
from gcrsync.errors import DestinationError, DigestMismatchError, InvalidManifestError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, AnyManifest, Descriptor, Index, Manifest, SchemaOne, parse_manifest
from gcrsync.oci.name import Tag

_LARGEST_INDEX = 64 * 1024 * 1024
LARGEST_MARK = 4096
"""The largest ``oci-layout`` that is read, in bytes."""
_MARK = b'{"imageLayoutVersion":"1.0.0"}'

_Signature = tuple[int, int, int]


class Layout:
    """One layout, which need not exist yet: it is made by the first blob or manifest put into it.

    Threads may share it. Other processes may write it too: ``index.json`` is changed under a lock and replaced at once.
    """

    def __init__(self, root: Path, path: str, staging: Staging, layouts: Container[str]) -> None:
        """Name the folder of layouts, the repository's path in it, where unfinished files go, and what layouts there are."""
        self.path = path
        self._root, self._staging, self._layouts = root, staging, layouts
        self._lock = Lock()
        self._seen: tuple[_Signature, LayoutIndex] | None = None
        self.blobs = Blobs(root, path, staging, self._make)

    def __str__(self) -> str:
        """Give the path of its folder."""
        return str(self._root / self.path)

    def index(self) -> LayoutIndex:
        """Give what ``index.json`` says now, nothing where there is none; DestinationError where it is broken."""
        signature, seen = self._signature(), self._seen
        if signature is None:
            return EMPTY_INDEX
        if seen is None or seen[0] != signature:
            self._check_version()
            path = self._file("index.json")
            self._seen = seen = (signature, parse_index(read_file(path, _LARGEST_INDEX), str(path)))
        return seen[1]

    def tags(self) -> Mapping[Tag, Descriptor]:
        """Give what each tag names, in the order of tags."""
        return self.index().tags

    def find(self, target: Tag | Digest) -> Descriptor | None:
        """Give the descriptor of a manifest that is there in full size, None where there is none.

        By digest, what no entry of ``index.json`` lists may still be a child of an index: its media type is in its bytes.
        """
        index = self.index()
        found = index.tags.get(target) if isinstance(target, Tag) else index.manifests.get(target)
        if found is not None:
            return found if self.blobs.has(found.digest, found.size) else None
        return self._find_child(target) if isinstance(target, Digest) else None

    def read_manifest(self, descriptor: Descriptor) -> AnyManifest:
        """Give a manifest that was found; DigestMismatchError where its bytes are damaged."""
        path = self.blobs.file(descriptor.digest)
        raw = read_file(path, LARGEST_MANIFEST)
        if not descriptor.digest.matches(raw):
            raise DigestMismatchError(str(path), descriptor.digest.text, Digest.of(raw, descriptor.digest.algorithm).text)
        return parse_manifest(raw, descriptor.media_type, str(path))

    def missing(self, manifest: Manifest | Index) -> tuple[Descriptor, ...]:
        """Give what a manifest names and is not here in its size; foreign layers need not be (image-spec, layer.md)."""
        needed = [part for part in _parts(manifest) if not media_types.is_foreign(part.media_type)]
        return tuple(part for part in needed if not self.blobs.has(part.digest, part.size))

    def put_manifest(self, target: Tag | Digest, manifest: Manifest | Index, digest: Digest) -> None:
        """Store a manifest under a tag, or listed by its digest alone until a tag or an index names it."""
        descriptor = Descriptor(manifest.media_type, digest, len(manifest.raw))
        self._make()
        self.blobs.put(descriptor, [manifest.raw])
        children = [child.digest for child in manifest.manifests] if isinstance(manifest, Index) else []
        tag = target if isinstance(target, Tag) else None
        with self._locked():
            self._replace(self.index().with_manifest(descriptor, tag, children))

    def delete_tag(self, tag: Tag) -> bool:
        """Remove a tag; its manifest stays, by digest. False where there is no such tag."""
        if tag not in self.tags():
            return False
        with self._locked():
            self._replace(self.index().without_tag(tag))
        return True

    def delete_manifest(self, digest: Digest) -> bool:
        """Remove a manifest and all its tags, but none of its blobs. False where there is no such manifest."""
        if self.find(digest) is None:
            return False
        with self._locked():
            self._replace(self.index().without_digest(digest))
        self.blobs.remove(digest)
        return True

    def sweep(self) -> None:
        """Remove the blobs that nothing in ``index.json`` leads to; DigestMismatchError where a manifest is damaged."""
        with self._locked():
            needed = self._needed()
            for digest in [digest for digest in self.blobs.digests() if digest not in needed]:
                self.blobs.remove(digest)

    def _needed(self) -> set[Digest]:
        needed: set[Digest] = set()
        waiting = [entry.descriptor for entry in self.index().entries]
        while waiting:
            descriptor = waiting.pop()
            if descriptor.digest in needed:
                continue
            needed.add(descriptor.digest)
            if descriptor.media_type in media_types.MANIFESTS and self.blobs.has(descriptor.digest):
                manifest = self.read_manifest(descriptor)
                waiting += [] if isinstance(manifest, SchemaOne) else _parts(manifest)
        return needed

    def _find_child(self, digest: Digest) -> Descriptor | None:
        status = self.blobs.status(digest)
        if status is None or status.st_size > LARGEST_MANIFEST:
            return None
        try:
            manifest = self.read_manifest(Descriptor("", digest, status.st_size))
        except (InvalidManifestError, DigestMismatchError):
            return None
        return Descriptor(manifest.media_type, digest, status.st_size)

    def _file(self, name: str) -> Path:
        return inside(self._root, f"{self.path}/{name}")

    def _signature(self) -> _Signature | None:
        """Give what tells one ``index.json`` from the one before, None where there is none."""
        status = file_status(self._file("index.json"))
        return None if status is None else (status.st_ino, status.st_mtime_ns, status.st_size)

    def _make(self) -> None:
        """Make the layout, unless it is there."""
        if file_status(self._file("oci-layout")) is not None:
            return
        other = inside_another(self.path, self._layouts)
        if other is not None:
            self._refuse(f"it would lie inside the image layout {self._root / other}")
        make_folder(self._root / self.path)
        with self._locked():
            if file_status(self._file("oci-layout")) is not None:
                return
            if self._file("blobs").exists():
                self._refuse("its folder 'blobs' is there, but no 'oci-layout'")
            if self._signature() is None:
                self._write("index.json", EMPTY_INDEX.raw())
            self._write("oci-layout", _MARK)

    def _refuse(self, reason: str) -> NoReturn:
        raise DestinationError(f"making the image layout {self}: {reason}", hint="choose another name for the repository")

    def _write(self, name: str, data: bytes) -> None:
        with self._staging.file() as staged:
            staged.write(data)
            staged.publish(self._file(name))

    def _replace(self, index: LayoutIndex) -> None:
        """Write ``index.json``, unless it says just this; the caller holds the lock."""
        if index.entries != self.index().entries:
            self._write("index.json", index.raw())
            signature = self._signature()
            self._seen = signature and (signature, index)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other threads and other processes from changing ``index.json``."""
        path = self._file(".lock")
        with self._lock:
            with translated("locking", path):
                file = path.open("ab")
            with file:
                with translated("locking", path):
                    fcntl.flock(file, fcntl.LOCK_EX)
                yield

    def _check_version(self) -> None:
        path = self._file("oci-layout")
        if file_status(path) is None:
            return
        if not is_known_version(read_file(path, LARGEST_MARK)):
            raise DestinationError(f"{path}: not an image layout of version 1.0.0", hint="name another folder")


def is_known_version(mark: bytes) -> bool:
    """Say whether an ``oci-layout`` is that of an image layout of version 1.0.0, the only one there is."""
    try:
        document = json.loads(mark)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("imageLayoutVersion") == "1.0.0"


def _parts(manifest: Manifest | Index) -> tuple[Descriptor, ...]:
    """Give what a manifest names: its config and layers, or its manifests."""
    return manifest.blobs if isinstance(manifest, Manifest) else manifest.manifests
