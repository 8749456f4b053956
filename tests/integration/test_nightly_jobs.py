"""The nightly jobs that ``gcrsync init`` writes: read by those who know workflows, and run as they stand."""

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.support import program
from tests.support.build import image
from tests.support.gate import Gate
from tests.support.git_server import GitServer
from tests.support.repositories import Workplace
from tests.support.runner import ACTION, ROOT, Ended, Runner, jobs_of
from tests.support.serving import served
from tests.support.simulator import Simulator

PROGRAMS = Path(sysconfig.get_path("scripts"))
JOB_TOKEN, GIT_TOKEN = "the job's own token", "the token for the record"
INSTALL = f'mkdir -p "$2/.venv/bin" && ln -sf {PROGRAMS}/gcrsync "$2/.venv/bin/"'
"""What stands in for make: the installation itself is tested with the action, and takes a minute."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A runner with a clone of a new repository, the repository at its forge, two registries, and a repository with gcrsync."""

    runner: Runner
    place: Workplace
    source: str
    destination: Simulator
    to: str
    gcrsync: str

    def begin(self, forge: str, action: str, *more: str) -> None:
        """Run init in the clone, then commit and push as a person does."""
        arguments = ["init", self.source, "--to", f"{self.to}/mirror", "--ci", forge, "--action", action, *more]
        ended = program.run(arguments, self.runner.checkout, self.place.environment)
        assert ended.returncode == 0, ended.stderr
        self.place.git(self.runner.checkout, "add", ".")
        self.place.git(self.runner.checkout, "commit", "--quiet", "--message", "Begin the mirror")
        self.place.git(self.runner.checkout, "push", "--quiet", "origin", "main")

    def log(self) -> list[str]:
        """Give who made the commits at the forge, the oldest first."""
        return self.place.git(self.place.remote, "log", "--reverse", "--format=%an", "main").splitlines()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    source, destination = Simulator(google=True), Simulator(gate=Gate("basic", ("gitlab-ci-token", JOB_TOKEN)))
    source.add("project/tool", image("one"), "v1")
    source.add("project/other", image("two"), "v2")
    place = Workplace(tmp_path)
    (tmp_path / "runner").mkdir()
    runner = Runner(tmp_path / "runner", {})
    runner.checkout.rmdir()
    place.seeded().rename(runner.checkout)
    runner.install("make", INSTALL)
    gcrsync = tmp_path / "gcrsync"
    place.git(tmp_path, "init", "--quiet", "gcrsync")
    place.commit(gcrsync, "gcrsync", {"Makefile": (ROOT / "Makefile").read_text("utf-8")})
    commit = place.git(gcrsync, "rev-parse", "HEAD").strip()
    with served(source) as here, served(destination) as there:
        yield Scene(runner, place, f"{here}/project", destination, there, f"file://{gcrsync}@{commit}")


def test_the_workflow_is_read_without_a_word_by_those_who_know(scene: Scene) -> None:
    scene.begin("github", f"acme/gcrsync@{'0' * 40}", "--shards", "4")
    folder = scene.runner.checkout / ".github"
    (workflow,) = folder.rglob("*.yml")

    for command in (["actionlint"], ["zizmor", "--offline", "--no-progress", "--persona", "pedantic"]):
        ended = subprocess.run([PROGRAMS / command[0], *command[1:], workflow], capture_output=True, text=True, check=False)
        assert (command[0], ended.returncode, ended.stderr if ended.returncode else "") == (command[0], 0, ""), ended.stdout


def test_the_workflow_mirrors_in_parts_and_pushes_the_record(scene: Scene) -> None:
    scene.begin("github", f"acme/gcrsync@{'0' * 40}", "--shards", "2")
    workflow = scene.runner.checkout / ".github" / "workflows" / "gcrsync.yml"
    (job,) = jobs_of(workflow)
    shutil.copytree(ROOT / ACTION, scene.runner.folder / "action" / ACTION)
    for program_of_the_machine in ("docker", "gh"):
        scene.runner.install(program_of_the_machine, 'cat >/dev/null; printf "%s\\n" "$*" >>"$CALLS"')
    values = {
        "github.actor": "somebody",
        "github.token": JOB_TOKEN,
        "inputs.namespaces": "",
        "runner.temp": str(scene.runner.temporary),
        "secrets.GCRSYNC_NOTIFY": "",
        "secrets.GCRSYNC_USERNAME": "gitlab-ci-token",
        "secrets.GCRSYNC_PASSWORD": JOB_TOKEN,
    }
    ended: list[Ended] = []
    for shard in yaml.safe_load(workflow.read_text("utf-8"))["jobs"]["mirror"]["strategy"]["matrix"]["shard"]:
        ended += replace(scene.runner, values=values | {"matrix.shard": shard}).run_job(job)

    assert len(ended) == 8
    assert [each for each in ended if each.code] == []
    assert set(scene.destination.repositories) == {"mirror/project/other", "mirror/project/tool"}
    assert set(scene.log()[2:]) == {"github-actions[bot]"}
    assert "gcrsync.yml/enable" in scene.runner.calls[0]
    assert scene.runner.summary.count("| namespace |") == 2


def test_the_pipeline_mirrors_with_the_job_s_token_and_pushes_the_record_with_another_one(scene: Scene) -> None:
    with served(GitServer(scene.place.remote.parent, f"git:{GIT_TOKEN}", public=True)) as forge:
        ended = _run_pipeline(scene, f"http://{forge}/{scene.place.remote.stem}")

    assert ended.returncode == 0, ended.stdout
    assert set(scene.destination.repositories) == {"mirror/project/other", "mirror/project/tool"}
    assert scene.log()[2:] == ["gcrsync"]
    assert JOB_TOKEN not in ended.stdout
    assert GIT_TOKEN not in ended.stdout
    report = ET.parse(scene.runner.checkout / "report.xml").getroot()  # noqa: S314 - what we have just written
    assert report.get("failures") == "0"
    assert not list(scene.runner.folder.rglob("docker/config.json"))


def _run_pipeline(scene: Scene, url: str) -> subprocess.CompletedProcess[str]:
    """Run the scripts of the pipeline as GitLab does: a commit without a branch, one shell for both scripts, another one after."""
    scene.begin("gitlab", scene.gcrsync)
    document: Any = yaml.safe_load((scene.runner.checkout / ".gitlab-ci.yml").read_text("utf-8"))
    job = document["mirror"]
    scene.place.git(scene.runner.checkout, "checkout", "--quiet", "--detach")
    scene.place.git(scene.runner.checkout, "remote", "set-url", "origin", url.replace("//", f"//gitlab-ci-token:{JOB_TOKEN}@"))
    given = {
        "CI_COMMIT_BRANCH": "main",
        "CI_PROJECT_DIR": str(scene.runner.checkout),
        "CI_PROJECT_URL": url,
        "CI_REGISTRY": scene.to,
        "CI_REGISTRY_PASSWORD": JOB_TOKEN,
        "CI_REGISTRY_USER": "gitlab-ci-token",
        "CI_SERVER_HOST": "gitlab.example.com",
        "GCRSYNC_GIT_PASSWORD": GIT_TOKEN,
    }
    (matrix,) = job["parallel"]["matrix"]
    environment = scene.runner.environment | document["variables"] | given | {"SHARD": matrix["SHARD"][0]}

    def run(*blocks: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-eo", "pipefail", "-c", "exec 2>&1\n" + "\n".join(blocks)]
        return subprocess.run(
            command, cwd=scene.runner.checkout, env=environment, stdout=subprocess.PIPE, text=True, check=False, timeout=60
        )

    ended = run(*job["before_script"], *job["script"])
    assert run(*job["after_script"]).returncode == 0
    return ended
