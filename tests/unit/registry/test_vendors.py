"""What the registries that people mirror from answer, rebuilt by hand, route by route, and what is made of it."""

from collections.abc import Iterator

import httpx
import pytest
import respx

from gcrsync.errors import DeniedError, ProtocolError, RateLimitedError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry.client import Client
from gcrsync.registry.listing import GoogleAnswer, PlainAnswer, ask
from gcrsync.registry.session import Session
from tests.support.build import image
from tests.support.sessions import session_to

DIGEST, SIGNATURE = Digest.of(b"image"), Digest.of(b"signature")


@pytest.fixture
def wire() -> respx.MockRouter:
    return respx.MockRouter(assert_all_called=False)


@pytest.fixture
def session(wire: respx.MockRouter) -> Iterator[Session]:
    with session_to(wire.handler) as session:
        yield session


def google(session: Session, text: str) -> GoogleAnswer:
    answer = ask(session, Namespace.parse(text))
    assert isinstance(answer, GoogleAnswer)
    return answer


def test_artifact_registry_tells_times_before_christ_and_sizes_of_configs_as_texts(
    wire: respx.MockRouter, session: Session
) -> None:
    signed = {"mediaType": media_types.OCI_MANIFEST, "tag": [f"sha256-{DIGEST.encoded}.sig"], "timeCreatedMs": "-62135596800000"}
    manifests = {
        str(DIGEST): {"mediaType": media_types.DOCKER_MANIFEST, "tag": ["latest"], "timeUploadedMs": "0", "imageSizeBytes": "664"},
        str(SIGNATURE): {**signed, "timeUploadedMs": "1770631859463", "imageSizeBytes": "548"},
    }
    document = {"child": [], "manifest": manifests, "name": "another/name", "tags": ["latest", f"sha256-{DIGEST.encoded}.sig"]}
    wire.get("https://europe-west1-docker.pkg.dev/v2/p/r/app/tags/list", params={"n": "10000"}).respond(json=document)
    listing = google(session, "europe-west1-docker.pkg.dev/p/r/app").listing

    assert listing.tags == {Tag("latest"): DIGEST, Tag(f"sha256-{DIGEST.encoded}.sig"): SIGNATURE}
    assert listing.manifests[DIGEST] == Described(media_types.DOCKER_MANIFEST, 664, None)
    assert str(listing.manifests[SIGNATURE].uploaded) == "2026-02-09 10:10:59+00:00"


def test_a_drained_repository_of_google_is_a_success_with_nothing_in_it(wire: respx.MockRouter, session: Session) -> None:
    wire.get(host="gcr.io").respond(json={"child": [], "manifest": {}, "tags": []})

    assert google(session, "gcr.io/drained/app").listing.blank


@pytest.mark.parametrize("path", ["project", "example.com/project"])
def test_a_project_of_artifact_registry_is_told_to_be_listed_from_a_repository_on(
    wire: respx.MockRouter, session: Session, path: str
) -> None:
    words = "invalid number of path components: 1"
    wire.get(host="us-docker.pkg.dev").respond(400, json={"errors": [{"code": "NAME_INVALID", "message": words}]})
    with pytest.raises(ProtocolError, match=words) as caught:
        ask(session, Namespace.parse(f"us-docker.pkg.dev/{path}"))

    assert caught.value.hint.endswith("name us-docker.pkg.dev/PROJECT/REPOSITORY")


def test_the_redirect_of_registry_k8s_io_gets_its_query_back(wire: respx.MockRouter, session: Session) -> None:
    target = "https://us-east1-docker.pkg.dev/v2/k8s-artifacts-prod/images/tags/list"
    wire.get("https://registry.k8s.io/v2/tags/list").respond(307, headers={"Location": target})
    backend = wire.get(target, params={"n": "10000"}).respond(json={"child": ["pause"], "manifest": {}, "tags": []})

    assert google(session, "registry.k8s.io").listing.children == {"pause"}
    assert backend.call_count == 1


def test_a_private_project_of_google_is_denied_in_its_own_words(wire: respx.MockRouter, session: Session) -> None:
    challenge = 'Bearer realm="https://gcr.io/v2/token",service="gcr.io",scope="repository:private/app:pull"'
    words = 'Permission "artifactregistry.repositories.downloadArtifacts" denied on resource (or it may not exist)'
    wire.get("https://gcr.io/v2/private/app/tags/list").respond(401, headers={"WWW-Authenticate": challenge})
    wire.get("https://gcr.io/v2/token").respond(403, json={"errors": [{"code": "DENIED", "message": words}]})
    catalogue = wire.get("https://gcr.io/v2/_catalog").respond(json={"repositories": []})
    with pytest.raises(DeniedError, match="may not exist"):
        ask(session, Namespace.parse("gcr.io/private/app"))

    assert not catalogue.called


def test_docker_hub_gives_tokens_elsewhere_and_its_pull_limit_is_not_asked_again(wire: respx.MockRouter, session: Session) -> None:
    challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"'

    def guarded(request: httpx.Request) -> httpx.Response:
        if request.headers.get("Authorization") != "Bearer anonymous":
            return httpx.Response(401, headers={"WWW-Authenticate": challenge})
        reason = "You have reached your pull rate limit. You may increase the limit by authenticating"
        return httpx.Response(429, json={"errors": [{"code": "TOOMANYREQUESTS", "message": reason}]})

    manifest = wire.get("https://registry-1.docker.io/v2/library/nginx/manifests/1.27").mock(side_effect=guarded)
    token = wire.get("https://auth.docker.io/token").respond(json={"token": "anonymous", "expires_in": 300})
    with pytest.raises(RateLimitedError, match="pull rate limit"):
        Client(session).get_manifest(Repository.parse("docker.io/library/nginx"), Tag("1.27"))

    assert dict(token.calls.last.request.url.params) == {"service": "registry.docker.io", "scope": "repository:library/nginx:pull"}
    assert manifest.call_count == 2


def test_nexus_lists_null_where_there_are_no_tags(wire: respx.MockRouter, session: Session) -> None:
    wire.get(host="nexus.test").respond(json={"name": "app", "tags": None})

    assert ask(session, Namespace.parse("nexus.test/app")) == PlainAnswer((), 1)


def test_quay_is_asked_for_smaller_pages_where_it_wants_them(wire: respx.MockRouter, session: Session) -> None:
    tags = "https://quay.io/v2/coreos/etcd/tags/list"
    wire.get(tags, params={"n": "100"}).respond(json={"name": "coreos/etcd", "tags": ["v3"]})
    wire.get(tags).respond(413)

    assert ask(session, Namespace.parse("quay.io/coreos/etcd")) == PlainAnswer((Tag("v3"),), 3)


def test_a_blob_of_a_store_behind_a_registry_is_read_without_our_token(wire: respx.MockRouter, session: Session) -> None:
    built = image()
    blob = built.parsed.blobs[0]  # type: ignore[union-attr]  # an image has blobs
    challenge = 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:acme/app:pull"'
    wire.get("https://ghcr.io/token").respond(json={"token": "ours"})

    def guarded(request: httpx.Request) -> httpx.Response:
        if "Authorization" not in request.headers:
            return httpx.Response(401, headers={"WWW-Authenticate": challenge})
        return httpx.Response(307, headers={"Location": "https://store.test/signed?signature=x"})

    wire.get(f"https://ghcr.io/v2/acme/app/blobs/{blob.digest}").mock(side_effect=guarded)
    store = wire.get("https://store.test/signed").respond(content=built.blobs[blob.digest])
    with Client(session).open_blob(Repository.parse("ghcr.io/acme/app"), blob) as chunks:
        assert b"".join(chunks) == built.blobs[blob.digest]

    assert "Authorization" not in store.calls.last.request.headers
