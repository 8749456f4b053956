"""What ``docker save`` writes, and others after it: a ``manifest.json``, configurations and layers, but no manifests."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from gcrsync.archive.contents import Contents
from gcrsync.archive.invalid import InvalidArchiveError
from gcrsync.archive.layers import Blob, UnnamedLayer
from gcrsync.archive.members import Members
from gcrsync.archive.oci_archive import matched
from gcrsync.archive.stored import Stored
from gcrsync.oci import media_types
from gcrsync.oci.archived import ArchivedImage, readable
from gcrsync.oci.configuration import LARGEST_CONFIGURATION, diff_ids
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, Descriptor

MANIFESTS = "manifest.json"
_DIGITS = 64


@dataclass(frozen=True, slots=True)
class _Saved:
    """An entry of ``manifest.json``: the names of files in the archive, and the references of the image."""

    config: str
    names: tuple[str, ...]
    layers: tuple[str, ...]


class DockerArchive:
    """The images of a ``manifest.json``; each gets a manifest of the OCI, whose digest is of nothing that was there before."""

    keeps_digests = False

    def __init__(self, members: Members) -> None:
        """Read what is listed, and all configurations; InvalidArchiveError where that cannot be."""
        self._members = members
        self._stored: dict[Digest, Stored] = {}
        self._saved: dict[Digest, _Saved] = {}
        self.contents = Contents(members.what, self._stored.get)
        names: dict[Digest, list[str]] = {}
        read = cache(self._configuration)  # which any number of entries may name
        for saved in _entries(members):
            digest = read(saved.config)
            self._saved[digest] = saved
            names.setdefault(digest, []).extend(saved.names)
        self.images = tuple(ArchivedImage(readable(each), digest) for digest, each in names.items())

    def parts(self, image: ArchivedImage) -> tuple[UnnamedLayer, ...]:
        """Give the layers of an image; InvalidArchiveError where one is missing."""
        saved, where = self._saved[image.digest], self._members.what
        found = diff_ids(self._stored[image.digest].read(LARGEST_CONFIGURATION, f"{saved.config} in {where}"))
        layers = matched(found, len(saved.layers), f"{saved.config} in {where}")
        return tuple(
            UnnamedLayer(f"{name} in {where}", self._members.get(name), diff_id)
            for name, diff_id in zip(saved.layers, layers, strict=True)
        )

    def complete(self, image: ArchivedImage, blobs: Sequence[Blob]) -> Descriptor:
        """Make the manifest of an image, the same for the same image, and give what names it (image-spec, manifest.md)."""
        config = Descriptor(media_types.OCI_CONFIG, image.digest, self._stored[image.digest].size)
        document = {
            "schemaVersion": 2,
            "mediaType": media_types.OCI_MANIFEST,
            "config": _fields(config),
            "layers": [_fields(blob.descriptor) for blob in blobs],
        }
        raw = json.dumps(document, separators=(",", ":")).encode()
        self._stored.update((blob.descriptor.digest, blob.stored) for blob in blobs)
        self._stored[Digest.of(raw)] = Stored.of(raw)
        return Descriptor(media_types.OCI_MANIFEST, Digest.of(raw), len(raw))

    def _configuration(self, name: str) -> Digest:
        """Read a configuration, whose file is called by its digest."""
        raw = self._members.read(name, LARGEST_CONFIGURATION)
        digest = Digest.of(raw)
        said = name.rpartition("/")[2].removeprefix("sha256:").removesuffix(".json")
        if len(said) == _DIGITS and said != digest.encoded:
            raise InvalidArchiveError(f"{name} in {self._members.what}", f"its bytes have the digest {digest}")
        self._stored[digest] = self._members.get(name)
        return digest


def _fields(descriptor: Descriptor) -> dict[str, object]:
    return {"mediaType": descriptor.media_type, "digest": descriptor.digest.text, "size": descriptor.size}


def _entries(members: Members) -> Iterator[_Saved]:
    where = f"{MANIFESTS} in {members.what}"
    try:
        document = json.loads(members.read(MANIFESTS, LARGEST_MANIFEST))
    except (ValueError, RecursionError) as error:
        raise InvalidArchiveError(where, f"not JSON ({error})") from error
    for entry in document if isinstance(document, list) else [None]:
        config = entry.get("Config") if isinstance(entry, dict) else None
        names, layers = (_texts(entry.get(key)) for key in ("RepoTags", "Layers")) if isinstance(entry, dict) else (None, None)
        if not isinstance(config, str) or names is None or layers is None:
            raise InvalidArchiveError(where, "not a list of images with Config, RepoTags and Layers")
        yield _Saved(config, names, layers)


def _texts(found: object) -> tuple[str, ...] | None:
    """Give a list of texts, an empty one where there is none; None where it is something else."""
    if found is None:
        return ()
    texts = tuple(text for text in found if isinstance(text, str)) if isinstance(found, list) else ()
    return texts if isinstance(found, list) and len(texts) == len(found) else None
