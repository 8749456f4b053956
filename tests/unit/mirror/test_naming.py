"""Names at the destination."""

import pytest

from gcrsync.errors import InvalidNameError, MirrorNameError
from gcrsync.mirror.naming import (
    AnyDestination,
    FolderDestination,
    check_collisions,
    check_mirror_name,
    check_unmoved,
    mirror_name,
    registry_destination,
)
from tests.support.values import record, records, repository


@pytest.mark.parametrize(
    ("destination", "source", "name"),
    [
        (registry_destination("ghcr.io/acme", None), "gcr.io/distroless/static", "ghcr.io/acme/distroless/static"),
        (registry_destination("docker.io/me", None), "gcr.io/distroless/static", "docker.io/me/gcr.io_distroless_static"),
        (registry_destination("index.docker.io/me/", None), "gcr.io/a/b", "docker.io/me/gcr.io_a_b"),
        (registry_destination("127.0.0.1:5000", "{registry}/{path}"), "127.0.0.1:5001/a", "127.0.0.1:5000/127.0.0.1_5001/a"),
        (registry_destination("ghcr.io/acme", "k8s/{flat}"), "registry.k8s.io/a/b", "ghcr.io/acme/k8s/registry.k8s.io_a_b"),
        (FolderDestination("./mirror", "/srv/mirror", "{path}"), "gcr.io/distroless/static", "oci:./mirror/distroless/static"),
    ],
)
def test_a_mirror_is_named_by_its_template(destination: AnyDestination, source: str, name: str) -> None:
    assert mirror_name(destination, repository(source)) == name


@pytest.mark.parametrize("folder", [".", "./.", "./img", "..", "../../img", "../img and more", "/", "/srv/img"])
@pytest.mark.parametrize("source", ["gcr.io/a", "gcr.io/distroless/static"])
def test_the_name_of_a_mirror_in_a_folder_is_read_as_it_is_given(folder: str, source: str) -> None:
    name = mirror_name(FolderDestination(folder, "/srv/img", "{registry}/{path}"), repository(source))

    assert name.endswith(source)
    check_mirror_name(name)


@pytest.mark.parametrize("text", ["oci:", "oci:a", "oci:.", "oci:../..", "oci:./img/", "oci:/srv/../a", "oci:./a\0/b", "acme/a"])
def test_what_is_no_name_of_a_mirror_is_refused(text: str) -> None:
    with pytest.raises(InvalidNameError):
        check_mirror_name(text)


@pytest.mark.parametrize("text", ["acme", "acme/images", "ghcr.io/ACME", ""])
def test_a_destination_needs_a_host_and_a_valid_path(text: str) -> None:
    with pytest.raises(InvalidNameError):
        registry_destination(text, None)


def test_a_destination_with_a_scheme_is_refused_without_telling_what_follows_it() -> None:
    with pytest.raises(InvalidNameError, match="'https://' is not a valid destination: expected no scheme"):
        registry_destination("https://me:s3cret@ghcr.io/acme", None)


@pytest.mark.parametrize("template", ["fixed", "{path}-{user}", "{path", "{path}}"])
def test_a_template_needs_a_known_field(template: str) -> None:
    with pytest.raises(InvalidNameError):
        registry_destination("ghcr.io/acme", template)


def test_two_sources_cannot_share_a_name() -> None:
    names = {repository("gcr.io/a/b_c"): "docker.io/me/gcr.io_a_b_c", repository("gcr.io/a_b/c"): "docker.io/me/gcr.io_a_b_c"}

    with pytest.raises(MirrorNameError, match=r"gcr\.io/a/b_c and gcr\.io/a_b/c"):
        check_collisions(names, {})


def test_a_source_cannot_take_a_name_on_record() -> None:
    with pytest.raises(MirrorNameError, match=r"both be mirrored to mirror\.example/base"):
        check_collisions({repository("quay.io/base"): "mirror.example/base"}, records(record("gcr.io/base", {"1": "x"})))


def test_a_name_on_record_does_not_change_unasked() -> None:
    with pytest.raises(MirrorNameError, match="--move"):
        check_unmoved({repository("gcr.io/a"): "ghcr.io/acme/a"}, records(record("gcr.io/a", {"1": "x"})))


def test_a_name_under_which_nothing_was_mirrored_may_change() -> None:
    check_unmoved({repository("gcr.io/a"): "ghcr.io/acme/a"}, records(record("gcr.io/a", held={"1": "x"})))
