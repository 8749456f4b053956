"""GitHub's registry, listed by the Packages API: owners, packages and versions, and what it does when it fails."""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from gcrsync.errors import DeniedError, NotFoundError, ProtocolError, RateLimitedError, RegistryError, UnauthorizedError
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry.github import GitHub
from gcrsync.registry.vendor import Names, Tagged
from tests.support import faults
from tests.support.build import image, index
from tests.support.faults import Fault
from tests.support.forges import GitHub as Simulated
from tests.support.sessions import NO_ENVIRONMENT, session_to
from tests.support.values import THEN

TOKEN = {"GITHUB_TOKEN": "ghp_secret"}
ONE, TWO = image("one"), image("two")
PACKAGES, VERSIONS = r"/packages\?", "/versions"


def github() -> Simulated:
    simulated = Simulated(users=frozenset({"octocat"}))
    simulated.add("acme/app", index(ONE, TWO), "1", "latest")
    simulated.add("acme/charts/app", ONE, "1")
    simulated.add("acme/charts/app/deep", ONE, "2")
    simulated.add("octocat/hello", TWO, "1")
    return simulated


def named(simulated: Simulated, path: str, environment: Mapping[str, str] = TOKEN) -> Names:
    with session_to(simulated, environment=environment) as session:
        return GitHub(session, "ghcr.io").repositories(Namespace("ghcr.io", path))


def tagged(simulated: Simulated, path: str, environment: Mapping[str, str] = TOKEN) -> Tagged:
    with session_to(simulated, environment=environment) as session:
        return GitHub(session, "ghcr.io").tags(Repository("ghcr.io", path))


def paths(names: Names) -> list[str]:
    return [repository.path for repository in names.repositories]


def test_an_organisation_has_its_packages_whatever_slashes_are_in_their_names() -> None:
    simulated = github()
    names = named(simulated, "acme")

    assert paths(names) == ["acme/app", "acme/charts/app", "acme/charts/app/deep"]
    assert (names.requests, names.unseen, len(simulated.log)) == (1, "", 1)
    assert paths(named(simulated, "acme/charts")) == ["acme/charts/app", "acme/charts/app/deep"]


def test_a_user_is_found_where_there_is_no_such_organisation() -> None:
    simulated = github()
    names = named(simulated, "octocat")

    assert paths(names) == ["octocat/hello"]
    assert names.requests == len(simulated.log) == 2
    assert tagged(simulated, "octocat/hello").listing.tags == {Tag("1"): TWO.digest}


def test_versions_tell_digests_and_times_also_of_what_has_no_tag() -> None:
    simulated = github()
    both = index(ONE, TWO)
    told = tagged(simulated, "acme/app")

    assert told.listing.tags == {Tag("1"): both.digest, Tag("latest"): both.digest}
    assert told.listing.manifests == dict.fromkeys((both.digest, ONE.digest, TWO.digest), Described(uploaded=THEN))
    assert (told.requests, len(simulated.log)) == (1, 1)
    assert tagged(simulated, "acme/charts/app").listing.tags == {Tag("1"): ONE.digest}


def test_pages_are_followed_to_the_last() -> None:
    simulated = github()
    simulated.page = 1

    assert named(simulated, "acme").requests == 6
    assert tagged(simulated, "acme/app").requests == 5
    assert len(tagged(simulated, "acme/app").listing.manifests) == 3


def test_a_package_that_goes_between_two_pages_does_not_hide_another() -> None:
    simulated = github()
    simulated.page = 1

    def gone(request: httpx.Request, answer: faults.Answer) -> httpx.Response:
        del simulated.repositories["acme/app"]
        return answer(request)

    simulated.faults.append(Fault("GET", "packages.*page=2", gone))

    assert paths(named(simulated, "acme")) == ["acme/charts/app", "acme/charts/app/deep"]


def test_a_tag_that_is_pushed_anew_between_two_pages_is_named_by_the_registry() -> None:
    simulated = github()
    simulated.page = 1
    simulated.add("acme/charts/app", TWO, "latest")

    def pushed(request: httpx.Request, answer: faults.Answer) -> httpx.Response:
        repository, new = simulated.repositories["acme/charts/app"], image("new")
        repository.manifests = {new.digest.text: (new.media_type, new.raw), **repository.manifests}
        repository.tags["latest"] = new.digest.text
        return answer(request)

    simulated.faults.append(Fault("GET", "versions.*page=2", pushed))
    listing = tagged(simulated, "acme/charts/app").listing

    assert listing.tags == {Tag("1"): ONE.digest}
    assert listing.unasked == {Tag("latest")}


def test_the_token_may_be_that_of_docker_login_and_goes_to_the_api_alone(tmp_path: Path) -> None:
    simulated = github()
    auth = b64encode(b"octocat:ghp_secret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"ghcr.io": {"auth": auth}}}))
    names = named(simulated, "acme", {"DOCKER_CONFIG": str(tmp_path)})

    assert len(names.repositories) == 3
    assert simulated.log[-1].headers["Host"] == "api.github.com"
    assert simulated.log[-1].headers["Authorization"] == "Bearer ghp_secret"


def test_the_account_of_another_registry_is_not_shown_to_the_api(tmp_path: Path) -> None:
    simulated = github()
    auth = b64encode(b"octocat:ghp_secret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"containers.test": {"auth": auth}}}))
    with session_to(simulated, environment={"DOCKER_CONFIG": str(tmp_path)}) as session, pytest.raises(UnauthorizedError):
        GitHub(session, "containers.test").repositories(Namespace("containers.test", "acme"))

    assert not simulated.log


def test_without_a_token_an_owner_is_an_error_that_says_what_it_takes() -> None:
    simulated = github()
    with pytest.raises(UnauthorizedError, match="GitHub lists packages to a token alone") as caught:
        named(simulated, "acme", NO_ENVIRONMENT)

    assert "read:packages" in caught.value.hint
    assert not simulated.log


def test_without_a_token_a_package_is_listed_by_the_registry_and_what_is_below_is_not_seen() -> None:
    simulated = github()
    names = named(simulated, "acme/charts/app", NO_ENVIRONMENT)
    told = tagged(simulated, "acme/charts/app", NO_ENVIRONMENT)

    assert paths(names) == ["acme/charts/app"]
    assert "read:packages" in names.unseen
    assert told == Tagged(Listing(unasked=frozenset({Tag("1")})), 1)
    assert not [request for request in simulated.log if request.headers["Host"] == "api.github.com"]


def test_without_a_token_a_name_that_is_no_package_is_an_error() -> None:
    with pytest.raises(NotFoundError, match=r"no such package; and .* a token alone, .*: set GITHUB_TOKEN"):
        tagged(github(), "acme/charts", NO_ENVIRONMENT)


def test_there_is_no_list_of_everything() -> None:
    with pytest.raises(ProtocolError, match="no list of everything: name an owner, or a package"):
        named(github(), "")


def test_an_owner_that_is_not_shown_is_no_empty_list() -> None:
    with pytest.raises(NotFoundError, match="does not show it to the token from GITHUB_TOKEN"):
        named(github(), "nobody")


def test_a_package_that_is_not_found_is_an_error_since_it_may_be_hidden() -> None:
    with pytest.raises(NotFoundError, match=r"no such package; and .*does not show it to the token from GITHUB_TOKEN"):
        tagged(github(), "acme/none")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_package_that_a_token_does_not_open_is_listed_by_the_registry(status: int) -> None:
    simulated = github()
    simulated.faults.append(Fault("GET", "/packages", faults.status(status), times=None))
    names = named(simulated, "acme/charts/app")

    assert paths(names) == ["acme/charts/app"]
    assert "the token from GITHUB_TOKEN" in names.unseen
    assert tagged(simulated, "acme/charts/app").listing.unasked == {Tag("1")}


@pytest.mark.parametrize(("status", "error"), [(401, UnauthorizedError), (403, DeniedError)])
def test_a_token_that_is_not_enough_is_named_with_what_it_takes(status: int, error: type[RegistryError]) -> None:
    simulated = github()
    words = {"message": "You need at least read:packages scope to list packages."}
    simulated.faults.append(Fault("GET", PACKAGES, faults.refused_with(status, words), times=None))
    with pytest.raises(error, match="You need at least read:packages scope") as caught:
        named(simulated, "acme")

    assert "the token from GITHUB_TOKEN does not open it" in caught.value.hint
    assert "ghp_secret" not in str(caught.value)


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7200"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1763697600", "Date": "Fri, 21 Nov 2025 02:00:00 GMT"},
    ],
)
@pytest.mark.parametrize("status", [403, 429])
def test_a_limit_that_lasts_says_when_to_come_back(status: int, headers: Mapping[str, str]) -> None:
    simulated = github()
    simulated.faults.append(Fault("GET", PACKAGES, faults.status(status, headers=headers), times=None))
    with pytest.raises(RateLimitedError, match="run again in"):
        named(simulated, "acme")

    assert len(simulated.log) == 1


def test_a_limit_that_ends_soon_is_waited_for() -> None:
    simulated = github()
    simulated.faults.append(Fault("GET", VERSIONS, faults.status(403, headers={"Retry-After": "60"})))

    assert len(tagged(simulated, "acme/app").listing.tags) == 2
    assert len(simulated.log) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"packages": []}, "expected a list"),
        ([{"name": 7}], "'name' is missing or no text"),
        ([{"name": "../../x"}], "not a valid repository"),
    ],
)
def test_a_list_of_packages_that_is_not_understood_is_none(answer: object, reason: str) -> None:
    simulated = github()
    simulated.faults.append(Fault("GET", PACKAGES, faults.document(answer)))
    with pytest.raises(ProtocolError, match=reason):
        named(simulated, "acme")


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ({"name": "latest", "metadata": {"container": {"tags": []}}}, "not a valid digest"),
        ({"name": str(ONE.digest)}, "expected a JSON object"),
        ({"name": str(ONE.digest), "metadata": {"container": []}}, "expected a JSON object"),
        ({"name": str(ONE.digest), "metadata": {"container": {"tags": "1"}}}, "'tags' is not a list of strings"),
        ({"name": str(ONE.digest), "metadata": {"container": {"tags": [".x"]}}}, "not a valid tag"),
    ],
)
def test_a_version_that_is_not_understood_makes_the_list_none(version: object, reason: str) -> None:
    simulated = github()
    simulated.faults.append(Fault("GET", VERSIONS, faults.document([version])))
    with pytest.raises(ProtocolError, match=reason):
        tagged(simulated, "acme/app")


def test_a_page_of_versions_that_is_lost_does_not_make_the_package_empty() -> None:
    simulated = github()
    simulated.page = 1
    simulated.faults.append(Fault("GET", r"versions.*page=2", faults.status(404), times=None))
    with pytest.raises(ProtocolError, match="a page of the list is not there"):
        tagged(simulated, "acme/app")
