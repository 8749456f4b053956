"""Documents whose manifests are read once somebody asks for them, and those whose are not."""

import pickle
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gcrsync.errors import InvalidMetadataError
from gcrsync.metadata.document import decode, encode
from gcrsync.metadata.paths import path_of
from gcrsync.mirror.record import Mirrored, Record
from gcrsync.mirror.unread import Unread
from gcrsync.oci.manifest import Platform
from tests.support.values import NOW, digest, record

RECORD = record("gcr.io/p/a", {"1": "x", "2": "y"}, gone={"3": "x"})
PATH = path_of(RECORD.repository)


def with_manifest(described: Mirrored) -> Record:
    return replace(RECORD, manifests={**RECORD.manifests, digest("x"): described})


@pytest.mark.parametrize(
    ("described", "unread"),
    [
        (Mirrored("application/vnd.oci.image.index.v1+json", 1, NOW, NOW), True),
        (Mirrored(), True),
        (Mirrored("a", None, None, NOW), True),
        (Mirrored(None, 0, NOW), True),
        (Mirrored("a", 1, datetime(2024, 2, 29, tzinfo=UTC), NOW), True),
        (Mirrored('a "quoted" type', 1), False),
        (Mirrored("a", 1, platforms=(Platform("linux", "arm"),)), False),
        (Mirrored("a", 1, referrers=(digest("signature"),)), False),
        (Mirrored("a", 1, extra={"ours": 1}), False),
    ],
)
def test_a_document_is_read_the_same_whether_its_manifests_are_left_for_later_or_not(described: Mirrored, *, unread: bool) -> None:
    known = with_manifest(described)
    found = decode(encode(known), PATH)

    assert isinstance(found.manifests, Unread) is unread
    assert len(found.manifests) == len(known.manifests)
    assert found == known
    assert pickle.loads(pickle.dumps(decode(encode(known), PATH))) == known  # noqa: S301 - it is our own
    assert encode(found) == encode(known)


PLAIN = encode(with_manifest(Mirrored("a", 1, NOW, NOW)))


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("2026-11-21T02:17:00Z", "2026-02-29T02:17:00Z", 9, "not a valid time"),
        ("2026-11-21T02:17:00Z", "2026-11-31T02:17:00Z", 9, "not a valid time"),
        ("2026-11-21T02:17:00Z", "0000-11-21T02:17:00Z", 9, "not a valid time"),
        ('"size": 1,', '"size": 01,', 9, "not JSON"),
        ('"size": 1,', '"size": -1,', 9, "not a number of bytes"),
        (f'"{digest("y")}": {{', f'"{digest("x")}": {{', 9, "stands twice"),
        ("},\n    ", "}\n    ", 9, "not JSON"),
        ('  "manifests": {', '  "manifests": {},\n  "manifests": {', 8, "stands twice"),
        (f'"2": "{digest("y")}"', f'"2": "{digest("z")}"', 6, "describes"),
    ],
)
def test_what_is_wrong_in_a_manifest_is_told_with_its_line_before_anybody_asks_for_it(
    old: str, new: str, line: int, words: str
) -> None:
    assert isinstance(decode(PLAIN, PATH).manifests, Unread)
    assert old in PLAIN
    with pytest.raises(InvalidMetadataError, match=words) as caught:
        decode(PLAIN.replace(old, new, 1), PATH)

    assert caught.value.line in (line, line + 1)
