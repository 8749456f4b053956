"""The files of ``gcrsync mirror-config``, and programs that are not ours which read them."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gcrsync.metadata.document import encode
from gcrsync.serve.server import serving
from tests.support.build import image
from tests.support.layouts import put
from tests.support.mirrors import Mirror
from tests.support.skopeo import skopeo
from tests.support.values import record

APP, PAUSE = image("app"), image("pause")


@dataclass(frozen=True, slots=True)
class Scene:
    """A mirror on loopback, of a registry by its own paths and of another one by flat names, and its record."""

    mirror: Mirror
    address: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("machines")
    put(folder / "images", "acme/p/app", APP, "v1")
    put(folder / "images", "flat/registry.k8s.io_pause", PAUSE, "3.10")
    mirror = Mirror(folder)
    with serving(folder / "images", writable=False) as address:
        app = record("gcr.io/p/app", {"v1": "app"}, mirror=f"{address}/acme/p/app")
        pause = record("registry.k8s.io/pause", {"3.10": "pause"}, mirror=f"{address}/flat/registry.k8s.io_pause")
        documents = {f"metadata/{each.repository}.json": encode(each) for each in (app, pause)}
        mirror.place.commit(mirror.root, "record", documents)
        yield Scene(mirror, address)


def test_skopeo_pulls_from_the_mirror_what_is_named_as_at_its_source(scene: Scene, tmp_path: Path) -> None:
    scene.mirror.run("mirror-config", "podman", "--output", str(tmp_path / ".config" / "containers" / "registries.conf.d"))

    for built, name in ((APP, "gcr.io/p/app:v1"), (PAUSE, "registry.k8s.io/pause:3.10")):
        skopeo("copy", "--preserve-digests", f"docker://{name}", f"dir:{tmp_path}/pulled", folder=tmp_path)
        assert (tmp_path / "pulled" / "manifest.json").read_bytes() == built.raw


def test_a_request_as_containerd_makes_it_of_its_file_is_answered_by_the_mirror(scene: Scene, tmp_path: Path) -> None:
    ended = scene.mirror.run("mirror-config", "containerd", "--output", str(tmp_path), code=1)
    ((host, told),) = tomllib.loads((tmp_path / "gcr.io" / "hosts.toml").read_text())["host"].items()

    assert told["override_path"]
    assert httpx.get(f"{host}/p/app/manifests/v1").content == APP.raw
    assert not (tmp_path / "registry.k8s.io").exists()
    assert "registry.k8s.io is not led to the mirror: not all of its names" in ended.stderr


def test_a_file_of_somebody_else_is_not_replaced_and_one_of_ours_is(scene: Scene, tmp_path: Path) -> None:
    ours = tmp_path / "gcrsync.conf"
    scene.mirror.run("mirror-config", "podman", "--output", str(tmp_path))
    text = ours.read_text()
    assert scene.mirror.run("mirror-config", "podman").stdout == text

    ours.write_text(text + "# more\n")
    scene.mirror.run("mirror-config", "podman", "--output", str(tmp_path))
    assert ours.read_text() == text

    ours.write_text("# mine\n")
    assert "of somebody else" in scene.mirror.run("mirror-config", "podman", "--output", str(tmp_path), code=2).stderr
    assert ours.read_text() == "# mine\n"
