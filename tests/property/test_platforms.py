"""Laws of choosing platforms, on indexes that hypothesis makes up."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gcrsync.mirror.platforms import choice, choose
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Descriptor, Index, Platform, parse_manifest
from tests.support.strategies import json_values

PLATFORMS = [
    Platform("linux", "amd64"),
    Platform("linux", "arm", "v6"),
    Platform("linux", "arm", "v7"),
    Platform("windows", "amd64"),
]


@st.composite
def indexes(draw: st.DrawFn) -> Index:
    """Draw an index with keys of all kinds, and entries of a few platforms, attestations among them."""
    entries = draw(st.lists(_entries(), max_size=8))
    document = {**draw(st.dictionaries(st.sampled_from("zyxab"), json_values)), "schemaVersion": 2, "manifests": entries}
    raw = json.dumps(document, indent=draw(st.none() | st.integers(0, 3))).encode()
    manifest = parse_manifest(raw, media_types.OCI_INDEX, "drawn")
    assert isinstance(manifest, Index)
    return manifest


@st.composite
def _entries(draw: st.DrawFn) -> dict[str, object]:
    digest, other = (str(Digest.of(draw(st.binary(max_size=1)))) for _ in range(2))
    platform = draw(st.sampled_from(PLATFORMS))
    known = {"os": platform.os, "architecture": platform.architecture, "variant": platform.variant}
    unknown = {"os": "unknown", "architecture": "unknown"}
    entry: dict[str, object] = {"mediaType": media_types.OCI_MANIFEST, "digest": digest, "size": 1}
    attests = {"platform": unknown, "annotations": {"vnd.docker.reference.digest": other}}
    return entry | draw(st.sampled_from([{"platform": known}, attests, {}]))


def unread(entry: Descriptor) -> AnyManifest:
    raise AssertionError(entry)


@given(indexes(), st.sets(st.sampled_from(PLATFORMS), min_size=1))
def test_what_is_chosen_is_a_part_of_the_index_and_the_same_each_time(index: Index, wanted: set[Platform]) -> None:
    platforms = choice(tuple(wanted))
    found = choose(index, platforms, unread, "drawn")
    matching = {child.digest for child in index.manifests if child.platform and any(one.covers(child.platform) for one in wanted)}

    assert found == choose(index, choice(tuple(reversed(platforms))), unread, "drawn")
    if not isinstance(found, Index):
        assert ({found.digest} if found else set()) == matching
        return
    rest = iter(json.loads(index.raw)["manifests"])
    assert all(entry in rest for entry in json.loads(found.raw)["manifests"])
    assert matching <= {child.digest for child in found.manifests}
    assert (found.raw == index.raw) == (len(found.manifests) == len(index.manifests))
    again = choose(found, platforms, unread, "drawn")
    assert isinstance(again, Index)
    assert again.raw == found.raw
    assert list(json.loads(found.raw)) == list(json.loads(index.raw))
