import pytest

from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Tag

EMPTY = Digest.of(b"")


@pytest.mark.parametrize(
    "listing",
    [
        Listing({Tag("a"): EMPTY}),
        Listing(manifests={EMPTY: Described()}),
        Listing(children=frozenset({"a"})),
        Listing(unasked=frozenset({Tag("a")})),
        Listing(unbuilt=frozenset({Tag("a")})),
        Listing(missing=frozenset({Tag("a")})),
    ],
)
def test_a_listing_is_blank_only_where_it_names_nothing_at_all(listing: Listing) -> None:
    assert Listing().blank
    assert not listing.blank
