"""What a read-only registry answers, without any socket: one class for Google's kind and one for the ordinary kind."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlencode

from benchmarks.namespaces.content import StoredManifest, StoredNamespace, StoredRepository

_JSON = "application/json"
_CATALOG_PAGE = 100
_NAMED = re.compile(r"/v2/(?P<name>.+)/(?P<what>manifests|blobs)/(?P<reference>[^/]+)")
_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")


class Kind(StrEnum):
    """What a request is for."""

    LIST = "list"
    MANIFEST = "manifest"
    BLOB = "blob"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Request:
    """A request without a body; the names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: ``length`` is what a GET would send, in bytes, where ``body`` is left out for a HEAD."""

    kind: Kind
    status: HTTPStatus
    media_type: str
    body: bytes
    length: int
    headers: tuple[tuple[str, str], ...] = ()


class Registry(Protocol):
    """What a server needs of a registry."""

    def answer(self, request: Request) -> Answer:
        """Answer a request."""


class GoogleRegistry:
    """A registry that lists as gcr.io does: one answer has the tags, the manifests and the children of a path.

    All lists are computed beforehand. A path that is unknown has an empty list, as there.
    """

    def __init__(self, *namespaces: StoredNamespace) -> None:
        """Serve these namespaces, whose repositories must have different paths."""
        self._content = _Content(namespaces)
        self._lists = {path: self._list(path) for path in self._content.children}

    @property
    def paths(self) -> Iterable[str]:
        """Every path that has a repository, or has one below it; the registry itself is the empty one."""
        return self._lists.keys()

    def answer(self, request: Request) -> Answer:
        """Answer a request."""
        if not request.path.endswith("/tags/list"):
            return self._content.answer(request)
        path = _listed_path(request)
        return _body(Kind.LIST, _JSON, self._lists.get(path) or self._list(path))

    def _list(self, path: str) -> bytes:
        repository = self._content.repositories.get(path, StoredRepository(path))
        tags = defaultdict[str, list[str]](list)
        for tag, digest in repository.tags.items():
            tags[digest].append(tag)
        manifests = {digest: _google_entry(manifest, tags[digest]) for digest, manifest in repository.manifests.items()}
        children = sorted(self._content.children.get(path, ()))
        return _json({"child": children, "manifest": manifests, "name": path, "tags": list(repository.tags)})


class PlainRegistry:
    """A registry as the distribution specification has it, with ``_catalog`` and lists of tags, both in pages."""

    def __init__(self, *namespaces: StoredNamespace) -> None:
        """Serve these namespaces, whose repositories must have different paths."""
        self._content = _Content(namespaces)
        repositories = self._content.repositories.values()
        self._catalog = sorted(repository.path for repository in repositories)
        self._tags = {repository.path: sorted(repository.tags) for repository in repositories if repository.tags}

    def answer(self, request: Request) -> Answer:
        """Answer a request."""
        if request.path == "/v2/_catalog":
            return _page(request, "repositories", self._catalog, _CATALOG_PAGE)
        if not request.path.endswith("/tags/list"):
            return self._content.answer(request)
        path = _listed_path(request)
        if path not in self._tags:
            return _error(Kind.LIST, HTTPStatus.NOT_FOUND, "NAME_UNKNOWN")
        return _page(request, "tags", self._tags[path], len(self._tags[path]), name=path)


class _Content:
    """Manifests and blobs, and the tree of paths: every path at or above a repository with the names one level below it."""

    def __init__(self, namespaces: Iterable[StoredNamespace]) -> None:
        self.repositories = {repository.path: repository for namespace in namespaces for repository in namespace.repositories}
        self.children = defaultdict[str, set[str]](set, {path: set() for path in ("", *self.repositories)})
        for path in self.repositories:
            below = path
            while below:
                parent, _, name = below.rpartition("/")
                self.children[parent].add(name)
                below = parent

    def answer(self, request: Request) -> Answer:
        """Answer a request for a manifest, a blob or the registry itself."""
        if request.method not in {"GET", "HEAD"}:
            return _error(Kind.OTHER, HTTPStatus.METHOD_NOT_ALLOWED, "UNSUPPORTED")
        if request.path in {"/v2", "/v2/"}:
            return _body(Kind.OTHER, _JSON, b"{}")
        match = _NAMED.fullmatch(request.path)
        if match is None:
            return _error(Kind.OTHER, HTTPStatus.NOT_FOUND, "UNSUPPORTED")
        repository = self.repositories.get(match["name"], StoredRepository(match["name"]))
        serve = _manifest if match["what"] == "manifests" else _blob
        return serve(request, repository, match["reference"])


def _manifest(request: Request, repository: StoredRepository, reference: str) -> Answer:
    digest = repository.tags.get(reference, reference)
    manifest = repository.manifests.get(digest)
    if manifest is None or not _accepts(request.headers.get("accept", "*/*"), manifest.media_type):
        return _error(Kind.MANIFEST, HTTPStatus.NOT_FOUND, "MANIFEST_UNKNOWN")
    return _body(Kind.MANIFEST, manifest.media_type, manifest.raw, ("Docker-Content-Digest", digest))


def _blob(request: Request, repository: StoredRepository, digest: str) -> Answer:
    """Answer for a blob or a part of it; its bytes are computed only where they are sent."""
    blob = repository.blobs.get(digest)
    if blob is None:
        return _error(Kind.BLOB, HTTPStatus.NOT_FOUND, "BLOB_UNKNOWN")
    named = (("Docker-Content-Digest", digest), ("Accept-Ranges", "bytes"))
    content = blob.content() if request.method == "GET" else b""
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None or wanted.group() == "bytes=-":
        return Answer(Kind.BLOB, HTTPStatus.OK, "application/octet-stream", content, blob.size, named)
    start, end = _bounds(wanted[1], wanted[2], blob.size)
    if start >= end:
        unmet = ("Content-Range", f"bytes */{blob.size}")
        return Answer(Kind.BLOB, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, _JSON, b"", 0, (*named, unmet))
    part = (*named, ("Content-Range", f"bytes {start}-{end - 1}/{blob.size}"))
    return Answer(Kind.BLOB, HTTPStatus.PARTIAL_CONTENT, "application/octet-stream", content[start:end], end - start, part)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Give the first byte of a range and the one after its last (RFC 9110, "Byte Ranges")."""
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


@lru_cache(maxsize=1024)
def _accepts(accept: str, media_type: str) -> bool:
    ranges = {entry.partition(";")[0].strip() for entry in accept.split(",")}
    return media_type in ranges or "*/*" in ranges


def _listed_path(request: Request) -> str:
    """Give the path whose list is asked for; it is empty for the registry itself, asked for without a name."""
    return request.path.removeprefix("/v2").removesuffix("/tags/list").removeprefix("/")


def _google_entry(manifest: StoredManifest, tags: Sequence[str]) -> dict[str, object]:
    """Describe a manifest with Google's names and types: all numbers are texts."""
    numbers = {"imageSizeBytes": manifest.image_size, "timeCreatedMs": manifest.created, "timeUploadedMs": manifest.uploaded}
    told = {key: str(number) for key, number in numbers.items() if number is not None}
    return {"layerId": "", "mediaType": manifest.media_type, "tag": tags, **told}


def _page(request: Request, key: str, names: Sequence[str], longest: int, **more: str) -> Answer:
    """Give the names after ``last``, at most ``n`` of them, and where the next ones are (distribution-spec, "Listing Tags")."""
    text, last = request.query.get("n", ""), request.query.get("last", "")
    count = int(text) if text.isdecimal() else longest
    rest = [name for name in names if name > last]
    headers: tuple[tuple[str, str], ...] = ()
    if 0 < count < len(rest):
        headers = (("Link", f'<{request.path}?{urlencode({"last": rest[count - 1], "n": count})}>; rel="next"'),)
    return _body(Kind.LIST, _JSON, _json({**more, key: rest[:count]}), *headers)


def _error(kind: Kind, status: HTTPStatus, code: str) -> Answer:
    body = _json({"errors": [{"code": code, "message": status.phrase}]})
    return Answer(kind, status, _JSON, body, len(body))


def _body(kind: Kind, media_type: str, body: bytes, *headers: tuple[str, str]) -> Answer:
    return Answer(kind, HTTPStatus.OK, media_type, body, len(body), headers)


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
