"""Laws of an image layout's ``index.json``."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gcrsync.archive.conflict import inside_another
from gcrsync.archive.index import EMPTY_INDEX, parse_index
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Tag
from tests.support.strategies import paths, tags

_descriptors = st.sampled_from([Descriptor(media_types.OCI_MANIFEST, Digest.of(word), 5) for word in (b"one", b"two", b"three")])
_few_tags = st.sampled_from([Tag(name) for name in ("v1", "v2", "v10", "latest")])
_steps = st.lists(st.tuples(_few_tags | tags, st.none() | _descriptors), max_size=12)
"""Tags that are put on a manifest, or taken away."""


@given(_steps)
def test_an_index_is_a_dictionary_of_tags_that_survives_the_disk(steps: list[tuple[Tag, Descriptor | None]]) -> None:
    index, expected = EMPTY_INDEX, dict[Tag, Descriptor]()
    for tag, descriptor in steps:
        if descriptor is None:
            index = index.without_tag(tag)
            expected.pop(tag, None)
        else:
            index = index.with_manifest(descriptor, None, ()).with_manifest(descriptor, tag, ())
            expected[tag] = descriptor
        index = parse_index(index.raw(), "index.json")
    assert index.tags == expected
    assert list(index.tags) == sorted(expected, key=lambda tag: tag.sort_key)
    assert [entry.tag for entry in index.entries] == list(index.tags)


@given(
    tags, _descriptors, st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.text(max_size=5), st.lists, max_leaves=4))
)
def test_what_is_put_twice_changes_nothing_and_what_others_wrote_stays(
    tag: Tag, descriptor: Descriptor, others: dict[str, object]
) -> None:
    before = parse_index(json.dumps({**others, "manifests": []}).encode(), "index.json")
    once = before.with_manifest(descriptor, tag, ())
    assert once.with_manifest(descriptor, tag, ()) == once
    written = json.loads(once.raw())
    assert {key: value for key, value in written.items() if key != "manifests"} == {
        key: value for key, value in others.items() if key != "manifests"
    }


@given(paths, st.sampled_from(["blobs", "index.json", "oci-layout"]), st.none() | paths)
def test_what_lies_among_the_files_of_a_layout_is_always_found(path: str, name: str, below: str | None) -> None:
    inside = f"{path}/{name}" if below is None else f"{path}/{name}/{below}"
    assert inside_another(inside, {path}) == path
    assert inside_another(path, {inside}) is None
