"""Image layouts as archives: manifests and blobs go as they are (image-spec, image-layout.md)."""

import json
from collections.abc import Iterator, Sequence

from gcrsync.archive.contents import Contents
from gcrsync.archive.index import Entry, parse_index
from gcrsync.archive.invalid import InvalidArchiveError
from gcrsync.archive.layers import Blob, NamedBlob
from gcrsync.archive.layout import LARGEST_MARK, is_known_version
from gcrsync.archive.members import Members
from gcrsync.archive.stored import Stored
from gcrsync.errors import DestinationError
from gcrsync.oci import media_types
from gcrsync.oci.archived import ArchivedImage, readable, tag_of
from gcrsync.oci.attached import cosign_tags, is_cosign_tag
from gcrsync.oci.configuration import CONFIGURATIONS, LARGEST_CONFIGURATION, diff_ids
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, NO_PLATFORM, AnyManifest, Descriptor, Index, Manifest, SchemaOne
from gcrsync.oci.referrers import is_fallback_tag

INDEX = "index.json"
_MARK = "oci-layout"
_CONTAINERD_NAME = "io.containerd.image.name"


class OciArchive:
    """The images that an ``index.json`` lists."""

    keeps_digests = True

    def __init__(self, members: Members) -> None:
        """Read what is listed; InvalidArchiveError where that cannot be."""
        self._members = members
        entries = [entry for entry in _entries(members) if entry.is_manifest]
        self._names = {entry: _name(entry) for entry in entries}
        self._tags = {tag: entry.descriptor for entry in reversed(entries) if (tag := tag_of(self._names[entry])) is not None}
        self.contents = Contents(members.what, self._find, [entry.descriptor for entry in entries], self._tags)
        names: dict[Descriptor, list[str]] = {}
        for entry in self._listed(entries):
            names.setdefault(entry.descriptor, []).append(self._names[entry])
        chosen = {descriptor: self._chosen(descriptor) for descriptor in names}
        self._roots = {root.digest: root for root in chosen.values()}
        self.images = tuple(
            ArchivedImage(readable(each), chosen[listed].digest, None if chosen[listed] == listed else listed.digest)
            for listed, each in names.items()
        )

    def parts(self, image: ArchivedImage) -> tuple[NamedBlob, ...]:
        """Give the blobs of an image and of all that is attached to it; InvalidArchiveError where something is missing."""
        found: dict[Digest, NamedBlob] = {}
        for manifest in self._with_attached(self._roots[image.digest]):
            for part in self._parts(manifest):
                if found.setdefault(part.descriptor.digest, part).diff_id is None:
                    found[part.descriptor.digest] = part
        return tuple(found.values())

    def complete(self, image: ArchivedImage, blobs: Sequence[Blob]) -> Descriptor:
        """Give what names the manifest of an image: it lies there already."""
        del blobs
        return self._roots[image.digest]

    def _find(self, digest: Digest) -> Stored | None:
        return self._members.find(f"blobs/{digest.algorithm}/{digest.encoded}")

    def _chosen(self, listed: Descriptor) -> Descriptor:
        """Give what is pushed of an image that is listed: all of it."""
        return listed

    def _listed(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        """Give the entries that are images of their own: nothing that refers to another one or belongs to it.

        Without a name they count only where the same manifest has none elsewhere.
        """
        inner = self._inner([entry.descriptor for entry in entries])
        named = {entry.descriptor.digest for entry in entries if self._names[entry]}
        for entry in entries:
            digest, tag = entry.descriptor.digest, tag_of(self._names[entry])
            if self._names[entry]:
                if tag is None or not (is_cosign_tag(tag) or is_fallback_tag(tag)):
                    yield entry
            elif digest not in inner and digest not in named and not _refers(self.contents.manifest(entry.descriptor)):
                yield entry

    def _inner(self, listed: Sequence[Descriptor]) -> set[Digest]:
        """Give what the indexes among these name, as far as they are whole."""
        indexes = (manifest for _, manifest in self.contents.readable(listed) if isinstance(manifest, Index))
        return {entry.digest for index in indexes for entry in index.manifests}

    def _with_attached(self, root: Descriptor) -> Iterator[AnyManifest]:
        left, seen = [root], set[Digest]()
        while left:
            for descriptor, manifest in self.contents.below(left.pop(), seen):
                left.extend(self.contents.referring.get(descriptor.digest, ()))
                left.extend(self._tags[tag] for tag in cosign_tags(descriptor.digest) if tag in self._tags)
                yield manifest

    def _parts(self, manifest: AnyManifest) -> Iterator[NamedBlob]:
        if isinstance(manifest, SchemaOne):
            raise InvalidArchiveError(self._members.what, "there is a manifest of schema 1 in it, which no registry takes any more")
        if isinstance(manifest, Index):
            for entry in manifest.manifests:
                if entry.media_type and entry.media_type not in media_types.MANIFESTS:
                    yield self._part(entry, None)
            return
        for blob, diff_id in zip(manifest.blobs, self._diff_ids(manifest), strict=True):
            if not media_types.is_foreign(blob.media_type) or self._find(blob.digest) is not None:
                yield self._part(blob, diff_id)

    def _part(self, blob: Descriptor, diff_id: Digest | None) -> NamedBlob:
        stored = self._find(blob.digest)
        what = f"{blob.digest} in {self._members.what}"
        if stored is None:
            raise InvalidArchiveError(
                self._members.what, f"{blob.digest} is not in it", hint="it is not whole: make or fetch it again"
            )
        return NamedBlob(what, stored, blob, diff_id)

    def _diff_ids(self, manifest: Manifest) -> tuple[Digest | None, ...]:
        """Give the digest that each blob has unpacked if it is the layer of an image, else None: artifacts have other blobs."""
        are_layers = [media_types.is_layer(blob.media_type) for blob in manifest.blobs]
        if not any(are_layers) or manifest.blobs[0].media_type not in CONFIGURATIONS:
            return (None,) * len(manifest.blobs)
        config, layers = manifest.blobs[0], manifest.blobs[1:]
        said = diff_ids(self.contents.read(config, LARGEST_CONFIGURATION))
        found = matched(said, len(layers), f"{config.digest} in {self._members.what}")
        return tuple(diff_id if is_layer else None for diff_id, is_layer in zip((None, *found), are_layers, strict=True))


class SavedLayout(OciArchive):
    """The image layout in what docker save writes: an index may name platforms there that were never pulled."""

    def _chosen(self, listed: Descriptor) -> Descriptor:
        """Give the image of the one platform that is there, where an index is not whole."""
        manifest = self.contents.manifest(listed)
        entries = manifest.manifests if isinstance(manifest, Index) else ()
        images = [entry for entry in entries if entry.platform != NO_PLATFORM]
        there = [entry for entry in images if self._find(entry.digest) is not None]
        return there[0] if len(there) == 1 < len(images) else listed


def matched(found: tuple[Digest, ...] | None, layers: int, what: str) -> tuple[Digest, ...]:
    """Give the ``diff_ids`` of a configuration; InvalidArchiveError where there are not as many as layers."""
    if found is None:
        raise InvalidArchiveError(what, "the configuration does not say the digests of the layers (rootfs.diff_ids)")
    if len(found) != layers:
        raise InvalidArchiveError(what, f"the configuration speaks of {len(found)} layers, and there are {layers}")
    return found


def _entries(members: Members) -> tuple[Entry, ...]:
    if _MARK in members and not is_known_version(members.read(_MARK, LARGEST_MARK)):
        raise InvalidArchiveError(f"{_MARK} in {members.what}", "this is not of version 1.0.0, the only one that is known")
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
