"""Google's way through the namespaces that people mirror from it, with what is in front of Google and what it refuses."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from gcrsync.mirror.snapshot import Fault as Doubtful
from gcrsync.mirror.snapshot import Snapshot, find_doubts
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry.client import Client
from gcrsync.registry.session import Session
from gcrsync.sync.found import Surveyor
from gcrsync.sync.progress import Watch
from gcrsync.sync.survey import survey
from tests.support import faults
from tests.support.build import Built, image
from tests.support.faults import Fault
from tests.support.gate import Gate
from tests.support.sessions import NO_ENVIRONMENT, session_to
from tests.support.simulator import Simulator, network
from tests.support.values import everything

Answer = Callable[[httpx.Request], httpx.Response]

BACKEND, PREFIX = "us-east1-docker.pkg.dev", "k8s-artifacts-prod/images"
IMAGE = image("one")


def look(answer: Answer, namespace: str, environment: Mapping[str, str] = NO_ENVIRONMENT) -> Snapshot:
    with session_to(answer, environment) as session:
        return looked(session, namespace)


def looked(session: Session, namespace: str) -> Snapshot:
    with ThreadPoolExecutor(4) as executor:
        return survey(Surveyor(session, executor, 4, lambda: False, Watch()), everything(namespace))


def tags(snapshot: Snapshot) -> dict[str, list[str]]:
    found = {path.path: sorted(tag.name for tag in listing.tags) for path, listing in snapshot.listings.items()}
    return {path: names for path, names in sorted(found.items()) if names}


class Kubernetes:
    """registry.k8s.io and k8s.gcr.io in front of Artifact Registry: each redirect drops the query, and a token is wanted behind."""

    def __init__(self) -> None:
        """Begin with nothing behind."""
        self.backend = Simulator(BACKEND, google=True, gate=Gate("bearer"))
        self.fronts: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Lead on, or answer."""
        host, path = request.url.host, request.url.path
        if host == BACKEND:
            return self.backend(request)
        self.fronts.append(f"{host}{path}")
        below = path.removeprefix("/v2/")
        led = f"https://registry.k8s.io{path}" if host == "k8s.gcr.io" else f"https://{BACKEND}/v2/{PREFIX}/{below}"
        return httpx.Response(302 if host == "k8s.gcr.io" else 307, headers={"Location": led})


@pytest.mark.parametrize(("host", "hops"), [("registry.k8s.io", 1), ("k8s.gcr.io", 2)])
def test_kubernetes_is_listed_whole_through_redirects_that_drop_the_query(host: str, hops: int) -> None:
    kubernetes = Kubernetes()
    kubernetes.backend.add(f"{PREFIX}/pause", IMAGE, "3.9", "3.10")
    kubernetes.backend.add(f"{PREFIX}/sig-storage/csi", IMAGE, "v1")
    many = [Built(IMAGE.raw + b" " * number, IMAGE.media_type) for number in range(1_001)]
    for number, each in enumerate(many):
        kubernetes.backend.add(f"{PREFIX}/sig-storage", each, f"t{number}")
    snapshot = look(kubernetes, host)

    found = tags(snapshot)
    assert (found["pause"], found["sig-storage/csi"], len(found["sig-storage"])) == (["3.10", "3.9"], ["v1"], 1_001)
    assert (snapshot.listed_by, snapshot.failures, snapshot.requests) == ("google", {}, 4)
    assert len(kubernetes.fronts) == 4 * hops
    assert kubernetes.fronts[0] == f"{host}/v2/tags/list"
    lists = [logged.query for logged in kubernetes.backend.requests("GET", "/tags/list")]
    assert lists == [{"n": "10000"}] * len(lists)


def test_what_is_behind_a_redirect_is_asked_once_for_a_token_of_each_repository() -> None:
    kubernetes = Kubernetes()
    kubernetes.backend.add(f"{PREFIX}/pause", IMAGE, "3.9", "3.10")
    with session_to(kubernetes) as session:
        assert tags(looked(session, "registry.k8s.io")) == {"pause": ["3.10", "3.9"]}
        before, client = len(kubernetes.backend.log), Client(session)
        for tag in ("3.9", "3.10"):
            client.get_manifest(Repository("registry.k8s.io", "pause"), Tag(tag))

    assert len(kubernetes.backend.log) - before == 2
    assert [logged.query["scope"] for logged in kubernetes.backend.requests("GET", "/token")] == [
        f"repository:{PREFIX}:pull",
        f"repository:{PREFIX}/pause:pull",
    ]


def test_one_repository_behind_a_redirect_that_fails_does_not_take_the_others_with_it() -> None:
    kubernetes = Kubernetes()
    for name in ("a", "b", "c"):
        kubernetes.backend.add(f"{PREFIX}/{name}", IMAGE, "1")
    kubernetes.backend.faults.append(Fault("GET", f"/{PREFIX}/b/tags/list", faults.status(403, "DENIED"), times=None))
    snapshot = look(kubernetes, "registry.k8s.io")

    assert tags(snapshot) == {"a": ["1"], "c": ["1"]}
    assert set(snapshot.failures) == {Namespace("registry.k8s.io", "b")}
    assert f"{BACKEND}/v2/{PREFIX}/b/tags/list: 403 Forbidden" in snapshot.failures[Namespace("registry.k8s.io", "b")]


@pytest.mark.parametrize(
    ("namespace", "repository"),
    [
        ("gcr.io/distroless", "distroless/java/jdk"),
        ("eu.gcr.io/project", "project/app"),
        ("gcr.io/example.com/project", "example.com/project/app"),
        ("us-docker.pkg.dev/project/images", "project/images/team/app"),
        ("us-docker.pkg.dev/example.com/project/images", "example.com/project/images/app"),
    ],
)
def test_a_project_is_listed_with_a_token_and_whatever_google_calls_it(namespace: str, repository: str) -> None:
    google = Simulator(namespace.partition("/")[0], google=True, gate=Gate("bearer"))
    google.add(repository, IMAGE, "1")
    google.add("somebody/else", IMAGE, "1")
    snapshot = look(network(google), namespace)

    assert (tags(snapshot), snapshot.failures) == ({repository: ["1"]}, {})


def test_a_project_that_is_private_is_read_with_the_access_token_and_with_nothing_where_there_is_none() -> None:
    gate = Gate("bearer", account=("oauth2accesstoken", "ya29.token"), private=True)
    google = Simulator("us-docker.pkg.dev", google=True, gate=gate)
    google.add("project/images/app", IMAGE, "1")
    found = look(network(google), "us-docker.pkg.dev/project/images", {"CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29.token"})
    refused = look(network(google), "us-docker.pkg.dev/project/images")

    assert (tags(found), found.failures) == ({"project/images/app": ["1"]}, {})
    reason = refused.failures[Namespace("us-docker.pkg.dev", "project/images")]
    assert "no credentials for it were found (asking gcloud for an access token: it is not on PATH)" in reason


def test_a_namespace_that_answers_success_with_nothing_is_doubted_and_not_taken_for_empty() -> None:
    google = Simulator("gcr.io", google=True)
    google.add("other/app", IMAGE, "1")
    snapshot = look(network(google), "gcr.io/drained")
    doubts = find_doubts(snapshot, {}, everything("gcr.io/drained"))

    assert (snapshot.failures, tags(snapshot)) == ({}, {})
    assert [(doubt.path.path, doubt.fault) for doubt in doubts.values()] == [("drained", Doubtful.EMPTY)]


def test_a_list_as_long_as_google_gives_is_doubted_and_its_siblings_are_not() -> None:
    google = Simulator("gcr.io", google=True)
    google.add("p/app", IMAGE, "1")
    listed = {f"sha256:{number:064x}": {"tag": [f"t{number}"]} for number in range(10_000)}
    cut = {"child": [], "manifest": listed, "tags": [f"t{number}" for number in range(10_000)]}
    google.add("p/long", IMAGE, "t1")
    google.faults.append(Fault("GET", "/p/long/tags/list", faults.document(cut), times=None))
    snapshot = look(network(google), "gcr.io/p")
    doubts = find_doubts(snapshot, {}, everything("gcr.io/p"))

    assert len(tags(snapshot)["p/long"]) == 10_000
    assert [(doubt.path.path, doubt.fault) for doubt in doubts.values()] == [("p/long", Doubtful.TRUNCATED)]
