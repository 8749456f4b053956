import pytest

from gcrsync.metadata.paths import folders_of, is_document, name_of, page_of, path_of
from gcrsync.oci.name import Repository

PATHS = (
    ("gcr.io/distroless/static", "metadata/gcr.io/distroless/static.json"),
    ("registry.k8s.io/pause", "metadata/registry.k8s.io/pause.json"),
    ("localhost:5000/a", "metadata/localhost_5000/a.json"),
    ("[::1]:5000/a", "metadata/[__1]_5000/a.json"),
    ("gcr.io/a.json", "metadata/gcr.io/a%2Ejson.json"),
    ("gcr.io/a.json/b.json.json/c", "metadata/gcr.io/a%2Ejson/b.json%2Ejson/c.json"),
    ("gcr.io/json/b.jsonp", "metadata/gcr.io/json/b.jsonp.json"),
    ("gcr.io/readme.md/a", "metadata/gcr.io/readme%2Emd/a.json"),
    ("readme.md/a", "metadata/readme%2Emd/a.json"),
)


@pytest.mark.parametrize(("repository", "path"), PATHS)
def test_a_repository_has_its_path(repository: str, path: str) -> None:
    assert path_of(Repository.parse(repository)) == path
    assert name_of(path) == repository
    assert is_document(path)


@pytest.mark.parametrize(
    "path",
    ["metadata/README.md", "metadata/gcr.io/README.md", "metadata/index.json", "gcr.io/a/b.json", "a/metadata/gcr.io/a.json", ""],
)
def test_another_file_is_no_document(path: str) -> None:
    assert not is_document(path)


@pytest.mark.parametrize(
    ("repository", "folders"),
    [
        ("registry.k8s.io/pause", ("metadata/registry.k8s.io",)),
        ("gcr.io/a/b", ("metadata/gcr.io", "metadata/gcr.io/a")),
        ("localhost:5000/a.json/b/c", ("metadata/localhost_5000", "metadata/localhost_5000/a%2Ejson")),
    ],
)
def test_a_repository_is_shown_by_its_registry_and_the_folder_under_it(repository: str, folders: tuple[str, ...]) -> None:
    assert folders_of(Repository.parse(repository)) == folders
    assert page_of(folders[0]) == f"{folders[0]}/README.md"
