"""Images to test with: small, deterministic, and every digest true.

``image(seed="a")`` and ``image(seed="a")`` are the same bytes; another seed, or another shape, gives other bytes. A layer's bytes
depend on its seed and number alone, so that images can be made to share layers: ``image(seed="x", shared="base")``.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Descriptor, Manifest, parse_manifest

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
SIGNATURE, SBOM = "application/vnd.dev.cosign.simplesigning.v1+json", "application/spdx+json"

AMD64 = {"os": "linux", "architecture": "amd64"}
ARM64 = {"os": "linux", "architecture": "arm64", "variant": "v8"}
UNKNOWN = {"os": "unknown", "architecture": "unknown"}

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Built:
    """A manifest as bytes, with the blobs that it names and, for an index, the manifests that it names."""

    raw: bytes
    media_type: str
    blobs: Mapping[Digest, bytes] = field(default_factory=dict)
    children: tuple["Built", ...] = ()

    @property
    def digest(self) -> Digest:
        """The digest of the bytes."""
        return Digest.of(self.raw)

    @property
    def descriptor(self) -> Descriptor:
        """What names this manifest."""
        return Descriptor(self.media_type, self.digest, len(self.raw))

    @property
    def parsed(self) -> AnyManifest:
        """The manifest as gcrsync reads it."""
        return parse_manifest(self.raw, self.media_type, "built")

    @property
    def named_blobs(self) -> tuple[Descriptor, ...]:
        """The descriptors of config and layers, in their order; an index and schema 1 have none."""
        manifest = self.parsed
        return manifest.blobs if isinstance(manifest, Manifest) else ()

    def everything(self) -> Iterator["Built"]:
        """Give all manifests that belong to this one, those below before those above, itself last."""
        for child in self.children:
            yield from child.everything()
        yield self


def image(seed: str = "image", *, layers: int = 2, shared: str = "", docker: bool = False, size: int = 1_000) -> Built:
    """Give an image with a config and layers of ``size`` bytes; the first layer is that of every image with the same ``shared``."""
    seeds = [shared if shared and number == 0 else f"{seed} {number}" for number in range(layers)]
    contents = [filler(text, size) for text in seeds]
    config = json.dumps({**AMD64, "created": "2021-03-04T05:06:07Z", "config": {"Labels": {"seed": seed}}}).encode()
    config_type, layer_type = (DOCKER_CONFIG, DOCKER_LAYER) if docker else (OCI_CONFIG, OCI_LAYER)
    named = [named_by(layer_type, content) for content in contents]
    media_type = media_types.DOCKER_MANIFEST if docker else media_types.OCI_MANIFEST
    return _manifest(media_type, named_by(config_type, config), named, [config, *contents])


def index(*children: Built, docker: bool = False, platforms: tuple[Json | None, ...] = (AMD64, ARM64)) -> Built:
    """Give an index of these manifests, which may be indexes themselves; where platforms run out, the entry has none."""
    entries = [
        named_by(child.media_type, child.raw) | ({"platform": platform} if platform else {})
        for child, platform in zip(children, (*platforms, *[None] * len(children)), strict=False)
    ]
    return _index(entries, children, docker=docker)


def index_with_attestation(seed: str = "image") -> Built:
    """Give an index as BuildKit makes it: an image, and an attestation that is tied to it by annotations."""
    child, attestation = image(seed), _attestation(seed)
    annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": str(child.digest)}
    entries = [
        named_by(child.media_type, child.raw) | {"platform": AMD64},
        named_by(attestation.media_type, attestation.raw) | {"platform": UNKNOWN, "annotations": annotations},
    ]
    return _index(entries, (child, attestation), docker=False)


def image_with_foreign_layer(seed: str = "foreign") -> Built:
    """Give an image whose first layer is to be had elsewhere: no registry has its blob (image-spec, layer.md)."""
    content, config = filler(f"{seed} 1", 1_000), b'{"os": "windows"}'
    foreign = named_by(FOREIGN_LAYER, filler(f"{seed} 0", 1_000)) | {"urls": ["https://elsewhere.test/layer"]}
    layers = [foreign, named_by(DOCKER_LAYER, content)]
    return _manifest(media_types.DOCKER_MANIFEST, named_by(DOCKER_CONFIG, config), layers, [config, content])


def referrer(subject: Built, seed: str = "signature", artifact_type: str = SIGNATURE) -> Built:
    """Give an artifact that refers to a manifest, as cosign and oras make them: a blob, and an empty config."""
    content = filler(seed, 300)
    config = {"config": named_by(EMPTY, b"{}"), "layers": [named_by("application/octet-stream", content)]}
    document = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "artifactType": artifact_type, **config}
    document |= {"subject": named_by(subject.media_type, subject.raw), "annotations": {"seed": seed}}
    return Built(_pretty(document), media_types.OCI_MANIFEST, {Digest.of(b"{}"): b"{}", Digest.of(content): content})


def referrer_index(subject: Built, *children: Built, artifact_type: str = SBOM) -> Built:
    """Give an index that refers to a manifest: a bill of materials with a part for each format."""
    entries = [named_by(child.media_type, child.raw) for child in children]
    document = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "artifactType": artifact_type, "manifests": entries}
    document |= {"subject": named_by(subject.media_type, subject.raw)}
    return Built(_pretty(document), media_types.OCI_INDEX, {}, children)


def schema_one(name: str = "old", tag: str = "v1") -> Built:
    """Give a manifest of Docker's schema 1, signed as far as anyone looks."""
    document = {
        "schemaVersion": 1,
        "name": name,
        "tag": tag,
        "architecture": "amd64",
        "fsLayers": [{"blobSum": str(Digest.of(filler(name, 10)))}],
        "history": [{"v1Compatibility": "{}"}],
        "signatures": [{"header": {}, "signature": "AA", "protected": "e30"}],
    }
    return Built(_pretty(document), media_types.DOCKER_SCHEMA1_SIGNED)


def filler(seed: str, size: int) -> bytes:
    """Give bytes that look random and are the same for the same seed."""
    return hashlib.shake_128(seed.encode()).digest(size)


def named_by(media_type: str, content: bytes) -> dict[str, object]:
    """Give the descriptor of some content, as JSON."""
    return {"mediaType": media_type, "size": len(content), "digest": str(Digest.of(content))}


def _attestation(seed: str) -> Built:
    statement, config = json.dumps({"_type": "https://in-toto.io/Statement/v0.1", "subject": seed}).encode(), b'{"os": "unknown"}'
    layers = [named_by("application/vnd.in-toto+json", statement)]
    return _manifest(media_types.OCI_MANIFEST, named_by(OCI_CONFIG, config), layers, [config, statement])


def _manifest(media_type: str, config: Json, layers: list[dict[str, object]], contents: list[bytes]) -> Built:
    document = {"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers}
    return Built(_pretty(document), media_type, {Digest.of(content): content for content in contents})


def _index(entries: list[dict[str, object]], children: tuple[Built, ...], *, docker: bool) -> Built:
    media_type = media_types.DOCKER_LIST if docker else media_types.OCI_INDEX
    return Built(_pretty({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}), media_type, {}, children)


def _pretty(document: Json) -> bytes:
    """Write JSON with white space that no one would write again by chance: a manifest that is re-serialised shows."""
    return json.dumps(document, indent=3).encode() + b"\n"
