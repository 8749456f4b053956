from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gcrsync.errors import InvalidMetadataError
from gcrsync.metadata.document import decode, encode
from gcrsync.mirror.record import Gone, Held, Mirrored, Record, Why
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Repository, Tag

PATH = "metadata/gcr.io/distroless/static.json"
NEW, OLD, OTHER = (Digest(f"sha256:{letter * 64}") for letter in "abc")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
NIGHT = datetime(2026, 11, 21, 2, 17, tzinfo=UTC)
RECORD = Record(
    repository=Repository("gcr.io", "distroless/static"),
    mirror="ghcr.io/acme/distroless/static",
    tags={Tag("latest"): NEW, Tag("v1.10"): OLD, Tag("v1.9"): OLD, Tag("1"): OLD},
    manifests={
        OLD: Mirrored(),
        NEW: Mirrored(MANIFEST, 641550, datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC), NIGHT),
    },
    held={Tag("v0.9"): Held(OTHER, datetime(2026, 11, 20, 2, 17, tzinfo=UTC), Why.REFUSED, "schema 1 manifest")},
    gone={Tag("v1.0"): Gone(OLD, NIGHT)},
    former={Tag("v1.9"): Mirrored(mirror_digest=OTHER), Tag("v1.0"): Mirrored(platforms=(Platform("linux", "arm"),))},
)
TEXT = f"""\
{{
  "repository": "gcr.io/distroless/static",
  "mirror": "ghcr.io/acme/distroless/static",
  "tags": {{
    "1": "{OLD}",
    "latest": "{NEW}",
    "v1.9": "{OLD}",
    "v1.10": "{OLD}"
  }},
  "manifests": {{
    "{NEW}": {{"mediaType": "{MANIFEST}", "size": 641550, "uploaded": "2021-03-04T05:06:07Z", "mirrored": "2026-11-21T02:17:00Z"}},
    "{OLD}": {{}}
  }},
  "held": {{
    "v0.9": {{"digest": "{OTHER}", "since": "2026-11-20T02:17:00Z", "why": "refused", "reason": "schema 1 manifest"}}
  }},
  "gone": {{
    "v1.0": {{"digest": "{OLD}", "since": "2026-11-21T02:17:00Z"}}
  }},
  "former": {{
    "v1.0": {{"platforms": ["linux/arm"]}},
    "v1.9": {{"mirrorDigest": "{OTHER}"}}
  }}
}}
"""
WRONG = (
    ('"mirror": "ghcr', '"mirror": ghcr', 3, "not JSON: Expecting value"),
    ('  "tags": {\n', '<<<<<<< ours\n  "tags": {\n', 4, "a conflict that git left here"),
    ('    "latest":', '    "1":', 6, "the key '1' stands twice"),
    ('  "gone": {', '  "held": {', 17, "the key 'held' stands twice"),
    ('"mediaType": "application', '"size": 1, "mediaType": "application', 11, "the key 'size' stands twice"),
    (f'"latest": "{NEW}"', '"latest": "sha256:abc"', 6, "'sha256:abc' is not a valid digest"),
    (f'"latest": "{NEW}"', '"latest": null', 6, "expected a digest"),
    (f'"latest": "{NEW}"', f'"latest": "{OTHER}"', 6, f"no entry in 'manifests' describes {OTHER}"),
    ('"latest"', '"-latest"', 6, "'-latest' is not a valid tag"),
    (f'    "{NEW}": {{', '    "sha256:x": {', 11, "'sha256:x' is not a valid digest"),
    (": {}", ": []", 12, "expected an object"),
    (": {}", ': {"size": -5}', 12, "'size' is not a number of bytes"),
    (": {}", ': {"uploaded": "2021-03-04T25:06:07Z"}', 12, "'2021-03-04T25:06:07Z' is not a valid time"),
    (": {}", ': {"mirrored": []}', 12, "expected a time"),
    (": {}", ': {"mirrorDigest": 1}', 12, "'mirrorDigest' is not a digest"),
    (f'"latest": "{NEW}"', '"latest": []', 6, "expected a digest"),
    (": {}", ': {"referrers": {}}', 12, "'referrers' is not a list"),
    (": {}", ': {"referrers": [1]}', 12, "expected a digest"),
    (": {}", ': {"referrers": ["x"]}', 12, "'x' is not a valid digest"),
    ('  "held": {', '  "held": 1,\n  "hold": {', 14, "'held' is not an object"),
    ("641550", "-1", 11, "'size' is not a number of bytes"),
    ("641550", "true", 11, "'size' is not a number of bytes"),
    ("641550", "1e999", 11, "a number that JSON cannot hold"),
    ("641550", "NaN", 11, "a number that JSON cannot hold"),
    ("641550", "9" * 5000, 11, "a number that JSON cannot hold"),
    (f'"{MANIFEST}"', "1", 11, "'mediaType' is not a string"),
    ("2021-03-04T05:06:07Z", "2021-03-04", 11, "'2021-03-04' is not a valid time"),
    ("2021-03-04T05:06:07Z", "2021-02-30T05:06:07Z", 11, "'2021-02-30T05:06:07Z' is not a valid time"),
    ('"2021-03-04T05:06:07Z"', "1614834367", 11, "expected a time"),
    ('"refused"', '"tired"', 15, "'why' is none of refused, young, frozen, large"),
    (', "reason": "schema 1 manifest"', "", 15, "'reason' is missing or not a string"),
    ('    "v1.0": {"digest"', '    "v1.0": {"digets"', 18, "'digest' is missing or not a string"),
    (f'"v1.0": {{"digest": "{OLD}"', f'"v1.0": {{"digest": "{OTHER}"', 18, f"no entry in 'manifests' describes {OTHER}"),
    ('  "tags"', '  "tgas"', 1, "has no 'tags'"),
    ('"gone": {', '"gone": [', 18, "not JSON"),
    ('distroless/static",\n  "mirror', 'distroless/base",\n  "mirror', 2, "belongs in metadata/gcr.io/distroless/base.json"),
    ('"gcr.io/distroless/static"', '"distroless/static"', 2, "is not a valid repository"),
    ('"repository": "gcr.io/distroless/static"', '"repository": 1', 2, "'repository' is missing or not a string"),
    ('"ghcr.io/acme/distroless/static"', '"127.0.0.1:7701/../../etc"', 3, "'127.0.0.1:7701/../../etc' is not a valid repository"),
    ('"ghcr.io/acme/distroless/static"', '"acme/static"', 3, "'acme/static' is not a valid repository"),
    ('"ghcr.io/acme/distroless/static"', '"oci:./img/../../etc"', 3, "'oci:./img/../../etc' is not a valid mirror"),
    ('"ghcr.io/acme/distroless/static"', '"oci:../img/STATIC"', 3, "is not a valid repository"),
    ('"ghcr.io/acme/distroless/static"', "1", 3, "'mirror' is missing or not a string"),
    ("}\n}\n", "}\n", 24, "not JSON"),
    ('    "v1.0": {"platforms"', '    "v0.9": {"platforms"', 21, "the mirror has no tag v0.9"),
)


def test_a_document_is_written_byte_for_byte_as_the_contract_says() -> None:
    assert encode(RECORD) == TEXT
    assert decode(TEXT, PATH) == RECORD


def test_a_record_of_nothing_has_its_tags_and_manifests_and_no_more() -> None:
    empty = Record(RECORD.repository, "")
    text = '{\n  "repository": "gcr.io/distroless/static",\n  "mirror": "",\n  "tags": {},\n  "manifests": {}\n}\n'
    assert encode(empty) == text
    assert decode(text, PATH) == empty


def test_unknown_keys_stand_after_the_known_ones_in_their_order() -> None:
    text = TEXT.replace('"v1.0": {', '"v1.0": {"z": [1, 2.5], "a": null, ')
    text = text.replace('  "tags"', '  "zeal": {"b": 1},\n  "alpha": "ü",\n  "tags"')
    record = decode(text, PATH)
    assert list(record.extra) == ["zeal", "alpha"]
    assert f'"v1.0": {{"digest": "{OLD}", "since": "2026-11-21T02:17:00Z", "z": [1, 2.5], "a": null}}' in encode(record)
    assert encode(record).endswith('  },\n  "zeal": {"b": 1},\n  "alpha": "ü"\n}\n')


def test_a_manifest_that_no_tag_names_is_kept() -> None:
    record = replace(RECORD, tags={}, gone={}, former={})
    assert decode(encode(record), PATH) == record


def test_an_entry_with_null_is_read_as_unknown() -> None:
    text = TEXT.replace("641550", "null").replace('"2021-03-04T05:06:07Z"', "null")
    assert decode(text, PATH).manifests[NEW] == Mirrored(MANIFEST, None, None, NIGHT)


def test_a_document_in_another_layout_is_read_and_written_in_ours() -> None:
    assert encode(decode(TEXT.replace("\n", "").replace("  ", ""), PATH)) == TEXT


def test_times_are_cut_to_whole_seconds_of_utc() -> None:
    entered = Mirrored(mirrored=datetime.fromisoformat("2026-11-21T04:17:00.999+02:00"))
    assert decode(encode(replace(RECORD, manifests={**RECORD.manifests, OTHER: entered})), PATH).manifests[OTHER].mirrored == NIGHT


def test_the_size_of_what_is_held_for_it_is_read_back_and_is_a_number_of_bytes() -> None:
    text = encode(replace(RECORD, held={Tag("a"): Held(NEW, NIGHT, Why.LARGE, "it is", {"more": 1}, 2_000)}))

    assert '"reason": "it is", "size": 2000, "more": 1}' in text
    assert decode(text, PATH).held[Tag("a")].size == 2_000
    for wrong in ("-1", "true", '"2000"', "1.5"):
        with pytest.raises(InvalidMetadataError, match="'size' is not a number of bytes"):
            decode(text.replace('"size": 2000', f'"size": {wrong}'), PATH)


@pytest.mark.parametrize("text", ["\ud800", "\u2028", "\u202e", "\x85", "\x00", '"', "\\", "\n"])
def test_no_text_breaks_a_line_or_the_encoding(text: str) -> None:
    record = replace(RECORD, held={Tag("a"): Held(NEW, NIGHT, Why.FROZEN, text)})
    assert len(encode(record).encode().decode().splitlines()) == len(TEXT.splitlines())
    assert decode(encode(record), PATH) == record


@pytest.mark.parametrize(("old", "new", "line", "reason"), WRONG, ids=[f"{case[2]} {case[3]}"[:60] for case in WRONG])
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, line: int, reason: str) -> None:
    assert TEXT.count(old) == 1
    with pytest.raises(InvalidMetadataError) as caught:
        decode(TEXT.replace(old, new, 1), PATH)
    assert (caught.value.path, caught.value.line) == (PATH, line)
    assert reason in caught.value.reason
    assert str(caught.value).startswith(f"{PATH}:{line}: ")


def test_the_line_is_that_of_the_section_not_of_another_with_the_same_key() -> None:
    text = TEXT.replace('    "v1.0": {"digest"', '    "latest": {"digest"').replace(f'"digest": "{OLD}"', '"digest": "x"')
    with pytest.raises(InvalidMetadataError) as caught:
        decode(text, PATH)
    assert caught.value.line == 18


@pytest.mark.parametrize("text", ["", "[]", "null", '"a"', "\ufeff{}", "{", '{"a"', "{}}"])
def test_what_is_no_object_is_refused_at_its_first_line(text: str) -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        decode(text, PATH)
    assert caught.value.line == 1


def test_a_document_that_is_nested_too_deep_is_refused_at_its_deepest_line() -> None:
    with pytest.raises(InvalidMetadataError) as caught:
        decode('{\n"[]": [],\n"a":\n' + "[" * 100_000, PATH)
    assert caught.value.line == 4
    assert caught.value.reason == "nested too deeply"
