import gzip
import json
import tarfile
from pathlib import Path

import pytest

from benchmarks.speed.filling import Filling, write_lists
from benchmarks.speed.layers import write_layer
from benchmarks.speed.shape import Image, Layer, MultiPlatform, RepositoryShape, Shape
from benchmarks.speed.storage import Storage
from gcrsync.oci.manifest import Platform

AMD64, ARM = Platform("linux", "amd64"), Platform("linux", "arm", "v7")
BASE = Layer("base", 500)
IMAGES = [Image(name, platform, (BASE, Layer(name, 100))) for name, platform in (("a", AMD64), ("b", AMD64), ("c", ARM))]
SHAPE = Shape(
    (
        RepositoryShape("n/x", (("v1", IMAGES[0]), ("latest", IMAGES[0]))),
        RepositoryShape("n/x/y", (("v1", MultiPlatform((IMAGES[1], IMAGES[2]))),)),
    )
)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    made = Storage(tmp_path / "storage")
    made.root.mkdir()
    Filling(made).fill(SHAPE)
    return made


def test_what_was_filled_has_the_numbers_of_its_shape(storage: Storage) -> None:
    namespace = storage.namespace("n")
    assert set(storage.tags()) == {("n/x", "v1"), ("n/x", "latest"), ("n/x/y", "v1")}
    assert storage.tagged("n/x", "v1") == storage.tagged("n/x", "latest")
    assert sum(len(repository.manifests) for repository in namespace.repositories) == SHAPE.manifests
    assert sum(file.name == "data" for file in storage.files()) == SHAPE.blobs + SHAPE.manifests


def test_googles_lists_have_the_children_and_every_manifest(storage: Storage, tmp_path: Path) -> None:
    write_lists(storage.namespace(""), tmp_path / "lists")
    top, below = (json.loads((tmp_path / "lists" / "v2" / path / "tags" / "list").read_text()) for path in ("", "n/x"))
    assert (top["child"], below["child"], sorted(below["tags"])) == (["n"], ["y"], ["latest", "v1"])
    assert {digest: sorted(entry["tag"]) for digest, entry in below["manifest"].items()} == {
        storage.tagged("n/x", "v1").text: ["latest", "v1"]
    }


def test_a_layer_has_real_files_and_nearly_the_size_that_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"text " * 5000)
    sizes = []
    for name in ("one", "two"):
        write_layer(Layer("layer", 200_000), iter((file,)), tmp_path / name)
        sizes.append((tmp_path / name).stat().st_size)
    assert sizes == pytest.approx([200_000, 200_000], rel=0.01)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with gzip.open(tmp_path / "one") as unpacked, tarfile.open(fileobj=unpacked) as tar:
        assert tar.getnames() == [file.as_posix().removeprefix("/"), "filler"]
