"""One image that somebody names, looked at: its manifests and one configuration are read, and no layers."""

from dataclasses import dataclass
from datetime import datetime

from gcrsync.errors import IntegrityError, NotFoundError
from gcrsync.mirror.located import Located
from gcrsync.oci import media_types
from gcrsync.oci.configuration import CONFIGURATIONS, LARGEST_CONFIGURATION, created
from gcrsync.oci.digest import Digest
from gcrsync.oci.inspection import Inspection, Part
from gcrsync.oci.manifest import NO_PLATFORM, AnyManifest, Descriptor, Index, Manifest, Platform
from gcrsync.oci.name import Repository
from gcrsync.oci.verified import verified
from gcrsync.sync.contents import all_of, named, referring, tagged
from gcrsync.sync.job import Means
from gcrsync.sync.places import Source
from gcrsync.sync.pool import Pool
from gcrsync.sync.single import described, source_at

_FIRST = Platform("linux", "amd64")
"""The platform whose age is told where there are several."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A manifest that was read, or why it could not be."""

    descriptor: Descriptor
    manifest: AnyManifest | None = None
    reason: str = ""

    @property
    def part(self) -> Part:
        if self.descriptor.media_type and self.descriptor.media_type not in media_types.MANIFESTS:
            return Part(self.descriptor, {self.descriptor.digest: self.descriptor.size})
        if not isinstance(self.manifest, Manifest):
            return Part(self.descriptor, None)
        return Part(self.descriptor, {blob.digest: blob.size for blob in self.manifest.blobs})

    @property
    def configuration(self) -> Descriptor | None:
        """What names the configuration of an image, None where there is none that could be read."""
        blobs = self.manifest.blobs if isinstance(self.manifest, Manifest) else ()
        config = blobs[0] if blobs and blobs[0].media_type in CONFIGURATIONS else None
        return None if config is None or config.size > LARGEST_CONFIGURATION else config


def inspect(means: Means, image: Located) -> Inspection:
    """Tell what an image is.

    Raises NotFoundError where it is not there, and RegistryError, IntegrityError or StoppedError where it cannot be looked at.
    """
    place, repository = source_at(means, image)
    found = described(place, repository, image)
    manifest = place.get_manifest(repository, found.digest)
    pool = Pool(means.executor, means.ahead, means.stopped)
    if isinstance(manifest, Index):
        entries = named(place, repository, manifest, str(image))
        leaves = tuple(entry for entry in entries if entry.media_type not in media_types.INDEXES)
        readings = all_of(pool, lambda entry: _read(place, repository, entry), leaves)
    else:
        entries, readings = (), (_Reading(found, manifest),)
    subjects = _subjects(found.digest, entries)
    return Inspection(
        found,
        tuple(reading.part for reading in readings),
        _created(place, repository, readings),
        (*tagged(place, repository, subjects, pool), *referring(place, repository, subjects, pool)),
        tuple(reading.reason for reading in readings if reading.reason),
    )


def _read(place: Source, repository: Repository, entry: Descriptor) -> _Reading:
    """Read what an index names, unless it is a blob; one that is not there or is damaged is told as such."""
    if entry.media_type and entry.media_type not in media_types.MANIFESTS:
        return _Reading(entry)
    try:
        return _Reading(entry, place.get_manifest(repository, entry.digest))
    except (NotFoundError, IntegrityError) as error:
        return _Reading(entry, reason=str(error))


def _subjects(digest: Digest, entries: tuple[Descriptor, ...]) -> tuple[Digest, ...]:
    """Give the manifests to which something may be attached: an attestation is attached itself."""
    wanted = [entry for entry in entries if entry.media_type in media_types.MANIFESTS and entry.platform != NO_PLATFORM]
    return (digest, *(entry.digest for entry in wanted))


def _created(place: Source, repository: Repository, readings: tuple[_Reading, ...]) -> datetime | None:
    """Ask one part for its age, that for linux/amd64 where there is one; what cannot be read does not tell it."""
    dated = [reading for reading in readings if reading.configuration and reading.descriptor.platform != NO_PLATFORM]
    dated.sort(key=lambda reading: reading.descriptor.platform != _FIRST)
    config = dated[0].configuration if dated else None
    if config is None:
        return None
    try:
        with place.open_blob(repository, config) as chunks:
            return created(b"".join(verified(chunks, config, f"configuration {config.digest}")))
    except (NotFoundError, IntegrityError):
        return None
