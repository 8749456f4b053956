"""The namespaces that are copied, without their bytes: one large layer, a realistic one, and wide ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, count, cycle, islice
from random import Random

from benchmarks.namespaces.builder import seeded
from benchmarks.speed.shape import Image, Layer, MultiPlatform, RepositoryShape, Shape, Tagged
from gcrsync.oci.manifest import Platform

_MB = 1_000_000
_AMD64 = Platform("linux", "amd64")
_PLATFORMS = (_AMD64, Platform("linux", "arm64"), Platform("linux", "arm", "v7"))

_SINGLE_REPOSITORIES, _SINGLE_IMAGES = 32, 174
_MULTI_REPOSITORIES, _INDEXES, _INDEXED_IMAGES = 8, 36, 90
_TAGS = 530
_FAMILIES = 4
_BASE = (10 * _MB, 1_400_000)
"""The layers that images of one family and platform begin with."""

_OWN_BYTES = 560 * _MB
_REBUILDS = 22
"""How many images have the layer of the version before, and only another config."""

_SINGLES = ("static", "proxy", "controller", "webhook", "exporter", "agent", "scheduler", "operator")
_MULTIS = ("base", "java", "node", "python")
_FOLDERS = ("", "", "sig/", "tools/ci/")

_TAGS_OF_WIDE = 10
_SMALL = 700


def one_layer() -> Shape:
    """Give one image of one layer of 1 GB."""
    image = Image("large", _AMD64, (Layer("large", 1000 * _MB),))
    return Shape((RepositoryShape("single/large", (("latest", image),)),))


def wide(repositories: int) -> Shape:
    """Give many repositories of ten tags each, every one a tiny image: a config, a layer that all ten share, and one more."""
    return Shape(tuple(_wide(f"wide/r{number:04}") for number in range(repositories)))


def _wide(path: str) -> RepositoryShape:
    shared = Layer(f"{path} shared", _SMALL)
    names = [f"{path}:v{number}" for number in range(_TAGS_OF_WIDE)]
    images = (Image(name, _AMD64, (shared, Layer(name, _SMALL))) for name in names)
    return RepositoryShape(path, tuple((image.name.partition(":")[2], image) for image in images))


def realistic(seed: int = 1) -> Shape:
    """Give a namespace as they are: bases that many repositories share, several tags on one image, indexes.

    A fifth of the indexed images is for a third platform; the sizes are as uneven as those of real layers.
    """
    random = seeded("realistic", seed)
    singles = _shares(random, _SINGLE_IMAGES, _SINGLE_REPOSITORIES)
    multis = _shares(random, _INDEXES, _MULTI_REPOSITORIES)
    sizes = iter(_shares(random, _OWN_BYTES, _SINGLE_IMAGES + _INDEXED_IMAGES - _REBUILDS))
    tags = iter(_shares(random, _TAGS, _SINGLE_IMAGES + _INDEXES))
    rebuilt = _rebuilt(singles)
    platforms = cycle((2, 3))
    made: list[RepositoryShape] = []
    for number, versions in enumerate(singles):
        path = f"realistic/{_FOLDERS[number % 4]}{_SINGLES[number % len(_SINGLES)]}-{number}"
        images = _singles(path, number % _FAMILIES, rebuilt[number], sizes)
        made.append(RepositoryShape(path, tuple(_tags(islice(images, versions), tags))))
    for number, versions in enumerate(multis):
        path = f"realistic/{_MULTIS[number % len(_MULTIS)]}-all-{number}"
        indexes = (_multi(f"{path}:{version}", number % _FAMILIES, next(platforms), sizes) for version in range(versions))
        made.append(RepositoryShape(path, tuple(_tags(indexes, tags))))
    return Shape(tuple(made))


def _rebuilt(singles: Sequence[int]) -> list[set[int]]:
    """Choose the versions of each repository that are rebuilds, never the first."""
    later = [(number, version) for number, versions in enumerate(singles) for version in range(1, versions)]
    chosen = later[:: len(later) // _REBUILDS][:_REBUILDS]
    return [{version for each, version in chosen if each == number} for number in range(len(singles))]


def _singles(path: str, family: int, rebuilt: set[int], sizes: Iterator[int]) -> Iterator[Image]:
    """Give the versions of a repository for ever."""
    own = Layer("", 0)
    for version in count():
        name = f"{path}:{version}"
        own = own if version in rebuilt else Layer(name, next(sizes))
        yield Image(name, _AMD64, (*_base(family, _AMD64), own))


def _multi(name: str, family: int, platforms: int, sizes: Iterator[int]) -> MultiPlatform:
    return MultiPlatform(
        tuple(
            Image(f"{name} {platform}", platform, (*_base(family, platform), Layer(f"{name} {platform}", next(sizes))))
            for platform in _PLATFORMS[:platforms]
        )
    )


def _base(family: int, platform: Platform) -> tuple[Layer, ...]:
    return tuple(Layer(f"base {family} {platform} {number}", size) for number, size in enumerate(_BASE))


def _tags(versions: Iterator[Tagged], counts: Iterator[int]) -> Iterator[tuple[str, Tagged]]:
    """Give each version its tags: its number, and one more for each further name."""
    for version, (tagged, names) in enumerate(zip(versions, counts, strict=False)):
        yield f"v1.{version}.0", tagged
        yield from ((f"v1.{version}.0-{name}", tagged) for name in range(1, names))


def _shares(random: Random, total: int, count: int) -> list[int]:
    """Share a total out among so many, unevenly: each has one at least, and all together exactly the total."""
    weights = list(accumulate(random.lognormvariate(0, 1) for _ in range(count)))
    bounds = [round((total - count) * weight / weights[-1]) for weight in weights]
    return [1 + upper - lower for lower, upper in zip([0, *bounds], bounds, strict=False)]


SHAPES: Mapping[str, Callable[[], Shape]] = {
    "layer": one_layer,
    "realistic": realistic,
    "wide-200": partial(wide, 200),
    "wide-2000": partial(wide, 2000),
}
"""The cases that copy a namespace, by name."""
