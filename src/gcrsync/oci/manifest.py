"""Manifests and indexes, read from their bytes (image-spec, manifest.md and image-index.md).

The bytes are kept and never written again from the parsed form: a digest is of bytes.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from gcrsync.errors import InvalidManifestError, InvalidNameError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest

LARGEST_MANIFEST = 4 * 1024 * 1024
"""The largest manifest, in bytes, that registries must take (distribution-spec, "Pushing manifests")."""

DEEPEST_INDEX = 16
"""How many indexes may stand in one another; real ones do not go beyond two."""

_PLATFORM = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+){1,2}")

_ARTIFACT_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
"""A media type without parameters (RFC 6838, 4.2)."""

_LARGEST_SIZE = 2**63 - 1
"""A descriptor's size is an int64 (image-spec, descriptor.md)."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What an entry of an index runs on (image-spec, image-index.md)."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        """Give ``os/architecture`` or ``os/architecture/variant``."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``os/architecture`` or ``os/architecture/variant``; InvalidNameError for any other text."""
        if not _PLATFORM.fullmatch(text):
            raise InvalidNameError("platform", text, "expected os/architecture or os/architecture/variant, such as linux/arm/v7")
        return cls(*text.split("/"))

    def covers(self, other: "Platform") -> bool:
        """Say whether what runs on the other is meant by this one: without a variant, every variant is."""
        alike = (self.os, self.architecture) == (other.os, other.architecture)
        return alike and self.variant in ("", other.variant)


NO_PLATFORM = Platform("unknown", "unknown")
"""What BuildKit says an attestation runs on."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What names a blob or a manifest: type, digest and size in bytes (image-spec, descriptor.md).

    ``artifact_type`` is that of a manifest which is an artifact, empty where the descriptor names none.
    """

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    artifact_type: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image or artifact manifest: ``blobs`` are its config and its layers, in their order.

    ``subject`` is what it refers to; ``artifact_type`` is empty where it names none.
    """

    raw: bytes
    media_type: str
    blobs: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Index:
    """An image index or manifest list: ``manifests`` are its children, in their order.

    ``subject`` is what it refers to; ``artifact_type`` is empty where it names none.
    """

    raw: bytes
    media_type: str
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchemaOne:
    """A manifest of Docker's schema 1: what it names has no sizes, and no registry of today takes it."""

    raw: bytes
    media_type: str


AnyManifest = Manifest | Index | SchemaOne


def parse_manifest(raw: bytes, content_type: str | None, what: str) -> AnyManifest:
    """Read a manifest from its bytes and the Content-Type it came with; ``what`` names it in an error.

    Raises InvalidManifestError for anything that is not a manifest of a known kind, or is two kinds at once.
    """
    document = _document(raw, what)
    media_type = _media_type(document, media_types.bare(content_type), what)
    if media_type in media_types.SCHEMA1:
        return SchemaOne(raw, media_type)
    if media_type in media_types.INDEXES:
        _refuse_keys(document, ("config", "layers", "blobs", "fsLayers"), media_type, what)
        children = _descriptors(document, "manifests", what)
        return Index(raw, media_type, children, _subject(document, media_type, what), *_said_of_itself(document))
    _refuse_keys(document, ("manifests", "fsLayers"), media_type, what)
    blobs = _blobs(document, media_type, what)
    return Manifest(raw, media_type, blobs, _subject(document, media_type, what), *_said_of_itself(document))


def _document(raw: bytes, what: str) -> Mapping[str, object]:
    if len(raw) > LARGEST_MANIFEST:
        raise InvalidManifestError(what, f"{len(raw)} bytes, more than the {LARGEST_MANIFEST} that registries take")
    try:
        document = json.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        reason = "an HTML page" if media_types.is_html(raw) else f"not JSON ({error})"
        raise InvalidManifestError(what, reason) from error
    if not isinstance(document, dict):
        raise InvalidManifestError(what, "not a JSON object")
    return document


def _media_type(document: Mapping[str, object], sent: str, what: str) -> str:
    """Decide the media type: the document's own, else the header's, else a guess from the keys."""
    own = document.get("mediaType")
    if own is not None and not isinstance(own, str):
        raise InvalidManifestError(what, "mediaType is not a string")
    if own and sent in media_types.MANIFESTS and own != sent:
        raise InvalidManifestError(what, f"sent as {sent}, but says that it is {own}")
    media_type = own or (sent if sent in media_types.MANIFESTS else _guess(document))
    if media_type not in media_types.MANIFESTS:
        raise InvalidManifestError(what, f"of an unknown kind ({media_type or sent or 'no media type'})")
    return media_type


def _guess(document: Mapping[str, object]) -> str:
    """Guess the media type of a document that says nothing, as OCI manifests may."""
    if document.get("schemaVersion") == 1:
        return media_types.DOCKER_SCHEMA1_SIGNED if "signatures" in document else media_types.DOCKER_SCHEMA1
    if "manifests" in document:
        return media_types.OCI_INDEX
    return media_types.OCI_MANIFEST if "config" in document else ""


def _refuse_keys(document: Mapping[str, object], keys: tuple[str, ...], media_type: str, what: str) -> None:
    """Refuse a document that one reader takes for an image and another for an index (CVE-2021-41190)."""
    for key in keys:
        if key in document:
            raise InvalidManifestError(what, f"has {key!r}, which {media_type} cannot have")


def _blobs(document: Mapping[str, object], media_type: str, what: str) -> tuple[Descriptor, ...]:
    if media_type == media_types.OCI_ARTIFACT:
        return _descriptors(document, "blobs", what)
    return parse_descriptor(document.get("config"), "config", what), *_descriptors(document, "layers", what)


def _subject(document: Mapping[str, object], media_type: str, what: str) -> Descriptor | None:
    """Read what a manifest refers to, which only those of the OCI do (image-spec, manifest.md, "subject")."""
    entry = document.get("subject")
    return None if entry is None or media_type in media_types.DOCKER else parse_descriptor(entry, "subject", what)


def _said_of_itself(document: Mapping[str, object]) -> tuple[str, Mapping[str, str]]:
    """Read artifactType and annotations; what is malformed is none, since it decides nothing about the bytes."""
    entries = document.get("annotations")
    annotations = entries if isinstance(entries, dict) else {}
    return _artifact_type(document), {key: text for key, text in annotations.items() if isinstance(text, str)}


def _artifact_type(entry: Mapping[str, object]) -> str:
    found = entry.get("artifactType")
    return found if isinstance(found, str) and _ARTIFACT_TYPE.fullmatch(found) else ""


def _descriptors(document: Mapping[str, object], key: str, what: str) -> tuple[Descriptor, ...]:
    entries = document.get(key)
    if entries is None:
        entries = []
    if not isinstance(entries, list):
        raise InvalidManifestError(what, f"{key!r} is not a list")
    return tuple(parse_descriptor(entry, f"{key}[{position}]", what) for position, entry in enumerate(entries))


def parse_descriptor(entry: object, where: str, what: str) -> Descriptor:
    """Read a descriptor from parsed JSON; ``where`` is its place in the document that ``what`` names in an error.

    Raises InvalidManifestError for anything without digest and size, or whose media type is not a text.
    """
    if not isinstance(entry, dict):
        raise InvalidManifestError(what, f"{where!r} is not a descriptor")
    digest, size, media_type = entry.get("digest"), entry.get("size"), entry.get("mediaType", "")
    if not isinstance(digest, str) or not isinstance(media_type, str):
        raise InvalidManifestError(what, f"{where!r} has no digest or no media type")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _LARGEST_SIZE:
        raise InvalidManifestError(what, f"{where!r} has no size in bytes")
    try:
        return Descriptor(media_type, Digest(digest), size, _platform(entry.get("platform")), _artifact_type(entry))
    except InvalidNameError as error:
        raise InvalidManifestError(what, f"{where!r}: {error.message}") from error


def _platform(entry: object) -> Platform | None:
    """Read a platform; one that is missing or malformed is none, since it decides nothing about the bytes."""
    if not isinstance(entry, dict):
        return None
    texts = [text if isinstance(text := entry.get(key), str) else "" for key in ("os", "architecture", "variant")]
    return Platform(*texts) if texts[0] or texts[1] else None
