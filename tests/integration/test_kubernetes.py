"""The manifest for Kubernetes: its scripts are run as they stand, with what it gives them, once for each index."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from gcrsync.cli.command import Exit
from tests.support.build import image
from tests.support.gate import Gate
from tests.support.git_server import GitServer
from tests.support.nights import SECRET, Night, night
from tests.support.runner import ROOT, executable
from tests.support.serving import served

MANIFEST = list(yaml.safe_load_all((ROOT / "docs" / "kubernetes.yaml").read_text("utf-8")))
SECRETS = {
    "GCRSYNC_USERNAME": "somebody",
    "GCRSYNC_PASSWORD": SECRET,
    "GCRSYNC_GIT_USERNAME": "committer",
    "GCRSYNC_GIT_PASSWORD": "unguessable",
}


def found(kind: str) -> Any:  # noqa: ANN401 - a document of the manifest
    (document,) = (each for each in MANIFEST if each["kind"] == kind)
    return document


JOB = found("CronJob")["spec"]["jobTemplate"]["spec"]
POD = JOB["template"]["spec"]
INSTALL, GCRSYNC = POD["initContainers"][0], POD["containers"][0]


@dataclass(frozen=True, slots=True)
class Pod:
    """What a pod has: the folder that is its ``/work``, accounts at the destination and at the metadata repository ``remote``."""

    work: Path
    night: Night
    remote: str

    def environment(self, container: Any) -> dict[str, str]:  # noqa: ANN401 - a part of the manifest
        """Give the environment of a container, with values of ours where the manifest has examples."""
        given = {each["name"]: each["value"] for each in container["env"]}
        for source in container["envFrom"]:
            given |= SECRETS if "secretRef" in source else found("ConfigMap")["data"]
        here = {"HOME": str(self.work), "TMPDIR": str(self.work), "METADATA_REPO": self.remote}
        assert here.keys() <= given.keys()
        kept = {"PATH": f"{self.work / 'bin'}:{self.night.mirror.environment['PATH']}", "GIT_CONFIG_NOSYSTEM": "1"}
        return {**given, **here, **kept}

    def run(self, container: Any, **more: str) -> "subprocess.CompletedProcess[str]":  # noqa: ANN401 - a part of the manifest
        """Run the script of a container."""
        command, environment = [*container["command"], *container["args"]], {**self.environment(container), **more}
        return subprocess.run(command, cwd=self.work, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def pod(tmp_path: Path) -> Iterator[Pod]:
    work = tmp_path / "work"
    for folder in (work / "bin", tmp_path / "night"):
        folder.mkdir(parents=True)
    with night(tmp_path / "night") as given:
        remote = given.mirror.place.remote
        with served(GitServer(remote.parent, "committer:unguessable")) as address:
            yield Pod(work, given, f"http://{address}/{remote.name}")


def test_the_pods_of_all_indices_together_mirror_everything_once_with_the_secrets_they_are_given(pod: Pod) -> None:
    given = pod.night
    given.target.gate = Gate("bearer", ("somebody", SECRET))
    for number in range(8):
        given.source.add(f"acme/image{number}", image(str(number)), "v1")
    given.mirror.configure(given.namespace, given.destination)
    (pod.work / "gcrsync" / ".venv" / "bin").mkdir(parents=True)
    executable(pod.work / "gcrsync" / ".venv" / "bin" / "gcrsync", f'exec "{sys.executable}" -m gcrsync "$@"')
    said = [pod.run(GCRSYNC, JOB_COMPLETION_INDEX=str(index)) for index in range(JOB["completions"])]

    assert [ended.returncode for ended in said] == [Exit.DONE] * JOB["completions"], said
    recorded = {name.removeprefix(f"{given.namespace}/"): document["tags"] for name, document in given.mirror.documents().items()}
    assert recorded == {name.removeprefix("acme/"): stored.tags for name, stored in given.source.repositories.items()}
    author = given.mirror.place.git(given.mirror.place.remote, "log", "--format=%an <%ae>", "-1", "main").strip()
    assert author == found("ConfigMap")["data"]["AUTHOR"]
    copied = [sum(f"image{number}" in ended.stdout for number in range(8)) for ended in said]
    assert sum(copied) == 8
    assert max(copied) < 8
    assert not any(secret in ended.stdout + ended.stderr for ended in said for secret in (SECRET, "unguessable"))


def test_the_program_is_installed_from_the_branch_that_is_named(pod: Pod) -> None:
    place = pod.night.mirror.place
    source = place.clone("program")
    place.commit(source, "the program", {"Makefile": "install:\n\t@echo installed in $(CURDIR)\n"})
    place.git(source, "push", "--quiet", "origin", "HEAD:released")
    ended = pod.run(INSTALL, GCRSYNC_SOURCE=f"file://{place.remote}", GCRSYNC_BRANCH="released")

    assert ended.returncode == 0, ended.stderr
    assert f"installed in {pod.work / 'gcrsync'}" in ended.stdout


def test_there_is_a_shard_for_each_index_and_a_rule_for_each_exit_code() -> None:
    assert JOB["completionMode"] == "Indexed"
    assert {"name": "SHARDS", "value": str(JOB["completions"])} in GCRSYNC["env"]
    rules = {rule["action"]: rule["onExitCodes"]["values"] for rule in JOB["podFailurePolicy"]["rules"] if "onExitCodes" in rule}
    assert rules["FailIndex"] == [Exit.USAGE, Exit.DEFECT]
    assert sorted([*rules["FailIndex"], *rules["Count"]]) == sorted(set(Exit) - {Exit.DONE, Exit.DELTA})


@pytest.mark.parametrize("container", [INSTALL, GCRSYNC], ids=["install", "gcrsync"])
def test_what_is_written_has_a_place_where_all_else_is_read_only(container: Any) -> None:  # noqa: ANN401 - a part of the manifest
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    places = {entry["name"]: entry["value"] for entry in container["env"]}

    assert writable == {"/work"}
    assert (places["HOME"], places["TMPDIR"]) == ("/work", "/work")


@pytest.mark.parametrize("container", [INSTALL, GCRSYNC], ids=["install", "gcrsync"])
def test_a_container_has_no_more_rights_than_it_needs(container: Any) -> None:  # noqa: ANN401 - a part of the manifest
    assert POD["securityContext"]["runAsNonRoot"]
    assert not POD["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_secret_has_what_the_scripts_are_given_and_nothing_real() -> None:
    assert found("Secret")["stringData"] == dict.fromkeys(SECRETS, "example")
