"""``gcrsync push``: what other programs build and save, put into a real registry, and read there by a program that is not ours."""

import gzip
import json
import lzma
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zstandard

from gcrsync.oci.digest import Digest
from tests.support import program
from tests.support.archives import (
    Files,
    Link,
    built,
    configuration,
    layer,
    layout,
    packed,
    saved,
    saved_together,
    signed,
    tarball,
    write,
)
from tests.support.build import SIGNATURE, referrer
from tests.support.buildah import buildah
from tests.support.skopeo import skopeo

ONE, TWO = layer("one"), layer("two")


@dataclass(frozen=True, slots=True)
class Scene:
    """A folder with archives, and a place in a registry."""

    folder: Path
    place: str

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run ``gcrsync push`` in the folder, and check how it ends."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": str(self.folder)}
        ended = program.run(["push", *arguments], self.folder, environment)
        assert ended.returncode == code, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        return ended

    def document(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - a JSON document
        """Run it with ``--json``."""
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def write(self, files: Files, name: str = "image.tar") -> str:
        """Write an archive into the folder, and give its name."""
        return write(self.folder, files, name).name

    def raw(self, name: str) -> bytes:
        """Give the manifest that skopeo reads at the destination."""
        return skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{self.place}/{name}", folder=self.folder)

    def pulled(self, name: str) -> list[bytes]:
        """Give the layers that skopeo pulls, which it checks itself, not packed."""
        skopeo("copy", "--src-tls-verify=false", f"docker://{self.place}/{name}", f"dir:{self.folder}/pulled", folder=self.folder)
        manifest = json.loads((self.folder / "pulled" / "manifest.json").read_bytes())
        contents = [(self.folder / "pulled" / each["digest"].partition(":")[2]).read_bytes() for each in manifest["layers"]]
        return [gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content for content in contents]


@pytest.fixture
def scene(tmp_path: Path, place: str) -> Scene:
    return Scene(tmp_path, place)


def test_what_buildah_builds_arrives_in_either_form_and_a_layout_keeps_its_digest(scene: Scene) -> None:
    (scene.folder / "hello").write_text("hello\n")
    (scene.folder / "Dockerfile").write_text("FROM scratch\nCOPY hello /\nLABEL made=here\n")
    buildah("build", "--quiet", "--tag", "localhost/app:v1", ".", folder=scene.folder)
    for form in ("docker-archive", "oci-archive"):
        buildah("push", "--quiet", "localhost/app:v1", f"{form}:{scene.folder}/{form}:localhost/app:v1", folder=scene.folder)
    kept = skopeo("inspect", "--raw", f"oci-archive:{scene.folder}/oci-archive", folder=scene.folder)

    scene.run("oci-archive", f"{scene.place}/kept")
    made = scene.document("docker-archive", f"{scene.place}/made")

    assert scene.raw("kept:v1") == kept
    assert made["digests"] == "made"
    assert made["images"][0]["source"]["digest"] == str(Digest.of(scene.raw("made:v1")))
    assert json.loads(scene.raw("made:v1"))["config"]["digest"] == json.loads(kept)["config"]["digest"]
    (content,) = scene.pulled("made:v1")
    assert b"hello\n" in content


def test_what_skopeo_writes_arrives_from_an_archive_of_either_form_and_from_a_folder(scene: Scene) -> None:
    image = built(ONE, TWO)
    source = scene.write(layout((image,)), "first")
    forms = {"docker-archive:docker:app:v1": "docker", "oci-archive:oci:v1": "oci", "oci:folder:v1": "folder"}
    for destination in forms:
        kind, _, rest = destination.partition(":")
        skopeo("copy", f"oci-archive:{scene.folder}/{source}", f"{kind}:{scene.folder}/{rest}", folder=scene.folder)

    for name in forms.values():
        scene.run(name, f"{scene.place}/{name}")

    assert scene.raw("oci:v1") == scene.raw("folder:v1") == image.raw
    assert scene.pulled("docker:v1") == scene.pulled("folder:v1") == [ONE, TWO]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, zstandard.compress])
def test_what_kaniko_writes_arrives_with_its_layers_as_they_were_whatever_it_is_packed_with(
    scene: Scene, pack: Callable[[bytes], bytes]
) -> None:
    name = scene.write(saved(ONE, TWO, names=["acme/app:v1", "acme/app:latest"]))
    (scene.folder / name).write_bytes(pack((scene.folder / name).read_bytes()))

    told = scene.document(name, f"{scene.place}/app")

    assert [(image["name"], image["problem"]) for image in told["images"]] == [("acme/app:v1", None), ("acme/app:latest", None)]
    manifest = json.loads(scene.raw("app:latest"))
    assert [each["digest"] for each in manifest["layers"]] == [str(Digest.of(packed(each))) for each in (ONE, TWO)]
    assert manifest["config"]["digest"] == str(Digest.of(configuration(ONE, TWO)))
    assert told["images"][1]["destination"]["digest"] == str(Digest.of(scene.raw("app:v1")))
    assert [path.name for path in scene.folder.iterdir() if path.name.startswith("tmp")] == []


def test_of_several_images_all_go_under_their_own_tags_or_one_that_is_chosen(scene: Scene) -> None:
    name = scene.write(saved_together())

    scene.run(name, f"{scene.place}/all")
    chosen = scene.run(name, f"{scene.place}/one:mine", "--image", "acme/other:v2")
    both = scene.run(name, f"{scene.place}/one:mine", code=2)
    nothing = scene.run(name, f"{scene.place}/one:mine", "--image", "acme/other:v3", code=1)

    assert scene.raw("all:v1") == scene.raw("all:latest") != scene.raw("all:v2") == scene.raw("one:mine")
    assert scene.pulled("all:v1") == [ONE, TWO, ONE]
    assert chosen.stdout.startswith("image        docker.io/acme/other:v2\n")
    assert "is one name, and image.tar has 2 images: choose one with --image: app:v1, app:latest" in both.stderr
    assert "there is no image 'acme/other:v3'" in nothing.stderr


def test_a_signature_that_is_listed_without_a_tag_goes_with_its_image_also_to_a_folder(scene: Scene) -> None:
    image = built(ONE)
    name, signature = scene.write(signed(image)), referrer(image, "signature", SIGNATURE)

    told = scene.document(name, f"{scene.place}/signed")
    scene.run(name, "oci:folder/signed")

    assert told["images"][0]["referrers"] == [str(signature.digest)]
    assert scene.raw(f"signed@{signature.digest}") == signature.raw
    assert (scene.folder / "folder/signed/blobs/sha256" / signature.digest.encoded).read_bytes() == signature.raw


def test_of_what_is_not_whole_nothing_is_sent_and_one_line_says_why(scene: Scene) -> None:
    out = {"manifest.json": json.dumps([{"Config": "../../etc/hostname", "RepoTags": ["a:v1"], "Layers": []}]).encode()}
    link: Files = {**saved(ONE, names=["a:v1"]), f"{Digest.of(packed(ONE)).encoded}.tar.gz": Link("../../etc/hostname")}
    other: Files = {**saved(ONE, names=["a:v1"]), f"{Digest.of(packed(ONE)).encoded}.tar.gz": packed(TWO)}
    whole = tarball(saved(ONE, names=["a:v1"]))
    for content, reason in (
        (tarball(out), "which leads out of it"),
        (tarball(link), "leads out of it"),
        (tarball(other), "and the configuration says sha256:"),
        (whole[:700], "or it is cut"),
        (gzip.compress(whole)[:-20], "it is cut"),
        (b"\x1b[2Jrubbish" * 999, "it is no tar archive"),
    ):
        (scene.folder / "bad.tar").write_bytes(content)
        ended = scene.run("bad.tar", f"{scene.place}/bad", code=1)
        assert reason in ended.stderr
        assert ended.stderr.splitlines()[0] == "checking bad.tar"
        assert len(ended.stderr.splitlines()) == 2
        assert "\x1b" not in ended.stderr

    tags = subprocess.run(
        ["skopeo", "list-tags", "--tls-verify=false", f"docker://{scene.place}/bad"], capture_output=True, check=False
    )
    assert b"name unknown" in tags.stderr.lower() or b"not found" in tags.stderr.lower()


def test_a_registry_that_does_not_answer_is_known_before_the_archive_is_read_and_so_is_a_wrong_name(scene: Scene) -> None:
    bad = scene.write({"neither": b"nor"})

    assert "127.0.0.1:1" in scene.run(bad, "127.0.0.1:1/a", "--retries", "0", code=3).stderr
    assert "No such file" in scene.run("nothing.tar", f"{scene.place}/a", code=2).stderr
    assert "names a tag" in scene.run(scene.write(saved(ONE, names=None)), f"{scene.place}/a", code=2).stderr
    assert "names a digest" in scene.run(bad, f"{scene.place}/a@{Digest.of(b'')}", code=2).stderr


def test_a_signal_ends_it_while_it_waits_for_a_pipe(scene: Scene) -> None:
    os.mkfifo(scene.folder / "pipe")
    command = [sys.executable, "-m", "gcrsync", "push", "pipe", f"{scene.place}/a"]
    with subprocess.Popen(command, cwd=scene.folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "checking pipe\n"
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "stopped before it was done" in said
