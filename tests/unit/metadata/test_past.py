"""One tag of an old document."""

import json
from dataclasses import replace

import pytest

from gcrsync.errors import InvalidMetadataError
from gcrsync.metadata.document import decode, encode
from gcrsync.metadata.past import decode_tag, history_json
from gcrsync.mirror.record import Kept, Record
from gcrsync.mirror.span import Edit, spans
from gcrsync.oci.name import Tag
from tests.support.values import NOW, THEN, digest, record

PATH = "metadata/gcr.io/p/a.json"
FULL = record("gcr.io/p/a", {"latest": "one", "v1": "two"}, held={"latest": "three", "v2": "x"}, gone={"v0": "zero"})
WITH_FORMER = replace(
    FULL,
    former={Tag("latest"): FULL.manifests[digest("one")]._replace(mirror_digest=digest("small"))},
    kept={Tag("latest-0"): Kept(digest("two"), Tag("latest"), THEN)},
)


@pytest.mark.parametrize("name", ["latest", "v1", "v2", "v0", "latest-0", "absent"])
def test_of_one_tag_the_same_is_read_as_of_all(name: str) -> None:
    tag, text = Tag(name), encode(WITH_FORMER)
    one, whole = decode_tag(text, PATH, tag), decode(text, PATH)

    assert {*one.served, *one.held} <= {tag}
    assert (one.mirror, one.tags.get(tag), one.gone.get(tag)) == (whole.mirror, whole.tags.get(tag), whole.gone.get(tag))
    assert (one.held.get(tag), one.digest_at_mirror(tag)) == (whole.held.get(tag), whole.digest_at_mirror(tag))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        "{}",
        encode(FULL).replace(f'"latest": "{digest("one")}"', '"latest": 1'),
        encode(FULL).replace('"tags": {', '"tags": 1, "more": {'),
        encode(FULL).replace('"manifests": {', '"manifests": [], "more": {'),
        encode(FULL).replace("gcr.io/p/a", "gcr.io/p/b"),
    ],
)
def test_a_document_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidMetadataError, match=r"metadata/gcr\.io/p/a\.json"):
        decode_tag(text, PATH, Tag("latest"))


def test_what_a_history_tells_programs() -> None:
    nothing = Record(FULL.repository, "")
    two = record("gcr.io/p/a", gone={"latest": "one"})
    edits = [Edit("c1", THEN, (nothing,), record("gcr.io/p/a", {"latest": "one"})), Edit("c2", NOW, (), two)]
    told = json.loads(history_json(FULL.repository, spans(edits), {"c3": "not JSON"}, shallow=True))

    common = {"digest": digest("one"), "mirror": "mirror.example/p/a", "mirrorDigest": digest("one"), "reason": None}
    times = ("2026-11-20T02:17:00Z", "2026-11-21T02:17:00Z")
    assert told == {
        "version": 1,
        "command": "history",
        "exit": 0,
        "error": None,
        "repository": "gcr.io/p/a",
        "shallow": True,
        "skipped": [{"commit": "c3", "reason": "not JSON"}],
        "tags": [
            {
                "tag": "latest",
                "spans": [
                    {"state": "mirrored", "from": times[0], "to": times[1], "commit": "c1", **common},
                    {"state": "gone", "from": times[1], "to": None, "commit": "c2", **common},
                ],
            }
        ],
    }
