"""Google's listing: what is understood, what is unknown, and what is refused."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from gcrsync.errors import ProtocolError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Namespace, Tag
from gcrsync.registry.google import MOST_ENTRIES, is_google, listing

NAMESPACE = Namespace("gcr.io", "project/app")
A, B = Digest.of(b"a"), Digest.of(b"b")


def entry(**changes: object) -> dict[str, object]:
    """Give a manifest's entry as Container Registry wrote it, with some keys changed, or left out where None."""
    full: dict[str, object] = {
        "imageSizeBytes": "763789",
        "layerId": "",
        "mediaType": media_types.DOCKER_MANIFEST,
        "tag": ["latest"],
        "timeCreatedMs": "1595895577054",
        "timeUploadedMs": "1597767277119",
    }
    return {key: value for key, value in (full | changes).items() if value is not None}


def answer(**changes: object) -> dict[str, object]:
    """Give a whole answer with one image under one tag, with some keys changed, or left out where None."""
    full: dict[str, object] = {"child": [], "manifest": {str(A): entry()}, "name": "backend/app", "tags": ["latest"]}
    return {key: value for key, value in (full | changes).items() if value is not None}


def described(**changes: object) -> Described:
    """Give what is understood of a manifest's entry with some keys changed."""
    return listing([answer(manifest={str(A): entry(**changes)})], NAMESPACE).manifests[A]


def test_one_answer_tells_tags_digests_types_sizes_and_times() -> None:
    uploaded = datetime(2020, 8, 18, 16, 14, 37, tzinfo=UTC)
    expected = Listing({Tag("latest"): A}, {A: Described(media_types.DOCKER_MANIFEST, 763789, uploaded)})
    assert listing([answer()], NAMESPACE) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"child": [], "manifest": {}, "name": "x", "tags": []}, Listing()),
        ({"child": [], "manifest": {}, "tags": []}, Listing()),
        ({"child": [], "manifest": {}, "tags": None}, Listing()),
        ({"child": ["base", "java.jdk"], "manifest": {}, "tags": []}, Listing(children=frozenset({"base", "java.jdk"}))),
        ({"child": ["base"], "manifest": None, "tags": None, "new": 1}, Listing(children=frozenset({"base"}))),
    ],
    ids=["an unknown package", "a drained one", "tags that are null", "a namespace", "nulls and a new key"],
)
def test_a_path_without_images_is_empty_or_has_children(document: Mapping[str, object], expected: Listing) -> None:
    assert is_google(document)
    assert listing([document], NAMESPACE) == expected


def test_a_path_may_have_images_and_children_at_once() -> None:
    result = listing([answer(child=["debug"])], NAMESPACE)
    assert (set(result.tags), set(result.children)) == ({Tag("latest")}, {"debug"})


def test_manifests_without_a_tag_are_known_too() -> None:
    result = listing([answer(manifest={str(A): entry(), str(B): entry(tag=[])})], NAMESPACE)
    assert (dict(result.tags), set(result.manifests)) == ({Tag("latest"): A}, {A, B})


def test_pages_are_merged_before_tags_are_looked_for() -> None:
    pages = [
        answer(manifest={str(A): entry()}, tags=["latest", "v1"], child=["a"]),
        answer(manifest={str(B): entry(tag=["v1"])}, tags=None, child=["b"]),
    ]
    result = listing(pages, NAMESPACE)
    assert (dict(result.tags), set(result.children)) == ({Tag("latest"): A, Tag("v1"): B}, {"a", "b"})


@pytest.mark.parametrize("document", [{}, {"name": "x", "tags": ["v1"]}, {"tags": None, "child": None, "manifest": None}])
def test_a_plain_list_is_not_googles(document: Mapping[str, object]) -> None:
    assert not is_google(document)


@pytest.mark.parametrize("number", [None, "", "0", "-1", "1.5", "many", "٣", 763789, str(2**63), "9" * 5_000])
def test_a_number_that_makes_no_sense_is_unknown(number: object) -> None:
    result = described(imageSizeBytes=number, timeUploadedMs=number)
    assert result == Described(media_types.DOCKER_MANIFEST, None, None)


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        ("-62135596800000", None),
        ("999", datetime(1970, 1, 1, tzinfo=UTC)),
        ("253402300799999", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("253402300800000", None),
    ],
    ids=["the year 1", "less than a second", "the last second", "the year 10000"],
)
def test_times_are_in_whole_seconds_as_far_as_they_can_be_told(milliseconds: str, expected: datetime | None) -> None:
    assert described(timeUploadedMs=milliseconds).uploaded == expected


@pytest.mark.parametrize("media_type", sorted(media_types.INDEXES))
def test_the_size_of_an_index_is_unknown_whatever_is_said_of_it(media_type: str) -> None:
    assert described(mediaType=media_type, imageSizeBytes="548").size is None


@pytest.mark.parametrize("media_type", [None, "", 5, "with\nlines", "x" * 256])
def test_a_media_type_that_makes_no_sense_is_unknown(media_type: object) -> None:
    assert described(mediaType=media_type).media_type is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"manifest": []}, "'manifest' is not an object"),
        ({"manifest": {str(A): "x"}}, "'manifest' is not an object"),
        ({"manifest": {"latest": entry()}}, "not a valid digest"),
        ({"manifest": {str(A): entry(tag="latest")}}, "'tag' is not a list of strings"),
        ({"manifest": {str(A): entry(tag=[1])}}, "'tag' is not a list of strings"),
        ({"manifest": {str(A): entry(tag=["latest", ".hidden"])}}, "not a valid tag"),
        ({"manifest": {str(A): entry(), str(B): entry()}}, "tag latest twice"),
        ({"tags": "latest"}, "'tags' is not a list of strings"),
        ({"tags": ["latest", "v1"]}, "names tag v1 but no manifest for it"),
        ({"manifest": None, "child": []}, "names tag latest but no manifest for it"),
        ({"child": {}}, "'child' is not a list of strings"),
        ({"child": ["a/b"]}, "more than one level"),
        ({"child": [".."]}, "not a valid namespace"),
        ({"child": [""]}, "not a valid namespace"),
    ],
)
def test_a_list_that_is_not_understood_whole_is_refused(changes: Mapping[str, object], reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason) as raised:
        listing([answer(**changes)], NAMESPACE)
    assert raised.value.where == "gcr.io/project/app"


@pytest.mark.parametrize("count", [MOST_ENTRIES - 1, MOST_ENTRIES])
def test_a_list_as_long_as_google_gives_counts_as_cut(count: int) -> None:
    manifests: dict[str, object] = {str(Digest.of(str(number).encode())): {} for number in range(count)}
    children = [f"c{number}" for number in range(count)]
    names = [f"v{number}" for number in range(count)]
    by_tags = answer(manifest={str(A): entry(tag=names)}, tags=names)
    results = [listing([each], NAMESPACE) for each in (answer(manifest=manifests, tags=[]), answer(child=children), by_tags)]
    assert [result.truncated for result in results] == [count >= MOST_ENTRIES] * 3


@pytest.mark.parametrize(
    ("sizes", "cut"), [((6_000, 6_000), False), ((4_000, 6_000), True), ((1, 10_000), True), ((10_000, 1), False)]
)
def test_a_list_that_came_in_pages_to_the_last_of_them_is_not_cut_however_long(sizes: tuple[int, int], cut: bool) -> None:  # noqa: FBT001 - what is expected
    pages = [
        answer(manifest={}, tags=None, child=[f"p{page}-{number}" for number in range(size)]) for page, size in enumerate(sizes)
    ]
    assert listing(pages, NAMESPACE).truncated == cut
