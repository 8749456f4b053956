"""As whom a registry is asked, and what a refusal says of it: whole calls to a simulated Google, with gcloud as a real process."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from gcrsync.errors import DeniedError, InputError, RegistryError, UnauthorizedError
from gcrsync.registry.accounts import Accounts, Place
from gcrsync.registry.answers import failure
from gcrsync.registry.credentials import Anonymous, Basic, basic_authorization
from gcrsync.registry.keychain import Keychain
from gcrsync.registry.opening import Settings
from gcrsync.registry.session import Call, Session
from tests.support.clock import SteppedClock
from tests.support.sessions import session_to

NOBODY = ""
TOKEN = basic_authorization("oauth2accesstoken", "ya29.token")
GCLOUD = basic_authorization("oauth2accesstoken", "ya29.gcloud")
KEY = basic_authorization("_json_key", '{"type": "service_account"}')
DOCKER = basic_authorization("me", "hunter2")


@dataclass
class Google:
    """Registries of Google, which give everybody a token or an answer by project, and log who asked for a token.

    ``open_to`` says who may read a project, and ``says_no`` which of the two refuses the others: the token server, or the registry
    after everybody who is ``known`` got a token.
    """

    open_to: dict[str, set[str]]
    says_no: str = "token server"
    known: set[str] = field(default_factory=lambda: {NOBODY, TOKEN, GCLOUD, KEY})
    asked: list[str] = field(default_factory=list)
    requests: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests += 1
        host, path = request.url.host, request.url.path.removeprefix("/v2/")
        authorization = request.headers.get("Authorization", "")
        if path == "token":
            return self._token(authorization, request.url.params.get("scope", "").split(":")[1])
        repository = path.removesuffix("/tags/list")
        if not authorization:
            realm = f'Bearer realm="https://{host}/v2/token",service="{host}",scope="repository:{repository}:pull"'
            return httpx.Response(401, headers={"WWW-Authenticate": realm})
        if not self._may_read(authorization.removeprefix("Bearer").strip().removeprefix("of").strip(), repository):
            return denied()
        return httpx.Response(200, json={"child": [], "manifest": {}, "tags": []})

    def _token(self, who: str, repository: str) -> httpx.Response:
        self.asked.append(who)
        if who not in self.known:
            return httpx.Response(401, json={"errors": [{"code": "UNAUTHORIZED", "message": "authentication failed"}]})
        if self.says_no == "token server" and not self._may_read(who, repository):
            return denied()
        return httpx.Response(200, json={"token": f"of-{b64encode(who.encode()).decode()}", "expires_in": 43200})

    def _may_read(self, who: str, repository: str) -> bool:
        names = {f"-{b64encode(each.encode()).decode()}": each for each in self.known}
        return names.get(who, who) in self.open_to.get(repository.partition("/")[0], set())


class Closing(httpx.SyncByteStream):
    """A body that says when it was closed."""

    def __init__(self, left: set[object], content: bytes) -> None:
        """Be among those that are left open."""
        self.left, self.content = left, content
        left.add(self)

    def __iter__(self) -> Iterator[bytes]:
        """Give the content."""
        yield self.content

    def close(self) -> None:
        """Be no longer among them."""
        self.left.discard(self)


def denied() -> httpx.Response:
    words = 'Permission "artifactregistry.repositories.downloadArtifacts" denied on resource (or it may not exist)'
    return httpx.Response(403, json={"errors": [{"code": "DENIED", "message": words}]})


@pytest.fixture
def home(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Give an environment with these ways to credentials."""

    def made(*ways: str) -> dict[str, str]:
        environment = {"HOME": str(tmp_path), "PATH": str(tmp_path)}
        if "gcloud" in ways:
            (tmp_path / "gcloud").write_text('#!/bin/sh\necho \'{"credential": {"access_token": "ya29.gcloud"}}\'\n')
            (tmp_path / "gcloud").chmod(0o755)
        if "key" in ways:
            (tmp_path / "key.json").write_text('{"type": "service_account"}')
            environment["GOOGLE_APPLICATION_CREDENTIALS"] = str(tmp_path / "key.json")
        if "token" in ways:
            environment["CLOUDSDK_AUTH_ACCESS_TOKEN"] = "ya29.token"
        config: dict[str, object] = {}
        if "docker" in ways:
            config["auths"] = {"gcr.io": {"auth": b64encode(b"me:hunter2").decode()}}
        if "helper" in ways:
            config["credHelpers"] = {"gcr.io": "missing"}
        (tmp_path / ".docker").mkdir()
        (tmp_path / ".docker/config.json").write_text(json.dumps(config))
        return environment

    return made


def read(session: Session, path: str, registry: str = "gcr.io", actions: str = "pull") -> int:
    url = session.url(registry, f"/v2/{path}/tags/list")
    with session.open(Call("GET", url, registry, f"repository:{path}:{actions}")) as response:
        if not response.is_success:
            raise failure(response, "listing")
        return response.status_code


@pytest.mark.parametrize("says_no", ["token server", "registry"])
def test_what_is_public_is_read_as_nobody_whatever_credentials_there_are(home: Callable[..., dict[str, str]], says_no: str) -> None:
    google = Google({"public": {NOBODY}}, says_no)
    with session_to(google, home("docker", "token", "key", "gcloud")) as session:
        assert [read(session, f"public/{name}") for name in "abc"] == [200] * 3
    assert google.asked == [NOBODY] * 3


def test_a_helper_that_fails_does_not_shut_what_is_public(home: Callable[..., dict[str, str]]) -> None:
    with session_to(Google({"public": {NOBODY}}), home("helper")) as session:
        assert read(session, "public/a") == 200


@pytest.mark.parametrize("says_no", ["token server", "registry"])
@pytest.mark.parametrize(
    ("opens", "asked"),
    [
        ({DOCKER, GCLOUD}, [NOBODY, DOCKER]),
        ({TOKEN, GCLOUD}, [NOBODY, DOCKER, TOKEN]),
        ({KEY, GCLOUD}, [NOBODY, DOCKER, TOKEN, KEY]),
        ({GCLOUD}, [NOBODY, DOCKER, TOKEN, KEY, GCLOUD]),
    ],
    ids=["the docker config file", "an access token", "a key", "gcloud"],
)
def test_who_is_refused_makes_way_for_the_next_and_is_not_tried_again_in_the_project(
    home: Callable[..., dict[str, str]], opens: set[str], asked: list[str], says_no: str
) -> None:
    google = Google({"private": opens}, says_no, known={NOBODY, DOCKER, TOKEN, KEY, GCLOUD})
    with session_to(google, home("docker", "token", "key", "gcloud")) as session:
        assert [read(session, f"private/{name}") for name in "abc"] == [200] * 3
    assert google.asked == asked + asked[-1:] * 2


def test_a_refusal_in_one_project_does_not_shut_another(home: Callable[..., dict[str, str]]) -> None:
    google = Google({"private": {GCLOUD}, "public": {NOBODY}})
    with session_to(google, home("docker", "gcloud")) as session:
        assert read(session, "private/a") == read(session, "public/a") == read(session, "private/b") == 200
    assert google.asked == [NOBODY, DOCKER, GCLOUD, NOBODY, GCLOUD]


def test_once_somebody_was_let_in_a_refusal_is_for_what_was_asked_for(home: Callable[..., dict[str, str]]) -> None:
    google = Google({"public": {NOBODY}})
    with session_to(google, home("token")) as session:
        assert read(session, "public/a") == 200
        google.open_to = {}
        with pytest.raises(DeniedError):
            read(session, "public/blocked")
        google.open_to = {"public": {NOBODY}}
        assert read(session, "public/b") == 200
    assert google.asked == [NOBODY] * 3


def test_who_is_refused_late_gets_the_account_that_was_let_in_meanwhile() -> None:
    keychain = Keychain({"CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29.token"}, None, lambda: 0.0, lambda: datetime.now(UTC))
    accounts, place = Accounts(keychain), Place("gcr.io", "private/a")
    early, late = accounts.at(place), accounts.at(Place("gcr.io", "private/b"))
    assert early.credential == late.credential == Anonymous()

    token = accounts.refused(place, early)
    accounts.opened(place, token)
    assert token.credential == Basic("oauth2accesstoken", "ya29.token")
    assert accounts.refused(Place("gcr.io", "private/b"), late) == accounts.at(place) == token
    assert accounts.refused(place, token) == token


def test_a_token_that_has_ended_in_a_long_run_is_renewed_for_the_account_whose_turn_it_is(
    home: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    clock, program = SteppedClock(), tmp_path / "gcloud"
    accounts = Accounts(Keychain(home("gcloud"), None, clock.now, lambda: datetime.now(UTC)))
    place = Place("gcr.io", "private/a")
    first = accounts.refused(place, accounts.at(place))
    accounts.opened(place, first)
    assert first.credential == Basic("oauth2accesstoken", "ya29.gcloud")

    program.write_text(program.read_text().replace("ya29.gcloud", "ya29.renewed"))
    assert accounts.at(place) == first
    clock.sleep(3600)
    assert accounts.at(place) == replace(first, credential=Basic("oauth2accesstoken", "ya29.renewed"))


@pytest.mark.parametrize("says_no", ["token server", "registry"])
def test_a_refusal_names_all_credentials_that_were_refused_and_what_kept_others_from_being_found(
    home: Callable[..., dict[str, str]], tmp_path: Path, says_no: str
) -> None:
    with session_to(Google({}, says_no), home("helper", "token")) as session:
        for _ in range(2):
            with pytest.raises(DeniedError) as caught:
                read(session, "private/a")
            hint = caught.value.hint
            assert hint.startswith("the credentials from CLOUDSDK_AUTH_ACCESS_TOKEN do not open it (")
            assert f"docker-credential-missing (named in {tmp_path}/.docker/config.json)" in hint
            assert "asking gcloud for an access token: it is not on PATH); it may not exist" in hint
            assert "ya29" not in str(caught.value)


@pytest.mark.parametrize("says_no", ["token server", "registry"])
def test_a_refusal_of_nobody_says_what_was_looked_for(home: Callable[..., dict[str, str]], says_no: str) -> None:
    google = Google({}, says_no)
    with session_to(google, home()) as session, pytest.raises(DeniedError, match="may not exist") as caught:
        read(session, "private/a")
    assert google.asked == [NOBODY]
    assert caught.value.hint.startswith("no credentials for it were found (asking gcloud for an access token: it is not on PATH); ")


@pytest.mark.parametrize("says_no", ["token server", "registry"])
def test_no_answer_is_left_open_when_the_next_in_turn_is_asked(home: Callable[..., dict[str, str]], says_no: str) -> None:
    google, left = Google({"private": {GCLOUD}}, says_no), set[object]()

    def watched(request: httpx.Request) -> httpx.Response:
        response = google(request)
        return httpx.Response(response.status_code, headers=response.headers, stream=Closing(left, response.content))

    with session_to(watched, home("token", "gcloud")) as session:
        assert read(session, "private/a") == 200
    assert google.asked == [NOBODY, TOKEN, GCLOUD]
    assert left == set()


def test_credentials_that_google_does_not_know_are_refused_in_its_words(home: Callable[..., dict[str, str]]) -> None:
    google = Google({}, known={NOBODY})
    with session_to(google, home("key")) as session, pytest.raises(UnauthorizedError, match="authentication failed") as caught:
        read(session, "private/a")
    assert google.asked == [NOBODY, KEY]
    assert "key.json (GOOGLE_APPLICATION_CREDENTIALS) do not open it" in caught.value.hint


def test_who_pushes_is_never_nobody_where_there_are_credentials(home: Callable[..., dict[str, str]]) -> None:
    google = Google({"mine": {NOBODY, GCLOUD}})
    with session_to(google, home("gcloud")) as session:
        assert read(session, "mine/a", actions="pull,push") == 200
    assert google.asked == [GCLOUD]


def test_the_two_variables_of_the_destination_come_alone(home: Callable[..., dict[str, str]]) -> None:
    google = Google({"mine": {GCLOUD}})
    environment = home("gcloud") | {"GCRSYNC_USERNAME": "me", "GCRSYNC_PASSWORD": "hunter2"}
    with session_to(google, environment, Settings(destination="gcr.io")) as session, pytest.raises(UnauthorizedError):
        read(session, "mine/a", actions="pull,push")
    assert google.asked == [DOCKER]


def test_nobody_at_a_registry_that_is_not_googles_gets_what_google_gets(home: Callable[..., dict[str, str]]) -> None:
    google = Google({"public": {NOBODY}})
    with session_to(google, home("token", "key", "gcloud")) as session:
        assert read(session, "public/a", "registry.test") == 200
        with pytest.raises(RegistryError, match="it may not exist"):
            read(session, "private/a", "registry.test")
    assert google.asked == [NOBODY] * 2


def test_a_helper_of_a_registry_that_is_not_googles_must_work(home: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    environment = home()
    (tmp_path / ".docker/config.json").write_text('{"credHelpers": {"registry.test": "missing"}}')
    google = Google({"public": {NOBODY}})
    with session_to(google, environment) as session, pytest.raises(InputError, match="docker-credential-missing"):
        read(session, "public/a", "registry.test")
    assert google.requests == 0
