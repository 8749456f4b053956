"""Whatever a killed run left never stops the next one, and nothing that it had committed is lost."""

from pathlib import Path

import pytest

from gcrsync.errors import BusyRepositoryError, GitError
from tests.support.repositories import Workplace, run
from tests.unit.store.test_history import assert_clean

A = "metadata/gcr.io/killed.json"
B = "metadata/gcr.io/next.json"
DIE = '{ kill -9 "$GCRSYNC"; kill -9 0; }'
"""Ends the run, and git with its hooks, which are in a process group of their own."""

AT = {
    "before the commit": ("pre-commit", DIE, False),
    "while the commit is made": ("reference-transaction", f'[ "$1" = prepared ] && grep -q HEAD && {DIE}', False),
    "after the commit": ("post-commit", DIE, True),
    "before the push": ("pre-push", DIE, True),
    "after the push": ("reference-transaction", f'[ "$1" = prepared ] && grep -q refs/remotes/origin/main && {DIE}', True),
    "while the index follows": ("post-index-change", f'[ "$(pwd)" = "$ROOT" ] && {DIE}', True),
    "while the branch follows": ("reference-transaction", f'[ "$1" = prepared ] && grep -q refs/heads/main && {DIE}', True),
}
"""The hook that kills, and whether there was a commit by then."""


def kill(place: Workplace, clone: Path, point: str) -> bool:
    """Kill a run at a point, and tell whether it had made its commit."""
    hook, script, committed = AT[point]
    place.environment["ROOT"] = str(clone)
    place.hook(clone, hook, f"{script}\nexit 0")
    assert place.killed(clone, A, "killed\n") == -9
    (clone / ".git/hooks" / hook).unlink()
    return committed


@pytest.mark.parametrize("point", AT)
def test_the_next_run_goes_on_where_one_was_killed(place: Workplace, point: str) -> None:
    clone = place.seeded()
    committed = kill(place, clone, point)
    place.open(clone).check()

    run(place.open(clone), {B: "next\n"}, "next")

    assert place.subjects(place.remote) == place.subjects(clone) == ["begin", *["killed"] * committed, "next"]
    assert place.show(place.remote, B) == "next"
    assert (clone / A).exists() == committed
    assert_clean(place, clone)


@pytest.mark.parametrize("point", ["after the commit", "before the push", "while the index follows"])
def test_the_work_of_a_killed_run_is_kept_also_where_another_writer_came_in_between(place: Workplace, point: str) -> None:
    clone, person = place.seeded(), place.clone("person")
    kill(place, clone, point)
    place.git(person, "pull", "--quiet")
    place.commit(person, "theirs", {"notes.txt": "theirs\n"})
    place.git(person, "push", "--quiet")

    run(place.open(clone), {B: "next\n"}, "next")

    assert place.subjects(place.remote)[-2:] == ["theirs", "next"]
    assert (place.show(place.remote, A), place.show(place.remote, B)) == ("killed", "next")
    assert (clone / "notes.txt").read_text() == "theirs\n"
    assert_clean(place, clone)


def test_a_person_who_commits_after_the_kill_takes_nothing_back(place: Workplace) -> None:
    clone = place.seeded()
    kill(place, clone, "while the index follows")
    place.commit(clone, "mine", {"notes.txt": "mine again\n"})
    with pytest.raises(GitError, match="pull --rebase"):
        run(place.open(clone), {B: "next\n"}, "next")
    assert place.git(clone, "status", "--porcelain") == ""
    place.git(clone, "pull", "--quiet", "--rebase")

    run(place.open(clone), {B: "next\n"}, "next")

    assert place.subjects(place.remote) == place.subjects(clone) == ["begin", "killed", "mine", "next"]
    assert place.show(place.remote, A) == "killed"
    assert_clean(place, clone)


def test_a_person_who_rewrites_commits_after_the_kill_keeps_them_as_they_are_then(place: Workplace) -> None:
    clone = place.seeded()
    place.commit(clone, "mine", {"notes.txt": "mine again\n"})
    kill(place, clone, "before the push")
    place.commit(clone, "corrected", {"notes.txt": "corrected\n"})
    place.git(clone, "reset", "--quiet", "--soft", "HEAD~2")
    place.git(clone, "commit", "--quiet", "--message", "mine, corrected")

    run(place.open(clone), {B: "next\n"}, "next")

    assert place.subjects(place.remote) == ["begin", "mine, corrected", "next"]
    assert place.show(place.remote, "notes.txt") == "corrected"
    assert place.show(place.remote, A) == "killed"
    assert_clean(place, clone)


def test_a_commit_whose_mark_a_hook_takes_away_is_kept_all_the_same(place: Workplace) -> None:
    clone, person = place.seeded(), place.clone("person")
    place.hook(clone, "commit-msg", 'echo rewritten > "$1"')
    kill(place, clone, "before the push")
    place.commit(person, "theirs", {"notes.txt": "theirs\n"})
    place.git(person, "push", "--quiet")

    run(place.open(clone), {B: "next\n"})

    assert place.subjects(place.remote) == ["begin", "theirs", "rewritten"]
    assert place.show(place.remote, A) == "killed"


def test_an_index_lock_is_removed_where_a_killed_run_must_have_made_it(place: Workplace) -> None:
    clone = place.seeded()
    kill(place, clone, "before the push")
    (clone / ".git/index.lock").touch()
    run(place.open(clone), {B: "next\n"})
    assert place.subjects(place.remote) == ["begin", "killed", "sync"]
    assert_clean(place, clone)


def test_an_index_lock_that_is_older_than_the_killed_run_is_a_persons(place: Workplace) -> None:
    clone = place.seeded()
    (clone / ".git/config.lock").touch()
    kill(place, clone, "before the push")
    (clone / ".git/config.lock").rename(clone / ".git/index.lock")
    with pytest.raises(BusyRepositoryError):
        run(place.open(clone), {B: "next\n"})
    (clone / ".git/index.lock").unlink()
    run(place.open(clone), {B: "next\n"})
    assert place.subjects(place.remote) == ["begin", "killed", "sync"]


def test_files_that_were_half_replaced_are_finished(place: Workplace) -> None:
    clone = place.seeded()
    run(place.open(clone), {A: "one\n", B: "one\n"})
    kill(place, clone, "while the index follows")
    (clone / B).parent.joinpath(".gcrsync-0a1b2c3d").write_text("hal")
    (clone / A).write_text("one\n")

    run(place.open(clone), {})

    assert ((clone / A).read_text(), (clone / B).read_text()) == ("killed\n", "one\n")
    assert_clean(place, clone)
