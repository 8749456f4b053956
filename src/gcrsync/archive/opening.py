"""An archive of images, opened: a folder or a file, packed or not, in one form or the other."""

import stat
from pathlib import Path

from gcrsync.archive.compression import LONGEST_BEGINNING, Compression, compression_of, unpacked
from gcrsync.archive.docker_archive import MANIFESTS, DockerArchive
from gcrsync.archive.images import Archive
from gcrsync.archive.invalid import InvalidArchiveError
from gcrsync.archive.members import Members, in_folder
from gcrsync.archive.oci_archive import INDEX, OciArchive, SavedLayout
from gcrsync.archive.spool import Spool
from gcrsync.archive.tarball import in_tar
from gcrsync.errors import UsageError


def open_archive(path: Path, spool: Spool) -> Archive:
    """Open what docker save and others write, an image layout, or an archive of one.

    What is packed is unpacked once to a temporary file. Raises UsageError where there is nothing, and InvalidArchiveError where
    there is something else.
    """
    members = _members(path, spool)
    if INDEX not in members and MANIFESTS not in members:
        hint = "what can be pushed is what docker save, podman save, buildah, kaniko or skopeo write, or an OCI image layout"
        raise InvalidArchiveError(str(path), f"neither {INDEX} nor {MANIFESTS} is in it", hint=hint)
    if MANIFESTS not in members:
        return OciArchive(members)
    return (INDEX in members and _whole(members)) or DockerArchive(members)


def _members(path: Path, spool: Spool) -> Members:
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="name an archive of images, or an OCI image layout") from error
    if is_folder:
        return in_folder(path)
    file = spool.open(path)
    with file.whole.open() as beginning:
        packed = compression_of(beginning.read(LONGEST_BEGINNING))
    if packed is not Compression.NONE:
        with file.whole.open() as content:
            file = spool.keep(unpacked(content, packed, str(path)))
    return in_tar(file, str(path))


def _whole(members: Members) -> OciArchive | None:
    """Give the image layout that docker save adds since version 25, if there are images in it, and all of them are there."""
    try:
        archive = SavedLayout(members)
        for image in archive.images:
            archive.parts(image)
    except InvalidArchiveError:
        return None
    return archive if archive.images else None
