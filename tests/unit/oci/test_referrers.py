import json

import pytest

from gcrsync.errors import InvalidManifestError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, Index, Manifest
from gcrsync.oci.referrers import Referrer, fallback_tag, with_referrer
from tests.support.build import OCI_CONFIG, SBOM, SIGNATURE, Built, image, referrer, referrer_index

IMAGE = image()
SIGNED = referrer(IMAGE)


def described(built: Built) -> Referrer:
    assert isinstance(built.parsed, Manifest | Index)
    return Referrer.of(built.parsed, built.digest)


@pytest.mark.parametrize(("built", "artifact_type"), [(SIGNED, SIGNATURE), (referrer_index(IMAGE), SBOM), (image(), OCI_CONFIG)])
def test_a_referrer_is_of_its_own_type_or_that_of_its_config(built: Built, artifact_type: str) -> None:
    found = described(built)

    assert found.descriptor == built.descriptor
    assert found.fields()["artifactType"] == artifact_type


def test_the_tag_of_a_list_is_cut_as_the_specification_says() -> None:
    long = Digest.of(b"", "sha512")
    assert fallback_tag(IMAGE.digest).name == f"sha256-{IMAGE.digest.encoded}"
    assert fallback_tag(long).name == f"sha512-{long.encoded[:64]}"


def test_a_list_grows_by_one_and_keeps_all_else() -> None:
    first = with_referrer(None, described(SIGNED), "a")
    assert first is not None
    assert json.loads(first.raw)["manifests"] == [described(SIGNED).fields()]
    assert with_referrer(first, described(SIGNED), "a") is None

    strange = Index(first.raw.replace(b"{", b'{"x":1,', 1), first.media_type, first.manifests)
    second = with_referrer(strange, described(referrer(IMAGE, "other")), "a")
    assert second is not None
    assert json.loads(second.raw)["x"] == 1
    assert [entry.digest for entry in second.manifests] == [SIGNED.digest, referrer(IMAGE, "other").digest]


def test_a_list_does_not_grow_beyond_what_registries_take() -> None:
    first = with_referrer(None, described(SIGNED), "a")
    assert first is not None
    full = Index(first.raw.replace(b"{", b'{"x":"' + b"x" * (LARGEST_MANIFEST - 400) + b'",', 1), first.media_type, first.manifests)
    with pytest.raises(InvalidManifestError):
        with_referrer(full, described(referrer(IMAGE, "other")), "a")
