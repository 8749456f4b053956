"""A repository that is only read: where it stands, or from a URL with the least that there is to fetch."""

import shutil
from pathlib import Path

import pytest

from gcrsync.errors import GitError, UsageError
from gcrsync.store.credentials import answering
from gcrsync.store.foreign import Foreign, read_here, read_remote
from tests.support.git_server import GitServer, files_below
from tests.support.repositories import Workplace
from tests.support.serving import served

LIBRARY = {"library/a": "one\n", "library/b": "two\n", "README.md": "# Images\n"}


@pytest.fixture
def images(place: Workplace) -> Path:
    """Give a clone of the remote, in which three files were committed and pushed."""
    clone = place.clone("images")
    place.commit(clone, "begin", LIBRARY)
    place.git(clone, "push", "--quiet", "origin", "main")
    return clone


def changed(place: Workplace, clone: Path) -> tuple[str, str]:
    """Change two of the files, and give the commits before and after."""
    before = place.git(clone, "rev-parse", "HEAD")
    place.commit(clone, "change", {"library/b": "three\n", "README.md": "# All\n"})
    place.git(clone, "push", "--quiet", "origin", "main")
    return before, place.git(clone, "rev-parse", "HEAD")


def fetched(place: Workplace) -> Foreign:
    return read_remote(place.remote.as_uri(), place.folder / "cache", place.surroundings)


def test_a_repository_is_read_where_it_stands_bare_or_not(place: Workplace, images: Path) -> None:
    before, after = changed(place, images)
    for path in (images, place.remote):
        foreign = read_here(path, place.surroundings)
        assert foreign.tree.files("library/") == {"library/a": b"one\n", "library/b": b"three\n"}
        assert (foreign.tree.commit, foreign.changed(before, "library")) == (after, frozenset({"library/b"}))
        assert foreign.changed(after, "library") == frozenset()


def test_what_is_committed_is_read_whatever_stands_beside_it(place: Workplace, images: Path) -> None:
    (images / "library/a").write_text("not committed\n")
    assert read_here(images, place.surroundings).tree.read("library/a") == b"one\n"


def test_a_url_is_fetched_without_its_past_and_without_files_that_nobody_reads(place: Workplace, images: Path) -> None:
    place.git(place.remote, "config", "uploadpack.allowFilter", "true")
    before, after = changed(place, images)
    foreign = fetched(place)
    kept = foreign.tree.git.folder
    held = place.git(kept, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split()

    assert (foreign.tree.commit, sorted(held)) == (after, ["commit", "tree", "tree"])
    assert foreign.changed(before, "library") == frozenset({"library/b"})
    assert foreign.tree.read("library/b") == b"three\n"
    held = place.git(kept, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split()
    assert (held.count("commit"), held.count("blob")) == (2, 1)


def test_a_clone_is_used_again_and_brought_up_to_date(place: Workplace, images: Path) -> None:
    first = fetched(place)
    before, after = changed(place, images)
    second = fetched(place)

    assert (first.tree.git.folder, first.tree.commit) == (second.tree.git.folder, before)
    assert (second.tree.commit, second.changed(before, "library")) == (after, frozenset({"library/b"}))


def test_what_changed_since_a_commit_that_is_not_there_is_not_known(place: Workplace, images: Path) -> None:
    assert (images / "library").is_dir()
    for foreign in (read_here(images, place.surroundings), fetched(place)):
        for commit in ("0" * 39 + "1", "main", ""):
            assert foreign.changed(commit, "library") is None


def test_a_commit_that_no_branch_names_any_more_tells_what_changed_as_long_as_it_is_there(place: Workplace, images: Path) -> None:
    before, _ = changed(place, images)
    place.git(images, "checkout", "--quiet", "--orphan", "anew")
    place.commit(images, "anew", {"library/a": "four\n", "library/b": "two\n"})
    place.git(images, "push", "--quiet", "--force", "origin", "anew:main")

    assert fetched(place).changed(before, "library") == frozenset({"library/a"})
    assert read_here(images, place.surroundings).changed(before, "library") == frozenset({"library/a"})


def test_a_broken_clone_is_made_anew(place: Workplace, images: Path) -> None:
    folder = fetched(place).tree.git.folder
    shutil.rmtree(folder / "objects")
    (folder / "HEAD").write_text("nonsense\n")

    assert images.is_dir()
    assert fetched(place).tree.read("library/a") == b"one\n"


def test_what_is_no_repository_or_has_no_commit_is_an_error_that_says_so(place: Workplace) -> None:
    with pytest.raises(GitError, match="rev-parse") as caught:
        read_here(place.folder / "home", place.surroundings)
    assert "is a git repository with a commit" in caught.value.hint
    with pytest.raises(GitError, match="HEAD"):
        fetched(place)
    with pytest.raises(GitError, match="fetch"):
        read_remote((place.folder / "nothing").as_uri(), place.folder / "cache", place.surroundings)


def test_a_url_with_credentials_is_refused(place: Workplace) -> None:
    with pytest.raises(UsageError, match="holds credentials"):
        read_remote("https://me:hunter2@git.test/images", place.folder / "cache", place.surroundings)


def test_the_password_of_the_metadata_repository_is_not_given_to_another(place: Workplace, images: Path) -> None:
    place.environment |= {"GCRSYNC_GIT_USERNAME": "ann", "GCRSYNC_GIT_PASSWORD": "s3cret"}
    with served(GitServer(place.folder)) as address:
        url = f"http://{address}/remote.git"
        git = place.open(images).git
        assert answering(git, url).run("ls-remote", url, "HEAD").text
        with pytest.raises(GitError, match="could not read Username"):
            read_remote(url, place.folder / "cache", place.surroundings)


def test_a_server_of_files_alone_is_read_too(place: Workplace, images: Path) -> None:
    place.git(place.remote, "update-server-info")
    with served(files_below(place.folder)) as address:
        foreign = read_remote(f"http://{address}/remote.git", place.folder / "cache", place.surroundings)

        assert foreign.tree.read("library/a") == (images / "library/a").read_bytes()
