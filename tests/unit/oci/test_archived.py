import pytest

from gcrsync.oci.archived import is_called, tag_of


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("v1", "v1"),
        ("localhost/app:v1", "v1"),
        ("localhost:5000/app:v1", "v1"),
        ("app:v1@sha256:" + "0" * 64, "v1"),
        ("localhost/app", None),
        ("localhost:5000/app", None),
        ("", None),
        ("not a tag", None),
        ("app:not a tag", None),
        ("app:", None),
    ],
)
def test_a_name_in_an_archive_is_a_tag_or_ends_in_one(name: str, tag: str | None) -> None:
    assert tag_of(name) == tag


@pytest.mark.parametrize("wanted", ["v1", "localhost/acme/app:v1", "acme/app:v1", "app:v1"])
def test_an_image_is_called_by_the_whole_of_its_name_its_end_or_its_tag(wanted: str) -> None:
    assert is_called("localhost/acme/app:v1", wanted)


@pytest.mark.parametrize("wanted", ["v2", "pp:v1", "other/app:v1", "localhost/acme/app", "", ":v1"])
def test_it_is_called_by_nothing_else(wanted: str) -> None:
    assert not is_called("localhost/acme/app:v1", wanted)


def test_what_docker_leaves_out_of_a_name_is_thought_of_on_both_sides() -> None:
    assert is_called("nginx:1.27", "docker.io/library/nginx:1.27")
    assert is_called("docker.io/library/nginx:1.27", "nginx:1.27")
    assert is_called("docker.io/library/nginx:latest", "nginx")
