"""By which name the mirror has an image that is named as it is at its source."""

from dataclasses import dataclass

from gcrsync.mirror.record import Record, Records
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.reference import Reference


@dataclass(frozen=True, slots=True)
class Resolution:
    """An image at the mirror: the name of its repository, its tag if it is named by one, and its digest there."""

    mirror: str
    tag: Tag | None
    digest: Digest

    @property
    def name(self) -> str:
        """The name to pull: by its tag where there is one, else by its digest."""
        return f"{self.mirror}@{self.digest}" if self.tag is None else f"{self.mirror}:{self.tag}"

    @property
    def pinned(self) -> str:
        """The name that gets exactly these bytes: the digest counts, and the tag beside it is for people."""
        return self.name if self.tag is None else f"{self.name}@{self.digest}"


@dataclass(frozen=True, slots=True)
class Unmirrored:
    """An image that the mirror does not have, and why."""

    reason: str


def resolve(records: Records, reference: Reference) -> Resolution | Unmirrored:
    """Say by which name the mirror has an image; a digest in the reference is the source's."""
    record = records.get(reference.repository)
    if record is None:
        return Unmirrored("its repository is not on record")
    if reference.digest is None:
        return _by_tag(record, reference.tag)
    return _by_digest(record, reference.tag, reference.digest)


def namesakes(records: Records, reference: Reference) -> tuple[Repository, ...]:
    """Give what is on record by the same path at other registries: the host may have been left out."""
    path = reference.repository.path
    return tuple(sorted(name for name in records if name.path == path and name != reference.repository))


def _by_tag(record: Record, tag: Tag | None) -> Resolution | Unmirrored:
    digest = None if tag is None else record.digest_at_mirror(tag)
    if digest is not None:
        return Resolution(record.mirror, tag, digest)
    held = None if tag is None else record.held.get(tag)
    return Unmirrored("the mirror has no such tag" if held is None else f"{held.why}: {held.reason}")


def _by_digest(record: Record, tag: Tag | None, digest: Digest) -> Resolution | Unmirrored:
    """Find a digest under the tag that is named beside it, else by itself: the tag may have moved on since."""
    if tag is not None and record.digest_at_source(tag) == digest:
        return _by_tag(record, tag)
    described = record.manifests.get(digest)
    if described is None:
        return Unmirrored("the mirror has no such digest")
    return Resolution(record.mirror, None, described.mirror_digest or digest)
