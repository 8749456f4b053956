"""An archive of images, whatever form it has: what is in it, what is to be checked, and where it is read from."""

from collections.abc import Sequence
from typing import Protocol

from gcrsync.archive.contents import Contents
from gcrsync.archive.layers import Blob, Part
from gcrsync.oci.archived import ArchivedImage
from gcrsync.oci.manifest import Descriptor


class Archive(Protocol):
    """Images in a file or a folder; an image is read from ``contents`` once it is complete."""

    @property
    def contents(self) -> Contents:
        """All that can be read from it."""

    @property
    def keeps_digests(self) -> bool:
        """Whether manifests are those that were there before, and not made now for what has none."""

    @property
    def images(self) -> tuple[ArchivedImage, ...]:
        """The images in it, in their order; what is attached to one of them is none of its own."""

    def parts(self, image: ArchivedImage) -> tuple[Part, ...]:
        """Give the blobs of an image and of all that is attached to it; InvalidArchiveError where something is missing."""

    def complete(self, image: ArchivedImage, blobs: Sequence[Blob]) -> Descriptor:
        """Take the examined parts of an image, in their order, and give what names its manifest."""
