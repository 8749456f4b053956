"""Every kind of image that a namespace may hold, each as a function that adds one and gives what to tag."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

from benchmarks.namespaces.builder import RepositoryBuilder
from benchmarks.namespaces.schema1 import signed
from gcrsync.oci import media_types
from gcrsync.oci.manifest import Descriptor, Platform

Kind = Callable[[RepositoryBuilder], Descriptor]
"""Adds an image, with everything it names, and gives its descriptor."""

_PLATFORMS = tuple(Platform("linux", *name.split("/")) for name in ("amd64", "arm64", "arm/v7", "ppc64le", "s390x"))
_WINDOWS = "https://go.example/windows/layer"


@dataclass(frozen=True, slots=True)
class _Flavour:
    """The media types of one family."""

    manifest: str
    index: str
    config: str
    layer: str
    foreign: str


_DOCKER = _Flavour(
    media_types.DOCKER_MANIFEST,
    media_types.DOCKER_LIST,
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
)
_OCI = _Flavour(
    media_types.OCI_MANIFEST,
    media_types.OCI_INDEX,
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
)
_COSIGN_TAGS = (
    ("sig", "application/vnd.dev.cosign.simplesigning.v1+json"),
    ("att", "application/vnd.dsse.envelope.v1+json"),
)
_ODD_CONFIGS = (
    ("application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip"),
    ("application/vnd.wasm.config.v0+json", "application/wasm"),
    ("application/vnd.example.thing", "text/plain; charset=utf-8"),
)


def docker_image(builder: RepositoryBuilder) -> Descriptor:
    """Add an image in Docker's format."""
    return _image(builder, _DOCKER)


def oci_image(builder: RepositoryBuilder) -> Descriptor:
    """Add an image in OCI's format."""
    return _image(builder, _OCI)


def image_without_media_type(builder: RepositoryBuilder) -> Descriptor:
    """Add an OCI image whose bytes do not say what they are."""
    config, layer = builder.blob(_OCI.config), builder.blob(_OCI.layer)
    document = {"schemaVersion": 2, "config": _written(config), "layers": [_written(layer)]}
    return builder.manifest(document, _OCI.manifest, layer.size)


def repeated_layers(builder: RepositoryBuilder) -> Descriptor:
    """Add an image that has one layer several times, as images with empty layers do."""
    layer = builder.blob(_DOCKER.layer)
    return _manifest(builder, _DOCKER.manifest, builder.blob(_DOCKER.config), [layer, builder.blob(_DOCKER.layer), layer])


def docker_list(builder: RepositoryBuilder) -> Descriptor:
    """Add a manifest list of several platforms."""
    return _index(builder, _DOCKER.index, _platform_entries(builder, _DOCKER))


def oci_index(builder: RepositoryBuilder) -> Descriptor:
    """Add an index of several platforms."""
    return _index(builder, _OCI.index, _platform_entries(builder, _OCI))


def index_without_platforms(builder: RepositoryBuilder) -> Descriptor:
    """Add an index that says neither what it is nor what its entries run on, and has entries of both formats."""
    entries = [_written(_image(builder, flavour)) for flavour in (_OCI, _DOCKER)]
    return builder.manifest({"schemaVersion": 2, "manifests": entries}, _OCI.index, 0)


def nested_index(builder: RepositoryBuilder) -> Descriptor:
    """Add an index of indexes and an image."""
    entries = [_written(kind(builder)) for kind in (oci_index, docker_list, oci_image)]
    return _index(builder, _OCI.index, entries)


def attested_index(builder: RepositoryBuilder) -> Descriptor:
    """Add an index with an attestation for each of its images, as BuildKit makes them."""
    images = _platform_entries(builder, _OCI)
    return _index(builder, _OCI.index, [*images, *(_attestation(builder, str(image["digest"])) for image in images)])


def foreign_layer(builder: RepositoryBuilder) -> Descriptor:
    """Add a Windows image in Docker's format, whose base is not in the registry."""
    return _image_with_foreign_layer(builder, _DOCKER)


def nondistributable_layer(builder: RepositoryBuilder) -> Descriptor:
    """Add a Windows image in OCI's format, whose base is not in the registry."""
    return _image_with_foreign_layer(builder, _OCI)


def schema1_image(builder: RepositoryBuilder) -> Descriptor:
    """Add a signed manifest of schema 1, whose history goes from the newest layer to the oldest."""
    layers = [builder.blob(_DOCKER.layer), *builder.base_layers(_DOCKER.layer)]
    history = [{"id": layer.digest.encoded} for layer in layers]
    for child, parent in pairwise(history):
        child["parent"] = parent["id"]
    document = {
        "schemaVersion": 1,
        "name": builder.path,
        "tag": "v1",
        "architecture": "amd64",
        "fsLayers": [{"blobSum": layer.digest.text} for layer in layers],
        "history": [{"v1Compatibility": json.dumps(entry)} for entry in history],
    }
    digest, raw = signed(document, builder.random.randbytes(64))
    return builder.raw_manifest(digest, raw, media_types.DOCKER_SCHEMA1_SIGNED, _total(layers))


def artifact(builder: RepositoryBuilder) -> Descriptor:
    """Add something that is no image, told by the type of its config."""
    config_type, layer_type = builder.random.choice(_ODD_CONFIGS)
    return _manifest(builder, _OCI.manifest, builder.blob(config_type), [builder.blob(layer_type)])


def artifact_manifest(builder: RepositoryBuilder) -> Descriptor:
    """Add an artifact manifest, of a draft of the specification that some registries hold."""
    blob = builder.blob("application/vnd.example.thing")
    document = {"mediaType": media_types.OCI_ARTIFACT, "artifactType": "application/vnd.example.thing", "blobs": [_written(blob)]}
    return builder.manifest(document, media_types.OCI_ARTIFACT, blob.size)


def referred_image(builder: RepositoryBuilder) -> Descriptor:
    """Add an image, and an untagged manifest that refers to it as its subject."""
    image = _image(builder, _OCI)
    more = {"artifactType": "application/spdx+json", "subject": _written(image)}
    _manifest(builder, _OCI.manifest, builder.blob("application/spdx+json"), [builder.blob("application/spdx+json")], **more)
    return image


def signed_image(builder: RepositoryBuilder) -> Descriptor:
    """Add an image, and its signature and attestation under the tags that cosign gives them."""
    image = _image(builder, _DOCKER)
    for suffix, layer_type in _COSIGN_TAGS:
        signature = _manifest(builder, _OCI.manifest, builder.blob(_OCI.config), [builder.blob(layer_type)])
        builder.tag(f"sha256-{image.digest.encoded}.{suffix}", signature.digest.text)
    return image


KINDS: tuple[Kind, ...] = (
    docker_image,
    oci_image,
    image_without_media_type,
    repeated_layers,
    docker_list,
    oci_index,
    index_without_platforms,
    nested_index,
    attested_index,
    foreign_layer,
    nondistributable_layer,
    schema1_image,
    artifact,
    artifact_manifest,
    referred_image,
    signed_image,
)
"""Every kind there is."""

SHARES: dict[Kind, int] = {docker_image: 120, oci_image: 20, docker_list: 8, oci_index: 4}
"""How often a kind is, in a namespace like real ones; a kind that is not named counts 1."""


def _image(builder: RepositoryBuilder, flavour: _Flavour) -> Descriptor:
    layers = [*builder.base_layers(flavour.layer), builder.blob(flavour.layer)]
    return _manifest(builder, flavour.manifest, builder.blob(flavour.config), layers)


def _image_with_foreign_layer(builder: RepositoryBuilder, flavour: _Flavour) -> Descriptor:
    base, own, config = builder.layer_elsewhere(flavour.foreign), builder.blob(flavour.layer), builder.blob(flavour.config)
    layers = [_written(base, urls=[f"{_WINDOWS}/{base.digest.encoded}"]), _written(own)]
    document = {"schemaVersion": 2, "mediaType": flavour.manifest, "config": _written(config), "layers": layers}
    return builder.manifest(document, flavour.manifest, _total([base, own]))


def _attestation(builder: RepositoryBuilder, digest: str) -> dict[str, object]:
    statement = _manifest(builder, _OCI.manifest, builder.blob(_OCI.config), [builder.blob("application/vnd.in-toto+json")])
    annotations = {"vnd.docker.reference.digest": digest, "vnd.docker.reference.type": "attestation-manifest"}
    return _written(replace(statement, platform=Platform("unknown", "unknown")), annotations=annotations)


def _platform_entries(builder: RepositoryBuilder, flavour: _Flavour) -> list[dict[str, object]]:
    platforms = _PLATFORMS[: builder.random.randint(2, len(_PLATFORMS))]
    return [_written(replace(_image(builder, flavour), platform=platform)) for platform in platforms]


def _manifest(
    builder: RepositoryBuilder, media_type: str, config: Descriptor, layers: Sequence[Descriptor], **more: object
) -> Descriptor:
    document = {"schemaVersion": 2, "mediaType": media_type, "config": _written(config), "layers": [*map(_written, layers)], **more}
    return builder.manifest(document, media_type, _total(layers))


def _index(builder: RepositoryBuilder, media_type: str, entries: Sequence[dict[str, object]]) -> Descriptor:
    return builder.manifest({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}, media_type, 0)


def _written(descriptor: Descriptor, **more: object) -> dict[str, object]:
    """Give a descriptor as it stands in a manifest."""
    document: dict[str, object] = {"mediaType": descriptor.media_type, "size": descriptor.size, "digest": descriptor.digest.text}
    if descriptor.platform:
        document["platform"] = {name: text for name, text in asdict(descriptor.platform).items() if text}
    return document | more


def _total(layers: Sequence[Descriptor]) -> int:
    return sum(layer.size for layer in layers)
