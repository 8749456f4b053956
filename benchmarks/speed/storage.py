"""What a ``docker-registry`` holds, as files (distribution, registry/storage/paths.go), written and read without asking it.

Twenty thousand images are written in seconds, and what a run has left is read without a request that would be counted.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.namespaces.content import StoredManifest, StoredNamespace, StoredRepository
from gcrsync.oci.digest import Digest

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Storage:
    """The folder that is a registry's ``rootdirectory``."""

    root: Path

    def put(self, data: bytes) -> Digest:
        """Keep the bytes of a blob or a manifest, which no repository has yet."""
        digest = Digest.of(data)
        file = self._data(digest)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return digest

    def take(self, finished: Path) -> tuple[Digest, int]:
        """Keep a file, which moves here, and give its digest and its size."""
        with finished.open("rb") as content:
            digest = Digest(f"sha256:{_sha256(content)}")
        file = self._data(digest)
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(finished, file)
        return digest, file.stat().st_size

    def link_blob(self, repository: str, digest: Digest) -> None:
        """Let a repository have a blob."""
        _link(self._repository(repository) / "_layers" / "sha256" / digest.encoded, digest)

    def link_manifest(self, repository: str, digest: Digest, tags: Iterable[str] = ()) -> None:
        """Let a repository have a manifest, with these tags on it."""
        manifests = self._repository(repository) / "_manifests"
        _link(manifests / "revisions" / "sha256" / digest.encoded, digest)
        for tag in tags:
            _link(manifests / "tags" / tag / "current", digest)
            _link(manifests / "tags" / tag / "index" / "sha256" / digest.encoded, digest)

    def size(self, digest: Digest) -> int:
        """Give the size of a blob or a manifest in bytes; 0 where it is not there."""
        file = self._data(digest)
        return file.stat().st_size if file.exists() else 0

    def tagged(self, repository: str, tag: str) -> Digest:
        """Give the digest that a tag is on."""
        return Digest((self._repository(repository) / "_manifests" / "tags" / tag / "current" / "link").read_text())

    def tags(self) -> Mapping[tuple[str, str], Digest]:
        """Give every repository and tag with its digest."""
        found = ((path, folder.name) for path in self.repositories() for folder in self._tag_folders(path))
        return {(path, tag): self.tagged(path, tag) for path, tag in found}

    def repositories(self) -> list[str]:
        """Give the paths of all repositories with manifests."""
        root = self.root / "docker" / "registry" / "v2" / "repositories"
        return sorted(folder.parent.relative_to(root).as_posix() for folder in root.rglob("_manifests"))

    def namespace(self, path: str) -> StoredNamespace:
        """Give everything but the blobs as a namespace."""
        return StoredNamespace(path, tuple(map(self._stored, self.repositories())))

    def files(self) -> Iterator[Path]:
        """Give all files."""
        return (file for file in self.root.rglob("*") if file.is_file())

    def _stored(self, path: str) -> StoredRepository:
        tags = {folder.name: self.tagged(path, folder.name).text for folder in self._tag_folders(path)}
        revisions = (self._repository(path) / "_manifests" / "revisions" / "sha256").iterdir()
        digests = (Digest(f"sha256:{folder.name}") for folder in sorted(revisions))
        return StoredRepository(path, tags, {digest.text: _manifest(self._data(digest).read_bytes()) for digest in digests})

    def _tag_folders(self, path: str) -> list[Path]:
        folder = self._repository(path) / "_manifests" / "tags"
        return sorted(folder.iterdir()) if folder.exists() else []

    def _repository(self, path: str) -> Path:
        return self.root / "docker" / "registry" / "v2" / "repositories" / path

    def _data(self, digest: Digest) -> Path:
        return self.root / "docker" / "registry" / "v2" / "blobs" / "sha256" / digest.encoded[:2] / digest.encoded / "data"


def _link(folder: Path, digest: Digest) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "link").write_text(digest.text)


def _manifest(raw: bytes) -> StoredManifest:
    document = json.loads(raw)
    named = (document.get("config", {"size": 0}), *document.get("layers", ()))
    return StoredManifest(raw, document["mediaType"], sum(blob["size"] for blob in named))


def _sha256(content: IO[bytes]) -> str:
    running = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        running.update(chunk)
    return running.hexdigest()
