"""``gcrsync doctor`` beside each thing that can be broken, one at a time, and beside nothing that is."""

import errno
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from gcrsync.oci.name import Repository
from gcrsync.registry.client import Client
from tests.support.build import image
from tests.support.docker_registry import ACCOUNT, with_account
from tests.support.docker_registry import docker_registry as real_registry
from tests.support.mirrors import Mirror
from tests.support.pushing import push
from tests.support.serving import served
from tests.support.sessions import session_to
from tests.support.simulator import Simulator
from tests.support.tunnels import ended_certificate, make_authority, proxy

HOST = "registry.test"

Said = tuple[str, str, str]
"""The subject of a check, its verdict, and a part of what is told or advised."""


@dataclass(slots=True)
class Scene:
    """A mirror that has all it needs, and what a test takes from it."""

    mirror: Mirror
    source: str
    destination: str
    environment: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """The metadata repository."""
        return self.mirror.root

    def git(self, *arguments: str) -> None:
        """Run git there."""
        self.mirror.place.git(self.root, *arguments)

    def path(self, name: str) -> Path:
        """Give a path beside it."""
        return self.mirror.place.folder / name

    def examine(self, code: int | None = None) -> dict[str, Any]:
        """Run the doctor, and give its document."""
        ended = self.mirror.run("doctor", *self.arguments, "--json", code=code, environment=self.environment)
        assert ACCOUNT[1] not in ended.stdout + ended.stderr
        document: dict[str, Any] = json.loads(ended.stdout)
        assert document["exit"] == ended.returncode
        assert all(check["advice"] for check in document["checks"] if check["verdict"] == "failed")
        return document


@pytest.fixture(scope="module")
def ends(docker_registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Give a source with one image, and a registry that only ACCOUNT may use."""
    folder = tmp_path_factory.mktemp("registry")
    with real_registry(folder, with_account(folder)) as destination, session_to() as session:
        push(Client(session, "pull,push"), Repository(docker_registry, "doctor/app"), image("app"), "1")
        yield docker_registry, destination


@pytest.fixture
def scene(ends: tuple[str, str], tmp_path: Path) -> Scene:
    source, destination = ends
    mirror = Mirror(tmp_path)
    mirror.configure(f"{source}/doctor", f"{destination}/acme")
    environment = {"GCRSYNC_USERNAME": ACCOUNT[0], "GCRSYNC_PASSWORD": ACCOUNT[1], "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return Scene(mirror, source, destination, environment)


def found(document: Mapping[str, Any], subject: str) -> tuple[str, str]:
    """Give the verdict and all words of the check whose subject begins so."""
    check = next(check for check in document["checks"] if check["subject"].startswith(subject))
    return check["verdict"], f"{check['told']}; {check['advice']}"


def check(document: Mapping[str, Any], subject: str, verdict: str, told: str) -> None:
    """Check that it is said so of a subject."""
    said = found(document, subject)
    assert (said[0], told in said[1]) == (verdict, True), said


def test_where_all_is_well_nothing_is_left_behind_and_it_ends_with_0(scene: Scene) -> None:
    document = scene.examine(code=0)

    assert {check["verdict"] for check in document["checks"]} == {"ok"}
    assert [check["subject"].split()[0] for check in document["checks"]] == [
        *("gcrsync", "git", "identity", "repository", "branch", "files", "remote", "push", "record", "configuration"),
        *("proxy", "certificates"),
        *sorted_ends(scene),
        *("clock", "disk", "disk", "disk"),
    ]
    assert "GCRSYNC_USERNAME and GCRSYNC_PASSWORD" in found(document, "destination")[1]
    told = httpx.get(f"http://{scene.destination}/v2/_catalog", auth=ACCOUNT).json()
    assert told == {"repositories": []}
    assert scene.mirror.log == ["begin", "configure"]


def sorted_ends(scene: Scene) -> list[str]:
    """Give what is asked of both registries, in the order of their names."""
    asked = {scene.source: ["registry", "source"], scene.destination: ["registry", "destination"]}
    return [each for host in sorted(asked) for each in asked[host]]


def _variables(**variables: str) -> Callable[[Scene], None]:
    return lambda scene: scene.environment.update(variables)


def _wrong_password(scene: Scene) -> None:
    scene.environment["GCRSYNC_PASSWORD"] = "wrong"


def _half_an_account(scene: Scene) -> None:
    scene.environment["GCRSYNC_PASSWORD"] = ""


def _broken_logins(scene: Scene) -> None:
    scene.path("config.json").write_text("{")
    scene.environment |= {"DOCKER_CONFIG": str(scene.path("")), "GCRSYNC_USERNAME": "", "GCRSYNC_PASSWORD": ""}


def _old_git(scene: Scene) -> None:
    script = scene.path("bin") / "git"
    script.parent.mkdir()
    script.write_text(
        '#!/bin/sh\ncase "$*" in *version*) echo "git version 2.20.1";; *) exec /usr/bin/env PATH="$REAL" git "$@";; esac\n'
    )
    script.chmod(0o755)
    scene.environment |= {"REAL": os.environ["PATH"], "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}"}


def _no_remote(scene: Scene) -> None:
    scene.git("remote", "remove", "origin")


def _dead_remote(scene: Scene) -> None:
    scene.git("remote", "set-url", "origin", f"file://{scene.path('nowhere.git')}")


def _closed_remote(scene: Scene) -> None:
    scene.git("remote", "set-url", "--push", "origin", f"file://{scene.path('closed.git')}")


def _behind(scene: Scene) -> None:
    other = scene.mirror.place.clone("other")
    scene.mirror.place.commit(other, "news", {"news.txt": "new\n"})
    scene.mirror.place.git(other, "push", "--quiet", "origin", "main")


def _hook(scene: Scene) -> None:
    scene.mirror.place.hook(scene.mirror.place.remote, "pre-receive", "exit 1")


def _detached(scene: Scene) -> None:
    scene.git("checkout", "--quiet", "--detach")


def _uncommitted(scene: Scene) -> None:
    (scene.root / "metadata" / "README.md").write_text("# Mine\n")


def _broken_record(scene: Scene) -> None:
    scene.mirror.place.commit(scene.root, "break", {"metadata/gcr.io/a/b.json": "{"})


def _broken_configuration(scene: Scene) -> None:
    (scene.root / "gcrsync.toml").write_text('[[mirror]]\nsource = "gcr.io/distroless"\nfrom = 1\n')


def _no_repository(scene: Scene) -> None:
    scene.arguments += ["--metadata-repo", str(scene.path("nothing"))]


def _no_folder(scene: Scene) -> None:
    scene.path("taken").write_text("a file\n")
    scene.arguments += ["--to", f"oci:{scene.path('taken')}/images", f"{scene.source}/doctor"]


def _long_name(scene: Scene) -> None:
    scene.arguments += ["--to", f"oci:{scene.path('images' * 50)}", f"{scene.source}/doctor"]


def _absent_source(scene: Scene) -> None:
    scene.arguments += ["--to", f"{scene.destination}/acme", f"{scene.source}/absent"]
    (scene.root / "gcrsync.toml").unlink()


def _offline(scene: Scene) -> None:
    scene.arguments += ["--to", "127.0.0.1:1/acme", "127.0.0.1:1/team"]
    (scene.root / "gcrsync.toml").unlink()


def _no_certificates(scene: Scene) -> None:
    scene.path("empty.pem").touch()
    scene.environment["SSL_CERT_FILE"] = str(scene.path("empty.pem"))


BROKEN: list[tuple[Callable[[Scene], None], int, tuple[Said, ...]]] = [
    (_wrong_password, 1, (("destination", "failed", "GCRSYNC_USERNAME and GCRSYNC_PASSWORD do not open it"),)),
    (_half_an_account, 1, (("destination", "failed", "GCRSYNC_PASSWORD is empty"),)),
    (
        _broken_logins,
        1,
        (
            ("registry", "ok", "it answers"),
            ("destination", "failed", "config.json:1: is not JSON: Expecting property name enclosed in double quotes; correct it"),
            ("clock", "ok", "agrees with"),
        ),
    ),
    (_old_git, 1, (("git", "failed", "git version 2.20.1 is too old; install git, 2.29 or newer"),)),
    (_no_remote, 0, (("remote", "warning", "git remote add origin URL"), ("push", "warning", "there is none"))),
    (_dead_remote, 1, (("remote", "failed", "see that the URL of the remote is right"),)),
    (_closed_remote, 1, (("push", "failed", "whether this account may push there"), ("remote", "ok", "can be read"))),
    (_behind, 0, (("push", "ok", "commits that are not here, which a run fetches first"),)),
    (_hook, 0, (("push", "ok", "its hooks and rules for branches are not known before a real push"),)),
    (_detached, 1, (("branch", "failed", "git switch BRANCH"), ("push", "warning", "not tried"))),
    (_uncommitted, 1, (("files", "failed", "uncommitted changes in metadata/README.md; commit them"),)),
    (_broken_record, 1, (("record", "failed", "correct the file or restore it from git"),)),
    (_broken_configuration, 2, (("configuration", "failed", "gcrsync.toml:3: unknown key 'from'"),)),
    (_no_repository, 2, (("repository", "failed", "is not there; name a git repository"),)),
    (_no_folder, 1, (("disk oci:", "failed", "Not a directory"),)),
    (_absent_source, 1, (("source", "failed", "see that its name is right"),)),
    (
        _offline,
        1,
        (
            ("registry", "failed", "Connection refused; check the name, the network and the proxy"),
            ("clock", "warning", "no registry has told its time"),
        ),
    ),
    (_no_certificates, 1, (("certificates", "failed", "SSL_CERT_FILE and SSL_CERT_DIR name the certificates to trust"),)),
    (_variables(SSL_CERT_DIR="/nonexistent"), 1, (("certificates", "failed", "there is no such folder"),)),
    (_variables(HTTPS_PROXY="http://me:correct horse@127.0.0.1:1"), 1, (("proxy", "failed", "or set HTTPS_PROXY to another"),)),
    (_variables(HTTP_PROXY="gopher://here"), 2, (("registries", "failed", "HTTP_PROXY takes http:// and https:// URLs"),)),
    (_variables(NO_PROXY="https://gcr.io, .test"), 0, (("proxy", "warning", "NO_PROXY has https://gcr.io, which fits no host"),)),
    (_variables(NO_PROXY="http://me:correct horse@here"), 0, (("proxy", "warning", "NO_PROXY has http://…@here, which fits"),)),
    (_long_name, 1, (("disk oci:", "failed", "File name too long"),)),
    (_variables(XDG_CACHE_HOME="/dev/null"), 0, (("disk cache", "warning", "Not a directory"),)),
]


@pytest.mark.parametrize(("spoil", "code", "said"), BROKEN)
def test_what_is_broken_is_named_with_what_to_do_and_all_else_is_looked_at(
    scene: Scene, spoil: Callable[[Scene], None], code: int, said: tuple[Said, ...]
) -> None:
    spoil(scene)
    document = scene.examine(code)

    for each in said:
        check(document, *each)
    assert found(document, "gcrsync")[0] == found(document, "disk temporary")[0] == "ok"


@pytest.fixture
def network(scene: Scene) -> Iterator[Callable[..., None]]:
    """Give what lets the mirror have a source with TLS, behind a proxy which alone knows the way to it."""
    registry = Simulator(HOST)
    registry.add("acme/app", image("app"), "1")
    authority, names = make_authority(scene.path(""), HOST, days=2), dict[str, int]()

    with ExitStack() as stack:

        def opened(*, ended: bool = False, ahead: timedelta = timedelta(), trusted: bool = True) -> None:
            def answer(request: httpx.Request) -> httpx.Response:
                response = registry(request)
                response.headers["Date"] = format_datetime(datetime.now(UTC) - ahead, usegmt=True)
                return response

            context = ended_certificate(scene.path(""), HOST) if ended else authority.context
            names[f"{HOST}:443"] = int(stack.enter_context(served(answer, context)).rpartition(":")[2])
            scene.environment["HTTPS_PROXY"] = f"http://{stack.enter_context(proxy(names)).address}"
            if trusted:
                scene.environment["SSL_CERT_FILE"] = str(authority.file)
            scene.arguments += [f"{HOST}/acme", "--to", f"{scene.destination}/acme"]
            (scene.root / "gcrsync.toml").unlink()

        yield opened


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (
            {},
            0,
            (
                ("registry registry.test", "warning", "whoever keeps the registry has to renew it"),
                ("source", "ok", "it can be listed (by catalog), with no credentials"),
                ("proxy", "ok", "(HTTPS_PROXY) answers"),
            ),
        ),
        ({"trusted": False}, 1, (("registry registry.test", "failed", "trust its certificate with SSL_CERT_FILE"),)),
        ({"ended": True}, 1, (("registry registry.test", "failed", "certificate has expired"),)),
        ({"ahead": timedelta(minutes=7)}, 1, (("clock", "failed", "seconds ahead of that of registry.test; set it"),)),
        ({"ahead": timedelta(minutes=-1)}, 0, (("clock", "warning", "seconds behind that of registry.test; set it"),)),
    ],
)
def test_certificates_and_clocks_are_told_apart(
    scene: Scene, network: Callable[..., None], given: dict[str, object], code: int, said: tuple[Said, ...]
) -> None:
    network(**given)
    document = scene.examine(code)

    for each in said:
        check(document, *each)


def test_a_metadata_repository_that_gives_no_answer_is_waited_for_no_longer_than_all_else(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        scene.arguments += ["--metadata-repo", f"http://127.0.0.1:{silent.getsockname()[1]}/mirror.git", "--timeout", "2"]
        document = scene.examine(code=2)

    check(document, "repository", "failed", "it took longer than 2 seconds, and was ended")


def test_a_helper_that_gives_no_answer_is_ended_and_keeps_no_registry_from_being_greeted(scene: Scene) -> None:
    helper = scene.path("docker-credential-slow")
    helper.write_text(f'#!/bin/sh\nexec 9<>"{scene.path("pipe")}"\n: > "{scene.path("begun")}"\nexec sleep 60\n')
    os.mkfifo(scene.path("pipe"))
    helper.chmod(0o755)
    scene.path("config.json").write_text('{"credsStore": "slow"}')
    scene.environment |= {"DOCKER_CONFIG": str(helper.parent), "GCRSYNC_USERNAME": "", "GCRSYNC_PASSWORD": ""}
    scene.environment["PATH"] = f"{helper.parent}{os.pathsep}{os.environ['PATH']}"
    scene.arguments += ["--timeout", "3"]
    document = scene.examine(code=1)

    check(document, "destination", "failed", "no answer within 3 seconds; see what it waits for")
    check(document, f"registry {scene.destination}", "ok", "it answers")
    assert scene.path("begun").exists()
    assert not _is_held(scene.path("pipe"))


def _is_held(pipe: Path) -> bool:
    """Say whether somebody still has a pipe open a moment later; a dead process that nobody has waited for has nothing open."""
    for _ in range(100):
        try:
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            return error.errno != errno.ENXIO
        time.sleep(0.05)
    return True


def test_where_no_file_can_be_written_at_all_each_folder_says_so(scene: Scene) -> None:
    command = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, "-m", "gcrsync", "doctor", "--json"]
    environment = {**scene.mirror.environment, **scene.environment}
    ended = subprocess.run(command, cwd=scene.root, env=environment, capture_output=True, text=True, check=False)

    assert ended.returncode == 1, ended.stderr
    check(json.loads(ended.stdout), "repository", "failed", "/.git: File too large")
    for folder in ("repository", "cache", "temporary"):
        said = found(json.loads(ended.stdout), f"disk {folder}")
        assert said == ("warning" if folder == "cache" else "failed", said[1])
        assert "File too large; see that the folder and its disk are in order" in said[1]


def test_a_registry_that_takes_no_pushes_is_told(scene: Scene, tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir()
    storage = {"filesystem": {"rootdirectory": str(folder / "storage")}, "maintenance": {"readonly": {"enabled": True}}}
    with real_registry(folder, {"storage": storage}) as closed:
        scene.arguments += ["--to", f"{closed}/acme"]
        document = scene.examine(code=1)

    check(document, "destination", "failed", "405 Method Not Allowed")
