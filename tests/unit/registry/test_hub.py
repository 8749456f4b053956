"""Docker Hub's own API: what it tells, where it stops, and who asks."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from gcrsync.errors import ProtocolError, RateLimitedError, RegistryError, UnauthorizedError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry.hub import Hub
from gcrsync.registry.session import Session
from tests.support.faults import Change, Fault, document, page, status
from tests.support.sessions import NO_ENVIRONMENT, session_to
from tests.support.vendors import Site

DIGEST, CHART = Digest.of(b"image"), Digest.of(b"chart")
ACME, APP = Namespace("docker.io", "acme"), Repository("docker.io", "acme/app")
SECRET = "hunter2hunter2"
PUSHED = "2024-05-06T07:08:09.123456Z"

HELM = "application/vnd.cncf.helm.config.v1+json"
TAGS = [
    {"name": "1", "digest": str(DIGEST), "full_size": 1234, "media_type": media_types.OCI_MANIFEST, "tag_last_pushed": PUSHED},
    {"name": "chart", "digest": str(CHART), "full_size": 99, "media_type": HELM, "images": None},
    {"name": "old", "full_size": 0, "images": []},
]


@dataclass(slots=True)
class DockerHub:
    """The API, the registry and the token server, each by its host, with what they know; ``page`` is how many on a page."""

    repositories: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"app": list(TAGS)})
    page: int = 100
    tokens: list[str] = field(default_factory=list)
    api: Site = field(default_factory=Site)
    registry: Site = field(default_factory=Site)

    def __post_init__(self) -> None:
        """Lay the routes."""
        self.api.routes = {
            r"POST /v2/auth/token": self._token,
            r"GET /v2/namespaces/acme/repositories": lambda request: self._page(request, [{"name": n} for n in self.repositories]),
            r"GET /v2/namespaces/acme/repositories/([^/]+)/tags": lambda request, name: self._page(
                request, self.repositories[name]
            ),
        }
        self.registry.routes = {r"GET /v2/acme/([^/]+)/tags/list": self._names}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer for the host that is asked."""
        return {"hub.docker.com": self.api, "registry-1.docker.io": self.registry}[request.url.host](request)

    def _page(self, request: httpx.Request, everything: list[dict[str, Any]]) -> httpx.Response:
        shown = request.headers.get("Authorization")
        if self.tokens and shown != f"Bearer {self.tokens[-1]}":
            return httpx.Response(401, json={"message": "token is expired"})
        number = int(request.url.params.get("page", 1))
        rest = everything[number * self.page :]
        link = str(request.url.copy_set_param("page", str(number + 1))) if rest else None
        results = everything[(number - 1) * self.page : number * self.page]
        return httpx.Response(200, json={"count": len(everything), "next": link, "previous": None, "results": results})

    def _token(self, request: httpx.Request) -> httpx.Response:
        if json.loads(request.content) != {"identifier": "me", "secret": SECRET}:
            return httpx.Response(401, json={"message": f"{json.loads(request.content)['secret']} is wrong"})
        self.tokens.append(f"jwt-{len(self.tokens) + 1}")
        return httpx.Response(200, json={"access_token": self.tokens[-1]})

    def _names(self, _request: httpx.Request, name: str) -> httpx.Response:
        return httpx.Response(200, json={"name": name, "tags": [tag["name"] for tag in self.repositories[name]]})


@pytest.fixture
def docker() -> DockerHub:
    return DockerHub()


@pytest.fixture
def session(docker: DockerHub) -> Iterator[Session]:
    with session_to(docker) as session:
        yield session


@pytest.fixture
def hub(session: Session) -> Hub:
    return Hub(session, "docker.io")


@pytest.fixture
def logged_in(docker: DockerHub, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Hub]:
    account = {"username": "me", "password": getattr(request, "param", SECRET)}
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"https://index.docker.io/v1/": account}}))
    with session_to(docker, {**NO_ENVIRONMENT, "DOCKER_CONFIG": str(tmp_path)}) as session:
        yield Hub(session, "docker.io")


def test_tags_come_with_digests_sizes_and_times_and_old_ones_without(hub: Hub) -> None:
    told = hub.tags(APP)

    assert told.listing.tags == {Tag("1"): DIGEST, Tag("chart"): CHART}
    assert told.listing.unasked == {Tag("old")}
    uploaded = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert told.listing.manifests == {
        DIGEST: Described(media_types.OCI_MANIFEST, 1234, uploaded),
        CHART: Described(HELM, 99, None),
    }
    assert told.requests == 1


@pytest.mark.parametrize("names", [("1.0", "latest"), ("latest", "1.0")])
def test_tags_of_one_digest_have_each_its_own_time(docker: DockerHub, hub: Hub, names: tuple[str, str]) -> None:
    pushed = {"1.0": "2020-05-06T07:08:09Z", "latest": PUSHED}
    docker.repositories["app"] = [{"name": name, "digest": str(DIGEST), "tag_last_pushed": pushed[name]} for name in names]
    listing = hub.tags(APP).listing

    first, last = datetime(2020, 5, 6, 7, 8, 9, tzinfo=UTC), datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert listing.uploaded == {Tag("1.0"): first, Tag("latest"): last}
    assert listing.manifests == {DIGEST: Described(uploaded=first)}


def test_of_a_part_the_times_of_the_tags_that_the_registry_names_are_kept(docker: DockerHub, hub: Hub) -> None:
    told = [{"name": name, "tag_last_pushed": PUSHED} for name in ("1", "2")]
    docker.api.faults.append(Fault("GET", "/tags", document({"count": 9, "results": told})))
    docker.repositories["app"] = [{"name": "1"}, {"name": "3"}]
    listing = hub.tags(APP).listing

    assert listing.unasked == {Tag("1"), Tag("3")}
    assert listing.uploaded == {Tag("1"): datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)}


def test_the_size_of_an_index_is_unknown_whatever_is_said_of_it(docker: DockerHub, hub: Hub) -> None:
    docker.repositories["app"] = [{"name": "1", "digest": str(DIGEST), "full_size": 5, "media_type": media_types.OCI_INDEX}]

    assert hub.tags(APP).listing.manifests == {DIGEST: Described(media_types.OCI_INDEX)}


@pytest.mark.parametrize("size", [1, 2, 100])
def test_all_pages_are_read_and_counted(docker: DockerHub, hub: Hub, size: int) -> None:
    docker.page = size
    docker.repositories |= {"b": [], "c": []}

    assert hub.repositories(ACME).repositories == tuple(Repository("docker.io", f"acme/{name}") for name in ("app", "b", "c"))
    assert len(hub.tags(APP).listing.tags) == 2
    assert hub.tags(APP).requests == hub.repositories(ACME).requests == -(-3 // size)
    assert {logged.query["page_size"] for logged in docker.api.log} == {"100"}
    assert not docker.registry.log


def test_a_namespace_that_is_a_repository_is_not_asked_for(docker: DockerHub, hub: Hub) -> None:
    names = hub.repositories(APP.namespace)

    assert (names.repositories, names.requests) == ((APP,), 0)
    assert not docker.api.log


@pytest.mark.parametrize(
    ("registry", "namespace", "reason"),
    [
        ("docker.io", Namespace("docker.io"), "name one: docker.io/USER"),
        ("docker.io", Namespace("docker.io", "a/b/c"), "no names of more than two components"),
        ("other.test", Namespace("other.test", "acme"), "knows docker.io alone"),
    ],
)
def test_what_has_no_list_is_refused_in_words(
    docker: DockerHub, session: Session, registry: str, namespace: Namespace, reason: str
) -> None:
    with pytest.raises(RegistryError) as raised:
        Hub(session, registry).repositories(namespace)
    assert reason in str(raised.value)
    assert not docker.api.log


def test_tags_of_another_registry_are_not_asked_for_at_docker_hub(docker: DockerHub, session: Session) -> None:
    with pytest.raises(ProtocolError, match=r"knows docker\.io alone"):
        Hub(session, "other.test").tags(Repository("other.test", "acme/app"))
    assert not docker.api.log


@pytest.mark.parametrize("change", [status(400), status(401), status(403), status(404)])
def test_where_a_later_page_is_refused_all_names_come_from_the_registry(docker: DockerHub, hub: Hub, change: Change) -> None:
    docker.page = 1
    docker.api.faults.append(Fault("GET", "page=2", change, times=None))
    told = hub.tags(APP)

    assert told.listing.tags == {Tag("1"): DIGEST}
    assert told.listing.unasked == {Tag("chart"), Tag("old")}
    assert told.requests == 3


def test_where_fewer_are_given_than_are_counted_all_names_come_from_the_registry(docker: DockerHub, hub: Hub) -> None:
    docker.api.faults.append(Fault("GET", "/tags", document({"count": 3, "next": None, "results": [TAGS[1]]})))
    told = hub.tags(APP)

    assert told.listing.tags == {Tag("chart"): CHART}
    assert told.listing.unasked == {Tag("1"), Tag("old")}


def test_a_tag_that_moves_to_a_page_that_was_read_when_another_goes_is_not_missed(docker: DockerHub, hub: Hub) -> None:
    docker.page = 1

    def gone(request: httpx.Request, answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        del docker.repositories["app"][0]
        return answer(request)

    docker.api.faults.append(Fault("GET", "page=2", gone))
    told = hub.tags(APP)

    assert told.listing.unasked == {Tag("chart"), Tag("old")}
    assert not told.listing.tags


def test_a_tag_that_the_registry_does_not_name_is_not_taken_from_a_part(docker: DockerHub, hub: Hub) -> None:
    docker.api.faults.append(Fault("GET", "/tags", document({"count": 9, "results": TAGS})))
    docker.repositories["app"] = TAGS[1:]

    assert hub.tags(APP).listing.tags == {Tag("chart"): CHART}
    assert set(hub.tags(APP).listing.manifests) == {CHART}


def test_repositories_that_are_counted_and_not_named_are_unseen(docker: DockerHub, hub: Hub) -> None:
    docker.api.faults.append(Fault("GET", "/repositories", document({"count": 7, "next": None, "results": [{"name": "app"}]})))
    names = hub.repositories(ACME)

    assert names.repositories == (APP,)
    assert names.unseen == "Docker Hub has 7 repositories here, and lists 1"


@pytest.mark.parametrize("counted", [{}, {"count": None}, {"count": "1"}, {"count": -1}, {"count": False}, {"count": 0.0}])
def test_a_list_that_does_not_say_how_many_there_are_is_not_taken_for_whole(
    docker: DockerHub, hub: Hub, counted: dict[str, object]
) -> None:
    docker.repositories["app"] = TAGS[:2]
    docker.api.faults.append(Fault("GET", "/tags", document({**counted, "next": None, "results": TAGS[:1]})))
    docker.api.faults.append(Fault("GET", "/repositories[?]", document({**counted, "next": None, "results": [{"name": "app"}]})))

    told = hub.tags(APP).listing
    assert told.tags == {Tag("1"): DIGEST}
    assert told.unasked == {Tag("chart")}
    assert hub.repositories(ACME).unseen == "Docker Hub does not say how many repositories it has here, and lists 1"


def test_one_page_that_does_not_say_how_many_there_are_leaves_that_unknown(docker: DockerHub, hub: Hub) -> None:
    docker.page = 2
    docker.api.faults.append(Fault("GET", "page=2", document({"next": None, "results": TAGS[2:]})))

    assert hub.tags(APP).listing.unasked == {Tag("old")}
    assert docker.registry.log


@pytest.mark.parametrize("code", [401, 403, 404])
@pytest.mark.parametrize("first", [1, 2])
def test_a_refusal_to_list_repositories_is_an_error(docker: DockerHub, hub: Hub, code: int, first: int) -> None:
    docker.page, docker.repositories["b"] = 1, []
    docker.api.faults.append(Fault("GET", "/repositories", status(code), first=first, times=None))

    with pytest.raises(RegistryError) as raised:
        hub.repositories(ACME)
    assert "docker login docker.io" in str(raised.value)


def test_success_with_nothing_is_told_as_nothing(docker: DockerHub, hub: Hub) -> None:
    docker.api.faults.append(Fault("GET", "", document({"count": 0, "next": None, "results": None}), times=None))

    assert hub.repositories(ACME).repositories == ()
    assert hub.tags(APP).listing.blank


@pytest.mark.parametrize(
    "change",
    [
        page(),
        document([]),
        document({"count": 1}),
        document({"count": 1, "results": [{"name": 5}]}),
        document({"count": 1, "results": [{"name": "../up"}]}),
        document({"count": 1, "next": 5, "results": []}),
        document({"count": 1, "next": "https://other.test/", "results": [{"name": "app"}]}),
        status(500),
    ],
)
@pytest.mark.parametrize("ask", [lambda hub: hub.repositories(ACME), lambda hub: hub.tags(APP)])
def test_what_is_not_understood_or_leads_astray_is_an_error(
    docker: DockerHub, hub: Hub, change: Change, ask: Callable[[Hub], object]
) -> None:
    docker.api.faults.append(Fault("GET", "", change, times=None))

    with pytest.raises(ProtocolError):
        ask(hub)
    assert not docker.registry.log


def test_the_abuse_limit_is_waited_for_while_listing(docker: DockerHub, hub: Hub) -> None:
    docker.page = 1

    def too_many(_request: httpx.Request, _answer: object) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "60"}, text="Too Many Requests (HAP429).\n")

    docker.api.faults.append(Fault("GET", "page=2", too_many))

    assert len(hub.tags(APP).listing.tags) == 2
    assert docker.api.faults[0].struck


def test_a_list_that_is_never_given_for_too_many_requests_is_no_part_of_one(docker: DockerHub, hub: Hub) -> None:
    docker.page = 1
    docker.api.faults.append(Fault("GET", "page=2", status(429), times=None))

    with pytest.raises(RateLimitedError):
        hub.tags(APP)
    assert not docker.registry.log


def test_whoever_has_logged_in_gets_one_token_for_all_that_is_asked(docker: DockerHub, logged_in: Hub) -> None:
    assert logged_in.repositories(ACME).repositories == (APP,)
    assert len(logged_in.tags(APP).listing.tags) == 2

    assert len(docker.api.requests("POST")) == 1
    assert {logged.headers["Authorization"] for logged in docker.api.requests("GET")} == {"Bearer jwt-1"}
    assert "Authorization" not in docker.api.requests("POST")[0].headers


def test_a_token_that_has_ended_is_replaced(docker: DockerHub, logged_in: Hub) -> None:
    docker.page = 1
    docker.api.faults.append(Fault("GET", "page=2", status(401)))

    assert len(logged_in.tags(APP).listing.tags) == 2
    assert docker.tokens == ["jwt-1", "jwt-2"]
    assert not docker.registry.log


def test_a_token_that_is_never_taken_is_no_reason_to_ask_as_nobody(docker: DockerHub, logged_in: Hub) -> None:
    docker.api.faults.append(Fault("GET", "", status(401), times=None))

    with pytest.raises(UnauthorizedError, match=r"^listing docker\.io/acme/app: 401 .*docker login docker\.io, "):
        logged_in.tags(APP)
    assert len(docker.api.requests("GET")) == 2


@pytest.mark.parametrize("logged_in", ["a-wrong-secret"], indirect=True)
def test_an_account_that_is_not_known_is_told_without_its_secret(docker: DockerHub, logged_in: Hub, tmp_path: Path) -> None:
    with pytest.raises(UnauthorizedError) as raised:
        logged_in.repositories(ACME)

    assert f"the credentials from {tmp_path}/config.json do not open it" in str(raised.value)
    assert "docker login docker.io" in str(raised.value)
    assert "a-wrong-secret" not in str(raised.value)
    assert not docker.api.requests("GET")


@pytest.mark.parametrize("answer", [{}, {"access_token": 5}, {"access_token": ""}, {"access_token": "a\nb"}])
def test_an_answer_without_a_token_is_an_error(docker: DockerHub, logged_in: Hub, answer: object) -> None:
    docker.api.faults.append(Fault("POST", "/v2/auth/token", document(answer)))

    with pytest.raises(ProtocolError, match="holds no token"):
        logged_in.repositories(ACME)


def test_a_page_for_people_in_place_of_a_token_is_told_of_docker_hub(docker: DockerHub, logged_in: Hub) -> None:
    docker.api.faults.append(Fault("POST", "/v2/auth/token", page()))

    with pytest.raises(ProtocolError) as raised:
        logged_in.repositories(ACME)
    assert str(raised.value) == "asking hub.docker.com for a token for docker.io: the answer is an HTML page"
