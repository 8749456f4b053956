import pytest

from gcrsync.errors import InvalidNameError, NotFoundError, UsageError
from gcrsync.mirror.pushing import pushes, target_of, unnamed
from gcrsync.oci.archived import ArchivedImage
from tests.support.values import digest

APP = ArchivedImage(("localhost/app:v1", "localhost/app:latest"), digest("app"))
OTHER = ArchivedImage(("localhost/other:v2",), digest("other"))
SAME = ArchivedImage(("localhost/same:v1",), digest("same"))
NAMELESS = ArchivedImage((), digest("nameless"))


def chosen(images: list[ArchivedImage], to: str, wanted: str | None = None) -> list[tuple[str, str]]:
    return [(push.name, str(push.target)) for push in pushes(images, wanted, target_of(to), "it.tar")]


def test_without_a_tag_each_image_keeps_all_of_its_own() -> None:
    assert chosen([APP, NAMELESS, OTHER], "ghcr.io/acme/x") == [
        ("localhost/app:v1", "ghcr.io/acme/x:v1"),
        ("localhost/app:latest", "ghcr.io/acme/x:latest"),
        ("localhost/other:v2", "ghcr.io/acme/x:v2"),
    ]
    assert unnamed([APP, NAMELESS], pushes([APP, NAMELESS], None, target_of("ghcr.io/acme/x"), "it.tar")) == (NAMELESS,)


def test_with_a_tag_one_image_gets_that_alone_whatever_it_was_called() -> None:
    assert chosen([APP], "oci:folder/x:mine") == [("localhost/app:v1", "oci:folder/x:mine")]
    assert chosen([NAMELESS], "ghcr.io/acme/x:mine") == [("", "ghcr.io/acme/x:mine")]


@pytest.mark.parametrize("wanted", ["app:latest", "latest", "localhost/app:latest"])
def test_one_that_is_chosen_by_a_name_goes_under_the_tag_of_that_name(wanted: str) -> None:
    assert chosen([APP, OTHER], "ghcr.io/acme/x", wanted) == [("localhost/app:latest", "ghcr.io/acme/x:latest")]


def test_one_that_is_chosen_by_its_digest_goes_under_all_of_its_tags() -> None:
    assert chosen([OTHER, APP], "ghcr.io/acme/x", APP.digest) == chosen([APP], "ghcr.io/acme/x")
    assert chosen([APP, NAMELESS], "ghcr.io/acme/x:mine", NAMELESS.digest) == [("", "ghcr.io/acme/x:mine")]


@pytest.mark.parametrize(
    ("images", "to", "wanted"),
    [
        ([APP, OTHER], "ghcr.io/acme/x:mine", None),
        ([APP, SAME], "ghcr.io/acme/x", None),
        ([APP, SAME], "ghcr.io/acme/x", "v1"),
        ([NAMELESS], "ghcr.io/acme/x", None),
        ([APP], f"ghcr.io/acme/x@{APP.digest}", None),
    ],
)
def test_what_is_not_one_name_for_one_image_is_refused(images: list[ArchivedImage], to: str, wanted: str | None) -> None:
    with pytest.raises(UsageError):
        chosen(images, to, wanted)


def test_what_is_not_there_and_what_is_no_name_are_said_to_be_so() -> None:
    with pytest.raises(NotFoundError, match="choose one with --image: localhost/app:v1, localhost/app:latest"):
        chosen([APP], "ghcr.io/acme/x", "v3")
    with pytest.raises(NotFoundError, match=r"it\.tar: there is no image in it"):
        chosen([], "ghcr.io/acme/x:v1")
    with pytest.raises(InvalidNameError):
        chosen([APP], "ghcr.io/acme/X")
