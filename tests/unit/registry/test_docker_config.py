"""The files of Docker and Podman, as they are found."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from gcrsync.errors import InvalidConfigError
from gcrsync.registry.credentials import Anonymous, Basic, Credential, IdentityToken, RegistryToken
from gcrsync.registry.docker_config import DockerConfig


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def auth(user: str) -> dict[str, str]:
    return {"auth": encoded(f"{user}:hunter2")}


def config(document: object) -> DockerConfig:
    text = json.dumps(document, indent=2)
    return DockerConfig("config.json", text, json.loads(text))


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("https://index.docker.io/v1/", "docker.io"),
        ("index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("gcr.io", "gcr.io"),
        ("https://gcr.io", "gcr.io"),
        ("http://gcr.io/v2/", "gcr.io"),
        ("https://gcr.io/any/path", "gcr.io"),
        ("GCR.io", "gcr.io"),
        ("registry.test:5000", "registry.test:5000"),
    ],
)
def test_the_keys_of_a_registry_are_one(key: str, registry: str) -> None:
    assert config({"auths": {key: auth("me")}}).credential(registry, "a/b") == Basic("me", "hunter2")
    assert config({"auths": {key: auth("me")}}).credential("other.test", "a/b") == Anonymous()


@pytest.mark.parametrize(
    ("repository", "user"),
    [("team/app", "app"), ("team/app/debug", "app"), ("team/apple", "team"), ("team", "team"), ("teams", "host"), ("", "host")],
)
def test_the_longest_key_that_leads_to_a_repository_wins(repository: str, user: str) -> None:
    keys = {"r.test": "host", "r.test/team": "team", "r.test/team/app": "app"}

    assert config({"auths": {key: auth(user) for key, user in keys.items()}}).credential("r.test", repository) == Basic(
        user, "hunter2"
    )


def test_of_several_keys_for_a_host_the_same_one_always_wins() -> None:
    users = {"https://r.test": "url", "r.test": "host", "http://r.test": "plain"}

    for keys in (list(users), list(reversed(users))):
        assert config({"auths": {key: auth(users[key]) for key in keys}}).credential("r.test", "") == Basic("host", "hunter2")


def test_an_empty_entry_hides_nothing() -> None:
    assert config({"auths": {"gcr.io": {}, "https://gcr.io": auth("me")}}).credential("gcr.io", "") == Basic("me", "hunter2")


@pytest.mark.parametrize(
    ("entry", "credential"),
    [
        ({"auth": encoded("me:a:b:c")}, Basic("me", "a:b:c")),
        ({"auth": encoded("me:padded\0\0")}, Basic("me", "padded")),
        ({"auth": encoded("ä:ö")}, Basic("ä", "ö")),
        ({"username": "me", "password": "plain"}, Basic("me", "plain")),
        ({"auth": encoded("00000000-0000:"), "identitytoken": "refresh"}, IdentityToken("00000000-0000", "refresh")),
        ({"identitytoken": "refresh"}, IdentityToken("<token>", "refresh")),
        ({"registrytoken": "access"}, RegistryToken("access")),
        ({"auth": encoded(":")}, Anonymous()),
        ({"auth": ""}, Anonymous()),
        ({"email": "me@example.com"}, Anonymous()),
    ],
)
def test_every_kind_of_entry_is_read(entry: dict[str, str], credential: Credential) -> None:
    assert config({"auths": {"r.test": entry}}).credential("r.test", "") == credential


@pytest.mark.parametrize(
    "entry",
    [{"auth": "hunter2!"}, {"auth": encoded("hunter2")}, {"auth": 5}, "hunter2", {"registrytoken": "hunter2\n"}, {"auth": "//8="}],
)
def test_an_entry_that_cannot_be_used_is_named_with_its_line_and_not_shown(entry: object) -> None:
    broken = config({"auths": {"fine.test": auth("me"), "r.test": entry}})

    assert broken.credential("fine.test", "") == Basic("me", "hunter2")
    with pytest.raises(InvalidConfigError, match=r"config.json:6: r.test: ") as caught:
        broken.credential("r.test", "")
    assert "hunter2" not in str(caught.value)


def test_the_helper_of_a_registry_comes_before_that_of_all() -> None:
    helpers = config({"credHelpers": {"https://gcr.io": "gcloud", "none.test": ""}, "credsStore": "pass"})

    assert [getattr(helpers.helper(host), "name", None) for host in ("gcr.io", "r.test", "none.test")] == ["gcloud", "pass", None]
    assert config({"auths": {"r.test": {}}}).helper("r.test") is None


@pytest.mark.parametrize("name", ["../evil", "a/b", "/bin/sh", ".", "a b", 5, {"x": 1}])
def test_a_helper_is_a_plain_name(name: object) -> None:
    with pytest.raises(InvalidConfigError, match=r"config.json:2: credsStore: "):
        config({"credsStore": name}).helper("r.test")
    with pytest.raises(InvalidConfigError, match=r"config.json:3: r.test: "):
        config({"credHelpers": {"r.test": name}}).helper("r.test")


@pytest.mark.parametrize(
    ("auths", "registry", "server"),
    [
        ({}, "docker.io", "https://index.docker.io/v1/"),
        ({}, "gcr.io", "gcr.io"),
        ({"https://gcr.io": {}}, "gcr.io", "https://gcr.io"),
        ({"docker.io": {}}, "docker.io", "docker.io"),
    ],
)
def test_a_helper_is_asked_by_the_name_that_was_logged_in_to(auths: dict[str, object], registry: str, server: str) -> None:
    assert config({"auths": auths}).server(registry) == server


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n  "auths": {\n    "r.test": {"auth": "hunter2"\n', 4),
        ("[]", 1),
        ("hunter2", 1),
        ("[" * 100_000, 0),
        ('{"auths": \n[1]}', 1),
    ],
)
def test_a_file_that_is_broken_is_named_with_its_line_and_not_quoted(tmp_path: Path, text: str, line: int) -> None:
    path = written(tmp_path / "config.json", text)

    with pytest.raises(InvalidConfigError) as caught:
        (DockerConfig.read(path) or config({})).credential("r.test", "")
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value.__context__) or caught.value.__suppress_context__


def test_a_file_that_is_not_there_is_none_and_an_empty_one_holds_nothing(tmp_path: Path) -> None:
    blank = DockerConfig.read(written(tmp_path / "blank.json", "\n"))

    assert DockerConfig.read(tmp_path / "missing.json") is None
    assert DockerConfig.read(tmp_path / "blank.json" / "config.json") is None
    assert blank is not None
    assert blank.credential("r.test", "") == Anonymous()
    assert blank.helper("r.test") is None


def test_what_cannot_be_read_as_a_file_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe")

    for path in (tmp_path, binary):
        with pytest.raises(InvalidConfigError, match=path.name):
            DockerConfig.read(path)


def test_a_file_does_not_show_what_it_holds() -> None:
    assert "hunter2" not in repr(config({"auths": {"r.test": {"username": "me", "password": "hunter2"}}}))
