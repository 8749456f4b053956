import pytest

from benchmarks.speed.shape import Image, Layer, MultiPlatform, RepositoryShape, Shape
from benchmarks.speed.shapes import SHAPES, one_layer, realistic, wide
from gcrsync.oci.manifest import Platform


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_realistic_namespace_has_the_same_numbers_whatever_the_seed(seed: int) -> None:
    shape = realistic(seed)
    assert (len(shape.repositories), shape.tags, shape.manifests, shape.blobs) == (40, 530, 300, 530)
    assert shape.distinct_bytes == pytest.approx(700e6, rel=0.01)
    assert shape.repository_bytes == pytest.approx(1200e6, rel=0.01)


def test_the_seed_decides_the_shape() -> None:
    assert realistic(1) == realistic(1)
    assert realistic(1) != realistic(2)


@pytest.mark.parametrize("shape", [make() for make in SHAPES.values()], ids=SHAPES)
def test_no_tag_is_there_twice_and_no_two_repositories_end_in_the_same_name(shape: Shape) -> None:
    names = [repository.path.rpartition("/")[2] for repository in shape.repositories]
    assert len(set(names)) == len(names) > 0
    assert shape.tags == sum(len(dict(repository.tags)) for repository in shape.repositories)


def test_wide_repositories_have_ten_images_that_share_one_layer_of_two() -> None:
    shape = wide(3)
    assert (len(shape.repositories), shape.tags, shape.manifests) == (3, 30, 30)
    for repository in shape.repositories:
        shared = frozenset.intersection(*(frozenset(image.layers) for image in repository.images))
        assert (len(shared), len(repository.layers)) == (1, 11)


def test_one_layer_of_a_gigabyte_is_one_image() -> None:
    shape = one_layer()
    assert (shape.tags, shape.manifests, shape.blobs, shape.distinct_bytes) == (1, 1, 2, 10**9)


def test_what_is_shared_counts_once_for_the_namespace_and_once_for_each_repository() -> None:
    platform, base = Platform("linux", "amd64"), Layer("base", 100)
    images = [Image(name, platform, (base, Layer(name, 10))) for name in "abc"]
    index = MultiPlatform((images[1], images[2]))
    shape = Shape((RepositoryShape("x", (("v1", images[0]), ("latest", images[0]))), RepositoryShape("y", (("v1", index),))))
    assert (shape.tags, shape.manifests, shape.blobs) == (3, 4, 7)
    assert (shape.distinct_bytes, shape.repository_bytes) == (130, 230)
