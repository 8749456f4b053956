"""The commands around the nightly job: help, init, serve, demo, and what they say to wrong usage."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.mirrors import Mirror


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path)


@pytest.mark.parametrize("command", ["compare", "sync", "test", "monitor", "history", "verify", "serve", "demo", "init"])
def test_every_command_explains_itself(mirror: Mirror, command: str) -> None:
    told = mirror.run(command, "--help").stdout

    assert f"gcrsync {command}" in told
    assert len(told.splitlines()) > 10


@pytest.mark.parametrize("command", ["compare", "sync", "test", "monitor", "verify"])
def test_help_says_that_several_namespaces_can_be_named(mirror: Mirror, command: str) -> None:
    assert f"gcrsync {command} [OPTIONS] [NAMESPACE]..." in mirror.run(command, "--help").stdout


def test_the_version_is_printed(mirror: Mirror) -> None:
    assert re.fullmatch(r"gcrsync \d+\.\d+\.\d+\n", mirror.run("--version").stdout)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sync"], "nothing to mirror"),
        (["sync", "gcr.io/p"], "--to DESTINATION"),
        (["sync", "gcr.io/p", "--to", "acme"], "expected HOST/PATH"),
        (["sync", "gcr.io/UPPER", "--to", "ghcr.io/acme"], "not a valid namespace"),
        (["sync", "gcr.io/p", "--to", "ghcr.io/acme", "--include", "re:("], "not a valid pattern"),
        (["sync", "gcr.io/p", "--to", "ghcr.io/acme", "--config", "absent.toml"], "absent.toml"),
        (["sync", "gcr.io/p", "--to", "oci:"], "oci: names no folder"),
        (["serve", "absent"], "is no folder"),
        (["init", "gcr.io/p", "--to", "acme"], "expected HOST/PATH"),
        (["init"], "nothing says NAMESPACE: name it, or run gcrsync init at a terminal"),
        (["init", "gcr.io/p"], "nothing says --to DESTINATION"),
        (["init", "gcr.io/p", "--to", "ghcr.io/acme", "--ci", "gitlab", "--at", "24:00"], "not a valid time of day"),
        (["init", "gcr.io/p", "--to", "ghcr.io/acme", "--platform", "amd64"], "not a valid platform"),
        (
            ["init", "gcr.io/p", "--to", "ghcr.io/acme", "--ci", "gitlab", "--action", "acme/gcrsync@main"],
            "all digits of the commit",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_2(mirror: Mirror, arguments: list[str], words: str) -> None:
    told = mirror.run(*arguments, code=2).stderr

    assert words in told
    assert len(told.splitlines()) == 1


def test_somebody_s_code_is_not_touched(mirror: Mirror, tmp_path: Path) -> None:
    mirror.root = tmp_path / "code"
    mirror.place.git(tmp_path, "init", "--quiet", "code")
    mirror.place.commit(mirror.root, "begin", {"main.py": "print()\n"})
    told = mirror.run("sync", "gcr.io/p", "--to", "ghcr.io/acme", code=2).stderr

    assert "--metadata-repo" in told
    assert "gcrsync init NAMESPACE --to DESTINATION" in told
    assert sorted(path.name for path in mirror.root.iterdir()) == [".git", "main.py"]


def test_outside_of_a_repository_the_way_in_is_told(mirror: Mirror, tmp_path: Path) -> None:
    mirror.root = tmp_path / "nowhere"
    mirror.root.mkdir()

    assert "git init mirror && cd mirror" in mirror.run("sync", "gcr.io/p", "--to", "ghcr.io/acme", code=2).stderr


def test_credentials_from_the_environment_are_for_one_destination(mirror: Mirror) -> None:
    table = '[[mirror]]\nsource = "gcr.io/{0}"\ndestination = "{0}.test/x"\n'
    mirror.place.commit(mirror.root, "configure", {"gcrsync.toml": table.format("a") + table.format("b")})
    told = mirror.run("compare", code=2, environment={"GCRSYNC_USERNAME": "me", "GCRSYNC_PASSWORD": "s3cret"}).stderr

    assert "destinations on a.test, b.test" in told
    assert "s3cret" not in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_folder_is_served_until_a_signal(mirror: Mirror, tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-m", "gcrsync", "serve", str(tmp_path / "layouts"), "--writable", "--port", "0"]
    with subprocess.Popen(command, env=mirror.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert httpx.get(f"http://{address}/v2/").status_code == 200
        process.send_signal(number)
        assert process.wait(10) == 0


def test_the_demonstration_ends_by_itself_and_says_where_to_look(mirror: Mirror, tmp_path: Path) -> None:
    told = mirror.run("demo", "--folder", str(tmp_path / "demo")).stdout
    record = tmp_path / "demo" / "metadata-repository"

    assert f"  {record}  the record" in told
    catalogue = tmp_path / "demo" / "site" / "index.html"
    assert (
        told.splitlines()[-1]
        == f"  {catalogue.as_uri()}  the catalogue: open it in a browser; `gcrsync demo --serve` keeps the registry that it names"
    )
    assert "acme/app" in catalogue.read_text("utf-8")
    assert "\n\n$ gcrsync sync\n" in told
    assert "\N{REPLACEMENT CHARACTER}" not in told
    assert [line.rpartition(": ")[2] for line in mirror.place.subjects(record)] == ["7 added", "1 added, 2 moved, 1 gone"]
    assert mirror.place.git(record, "status", "--porcelain", "--", "metadata", "CHANGELOG.md") == ""
    assert (tmp_path / "demo" / "mirror" / "mirror" / "acme" / "app" / "index.json").exists()


def test_a_demonstration_serves_the_mirror_and_its_catalogue_where_that_is_wanted(mirror: Mirror, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gcrsync", "demo", "--serve", "--folder", str(tmp_path / "demo")]
    with subprocess.Popen(command, env=mirror.environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = next(line.split()[0] for line in process.stdout if line.startswith("  http://"))
        assert "acme/app" in httpx.get(address).text
        assert "mirror/acme/app" in httpx.get(f"{address}v2/_catalog").json()["repositories"]
        process.terminate()

    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demonstration_that_is_ended_by_a_signal_says_so(mirror: Mirror, tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-m", "gcrsync", "demo", "--folder", str(tmp_path / "demo")]
    with subprocess.Popen(command, env=mirror.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "\n"
        process.send_signal(number)
        _, told = process.communicate(timeout=30)

    assert process.returncode == 130
    assert told.splitlines()[-1] == "gcrsync: stopped before it was done: run again to go on"


def test_a_reader_who_goes_away_is_no_failure(mirror: Mirror) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "gcrsync", "demo", "--help"],
            env=mirror.environment,
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(write)

    assert b"Traceback" not in ended.stderr
