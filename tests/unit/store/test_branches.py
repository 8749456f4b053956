"""Which branch a run publishes to, also where CI or a person has left none checked out."""

from pathlib import Path

import pytest

from gcrsync.errors import GitError
from gcrsync.store.history import History
from gcrsync.store.opening import open_history, open_rehearsal
from tests.support.repositories import Workplace, run
from tests.unit.store.test_history import assert_clean

A = "metadata/gcr.io/distroless/static.json"
B = "metadata/gcr.io/distroless/base.json"


def opened(place: Workplace, clone: Path, branch: str = "main") -> History:
    return open_history(clone, place.surroundings, named=True, branch=branch)


def detached(place: Workplace) -> Path:
    """Give a clone as GitLab's runner makes it: a commit is checked out, and no local branch exists."""
    clone = place.folder / "ci"
    place.git(place.folder, "init", "--quiet", "ci")
    place.git(clone, "remote", "add", "origin", place.remote.as_uri())
    fetch(place, clone)
    return clone


def fetch(place: Workplace, clone: Path) -> None:
    place.git(clone, "fetch", "--quiet", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main")
    place.git(clone, "checkout", "--quiet", "--force", "--detach", "origin/main")


def push(place: Workplace, contents: dict[str, str]) -> None:
    person = place.folder / "person"
    place.git(person, "pull", "--quiet")
    place.commit(person, "theirs", contents)
    place.git(person, "push", "--quiet")


def test_where_no_branch_is_checked_out_the_named_one_is_published_to(place: Workplace) -> None:
    place.seeded("person")
    clone = detached(place)
    push(place, {"notes.txt": "theirs\n"})
    with pytest.raises(GitError, match=r"no branch is checked out in .*ci: git switch BRANCH, or say with --branch"):
        run(opened(place, clone, ""), {A: "{}\n"})
    opened(place, clone).check()
    assert run(opened(place, clone), {A: "{}\n"}).followed
    assert place.subjects(place.remote) == ["begin", "theirs", "sync"]
    assert place.git(clone, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert_clean(place, clone)


def test_the_next_pipeline_in_the_same_folder_publishes_what_the_last_one_could_not_push(place: Workplace) -> None:
    place.seeded("person")
    clone = detached(place)
    place.hook(place.remote, "pre-receive", "exit 1")
    with pytest.raises(GitError):
        run(opened(place, clone), {A: "ours\n"}, "ours")
    (place.remote / "hooks/pre-receive").unlink()
    push(place, {"notes.txt": "theirs\n"})
    fetch(place, clone)
    assert run(opened(place, clone), {B: "next\n"}, "next").pushed
    assert (place.show(place.remote, A), place.show(place.remote, B)) == ("ours", "next")
    place.git(clone, "checkout", "--quiet", "--detach", "HEAD~1")
    assert run(opened(place, clone), {B: "again\n"}, "again").followed
    assert place.subjects(place.remote) == ["begin", "theirs", "next", "again"]
    assert_clean(place, clone)


def test_commits_of_a_person_on_the_named_branch_are_not_left_behind(place: Workplace) -> None:
    clone = place.seeded()
    place.commit(clone, "mine", {"notes.txt": "mine again\n"})
    place.git(clone, "checkout", "--quiet", "--detach", "HEAD~1")
    with pytest.raises(GitError, match=r"branch main in .* has commits that are not in the one .*: git switch main"):
        run(opened(place, clone), {A: "{}\n"})
    assert place.subjects(clone) == ["begin", "mine"]


def test_another_branch_than_the_named_one_is_not_published_to(place: Workplace) -> None:
    clone = place.seeded()
    history = opened(place, clone, "record")
    for use in (history.check, history.head, lambda: run(history, {A: "{}\n"})):
        with pytest.raises(GitError, match=r"branch main is checked out in .*, and not record: git switch record"):
            use()


def test_a_rehearsal_is_made_on_the_named_branch_and_leaves_head_where_it_is(place: Workplace, tmp_path: Path) -> None:
    place.seeded("person")
    clone = detached(place)
    rehearsal = open_rehearsal(opened(place, clone), tmp_path / "rehearsal")
    assert run(rehearsal, {A: "{}\n"}, "as it would be").followed
    assert place.subjects(rehearsal.root) == ["begin", "as it would be"]
    assert place.git(clone, "for-each-ref", "refs/heads") == ""


def test_a_branch_without_commits_is_not_begun_where_others_have_some(place: Workplace) -> None:
    clone = place.seeded()
    place.git(clone, "symbolic-ref", "HEAD", "refs/heads/master")
    place.git(clone, "read-tree", "--empty")
    for use in (place.open(clone).check, place.open(clone).head):
        with pytest.raises(GitError, match=r"branch master in .* has no commits, but there are main: git switch to one of those"):
            use()


def test_a_new_clone_on_another_branch_than_the_one_of_the_remote_is_told(place: Workplace) -> None:
    place.seeded("person")
    place.git(place.folder, "init", "--quiet", "--initial-branch=master", "fresh")
    clone = place.folder / "fresh"
    place.git(clone, "remote", "add", "origin", place.remote.as_uri())
    with pytest.raises(GitError, match=r"origin of .*fresh has no branch master, but main: git switch .*, or begin master"):
        run(place.open(clone), {A: "{}\n"})
    place.git(clone, "commit", "--quiet", "--allow-empty", "--message", "begin")
    assert run(place.open(clone), {A: "{}\n"}).pushed
    assert place.subjects(place.remote, "master") == ["begin", "sync"]


def test_an_upstream_that_was_renamed_is_not_begun_again(place: Workplace) -> None:
    clone = place.seeded()
    place.git(place.remote, "branch", "--quiet", "--move", "main", "trunk")
    with pytest.raises(GitError, match=r"has no branch main, but trunk: .*, or begin main: git push origin main:main"):
        run(place.open(clone), {A: "{}\n"})
    place.git(clone, "push", "--quiet", "origin", "main:main")
    assert run(place.open(clone), {A: "{}\n"}).pushed


@pytest.mark.parametrize("hook", ["pre-commit", "prepare-commit-msg", "commit-msg", "pre-push"])
def test_a_hook_that_refuses_is_told_in_its_own_words_with_what_is_next(place: Workplace, hook: str) -> None:
    clone = place.seeded()
    place.hook(clone, hook, "echo 'not on a Friday' >&2; exit 1")
    following = "the run is recorded here in commit" if hook == "pre-push" else "see to that, and the next run records"
    with pytest.raises(GitError, match=f"git (commit|push): .*not on a Friday.*: {following}") as caught:
        run(place.open(clone), {A: "first\n"}, "first")
    assert "\n" not in str(caught.value)
    (clone / ".git/hooks" / hook).unlink()
    assert run(place.open(clone), {A: "first\n"}, "first").pushed
    assert place.subjects(place.remote) == ["begin", "first"]
    assert_clean(place, clone)


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_a_remote_that_refuses_is_told_in_its_own_words(place: Workplace, hook: str) -> None:
    clone = place.seeded()
    place.hook(place.remote, hook, "echo 'main is protected' >&2; exit 1")
    with pytest.raises(GitError, match=r"git push: .*main is protected.* \[remote rejected\].*: the run is recorded here"):
        run(place.open(clone), {A: "first\n"})
