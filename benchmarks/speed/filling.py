"""Fills a folder with the source of a case: ``python -m benchmarks.speed.filling CASE FOLDER``.

Below ``storage`` are the files of a ``docker-registry``, below ``lists`` what Google's registry would answer to ``tags/list``.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.namespaces.answers import GoogleRegistry, Request
from benchmarks.namespaces.content import StoredNamespace
from benchmarks.speed.layers import real_files, write_layer
from benchmarks.speed.shape import Image, Layer, RepositoryShape, Shape, images_of
from benchmarks.speed.shapes import SHAPES
from benchmarks.speed.storage import Storage
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor, Platform
from gcrsync.oci.media_types import OCI_INDEX, OCI_MANIFEST

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def main() -> None:
    """Read the arguments, and fill the folder."""
    parser = ArgumentParser(prog="python -m benchmarks.speed.filling", description=__doc__)
    parser.add_argument("case", choices=SHAPES)
    parser.add_argument("folder", type=Path, help="which is made")
    chosen = parser.parse_args()
    storage = Storage(chosen.folder / "storage")
    storage.root.mkdir(parents=True)
    shape = SHAPES[chosen.case]()
    Filling(storage).fill(shape)
    write_lists(storage.namespace(""), chosen.folder / "lists")
    sys.stderr.write(f"{chosen.case}: {shape}\n")


def write_lists(namespace: StoredNamespace, folder: Path) -> None:
    """Write Google's list of each path of a namespace to the file that is named as it is asked for."""
    registry = GoogleRegistry(namespace)
    for path in registry.paths:
        target = f"/v2/{path}/tags/list" if path else "/v2/tags/list"
        file = folder / target.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(registry.answer(Request("GET", target)).body)


class Filling:
    """Fills a storage, each layer made once; layers of some size are of the machine's files, which all of them share out."""

    def __init__(self, storage: Storage) -> None:
        """Begin with a storage that may be empty."""
        self._storage = storage
        self._files = real_files()
        self._layers: dict[Layer, Descriptor] = {}

    def fill(self, shape: Shape) -> None:
        """Write every blob, manifest and tag."""
        for repository in shape.repositories:
            self._repository(repository)

    def _repository(self, repository: RepositoryShape) -> None:
        for tagged in repository.tagged:
            tags = [tag for tag, each in repository.tags if each == tagged]
            children = [self._image(repository.path, image) for image in images_of(tagged)]
            if isinstance(tagged, Image):
                digest = children[0].digest
            else:
                index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*map(_entry, children)]}
                digest = self._storage.put(_json(index))
            self._storage.link_manifest(repository.path, digest, tags)

    def _image(self, repository: str, image: Image) -> Descriptor:
        """Write a manifest without a tag, with all that it names."""
        config = _config(image)
        blobs = [Descriptor(_CONFIG, self._storage.put(config), len(config)), *map(self._layer, image.layers)]
        for blob in blobs:
            self._storage.link_blob(repository, blob.digest)
        first, *layers = map(_entry, blobs)
        manifest = _json({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": first, "layers": layers})
        digest = self._storage.put(manifest)
        self._storage.link_manifest(repository, digest)
        return Descriptor(OCI_MANIFEST, digest, len(manifest), image.platform)

    def _layer(self, layer: Layer) -> Descriptor:
        if layer not in self._layers:
            with TemporaryDirectory(dir=self._storage.root) as folder:
                file = Path(folder, "layer")
                write_layer(layer, self._files, file)
                self._layers[layer] = Descriptor(_LAYER, *self._storage.take(file))
        return self._layers[layer]


def _config(image: Image) -> bytes:
    named = _platform(image.platform)
    history = [{"created_by": f"{image.name}: {layer.name}"} for layer in image.layers]
    # What a client would check these against is the unpacked layer, which none of them unpacks.
    unpacked = [Digest.of(layer.name.encode()).text for layer in image.layers]
    return _json({**named, "config": {}, "rootfs": {"type": "layers", "diff_ids": unpacked}, "history": history})


def _entry(descriptor: Descriptor) -> Mapping[str, object]:
    entry = {"mediaType": descriptor.media_type, "digest": descriptor.digest.text, "size": descriptor.size}
    return {**entry, "platform": _platform(descriptor.platform)} if descriptor.platform else entry


def _platform(platform: Platform) -> Mapping[str, str]:
    told = {"architecture": platform.architecture, "os": platform.os, "variant": platform.variant}
    return {name: value for name, value in told.items() if value}


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


if __name__ == "__main__":
    main()
