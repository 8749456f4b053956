"""A clone of our own holds what a run needs, and comes to the rest when it is asked for."""

from pathlib import Path

import pytest

from gcrsync.errors import GitError
from gcrsync.store.ground import is_shallow
from gcrsync.store.history import History
from gcrsync.store.opening import open_rehearsal, open_remote
from gcrsync.store.past import versions
from gcrsync.store.tree import blobs
from tests.support.git_server import files_below
from tests.support.repositories import Workplace, run
from tests.support.serving import served
from tests.unit.store.test_history import assert_clean

A = "metadata/gcr.io/distroless/static.json"
B = "metadata/gcr.io/distroless/base.json"


@pytest.fixture
def person(place: Workplace) -> Path:
    """Give a person's clone of a remote that has three commits and gives parts of itself."""
    place.git(place.remote, "config", "--global", "uploadpack.allowFilter", "true")
    clone = place.seeded("person")
    for number in range(2):
        place.commit(clone, f"night {number}", {A: f"{number}\n", B: f"other {number}\n"})
    place.git(clone, "push", "--quiet")
    return clone


def opened(place: Workplace, *, branch: str = "") -> History:
    return open_remote(place.remote.as_uri(), place.folder / "cache", place.surroundings, branch=branch)


def requests(place: Workplace) -> int:
    """Count how often git was asked for objects since the last time."""
    trace = place.folder / "trace"
    asked = trace.read_text().count("asked") if trace.exists() else 0
    trace.write_text("")
    place.git(place.remote, "config", "--global", "uploadpack.packObjectsHook", f"echo asked >> {trace}; exec")
    return asked


def objects(place: Workplace, folder: Path, kind: str) -> int:
    """Count the objects of a kind that a clone holds."""
    listing = place.git(folder, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)")
    return listing.split().count(kind)


def test_a_clone_of_our_own_holds_the_newest_commit_and_its_files_alone(place: Workplace, person: Path) -> None:
    history = opened(place)
    assert history.head().files("metadata/")[A] == b"1\n"
    assert place.subjects(history.root) == ["night 1"]
    assert objects(place, history.root, "blob") == 4
    assert person.exists()


def test_history_is_fetched_once_when_it_is_asked_for_and_without_the_files_of_it(place: Workplace, person: Path) -> None:
    history = opened(place)
    history.deepened()
    assert place.subjects(history.root) == place.subjects(person) == ["begin", "night 0", "night 1"]
    assert objects(place, history.root, "blob") == 4
    place.remote.rename(place.folder / "away.git")
    history.deepened()


def test_files_of_the_past_come_in_one_request(place: Workplace, person: Path) -> None:
    history = opened(place)
    history.deepened()
    wanted = [place.git(person, "rev-parse", f"main~1:{path}") for path in (A, B, A)]
    requests(place)
    assert list(blobs(history.git, wanted)) == [b"0\n", b"other 0\n", b"0\n"]
    assert requests(place) == 1
    assert list(blobs(history.git, wanted)) == [b"0\n", b"other 0\n", b"0\n"]
    assert requests(place) == 0


def test_the_past_of_a_file_is_told_whole_from_a_clone_of_our_own(place: Workplace, person: Path) -> None:
    history = opened(place)
    requests(place)
    assert [version.after for version in versions(history, A)] == [b"0\n", b"1\n"]
    assert requests(place) == 2
    assert not is_shallow(history.git)
    assert person.exists()


def test_files_that_others_have_pushed_come_with_one_request_beside_that_for_the_commit(place: Workplace, person: Path) -> None:
    opened(place)
    place.commit(person, "many", {f"metadata/gcr.io/{number}.json": f"{number}\n" for number in range(40)})
    place.git(person, "push", "--quiet")
    requests(place)
    assert len(opened(place).head().files("metadata/gcr.io/")) == 42
    assert requests(place) == 2


def test_a_persons_clone_is_never_deepened(place: Workplace, person: Path) -> None:
    clone = place.clone("ci", "--depth=1")
    place.open(clone).deepened()
    assert place.git(clone, "rev-parse", "--is-shallow-repository") == "true"
    assert person.exists()


def test_between_two_runs_in_a_clone_of_our_own_another_writer_may_push(place: Workplace, person: Path) -> None:
    assert run(opened(place), {A: "ours\n"}, "first").pushed
    place.git(person, "pull", "--quiet")
    place.commit(person, "theirs", {"notes.txt": "theirs\n"})
    place.git(person, "push", "--quiet")
    history = opened(place)
    assert run(history, {B: "ours\n"}, "second").followed
    assert place.subjects(place.remote) == ["begin", "night 0", "night 1", "first", "theirs", "second"]
    assert place.git(history.root, "rev-parse", "--is-shallow-repository") == "true"
    assert_clean(place, history.root)


def test_what_a_clone_of_our_own_could_not_push_is_applied_again_on_what_others_have_pushed(place: Workplace, person: Path) -> None:
    place.hook(place.remote, "pre-receive", "exit 1")
    with pytest.raises(GitError):
        run(opened(place), {A: "ours\n"}, "first")
    (place.remote / "hooks/pre-receive").unlink()
    place.commit(person, "theirs", {"notes.txt": "theirs\n"})
    place.git(person, "push", "--quiet")
    assert run(opened(place), {B: "ours\n"}, "second").pushed
    assert place.subjects(place.remote) == ["begin", "night 0", "night 1", "theirs", "second"]
    assert (place.show(place.remote, A), place.show(place.remote, B)) == ("ours", "ours")


def test_a_checkout_of_ci_publishes_after_another_writer(place: Workplace, person: Path) -> None:
    ci = place.folder / "ci"
    place.git(place.folder, "init", "--quiet", "ci")
    place.git(ci, "remote", "add", "origin", place.remote.as_uri())
    tip = place.git(place.remote, "rev-parse", "main")
    place.git(ci, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", f"+{tip}:refs/remotes/origin/main")
    place.git(ci, "checkout", "--quiet", "--force", "-B", "main", "refs/remotes/origin/main")
    place.commit(person, "theirs", {"notes.txt": "theirs\n"})
    place.git(person, "push", "--quiet")
    assert run(place.open(ci), {A: "ours\n"}).followed
    assert place.subjects(place.remote)[-2:] == ["theirs", "sync"]
    assert_clean(place, ci)


def test_a_shallow_clone_looks_deeper_before_it_calls_two_commits_apart(place: Workplace, person: Path) -> None:
    ci = place.clone("ci", "--depth=1")
    place.commit(ci, "not pushed", {"notes.txt": "ci\n"})
    place.git(person, "push", "--quiet", "--force", "origin", "HEAD~1:main")
    assert run(place.open(ci), {A: "ours\n"}).pushed
    assert place.subjects(place.remote) == ["begin", "night 0", "night 1", "not pushed", "sync"]


def test_a_rehearsal_of_a_clone_of_our_own_needs_none_of_the_past(place: Workplace, person: Path, tmp_path: Path) -> None:
    opened(place)
    for number in range(2):
        place.commit(person, f"day {number}", {A: f"day {number}\n"})
    place.git(person, "push", "--quiet")
    rehearsal = open_rehearsal(opened(place), tmp_path / "rehearsal")
    assert run(rehearsal, {A: "as it would be\n"}).followed
    assert place.subjects(rehearsal.root) == ["day 1", "sync"]


def test_a_remote_without_a_default_branch_is_cloned_where_it_has_one_branch_alone(place: Workplace, person: Path) -> None:
    place.git(place.remote, "symbolic-ref", "HEAD", "refs/heads/master")
    history = opened(place)
    assert place.subjects(history.root) == ["night 1"]
    assert run(history, {A: "ours\n"}).pushed
    assert place.subjects(place.remote)[-1] == "sync"
    assert person.exists()


def test_several_branches_without_a_default_are_a_question_for_the_user(place: Workplace, person: Path) -> None:
    place.git(place.remote, "symbolic-ref", "HEAD", "refs/heads/master")
    place.git(person, "push", "--quiet", "origin", "main~1:refs/heads/trunk")
    with pytest.raises(GitError, match="has no default branch, but main, trunk: name one of them with --branch"):
        opened(place)
    assert place.subjects(opened(place, branch="trunk").root, "HEAD") == ["night 0"]
    assert place.subjects(opened(place, branch="main").root) == ["night 1"]


def test_a_branch_that_is_not_there_is_told_beside_those_that_are(place: Workplace, person: Path) -> None:
    with pytest.raises(GitError, match=r"git clone: file://.* has no branch mian, but main: name one of them with --branch"):
        opened(place, branch="mian")
    assert person.exists()


def test_in_an_empty_remote_the_first_commit_is_on_the_branch_that_is_named(place: Workplace) -> None:
    assert run(opened(place, branch="record"), {A: "{}\n"}).pushed
    assert place.subjects(place.remote, "record") == ["sync"]


def test_a_server_of_files_alone_is_cloned_whole(place: Workplace, person: Path, tmp_path: Path) -> None:
    place.git(place.remote, "update-server-info")
    with served(files_below(place.folder)) as host:
        history = open_remote(f"http://{host}/remote.git", tmp_path / "cache", place.surroundings)
    assert place.subjects(history.root) == place.subjects(person)
