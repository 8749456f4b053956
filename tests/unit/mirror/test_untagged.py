"""What is known of the manifests that a source lists without a tag."""

from dataclasses import replace

import pytest

from gcrsync.mirror.untagged import Untagged
from gcrsync.oci import media_types
from gcrsync.oci.listing import Described, Listing
from tests.support.values import digest, record, tags

NAME = "gcr.io/p/a"


def listed(media_type: str, *words: str) -> Listing:
    return Listing(tags({"1": "x"}), {digest(word): Described(media_type) for word in ("x", *words)})


def test_what_is_on_record_is_known_and_the_rest_is_unread() -> None:
    before = replace(record(NAME, {"1": "x"}), untagged={digest("old"): digest("x"), digest("listed no more"): None})
    untagged = Untagged.of(before, listed(media_types.OCI_MANIFEST, "old", "new"))

    assert untagged == Untagged({digest("old"): digest("x")}, (digest("new"),))


@pytest.mark.parametrize("media_type", [media_types.DOCKER_MANIFEST, media_types.DOCKER_LIST, media_types.DOCKER_SCHEMA1])
def test_what_can_refer_to_nothing_is_never_read(media_type: str) -> None:
    assert Untagged.of(record(NAME, {"1": "x"}), listed(media_type, "new")) == Untagged()
