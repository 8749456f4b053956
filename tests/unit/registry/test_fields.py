"""What is read of the JSON that vendors give, and what of it is believed."""

from datetime import UTC, datetime

import pytest

from gcrsync.errors import ProtocolError
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described
from gcrsync.oci.name import Tag
from gcrsync.registry import fields
from gcrsync.registry.fields import entries

DIGEST = Digest.of(b"image")


def test_values_are_read_with_care() -> None:
    read = {"name": "a", "size": 7, "pushed": "2026-11-20T10:20:30.456+02:00"}

    assert entries([read], "here") == [read]
    assert (fields.text(read, "name", "here"), fields.number(read, "size")) == ("a", 7)
    assert fields.time(read, "pushed") == datetime(2026, 11, 20, 8, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, True, 0, -1, 1.5, "7", 2**63, [], {}])
def test_what_is_no_number_is_unknown(value: object) -> None:
    assert fields.number({"size": value}, "size") is None


@pytest.mark.parametrize("value", [None, 7, "", "today", "2026-11-20T10:20:30", "0001-01-01T00:00:00+14:00", "9" * 99])
def test_what_is_no_time_is_unknown(value: object) -> None:
    assert fields.time({"pushed": value}, "pushed") is None


@pytest.mark.parametrize("value", [None, 7, ["a"], {}])
def test_a_name_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(ProtocolError, match="'name' is missing or no text"):
        fields.text({"name": value}, "name", "here")


@pytest.mark.parametrize(
    "value", [[], "text", None, {}, {"results": {}}, {"results": "text"}, {"results": [1]}, {"results": [None]}, {"message": "no"}]
)
def test_a_page_that_is_no_list_of_objects_is_not_understood(value: object) -> None:
    with pytest.raises(ProtocolError, match="not understood"):
        fields.listed(value, "results", "hub.test/list")


def test_a_list_that_is_null_is_empty() -> None:
    assert fields.listed({"results": None}, "results", "") == []


@pytest.mark.parametrize(("seconds", "known"), [(1, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)), (10**12, None), (None, None)])
def test_a_moment_after_the_last_year_is_unknown(seconds: int | None, known: datetime | None) -> None:
    assert fields.moment(seconds) == known


def test_a_tag_without_a_digest_is_unasked() -> None:
    told = [("new", str(DIGEST), Described(size=5)), ("old", "", Described())]
    listing = fields.listing(told, "")

    assert (listing.tags, listing.manifests) == ({Tag("new"): DIGEST}, {DIGEST: Described(size=5)})
    assert listing.unasked == {"old"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_each_tag_keeps_its_time_and_a_manifest_has_the_earliest_of_them(order: tuple[int, int, int]) -> None:
    early, late = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    times = [("a", early), ("b", late), ("c", None)]
    told = [(name, str(DIGEST), Described(uploaded=uploaded)) for name, uploaded in times]
    listing = fields.listing([told[place] for place in order], "")

    assert listing.tags == dict.fromkeys([Tag("a"), Tag("b"), Tag("c")], DIGEST)
    assert listing.uploaded == {Tag("a"): early, Tag("b"): late}
    assert listing.manifests == {DIGEST: Described(uploaded=early)}


@pytest.mark.parametrize(("name", "digest"), [("no tag", str(DIGEST)), ("1", "sha256:short"), ("../up", "")])
def test_a_name_or_a_digest_that_is_none_spoils_the_list(name: str, digest: str) -> None:
    with pytest.raises(ProtocolError, match="not understood"):
        fields.listing([(name, digest, Described())], "hub.test/list")
