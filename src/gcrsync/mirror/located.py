"""One image by the name that a person gives it: in a registry, or in a folder of image layouts."""

from dataclasses import dataclass, replace
from typing import Self

from gcrsync.errors import UsageError
from gcrsync.mirror.naming import check_mirror_name, folder_of
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag
from gcrsync.oci.reference import DEFAULT_TAG, Written, parted


@dataclass(frozen=True, slots=True)
class Located:
    """An image: ``name`` is its repository as mirrors are named on record, ``ghcr.io/acme/static`` or ``oci:images/static``.

    The digest says which image it is where there is one, and the tag where there is none.
    """

    name: str
    tag: Tag | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``oci:FOLDER/REPOSITORY:TAG``, or a reference as Docker does, with nothing added to it. Raises InvalidNameError."""
        folder = folder_of(text)
        if folder is None:
            written = Written.parse(text)
            name, tag, digest = str(written.repository), written.tag, written.digest
        else:
            path, tag, digest = parted(folder)
            name = f"oci:{path}"
            check_mirror_name(name)
        return cls(name, Tag(tag) if tag else None, digest)

    def __str__(self) -> str:
        """Give the name with the tag and the digest that there are: with both it is pinned."""
        tag = "" if self.tag is None else f":{self.tag}"
        return f"{self.name}{tag}" if self.digest is None else f"{self.name}{tag}@{self.digest}"

    @property
    def target(self) -> Tag | Digest:
        """What the manifest is asked for by (distribution-spec, ``<reference>``)."""
        return self.digest or self.tag or Tag(DEFAULT_TAG)

    def pinned(self, digest: Digest) -> Self:
        """Give the name that gets the image of this digest, whatever becomes of the tag."""
        return replace(self, digest=digest)


def source_of(text: str) -> Located:
    """Read the name of an image that is to be there; with neither tag nor digest it is ``latest``. Raises InvalidNameError."""
    located = Located.parse(text)
    return located if located.tag or located.digest else replace(located, tag=Tag(DEFAULT_TAG))


def destination_of(text: str, source: Located) -> Located:
    """Read the name that an image is to get; without a tag it gets that of its source.

    Raises InvalidNameError, and UsageError where there is no tag or a digest is named, which only the image itself can say.
    """
    located = Located.parse(text)
    if located.digest is not None:
        raise UsageError(f"{text} names a digest", hint="name the destination by a tag: its digest is that of the source")
    if located.tag is None and source.tag is None:
        raise UsageError(f"neither {source} nor {text} names a tag", hint="name one of the destination: NAME:TAG")
    return replace(located, tag=located.tag or source.tag)
