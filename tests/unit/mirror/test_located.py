"""How a single image is named, where it comes from and where it goes to."""

import pytest

from gcrsync.errors import InputError
from gcrsync.mirror.located import Located, destination_of, source_of
from gcrsync.oci.name import Tag
from tests.support.values import digest

ONE = digest("one")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("localhost:5000/a", "localhost:5000/a:latest"),
        (f"quay.io/a/b@{ONE}", f"quay.io/a/b@{ONE}"),
        (f"quay.io/a/b:v1@{ONE}", f"quay.io/a/b:v1@{ONE}"),
        ("oci:./images/static", "oci:./images/static:latest"),
        ("oci:/srv/images/static:v1", "oci:/srv/images/static:v1"),
        (f"oci:images/a/static@{ONE}", f"oci:images/a/static@{ONE}"),
    ],
)
def test_a_source_is_named_as_docker_does_or_by_its_folder(text: str, whole: str) -> None:
    assert str(source_of(text)) == whole


def test_a_digest_says_which_image_it_is_whatever_the_tag() -> None:
    assert source_of(f"quay.io/a/b:v1@{ONE}").target == ONE
    assert source_of("quay.io/a/b:v1").target == Tag("v1")


def test_a_destination_gets_the_tag_of_its_source_unless_it_names_one() -> None:
    source = Located.parse(f"nginx:1.27@{ONE}")

    assert str(destination_of("ghcr.io/acme/nginx", source)) == "ghcr.io/acme/nginx:1.27"
    assert str(destination_of("oci:images/nginx:mine", source)) == "oci:images/nginx:mine"


@pytest.mark.parametrize("text", [f"ghcr.io/acme/nginx@{ONE}", f"ghcr.io/acme/nginx:v1@{ONE}", "ghcr.io/acme/nginx"])
def test_a_destination_needs_a_tag_and_no_digest(text: str) -> None:
    with pytest.raises(InputError, match=r"digest|tag"):
        destination_of(text, Located.parse(f"nginx@{ONE}"))


@pytest.mark.parametrize(
    "text", ["", "oci:", "oci:static", "oci:images/../static:v1", "oci:images/static:", "oci:images/A:v1", "a:b:c"]
)
def test_what_names_no_image_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        source_of(text)
