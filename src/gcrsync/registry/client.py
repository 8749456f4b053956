"""The distribution API: manifests and blobs of any repository, read and written (distribution-spec, "Pull" and "Push")."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from http import HTTPStatus

import httpx

from gcrsync.errors import (
    DeniedError,
    DigestMismatchError,
    InvalidManifestError,
    InvalidNameError,
    NotFoundError,
    ProtocolError,
    UnauthorizedError,
    UnreachableError,
)
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, AnyManifest, Descriptor, SchemaOne, parse_manifest
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.reference import Reference
from gcrsync.registry import answers
from gcrsync.registry.download import Download
from gcrsync.registry.referrers import ReferrersApi, subject_of
from gcrsync.registry.session import Call, Session
from gcrsync.registry.upload import opened_upload, upload_url

_MANIFEST = {"Accept": media_types.ACCEPT}
_STORED = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT})
"""What registries say where the specification asks for 201."""

_SMALL_BLOB = 64 * 1024
"""Up to this size, in bytes, a blob is sent as one piece, which can be sent again with a token."""

_REFERRERS = {"Accept": media_types.OCI_INDEX}


class Client:
    """Manifests and blobs in any repository, safe to share between threads.

    ``actions`` is what tokens are asked for, also to read: with ``pull,push`` one token serves all requests at a destination.
    Every method raises RegistryError where the registry does not do what it is asked.
    """

    def __init__(self, session: Session, actions: str = "pull") -> None:
        """Send all requests through this session."""
        self._session, self._actions = session, actions
        self._referrers = ReferrersApi(session)

    def head_manifest(self, repository: Repository, target: Tag | Digest) -> Descriptor | None:
        """Describe a manifest, None where there is none.

        It is read, and get_manifest's errors are raised, only where the answer to HEAD does not tell type, size and digest.
        """
        with self._session.open(self._call("HEAD", repository, f"manifests/{target}", _MANIFEST)) as response:
            if response.status_code == HTTPStatus.NOT_FOUND:
                return None
            if response.status_code not in {HTTPStatus.OK, HTTPStatus.METHOD_NOT_ALLOWED}:
                raise answers.failure(response, "asking for manifest")
            described = _described(response, target)
        if described is not None:
            return described
        try:
            manifest, digest = self._read_manifest(repository, target)
        except NotFoundError:
            return None
        return Descriptor(manifest.media_type, digest, len(manifest.raw))

    def has_tags(self, repository: Repository) -> bool:
        """Say whether a repository has any tag; one that is not there has none (distribution-spec, "Listing tags")."""
        url = self._session.url(repository.registry, f"/v2/{repository.path}/tags/list", {"n": "1"})
        with self._session.open(Call("GET", url, repository.registry, self._scope(repository))) as response:
            if response.status_code == HTTPStatus.NOT_FOUND:
                return False
            if response.status_code != HTTPStatus.OK:
                raise answers.failure(response, "listing")
            return bool(answers.json_object(response, "listing", LARGEST_MANIFEST).get("tags"))

    def get_manifest(self, repository: Repository, target: Tag | Digest) -> AnyManifest:
        """Read a manifest; its bytes must be those of the digest, where one was asked for.

        The digest of schema 1 is not of all of its bytes, and is not verified: nothing is done with them. Raises
        NotARegistryError for a page, DigestMismatchError for other bytes, and InvalidManifestError for what else is no manifest.
        """
        return self._read_manifest(repository, target)[0]

    def referrers(self, repository: Repository, subject: Digest, count: Callable[[int], None]) -> tuple[Descriptor, ...] | None:
        """Give what the registry lists as referring to a digest, None where it keeps no such lists; ``count`` the requests."""
        return self._referrers.referrers(self._listing(repository, subject), count)

    @contextmanager
    def open_blob(self, repository: Repository, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        """Open a blob for reading: its bytes as they arrive, not verified; where the connection breaks, it goes on from there.

        Raises ProtocolError before the first byte where the registry announces another size.
        """
        call = self._call("GET", repository, f"blobs/{descriptor.digest}")
        with Download(self._session, call, descriptor.size).opened() as chunks:
            yield chunks

    def has_blob(self, repository: Repository, digest: Digest) -> bool:
        """Say whether the repository has a blob."""
        with self._session.open(self._call("HEAD", repository, f"blobs/{digest}")) as response:
            if response.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
                return False
            if response.status_code != HTTPStatus.OK:
                raise answers.failure(response, "asking for blob")
            return True

    def open_upload(self, repository: Repository) -> httpx.URL:
        """Open an upload and give where its bytes are to go (distribution-spec, "POST then PUT")."""
        with self._session.open(self._call("POST", repository, "blobs/uploads/")) as response:
            if response.status_code != HTTPStatus.ACCEPTED:
                raise answers.failure(response, "opening an upload at")
            return opened_upload(response)

    def mount_blob(self, repository: Repository, digest: Digest, source: Repository) -> httpx.URL | None:
        """Take over a blob from another repository of the same registry; None where that was done.

        Registries decline in many ways (distribution-spec, "Mounting a blob from another repository"), and none is an error, since
        the blob can be uploaded instead: where to is given then, for most open an upload in the same answer.
        """
        query = {"mount": str(digest), "from": source.path}
        url = self._session.url(repository.registry, f"/v2/{repository.path}/blobs/uploads/", query)
        scope = f"{self._scope(repository)} repository:{source.path}:pull"
        with (
            suppress(UnauthorizedError, DeniedError),
            self._session.open(Call("POST", url, repository.registry, scope)) as response,
        ):
            if response.status_code == HTTPStatus.CREATED:
                return None
            if response.status_code == HTTPStatus.ACCEPTED:
                return opened_upload(response)
        return self.open_upload(repository)

    def upload_blob(self, upload: httpx.URL, repository: Repository, descriptor: Descriptor, chunks: Iterable[bytes]) -> None:
        """Send all bytes of a blob in one request, which ends the upload (distribution-spec, "POST then PUT").

        Whatever ``chunks`` raises comes out unchanged, and the blob is not stored. Where no answer comes it may be stored or not.
        """
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(descriptor.size)}
        url = upload_url(upload, descriptor.digest)
        call = Call("PUT", url, repository.registry, self._scope(repository), headers, _content(descriptor, chunks))
        with self._session.open(call) as response:
            if response.status_code == HTTPStatus.NOT_FOUND:
                raise UnreachableError("uploading blob", answers.where(response.url), "the registry has lost the upload")
            _confirm(response, descriptor.digest, "uploading blob")

    def put_blob(self, repository: Repository, descriptor: Descriptor, chunks: Iterable[bytes]) -> None:
        """Upload a blob; whatever ``chunks`` raises comes out unchanged, and the blob is not stored."""
        content = _content(descriptor, chunks)
        pieces = [content] if isinstance(content, bytes) else content
        self.upload_blob(self.open_upload(repository), repository, descriptor, pieces)

    def put_manifest(self, repository: Repository, target: Tag | Digest, manifest: AnyManifest, digest: Digest) -> bool:
        """Store the bytes of a manifest under a tag or its digest; raises RefusedError where this kind is not taken.

        Says whether the registry lists it among the referrers of its subject, as far as it has one ("Pushing Manifests with
        Subject"). Raises DigestMismatchError where the registry says that it stored something else than ``digest``.
        """
        call = self._call("PUT", repository, f"manifests/{target}", {"Content-Type": manifest.media_type})
        with self._session.open(replace(call, content=manifest.raw)) as response:
            _confirm(response, digest, "storing manifest")
            told = subject_of(response)
        if isinstance(manifest, SchemaOne) or manifest.subject is None:
            return True
        # There are registries that announce a list and have none.
        return told == manifest.subject.digest and self._referrers.lists(self._listing(repository, manifest.subject.digest))

    def _read_manifest(self, repository: Repository, target: Tag | Digest) -> tuple[AnyManifest, Digest]:
        what = str(Reference.to(repository, target))
        with self._session.open(self._call("GET", repository, f"manifests/{target}", _MANIFEST)) as response:
            if response.status_code != HTTPStatus.OK:
                raise answers.failure(response, "reading manifest")
            raw = _manifest_bytes(response, what)
            told, content_type = _told_digest(response), response.headers.get("Content-Type")
            answers.refuse_page(raw, response, what)
        is_schema1 = media_types.bare(content_type) in media_types.SCHEMA1
        actual = Digest.of(raw, target.algorithm) if isinstance(target, Digest) else Digest.of(raw)
        if isinstance(target, Digest) and actual != target and not is_schema1:
            raise DigestMismatchError(f"manifest {what}", str(target), str(actual))
        manifest = parse_manifest(raw, content_type, what)
        if isinstance(manifest, SchemaOne):
            return manifest, target if isinstance(target, Digest) else told or actual
        return manifest, actual

    def _call(self, method: str, repository: Repository, path: str, headers: Mapping[str, str] | None = None) -> Call:
        url = self._session.url(repository.registry, f"/v2/{repository.path}/{path}")
        return Call(method, url, repository.registry, self._scope(repository), headers or {})

    def _listing(self, repository: Repository, subject: Digest) -> Call:
        return self._call("GET", repository, f"referrers/{subject}", _REFERRERS)

    def _scope(self, repository: Repository) -> str:
        return f"repository:{repository.path}:{self._actions}"


def _content(descriptor: Descriptor, chunks: Iterable[bytes]) -> bytes | Iterable[bytes]:
    """Gather a small blob, which can be sent again then if the first time was in vain for want of a token."""
    return b"".join(chunks) if descriptor.size <= _SMALL_BLOB else chunks


def _described(response: httpx.Response, target: Tag | Digest) -> Descriptor | None:
    """Describe a manifest by the headers of an answer to HEAD, None where they do not tell enough.

    The type must be a manifest's: a web server that answers everything with a page has no manifests.
    """
    told, size = _told_digest(response), answers.content_length(response)
    media_type = media_types.bare(response.headers.get("Content-Type"))
    if isinstance(target, Digest):
        if told is not None and told.algorithm == target.algorithm and told != target:
            raise ProtocolError("asking for manifest", answers.where(response.url), f"the registry says that it has {told}")
        told = target
    if response.status_code != HTTPStatus.OK or media_type not in media_types.MANIFESTS or told is None or not size:
        return None
    return Descriptor(media_type, told, size)


def _manifest_bytes(response: httpx.Response, what: str) -> bytes:
    try:
        return answers.body(response, LARGEST_MANIFEST)
    except ProtocolError as error:
        raise InvalidManifestError(what, error.reason) from error


def _confirm(response: httpx.Response, digest: Digest, doing: str) -> None:
    """Take a registry's word that it has stored something under its digest; it may name another algorithm's."""
    if response.status_code not in _STORED:
        raise answers.failure(response, doing)
    told = _told_digest(response)
    if told is not None and told.algorithm == digest.algorithm and told != digest:
        raise DigestMismatchError(f"{doing} {answers.where(response.url)}", str(digest), str(told))


def _told_digest(response: httpx.Response) -> Digest | None:
    """Give the digest that the registry tells, None where it tells none that makes sense."""
    try:
        return Digest(response.headers.get("Docker-Content-Digest", ""))
    except InvalidNameError:
        return None
