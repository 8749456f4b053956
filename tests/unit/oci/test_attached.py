"""What is attached to a manifest, by its type and by cosign's tags."""

import hashlib

import pytest

from gcrsync.oci.attached import Kind, cosign_tags, kind_of
from gcrsync.oci.digest import Digest


@pytest.mark.parametrize(
    ("artifact_type", "kind"),
    [
        ("application/vnd.dev.cosign.simplesigning.v1+json", Kind.SIGNATURE),
        ("application/vnd.cncf.notary.signature", Kind.SIGNATURE),
        ("application/vnd.dev.sigstore.bundle.v0.3+json", Kind.BUNDLE),
        ("application/vnd.in-toto+json", Kind.ATTESTATION),
        ("application/spdx+json", Kind.SBOM),
        ("application/vnd.cyclonedx+json", Kind.SBOM),
        ("application/vnd.acme.notes", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_a_type_tells_what_something_is(artifact_type: str, kind: Kind) -> None:
    assert kind_of(artifact_type) is kind


def test_cosign_names_what_it_attaches_by_the_digest() -> None:
    subject = Digest.of(b"image")
    stem = f"sha256-{subject.encoded}"

    assert cosign_tags(subject) == {f"{stem}.sig": Kind.SIGNATURE, f"{stem}.att": Kind.ATTESTATION, f"{stem}.sbom": Kind.SBOM}
    assert cosign_tags(Digest(f"sha512:{hashlib.sha512(b'image').hexdigest()}")) == {}
