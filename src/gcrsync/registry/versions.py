"""What vendors tell of a repository manifest by manifest: a digest, the tags that it has, and what else is known of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from gcrsync.errors import InvalidNameError, ProtocolError
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Tag
from gcrsync.registry.pages import DOING


@dataclass(frozen=True, slots=True)
class Version:
    """A manifest as a vendor tells of it, in texts that are not checked yet."""

    digest: str
    tags: tuple[str, ...]
    described: Described


def listing(versions: Iterable[Version], where: str) -> Listing:
    """Merge versions; ProtocolError for a name or a digest that makes no sense, and for a tag that has two digests."""
    tags: dict[Tag, Digest] = {}
    manifests: dict[Digest, Described] = {}
    try:
        for version in versions:
            digest = Digest(version.digest)
            manifests[digest] = version.described
            for tag in map(Tag, version.tags):
                if tags.setdefault(tag, digest) != digest:
                    raise ProtocolError(DOING, where, f"names tag {tag} twice, with two digests")
    except InvalidNameError as error:
        raise ProtocolError(DOING, where, error.message) from error
    return Listing(tags, manifests)
