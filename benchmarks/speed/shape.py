"""The shape of a namespace that is going to be made: which images share what, and how large everything is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from gcrsync.oci.manifest import Platform


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: two of the same name are the same blob. The size is in bytes, and nearly what it will be."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image with a config of its own, the layers in their order."""

    name: str
    platform: Platform
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class MultiPlatform:
    """An index and its images, one for each platform."""

    images: tuple[Image, ...]


Tagged = Image | MultiPlatform


@dataclass(frozen=True, slots=True)
class RepositoryShape:
    """A repository: its path in the registry, and its tags, several of which may be on one image."""

    path: str
    tags: tuple[tuple[str, Tagged], ...]

    @property
    def tagged(self) -> tuple[Tagged, ...]:
        """What has a tag, each once."""
        return tuple(dict.fromkeys(tagged for _, tagged in self.tags))

    @property
    def images(self) -> tuple[Image, ...]:
        """All images, those in an index too."""
        return tuple(image for tagged in self.tagged for image in images_of(tagged))

    @property
    def layers(self) -> frozenset[Layer]:
        """The layers, each once."""
        return frozenset(layer for image in self.images for layer in image.layers)


@dataclass(frozen=True)
class Shape:
    """A namespace: the repositories, and the numbers by which it is known."""

    repositories: tuple[RepositoryShape, ...]

    def __str__(self) -> str:
        """Give the numbers."""
        sizes = f"{self.distinct_bytes / 1e6:,.0f} MB of layers, {self.repository_bytes / 1e6:,.0f} MB counted per repository"
        counts = f"{self.tags:,} tags, {self.manifests:,} manifests, {self.blobs:,} distinct blobs"
        return f"{len(self.repositories):,} repositories, {counts}, {sizes}"

    @cached_property
    def tags(self) -> int:
        """The number of tags."""
        return sum(len(repository.tags) for repository in self.repositories)

    @cached_property
    def manifests(self) -> int:
        """The number of manifests, indexes among them."""
        indexes = (tagged for each in self.repositories for tagged in each.tagged if isinstance(tagged, MultiPlatform))
        return len(self._images) + sum(1 for _ in indexes)

    @cached_property
    def blobs(self) -> int:
        """The number of distinct blobs: configs and layers."""
        return len(self._images) + len(self._layers)

    @cached_property
    def distinct_bytes(self) -> int:
        """The bytes of the distinct layers."""
        return _bytes(self._layers)

    @cached_property
    def repository_bytes(self) -> int:
        """The bytes of the layers where each counts in every repository that has it."""
        return sum(_bytes(repository.layers) for repository in self.repositories)

    @cached_property
    def _images(self) -> tuple[Image, ...]:
        return tuple(image for repository in self.repositories for image in repository.images)

    @cached_property
    def _layers(self) -> frozenset[Layer]:
        return frozenset(layer for image in self._images for layer in image.layers)


def images_of(tagged: Tagged) -> Iterator[Image]:
    """Give the images of an index, or the image itself."""
    yield from tagged.images if isinstance(tagged, MultiPlatform) else (tagged,)


def _bytes(layers: Iterable[Layer]) -> int:
    return sum(layer.size for layer in layers)
