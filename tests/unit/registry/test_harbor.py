"""Harbor, listed over real sockets: its projects, repositories and artifacts, and what it does when it fails."""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from gcrsync.errors import ProtocolError, RegistryError, UnauthorizedError
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry.harbor import Harbor
from gcrsync.registry.vendor import Names, Tagged
from tests.support import faults
from tests.support.build import image, index
from tests.support.faults import Fault
from tests.support.forges import Harbor as Simulated
from tests.support.serving import served
from tests.support.sessions import NO_ENVIRONMENT, session_to
from tests.support.values import THEN

ONE, TWO = image("one"), image("two")
REPOSITORIES, ARTIFACTS = r"/api/v2.0/projects/p/repositories\?", "/artifacts"


def harbor() -> Simulated:
    simulated = Simulated()
    simulated.add("p/app", index(ONE, TWO), "1", "latest")
    simulated.add("p/deep/er/app", ONE, "1")
    simulated.add("p/tools", TWO, "2")
    simulated.add("q/app", ONE, "1")
    return simulated


def paths(simulated: Simulated, path: str, environment: Mapping[str, str] = NO_ENVIRONMENT) -> list[str]:
    with served(simulated) as host, session_to(environment=environment) as session:
        names = Harbor(session, host).repositories(Namespace(host, path))
        return [repository.path for repository in names.repositories]


def named(simulated: Simulated, path: str) -> Names:
    with served(simulated) as host, session_to() as session:
        return Harbor(session, host).repositories(Namespace(host, path))


def tagged(simulated: Simulated, path: str) -> Tagged:
    with served(simulated) as host, session_to() as session:
        return Harbor(session, host).tags(Repository(host, path))


def test_a_project_has_the_repositories_at_every_depth() -> None:
    assert paths(harbor(), "p") == ["p/app", "p/deep/er/app", "p/tools"]
    assert paths(harbor(), "p/deep") == ["p/deep/er/app"]


def test_the_root_has_those_of_every_project_that_can_be_seen() -> None:
    simulated = harbor()

    assert named(simulated, "").requests == len(simulated.log) == 3
    assert paths(simulated, "") == ["p/app", "p/deep/er/app", "p/tools", "q/app"]


def test_artifacts_tell_digests_sizes_and_times_and_not_the_size_of_an_index() -> None:
    simulated = harbor()
    both = index(ONE, TWO)
    told = tagged(simulated, "p/app")

    assert told.listing.tags == {Tag("1"): both.digest, Tag("latest"): both.digest}
    assert told.listing.manifests[both.digest] == Described(both.media_type, None, THEN)
    assert told.listing.manifests[ONE.digest] == Described(ONE.media_type, len(ONE.raw), THEN)
    assert told.requests == len(simulated.requests("GET", "artifacts|tags/list")) - 1 == 2
    assert not simulated.requests("HEAD")


def test_a_name_with_slashes_is_encoded_twice() -> None:
    assert tagged(harbor(), "p/deep/er/app").listing.tags == {Tag("1"): ONE.digest}


def test_pages_are_followed_to_the_last() -> None:
    simulated = harbor()
    simulated.page = 1

    assert paths(simulated, "p") == ["p/app", "p/deep/er/app", "p/tools"]
    assert len(simulated.requests("GET", "repositories$")) == 3
    assert len(tagged(simulated, "p/app").listing.manifests) == 3


def test_the_tag_of_a_signature_is_known_though_its_artifact_is_not_listed() -> None:
    simulated = harbor()
    signature = Tag(f"sha256-{ONE.digest.encoded}.sig")
    simulated.add("p/tools", ONE, signature.name)
    simulated.accessories = frozenset({signature.name})
    listing = tagged(simulated, "p/tools").listing

    assert listing.tags == {Tag("2"): TWO.digest}
    assert listing.unasked == {signature}


def test_the_tag_of_an_artifact_that_moves_when_another_goes_is_known_by_name() -> None:
    simulated = harbor()
    simulated.page = 1
    simulated.add("p/tools", ONE, "1")
    simulated.add("p/tools", image("three"), "3")

    def gone(request: httpx.Request, answer: faults.Answer) -> httpx.Response:
        del simulated.repositories["p/tools"].manifests[str(TWO.digest)]
        return answer(request)

    simulated.faults.append(Fault("GET", "artifacts.*page=2", gone))
    listing = tagged(simulated, "p/tools").listing

    assert set(listing.tags) == {Tag("2"), Tag("3")}
    assert listing.unasked == {Tag("1")}


def test_a_repository_that_is_not_there_has_no_tags() -> None:
    assert tagged(harbor(), "p/none") == Tagged(Listing(), 1)


def test_who_has_logged_in_is_shown_to_the_interface(tmp_path: Path) -> None:
    simulated = harbor()
    simulated.gate.private = True
    with pytest.raises(UnauthorizedError, match="unauthorized"):
        paths(simulated, "p")
    with served(simulated) as host, session_to(environment={"DOCKER_CONFIG": str(tmp_path)}) as session:
        auth = b64encode(b"admin:hunter2").decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
        names = Harbor(session, host).repositories(Namespace(host, "p"))

    assert len(names.repositories) == 3
    assert simulated.log[-1].headers["Authorization"] == f"Basic {auth}"


def test_no_token_of_the_registry_is_shown_to_the_interface() -> None:
    simulated = harbor()
    assert tagged(simulated, "p/app").listing.tags

    asked = simulated.requests("GET", "^/api/")
    assert asked
    assert all("Authorization" not in request.headers for request in asked)
    assert any("Authorization" in request.headers for request in simulated.requests("GET", "tags/list"))


def test_an_empty_project_is_a_success_with_nothing() -> None:
    simulated = harbor()
    simulated.faults.append(Fault("GET", REPOSITORIES, faults.document([], {"X-Total-Count": "0"})))

    assert named(simulated, "p") == Names((), 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (faults.document([{"name": "p/app"}], {"X-Total-Count": "2"}), "not whole: 1 entries were given of 2"),
        (faults.document({"name": "p/app"}), "expected a list"),
        (faults.document(["p/app"]), "expected a JSON object"),
        (faults.document([{"name": 7}]), "'name' is missing or no text"),
        (faults.document([{"name": "p/../../etc"}]), "not a valid repository"),
        (faults.document([], {"Link": '<https://evil.test/>; rel="next"'}), "the link to the next page is not followed"),
        (faults.page(), "an HTML page"),
        (faults.truncated(), "p/repositories"),
        (faults.status(429, headers={"Retry-After": "7200"}), "run again in 2 hours"),
        (faults.status(500), "500"),
    ],
)
def test_a_list_of_repositories_that_is_not_understood_whole_is_none(change: faults.Change, reason: str) -> None:
    simulated = harbor()
    simulated.faults.append(Fault("GET", REPOSITORIES, change, times=None))
    with pytest.raises(RegistryError, match=reason):
        named(simulated, "p")

    assert len(simulated.log) in (1, 3, 4)


@pytest.mark.parametrize(
    ("artifact", "reason"),
    [
        ({"digest": "sha256:00", "tags": None}, "not a valid digest"),
        ({"digest": str(ONE.digest), "tags": {}}, "expected a list"),
        ({"digest": str(ONE.digest), "tags": [{"name": None}]}, "'name' is missing or no text"),
        ({"digest": str(ONE.digest), "tags": [{"name": "../x"}]}, "not a valid tag"),
    ],
)
def test_an_artifact_that_is_not_understood_makes_the_list_none(artifact: object, reason: str) -> None:
    simulated = harbor()
    simulated.faults.append(Fault("GET", ARTIFACTS, faults.document([artifact]), times=None))
    with pytest.raises(ProtocolError, match=reason):
        tagged(simulated, "p/app")


def test_a_tag_cannot_have_two_digests() -> None:
    simulated = harbor()
    artifacts = [{"digest": str(Digest.of(word)), "tags": [{"name": "1"}]} for word in (b"a", b"b")]
    simulated.faults.append(Fault("GET", ARTIFACTS, faults.document(artifacts), times=None))
    with pytest.raises(ProtocolError, match="names tag 1 twice"):
        tagged(simulated, "p/app")


def test_too_many_requests_while_listing_are_waited_for() -> None:
    simulated = harbor()
    simulated.faults.append(Fault("GET", ARTIFACTS, faults.status(429, headers={"Retry-After": "5"})))

    assert len(tagged(simulated, "p/app").listing.tags) == 2
    assert len(simulated.requests("GET", ARTIFACTS)) == 2
