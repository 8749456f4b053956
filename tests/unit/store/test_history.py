"""One commit for each run: pushed, and never at a person's expense."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from gcrsync.errors import BusyRepositoryError, GitError, StoreError, UncommittedChangeError
from gcrsync.store.apart import Draft
from gcrsync.store.command import LOCAL_VARIABLES
from gcrsync.store.ground import Ground
from tests.support.repositories import Workplace, run, writer

A = "metadata/gcr.io/distroless/static.json"
B = "metadata/gcr.io/distroless/base.json"


def assert_clean(place: Workplace, clone: Path) -> None:
    """Nothing of ours is left in a clone but the lock file, and its branch, index and files agree."""
    assert place.git(clone, "status", "--porcelain") == ""
    assert place.git(clone, "for-each-ref", "refs/heads/gcrsync-apart", "refs/gcrsync/pending") == ""
    assert not list((clone / ".git").rglob("*.lock"))
    assert [each.name for each in (clone / ".git" / "gcrsync").iterdir()] == ["lock"]
    assert place.git(clone, "worktree", "list").count("\n") == 0
    assert not list(clone.rglob(".gcrsync-*"))
    place.git(clone, "fsck", "--strict", "--no-dangling")


def test_a_run_makes_one_commit_and_pushes_it(place: Workplace) -> None:
    clone = place.seeded()
    publication = run(place.open(clone), {A: "{}\n", "CHANGELOG.md": "# Changelog\n"}, "sync gcr.io/distroless: 1 added")

    tips = place.git(clone, "rev-parse", "main", "origin/main").split()
    assert tips == [publication.commit, place.git(place.remote, "rev-parse", "main")]
    assert (publication.pushed, publication.remote, publication.followed, publication.left) == (True, "origin", True, ())
    assert place.subjects(place.remote) == ["begin", "sync gcr.io/distroless: 1 added"]
    assert place.git(clone, "show", "--name-only", "--format=%an <%ae>", "HEAD").split("\n") == [
        "Ann <ann@host>",
        "",
        "CHANGELOG.md",
        A,
    ]
    assert place.git(clone, "log", "-1", "--format=%(trailers)") == "Gcrsync-Run: test"
    assert (clone / A).read_text() == "{}\n"
    assert_clean(place, clone)


def test_a_run_that_changes_nothing_makes_no_commit(place: Workplace) -> None:
    clone = place.seeded()
    before = place.git(clone, "rev-parse", "HEAD")
    for contents in ({}, {"metadata/README.md": "# Mirror\n"}, {"metadata/absent.json": None}):
        publication = run(place.open(clone), contents)
        assert (publication.commit, publication.pushed) == (None, False)
    assert place.git(clone, "rev-parse", "HEAD") == place.git(place.remote, "rev-parse", "main") == before
    assert_clean(place, clone)


def test_a_second_commit_of_a_run_stands_on_the_first(place: Workplace) -> None:
    clone = place.seeded()
    history = place.open(clone)
    with history.locked():
        first = history.publish(history.prepare(), writer({A: "1\n"}, "one"))
        second = history.publish(first.ground, writer({A: None, B: "2\n"}, "two"))
    assert place.subjects(place.remote) == ["begin", "one", "two"]
    assert second.ground.tree.files("metadata/") == {"metadata/README.md": b"# Mirror\n", B: b"2\n"}
    assert not (clone / A).exists()
    assert_clean(place, clone)


def test_what_a_person_has_staged_or_changed_elsewhere_stays_as_it_is(place: Workplace) -> None:
    clone = place.seeded()
    (clone / "notes.txt").write_text("staged\n")
    (clone / "new.txt").write_text("staged too\n")
    place.git(clone, "add", "notes.txt", "new.txt")
    (clone / "notes.txt").write_text("changed again\n")
    before = place.git(clone, "status", "--porcelain")

    run(place.open(clone), {A: "{}\n"})

    assert place.git(clone, "show", "--name-only", "--format=", "HEAD") == A
    assert place.git(clone, "status", "--porcelain") == before == "A  new.txt\nMM notes.txt"
    assert place.git(clone, "show", ":notes.txt") == "staged"


@pytest.mark.parametrize("staged", [True, False])
def test_an_uncommitted_change_in_our_files_ends_the_run_before_it_begins(place: Workplace, staged: bool) -> None:  # noqa: FBT001
    clone = place.seeded()
    (clone / "metadata/README.md").write_text("mine\n")
    if staged:
        place.git(clone, "add", "metadata/README.md")
    with pytest.raises(UncommittedChangeError, match=r"uncommitted changes in metadata/README\.md: commit them"):
        run(place.open(clone), {A: "{}\n"})
    assert (clone / "metadata/README.md").read_text() == "mine\n"
    assert place.subjects(place.remote) == ["begin"]


def test_a_file_that_a_person_writes_during_the_run_is_left_alone_and_named(place: Workplace) -> None:
    clone = place.seeded()
    history = place.open(clone)
    with history.locked():
        ground = history.prepare()
        (clone / "metadata/README.md").write_text("mine\n")
        (clone / A).parent.mkdir(parents=True)
        (clone / A).write_text("never added\n")
        publication = history.publish(ground, writer({A: "{}\n", B: "{}\n", "metadata/README.md": "ours\n"}))
    assert publication.left == ("metadata/README.md", A)
    assert ((clone / "metadata/README.md").read_text(), (clone / A).read_text(), (clone / B).read_text()) == (
        "mine\n",
        "never added\n",
        "{}\n",
    )
    assert place.show(place.remote, "metadata/README.md") == "ours"
    assert place.git(clone, "diff", "--name-only", "--cached") == ""
    with pytest.raises(UncommittedChangeError, match=r"metadata/README\.md"):
        run(place.open(clone), {})


@pytest.mark.parametrize(
    "command", [("commit", "--quiet", "--allow-empty", "--message=mine"), ("switch", "--quiet", "--create=other")]
)
def test_a_branch_that_a_person_moves_or_leaves_during_the_run_is_left_alone(place: Workplace, command: tuple[str, ...]) -> None:
    clone = place.seeded()
    history = place.open(clone)
    with history.locked():
        ground = history.prepare()
        place.git(clone, *command)
        before = place.git(clone, "for-each-ref", "refs/heads"), place.git(clone, "ls-files", "--stage")
        publication = history.publish(ground, writer({A: "{}\n"}))
    assert (publication.pushed, publication.followed) == (True, False)
    assert place.subjects(place.remote) == ["begin", "sync"]
    assert (place.git(clone, "for-each-ref", "refs/heads"), place.git(clone, "ls-files", "--stage")) == before
    assert not (clone / A).exists()
    assert_clean(place, clone)


def test_a_commit_that_comes_first_is_built_upon(place: Workplace) -> None:
    ours, theirs = place.seeded(), place.clone("person")
    history = place.open(ours)
    seen = []

    def write(ground: Ground) -> Draft:
        seen.append(ground.tree.read("notes.txt"))
        return writer({A: "{}\n"})(ground)

    with history.locked():
        ground = history.prepare()
        place.commit(theirs, "a person's", {"notes.txt": "theirs\n"})
        place.git(theirs, "push", "--quiet")
        publication = history.publish(ground, write)

    assert seen == [b"mine\n", b"theirs\n"]
    assert publication.pushed
    assert place.subjects(place.remote) == place.subjects(ours) == ["begin", "a person's", "sync"]
    assert (ours / "notes.txt").read_text() == "theirs\n"
    assert_only_forward(place)
    assert_clean(place, ours)


def assert_only_forward(place: Workplace) -> None:
    """Each value that the remote's branch ever had contains the one before."""
    tips = place.git(place.remote, "reflog", "--format=%H", "main").split()
    assert len(tips) > 1
    for new, old in pairwise(tips):
        place.git(place.remote, "merge-base", "--is-ancestor", old, new)


def test_four_writers_at_once_lose_nothing(place: Workplace) -> None:
    place.seeded()
    clones = [place.clone(f"writer-{number}") for number in range(4)]
    barrier = threading.Barrier(len(clones))

    def write(number: int) -> bool:
        history = place.open(clones[number])
        with history.locked():
            ground = history.prepare()
            barrier.wait()
            return history.publish(ground, writer({f"metadata/{number}.json": "{}\n"}, f"run {number}")).pushed

    with ThreadPoolExecutor(len(clones)) as pool:
        assert all(pool.map(write, range(len(clones))))
    assert sorted(place.subjects(place.remote)) == ["begin", "run 0", "run 1", "run 2", "run 3"]
    assert place.git(place.remote, "ls-tree", "--name-only", "main", "metadata/").split() == [
        *(f"metadata/{number}.json" for number in range(4)),
        "metadata/README.md",
    ]
    assert_only_forward(place)
    for clone in clones:
        assert_clean(place, clone)


def test_a_push_that_meets_another_one_at_the_server_is_tried_again(place: Workplace) -> None:
    clone = place.seeded()
    once = "if [ -e once ]; then rm refs/heads/main.lock; else touch once refs/heads/main.lock; fi"
    place.hook(place.remote, "pre-receive", once)
    assert run(place.open(clone), {A: "{}\n"}).pushed
    assert place.subjects(place.remote) == ["begin", "sync"]
    assert_clean(place, clone)


def test_pauses_between_tries_grow_and_a_branch_that_never_rests_ends_the_run(place: Workplace) -> None:
    clone, person = place.seeded(), place.clone("person")
    place.hook(clone, "pre-push", f"git -C {person} commit -q --allow-empty -m again && git -C {person} push -q")
    pauses: list[float] = []
    history = replace(place.open(clone), sleep=pauses.append)
    with pytest.raises(GitError, match=r"other writers were first each time: .*the run is recorded here in commit [0-9a-f]{12}"):
        run(history, {A: "{}\n"})
    assert pauses == [1, 2, *[4] * 13]
    assert place.subjects(place.remote) == ["begin", *["again"] * 16]

    (clone / ".git/hooks/pre-push").unlink()
    assert run(history, {}).pushed
    assert place.show(place.remote, A) == "{}"


def test_what_another_writer_pushes_during_the_pause_is_built_upon_too(place: Workplace) -> None:
    clone, person = place.seeded(), place.clone("person")
    pauses: list[float] = []

    def another(seconds: float) -> None:
        pauses.append(seconds)
        place.commit(person, "meanwhile", {"notes.txt": f"{len(pauses)}\n"})
        place.git(person, "push", "--quiet")

    history = replace(place.open(clone), sleep=another)
    with history.locked():
        ground = history.prepare()
        place.commit(person, "first", {"notes.txt": "0\n"})
        place.git(person, "push", "--quiet")
        assert history.publish(ground, writer({A: "{}\n"})).pushed

    assert len(pauses) == 1
    assert place.subjects(place.remote) == ["begin", "first", "meanwhile", "sync"]


def test_a_push_that_is_refused_leaves_the_commit_here_and_the_next_run_pushes_it(place: Workplace) -> None:
    clone = place.seeded()
    place.hook(place.remote, "pre-receive", "echo 'main is protected' >&2; exit 1")
    recorded = "the run is recorded here in commit [0-9a-f]{12}, and the next one pushes it"
    with pytest.raises(GitError, match=f"git push: .*main is protected.*: {recorded}"):
        run(place.open(clone), {A: "{}\n"}, "first")
    assert place.subjects(clone) == ["begin", "first"]
    assert place.subjects(place.remote) == ["begin"]
    assert_clean(place, clone)

    (place.remote / "hooks/pre-receive").unlink()
    publication = run(place.open(clone), {})
    assert (publication.commit, publication.pushed) == (None, True)
    assert place.subjects(place.remote) == ["begin", "first"]
    assert_clean(place, clone)


def test_commits_that_were_not_pushed_are_applied_again_where_the_upstream_has_moved_away(place: Workplace) -> None:
    clone, person = place.seeded(), place.clone("person")
    place.hook(place.remote, "pre-receive", "exit 1")
    with pytest.raises(GitError):
        run(place.open(clone), {A: "{}\n"}, "first")
    (place.remote / "hooks/pre-receive").unlink()
    place.commit(person, "a person's", {"notes.txt": "theirs\n"})
    place.git(person, "push", "--quiet")

    history = place.open(clone)
    with history.locked():
        ground = history.prepare()
        [leftover] = ground.leftovers
        assert (leftover.before.read(A), leftover.after.read(A), ground.tree.read(A)) == (None, b"{}\n", None)
        history.publish(ground, writer({B: "{}\n"}, "second"))

    assert place.subjects(place.remote) == place.subjects(clone) == ["begin", "a person's", "second"]
    assert (place.show(place.remote, A), place.show(place.remote, B)) == ("{}", "{}")
    assert_clean(place, clone)


def test_a_person_who_has_diverged_is_told_to_rebase(place: Workplace) -> None:
    clone, person = place.seeded(), place.clone("person")
    place.commit(person, "theirs", {"notes.txt": "theirs\n"})
    place.git(person, "push", "--quiet")
    place.commit(clone, "mine", {"notes.txt": "mine again\n"})
    before = place.git(clone, "rev-parse", "main")
    with pytest.raises(GitError, match=r"have both moved on: git -C .*mirror pull --rebase, then run again"):
        run(place.open(clone), {A: "{}\n"})
    assert place.git(clone, "rev-parse", "main") == before


def test_a_push_that_a_persons_commits_prevent_leaves_ours_on_top_of_them(place: Workplace) -> None:
    clone, person = place.seeded(), place.clone("person")
    place.commit(clone, "mine", {"notes.txt": "mine again\n"})
    history = place.open(clone)
    with history.locked():
        ground = history.prepare()
        place.commit(person, "theirs", {"theirs.txt": ""})
        place.git(person, "push", "--quiet")
        with pytest.raises(GitError, match=r"recorded here in commit [0-9a-f]{12}, .*; git -C .* pull --rebase, then run again"):
            history.publish(ground, writer({A: "{}\n"}))
    assert place.subjects(clone) == ["begin", "mine", "sync"]

    place.git(clone, "pull", "--quiet", "--rebase")
    assert run(place.open(clone), {}).pushed
    assert place.subjects(place.remote) == ["begin", "theirs", "mine", "sync"]
    assert_clean(place, clone)


def test_a_commit_that_no_branch_could_take_is_applied_again_by_the_next_run(place: Workplace) -> None:
    clone = place.seeded()
    place.git(clone, "remote", "remove", "origin")
    history = place.open(clone)
    with history.locked():
        ground = history.prepare()
        place.commit(clone, "mine", {"notes.txt": "mine again\n"})
        assert not history.publish(ground, writer({A: "{}\n"})).followed
    assert place.subjects(clone) == ["begin", "mine"]

    run(place.open(clone), {B: "{}\n"})

    assert place.subjects(clone) == ["begin", "mine", "sync"]
    assert (place.show(clone, A), place.show(clone, B)) == ("{}", "{}")
    assert_clean(place, clone)


def test_a_persons_commits_that_are_not_pushed_go_along_with_ours_but_not_without(place: Workplace) -> None:
    clone = place.seeded()
    place.commit(clone, "mine", {"notes.txt": "mine again\n"})
    assert not run(place.open(clone), {}).pushed
    assert place.subjects(place.remote) == ["begin"]
    assert run(place.open(clone), {A: "{}\n"}).pushed
    assert place.subjects(place.remote) == ["begin", "mine", "sync"]


def test_a_branch_that_is_behind_stays_there_where_a_persons_changed_file_is_in_the_way(place: Workplace) -> None:
    clone, person = place.seeded(), place.clone("person")
    place.commit(person, "theirs", {"notes.txt": "theirs\n"})
    place.git(person, "push", "--quiet")
    (clone / "notes.txt").write_text("not committed\n")

    publication = run(place.open(clone), {A: "{}\n"})

    assert (publication.pushed, publication.followed) == (True, False)
    assert place.subjects(place.remote) == ["begin", "theirs", "sync"]
    assert place.subjects(clone) == ["begin"]
    assert place.git(clone, "status", "--porcelain") == " M notes.txt"
    place.git(clone, "checkout", "--quiet", "notes.txt")
    assert run(place.open(clone), {}).followed
    assert place.subjects(clone) == ["begin", "theirs", "sync"]
    assert_clean(place, clone)


def test_without_a_remote_the_commit_is_recorded_here_only(place: Workplace) -> None:
    clone = place.seeded()
    place.git(clone, "remote", "remove", "origin")
    publication = run(place.open(clone), {A: "{}\n"})
    assert (publication.pushed, publication.remote, publication.followed) == (False, "", True)
    assert place.subjects(clone) == ["begin", "sync"]
    assert_clean(place, clone)


def test_without_an_upstream_the_branch_is_pushed_under_its_name_and_remembered(place: Workplace) -> None:
    clone = place.seeded()
    place.git(clone, "switch", "--quiet", "--create", "nightly")
    assert run(place.open(clone), {A: "{}\n"}).pushed
    assert place.subjects(place.remote, "nightly") == ["begin", "sync"]
    assert place.git(clone, "rev-parse", "--symbolic-full-name", "@{upstream}") == "refs/remotes/origin/nightly"


def test_several_remotes_without_an_upstream_are_a_question_for_the_user(place: Workplace) -> None:
    clone = place.seeded()
    place.git(clone, "remote", "rename", "origin", "one")
    place.git(clone, "remote", "add", "two", str(place.remote))
    place.git(clone, "branch", "--quiet", "--unset-upstream")
    with pytest.raises(
        GitError, match=r"main has no upstream, and there are several remotes: one, two: git config branch\.main\.remote"
    ):
        run(place.open(clone), {A: "{}\n"})


@pytest.mark.parametrize("remote", [True, False])
def test_the_first_commit_of_a_new_repository_is_made_like_any_other(place: Workplace, remote: bool) -> None:  # noqa: FBT001
    place.git(place.folder, "init", "--quiet", "fresh")
    clone = place.folder / "fresh"
    if remote:
        place.git(clone, "remote", "add", "origin", str(place.remote))
    place.hook(clone, "pre-commit", "test -f CHANGELOG.md && echo ran > $(git rev-parse --git-common-dir)/ran")
    publication = run(place.open(clone), {A: "{}\n", "CHANGELOG.md": "x\n"})
    assert (publication.pushed, publication.followed) == (remote, True)
    assert place.subjects(clone) == ["sync"]
    assert (clone / ".git/ran").exists()
    assert (clone / A).exists()
    assert_clean(place, clone)


def test_a_detached_head_is_told_to_check_out_a_branch(place: Workplace) -> None:
    clone = place.seeded()
    place.git(clone, "checkout", "--quiet", "--detach")
    with pytest.raises(GitError, match=r"no branch is checked out in .*: git switch BRANCH"):
        run(place.open(clone), {A: "{}\n"})


def test_where_git_knows_no_name_a_plain_one_is_given_to_the_commit_alone(place: Workplace) -> None:
    clone = place.seeded()
    for name in [name for name in place.environment if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        del place.environment[name]
    place.git(clone, "config", "--global", "user.useConfigOnly", "true")
    before = place.git(clone, "config", "--list")
    run(place.open(clone), {A: "{}\n"})
    assert (
        place.git(clone, "log", "-1", "--format=%an <%ae> %cn <%ce>") == "gcrsync <gcrsync@localhost> gcrsync <gcrsync@localhost>"
    )
    assert place.git(clone, "config", "--list") == before


def test_a_hook_that_says_no_ends_the_run_in_its_own_words_and_nothing_has_moved(place: Workplace) -> None:
    clone = place.seeded()
    before = place.git(clone, "for-each-ref"), place.git(clone, "status", "--porcelain")
    place.hook(clone, "pre-commit", "echo 'not on a Friday' >&2; exit 1")
    with pytest.raises(GitError, match="git commit: not on a Friday"):
        run(place.open(clone), {A: "{}\n"})
    place.git(clone, "update-ref", "-d", "refs/gcrsync/upstream")
    assert (place.git(clone, "for-each-ref"), place.git(clone, "status", "--porcelain")) == before
    assert_clean(place, clone)


def test_hooks_that_a_relative_path_names_run_though_git_ignores_them(place: Workplace) -> None:
    clone = place.seeded()
    place.git(clone, "config", "core.hooksPath", ".husky/_")
    place.commit(clone, "ignore", {".gitignore": ".husky\n"})
    (clone / ".husky/_").mkdir(parents=True)
    (clone / ".husky/_/pre-commit").write_text("#!/bin/sh\ntest -f notes.txt && echo 'found notes' >&2; exit 1\n")
    (clone / ".husky/_/pre-commit").chmod(0o755)
    with pytest.raises(GitError, match="git commit: found notes"):
        run(place.open(clone), {A: "{}\n"})


def test_what_a_hook_adds_to_the_commit_follows_into_the_worktree(place: Workplace) -> None:
    clone = place.seeded()
    place.hook(clone, "pre-commit", "echo '{ }' > metadata/x.json; echo one > badge; chmod +x badge; git add metadata badge")
    run(place.open(clone), {"metadata/x.json": "{}\n"})
    assert (clone / "metadata/x.json").read_text() == "{ }\n"
    assert place.git(clone, "ls-files", "--stage", "badge").startswith("100755")
    assert_clean(place, clone)


def test_files_that_git_would_ignore_are_recorded_all_the_same(place: Workplace) -> None:
    clone = place.seeded()
    place.commit(clone, "ignore", {".gitignore": "build/\n*.json\n"})
    run(place.open(clone), {"metadata/gcr.io/build/x.json": "{}\n"})
    assert place.show(place.remote, "metadata/gcr.io/build/x.json") == "{}"


def test_line_ends_that_git_converts_are_no_change_of_a_persons(place: Workplace) -> None:
    clone = place.seeded()
    place.commit(clone, "convert", {".gitattributes": "metadata/** text eol=crlf\n"})
    run(place.open(clone), {A: "one\n"})
    other = place.clone("other")
    assert (other / A).read_bytes() == b"one\r\n"

    publication = run(place.open(other), {A: "two\n"})

    assert (publication.followed, publication.left) == (True, ())
    assert (other / A).read_bytes().split() == [b"two"]
    assert publication.ground.tree.read(A) == b"two\n"
    assert_clean(place, other)


def test_a_shallow_clone_publishes_also_where_another_writer_was_first(place: Workplace) -> None:
    person = place.seeded("person")
    place.commit(person, "more", {"notes.txt": "more\n"})
    place.git(person, "push", "--quiet")
    shallow = place.clone("ci", "--depth=1")
    history = place.open(shallow)
    with history.locked():
        ground = history.prepare()
        place.commit(person, "theirs", {"notes.txt": "theirs\n"})
        place.git(person, "push", "--quiet")
        assert history.publish(ground, writer({A: "{}\n"})).pushed
    assert place.subjects(place.remote) == ["begin", "more", "theirs", "sync"]
    assert place.git(shallow, "rev-parse", "--is-shallow-repository") == "true"


def test_a_shallow_clone_is_deepened_where_it_cannot_tell_what_branches_have_in_common(place: Workplace) -> None:
    person = place.seeded("person")
    run(place.open(person), {A: "{}\n"}, "ours")
    shallow = place.clone("ci", "--depth=1")
    place.hook(place.remote, "pre-receive", "exit 1")
    with pytest.raises(GitError):
        run(place.open(shallow), {B: "{}\n"})
    (place.remote / "hooks/pre-receive").unlink()
    place.git(person, "reset", "--quiet", "--hard", "HEAD~1")
    place.commit(person, "instead", {"notes.txt": "instead\n"})
    place.git(person, "push", "--quiet", "--force")

    assert run(place.open(shallow), {}, "again").pushed

    assert place.subjects(place.remote) == ["begin", "instead", "again"]
    assert (place.show(place.remote, A), place.show(place.remote, B)) == ("{}", "{}")
    assert place.git(shallow, "rev-parse", "--is-shallow-repository") == "false"


def test_an_index_lock_of_somebody_else_is_named_and_left(place: Workplace) -> None:
    clone = place.seeded()
    lock = clone / ".git/index.lock"
    lock.touch()
    with pytest.raises(
        BusyRepositoryError, match=r"index\.lock exists: wait for the other git; if none is at work, delete that file"
    ):
        run(place.open(clone), {A: "{}\n"})
    assert lock.exists()


def test_a_second_run_in_one_repository_is_told_so(place: Workplace) -> None:
    history = place.open(place.seeded())
    with (
        history.locked(),
        pytest.raises(BusyRepositoryError, match=r"another run of gcrsync \(process \d+\) is at work in"),
        history.locked(),
    ):
        pass
    with history.locked():
        pass


def test_what_a_hook_left_in_the_environment_does_not_lead_git_elsewhere(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = place.seeded()
    for name in LOCAL_VARIABLES:
        monkeypatch.setenv(name, "/nowhere")
        place.environment[name] = "/nowhere"
    publication = run(place.open(clone), {A: "{}\n"})
    for name in LOCAL_VARIABLES:
        del place.environment[name]
    assert publication.commit == place.git(place.remote, "rev-parse", "main")


def test_a_linked_worktree_is_a_metadata_repository_like_any_other(place: Workplace) -> None:
    clone = place.seeded()
    place.git(clone, "worktree", "add", "--quiet", "-b", "linked", "../linked")
    assert run(place.open(place.folder / "linked"), {A: "{}\n"}).followed
    assert (place.folder / "linked" / A).exists()
    assert place.git(place.folder / "linked", "status", "--porcelain") == ""
    assert place.subjects(place.remote, "linked") == ["begin", "sync"]
    assert place.subjects(clone) == ["begin"]


@pytest.mark.parametrize("path", ["notes.txt", "metadata/../notes.txt", "gcrsync.toml"])
def test_nothing_outside_of_our_files_is_ever_written(place: Workplace, path: str) -> None:
    clone = place.seeded()
    with pytest.raises(StoreError):
        run(place.open(clone), {path: "x"})
    assert (clone / "notes.txt").read_text() == "mine\n"
    assert_clean(place, clone)


def test_a_metadata_folder_that_is_a_link_is_refused(place: Workplace) -> None:
    clone = place.clone("mirror")
    place.commit(clone, "begin", {"gcrsync.toml": ""})
    (clone / "metadata").symlink_to(place.folder)
    with pytest.raises(StoreError, match="metadata is a symbolic link"):
        run(place.open(clone), {A: "x"})


@pytest.fixture
def broken_remote(place: Workplace) -> Iterator[Path]:
    clone = place.seeded()
    place.git(clone, "remote", "set-url", "origin", "http://me:s3cret@127.0.0.1:9/mirror.git")
    yield clone
    assert "s3cret" in (clone / ".git/config").read_text()


def test_a_remote_that_cannot_be_read_ends_the_run_without_telling_the_password(place: Workplace, broken_remote: Path) -> None:
    with pytest.raises(GitError, match=r"git fetch: .*127\.0\.0\.1") as caught:
        run(place.open(broken_remote), {A: "{}\n"})
    assert "s3cret" not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"
    assert "me@" not in str(caught.value)


def test_the_commit_of_a_push_that_took_too_long_is_pushed_by_the_next_run(place: Workplace) -> None:
    clone = place.seeded()
    place.hook(clone, "pre-push", "sleep 60")
    history = place.open(clone)
    with pytest.raises(GitError, match="git push: it took longer than 2 seconds"):
        run(replace(history, git=replace(history.git, longest=2)), {A: "first\n"}, "first")
    assert place.subjects(place.remote) == ["begin"]
    (clone / ".git/hooks/pre-push").unlink()

    run(place.open(clone), {B: "next\n"}, "next")

    assert place.subjects(place.remote) == place.subjects(clone) == ["begin", "first", "next"]
    assert_clean(place, clone)
