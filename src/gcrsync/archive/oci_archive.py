"""Image layouts as archives: manifests and blobs go as they are (image-spec, image-layout.md)."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress

from gcrsync.archive.contents import Contents
from gcrsync.archive.index import Entry, parse_index
from gcrsync.archive.invalid import InvalidArchiveError
from gcrsync.archive.layers import Blob, NamedBlob
from gcrsync.archive.members import Members
from gcrsync.archive.stored import Stored
from gcrsync.errors import DestinationError
from gcrsync.oci import media_types
from gcrsync.oci.archived import ArchivedImage, tag_of
from gcrsync.oci.attached import cosign_tags, is_cosign_tag
from gcrsync.oci.configuration import CONFIGURATIONS, LARGEST_CONFIGURATION, diff_ids
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, AnyManifest, Descriptor, Index, Manifest, SchemaOne
from gcrsync.oci.referrers import is_fallback_tag

INDEX = "index.json"
_CONTAINERD_NAME = "io.containerd.image.name"


class OciArchive:
    """The images that an ``index.json`` lists."""

    def __init__(self, members: Members) -> None:
        """Read what is listed; InvalidArchiveError where that cannot be."""
        self._members = members
        entries = [entry for entry in _entries(members) if entry.is_manifest]
        self._names = {entry: _name(entry) for entry in entries}
        self._tags = {tag: entry.descriptor for entry in reversed(entries) if (tag := tag_of(self._names[entry])) is not None}
        self.contents = Contents(members.what, self._find, [entry.descriptor for entry in entries], self._tags)
        self._descriptors = self._roots(entries)
        self.images = tuple(
            ArchivedImage(
                tuple(self._names[entry] for entry in entries if entry.descriptor.digest == digest and self._names[entry]), digest
            )
            for digest in self._descriptors
        )

    def parts(self, image: ArchivedImage) -> tuple[NamedBlob, ...]:
        """Give the blobs of an image and of all that is attached to it; InvalidArchiveError where something is missing."""
        found: dict[Digest, NamedBlob] = {}
        for manifest in self._with_attached(self._descriptors[image.digest]):
            for part in self._parts(manifest):
                if found.setdefault(part.descriptor.digest, part).diff_id is None:
                    found[part.descriptor.digest] = part
        return tuple(found.values())

    def complete(self, image: ArchivedImage, blobs: Sequence[Blob]) -> Descriptor:
        """Give what names the manifest of an image: it lies there already."""
        del blobs
        return self._descriptors[image.digest]

    def _find(self, digest: Digest) -> Stored | None:
        return self._members.find(f"blobs/{digest.algorithm}/{digest.encoded}")

    def _roots(self, entries: Sequence[Entry]) -> dict[Digest, Descriptor]:
        """Choose the images among what is listed: not what refers to another, nor what belongs to one."""
        inner = self._inner([entry.descriptor for entry in entries])
        roots = {}
        for entry in entries:
            name, descriptor = self._names[entry], entry.descriptor
            if name:
                tag = tag_of(name)
                if tag is None or not (is_cosign_tag(tag) or is_fallback_tag(tag)):
                    roots[descriptor.digest] = descriptor
            elif descriptor.digest not in inner and not _refers(self.contents.manifest(descriptor)):
                roots.setdefault(descriptor.digest, descriptor)
        return roots

    def _inner(self, listed: Sequence[Descriptor]) -> set[Digest]:
        """Give what the indexes among these name, as far as they are whole."""
        found: set[Digest] = set()
        for descriptor in listed:
            with suppress(InvalidArchiveError):
                for _, manifest in self.contents.below([descriptor]):
                    found.update(entry.digest for entry in (manifest.manifests if isinstance(manifest, Index) else ()))
        return found

    def _with_attached(self, root: Descriptor) -> Iterator[AnyManifest]:
        left, seen = [root], set[Digest]()
        while left:
            for descriptor, manifest in self.contents.below([left.pop(0)]):
                if descriptor.digest not in seen:
                    seen.add(descriptor.digest)
                    left.extend(self.contents.referring.get(descriptor.digest, ()))
                    left.extend(self._tags[tag] for tag in cosign_tags(descriptor.digest) if tag in self._tags)
                    yield manifest

    def _parts(self, manifest: AnyManifest) -> Iterator[NamedBlob]:
        if isinstance(manifest, SchemaOne):
            raise InvalidArchiveError(self._members.what, "there is a manifest of schema 1 in it, which no registry takes any more")
        if isinstance(manifest, Index):
            blobs = [entry for entry in manifest.manifests if entry.media_type and entry.media_type not in media_types.MANIFESTS]
            yield from (self._part(blob, None) for blob in blobs)
            return
        layers = self._diff_ids(manifest)
        for position, blob in enumerate(manifest.blobs):
            if not media_types.is_foreign(blob.media_type) or self._find(blob.digest) is not None:
                yield self._part(
                    blob, layers[position - 1] if position and layers and media_types.is_layer(blob.media_type) else None
                )

    def _part(self, blob: Descriptor, diff_id: Digest | None) -> NamedBlob:
        stored = self._find(blob.digest)
        what = f"{blob.digest} in {self._members.what}"
        if stored is None:
            raise InvalidArchiveError(
                self._members.what, f"{blob.digest} is not in it", hint="it is not whole: make or fetch it again"
            )
        return NamedBlob(what, stored, blob, diff_id)

    def _diff_ids(self, manifest: Manifest) -> tuple[Digest, ...]:
        """Give the digests that the layers of an image have unpacked, none for an artifact that has other layers."""
        if not manifest.blobs or manifest.blobs[0].media_type not in CONFIGURATIONS:
            return ()
        config, layers = manifest.blobs[0], manifest.blobs[1:]
        if not any(media_types.is_layer(layer.media_type) for layer in layers):
            return ()
        return matched(
            diff_ids(self.contents.read(config, LARGEST_CONFIGURATION)), len(layers), f"{config.digest} in {self._members.what}"
        )


def matched(found: tuple[Digest, ...] | None, layers: int, what: str) -> tuple[Digest, ...]:
    """Give the ``diff_ids`` of a configuration; InvalidArchiveError where there are not as many as layers."""
    if found is None:
        raise InvalidArchiveError(what, "the configuration does not say the digests of the layers (rootfs.diff_ids)")
    if len(found) != layers:
        raise InvalidArchiveError(what, f"the configuration speaks of {len(found)} layers, and there are {layers}")
    return found


def _entries(members: Members) -> tuple[Entry, ...]:
    where = f"{INDEX} in {members.what}"
    try:
        return parse_index(members.read(INDEX, LARGEST_MANIFEST), where).entries
    except DestinationError as error:
        raise InvalidArchiveError(where, error.message.removeprefix(f"{where}: ")) from error


def _name(entry: Entry) -> str:
    """Give the name of an entry: containerd writes the whole of it apart, and only the tag where others write one or the other."""
    annotations = json.loads(entry.text).get("annotations") or {}
    full = annotations.get(_CONTAINERD_NAME)
    return full if isinstance(full, str) and full else entry.name


def _refers(manifest: AnyManifest) -> bool:
    return not isinstance(manifest, SchemaOne) and manifest.subject is not None
