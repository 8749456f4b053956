"""What is known of an image: the manifests that belong to it, their sizes, its age, and what is attached to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gcrsync.oci.attached import Attached
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor


@dataclass(frozen=True, slots=True)
class Part:
    """A manifest that belongs to an image; ``blobs`` are the sizes of config and layers in bytes, None where they are not known."""

    descriptor: Descriptor
    blobs: Mapping[Digest, int] | None

    @property
    def size(self) -> int | None:
        """The bytes of its blobs, each once; None where they are not known."""
        return None if self.blobs is None else sum(self.blobs.values())


@dataclass(frozen=True, slots=True)
class Inspection:
    """An image, and its ``parts``: those that an index names, or the one manifest that it is.

    ``created`` is what the maker of one part says (UTC), None where that is not known; ``unread`` has a line for each part that is
    named and could not be read.
    """

    descriptor: Descriptor
    parts: tuple[Part, ...]
    created: datetime | None = None
    attached: tuple[Attached, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def size(self) -> int | None:
        """The bytes of all blobs, each once; None where those of a part are not known."""
        known = [part.blobs for part in self.parts if part.blobs is not None]
        if len(known) < len(self.parts):
            return None
        return sum({digest: size for blobs in known for digest, size in blobs.items()}.values())
