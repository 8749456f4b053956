"""GitLab, listed over real sockets: projects, groups and what is below them, and what it does when it fails."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from gcrsync.errors import NotFoundError, ProtocolError, RegistryError, UnauthorizedError
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.registry.gitlab import GitLab
from gcrsync.registry.vendor import Names, Tagged
from tests.support import faults
from tests.support.build import image
from tests.support.faults import Fault
from tests.support.forges import GitLab as Simulated
from tests.support.serving import served
from tests.support.sessions import session_to

API = "/registry/repositories"


def gitlab() -> Simulated:
    simulated = Simulated(projects=("g/one", "g/sub/two", "h/three"))
    for name in ("g/one", "g/one/tools", "g/one/tools/deep", "g/sub/two/app", "h/three"):
        simulated.add(name, image(name), "1", "latest")
    return simulated


def named(simulated: Simulated, path: str, folder: Path | None = None, password: str = "hunter2") -> Names:  # noqa: S107 - nobody's
    """Give the repositories, as whoever a docker config in the folder says, or nobody."""
    with served(simulated) as host, session_to(environment={"DOCKER_CONFIG": str(folder)}) as session:
        if folder:
            auth = b64encode(f"ci:{password}".encode()).decode()
            (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
        return GitLab(session, host).repositories(Namespace(host, path))


def paths(names: Names) -> list[str]:
    return [repository.path for repository in names.repositories]


def asked(simulated: Simulated) -> list[str]:
    return [request.path.removeprefix("/api/v4/").removesuffix(API) for request in simulated.requests("GET", API)]


def test_a_project_is_found_at_once_and_needs_no_account_where_it_is_public() -> None:
    simulated = gitlab()
    names = named(simulated, "g/one")

    assert paths(names) == ["g/one", "g/one/tools", "g/one/tools/deep"]
    assert asked(simulated) == ["projects/g/one"]
    assert names.requests == 1
    assert "Authorization" not in simulated.log[-1].headers


def test_gitlab_may_be_at_another_host_below_a_path_and_is_shown_the_account_there(tmp_path: Path) -> None:
    simulated, registry = gitlab(), gitlab()
    with served(simulated) as elsewhere:
        realm = f"http://{elsewhere}/sub/jwt/auth"
        challenge = {"WWW-Authenticate": f'Bearer realm="{realm}",service="container_registry"'}
        registry.faults.append(Fault("GET", "/v2/$", faults.status(401, headers=challenge), times=None))
        simulated.faults.append(Fault("GET", "/sub/api/v4/projects/g%2Fone/registry", faults.document([{"path": "g/one"}])))

        assert paths(named(registry, "g/one", tmp_path)) == ["g/one"]
    assert [request.path for request in registry.log] == ["/v2/"]
    assert [request.headers["Authorization"] for request in simulated.log] == ["Bearer hunter2"]


def test_a_group_has_the_repositories_of_all_projects_below_it(tmp_path: Path) -> None:
    simulated = gitlab()

    assert paths(named(simulated, "g", tmp_path)) == ["g/one", "g/one/tools", "g/one/tools/deep", "g/sub/two/app"]
    assert asked(simulated) == ["groups/g"]
    assert simulated.log[-1].headers["Authorization"] == "Bearer hunter2"
    assert paths(named(simulated, "g/sub", tmp_path)) == ["g/sub/two/app"]
    assert asked(simulated)[1:] == ["projects/g/sub", "groups/g/sub"]


def test_a_path_may_be_a_repository_of_a_project_or_above_some() -> None:
    simulated = gitlab()
    names = named(simulated, "g/one/tools")

    assert paths(names) == ["g/one/tools", "g/one/tools/deep"]
    assert asked(simulated) == ["projects/g/one/tools", "groups/g/one/tools", "projects/g/one"]
    assert names.requests == 3


def test_pages_are_followed_to_the_last(tmp_path: Path) -> None:
    simulated = gitlab()
    simulated.page = 1

    assert len(named(simulated, "g", tmp_path).repositories) == 4
    assert len(asked(simulated)) == 4


def test_tags_come_from_the_registry_without_digests() -> None:
    simulated = gitlab()
    with served(simulated) as host, session_to() as session:
        told = GitLab(session, host).tags(Repository(host, "g/one"))

    assert told == Tagged(Listing(unasked=frozenset({Tag("1"), Tag("latest")})), 1)


def test_a_group_is_refused_to_nobody_and_the_message_says_who_may() -> None:
    with pytest.raises(UnauthorizedError, match="401 Unauthorized") as caught:
        named(gitlab(), "g")

    assert "read_api" in caught.value.hint


def test_a_deploy_token_is_refused_in_words_and_never_shown(tmp_path: Path) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        named(gitlab(), "g", tmp_path, "gldt-secret")

    assert "a deploy token opens the registry alone" in str(caught.value)
    assert "gldt-secret" not in str(caught.value)


def test_what_gitlab_does_not_show_is_no_empty_list() -> None:
    simulated = gitlab()
    with pytest.raises(NotFoundError, match="GitLab shows no project and no group of this name"):
        named(simulated, "x/y/z")

    assert asked(simulated) == ["projects/x/y/z", "groups/x/y/z", "projects/x/y"]


def test_there_is_no_list_of_everything() -> None:
    with pytest.raises(ProtocolError, match="no list of everything: name a group or a project"):
        named(gitlab(), "")


@pytest.mark.parametrize(
    ("realm", "reason"),
    [
        ("http://gitlab.test/jwt/auth", "plain HTTP"),
        ("https://gitlab.test/oauth/token", "does not say where its GitLab is"),
        ("", "names no realm"),
    ],
)
def test_where_gitlab_is_must_be_said_and_be_fit_for_credentials(tmp_path: Path, realm: str, reason: str) -> None:
    simulated = gitlab()
    challenge = {"WWW-Authenticate": f'Bearer realm="{realm}",service="container_registry"'}
    simulated.faults.append(Fault("GET", "/v2/", faults.status(401, headers=challenge), times=None))
    with pytest.raises(ProtocolError, match=reason):
        named(simulated, "g", tmp_path)

    assert [request.path for request in simulated.log] == ["/v2/"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (faults.document([{"path": "g/one"}], {"X-Total": "2"}), "not whole: 1 entries were given of 2"),
        (faults.document({"message": "hello"}), "expected a list"),
        (faults.document([{"path": None}]), "'path' is missing or no text"),
        (faults.document([{"path": "g/../one"}]), "not a valid repository"),
        (faults.document([], {"Link": '<https://evil.test/>; rel="next"'}), "the link to the next page is not followed"),
        (faults.page(), "an HTML page"),
        (faults.truncated(), "registry/repositories"),
        (faults.status(429, headers={"Retry-After": "7200"}), "run again in 2 hours"),
        (faults.status(403), "403 Forbidden"),
    ],
)
def test_a_list_that_is_not_understood_whole_is_none(change: faults.Change, reason: str) -> None:
    simulated = gitlab()
    simulated.faults.append(Fault("GET", API, change, times=None))
    with pytest.raises(RegistryError, match=reason):
        named(simulated, "g/one")


def test_a_project_without_images_is_a_success_with_nothing() -> None:
    simulated = gitlab()
    simulated.faults.append(Fault("GET", API, faults.document([], {"X-Total": "0"})))

    assert named(simulated, "g/one") == Names((), 1)


def test_too_many_requests_while_listing_are_waited_for() -> None:
    simulated = gitlab()
    simulated.faults.append(Fault("GET", API, faults.status(429, headers={"Retry-After": "5"})))

    assert len(named(simulated, "g/one").repositories) == 3
    assert len(asked(simulated)) == 2
