"""Images of an archive: all that is to be sent is read and checked first, then each is delivered as any other image is."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gcrsync.archive.images import Archive
from gcrsync.archive.layers import Part, examined
from gcrsync.archive.opening import open_archive
from gcrsync.archive.spool import Spool
from gcrsync.errors import InvalidNameError
from gcrsync.mirror.located import Located
from gcrsync.mirror.pushing import Push
from gcrsync.mirror.single import Copied
from gcrsync.oci.archived import ArchivedImage
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository
from gcrsync.oci.reference import Reference
from gcrsync.sync.contents import all_of
from gcrsync.sync.job import Means
from gcrsync.sync.pool import Pool
from gcrsync.sync.single import Origin, deliver

_NAMELESS = Repository("localhost", "archive")
"""What an image is said to be of whose name says nothing."""


def opened(means: Means, path: Path, spool: Spool, target: Located) -> Archive:
    """Ask the destination whether it answers, then open an archive: reading a large one in vain takes minutes.

    That is done in a thread, since one that comes through a pipe may not come. Raises RegistryError where the destination cannot be
    asked, and what ``open_archive`` raises.
    """
    there, mirror = means.recorded(target.name)
    there.head_manifest(mirror, target.target)
    means.watch.began(f"checking {path}")
    (archive,) = all_of(_pool(means), lambda each: open_archive(each, spool), (path,))
    return archive


def push(means: Means, archive: Archive, spool: Spool, chosen: Sequence[Push]) -> Iterator[Copied]:
    """Check all images that are to be pushed, then deliver one after the other, and give what came of each.

    Nothing is sent where one is not what it should be. Raises InvalidArchiveError then, and what ``deliver`` raises.
    """
    manifests, size = _checked(means, archive, spool, list({each.image.digest: each.image for each in chosen}.values()))
    means.watch.planned(len(chosen), size)
    for each in chosen:
        descriptor = manifests[each.image.digest]
        name = Located(archive.contents.what, None, descriptor.digest)
        yield deliver(means, Origin(archive.contents, _repository(each.name), descriptor, name), each.target)


def _checked(means: Means, archive: Archive, spool: Spool, images: Sequence[ArchivedImage]) -> tuple[dict[Digest, Descriptor], int]:
    """Give what names the manifest of each image, and the bytes of all their blobs, each read once."""
    parts = {image.digest: archive.parts(image) for image in images}
    every = {_key(part): part for each in parts.values() for part in each}
    blobs = dict(zip(every, all_of(_pool(means), lambda part: examined(part, spool), tuple(every.values())), strict=True))
    manifests = {image.digest: archive.complete(image, [blobs[_key(part)] for part in parts[image.digest]]) for image in images}
    return manifests, sum(blob.descriptor.size for blob in blobs.values())


def _key(part: Part) -> tuple[str, Digest | None]:
    """Give what tells a part from those that are other bytes, or are to be read in another way."""
    return part.what, part.diff_id


def _pool(means: Means) -> Pool:
    return Pool(means.executor, means.ahead, means.stopped)


def _repository(name: str) -> Repository:
    try:
        return Reference.parse(name).repository if {"/", ":"}.intersection(name) else _NAMELESS
    except InvalidNameError:
        return _NAMELESS
