"""Lists of referrers, and the tags that they stand under where a registry keeps none (distribution-spec, "Listing Referrers")."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor, Index, Manifest, parse_manifest
from gcrsync.oci.name import Tag

DEEPEST_REFERRER = 16
"""How many manifests may refer to one another in a row; a signature of a signature is two."""

_LONGEST_ALGORITHM = 32
_LONGEST_ENCODED = 64
_FALLBACK_TAG = re.compile(r"sha(?:256|512)-[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest with a subject, as a list of referrers names it; ``artifact_type`` is empty for an index that names none."""

    descriptor: Descriptor
    artifact_type: str
    annotations: Mapping[str, str]

    @classmethod
    def of(cls, manifest: Manifest | Index, digest: Digest) -> Self:
        """Describe a manifest of this digest: an image without artifactType is of the type of its config."""
        descriptor = Descriptor(manifest.media_type, digest, len(manifest.raw))
        return cls(descriptor, manifest.artifact_type or _config_type(manifest), manifest.annotations)

    def fields(self) -> dict[str, object]:
        """Give the entry of a list, as JSON."""
        entry: dict[str, object] = {
            "mediaType": self.descriptor.media_type,
            "digest": self.descriptor.digest.text,
            "size": self.descriptor.size,
        }
        if self.artifact_type:
            entry["artifactType"] = self.artifact_type
        return entry | ({"annotations": dict(self.annotations)} if self.annotations else {})


def fallback_tag(subject: Digest) -> Tag:
    """Give the tag of a list of referrers ("Referrers Tag Schema"), such as ``sha256-`` and 64 digits."""
    return Tag(f"{subject.algorithm[:_LONGEST_ALGORITHM]}-{subject.encoded[:_LONGEST_ENCODED]}")


def is_fallback_tag(tag: Tag) -> bool:
    """Say whether a tag looks as one of a list of referrers does."""
    return _FALLBACK_TAG.fullmatch(tag) is not None


def referrers_list(referrers: Iterable[Referrer]) -> dict[str, object]:
    """Give a list of referrers, as JSON: an index."""
    entries = [referrer.fields() for referrer in referrers]
    return {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": entries}


def with_referrer(known: Index | None, referrer: Referrer, what: str) -> Index | None:
    """Give a list with one referrer more, all else in it as it was; None where it names that already.

    Raises InvalidManifestError, which names ``what``, where the list would be too large for a registry.
    """
    if known is not None and referrer.descriptor.digest in {entry.digest for entry in known.manifests}:
        return None
    document: dict[str, object] = referrers_list(()) if known is None else json.loads(known.raw)
    entries = document.get("manifests")
    document["manifests"] = [*(entries if isinstance(entries, list) else ()), referrer.fields()]
    grown = parse_manifest(json.dumps(document, separators=(",", ":")).encode(), media_types.OCI_INDEX, what)
    return grown if isinstance(grown, Index) else None


def _config_type(manifest: Manifest | Index) -> str:
    if isinstance(manifest, Index) or manifest.media_type == media_types.OCI_ARTIFACT:
        return ""
    return manifest.blobs[0].media_type
