"""Manifests on record that are known to be in order, and read once somebody asks what is said of them."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from operator import attrgetter

from gcrsync.mirror.platforms import Platforms
from gcrsync.mirror.record import Mirrored
from gcrsync.oci.digest import Digest


class Unread(Mapping[Digest, Mirrored]):
    """Describes the manifests of these digests as ``read`` does, which is called once and gives exactly them.

    All of them are mirrored whole, without any choice of platforms.
    """

    def __init__(self, names: frozenset[str], read: Callable[[], Mapping[Digest, Mirrored]]) -> None:
        """Take the digests as texts; what is said of them is left for later."""
        self.names, self._read = names, read

    @cached_property
    def _found(self) -> Mapping[Digest, Mirrored]:
        return self._read()

    def __getitem__(self, digest: Digest) -> Mirrored:
        """Give what is said of a manifest."""
        return self._found[digest]

    def __iter__(self) -> Iterator[Digest]:
        """Give the digests in their order."""
        return iter(self._found)

    def __len__(self) -> int:
        """Count the manifests."""
        return len(self.names)

    def __contains__(self, digest: object) -> bool:
        """Say whether a manifest is described."""
        return digest in self.names


def chosen_in(manifests: Mapping[Digest, Mirrored]) -> set[Platforms]:
    """Give every choice of platforms that was made in manifests on record."""
    if isinstance(manifests, Unread):
        return {()}
    return set(map(attrgetter("platforms"), manifests.values()))
