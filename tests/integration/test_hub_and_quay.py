"""Docker Hub and quay.io under their own names: the program, a proxy, TLS, and answers rebuilt by hand from what is documented."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gcrsync.oci import media_types
from tests.support.build import Built, image, index
from tests.support.faults import Fault, document, status
from tests.support.gate import Gate
from tests.support.nights import SECRET
from tests.support.runner import ROOT
from tests.support.serving import Answer, served
from tests.support.simulator import Simulator
from tests.support.tables import counted
from tests.support.vendors import Internet, Site, vendors

ONE, TWO, OLD = image("one"), image("two"), image("old")
ALL = index(ONE, TWO)
PUSHED = "2024-05-06T07:08:09.123456Z"
TAGS: dict[str, Built] = {"1": ONE, "2": TWO, "all": ALL, "old": OLD}


@dataclass(frozen=True, slots=True)
class Night:
    """A source with an API beside its registry, and a mirror of ``namespace`` on loopback."""

    internet: Internet
    api: Site
    registry: Simulator
    tokens: Site
    target: Simulator
    namespace: str
    destination: str

    def run(self, command: str, *options: str, code: int = 0) -> str:
        """Compare or sync the namespace."""
        return self.internet.run(command, self.namespace, "--to", self.destination, *options, code=code)

    def serves(self, repository: str) -> dict[str, str]:
        """Give what the mirror has of a repository."""
        stored = self.target.repositories.get(f"m/acme/{repository}")
        return dict(stored.tags) if stored else {}

    def recorded(self, repository: str) -> dict[str, dict[str, str]]:
        """Give the document of a repository."""
        found: dict[str, dict[str, str]] = self.internet.mirror.documents()[f"{self.namespace}/{repository}"]
        return found


@contextmanager
def night(folder: Path, namespace: str, hosts: tuple[str, str], api: Site) -> Iterator[Night]:
    """Begin a night; ``hosts`` are that of the API and that of the registry, with a token server beside it."""
    registry, target, tokens = Simulator("registry"), Simulator("target"), Site()
    registry.gate = Gate("bearer", ("me", SECRET), realm=f"https://auth.{namespace.partition('/')[0]}/token")
    tokens.routes = {"GET /token": registry.gate.token}

    def answer(request: httpx.Request) -> httpx.Response:
        return api(request) if request.url.path.startswith("/api/") else registry(request)

    names: dict[str, Answer] = {hosts[0]: api, hosts[1]: answer, f"auth.{namespace.partition('/')[0]}": tokens}
    with vendors(folder, names) as internet, served(target) as address:
        yield Night(internet, api, registry, tokens, target, namespace, f"{address}/m")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Night]:
    """Give Docker Hub with a repository of four tags, two on a page, and the digest of one of them not told."""
    api = Site()
    with night(tmp_path, "docker.io/acme", ("hub.docker.com", "registry-1.docker.io"), api) as begun:
        for name, built in TAGS.items():
            begun.registry.add("acme/app", built, name)

        def listed(request: httpx.Request, results: list[dict[str, object]]) -> httpx.Response:
            number = int(request.url.params.get("page", "1"))
            more = len(results) > 2 * number
            link = str(request.url.copy_set_param("page", str(number + 1))) if more else None
            shown = results[2 * number - 2 : 2 * number]
            return httpx.Response(200, json={"count": len(results), "next": link, "results": shown})

        def tag(name: str, digest: str) -> dict[str, object]:
            told = {"name": name, "full_size": 5, "tag_last_pushed": PUSHED, "media_type": media_types.OCI_MANIFEST}
            return told if name == "old" else {**told, "digest": digest}

        def tags(request: httpx.Request) -> httpx.Response:
            return listed(request, [tag(*each) for each in begun.registry.repositories["acme/app"].tags.items()])

        def token(request: httpx.Request) -> httpx.Response:
            known = json.loads(request.content) == {"identifier": "me", "secret": SECRET}
            return httpx.Response(200, json={"access_token": "a-token-for-the-api"}) if known else httpx.Response(401)

        api.routes = {
            "POST /v2/auth/token": token,
            "GET /v2/namespaces/acme/repositories": lambda request: listed(request, [{"name": "app", "is_private": False}]),
            "GET /v2/namespaces/acme/repositories/app/tags": tags,
        }
        yield begun


@pytest.fixture
def quay(tmp_path: Path) -> Iterator[Night]:
    """Give quay.io with a repository and one whose name has a slash."""
    api = Site()
    with night(tmp_path, "quay.io/acme", ("api.quay.test", "quay.io"), api) as begun:
        begun.registry.add("acme/app", ONE, "1")
        begun.registry.add("acme/group/deep", ALL, "2")

        def repositories(request: httpx.Request) -> httpx.Response:
            names = [{"name": name.removeprefix("acme/")} for name in begun.registry.repositories]
            second = request.url.params.get("next_page") == "opaque"
            page = {"repositories": names[1:]} if second else {"repositories": names[:1], "next_page": "opaque"}
            return httpx.Response(200, json=page)

        def tags(request: httpx.Request, name: str) -> httpx.Response:
            if int(request.url.params["limit"]) > 50:
                return httpx.Response(413, text="<html><body>413 Request Entity Too Large</body></html>")
            told = [
                {"name": tag, "manifest_digest": digest, "size": 5, "start_ts": 1715065689, "is_manifest_list": False}
                for tag, digest in begun.registry.repositories[f"acme/{name}"].tags.items()
            ]
            return httpx.Response(200, json={"tags": told, "page": 1, "has_additional": False})

        api.routes = {"GET /api/v1/repository": repositories, "GET /api/v1/repository/acme/(.+)/tag/": tags}
        yield begun


def test_docker_hub_is_listed_with_few_requests_and_no_pull(hub: Night) -> None:
    said = hub.run("compare")

    assert counted(said)["added"] == 4
    assert "listed by: hub; 4 requests; complete" in said
    assert len(hub.api.log) == 3
    assert [logged.path for logged in hub.registry.requests("HEAD", "/manifests/")][-1] == "/v2/acme/app/manifests/old"
    assert not hub.registry.requests("GET", "/manifests/")


def test_docker_hub_is_mirrored_and_the_next_night_has_nothing_to_do(hub: Night) -> None:
    hub.run("sync")
    assert hub.serves("app") == {name: str(built.digest) for name, built in TAGS.items()} == hub.recorded("app")["tags"]

    copied = len(hub.registry.requests("GET", "/manifests/"))
    assert counted(hub.run("sync"))["unchanged"] == 4
    assert copied == len(hub.registry.requests("GET", "/manifests/"))


def test_each_host_of_docker_hub_gets_what_is_its_own(hub: Night) -> None:
    hub.internet.log_in("https://index.docker.io/v1/", "me", SECRET)
    hub.run("sync", "--verbose", "--json")

    assert hub.serves("app")
    assert len(hub.api.requests("POST", "/v2/auth/token")) == 1
    assert {logged.headers["Authorization"] for logged in hub.api.requests("GET")} == {"Bearer a-token-for-the-api"}
    shown = {logged.headers.get("Authorization", "") for logged in hub.registry.log}
    assert shown.issubset({"", *(f"Bearer {token}" for token in hub.registry.gate.granted)})
    assert {logged.headers["Authorization"].partition(" ")[0] for logged in hub.tokens.log} == {"Basic"}


def test_a_list_that_docker_hub_cuts_for_nobody_is_completed_by_its_registry(hub: Night) -> None:
    hub.api.faults.append(Fault("GET", "tags.*page=2", status(403), times=None))

    assert "listed by: hub; 6 requests; complete" in hub.run("sync")
    assert set(hub.serves("app")) == set(TAGS)


def test_docker_hub_is_given_the_time_that_it_asks_for_while_it_is_listed(hub: Night) -> None:
    too_many = httpx.Response(429, headers={"Retry-After": "1"}, text="Too Many Requests (HAP429).\n")
    hub.api.faults.append(Fault("GET", "tags.*page=2", lambda _request, _answer: too_many))

    assert counted(hub.run("compare"))["added"] == 4
    assert hub.api.faults[0].struck


@pytest.mark.parametrize(
    ("answer", "code", "reason"),
    [
        ({"count": 0, "next": None, "previous": None, "results": []}, 0, "the list is empty, but the metadata has tags"),
        ({"count": 0, "next": None, "previous": None, "results": None}, 0, "the list is empty, but the metadata has tags"),
        ({"count": 9, "next": "https://hub.test/2", "results": [{"name": "other"}]}, 3, "it is on https://hub.test"),
        ({"message": "object not found"}, 3, "'results' is missing"),
        ({"count": 2, "next": None, "results": [{"name": "other"}]}, 0, "Docker Hub has 2 repositories here, and lists 1"),
    ],
)
def test_a_namespace_that_docker_hub_does_not_tell_whole_retires_nothing(
    hub: Night, answer: object, code: int, reason: str
) -> None:
    hub.run("sync")
    hub.api.faults.append(Fault("GET", "repositories[?]", document(answer), times=None))
    said = hub.run("sync", code=code)

    assert reason in said
    assert "not complete" in said
    assert set(hub.recorded("app")["tags"]) == set(TAGS)
    assert not hub.recorded("app").get("gone")


def test_a_namespace_that_docker_hub_refuses_to_nobody_is_an_error_that_says_what_to_do(hub: Night) -> None:
    hub.api.faults.append(Fault("GET", "repositories[?]", status(404), times=None))

    assert "what is not public is listed after docker login docker.io" in hub.run("compare", code=3)


@pytest.mark.parametrize(
    ("heading", "source", "begun", "told"),
    [
        ("Docker Hub", "docker.io/grafana", "hub", "listed by: hub; 3 requests; complete"),
        ("Quay", "quay.io/prometheus", "quay", "listed by: quay; 8 requests; complete"),
    ],
)
def test_what_the_page_of_sources_shows_works_as_it_stands(
    request: pytest.FixtureRequest, heading: str, source: str, begun: str, told: str
) -> None:
    night: Night = request.getfixturevalue(begun)
    section = (ROOT / "docs" / "sources.md").read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n#")[0]
    lines = [line.removeprefix("    ") for line in section.splitlines() if line.startswith("    ")]
    assert f'source = "{source}"' in lines[1]
    shown = "\n".join(lines).replace(source, night.namespace)
    night.internet.mirror.place.commit(night.internet.mirror.root, "configure", {"gcrsync.toml": shown})

    assert told in night.internet.run("compare")


def test_quay_is_mirrored_by_its_own_list_and_smaller_pages(quay: Night) -> None:
    assert "listed by: quay; 8 requests; complete" in quay.run("sync")

    assert quay.serves("app") == {"1": str(ONE.digest)}
    assert quay.serves("group/deep") == {"2": str(ALL.digest)} == quay.recorded("group/deep")["tags"]
    assert not quay.registry.requests("HEAD", "/manifests/(1|2)$")


def test_a_repository_that_the_api_of_quay_does_not_show_is_listed_by_the_registry(quay: Night) -> None:
    quay.api.faults.append(Fault("GET", "/app/tag/", status(401), times=None))

    assert "listed by: quay; 9 requests; complete" in quay.run("sync")
    assert quay.serves("app") == {"1": str(ONE.digest)}


def test_a_robot_reads_what_is_private_but_only_where_it_is_named(quay: Night) -> None:
    quay.registry.gate.private = True
    quay.internet.log_in("quay.io", "me", SECRET)
    quay.api.faults += [
        Fault("GET", "repository[?]", document({"repositories": []}), times=None),
        Fault("GET", "/tag/", status(401), times=None),
    ]

    said = quay.internet.run("sync", "quay.io/acme/app", "--to", quay.destination)
    assert "opens the registry, not its API, which lists only what is public" in said
    assert quay.serves("app") == {"1": str(ONE.digest)}
    assert not [logged for logged in quay.api.log if "Authorization" in logged.headers]


@pytest.mark.parametrize("answer", [{"repositories": []}, {"repositories": None}])
def test_success_with_nothing_of_quay_retires_nothing(quay: Night, answer: object) -> None:
    quay.run("sync")
    quay.api.faults.append(Fault("GET", "repository[?]", document(answer), times=None))

    assert "the list is empty, but the metadata has tags" in quay.run("sync")
    assert quay.recorded("app")["tags"] == {"1": str(ONE.digest)}
    assert not quay.recorded("app").get("gone")


def test_a_namespace_that_the_api_of_quay_refuses_is_an_error_that_says_what_to_do(quay: Night) -> None:
    quay.api.faults.append(Fault("GET", "repository[?]", status(403), times=None))

    assert "docker login with the user $oauthtoken and an OAuth token as its password" in quay.run("compare", code=3)
