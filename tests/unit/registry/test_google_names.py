"""What names at Google's registries mean."""

import pytest

from gcrsync.registry.google_names import is_google, is_too_short, leads_to_google, readable_part


@pytest.mark.parametrize("registry", ["gcr.io", "eu.gcr.io", "k8s.gcr.io", "us-docker.pkg.dev", "europe-west1-docker.pkg.dev"])
def test_container_registry_and_artifact_registry_are_googles(registry: str) -> None:
    assert is_google(registry)


@pytest.mark.parametrize(
    "registry", ["docker.io", "notgcr.io", "gcr.io.evil.test", "pkg.dev.test", "registry.k8s.io", "localhost:5000"]
)
def test_other_registries_are_not(registry: str) -> None:
    assert not is_google(registry)


@pytest.mark.parametrize(
    ("registry", "path", "part"),
    [
        ("gcr.io", "", ""),
        ("gcr.io", "project", "project"),
        ("eu.gcr.io", "project/a/b", "project"),
        ("gcr.io", "example.com/project/a/b", "example.com/project"),
        ("us-docker.pkg.dev", "project/images", "project/images"),
        ("us-docker.pkg.dev", "project/images/a/b", "project/images"),
        ("us-docker.pkg.dev", "example.com/project/images/a", "example.com/project/images"),
    ],
)
def test_a_project_decides_who_may_read_and_on_pkg_dev_a_repository_in_it(registry: str, path: str, part: str) -> None:
    assert readable_part(registry, path) == part


@pytest.mark.parametrize("path", ["", "project", "example.com/project"])
def test_artifact_registry_is_listed_from_a_repository_on(path: str) -> None:
    assert is_too_short("us-docker.pkg.dev", path)
    assert not is_too_short("gcr.io", path)
    assert not is_too_short("us-docker.pkg.dev", f"{path or 'project'}/images")


@pytest.mark.parametrize(
    ("registry", "answer"),
    [("gcr.io", True), ("eu.gcr.io", True), ("us-docker.pkg.dev", True), ("registry.k8s.io", True), ("docker.io", False)],
)
def test_a_name_tells_whether_a_list_will_be_googles(registry: str, answer: bool) -> None:  # noqa: FBT001 - pytest gives it by name
    assert leads_to_google(registry) is answer
