"""``gcrsync copy`` and ``gcrsync inspect``: single images between real registries and folders, with no metadata anywhere."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gcrsync.oci.manifest import Manifest
from gcrsync.oci.name import Repository
from gcrsync.registry.destination import Destination
from tests.support import program
from tests.support.build import SBOM, image, index, referrer
from tests.support.docker_registry import ACCOUNT, with_account
from tests.support.docker_registry import docker_registry as real_registry
from tests.support.pushing import push
from tests.support.sessions import session_to
from tests.support.skopeo import skopeo

IMAGE = index(image("amd64", shared="base"), image("arm64", shared="base"))
SIGNATURE = image("signature", layers=1)
BILL = referrer(IMAGE, "bill", SBOM)
SIGNATURE_TAG = f"sha256-{IMAGE.digest.encoded}.sig"


@dataclass(frozen=True, slots=True)
class Scene:
    """A registry that has ``app:v1``, signed by cosign and with a bill of materials, and another one that wants an account."""

    folder: Path
    source: str
    destination: str

    def run(self, *arguments: str, code: int = 0, account: tuple[str, str] = ACCOUNT) -> subprocess.CompletedProcess[str]:
        """Run gcrsync where there is no repository of git, and check how it ends."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        environment |= dict(zip(("GCRSYNC_USERNAME", "GCRSYNC_PASSWORD"), account, strict=True))
        ended = program.run(arguments, self.folder, environment)
        assert ended.returncode == code, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        return ended

    def document(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - a JSON document
        """Run it with ``--json``."""
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def raw(self, name: str, folder: Path) -> bytes:
        """Give the manifest that skopeo reads at the destination."""
        options = ("--tls-verify=false", "--creds", ":".join(ACCOUNT))
        return skopeo("inspect", "--raw", *options, f"docker://{self.destination}/{name}", folder=folder)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, docker_registry: str) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("registry")
    with real_registry(folder, with_account(folder)) as destination, session_to() as session:
        source, client = Repository(docker_registry, "single/app"), Destination(session)
        push(client, source, IMAGE, "v1")
        push(client, source, SIGNATURE, SIGNATURE_TAG)
        push(client, source, BILL)
        bill = BILL.parsed
        assert isinstance(bill, Manifest)
        client.list_referrer(source, bill, BILL.digest)
        yield Scene(tmp_path_factory.mktemp("work"), str(source), destination)


def test_an_image_arrives_whole_with_all_that_is_attached_and_both_digests_are_shown(scene: Scene, tmp_path: Path) -> None:
    ended = scene.run("copy", f"{scene.source}:v1", f"{scene.destination}/whole/app")

    assert ended.stdout.splitlines() == [
        f"source       {scene.source}:v1@{IMAGE.digest}",
        f"destination  {scene.destination}/whole/app:v1@{IMAGE.digest}",
    ]
    assert "the digest is the same on both sides; " in ended.stderr
    assert "with 2 manifests attached to it" in ended.stderr
    assert scene.raw("whole/app:v1", tmp_path) == IMAGE.raw
    assert scene.raw(f"whole/app:{SIGNATURE_TAG}", tmp_path) == SIGNATURE.raw
    assert scene.raw(f"whole/app@{BILL.digest}", tmp_path) == BILL.raw
    options = ("--all", "--preserve-digests", "--src-tls-verify=false", "--src-creds", ":".join(ACCOUNT))
    skopeo("copy", *options, f"docker://{scene.destination}/whole/app:v1", f"dir:{tmp_path}/pulled", folder=tmp_path)
    assert (tmp_path / "pulled" / "manifest.json").read_bytes() == IMAGE.raw

    again = scene.document("copy", f"{scene.source}@{IMAGE.digest}", f"{scene.destination}/whole/app:v2", "--all")
    assert (again["bytes"], again["problem"], again["destination"]["digest"]) == (0, None, str(IMAGE.digest))
    assert (again["tags"], again["referrers"]) == ([SIGNATURE_TAG], [str(BILL.digest)])


def test_of_an_image_for_several_platforms_one_is_copied_under_its_own_digest(scene: Scene, tmp_path: Path) -> None:
    child = IMAGE.children[1]
    ended = scene.run("copy", f"{scene.source}:v1", f"{scene.destination}/one/app:v1-arm64", "--platform", "linux/arm64")

    assert ended.stdout.splitlines()[1] == f"destination  {scene.destination}/one/app:v1-arm64@{child.digest}"
    assert "warning: another digest: this is not the whole index: signatures of it do not apply" in ended.stderr
    assert scene.raw("one/app:v1-arm64", tmp_path) == child.raw


def test_an_image_goes_by_a_folder_from_one_registry_to_another(scene: Scene, tmp_path: Path) -> None:
    scene.run("copy", f"{scene.source}:v1", "oci:carried/app")
    scene.run("copy", "oci:carried/app:v1", f"{scene.destination}/carried/app")

    assert scene.raw("carried/app:v1", tmp_path) == IMAGE.raw
    assert scene.raw(f"carried/app@{BILL.digest}", tmp_path) == BILL.raw


def test_what_cannot_be_copied_is_said_in_one_line_with_its_exit_code(scene: Scene) -> None:
    absent = scene.run("copy", f"{scene.source}:v9", f"{scene.destination}/a", code=1)
    closed = scene.run("copy", f"{scene.source}:v1", f"{scene.destination}/a", code=1, account=("", ""))
    both = scene.run("copy", f"{scene.source}:v1", f"{scene.destination}/a", "--all", "--platform", "linux/amd64", code=2)
    untagged = scene.run("copy", f"{scene.source}@{IMAGE.digest}", f"{scene.destination}/a", code=2)
    unanswered = scene.document("copy", "127.0.0.1:1/app:v1", "oci:a/b", "--retries", "0", code=3)

    assert f"asking for {scene.source}:v9: there is no such image" in absent.stderr
    assert "401" in closed.stderr
    assert (closed.stdout, absent.stdout) == (f"source       {scene.source}:v1@{IMAGE.digest}\n", "")
    assert "--all and --platform do not fit together" in both.stderr
    assert "names a tag: name one of the destination: NAME:TAG" in untagged.stderr
    assert (unanswered["command"], unanswered["exit"]) == ("copy", 3)


def test_an_image_is_shown_with_all_its_digests_its_age_what_is_attached_and_the_name_that_pins_it(scene: Scene) -> None:
    told = scene.document("inspect", f"{scene.source}:v1")
    lines = scene.run("inspect", f"{scene.source}:v1").stdout.splitlines()
    blobs = {digest: len(content) for child in IMAGE.children for digest, content in child.blobs.items()}

    assert lines[0] == told["pinned"] == f"{scene.source}:v1@{IMAGE.digest}"
    assert told["size"] == sum(blobs.values())
    assert [(each["platform"], each["digest"]) for each in told["manifests"]] == [
        ("linux/amd64", str(IMAGE.children[0].digest)),
        ("linux/arm64/v8", str(IMAGE.children[1].digest)),
    ]
    assert told["created"] == "2021-03-04T05:06:07Z"
    assert [(each["kind"], each["tag"], each["digest"]) for each in told["attached"]] == [
        ("signature", SIGNATURE_TAG, str(SIGNATURE.digest)),
        ("SBOM", None, str(BILL.digest)),
    ]
    assert any(line.startswith(f"linux/amd64     {IMAGE.children[0].digest}") for line in lines)


def test_an_image_that_is_not_there_is_said_to_be_so(scene: Scene) -> None:
    assert "there is no such image" in scene.run("inspect", f"{scene.source}:v9", code=1).stderr


def test_a_platform_that_is_named_and_not_there_is_told_and_its_size_is_unknown(scene: Scene) -> None:
    scene.run("copy", f"{scene.source}:v1", "oci:torn/app")
    lost = IMAGE.children[1].digest
    (scene.folder / "torn" / "app" / "blobs" / "sha256" / lost.encoded).unlink()

    told = scene.document("inspect", "oci:torn/app:v1", code=1)

    assert [each["size"] is None for each in told["manifests"]] == [False, True]
    assert (told["size"], len(told["unread"])) == (None, 1)
    assert str(lost) in told["unread"][0]
