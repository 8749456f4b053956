"""A small namespace of made-up images for the demonstration, with the structure that real ones have."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gcrsync.archive.destination import FolderDestination
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Descriptor, Platform, parse_manifest
from gcrsync.oci.name import Repository, Tag

_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}
_LAYER_BYTES = 300_000
PLATFORMS = (Platform("linux", "amd64"), Platform("linux", "arm64"), Platform("linux", "arm", "v7"))


@dataclass(frozen=True, slots=True)
class Made:
    """A manifest that has been stored, and how an index names it."""

    manifest: AnyManifest
    descriptor: Descriptor


class ImageMaker:
    """Writes images into a folder of layouts; the same words give the same bytes."""

    def __init__(self, folder: Path, host: str) -> None:
        """Write below ``folder``; ``host`` is the registry's, and part of no bytes."""
        self._folder, self._host = FolderDestination(folder), host

    def image(self, path: str, word: str, platform: Platform, layers: Sequence[str] = ("base",)) -> Made:
        """Store an image of some layers, each named by a word, and a config that names its own word."""
        config = json.dumps({"os": platform.os, "architecture": platform.architecture, "config": {"Labels": {"demo": word}}})
        blobs = [self._blob(path, _CONFIG, config.encode())]
        blobs += [self._blob(path, _LAYER, _filler(f"{layer} {platform}")) for layer in (*layers, word)]
        document = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "config": blobs[0], "layers": blobs[1:]}
        return self._manifest(path, document, platform)

    def index(self, path: str, children: Sequence[Made], annotations: Sequence[dict[str, str]] = ()) -> Made:
        """Store an index of some manifests; annotations are those of its first entries from the end."""
        entries = [_entry(child) for child in children]
        for entry, given in zip(reversed(entries), annotations, strict=False):
            entry["annotations"] = given
        document = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": entries}
        return self._manifest(path, document, None)

    def attested(self, path: str, word: str, platforms: Sequence[Platform] = PLATFORMS[:2]) -> Made:
        """Store an index of one image a platform and an attestation, as BuildKit makes them."""
        images = [self.image(path, word, platform) for platform in platforms]
        attestation = self.image(path, f"{word} attestation", Platform("unknown", "unknown"), ())
        subject = {**_ATTESTATION, "vnd.docker.reference.digest": images[0].descriptor.digest.text}
        return self.index(path, [*images, attestation], [subject])

    def tag(self, path: str, made: Made, *tags: str) -> None:
        """Put tags on a stored manifest."""
        for tag in tags:
            self._folder.put_manifest(self._repository(path), Tag(tag), made.manifest, made.descriptor.digest)

    def untag(self, path: str, tag: str) -> None:
        """Take a tag away."""
        self._folder.folder.layout(path).delete_tag(Tag(tag))

    def _repository(self, path: str) -> Repository:
        return Repository(self._host, path)

    def _blob(self, path: str, media_type: str, content: bytes) -> dict[str, str | int]:
        descriptor = Descriptor(media_type, Digest.of(content), len(content))
        self._folder.put_blob(self._repository(path), descriptor, [content])
        return {"mediaType": media_type, "digest": descriptor.digest.text, "size": descriptor.size}

    def _manifest(self, path: str, document: dict[str, object], platform: Platform | None) -> Made:
        raw = json.dumps(document, indent=2).encode()
        digest = Digest.of(raw)
        manifest = parse_manifest(raw, None, str(digest))
        self._folder.put_manifest(self._repository(path), digest, manifest, digest)
        return Made(manifest, Descriptor(manifest.media_type, digest, len(raw), platform))


def first_night(maker: ImageMaker, namespace: str) -> None:
    """Store what the source has at first: tags and children both, an index, aliases and a nested index."""
    app, base, tools = f"{namespace}/app", f"{namespace}/base", f"{namespace}/app/tools"
    maker.tag(app, maker.attested(app, "app 1.0"), "1.0", "1", "latest")
    maker.tag(app, maker.image(app, "app 0.9", PLATFORMS[0]), "0.9")
    maker.tag(base, maker.image(base, "base", PLATFORMS[0]), "v1", "stable")
    inner = maker.index(tools, [maker.image(tools, f"tools {platform}", platform) for platform in PLATFORMS])
    maker.tag(tools, maker.index(tools, [inner, maker.image(tools, "tools extra", PLATFORMS[0])]), "nested")


def second_night(maker: ImageMaker, namespace: str) -> None:
    """Change the source as time does: a tag moves, a new one comes, one vanishes."""
    app = f"{namespace}/app"
    newer = maker.attested(app, "app 1.1", PLATFORMS)
    maker.tag(app, newer, "1.1", "1", "latest")
    maker.untag(app, "0.9")


def _entry(child: Made) -> dict[str, object]:
    descriptor = child.descriptor
    entry: dict[str, object] = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest.text,
        "size": descriptor.size,
    }
    if descriptor.platform is not None:
        names = {"architecture": descriptor.platform.architecture, "os": descriptor.platform.os}
        entry["platform"] = {**names, **({"variant": descriptor.platform.variant} if descriptor.platform.variant else {})}
    return entry


def _filler(word: str) -> bytes:
    """Give the bytes of a layer: nothing reads them, they only have to be there."""
    return (word.encode() + b"\n") * (_LAYER_BYTES // (len(word) + 1))
