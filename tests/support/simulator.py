"""A registry in memory, as one function from request to response.

``httpx.MockTransport(network(source, destination))`` answers without a socket, ``served(simulator)`` of ``tests.support.serving``
on loopback. Its repositories are plain dictionaries: filled with ``add``, and looked at and changed by a test at any time. ``log``
holds every request that arrived, ``faults`` (``tests.support.faults``) spoil answers, ``gate`` (``tests.support.gate``) asks who
is there. It speaks as distribution does, and with ``google=True`` lists as Google does.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from gcrsync.errors import InvalidManifestError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Index, Manifest, SchemaOne, parse_manifest
from tests.support.build import Built, named_by
from tests.support.gate import Gate, needed
from tests.support.lists import google_list, listed
from tests.support.misbehaving import Misbehaving

Handler = Callable[["Simulator", httpx.Request, str, str], httpx.Response]
_ROUTES: list[tuple[re.Pattern[str], Handler]] = []


def _route(pattern: str) -> Callable[[Handler], Handler]:
    """Have a method answer requests whose method and path match; it gets the repository and what is asked for in it."""

    def register(handler: Handler) -> Handler:
        _ROUTES.append((re.compile(pattern), handler))
        return handler

    return register


@dataclass(slots=True)
class Stored:
    """A repository: its tags, and its manifests (type and bytes) and blobs by their digests."""

    tags: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Simulator(Misbehaving):
    """A registry at ``host``, which gives at most ``page`` entries on a page and takes no manifest of a ``refused`` type.

    With ``referrers`` it keeps lists of referrers, of one entry on a page.
    """

    host: str = "registry.test"
    google: bool = False
    referrers: bool = False
    page: int = 100_000
    refused: frozenset[str] = media_types.SCHEMA1
    gate: Gate = field(default_factory=Gate)
    repositories: dict[str, Stored] = field(default_factory=dict)

    def add(self, name: str, built: Built, *tags: str) -> Built:
        """Put a manifest with all that it needs into a repository, under these tags, and give it back."""
        repository = self.repositories.setdefault(name, Stored())
        for each in built.everything():
            repository.manifests[str(each.digest)] = (each.media_type, each.raw)
            repository.blobs |= {str(digest): content for digest, content in each.blobs.items()}
        repository.tags |= dict.fromkeys(tags, str(built.digest))
        return built

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Give the true answer."""
        request.read()
        with self.lock:
            return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == self.gate.path:
            return self.gate.token(request)
        for pattern, handler in _ROUTES:
            if match := pattern.fullmatch(f"{request.method} {request.url.path}"):
                name, reference = (*match.groups(default=""), "", "")[:2]
                return self.gate.refusal(request, needed(request, name)) or handler(self, request, name, reference)
        return httpx.Response(404, text="404 page not found\n")

    @_route(r"GET /v2/")
    def _ping(self, _request: httpx.Request, _name: str, _reference: str) -> httpx.Response:
        return httpx.Response(200, json={})

    @_route(r"GET /v2/_catalog")
    def _catalog(self, request: httpx.Request, _name: str, _reference: str) -> httpx.Response:
        return listed("repositories", self.repositories, request, self.page)

    @_route(r"GET /v2/(?:(.+)/)?tags/list")
    def _tags(self, request: httpx.Request, name: str, _reference: str) -> httpx.Response:
        if self.google:
            return google_list(name, self.repositories, request, self.page)
        if name not in self.repositories or not self.repositories[name].tags:
            return error(404, "NAME_UNKNOWN")
        return listed("tags", self.repositories[name].tags, request, self.page)

    @_route(r"(?:GET|HEAD) /v2/(.+)/manifests/([^/]+)")
    def _manifest(self, request: httpx.Request, name: str, reference: str) -> httpx.Response:
        """Give a manifest; distribution finds none whose type the request does not name."""
        repository = self.repositories.get(name, Stored())
        digest = repository.tags.get(reference, reference)
        media_type, raw = repository.manifests.get(digest, ("", b""))
        if media_type not in request.headers.get("Accept", "").split(", "):
            return error(404, "MANIFEST_UNKNOWN")
        return httpx.Response(200, headers={"Content-Type": media_type, "Docker-Content-Digest": digest}, content=raw)

    @_route(r"PUT /v2/(.+)/manifests/([^/]+)")
    def _put_manifest(self, request: httpx.Request, name: str, reference: str) -> httpx.Response:
        raw, media_type, digest = request.content, request.headers["Content-Type"], str(Digest.of(request.content))
        repository = self.repositories.setdefault(name, Stored())
        if ":" in reference and reference != digest:
            return error(400, "DIGEST_INVALID")
        try:
            manifest = parse_manifest(raw, media_type, reference)
        except InvalidManifestError:
            return error(400, "MANIFEST_INVALID")
        if media_type in self.refused:
            return error(400, "MANIFEST_INVALID")
        if _missing(manifest, repository):
            return error(404, "MANIFEST_BLOB_UNKNOWN")
        repository.manifests[digest] = (media_type, raw)
        if ":" not in reference:
            repository.tags[reference] = digest
        headers = {"Docker-Content-Digest": digest, "Location": f"/v2/{name}/manifests/{digest}"}
        if self.referrers and (subject := subject_of(media_type, raw)):
            headers["OCI-Subject"] = subject
        return httpx.Response(201, headers=headers)

    @_route(r"GET /v2/(.+)/referrers/([^/]+)")
    def _referrers(self, request: httpx.Request, name: str, subject: str) -> httpx.Response:
        if not self.referrers:
            return httpx.Response(404, text="404 page not found\n")
        manifests = self.repositories.get(name, Stored()).manifests
        found = sorted(digest for digest, stored in manifests.items() if subject_of(*stored) == subject)
        place = int(request.url.params.get("after", "0"))
        entries = [
            named_by(*manifests[digest]) | {"artifactType": json.loads(manifests[digest][1]).get("artifactType", "")}
            for digest in found
        ]
        headers = {"Content-Type": media_types.OCI_INDEX}
        if place + 1 < len(found):
            headers["Link"] = f'</v2/{name}/referrers/{subject}?after={place + 1}>; rel="next"'
        document = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": entries[place : place + 1]}
        return httpx.Response(200, headers=headers, content=json.dumps(document).encode())

    @_route(r"(?:GET|HEAD) /v2/(.+)/blobs/([^/]+)")
    def _blob(self, _request: httpx.Request, name: str, digest: str) -> httpx.Response:
        content = self.repositories.get(name, Stored()).blobs.get(digest)
        if content is None:
            return error(404, "BLOB_UNKNOWN")
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
        return httpx.Response(200, headers=headers, content=content)

    @_route(r"POST /v2/(.+)/blobs/uploads/")
    def _open_upload(self, request: httpx.Request, name: str, _reference: str) -> httpx.Response:
        query = request.url.params
        source = self.repositories.get(query.get("from", ""), Stored())
        if (digest := query.get("mount", "")) in source.blobs:
            self.repositories.setdefault(name, Stored()).blobs[digest] = source.blobs[digest]
            return httpx.Response(201, headers={"Docker-Content-Digest": digest, "Location": f"/v2/{name}/blobs/{digest}"})
        return httpx.Response(202, headers={"Location": f"/v2/{name}/blobs/uploads/{len(self.log)}?_state=a%2Bb%3D%3D"})

    @_route(r"DELETE /v2/(.+)/blobs/uploads/([^/]+)")
    def _cancel_upload(self, _request: httpx.Request, _name: str, _upload: str) -> httpx.Response:
        return httpx.Response(204)

    @_route(r"PUT /v2/(.+)/blobs/uploads/([^/]+)")
    def _put_blob(self, request: httpx.Request, name: str, _upload: str) -> httpx.Response:
        digest = request.url.params.get("digest", "")
        if b"_state=a%2Bb%3D%3D" not in request.url.query:
            return error(404, "BLOB_UPLOAD_UNKNOWN")
        if digest != str(Digest.of(request.content)):
            return error(400, "DIGEST_INVALID")
        self.repositories.setdefault(name, Stored()).blobs[digest] = request.content
        return httpx.Response(201, headers={"Docker-Content-Digest": digest, "Location": f"/v2/{name}/blobs/{digest}"})


def network(*simulators: Simulator) -> Callable[[httpx.Request], httpx.Response]:
    """Give one function that answers for several registries, by host; there is nobody at any other."""
    by_host = {simulator.host: simulator for simulator in simulators}

    def answer(request: httpx.Request) -> httpx.Response:
        simulator = by_host.get(request.url.netloc.decode())
        if simulator is None:
            raise httpx.ConnectError(f"simulated: there is nobody at {request.url.host}", request=request)
        return simulator(request)

    return answer


def subject_of(media_type: str, raw: bytes) -> str:
    """Give the digest that a stored manifest refers to, empty where there is none."""
    manifest = parse_manifest(raw, media_type, "stored")
    return "" if isinstance(manifest, SchemaOne) or manifest.subject is None else manifest.subject.digest.text


def error(status: int, code: str) -> httpx.Response:
    """Give an error as registries do."""
    return httpx.Response(status, json={"errors": [{"code": code, "message": code.replace("_", " ").lower()}]})


def _missing(manifest: AnyManifest, repository: Stored) -> bool:
    """Say whether a manifest names something that the repository should have and has not."""
    match manifest:
        case Manifest():
            needed = [blob.digest for blob in manifest.blobs if not media_types.is_foreign(blob.media_type)]
            return any(str(digest) not in repository.blobs for digest in needed)
        case Index():
            return any(str(child.digest) not in repository.manifests for child in manifest.manifests)
        case SchemaOne():
            return False
