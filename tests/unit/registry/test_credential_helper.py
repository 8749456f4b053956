"""Programs that keep credentials, as real processes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gcrsync.errors import InputError
from gcrsync.registry.credential_helper import CredentialHelper
from gcrsync.registry.credentials import Anonymous, Basic, Credential, IdentityToken

Write = Callable[[str], dict[str, str]]
HELPER = CredentialHelper("test", "/home/me/.docker/config.json")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a helper as a shell script, and give the environment that finds it."""

    def written(script: str) -> dict[str, str]:
        program = tmp_path / "docker-credential-test"
        program.write_text(script if script.startswith("#!") else f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    return written


def answering(user: str, secret: str) -> str:
    return f"cat <<'END'\n{json.dumps({'ServerURL': 'https://r.test', 'Username': user, 'Secret': secret})}\nEND"


@pytest.mark.parametrize(
    ("user", "secret", "credential"),
    [
        ("me", "hunter2", Basic("me", "hunter2")),
        ("<token>", "refresh", IdentityToken("<token>", "refresh")),
        ("", "", Anonymous()),
    ],
)
def test_a_helper_gives_credentials(write: Write, user: str, secret: str, credential: Credential) -> None:
    assert HELPER.get("r.test", write(answering(user, secret))) == credential


def test_a_helper_is_told_the_server_on_standard_input_and_gets_the_environment(write: Write) -> None:
    script = 'printf \'{"Username": "%s %s", "Secret": "%s"}\' "$1" "$(cat)" "$GIVEN"'

    assert HELPER.get("https://index.docker.io/v1/", write(script) | {"GIVEN": "hunter2"}) == Basic(
        "get https://index.docker.io/v1/", "hunter2"
    )


@pytest.mark.parametrize("stream", ["1", "2"])
def test_credentials_that_are_not_kept_are_nobodys(write: Write, stream: str) -> None:
    assert HELPER.get("r.test", write(f"echo credentials not found in native keychain >&{stream}; exit 1")) == Anonymous()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo hunter2; exit 3", "it ended with 3"),
        ("echo hunter2 >&2; exit 1", "it ended with 1"),
        ("echo hunter2", "its answer is not JSON"),
        ("echo '[\"hunter2\"]'", "no Username and Secret"),
        ('echo \'{"Username": "hunter2"}\'', "no Username and Secret"),
        ('echo \'{"Username": 1, "Secret": "hunter2"}\'', "no Username and Secret"),
        ("#!/nonexistent/interpreter\n", "it cannot be run"),
    ],
)
def test_a_helper_that_fails_is_named_with_its_file_and_not_quoted(write: Write, script: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        HELPER.get("r.test", write(script))
    assert "docker-credential-test" in caught.value.message
    assert HELPER.config in caught.value.message
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("environment", [{}, {"PATH": ""}, {"PATH": "/nonexistent"}])
def test_a_helper_that_is_missing_is_named_with_its_file(environment: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"docker-credential-test .named in /home/me/.docker/config.json.*not on PATH"):
        HELPER.get("r.test", environment)
