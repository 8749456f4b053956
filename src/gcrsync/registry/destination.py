"""A registry as a destination: what one of its repositories has, another can take over."""

from collections.abc import Iterable
from threading import Lock

from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository
from gcrsync.registry.client import Client
from gcrsync.registry.session import Session


class Destination(Client):
    """A client of one registry that mounts a blob, rather than have it sent, where another repository is known to have it.

    One is shared by all threads of a run.
    """

    def __init__(self, session: Session) -> None:
        """Send all requests through this session; one token serves to read and to write."""
        super().__init__(session, "pull,push")
        self._lock = Lock()
        self._holders: dict[Digest, Repository] = {}

    def has_blob(self, repository: Repository, digest: Digest) -> bool:
        """Say whether the repository has a blob, or could mount it just now (distribution-spec, "Mounting a blob")."""
        with self._lock:
            holder = self._holders.get(digest)
        if holder is not None and holder != repository and self.mount_blob(repository, digest, holder):
            return True
        present = super().has_blob(repository, digest)
        if present:
            self._note(repository, digest)
        return present

    def put_blob(self, repository: Repository, descriptor: Descriptor, chunks: Iterable[bytes]) -> None:
        """Upload a blob, and remember where it is."""
        super().put_blob(repository, descriptor, chunks)
        self._note(repository, descriptor.digest)

    def _note(self, repository: Repository, digest: Digest) -> None:
        with self._lock:
            self._holders.setdefault(digest, repository)
