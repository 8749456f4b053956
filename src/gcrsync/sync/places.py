"""Where manifests and blobs are read and written: what a registry and a folder of layouts have in common."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Descriptor, Index, Manifest
from gcrsync.oci.name import Repository, Tag


class Source(Protocol):
    """A place that images are copied from."""

    def head_manifest(self, repository: Repository, target: Tag | Digest) -> Descriptor | None:
        """Give the descriptor of a manifest, None where there is none."""

    def get_manifest(self, repository: Repository, target: Tag | Digest) -> AnyManifest:
        """Give a manifest, checked against its digest where it is asked for by one."""

    def referrers(self, repository: Repository, subject: Digest, count: Callable[[int], None]) -> tuple[Descriptor, ...] | None:
        """Give what refers to a manifest, None where no list of that is kept; ``count`` the requests that this takes."""

    def open_blob(self, repository: Repository, descriptor: Descriptor) -> AbstractContextManager[Iterator[bytes]]:
        """Open a blob for reading, in chunks that nobody has checked yet."""


class Target(Source, Protocol):
    """A place that images are copied to."""

    def is_new(self, repository: Repository) -> bool:
        """Say whether a repository has nothing yet that would be worth a question."""

    def tags(self, repository: Repository) -> tuple[Tag, ...]:
        """Give all tags of a repository, none where there is no such repository."""

    def take_blob(
        self, repository: Repository, descriptor: Descriptor, opened: Callable[[], AbstractContextManager[Iterable[bytes]]]
    ) -> bool:
        """See to it that the repository has a blob, and say whether its bytes were opened and sent for that.

        Nothing is stored where they raise.
        """

    def put_manifest(self, repository: Repository, target: Tag | Digest, manifest: AnyManifest, digest: Digest) -> bool:
        """Store a manifest under a tag or its digest, and say whether it is listed among the referrers of its subject, if any."""

    def delete_manifest(self, repository: Repository, target: Tag | Digest) -> bool:
        """Delete a tag, or a manifest with all its tags, and say whether it was there."""

    def sweep(self, repository: Repository) -> None:
        """Free the space of what nothing names any more, where that is not somebody else's work."""

    def list_referrer(self, repository: Repository, manifest: Manifest | Index, digest: Digest) -> None:
        """List a manifest among the referrers of its subject."""
