"""References to images, as people write them and as Docker reads them: ``nginx``, ``gcr.io/a/b:v1``, ``nginx:1.27@sha256:…``."""

import re
from dataclasses import dataclass

from gcrsync.errors import InvalidNameError
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import DOCKER_HUB, Repository, Tag, canonical_host, is_host

DEFAULT_TAG = "latest"
"""The tag of a reference that has neither tag nor digest."""

_OFFICIAL = "library"
_IDENTIFIER = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Written:
    """A reference as it was written: ``tag`` is not checked, for lists take globs there, and empty where none is named."""

    repository: Repository
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> "Written":
        """Read a reference as Docker does: without a host it is at Docker Hub, and without a namespace there in ``library``.

        Raises InvalidNameError.
        """
        if "://" in text:
            raise InvalidNameError("image", text, "expected no scheme before the host")
        name, tag, digest = parted(text)
        return cls(_repository(name, text), tag, digest)


@dataclass(frozen=True, slots=True)
class Reference:
    """An image in a repository: by its tag, by its digest, or by both, and then the digest says which image it is."""

    repository: Repository
    tag: Tag | None = None
    digest: Digest | None = None

    def __post_init__(self) -> None:
        """Refuse one that names no image with InvalidNameError."""
        if self.tag is None and self.digest is None:
            raise InvalidNameError("image", str(self.repository), "expected a tag or a digest")

    def __str__(self) -> str:
        """Give ``repository:tag``, ``repository@digest`` or ``repository:tag@digest``."""
        tag = "" if self.tag is None else f":{self.tag}"
        return f"{self.repository}{tag}" if self.digest is None else f"{self.repository}{tag}@{self.digest}"

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read a reference as Docker does; with neither tag nor digest it is ``latest``. Raises InvalidNameError."""
        written = Written.parse(text)
        tag = written.tag or ("" if written.digest else DEFAULT_TAG)
        return cls(written.repository, Tag(tag) if tag else None, written.digest)

    @classmethod
    def to(cls, repository: Repository, target: Tag | Digest) -> "Reference":
        """Give the reference to a tag or a digest (distribution-spec, ``<reference>``)."""
        return cls(repository, tag=target) if isinstance(target, Tag) else cls(repository, digest=target)


def parted(text: str) -> tuple[str, str, Digest | None]:
    """Part what names an image into a name, a tag, which is not checked and empty where there is none, and a digest.

    Raises InvalidNameError where the tag is empty though there is a colon before it, and for what is no digest.
    """
    named, at, digest = text.partition("@")
    name, colon, tag = named.rpartition(":")
    if not colon or "/" in tag:  # the colon is that of a port
        name, tag = named, ""
    elif not tag:
        raise InvalidNameError("image", text, "its tag is empty")
    return name, tag, Digest(digest) if at else None


def _repository(name: str, text: str) -> Repository:
    first, slash, rest = name.partition("/")
    if slash and is_host(first):
        host, path = canonical_host(first), rest
    elif _IDENTIFIER.fullmatch(name):
        raise InvalidNameError("image", text, "it looks like the digits of a digest; write NAME@sha256:…")
    else:
        host, path = DOCKER_HUB, name
    if not path:
        raise InvalidNameError("image", text, "its name is empty")
    if host == DOCKER_HUB and "/" not in path:
        path = f"{_OFFICIAL}/{path}"
    return Repository(host, path)
