"""A registry as a destination: no question that its answer is known to, and no byte that another repository has."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from threading import Lock

from gcrsync.errors import NotFoundError, ProtocolError, RegistryError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor, Index, Manifest
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import Referrer, fallback_tag, with_referrer
from gcrsync.registry import answers
from gcrsync.registry.catalog import tags
from gcrsync.registry.client import Client
from gcrsync.registry.session import Call, Session
from gcrsync.registry.trial import Trial, try_push

Opened = Callable[[], AbstractContextManager[Iterable[bytes]]]
"""Opens a blob at its source."""

_WORTH_ASKING = 1024 * 1024
"""From this size on, in bytes, to ask whether a new repository has a blob costs less than to send it again in vain."""

_ENOUGH = 3
"""A registry that has declined so many mounts and never done one is not asked for any more."""


class Destination(Client):
    """A client of one registry that remembers what it has learnt; one is shared by all threads of a run.

    A blob that another repository is known to have is mounted, rather than have it sent.
    """

    def __init__(self, session: Session) -> None:
        """Send all requests through this session; one token serves to read and to write."""
        super().__init__(session, "pull,push")
        self._lock = Lock()
        self._holders: dict[Digest, Repository] = {}
        self._new: set[Repository] = set()
        self._tried: set[tuple[Repository, Digest]] = set()
        self._mounted = self._declined = 0
        self._lists: dict[tuple[Repository, Tag], Lock] = {}

    def is_new(self, repository: Repository) -> bool:
        """Say whether a repository has no tags, so that hardly anything in it is worth a question.

        One of which the registry does not say it is taken for one that has some.
        """
        try:
            new = not self.has_tags(repository)
        except RegistryError:
            new = False
        if new:
            self._new.add(repository)
        return new

    def tags(self, repository: Repository) -> tuple[Tag, ...]:
        """Give all tags of a repository, none where there is no such repository."""
        return tags(self._session, repository)[0]

    def try_push(self, repository: Repository) -> Trial:
        """Try whether a repository could be pushed to, and leave nothing there."""
        return try_push(self._session, self, repository)

    def take_blob(self, repository: Repository, descriptor: Descriptor, opened: Opened) -> bool:
        """See to it that the repository has a blob, and say whether its bytes had to be sent for that.

        They are opened only then. One that is tried again is looked for first: the registry may have it, and its answer was lost.
        """
        holder = self._holder(repository, descriptor.digest)
        if holder is not None:
            sent = self._take_over(repository, descriptor, holder, opened)
        elif self._may_have(repository, descriptor) and self.has_blob(repository, descriptor.digest):
            sent = False
        else:
            self._tried.add((repository, descriptor.digest))
            with opened() as chunks:
                self.put_blob(repository, descriptor, chunks)
            sent = True
        with self._lock:
            self._holders.setdefault(descriptor.digest, repository)
        return sent

    def delete_manifest(self, repository: Repository, target: Tag | Digest) -> bool:
        """Delete a tag, or a manifest with all its tags (distribution-spec, "Content Management"); False where there is none.

        Raises RegistryError, in the registry's own words, where it does not do so. Where it says that there is none, and there is,
        it has no such call.
        """
        url = self._session.url(repository.registry, f"/v2/{repository.path}/manifests/{target}")
        call = Call("DELETE", url, repository.registry, f"repository:{repository.path}:delete")
        with self._session.open(call) as response:
            if response.is_success:
                return True
            refusal = answers.failure(response, "deleting manifest")
        if isinstance(refusal, NotFoundError) and self.head_manifest(repository, target) is None:
            return False
        raise refusal

    def sweep(self, repository: Repository) -> None:
        """Do nothing: a registry frees what nothing names by itself."""

    def list_referrer(self, repository: Repository, manifest: Manifest | Index, digest: Digest) -> None:
        """Add a manifest to the list under the tag of its subject ("Referrers Tag Schema"), where that does not name it yet.

        Raises ProtocolError where something else than a list stands under that tag, and InvalidManifestError for a full list.
        """
        if manifest.subject is None:
            return
        tag = fallback_tag(manifest.subject.digest)
        with self._lock:
            turn = self._lists.setdefault((repository, tag), Lock())
        with turn:
            grown = with_referrer(self._list(repository, tag), Referrer.of(manifest, digest), f"{repository}:{tag}")
            if grown is not None:
                self.put_manifest(repository, tag, grown, Digest.of(grown.raw))

    def _list(self, repository: Repository, tag: Tag) -> Index | None:
        try:
            found = self.get_manifest(repository, tag)
        except NotFoundError:
            return None
        if not isinstance(found, Index):
            raise ProtocolError("listing a referrer under", f"{repository}:{tag}", "there is another manifest, and no list")
        return found

    def _take_over(self, repository: Repository, descriptor: Descriptor, holder: Repository, opened: Opened) -> bool:
        """Mount a blob, or send it where the registry opens an upload instead; say whether it was sent."""
        self._tried.add((repository, descriptor.digest))
        upload = self.mount_blob(repository, descriptor.digest, holder)
        with self._lock:
            self._mounted += upload is None
            self._declined += upload is not None
        if upload is None:
            return False
        with opened() as chunks:
            self.upload_blob(upload, repository, descriptor, chunks)
        return True

    def _may_have(self, repository: Repository, descriptor: Descriptor) -> bool:
        is_tried = (repository, descriptor.digest) in self._tried
        return is_tried or repository not in self._new or descriptor.size >= _WORTH_ASKING

    def _holder(self, repository: Repository, digest: Digest) -> Repository | None:
        """Give another repository that a blob can be mounted from, None where there is none or that was tried before."""
        if (repository, digest) in self._tried or (self._declined >= _ENOUGH and not self._mounted):
            return None
        with self._lock:
            holder = self._holders.get(digest)
        return None if holder == repository else holder
