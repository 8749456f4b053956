"""What a survey makes of Harbor, GitLab and GitHub: which of them a registry is, and what is done where it refuses."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from gcrsync.mirror.snapshot import Snapshot
from gcrsync.oci.name import Namespace, Tag
from gcrsync.sync.found import Surveyor
from gcrsync.sync.progress import Watch
from gcrsync.sync.survey import survey
from tests.support import faults
from tests.support.build import image
from tests.support.faults import Fault
from tests.support.forges import GitHub, GitLab, Harbor
from tests.support.misbehaving import Misbehaving
from tests.support.serving import served
from tests.support.sessions import NO_ENVIRONMENT, session_to
from tests.support.simulator import Simulator
from tests.support.tunnels import make_authority, proxy
from tests.support.values import everything

APP, TOOLS = image("app"), image("tools")


def filled(simulated: Simulator) -> None:
    simulated.add("p/app", APP, "1", "latest")
    simulated.add("p/app/tools", TOOLS, "1")


def seen(namespace: str, environment: Mapping[str, str] = NO_ENVIRONMENT) -> Snapshot:
    """Survey a namespace over the network."""
    with session_to(environment=environment) as session, ThreadPoolExecutor(4) as executor:
        return survey(Surveyor(session, executor, 4, lambda: False, Watch()), everything(namespace))


def look(simulated: Misbehaving, path: str) -> tuple[Snapshot, str]:
    """Survey a path of a registry on loopback, and give its host, too."""
    with served(simulated) as host:
        return seen(f"{host}/{path}".rstrip("/")), host


def tags(snapshot: Snapshot) -> dict[str, int]:
    """Give how many tags with a digest each path has."""
    return {path.path: len(listing.tags) for path, listing in sorted(snapshot.listings.items(), key=str) if listing.tags}


@pytest.mark.parametrize("path", ["p", "p/app", ""])
def test_a_harbor_is_known_by_what_it_asks_for_and_needs_no_request_for_a_tag(path: str) -> None:
    simulated = Harbor()
    filled(simulated)
    snapshot, _ = look(simulated, path)

    assert (snapshot.listed_by, tags(snapshot)) == ("harbor", {"p/app": 2, "p/app/tools": 1})
    assert (snapshot.failures, snapshot.unseen) == ({}, {})
    assert not simulated.requests("HEAD")
    assert not simulated.requests("GET", "_catalog")


@pytest.mark.parametrize("path", ["p/app", "p/app/tools"])
def test_a_gitlab_is_known_by_what_it_asks_for_also_where_a_project_is_a_repository(path: str) -> None:
    simulated = GitLab(projects=("p/app",))
    filled(simulated)
    snapshot, host = look(simulated, path)

    assert snapshot.listed_by == "gitlab"
    assert snapshot.listings[Namespace(host, "p/app/tools")].tags == {Tag("1"): TOOLS.digest}
    assert ("p/app" in tags(snapshot)) == (path == "p/app")
    assert len(simulated.requests("HEAD")) == sum(tags(snapshot).values())


def test_a_registry_that_only_looks_alike_is_listed_in_the_ordinary_way() -> None:
    simulated = GitLab(projects=("p/app",))
    simulated.gate.path, simulated.gate.account = "/token", None
    filled(simulated)
    snapshot, _ = look(simulated, "p")

    assert (snapshot.listed_by, tags(snapshot)) == ("catalog", {"p/app": 2, "p/app/tools": 1})
    assert not simulated.requests("GET", "^/api/")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_harbor_whose_interface_is_refused_is_listed_by_its_catalogue(status: int) -> None:
    simulated = Harbor()
    simulated.gate.account = None
    filled(simulated)
    simulated.faults.append(Fault("GET", "/api/v2.0/", faults.status(status), times=None))
    snapshot, _ = look(simulated, "p")

    assert (snapshot.listed_by, tags(snapshot)) == ("catalog", {"p/app": 2, "p/app/tools": 1})
    assert len(simulated.requests("GET", "^/api/")) == 1


def test_tags_whose_artifacts_are_refused_are_asked_for_one_by_one() -> None:
    simulated = Harbor()
    filled(simulated)
    simulated.faults.append(Fault("GET", "/app/artifacts", faults.status(403), times=None))
    snapshot, _ = look(simulated, "p")

    assert (snapshot.listed_by, tags(snapshot)) == ("harbor", {"p/app": 2, "p/app/tools": 1})
    assert len(simulated.requests("HEAD")) == 2


def test_where_the_catalogue_is_refused_too_the_words_of_both_are_told() -> None:
    simulated = Harbor()
    filled(simulated)
    simulated.faults.append(Fault("GET", "/api/v2.0/", faults.refusal(403, "FORBIDDEN", "the project is not yours"), times=None))
    snapshot, host = look(simulated, "p")

    assert tags(snapshot) == {}
    assert "the project is not yours" in snapshot.failures[Namespace(host, "p")]
    assert "/v2/_catalog" in snapshot.failures[Namespace(host, "p")]


def test_a_group_that_gitlab_hides_is_a_failure_with_what_it_takes() -> None:
    simulated = GitLab(projects=("p/app",))
    filled(simulated)
    snapshot, host = look(simulated, "p")

    assert tags(snapshot) == {}
    assert "read_api" in snapshot.failures[Namespace(host, "p")]


def test_a_repository_whose_group_is_hidden_is_seen_and_what_is_below_is_not() -> None:
    simulated = GitLab()
    filled(simulated)
    snapshot, host = look(simulated, "p/app")

    assert tags(snapshot) == {"p/app": 2}
    assert "read_api" in snapshot.unseen[Namespace(host, "p/app")]


def test_a_list_that_is_cut_is_no_reason_to_look_elsewhere() -> None:
    simulated = Harbor()
    filled(simulated)
    cut = faults.document([{"name": "p/app"}], {"X-Total-Count": "2"})
    simulated.faults.append(Fault("GET", r"/p/repositories\?", cut, times=None))
    snapshot, host = look(simulated, "p")

    assert "not whole" in snapshot.failures[Namespace(host, "p")]
    assert not simulated.requests("GET", "_catalog")


@pytest.fixture
def ghcr(tmp_path: Path) -> Iterator[tuple[GitHub, Mapping[str, str]]]:
    """Serve GitHub with TLS under its own names, and give the environment in which they lead there."""
    simulated = GitHub()
    filled(simulated)
    with ExitStack() as stack:
        authority = make_authority(tmp_path, "ghcr.io", "api.github.com")
        port = int(stack.enter_context(served(simulated, authority.context)).rpartition(":")[2])
        running = stack.enter_context(proxy({"ghcr.io:443": port, "api.github.com:443": port}))
        yield simulated, {"HTTPS_PROXY": f"http://{running.address}", "SSL_CERT_FILE": str(authority.file)}


def test_packages_of_github_are_listed_with_one_request_each(ghcr: tuple[GitHub, Mapping[str, str]]) -> None:
    simulated, environment = ghcr
    snapshot = seen("ghcr.io/p", {**environment, "GITHUB_TOKEN": "ghp_secret"})

    assert (snapshot.listed_by, tags(snapshot), snapshot.failures) == ("github", {"p/app": 2, "p/app/tools": 1}, {})
    assert snapshot.requests == len(simulated.log) == 3
    assert {request.headers["Host"] for request in simulated.log} == {"api.github.com"}


def test_github_without_a_token_is_an_error_and_never_no_images(ghcr: tuple[GitHub, Mapping[str, str]]) -> None:
    simulated, environment = ghcr
    snapshot = seen("ghcr.io/p", environment)

    assert "read:packages" in snapshot.failures[Namespace("ghcr.io", "p")]
    assert not simulated.log


def test_a_package_of_github_is_mirrored_without_a_token(ghcr: tuple[GitHub, Mapping[str, str]]) -> None:
    simulated, environment = ghcr
    snapshot = seen("ghcr.io/p/app", environment)

    assert (tags(snapshot), snapshot.failures) == ({"p/app": 2}, {})
    assert "read:packages" in snapshot.unseen[Namespace("ghcr.io", "p/app")]
    assert {request.headers["Host"] for request in simulated.log} == {"ghcr.io"}
