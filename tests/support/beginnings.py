"""The world of who begins a mirror: a source, registries, and forges with an empty repository."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gcrsync.serve.server import serving
from tests.support.build import image
from tests.support.git_server import GitServer
from tests.support.pages import Session
from tests.support.runner import executable
from tests.support.serving import Answer
from tests.support.simulator import Simulator
from tests.support.vendors import Internet, vendors

_AT_A_FORGE = ("start-on-github.md", "start-on-gitlab.md")

BEGINNINGS = (*_AT_A_FORGE, "start-with-cron.md", "air-gapped.md")
"""The pages that are about it."""

_TOKEN = "a token that may push"
_OF_GITHUB = {"url": "https://github.com/acme/gcrsync", "vcs_info": {"vcs": "git", "commit_id": "0" * 40}}


@contextmanager
def beginning(folder: Path, page: str) -> Iterator[Session]:
    """Give the place in which the commands of a page are run: an empty folder on a machine with accounts."""
    source, forge = Simulator("gcr.io", google=True), GitServer(folder / "forge", f"git:{_TOKEN}", public=True)
    for tag in ("latest", "debug"):
        source.add("distroless/static", image(tag), tag)
    hosts: dict[str, Answer] = {"gcr.io": source, "github.com": forge, "gitlab.com": forge}
    hosts |= {host: Simulator(host) for host in ("ghcr.io", "registry.internal")}
    port = str(_free_port())
    with vendors(folder, hosts) as internet, ExitStack() as stack:
        for name in ("inside", "srv/log", "work"):
            (folder / name).mkdir(parents=True)
        (folder / "srv" / "token").touch()

        def carry() -> None:
            session.folder = folder / "inside"

        def serve() -> None:
            stack.enter_context(serving(folder / "inside" / "images", port=int(port), writable=False, log=lambda _: None))

        elsewhere = {"/media/disk": f"{folder}/disk", "/srv/": f"{folder}/srv/", "127.0.0.1:5000": f"127.0.0.1:{port}"}
        elsewhere["gcrsync serve ../images"] = f"timeout 3 gcrsync serve ../images --port {port}"  # the reader stops it
        happenings = {"the disk is carried": carry, "the folder is served": serve}
        environment = _machine(folder, internet) | (_origin(folder) if page in _AT_A_FORGE else {})
        session = Session(folder / "work", environment, happenings, elsewhere)
        yield session


def _machine(folder: Path, internet: Internet) -> dict[str, str]:
    """Give the environment of a machine with an empty repository at the forges, git's and docker's accounts, and gcrsync."""
    place, programs = internet.mirror.place, folder / "programs"
    place.git(folder, "init", "--quiet", "--bare", str(folder / "forge" / "acme" / "mirror"))
    helper = f'!f() {{ test "$1" != get || printf "username=git\\npassword={_TOKEN}\\n"; }}; f'
    place.git(folder, "config", "--global", "credential.helper", helper)
    programs.mkdir()
    executable(programs / "docker", "echo Login Succeeded")
    own = internet.mirror.environment
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**own, "PATH": path, "GIT_SSL_CAINFO": own["SSL_CERT_FILE"]}


def _origin(folder: Path) -> dict[str, str]:
    """Give what makes gcrsync one that was installed from GitHub, as pip notes that."""
    noted = folder / "noted" / "gcrsync-0.dist-info"
    noted.mkdir(parents=True)
    (noted / "METADATA").write_text("Metadata-Version: 2.1\nName: gcrsync\nVersion: 0\n", "utf-8")
    (noted / "direct_url.json").write_text(json.dumps(_OF_GITHUB), "utf-8")
    return {"PYTHONPATH": str(noted.parent)}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
