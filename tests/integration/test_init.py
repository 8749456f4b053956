"""``gcrsync init``: what it asks, what it writes, and that it is harmless."""

import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support.build import image
from tests.support.faults import Fault, status
from tests.support.mirrors import Mirror
from tests.support.runner import WORKFLOWS
from tests.support.serving import served
from tests.support.simulator import Simulator

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ACTION = ("--action", f"acme/gcrsync@{COMMIT}")
WORKFLOW = ".github/workflows/gcrsync.yml"
PROMPT = b": "


@dataclass(frozen=True, slots=True)
class Place:
    """A new git repository in which the program is run, and a namespace that can be mirrored."""

    mirror: Mirror
    source: str
    simulator: Simulator

    def init(self, *arguments: str, code: int = 0) -> str:
        """Run ``gcrsync init`` with nobody to ask, and give all that it says."""
        ended = self.mirror.run("init", *arguments, code=code)
        return ended.stdout + ended.stderr

    def read(self, path: str) -> str:
        """Give a file of the repository."""
        return (self.mirror.root / path).read_text("utf-8")

    def files(self) -> dict[str, bytes]:
        """Give the files of the repository."""
        root = self.mirror.root
        paths = [path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts]
        return {str(path.relative_to(root)): path.read_bytes() for path in paths}

    def remote(self, url: str) -> None:
        """Say where the repository is pushed to."""
        self.mirror.place.git(self.mirror.root, "remote", "add", "origin", url)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    simulator = Simulator(google=True)
    simulator.add("project/tool", image("one"), "v1")
    mirror = Mirror(tmp_path)
    mirror.root = tmp_path / "new"
    mirror.place.git(tmp_path, "init", "--quiet", "new")
    with served(simulator) as host:
        yield Place(mirror, f"{host}/project", simulator)


def test_everything_that_a_mirror_needs_is_written_and_what_it_would_copy_is_shown(place: Place) -> None:
    place.remote("git@github.com:Acme/mirror.git")
    said = place.init(place.source, *ACTION, "--platform", "linux/amd64", "--include", "tool", "--at", "3:07", "--shards", "2")

    assert tomllib.loads(place.read("gcrsync.toml"))["mirror"] == [
        {"source": place.source, "destination": "ghcr.io/acme", "include": ["tool"], "platforms": ["linux/amd64"]}
    ]
    assert place.read("metadata/README.md").startswith("# What the mirror has")
    workflow = yaml.safe_load(place.read(WORKFLOW))
    assert workflow[True]["schedule"] == [{"cron": "7 3 * * *"}]
    assert workflow["jobs"]["mirror"]["strategy"]["matrix"] == {"shard": ["1/2", "2/2"]}
    assert f"uses: acme/gcrsync/.github/actions/gcrsync@{COMMIT}\n" in place.read(WORKFLOW)
    assert "added     v1" in said
    assert said.splitlines()[-1].startswith("commit and push what was written")


def test_run_twice_it_is_harmless(place: Place) -> None:
    place.remote("https://github.com/acme/mirror")
    place.init(place.source, *ACTION)
    before = place.files()
    said = place.init(place.source, *ACTION)

    assert len(before) == 3
    assert place.files() == before
    assert said.count("is there already") == 3
    assert "wrote" not in said


def test_what_is_there_is_left_alone_and_what_differs_is_shown(place: Place) -> None:
    place.init(place.source, "--to", "ghcr.io/acme", "--ci", "github", *ACTION)
    with (place.mirror.root / WORKFLOW).open("a") as file:
        file.write("# mine\n")
    before = place.files()
    said = place.init("gcr.io/other", "--to", "ghcr.io/acme", "--ci", "github", *ACTION, code=1)

    assert place.files() == before
    assert "gcrsync.toml is there already, and is left as it is; it does not have this:\n" in said
    assert '    source = "gcr.io/other"\n' in said
    assert "    -# mine\n" in said


def test_a_mirror_that_is_configured_gets_a_nightly_job_without_saying_what_it_mirrors(place: Place) -> None:
    place.init(place.source, "--to", "ghcr.io/acme")
    configured = place.read("gcrsync.toml")
    said = place.init("--ci", "gitlab", *ACTION)

    assert "wrote .gitlab-ci.yml\n" in said
    assert place.read("gcrsync.toml") == configured


def test_a_folder_that_is_configured_gets_no_nightly_job_at_a_forge_by_itself(place: Place) -> None:
    place.remote("https://github.com/acme/mirror")
    place.init(place.source, "--to", "oci:../images")
    before = place.files()
    said = place.init()

    assert "commit what was written" in said
    assert place.files() == before


def test_a_comparison_that_fails_leaves_what_was_written_and_says_so(place: Place) -> None:
    place.simulator.faults.append(Fault("GET", "tags/list", status(403, "DENIED"), times=None))
    said = place.init(place.source, "--to", "ghcr.io/acme", code=3)

    assert set(place.files()) == {"gcrsync.toml", "metadata/README.md"}
    assert f"not listed: {place.source}" in said
    assert "what was written stays, though the comparison failed" in said


def test_nothing_is_written_where_something_cannot_be_used(place: Place) -> None:
    place.remote("https://github.com/acme/mirror")
    said = place.init(place.source, "--action", f"https://gitlab.com/acme/gcrsync@{COMMIT}", code=2)

    assert "https://gitlab.com/acme/gcrsync is no repository that a workflow at github.com can use" in said
    assert place.files() == {}


def test_no_link_leads_a_file_out_of_the_repository(place: Place, tmp_path: Path) -> None:
    (place.mirror.root / ".github").symlink_to(tmp_path)
    said = place.init(place.source, "--to", "ghcr.io/acme", "--ci", "github", *ACTION, code=3)

    assert ".github is a symbolic link" in said
    assert not (tmp_path / "workflows").exists()


def test_a_folder_is_named_from_where_the_configuration_stands(place: Place, tmp_path: Path) -> None:
    root, folder = place.mirror.root, place.mirror.root / 'a "b"'
    folder.mkdir()
    place.mirror.root = folder
    place.init(place.source, "--to", "oci:./img")
    written = tomllib.loads((root / "gcrsync.toml").read_text())["mirror"][0]["destination"]
    (root / "gcrsync.toml").unlink()
    place.init(place.source, "--to", f"oci:{tmp_path}/img")

    assert written == 'oci:./a "b"/img'
    assert f'"oci:{tmp_path}/img"' in (root / "gcrsync.toml").read_text()


def test_at_a_terminal_it_asks_with_defaults_from_the_remote_and_again_for_what_cannot_be_used(place: Place) -> None:
    place.remote("https://gitlab.com/Group/mirror.git")
    answers = ["no//name", place.source, "", "", "linux/arm64", "", "", "2"]
    said, code = _answer(place, [f"{answer}\n" for answer in answers], *ACTION)

    assert code == 0, said
    assert "'gcr.io/no//name' is not a valid namespace" in said
    assert "Who runs the nightly job (github, gitlab, none) [gitlab]: " in said
    table = {"source": place.source, "destination": "registry.gitlab.com/group/mirror", "platforms": ["linux/arm64"]}
    assert tomllib.loads(place.read("gcrsync.toml"))["mirror"] == [table]
    job = yaml.safe_load(place.read(".gitlab-ci.yml"))["mirror"]
    assert job["parallel"]["matrix"] == [{"SHARD": ["1/2", "2/2"]}]


def test_who_ends_the_questions_finds_nothing_written(place: Place) -> None:
    said, code = _answer(place, [f"{place.source}\n", "\x04"])

    assert code == 130
    assert "gcrsync: stopped" in said
    assert "defect" not in said
    assert place.files() == {}


def _answer(place: Place, answers: list[str], *options: str) -> tuple[str, int]:
    """Run ``gcrsync init`` at a terminal and type an answer to each question; give all that stood there, and the exit code."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gcrsync", "init", *options]
    environment = {**place.mirror.environment, "TERM": "dumb"}
    with subprocess.Popen(command, cwd=place.mirror.root, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        said, left = b"", list(answers)
        while piece := _read(ours):
            said += piece
            if left and said.endswith(PROMPT):
                os.write(ours, left.pop(0).encode())
        os.close(ours)
    return said.decode().replace("\r\n", "\n"), process.returncode


def _read(terminal: int) -> bytes:
    """Give what the terminal shows next; nothing once the program has ended, which Linux tells by an error."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_the_workflows_that_are_written_pin_the_same_actions_as_ours() -> None:
    ours = (WORKFLOWS / "mirror.yml").read_text("utf-8")
    pinned = [line.strip() for line in _template("github").splitlines() if "uses: actions/" in line]

    assert pinned
    assert [line for line in pinned if line not in ours] == [], "take the pins of mirror.yml over into cli/templates/github.yml"


def _template(forge: str) -> str:
    return (WORKFLOWS.parents[1] / "src" / "gcrsync" / "cli" / "templates" / f"{forge}.yml").read_text("utf-8")
