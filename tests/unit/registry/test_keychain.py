"""Where credentials are looked for, and in which order."""

import json
import os
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gcrsync.errors import InputError, InvalidConfigError
from gcrsync.registry.credentials import Anonymous, Basic, RegistryToken
from gcrsync.registry.keychain import Keychain
from tests.support.clock import SteppedClock

OWN = {"GCRSYNC_USERNAME": "ci", "GCRSYNC_PASSWORD": "hunter2"}


def write(path: Path, user: str, **more: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"auths": {"r.test": {"auth": b64encode(f"{user}:hunter2".encode()).decode()}}, **more}))


def keychain(environment: dict[str, str], destination: str | None = None, clock: SteppedClock | None = None) -> Keychain:
    return Keychain(environment, destination, (clock or SteppedClock()).now, lambda: datetime.now(UTC))


def test_the_two_variables_are_for_the_destination_alone(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", "docker")
    keys = keychain(OWN | {"HOME": str(tmp_path)}, "registry-1.docker.io")

    assert keys.credential("docker.io", "me/app") == Basic("ci", "hunter2")
    assert keys.credential("r.test", "me/app") == Basic("docker", "hunter2")
    assert keys.credential("gcr.io", "distroless/static") == Anonymous()
    assert keychain(OWN).credential("docker.io") == Anonymous()


def test_the_two_variables_win_over_a_file_that_is_broken(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    keys = keychain(OWN | {"DOCKER_CONFIG": str(tmp_path)}, "r.test")

    assert keys.credential("r.test") == Basic("ci", "hunter2")
    with pytest.raises(InvalidConfigError, match=r"config\.json:1"):
        keys.credential("gcr.io")


@pytest.mark.parametrize(
    ("environment", "empty"),
    [({"GCRSYNC_USERNAME": "ci"}, "GCRSYNC_PASSWORD"), ({"GCRSYNC_PASSWORD": "hunter2"}, "GCRSYNC_USERNAME")],
)
def test_one_of_the_two_variables_alone_is_a_mistake(environment: dict[str, str], empty: str) -> None:
    keys = keychain(environment, "r.test")

    assert keys.credential("gcr.io") == Anonymous()
    with pytest.raises(InputError, match=f"{empty} is empty") as caught:
        keys.credential("r.test")
    assert "hunter2" not in str(caught.value)


def test_the_first_variable_that_holds_a_token_is_taken_and_named() -> None:
    keys = keychain({"GH_TOKEN": "", "GITHUB_TOKEN": "ghp_secret"})
    found = keys.token("GH_TOKEN", "GITHUB_TOKEN")

    assert found == RegistryToken("ghp_secret")
    assert found is not None
    assert found.origin == "GITHUB_TOKEN"
    assert keys.token("GH_TOKEN") is None


def test_a_token_that_would_break_a_header_is_a_mistake_and_not_told() -> None:
    with pytest.raises(InputError, match="the token in GH_TOKEN cannot be sent") as caught:
        keychain({"GH_TOKEN": "secret\nX-Evil: 1"}).token("GH_TOKEN")

    assert "secret" not in str(caught.value)


def test_the_first_file_that_exists_is_the_only_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    files = [
        tmp_path / "docker/config.json",
        tmp_path / "named.json",
        tmp_path / "run/containers/auth.json",
        tmp_path / "xdg/containers/auth.json",
    ]
    environment = {
        "HOME": str(home),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
        "REGISTRY_AUTH_FILE": str(tmp_path / "named.json"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "XDG_CONFIG_HOME": str(tmp_path / "xdg"),
    }
    write(home / ".docker/config.json", "not asked: DOCKER_CONFIG is set")
    for number, path in enumerate(files):
        write(path, f"file {number}")

    for number, path in enumerate(files):
        assert keychain(environment).credential("r.test") == Basic(f"file {number}", "hunter2")
        path.unlink()
    assert keychain(environment).credential("r.test") == Anonymous()


@pytest.mark.parametrize("name", [".docker/config.json", ".config/containers/auth.json"])
def test_the_files_at_home_are_found(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, "home")

    assert keychain({"HOME": str(tmp_path)}).credential("r.test") == Basic("home", "hunter2")
    assert keychain({}).credential("r.test") == Anonymous()


def test_a_file_is_read_once_and_not_before_it_is_needed(tmp_path: Path) -> None:
    keys = keychain({"HOME": str(tmp_path)})
    write(tmp_path / ".docker/config.json", "early")

    assert keys.credential("r.test") == Basic("early", "hunter2")
    write(tmp_path / ".docker/config.json", "late")
    assert keys.credential("r.test") == Basic("early", "hunter2")


def helping(tmp_path: Path, script: str) -> dict[str, str]:
    helper = tmp_path / "docker-credential-test"
    helper.write_text(f'#!/bin/sh\nread server\necho "$server" >> {tmp_path}/asked\n{script}\n')
    helper.chmod(0o755)
    return {"HOME": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}


def test_a_helper_comes_before_the_file_and_is_asked_once_for_each_host(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", "file", credsStore="test")
    environment, clock = helping(tmp_path, 'echo \'{"Username": "helped", "Secret": "hunter2"}\''), SteppedClock()
    keys = keychain(environment, clock=clock)

    for _ in range(3):
        assert keys.credential("r.test", "a") == keys.credential("docker.io", "b") == Basic("helped", "hunter2")
        clock.sleep(100)
    assert (tmp_path / "asked").read_text().split() == ["r.test", "https://index.docker.io/v1/"]


def test_a_helper_is_asked_again_before_what_it_gave_has_ended(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", "file", credHelpers={"r.test": "test"})
    environment, clock = (
        helping(tmp_path, f'printf \'{{"Username": "%s", "Secret": "x"}}\' $(wc -l < {tmp_path}/asked)'),
        SteppedClock(),
    )
    keys = keychain(environment, clock=clock)

    assert keys.credential("r.test") == Basic("1", "x")
    clock.sleep(3600)
    assert keys.credential("r.test") == Basic("2", "x")


def test_a_helper_that_takes_its_time_holds_up_no_other_host(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", "file", credHelpers={"slow.test": "test"})
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    keys = keychain(helping(tmp_path, f'read line < {gate}\necho \'{{"Username": "slow", "Secret": "x"}}\''))
    with ThreadPoolExecutor(1) as executor:
        slow = executor.submit(keys.credential, "slow.test")
        with gate.open("w") as opened:  # once the helper waits there
            assert keys.credential("r.test") == Basic("file", "hunter2")
            opened.write("go\n")
        assert slow.result() == Basic("slow", "x")


def test_what_a_helper_does_not_keep_may_be_in_the_file(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", "file", credsStore="test")
    keys = keychain(helping(tmp_path, "echo credentials not found in native keychain; exit 1"))

    assert keys.credential("r.test") == Basic("file", "hunter2")
    assert keys.credential("gcr.io") == Anonymous()
