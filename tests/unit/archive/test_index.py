import json

import pytest

from gcrsync.archive.index import EMPTY_INDEX, LayoutIndex, parse_index
from gcrsync.errors import DestinationError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Tag

REF = "org.opencontainers.image.ref.name"
ONE, TWO, THREE = (Descriptor(media_types.OCI_MANIFEST, Digest.of(word), 10) for word in (b"one", b"two", b"three"))


def entry(descriptor: Descriptor, name: str = "", **more: object) -> dict[str, object]:
    annotations = {"annotations": {REF: name}} if name else {}
    return {"mediaType": descriptor.media_type, "digest": str(descriptor.digest), "size": descriptor.size, **annotations, **more}


def parsed(*entries: object, **more: object) -> LayoutIndex:
    return parse_index(json.dumps({"schemaVersion": 2, "manifests": entries, **more}).encode(), "index.json")


def names(index: LayoutIndex) -> list[tuple[str, Digest]]:
    return [(each.name, each.descriptor.digest) for each in index.entries]


def test_a_new_index_is_an_empty_oci_index() -> None:
    assert json.loads(EMPTY_INDEX.raw()) == {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": []}


def test_tags_are_in_the_order_of_tags_and_the_rest_comes_after_by_digest() -> None:
    index = EMPTY_INDEX
    for descriptor, tag in ((TWO, None), (ONE, Tag("v10")), (ONE, Tag("v9")), (THREE, Tag("latest")), (THREE, Tag("2"))):
        index = index.with_manifest(descriptor, tag, ())
    assert [str(tag) for tag in index.tags] == ["2", "latest", "v9", "v10"]
    assert names(index)[-1] == ("", TWO.digest)
    assert parse_index(index.raw(), "index.json").raw() == index.raw()


def test_a_tag_that_moves_leaves_its_old_manifest() -> None:
    index = parsed(entry(ONE, "v1"), entry(TWO, "v2")).with_manifest(THREE, Tag("v1"), ())
    assert names(index) == [("v1", THREE.digest), ("v2", TWO.digest)]


def test_a_tag_takes_the_place_of_the_bare_entry_of_its_manifest_and_a_parent_that_of_its_children() -> None:
    index = parsed(entry(ONE), entry(TWO), entry(THREE))
    assert names(index.with_manifest(ONE, Tag("v1"), ()))[0] == ("v1", ONE.digest)
    assert ("", ONE.digest) not in names(index.with_manifest(ONE, Tag("v1"), ()))
    assert names(index.with_manifest(THREE, None, (ONE.digest, TWO.digest))) == [("", THREE.digest)]


def test_a_manifest_that_is_listed_already_is_not_listed_again() -> None:
    index = parsed(entry(ONE, "v1"), entry(TWO, artifactType="x"))
    for descriptor, tag in ((ONE, Tag("v1")), (ONE, None), (TWO, None)):
        assert index.with_manifest(descriptor, tag, ()).entries == index.entries


def test_what_others_wrote_survives_a_change() -> None:
    platform = {"os": "linux", "architecture": "amd64"}
    kept = [
        entry(ONE, "v1", platform=platform, artifactType="x"),
        entry(ONE, "docker.io/library/one:v1"),
        entry(ONE, annotations={"io.containerd.image.name": "one"}),
        {"mediaType": "application/xml", "digest": str(TWO.digest), "size": 3},
    ]
    index = parsed(*kept, annotations={"who": "me"}, other=[1.5, None, "\ud800"])
    after = json.loads(index.with_manifest(ONE, Tag("v2"), ()).raw())
    assert after["annotations"] == {"who": "me"}
    assert after["other"] == [1.5, None, "\ud800"]
    assert [each for each in kept if each not in after["manifests"]] == []
    assert len(after["manifests"]) == len(kept) + 1
    again = json.loads(index.with_manifest(ONE, Tag("v1"), ()).raw())
    assert kept[0] in again["manifests"]


def test_only_manifests_with_the_name_of_a_tag_are_tags() -> None:
    xml = Descriptor("application/xml", TWO.digest, 3)
    index = parsed(entry(ONE, "v1"), entry(ONE, "docker.io/library/one:v1"), entry(xml, "v2"), entry(TWO, "-x"))
    assert index.tags == {Tag("v1"): ONE}
    assert set(index.manifests) == {ONE.digest, TWO.digest}


def test_the_first_of_two_entries_with_one_tag_counts_and_both_go_when_it_moves_or_is_deleted() -> None:
    index = parsed(entry(ONE, "v1"), entry(TWO, "v1"))
    assert index.tags == {Tag("v1"): ONE}
    assert names(index.with_manifest(THREE, Tag("v1"), ())) == [("v1", THREE.digest)]
    assert index.without_tag(Tag("v1")).entries == ()


def test_a_digest_is_removed_with_all_its_names() -> None:
    index = parsed(entry(ONE, "v1"), entry(TWO, "v2"), entry(ONE, "v3"), entry(ONE))
    assert names(index.without_digest(ONE.digest)) == [("v2", TWO.digest)]


def test_an_index_of_a_go_program_without_entries_is_empty() -> None:
    assert parse_index(b'{"schemaVersion": 2, "manifests": null}', "index.json").entries == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b"[]",
        b"[" * 5000 + b"]" * 5000,
        b'{"a": ' * 200_000 + b"1" + b"}" * 200_000,
        b'{"manifests": {}}',
        b'{"manifests": [1]}',
        b'{"manifests": [{}]}',
        b'{"manifests": [], "x": NaN}',
        b'{"manifests": [], "x": 1e999}',
        b'{"manifests": [], "x": ' + b"9" * 5000 + b"}",
        json.dumps({"manifests": [entry(ONE, digest="sha256:../../etc/passwd")]}).encode(),
        json.dumps({"manifests": [entry(ONE, size=-1)]}).encode(),
        json.dumps({"manifests": [entry(ONE, size="10")]}).encode(),
        json.dumps({"manifests": [entry(ONE, mediaType=5)]}).encode(),
        json.dumps({"manifests": [entry(ONE, annotations=["x"])]}).encode(),
        json.dumps({"manifests": [entry(ONE, annotations={REF: 1})]}).encode(),
    ],
)
def test_a_broken_index_is_named_in_one_line(raw: bytes) -> None:
    with pytest.raises(DestinationError, match=r"^mirror/a/index\.json: ") as caught:
        parse_index(raw, "mirror/a/index.json")
    assert "\n" not in str(caught.value)
