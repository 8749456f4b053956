import pytest

from gcrsync.archive.conflict import inside_another

REPOSITORIES = {"a", "b/c", "d/index.json"}


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("a/blobs", "a"),
        ("a/blobs/sha256", "a"),
        ("a/index.json", "a"),
        ("a/oci-layout/x", "a"),
        ("a/Blobs", "a"),
        ("b/c/blobs", "b/c"),
        ("d/index.json/blobs", "d/index.json"),
        ("a", None),
        ("a/b", None),
        ("a/b/blobs", None),
        ("a-blobs", None),
        ("b/blobs", None),
        ("blobs/a", None),
        ("other/blobs", None),
    ],
)
def test_only_a_path_among_the_files_of_another_layout_conflicts(path: str, other: str | None) -> None:
    assert inside_another(path, REPOSITORIES) == other
