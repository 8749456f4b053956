"""Whatever breaks a clone of our own, the next run has one that works, with all that was not pushed."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gcrsync.errors import BusyRepositoryError, GitError
from gcrsync.store.history import History
from gcrsync.store.opening import open_remote
from tests.support.repositories import Workplace, run
from tests.unit.store.test_history import assert_clean

Damage = Callable[[Workplace, Path], object]

A = "metadata/gcr.io/distroless/static.json"
B = "metadata/gcr.io/distroless/base.json"


def opened(place: Workplace) -> History:
    return open_remote(place.remote.as_uri(), place.folder / "cache", place.surroundings)


def unpushed(place: Workplace) -> Path:
    """Give the clone of our own, in which a run has recorded a file that the remote has refused."""
    place.hook(place.remote, "pre-receive", "exit 1")
    with pytest.raises(GitError, match="recorded here"):
        run(opened(place), {A: "ours\n"}, "ours")
    (place.remote / "hooks/pre-receive").unlink()
    return opened(place).root


def cut(path: Path) -> None:
    """Leave half of a file."""
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[: len(content) // 2])


def wipe(path: Path) -> None:
    """Put zeros in the place of a file, as a lost disk block does."""
    path.write_bytes(b"\0" * len(path.read_bytes()))


def cut_object(name: str) -> Damage:
    """Cut the object in two that a name in a clone stands for, in whatever file it is."""

    def damage(place: Workplace, clone: Path) -> None:
        oid = place.git(clone, "rev-parse", name)
        loose = clone / ".git/objects" / oid[:2] / oid[2:]
        for path in [loose] if loose.exists() else (clone / ".git/objects/pack").glob("*.pack"):
            cut(path)

    return damage


HARMLESS: dict[str, Damage] = {
    "no HEAD": lambda _, clone: (clone / ".git/HEAD").unlink(),
    "no config": lambda _, clone: (clone / ".git/config").unlink(),
    "an empty config": lambda _, clone: (clone / ".git/config").write_text(""),
    "half a config": lambda _, clone: cut(clone / ".git/config"),
    "half an index": lambda _, clone: cut(clone / ".git/index"),
    "an empty index": lambda _, clone: (clone / ".git/index").write_bytes(b""),
    "half of the packed refs": lambda _, clone: cut(clone / ".git/packed-refs"),
    "no refs": lambda _, clone: (clone / ".git/refs").rename(clone / "refs"),
    "a remote branch of zeros": lambda _, clone: (clone / ".git/refs/remotes/origin/main").write_bytes(bytes(41)),
    "no index": lambda _, clone: (clone / ".git/index").unlink(),
}
"""What breaks a clone without taking a commit away."""


@pytest.mark.parametrize("damage", HARMLESS.values(), ids=HARMLESS)
def test_a_broken_clone_is_made_anew_and_what_was_not_pushed_goes_along(place: Workplace, damage: Damage) -> None:
    place.seeded("person")
    clone = unpushed(place)
    place.git(clone, "pack-refs", "--all", "--no-prune")
    damage(place, clone)

    history = opened(place)
    assert run(history, {B: "next\n"}, "next").pushed

    assert place.subjects(place.remote) == place.subjects(clone) == ["begin", "ours", "next"]
    assert_clean(place, clone)
    assert list((place.folder / "cache").iterdir()) == [clone]
    assert len(place.told) == 1
    assert re.fullmatch(r"the clone of file:///.*/remote\.git could not be read and was made anew", place.told[0])


def test_what_was_not_pushed_is_applied_again_where_others_have_pushed_before_the_clone_was_mended(place: Workplace) -> None:
    person = place.seeded("person")
    clone = unpushed(place)
    place.commit(person, "theirs", {"notes.txt": "theirs\n"})
    place.git(person, "push", "--quiet")
    (clone / ".git/HEAD").unlink()
    run(opened(place), {B: "next\n"}, "next")
    assert place.subjects(place.remote) == ["begin", "theirs", "next"]
    assert (place.show(place.remote, A), place.show(place.remote, B)) == ("ours", "next")
    assert_clean(place, clone)


def test_the_commit_of_a_killed_run_goes_along_too(place: Workplace) -> None:
    place.seeded("person")
    clone = opened(place).root
    place.hook(clone, "pre-push", 'kill -9 "$GCRSYNC"; kill -9 0')
    assert place.killed(clone, A, "ours\n") == -9
    (clone / ".git/config").unlink()
    run(opened(place), {B: "next\n"}, "next")
    assert place.subjects(place.remote) == ["begin", "killed", "next"]


@pytest.mark.parametrize("name", ["HEAD", "HEAD^{tree}", f"HEAD:{A}", "HEAD:metadata"])
def test_where_a_commit_cannot_be_read_whole_its_clone_is_kept_and_named(place: Workplace, name: str) -> None:
    place.seeded("person")
    clone = unpushed(place)
    cut_object(name)(place, clone)

    assert run(opened(place), {B: "next\n"}, "next").pushed

    assert place.subjects(place.remote) == ["begin", "next"]
    [kept] = [path for path in (place.folder / "cache").iterdir() if path != clone]
    assert len(place.told) == 1
    assert place.told[0].endswith(f"what was committed in it could not be read whole, so that it is kept in {kept}")
    assert (kept / ".git/objects").is_dir()


@pytest.mark.parametrize("name", ["HEAD", "HEAD^{tree}", "HEAD:notes.txt"])
def test_a_clone_whose_own_history_is_damaged_is_made_anew(place: Workplace, name: str) -> None:
    place.seeded("person")
    clone = opened(place).root
    cut_object(name)(place, clone)
    assert opened(place).head().read("notes.txt") == b"mine\n"
    assert list((place.folder / "cache").iterdir()) == [clone]
    place.git(clone, "fsck", "--strict")


def test_a_file_that_cannot_be_unpacked_comes_with_a_clone_made_anew(place: Workplace) -> None:
    person = place.seeded("person")
    place.commit(person, "large", {"large": "\n".join(str(number * number) for number in range(4000))})
    place.git(person, "push", "--quiet")
    clone = opened(place).root
    [pack] = (clone / ".git/objects/pack").glob("*.pack")
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 0xFF
    pack.chmod(0o644)
    pack.write_bytes(content)
    assert len(opened(place).head().files()["large"]) > 20000
    place.git(clone, "fsck", "--strict")


def test_a_branch_that_holds_no_commit_any_more_is_found_in_its_log(place: Workplace) -> None:
    place.seeded("person")
    clone = unpushed(place)
    wipe(clone / ".git/refs/heads/main")
    assert run(opened(place), {}).pushed
    assert place.subjects(place.remote) == ["begin", "ours"]


def test_half_a_clone_is_cloned_again(place: Workplace) -> None:
    place.seeded("person")
    clone = opened(place).root
    for path in (clone / ".git").iterdir():
        if path.name not in ("objects", "HEAD"):
            path.rename(clone / path.name)
    assert opened(place).head().read("notes.txt") == b"mine\n"


def test_a_folder_that_is_no_clone_in_somebodys_repository_is_not_taken_for_that(place: Workplace) -> None:
    place.seeded("person")
    clone = opened(place).root
    place.git(place.folder, "init", "--quiet", "cache")
    (clone / ".git").rename(clone / "was .git")
    assert opened(place).root == clone
    assert place.git(place.folder / "cache", "status", "--porcelain", "--untracked-files=no") == ""


def test_a_mending_that_was_killed_is_gone_on_with(place: Workplace) -> None:
    place.seeded("person")
    clone = unpushed(place)
    clone.rename(clone.with_name(f"{clone.name}.broken"))
    assert run(opened(place), {}).pushed
    assert place.subjects(place.remote) == ["begin", "ours"]
    assert list((place.folder / "cache").iterdir()) == [clone]


def test_while_the_remote_cannot_be_read_a_broken_clone_stays_what_it_is(place: Workplace) -> None:
    place.seeded("person")
    clone = unpushed(place)
    (clone / ".git/HEAD").unlink()
    away = place.remote.rename(place.folder / "away.git")
    for _ in range(2):
        with pytest.raises(GitError, match=r"git clone: .*remote"):
            opened(place)
    away.rename(place.remote)
    assert run(opened(place), {}).pushed
    assert place.subjects(place.remote) == ["begin", "ours"]


def test_a_clone_in_which_a_run_is_at_work_is_not_mended(place: Workplace) -> None:
    place.seeded("person")
    history = opened(place)
    with history.locked():
        away = (history.root / ".git/HEAD").rename(place.folder / "HEAD")
        with pytest.raises(BusyRepositoryError, match=r"process \d+\) is at work"):
            opened(place)
        away.rename(history.root / ".git/HEAD")
    assert opened(place).head().read("notes.txt") == b"mine\n"


def test_a_lock_of_git_in_a_clone_of_our_own_is_of_a_process_that_is_dead(place: Workplace) -> None:
    place.seeded("person")
    clone = opened(place).root
    for lock in ("index.lock", "HEAD.lock", "refs/heads/main.lock", "shallow.lock"):
        (clone / ".git" / lock).touch()
    assert run(opened(place), {A: "{}\n"}).followed
    assert_clean(place, clone)


def test_a_branch_that_was_renamed_at_the_remote_is_followed(place: Workplace) -> None:
    person = place.seeded("person")
    clone = unpushed(place)
    place.git(person, "push", "--quiet", "origin", "main:trunk")
    place.git(place.remote, "symbolic-ref", "HEAD", "refs/heads/trunk")
    place.git(place.remote, "branch", "--quiet", "--delete", "--force", "main")

    assert run(opened(place), {B: "next\n"}, "next").pushed

    assert place.git(place.remote, "for-each-ref", "--format=%(refname)") == "refs/heads/trunk"
    assert place.subjects(place.remote, "trunk") == ["begin", "ours", "next"]
    assert place.git(clone, "symbolic-ref", "HEAD") == "refs/heads/trunk"
    assert "was of a branch that is not there any more (origin of" in place.told[0]


def test_a_remote_that_was_emptied_while_there_is_but_the_newest_commit_here_is_told(place: Workplace) -> None:
    person = place.seeded("person")
    place.commit(person, "more", {"notes.txt": "more\n"})
    place.git(person, "push", "--quiet")
    assert run(opened(place), {A: "{}\n"}, "first").pushed
    place.git(place.remote, "update-ref", "-d", "refs/heads/main")
    with pytest.raises(GitError, match=r"git push: .*shallow update not allowed.*recorded here in commit"):
        run(opened(place), {B: "{}\n"}, "second")
