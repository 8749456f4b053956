"""What is attached to a manifest: signatures, attestations and bills of materials, by their types and by cosign's tags."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Tag


class Kind(StrEnum):
    """What something is that is attached to a manifest, as far as its type tells."""

    SIGNATURE = "signature"
    ATTESTATION = "attestation"
    SBOM = "SBOM"
    BUNDLE = "sigstore bundle"
    """A signature or an attestation: the bundle itself has to be read to know."""
    OTHER = "other"


_KINDS = (
    ("application/vnd.dev.cosign.artifact.sig", Kind.SIGNATURE),
    ("application/vnd.dev.cosign.simplesigning", Kind.SIGNATURE),
    ("application/vnd.cncf.notary.signature", Kind.SIGNATURE),
    ("application/vnd.dev.sigstore.bundle", Kind.BUNDLE),
    ("application/vnd.in-toto", Kind.ATTESTATION),
    ("application/vnd.dsse", Kind.ATTESTATION),
    ("application/spdx", Kind.SBOM),
    ("application/vnd.cyclonedx", Kind.SBOM),
    ("application/vnd.syft", Kind.SBOM),
)
"""How the types of artifacts begin that signers and scanners write."""

_SUFFIXES = {".sig": Kind.SIGNATURE, ".att": Kind.ATTESTATION, ".sbom": Kind.SBOM}
_COSIGN_TAG = re.compile(r"sha256-[0-9a-f]{64}\.(?:sig|att|sbom)")


@dataclass(frozen=True, slots=True)
class Attached:
    """Something that is attached to ``subject``; ``tag`` is cosign's, None for what refers to its subject by itself."""

    subject: Digest
    kind: Kind
    descriptor: Descriptor
    tag: Tag | None = None


def kind_of(artifact_type: str) -> Kind:
    """Say what an artifact of this type is."""
    return next((kind for prefix, kind in _KINDS if artifact_type.startswith(prefix)), Kind.OTHER)


def cosign_tags(subject: Digest) -> Mapping[Tag, Kind]:
    """Give the tags under which cosign puts what it attaches to a manifest: ``sha256-`` and 64 digits, and ``.sig`` and others.

    It knows no digests but sha256.
    """
    if subject.algorithm != "sha256":
        return {}
    return {Tag(f"{subject.algorithm}-{subject.encoded}{suffix}"): kind for suffix, kind in _SUFFIXES.items()}


def is_cosign_tag(tag: Tag) -> bool:
    """Say whether a tag is one of those that cosign attaches something under."""
    return _COSIGN_TAG.fullmatch(tag) is not None
