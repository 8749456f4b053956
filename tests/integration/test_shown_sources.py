"""Each source that docs/sources.md shows, compared as it stands there: hosts under their own names, a proxy, TLS."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from tests.support.build import image
from tests.support.forges import GitHub, GitLab, Harbor
from tests.support.gate import Gate
from tests.support.nights import SECRET
from tests.support.runner import ROOT
from tests.support.simulator import Simulator
from tests.support.vendors import Internet, Site, vendors

APP = image("app")
BACKEND, PRIVATE = "us-central1-docker.pkg.dev", "europe-west1-docker.pkg.dev"


@dataclass(frozen=True, slots=True)
class World:
    """The internet, and those of its hosts that a test asks about."""

    internet: Internet
    backend: Simulator
    private: Simulator

    def compare(self, heading: str, *options: str, code: int = 0, **environment: str) -> str:
        """Compare what the page shows under a heading."""
        section = (ROOT / "docs" / "sources.md").read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n#")[0]
        shown = "\n".join(line for line in section.splitlines() if line.startswith("    ") or not line)
        tables = dedent(shown).strip().partition("\n\n\n")[0]
        assert tables.startswith("[[mirror]]")
        mirror = self.internet.mirror
        (mirror.root / "gcrsync.toml").write_text(tables)
        return self.internet.run("compare", *options, code=code, environment=environment)


def filled(simulated: Simulator, *names: str) -> Simulator:
    for name in names:
        simulated.add(name, APP, "1", "latest")
    return simulated


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    backend = filled(
        Simulator("backend", google=True), "k8s-artifacts-prod/images/pause", "k8s-artifacts-prod/images/coredns/coredns"
    )
    private = filled(Simulator("private", google=True), "project/images/app")
    private.gate = Gate("bearer", ("oauth2accesstoken", SECRET), private=True)
    front = Site(routes={"GET (/v2/.*)": lambda _, path: _led(path), "HEAD (/v2/.*)": lambda _, path: _led(path)})
    gitlab = filled(GitLab(projects=("group/project",)), "group/project/app")
    gitlab.gate.realm = "https://gitlab.com/jwt/auth"
    github = filled(GitHub(token=SECRET), "acme/app")
    hosts = {
        "gcr.io": filled(Simulator("gcr", google=True), "distroless/static"),
        "registry.k8s.io": front,
        BACKEND: backend,
        PRIVATE: private,
        "ghcr.io": github,
        "api.github.com": github,
        "registry.gitlab.com": gitlab,
        "gitlab.com": gitlab,
        "demo.goharbor.io": filled(Harbor(), "library/app"),
        "registry.example.com": filled(Simulator("plain"), "team/app"),
    }
    with vendors(tmp_path, hosts) as internet:
        yield World(internet, backend, private)


def _led(path: str) -> httpx.Response:
    """Lead to the backend as registry.k8s.io does: by the path alone."""
    return httpx.Response(307, headers={"Location": f"https://{BACKEND}{path.replace('/v2', '/v2/k8s-artifacts-prod/images', 1)}"})


def test_googles_registries_are_listed_by_their_own_lists_and_a_redirect_gets_the_number_back(world: World) -> None:
    said = world.compare("Google", CLOUDSDK_AUTH_ACCESS_TOKEN=SECRET)

    assert [line.strip() for line in said.splitlines() if "listed by" in line] == [
        "listed by: google; 2 requests; complete",
        "listed by: google; 4 requests; complete",
        "listed by: google; 2 requests; complete",
    ]
    assert {logged.query.get("n") for logged in world.backend.requests("GET", "/tags/list")} == {"10000"}
    assert f"{PRIVATE}/project/images/app" in said


def test_a_private_project_of_google_is_refused_to_nobody_with_what_was_tried(world: World) -> None:
    said = world.compare("Google", code=3)

    assert f"not listed: {PRIVATE}/project/images" in said
    assert "no credentials for it were found" in said
    assert said.count("; complete") == 2
    assert not any(logged.headers.get("Authorization", "").startswith("Basic") for logged in world.private.log)


def test_a_namespace_of_google_that_answers_with_nothing_retires_nothing(world: World) -> None:
    world.private.repositories.clear()
    said = world.compare("Google", CLOUDSDK_AUTH_ACCESS_TOKEN=SECRET)

    assert f"{PRIVATE}/project/images: the namespace has no images" in said


@pytest.mark.parametrize(
    ("heading", "listed"),
    [
        ("GitHub", "listed by: github; 2 requests; complete"),
        ("GitLab", "listed by: gitlab;"),
        ("Harbor", "listed by: harbor;"),
        ("Any other registry", "listed by: catalog;"),
    ],
)
def test_a_source_of_the_page_is_compared_as_it_stands(world: World, heading: str, listed: str) -> None:
    said = world.compare(heading, GITHUB_TOKEN=SECRET)

    assert listed in said
    assert "added     1, latest" in said
    assert "; complete" in said
