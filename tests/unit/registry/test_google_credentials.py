"""Google's own ways to say who asks, with gcloud as a real process."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gcrsync.registry.credentials import Anonymous, Basic, Credential
from gcrsync.registry.google_credentials import GoogleCredentials
from tests.support.clock import SteppedClock

EPOCH = datetime(2026, 11, 26, tzinfo=UTC)
KEY = json.dumps({"type": "service_account", "private_key": "hunter2"}, indent=2) + "\n"

Write = Callable[[str], dict[str, str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write gcloud as a shell script, and give the environment that finds it."""

    def written(script: str) -> dict[str, str]:
        program = tmp_path / "gcloud"
        program.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\n{script}\n")
        program.chmod(0o755)
        return {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    return written


def google(environment: dict[str, str], clock: SteppedClock | None = None) -> GoogleCredentials:
    time = clock or SteppedClock(0)
    return GoogleCredentials(environment, time.now, lambda: EPOCH + timedelta(seconds=time.now()))


def trouble(credential: Credential) -> str:
    assert isinstance(credential, Anonymous)
    return credential.trouble


def answering(**credential: object) -> str:
    return f"cat <<'END'\n{json.dumps({'credential': credential})}\nEND"


def test_an_access_token_is_taken_from_the_variables_of_googles_tools_in_turn() -> None:
    both = {"CLOUDSDK_AUTH_ACCESS_TOKEN": " first\n", "GOOGLE_OAUTH_ACCESS_TOKEN": "second"}

    assert google(both).token() == Basic("oauth2accesstoken", "first")
    assert google(both).token() != google(both | {"CLOUDSDK_AUTH_ACCESS_TOKEN": ""}).token() == Basic("oauth2accesstoken", "second")
    assert google({}).token() == Anonymous()


def test_the_key_of_a_service_account_is_shown_as_it_stands_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(KEY)
    key = google({"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")}).key()

    assert key == Basic("_json_key", KEY)
    assert "hunter2" not in repr(key)
    assert trouble(google({}).key()) == ""


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file"),
        (b"hunter2", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 60_000, "is not JSON"),
        (b'["hunter2"]', "is no key of a service account"),
        (b'{"type": "external_account", "secret": "hunter2"}', "is no key of a service account: log gcloud in with it"),
        (KEY.encode() + b" " * 65_536, "is no key of a service account"),
    ],
)
def test_a_file_that_is_no_key_is_told_and_not_quoted(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_bytes(content)
    told = trouble(google({"GOOGLE_APPLICATION_CREDENTIALS": str(path)}).key())

    assert told.startswith(f"GOOGLE_APPLICATION_CREDENTIALS names {path}, which {reason}")
    assert "hunter2" not in told


def test_gcloud_is_asked_for_a_fresh_token_and_not_to_ask_anybody(write: Write) -> None:
    script = 'printf \'{"credential": {"access_token": "%s %s"}}\' "$*" "$CLOUDSDK_CORE_DISABLE_PROMPTS"'

    assert google(write(script)).gcloud() == Basic(
        "oauth2accesstoken", "config config-helper --force-auth-refresh --format=json(credential) 1"
    )


@pytest.mark.parametrize(
    ("expiry", "lasts"),
    [
        ("2026-11-26T00:30:00Z", 25 * 60),
        ("2026-11-26T00:30:00", 25 * 60),
        ("2026-11-26T02:30:00+02:00", 25 * 60),
        ("2026-11-25T00:00:00Z", 60),
        ("2027-11-26T00:00:00Z", 3600),
        ("soon", 600),
        (None, 600),
    ],
)
def test_a_token_of_gcloud_is_renewed_before_it_ends_and_not_earlier(
    write: Write, tmp_path: Path, expiry: str | None, lasts: int
) -> None:
    clock = SteppedClock(0)
    ways = google(write(answering(access_token="token", token_expiry=expiry)), clock)

    def times_asked() -> int:
        assert ways.gcloud() == Basic("oauth2accesstoken", "token")
        return len((tmp_path / "asked").read_text().split())

    assert times_asked() == 1
    clock.seconds = lasts - 1
    assert times_asked() == 1
    clock.seconds = lasts
    assert times_asked() == 2


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo hunter2; exit 1", "it ended with 1: try gcloud auth login"),
        ("echo hunter2", "its answer holds no access token"),
        ("echo '[\"hunter2\"]'", "its answer holds no access token"),
        ('echo \'{"credential": "hunter2"}\'', "its answer holds no access token"),
        (answering(id_token="hunter2"), "its answer holds no access token"),
        (answering(access_token=None), "its answer holds no access token"),
    ],
)
def test_a_gcloud_that_gives_no_token_is_told_and_not_quoted_and_not_asked_again_at_once(
    write: Write, tmp_path: Path, script: str, reason: str
) -> None:
    ways = google(write(script))

    for _ in range(3):
        assert trouble(ways.gcloud()).startswith(f"asking gcloud for an access token: {reason}")
        assert "hunter2" not in trouble(ways.gcloud())
    assert (tmp_path / "asked").read_text().split() == ["asked"]


def test_a_gcloud_that_is_missing_is_told() -> None:
    assert trouble(google({"PATH": "/nonexistent"}).gcloud()) == "asking gcloud for an access token: it is not on PATH"
