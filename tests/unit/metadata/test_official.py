"""What was read of official-images, as it is recorded."""

import pytest

from gcrsync.errors import InvalidMetadataError
from gcrsync.metadata.official import decode, encode
from gcrsync.metadata.paths import OFFICIAL_IMAGES, is_document
from gcrsync.mirror.library import Group, Official
from gcrsync.oci.name import Tag

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ALPINE = (Group((Tag("3.20"), Tag("latest")), ("amd64", "s390x")), Group((Tag("edge"),), ("amd64",)))
TEXT = f"""\
{{
  "format": 1,
  "commit": "{COMMIT}",
  "repositories": {{
    "alpine": [
      {{"tags": ["3.20", "latest"], "architectures": ["amd64", "s390x"]}},
      {{"tags": ["edge"], "architectures": ["amd64"]}}
    ],
    "busybox": [
      {{"tags": ["1"], "architectures": ["\\u202eamd64"]}}
    ],
    "empty": []
  }}
}}
"""


def test_a_document_is_written_byte_for_byte_and_read_back() -> None:
    official = Official(COMMIT, {"busybox": (Group((Tag("1"),), ("\u202eamd64",)),), "alpine": ALPINE, "empty": ()})
    assert encode(official) == TEXT
    assert decode(TEXT, OFFICIAL_IMAGES) == official
    assert decode(encode(Official(COMMIT)), OFFICIAL_IMAGES) == Official(COMMIT)


def test_a_document_of_another_format_says_nothing() -> None:
    assert decode(TEXT.replace('"format": 1', '"format": 2'), OFFICIAL_IMAGES) == Official()


def test_the_place_of_the_document_is_that_of_no_repository() -> None:
    assert is_document("metadata/docker.io/library/alpine.json")
    assert not is_document(OFFICIAL_IMAGES)


@pytest.mark.parametrize(
    ("good", "bad", "line", "reason"),
    [
        (TEXT, "[]", 1, "not a JSON object"),
        (COMMIT, "main", 3, "'commit' is not the full name of a commit"),
        ('"edge"', "1", 5, "'tags' of a group is not a list of strings"),
        ('["edge"]', "[]", 5, "'tags' of a group is not a list of strings"),
        ('"edge"', '"../edge"', 5, "'../edge' is not a valid tag"),
        ('"busybox"', '"../busybox"', 9, "is not a valid"),
        ('"busybox"', '"alpine"', 9, "stands twice"),
        ('{"tags": ["edge"], "architectures": ["amd64"]}', "3", 5, "a group is not an object"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(good: str, bad: str, line: int, reason: str) -> None:
    assert good in TEXT
    with pytest.raises(InvalidMetadataError, match=reason) as caught:
        decode(TEXT.replace(good, bad), OFFICIAL_IMAGES)
    assert (caught.value.path, caught.value.line) == (OFFICIAL_IMAGES, line)
