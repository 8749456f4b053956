"""Where manifests and blobs are read and written: what a registry and a folder of layouts have in common."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Descriptor
from gcrsync.oci.name import Repository, Tag


class Source(Protocol):
    """A place that images are copied from."""

    def get_manifest(self, repository: Repository, target: Tag | Digest) -> AnyManifest:
        """Give a manifest, checked against its digest where it is asked for by one."""

    def open_blob(self, repository: Repository, descriptor: Descriptor) -> AbstractContextManager[Iterator[bytes]]:
        """Open a blob for reading, in chunks that nobody has checked yet."""


class Target(Source, Protocol):
    """A place that images are copied to."""

    def head_manifest(self, repository: Repository, target: Tag | Digest) -> Descriptor | None:
        """Give the descriptor of a manifest, None where there is none."""

    def has_blob(self, repository: Repository, digest: Digest) -> bool:
        """Say whether the repository has a blob, or got it just now from another repository without sending any byte."""

    def put_blob(self, repository: Repository, descriptor: Descriptor, chunks: Iterable[bytes]) -> None:
        """Store a blob; nothing is stored where the chunks raise."""

    def put_manifest(self, repository: Repository, target: Tag | Digest, manifest: AnyManifest, digest: Digest) -> None:
        """Store a manifest under a tag or its digest."""
