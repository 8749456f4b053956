"""Which children of an index a mirror has, case by case."""

import json

import pytest

from gcrsync.errors import InvalidManifestError, RefusedError
from gcrsync.mirror.platforms import Platforms, choice, choose, no_match, was_chosen_otherwise
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, AnyManifest, Descriptor, Index, Platform, parse_manifest
from tests.support.build import AMD64, UNKNOWN, Built, image, index, named_by

ARM_V6, ARM_V7 = ({"os": "linux", "architecture": "arm", "variant": variant} for variant in ("v6", "v7"))
ONE, TWO, THREE = image("one"), image("two"), image("three")


def platforms(*texts: str) -> Platforms:
    return choice(tuple(map(Platform.parse, texts)))


def unread(entry: Descriptor) -> AnyManifest:
    raise AssertionError(entry)


def parsed(raw: bytes) -> Index:
    manifest = parse_manifest(raw, media_types.OCI_INDEX, "built")
    assert isinstance(manifest, Index)
    return manifest


def made(*entries: object, **more: object) -> Index:
    return parsed(json.dumps({"schemaVersion": 2, "manifests": entries, **more}, indent=2).encode())


def entry(built: Built, platform: object = None, **more: object) -> dict[str, object]:
    return {**named_by(built.media_type, built.raw), **({} if platform is None else {"platform": platform}), **more}


def digests(found: Index | Descriptor | None) -> list[Digest]:
    return [child.digest for child in found.manifests] if isinstance(found, Index) else [found.digest] if found else []


OF_ARM = made(entry(ONE, AMD64), entry(TWO, ARM_V6), entry(THREE, ARM_V7))


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (("linux/amd64",), [ONE.digest]),
        (("linux/arm/v7",), [THREE.digest]),
        (("linux/arm",), [TWO.digest, THREE.digest]),
        (("linux/arm/v7", "linux/amd64"), [ONE.digest, THREE.digest]),
        (("linux/amd64/v2",), []),
        (("windows/amd64",), []),
    ],
)
def test_a_match_is_os_and_architecture_and_the_variant_if_given(wanted: tuple[str, ...], kept: list[Digest]) -> None:
    assert digests(choose(OF_ARM, platforms(*wanted), unread, "x")) == kept


def test_one_child_named_twice_is_one_child() -> None:
    found = choose(made(entry(ONE, ARM_V6), entry(ONE, ARM_V7), entry(TWO, AMD64)), platforms("linux/arm"), unread, "x")

    assert isinstance(found, Descriptor)
    assert found.digest == ONE.digest


def test_a_smaller_index_is_the_document_with_entries_left_out() -> None:
    source = made(entry(ONE, ARM_V6, z=1, a=2), entry(TWO, AMD64), entry(THREE, ARM_V7), zeta="ü", alpha={"b": 1.5, "a": None})
    found = choose(source, platforms("linux/arm"), unread, "x")

    assert isinstance(found, Index)
    kept = [entry(ONE, ARM_V6, z=1, a=2), entry(THREE, ARM_V7)]
    expected = {"schemaVersion": 2, "manifests": kept, "zeta": "ü", "alpha": {"b": 1.5, "a": None}}
    assert found.raw == json.dumps(expected, separators=(",", ":")).encode()


def test_an_index_of_which_nothing_is_left_out_keeps_its_bytes() -> None:
    assert choose(OF_ARM, platforms("linux/arm", "linux/amd64"), unread, "x") is OF_ARM


def test_attestations_stay_with_the_images_that_are_kept_and_only_with_them() -> None:
    tied = [
        entry(image(str(built.digest)), UNKNOWN, annotations={"vnd.docker.reference.digest": built.digest}) for built in (ONE, TWO)
    ]
    source = made(entry(ONE, ARM_V6), entry(THREE, ARM_V7), entry(TWO, AMD64), *tied)
    found = choose(source, platforms("linux/arm"), unread, "x")

    assert digests(found) == [ONE.digest, THREE.digest, Digest(str(tied[0]["digest"]))]


def test_the_only_child_leaves_its_attestation() -> None:
    tied = entry(image("statement"), UNKNOWN, annotations={"vnd.docker.reference.digest": ONE.digest})

    assert digests(choose(made(entry(ONE, AMD64), tied), platforms("linux/amd64"), unread, "x")) == [ONE.digest]


def test_an_inner_index_without_a_platform_is_looked_into() -> None:
    inner, other = index(ONE, TWO), index(THREE, platforms=(ARM_V7,))
    known = {built.digest: built.parsed for built in (inner, other)}
    source = made(entry(inner), entry(inner), entry(other))
    reads: list[Digest] = []

    def read(of: Descriptor) -> AnyManifest:
        reads.append(of.digest)
        return known[of.digest]

    assert digests(choose(source, platforms("linux/amd64"), read, "x")) == [ONE.digest]
    assert digests(choose(source, platforms("linux/amd64", "linux/arm64"), read, "x")) == [inner.digest, inner.digest]
    assert reads == [inner.digest, other.digest] * 2


def test_an_inner_index_with_a_platform_is_taken_by_it() -> None:
    assert digests(choose(made(entry(index(TWO), AMD64)), platforms("linux/amd64"), unread, "x")) == [index(TWO).digest]


@pytest.mark.parametrize(
    "platform", [None, [], "linux/amd64", {}, {"os": 1, "architecture": {}}, {"os": "linux", "architecture": []}]
)
def test_what_says_no_platform_is_for_none(platform: object) -> None:
    source = made(
        entry(ONE, platform, annotations=[]),
        entry(TWO, AMD64),
        entry(THREE, UNKNOWN, annotations={"vnd.docker.reference.digest": []}),
    )

    assert digests(choose(source, platforms("linux/amd64"), unread, "x")) == [TWO.digest]


def test_what_json_cannot_say_again_is_an_invalid_manifest() -> None:
    raw = OF_ARM.raw.replace(b'"schemaVersion": 2', b'"schemaVersion": 2, "huge": 1e999')

    with pytest.raises(InvalidManifestError, match="what JSON cannot say"):
        choose(parsed(raw), platforms("linux/arm"), unread, "x")


def test_a_smaller_index_that_is_too_large_is_refused() -> None:
    escaped = "ü" * (LARGEST_MANIFEST // 4)
    document = {"schemaVersion": 2, "manifests": [entry(ONE, ARM_V6), entry(TWO, ARM_V7), entry(THREE, AMD64)], "x": escaped}

    with pytest.raises(RefusedError, match="are left, more than"):
        choose(parsed(json.dumps(document, ensure_ascii=False).encode()), platforms("linux/arm"), unread, "x")


def test_thousands_of_entries_are_chosen_from() -> None:
    entries = [entry(image("one"), AMD64) | {"digest": str(Digest.of(b"%d" % number))} for number in range(9_000)]
    found = choose(made(*entries, entry(TWO, ARM_V6)), platforms("linux/amd64"), unread, "x")

    assert len(digests(found)) == 9_000


def test_another_choice_is_told_from_the_one_that_something_is_held_for() -> None:
    reason = f"choosing platforms of x: {no_match(platforms('linux/arm'))}"

    assert not was_chosen_otherwise(reason, platforms("linux/arm"))
    assert was_chosen_otherwise(reason, platforms("linux/arm", "linux/amd64"))
    assert was_chosen_otherwise(reason, ())
    assert not was_chosen_otherwise("not taken", ())
