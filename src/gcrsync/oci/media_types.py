"""Media types of manifests and layers (image-spec, media-types.md), and what gcrsync makes of them."""

import re
from functools import lru_cache

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
SCHEMA1 = frozenset({DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED})
DOCKER = frozenset({DOCKER_LIST, DOCKER_MANIFEST}) | SCHEMA1
WITH_SUBJECT = frozenset({OCI_INDEX, OCI_MANIFEST, OCI_ARTIFACT})
"""What may refer to another manifest (image-spec, "subject")."""
MANIFESTS = frozenset({OCI_MANIFEST, OCI_ARTIFACT, DOCKER_MANIFEST}) | INDEXES | SCHEMA1

_ACCEPTED = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1, OCI_ARTIFACT)
ACCEPT = ", ".join(_ACCEPTED)
"""The Accept header of every request for a manifest.

Schema 1 is in it so that a source gives it instead of converting something to it or from it: it is recorded, not copied.
"""

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
_LAYER = re.compile(
    r"application/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+gzip|\+zstd)?"
    r"|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip|\.zstd)?)"
)

_FOREIGN_PREFIXES = (
    "application/vnd.docker.image.rootfs.foreign.",
    "application/vnd.oci.image.layer.nondistributable.",
)

_VISIBLE = re.compile(r"[!-~]{1,255}")
_HTML = re.compile(r"\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def bare(content_type: str | None) -> str:
    """Give a Content-Type in lower case without its parameters; empty where there is none."""
    return (content_type or "").partition(";")[0].strip().lower()


def parsed(value: object) -> str | None:
    """Give the media type that a list tells, in lower case without its parameters; None for what is none."""
    return _known(value) if isinstance(value, str) else None


@lru_cache(maxsize=64)
def _known(text: str) -> str | None:
    """Read a media type: thousands of manifests share a few."""
    return bare(text) if _VISIBLE.fullmatch(text) else None


def is_foreign(media_type: str) -> bool:
    """Say whether a layer of this type is fetched from elsewhere and need not be in the registry (image-spec, layer.md)."""
    return media_type.startswith(_FOREIGN_PREFIXES)


def is_layer(media_type: str) -> bool:
    """Say whether this is the type of a layer that is a tar archive, packed or not."""
    return _LAYER.fullmatch(media_type) is not None


def is_html(content: bytes) -> bool:
    """Say whether the bytes begin like a page of HTML: what proxies and login pages send where JSON was asked for."""
    return bool(_HTML.match(content[:1024].decode(errors="replace")))
