"""What earlier mirrors of their kind got wrong, as facts about this one: what is found, copied, recorded, told and kept secret."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import httpx
import pytest

from gcrsync.oci.digest import Digest
from tests.support import faults
from tests.support.build import image, index
from tests.support.faults import Answer, Fault
from tests.support.gate import Gate
from tests.support.nights import SECRET, Night, check_lines, night
from tests.support.simulator import Simulator
from tests.support.tables import counted

OLD, NEW = index(image("old"), image("old arm")), index(image("new"), image("new arm"))
NOW = {"Retry-After": "0"}
"""Asks for patience, but not for much."""


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Night]:
    with night(tmp_path) as begun:
        yield begun


def digests(**tags: Digest) -> dict[str, str]:
    return {tag: str(digest) for tag, digest in tags.items()}


# Listing and comparing.


def test_a_moved_tag_is_copied_again_under_an_unchanged_name(begun: Night) -> None:
    begun.source.add("acme/app", OLD, "latest", "v1")
    begun.sync()
    begun.source.add("acme/app", NEW, "latest")
    begun.sync()

    assert begun.recorded("app")["tags"] == begun.serves("app") == digests(latest=NEW.digest, v1=OLD.digest)
    assert begun.mirror.log[-1] == f"Mirror {begun.namespace}: 1 moved"
    moved = f"moved `latest` from `{OLD.digest}` to `{NEW.digest}`"
    assert moved in begun.mirror.place.show(begun.mirror.place.remote, "CHANGELOG.md")
    assert not begun.unserved()


def test_every_tag_at_every_depth_is_found_by_one_thread_as_by_many(begun: Night) -> None:
    paths = ["acme", "acme/java", "acme/java/debug", "acme/a/b/c/d/e/f/g", *(f"acme/wide/n{number}" for number in range(12))]
    for path in paths:
        begun.source.add(path, image(), "V1.10.3-1", "v1.10.3-1")
    host = begun.namespace.removesuffix("/acme")
    wanted = sorted((f"{host}/{path}", tag) for path in paths for tag in ("V1.10.3-1", "v1.10.3-1"))

    for jobs in ("1", "16"):
        compared = begun.run("compare", begun.namespace, "--to", begun.destination, "--jobs", jobs, "--json").stdout
        assert [(image["repository"], image["tag"]) for image in json.loads(compared)["namespaces"][0]["images"]] == wanted


STATUSES = (403, 404, 429, 500)


def test_a_list_that_is_refused_is_never_a_list_without_tags(begun: Night) -> None:
    for code in STATUSES:
        begun.source.add(f"acme/s{code}", OLD, "1")
    begun.sync()
    before = begun.mirror.log
    begun.source.faults = [
        Fault("GET", f"/v2/acme/s{code}/tags/list", faults.status(code, "NO", headers=NOW), times=None) for code in STATUSES
    ]
    told = begun.sync(code=3).stderr

    assert [told.count(f"not listed: {begun.namespace}/s{code}: ") for code in STATUSES] == [1] * 4
    for code in (404, 429):
        begun.source.faults = [Fault("GET", ".", faults.status(code, "NO", headers=NOW), times=None)]
        report = json.loads(begun.run("compare", begun.namespace, "--to", begun.destination, "--json", code=3).stdout)
        found = report["namespaces"][0]
        assert (found["complete"], found["gone"], found["unchanged"]) == (False, 0, 4)
    assert begun.mirror.log == before


def test_a_tag_that_moves_while_it_is_copied_is_recorded_as_it_was_listed_and_served(begun: Night) -> None:
    begun.source.add("acme/app", OLD, "latest")

    def moves(request: httpx.Request, answer: Answer) -> httpx.Response:
        begun.source.add("acme/app", NEW, "latest")
        return answer(request)

    begun.source.faults.append(Fault("GET", "/manifests/", moves))
    begun.sync()

    assert begun.source.repositories["acme/app"].tags == digests(latest=NEW.digest)
    assert begun.recorded("app")["tags"] == begun.serves("app") == digests(latest=OLD.digest)


# Copying, and what is said of it.


def test_of_many_failures_each_tells_its_own_reason_and_nothing_that_was_confirmed_is_lost(begun: Night) -> None:
    for number in range(20):
        reason = faults.status(403, f"REASON_{number}")
        begun.source.add(f"acme/bad{number}", image(f"bad {number}", layers=1), "1")
        if number % 2:
            begun.source.faults.append(Fault("GET", f"/v2/acme/bad{number}/blobs/", reason, times=None))
        else:
            begun.target.faults.append(Fault("PUT", f"/v2/m/acme/bad{number}/manifests/", reason, times=None))
        begun.source.add(f"acme/good{number}", image(f"good {number}", layers=1), "1", "2")
    begun.source.add("acme/broken", image("broken"), "1")
    begun.source.faults.append(Fault("GET", "/v2/acme/broken/manifests/", faults.unreachable(), times=None))
    told = begun.sync("--jobs", "16", code=1).stderr

    for number in range(20):
        (line,) = [line for line in told.splitlines() if line.startswith(f"failed: {begun.namespace}/bad{number}:1: ")]
        assert line.count("REASON_") == line.count(f"REASON_{number}:") == 1
    assert f"failed: {begun.namespace}/broken:1: " in told
    assert begun.mirror.documents().keys() == {f"{begun.namespace}/good{number}" for number in range(20)}
    assert begun.mirror.log[-1] == f"Mirror {begun.namespace}: 40 added, 21 failed"
    assert not begun.unserved()


def test_a_night_in_which_every_image_fails_is_red_and_records_nothing(begun: Night) -> None:
    begun.source.add("acme/denied", image("denied"), "1")
    begun.source.add("acme/asleep", image("asleep"), "1")
    begun.target.faults.append(Fault("PUT", "/denied/manifests/1", faults.status(403, "DENIED"), times=None))
    for method in ("GET", "HEAD"):
        begun.target.faults.append(Fault(method, "/asleep/", faults.status(429, headers=NOW), times=None))
    told = begun.sync(code=1)

    assert counted(told.stdout) == {"added": 0, "moved": 0, "gone": 0, "held": 0, "unchanged": 0, "failed": 2}
    assert begun.mirror.log == ["begin"]
    assert not begun.target.requests("PUT", "/asleep/")


def test_repositories_of_one_name_are_two_in_the_mirror(begun: Night) -> None:
    begun.source.add("acme/base", OLD, "1")
    begun.source.add("other/base", NEW, "1")
    other = begun.namespace.replace("/acme", "/other")
    begun.run("sync", begun.namespace, other, "--to", begun.destination)

    assert begun.target.repositories["m/acme/base"].tags == digests(**{"1": OLD.digest})
    assert begun.target.repositories["m/other/base"].tags == digests(**{"1": NEW.digest})
    assert not begun.unserved()


def test_names_that_would_fall_together_end_the_run_before_the_first_byte(begun: Night) -> None:
    begun.source.add("acme/a/b_c", OLD, "1")
    begun.source.add("acme/a_b/c", NEW, "1")
    begun.mirror.configure(begun.namespace, begun.destination, 'name = "{flat}"\n')
    (told,) = [line for line in begun.run("sync", code=2).stderr.splitlines() if line.startswith("gcrsync: ")]

    assert f"{begun.namespace}/a/b_c and {begun.namespace}/a_b/c would both be mirrored to " in told
    assert not begun.target.log


# The record.


def test_the_first_night_on_an_empty_repository_makes_everything_and_the_second_nothing(begun: Night, tmp_path: Path) -> None:
    place = begun.mirror.place
    place.remote = tmp_path / "empty.git"
    place.git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    begun.mirror.root = place.clone("fresh")
    begun.source.add("acme/app", OLD, "1")
    zoneless = {"TZ": "Nowhere/Nonsense", "PYTHONTZPATH": ""}
    begun.sync("--report", "../report.json", environment=zoneless)
    written, commits = place.git(place.remote, "ls-tree", "-r", "--name-only", "main").splitlines(), begun.mirror.log

    assert {"CHANGELOG.md", "metadata/README.md"} < set(written)
    assert begun.recorded("app")["tags"] == digests(**{"1": OLD.digest})
    started = json.loads((tmp_path / "report.json").read_text("utf-8"))["started"]
    assert timedelta() <= datetime.now(UTC) - datetime.fromisoformat(started) < timedelta(minutes=2)
    assert f"\n## {started} {begun.namespace}\n" in place.show(place.remote, "CHANGELOG.md")
    begun.source.log.clear()
    assert "nothing to record" in begun.sync(environment=zoneless).stderr
    assert begun.mirror.log == commits
    assert {logged.path.rpartition("/")[2] for logged in begun.source.log} == {"list"}


def test_a_record_that_cannot_be_pushed_is_kept_and_the_next_night_pushes_it_without_a_byte(begun: Night) -> None:
    place = begun.mirror.place
    begun.source.add("acme/app", OLD, "1")
    place.hook(place.remote, "pre-receive", "echo protected branch >&2; exit 1")
    told = begun.sync(code=3).stderr
    kept = re.search(r"recorded here in commit (\w{12}), and the next one pushes it", told)

    assert kept
    assert begun.mirror.log == ["begin"]
    (place.remote / "hooks" / "pre-receive").unlink()
    begun.target.log.clear()
    begun.sync()
    assert place.git(place.remote, "rev-parse", "main").startswith(kept[1])
    assert begun.recorded("app")["tags"] == digests(**{"1": OLD.digest})
    assert not begun.target.requests("PUT")


def test_a_record_is_the_same_however_its_place_is_written(begun: Night) -> None:
    begun.source.add("acme/app", OLD, "1")
    begun.sync()
    begun.target.log.clear()
    again = begun.run("sync", f"{begun.namespace}/", "--to", f"{begun.destination}/", "--metadata-repo", "../mirror/./metadata/..")

    assert counted(again.stdout)["unchanged"] == 1
    assert not begun.target.log
    assert len(begun.mirror.log) == 2


def test_a_folder_with_the_name_of_the_metadata_repository_is_left_alone(begun: Night) -> None:
    begun.source.add("acme/app", OLD, "1")
    precious = begun.mirror.root / "remote" / "precious.txt"
    precious.parent.mkdir()
    precious.write_text("mine\n", "utf-8")
    begun.sync("--metadata-repo", f"file://{begun.mirror.place.remote}")

    assert precious.read_text("utf-8") == "mine\n"
    assert begun.recorded("app")["tags"] == digests(**{"1": OLD.digest})
    assert "remotes is not there: name a git repository" in begun.sync("--metadata-repo", "remotes", code=2).stderr


def test_without_a_command_nothing_is_done_but_help(begun: Night) -> None:
    begun.mirror.configure(begun.namespace, begun.destination)
    ended = begun.run(code=2)

    assert "Usage: gcrsync" in ended.stdout + ended.stderr
    assert not begun.source.log
    assert begun.mirror.log == ["begin", "configure"]


# What is needed, and what is told to whom.


@pytest.fixture
def only_git(begun: Night, tmp_path: Path) -> Path:
    """Leave nothing on the PATH but git, and give the file in which each of its arguments is noted."""
    programs, calls = tmp_path / "programs", tmp_path / "calls"
    programs.mkdir()
    (programs / "env").symlink_to(shutil.which("env") or "")
    git = programs / "git"
    git.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>"{calls}"\nexec "{shutil.which("git")}" "$@"\n', "utf-8")
    git.chmod(0o755)
    begun.mirror.environment["PATH"] = str(programs)
    return calls


def authorizations(registry: Simulator) -> set[str]:
    return {logged.headers["Authorization"] for logged in registry.log if "Authorization" in logged.headers}


def files_below(*folders: Path) -> Iterator[bytes]:
    for folder in folders:
        yield from (path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_credentials_go_to_their_own_registry_and_into_no_argument_file_or_line(
    begun: Night, only_git: Path, tmp_path: Path
) -> None:
    reader, writer = ("reader", f"{SECRET}-source"), ("writer", f"{SECRET}-target")
    basic = {name: base64.b64encode(f"{name}:{password}".encode()).decode() for name, password in (reader, writer)}
    begun.source.gate, begun.target.gate = Gate("basic", reader, private=True), Gate("bearer", writer, private=True)
    begun.source.add("acme/app", OLD, "1")
    host, docker = begun.namespace.removesuffix("/acme"), tmp_path / "home" / ".docker"
    docker.mkdir()
    (docker / "config.json").write_text(json.dumps({"auths": {host: {"auth": basic["reader"]}}}), "utf-8")
    for name in [name for name in begun.mirror.environment if name.startswith("GIT_AUTHOR_")]:
        del begun.mirror.environment[name]
    config = (tmp_path / "home" / "gitconfig").read_bytes()
    told = begun.sync(environment=dict(zip(("GCRSYNC_USERNAME", "GCRSYNC_PASSWORD"), writer, strict=True)))

    assert begun.serves("app") == digests(**{"1": OLD.digest})
    tokens = set(begun.target.gate.granted)
    assert authorizations(begun.source) == {f"Basic {basic['reader']}"}
    assert authorizations(begun.target) == {f"Basic {basic['writer']}", *(f"Bearer {token}" for token in tokens)}
    calls = only_git.read_text("utf-8")
    assert "push" in calls
    assert "--global" not in calls
    assert (tmp_path / "home" / "gitconfig").read_bytes() == config
    for secret in (SECRET, *basic.values(), *tokens):
        assert secret not in calls + told.stdout + told.stderr
        assert not any(secret.encode() in content for content in files_below(begun.mirror.root, begun.mirror.place.remote))
    begun.check_remote()


@pytest.mark.usefixtures("only_git")
def test_a_comparison_needs_no_remote_no_destination_no_credentials_and_no_docker(begun: Night) -> None:
    begun.source.add("acme/app", OLD, "1", "2")
    begun.mirror.place.git(begun.mirror.root, "remote", "set-url", "origin", f"https://ann:{SECRET}@git.invalid/mirror.git")
    ended = begun.run("compare", begun.namespace, "--to", "registry.invalid/m", "--exit-code", code=10)

    assert "added     1, 2" in ended.stdout
    assert not begun.target.log


# The end of a run.


def started(begun: Night) -> subprocess.Popen[str]:
    """Begin to mirror the namespace."""
    command = [sys.executable, "-m", "gcrsync", "sync", begun.namespace, "--to", begun.destination]
    return subprocess.Popen(
        command,
        cwd=begun.mirror.root,
        env=begun.mirror.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(happened: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if happened():
            return
        time.sleep(0.02)
    pytest.fail("it did not happen within 20 seconds")


def test_a_signal_ends_a_stalled_copy_and_what_was_confirmed_is_pushed(begun: Night) -> None:
    release = Event()
    begun.source.add("acme/app", OLD, "1", "2")
    begun.source.add("acme/slow", image("slow", size=500_000), "1")
    stall = Fault("GET", "/v2/acme/slow/blobs/", faults.stalled(release), first=2)
    begun.source.faults.append(stall)
    with started(begun) as process:
        wait_until(lambda: stall.seen >= 2 and begun.serves("app").keys() == {"1", "2"})
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        printed, told = process.communicate(timeout=30)
        took = time.monotonic() - asked
    release.set()
    check_lines(told)
    check_lines(printed)

    assert process.returncode == 130, told
    assert took < 10
    assert "the next run goes on from there" in told
    assert counted(printed)["failed"] == 0
    assert "failed" not in told
    assert begun.recorded("app")["tags"].keys() == {"1", "2"}
    assert begun.recorded("slow") == {"tags": {}}
    assert not begun.unserved()
    assert counted(begun.sync().stdout)["added"] == 1
    assert begun.recorded("slow")["tags"] == begun.serves("slow")


def test_a_second_signal_ends_a_run_at_once_and_what_git_has_started_with_it(begun: Night, tmp_path: Path) -> None:
    begun.source.add("acme/app", OLD, "1")
    pushing = tmp_path / "pushing"
    begun.mirror.place.hook(begun.mirror.root, "pre-push", f"echo $$ >{pushing}.new; mv {pushing}.new {pushing}; exec sleep 60")
    with started(begun) as process:
        wait_until(pushing.exists)
        hook = int(pushing.read_text())
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None
        os.kill(hook, 0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 130
    wait_until(lambda: not is_running(hook))


def is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
