"""Which repositories gcrsync writes to, and how it comes to them."""

import shutil
from pathlib import Path

import pytest

from gcrsync.errors import GitError, NotAMetadataRepositoryError, StoreError, UncommittedChangeError, UsageError
from gcrsync.store.opening import open_history, open_rehearsal, open_remote
from tests.support.repositories import Workplace, run

A = "metadata/gcr.io/distroless/static.json"


def state(folder: Path) -> dict[str, bytes]:
    """Give every file of a repository and of its git folder."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_in_somebodys_code_a_run_touches_nothing(place: Workplace) -> None:
    clone = place.clone("code")
    place.commit(clone, "code", {"main.py": "", "README.md": ""})
    before = state(clone)
    with pytest.raises(
        NotAMetadataRepositoryError, match="code is not a metadata repository: name it with --metadata-repo"
    ) as caught:
        run(place.open(clone), {A: "{}\n"})
    assert "gcrsync init NAMESPACE --to DESTINATION" in caught.value.hint
    assert state(clone) == before
    run(place.open(clone, named=True), {A: "{}\n"})
    assert place.subjects(place.remote) == ["code", "sync"]


@pytest.mark.parametrize(
    ("committed", "lying", "writable"),
    [
        ([], [], True),
        (["README.md", ".gitignore", ".github/workflows/mirror.yml"], [], True),
        (["README"], [], True),
        (["main.py", "gcrsync.toml"], [], True),
        (["main.py"], ["gcrsync.toml"], True),
        (["main.py"], ["metadata/README.md"], True),
        (["main.py", "metadata/README.md"], [], True),
        (["README.md", "main.py"], [], False),
        (["README.md"], ["main.py"], False),
        ([], ["main.py"], False),
        (["main.py", "sub/gcrsync.toml"], [], False),
    ],
)
def test_a_repository_is_written_to_where_it_is_marked_or_has_nothing_yet(
    place: Workplace, committed: list[str], lying: list[str], *, writable: bool
) -> None:
    clone = place.clone("mirror")
    if committed:
        place.commit(clone, "begin", dict.fromkeys(committed, ""))
    for path in lying:
        (clone / path).parent.mkdir(exist_ok=True)
        (clone / path).touch()
    assert place.open(clone).writable == writable


def test_a_mark_counts_also_where_only_the_commit_has_it(place: Workplace) -> None:
    clone = place.clone("mirror")
    place.commit(clone, "begin", {"gcrsync.toml": "", "main.py": ""})
    (clone / "gcrsync.toml").unlink()
    assert place.open(clone).writable


def test_outside_of_a_repository_the_two_commands_are_given(place: Workplace) -> None:
    with pytest.raises(NotAMetadataRepositoryError, match="is in no git repository: git init mirror && cd mirror"):
        place.open(place.folder / "home")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("home", "home is in no git repository: git init {folder}/home, then run again"),
        ("absent", "absent is not there: name a git repository by its path or URL, or make one: git init {folder}/absent"),
        ("home/gitconfig", "home/gitconfig is a file: name a git repository"),
        ("mirror/.git", "mirror/.git is within the git folder of a repository: name the folder with its files"),
        (
            "remote.git",
            "remote.git is a bare repository, which has no files to work in: name a clone of it, or --metadata-repo {uri}",
        ),
    ],
)
def test_what_is_named_and_has_no_files_to_work_in_is_told_with_what_to_do(place: Workplace, path: str, says: str) -> None:
    place.seeded()
    with pytest.raises(NotAMetadataRepositoryError) as caught:
        place.open(place.folder / path, named=True)
    assert says.format(folder=place.folder, uri=place.remote.as_uri()) in str(caught.value)


def test_a_bare_repository_is_told_also_where_git_does_not_enter_any(place: Workplace) -> None:
    place.git(place.folder, "config", "--global", "safe.bareRepository", "explicit")
    with pytest.raises(NotAMetadataRepositoryError, match="is a bare repository"):
        place.open(place.remote, named=True)


def test_the_url_that_is_advised_for_a_bare_repository_opens_it(place: Workplace, tmp_path: Path) -> None:
    place.seeded()
    bare = place.remote.rename(place.folder / "with a blank.git")
    assert open_remote(bare.as_uri(), tmp_path / "cache", place.surroundings).head().read("notes.txt") == b"mine\n"


def test_from_a_folder_within_the_whole_repository_is_opened(place: Workplace) -> None:
    clone = place.seeded()
    history = place.open(clone / "metadata")
    assert history.root == clone
    assert run(history, {A: "{}\n"}).followed


def test_where_git_is_missing_it_is_said(place: Workplace) -> None:
    clone = place.seeded()
    (place.folder / "bin").mkdir()
    env = shutil.which("env")
    assert env is not None
    (place.folder / "bin" / "env").symlink_to(env)
    place.environment["PATH"] = str(place.folder / "bin")
    with pytest.raises(StoreError, match=r"git cannot be run: it is not on the PATH: install git"):
        place.open(clone)
    place.environment["PATH"] = str(place.folder)
    with pytest.raises(StoreError, match=r"git cannot be run: .*: install git"):
        place.open(clone)


def test_reading_needs_no_lock_and_changes_nothing(place: Workplace) -> None:
    clone, person = place.seeded(), place.clone("person")
    place.commit(person, "theirs", {A: "{}\n"})
    place.git(person, "push", "--quiet")
    (clone / "metadata/README.md").write_text("not committed\n")
    before = state(clone)
    assert place.open(clone).head().files("metadata/") == {"metadata/README.md": b"# Mirror\n"}
    assert state(clone) == before


def test_an_empty_repository_reads_as_no_files(place: Workplace) -> None:
    tree = place.open(place.clone("empty")).head()
    assert (tree.commit, tree.files("metadata/"), tree.read(A)) == ("", {}, None)


def test_a_thousand_files_are_read_as_they_were_committed(place: Workplace) -> None:
    clone = place.seeded()
    contents = {f'metadata/gcr.io/{number}/é "{number}".json': f"{number}\n" * (number % 7) for number in range(1000)}
    place.commit(clone, "many", contents)
    place.commit(clone, "more", {"metadata.txt": "beside", "metadata/gcr.io/run": "x"})
    (clone / "metadata/link").symlink_to("README.md")
    place.git(clone, "add", "metadata/link")
    place.git(clone, "commit", "--quiet", "--message", "link")
    found = place.open(clone).head().files("metadata/gcr.io/")
    assert found == {path: content.encode() for path, content in contents.items()} | {"metadata/gcr.io/run": b"x"}
    assert "metadata/link" not in place.open(clone).head().files()
    assert place.open(clone).head().read("metadata/link") is None


def test_a_rehearsal_makes_the_commit_in_a_clone_and_leaves_everything_as_it_was(place: Workplace, tmp_path: Path) -> None:
    clone = place.seeded()
    place.git(clone, "config", "user.signingKey", "a key")
    for folder, hook in ((clone, "pre-commit"), (place.remote, "pre-receive")):
        place.hook(folder, hook, "exit 1")
    before = state(clone), state(place.remote)

    rehearsal = open_rehearsal(place.open(clone), tmp_path / "rehearsal")
    publication = run(rehearsal, {A: "{}\n"}, "as it would be")

    assert (publication.pushed, publication.followed) == (False, True)
    assert place.subjects(rehearsal.root) == ["begin", "as it would be"]
    assert (rehearsal.root / A).read_text() == "{}\n"
    assert place.git(rehearsal.root, "config", "user.signingKey") == "a key"
    assert place.git(rehearsal.root, "remote") == ""
    assert (state(clone), state(place.remote)) == before


def test_a_new_repository_can_be_rehearsed_too(place: Workplace, tmp_path: Path) -> None:
    place.git(tmp_path, "init", "--quiet", "fresh")
    rehearsal = open_rehearsal(place.open(tmp_path / "fresh"), tmp_path / "rehearsal")
    assert run(rehearsal, {A: "{}\n"}).followed
    assert (rehearsal.root / A).exists()


def test_a_rehearsal_is_refused_where_a_run_would_be(place: Workplace, tmp_path: Path) -> None:
    clone = place.seeded()
    (clone / "metadata/README.md").write_text("mine\n")
    with pytest.raises(UncommittedChangeError):
        open_rehearsal(place.open(clone), tmp_path / "rehearsal")


def test_a_url_is_cloned_once_and_fetched_each_time(place: Workplace, tmp_path: Path) -> None:
    person = place.seeded()
    url, cache = f"file://{place.remote}", tmp_path / "cache"
    assert open_remote(url, cache, place.surroundings).head().read("notes.txt") == b"mine\n"
    place.commit(person, "theirs", {"notes.txt": "theirs\n"})
    place.git(person, "push", "--quiet")

    history = open_remote(url, cache, place.surroundings)
    assert history.head().read("notes.txt") == (history.root / "notes.txt").read_bytes() == b"theirs\n"
    assert run(history, {A: "{}\n"}).pushed

    assert place.subjects(place.remote) == ["begin", "theirs", "sync"]
    assert [folder.name for folder in cache.iterdir()] == [history.root.name]
    assert history.root.name.startswith("remote-")


def test_a_clone_of_our_own_keeps_what_was_not_pushed_and_nothing_else(place: Workplace, tmp_path: Path) -> None:
    person = place.seeded()
    url, cache = f"file://{place.remote}", tmp_path / "cache"
    open_remote(url, cache, place.surroundings)
    place.git(person, "commit", "--quiet", "--amend", "--message", "begin anew")
    place.git(person, "push", "--quiet", "--force")
    place.hook(place.remote, "pre-receive", "exit 1")
    with pytest.raises(GitError):
        run(open_remote(url, cache, place.surroundings), {A: "{}\n"}, "ours")
    (place.remote / "hooks/pre-receive").unlink()

    history = open_remote(url, cache, place.surroundings)
    assert place.subjects(history.root) == ["begin anew", "ours"]
    assert run(history, {}).pushed
    assert place.subjects(place.remote) == ["begin anew", "ours"]


def test_a_clone_of_our_own_can_be_read_while_a_run_holds_it(place: Workplace, tmp_path: Path) -> None:
    person = place.seeded()
    url, cache = f"file://{place.remote}", tmp_path / "cache"
    with open_remote(url, cache, place.surroundings).locked():
        place.commit(person, "theirs", {"notes.txt": "theirs\n"})
        place.git(person, "push", "--quiet")
        assert open_remote(url, cache, place.surroundings).head().read("notes.txt") == b"theirs\n"


def test_an_empty_repository_at_a_url_gets_its_first_commit(place: Workplace, tmp_path: Path) -> None:
    history = open_remote(f"file://{place.remote}", tmp_path / "cache", place.surroundings)
    assert history.head().files() == {}
    assert run(history, {A: "{}\n"}).pushed
    assert place.subjects(place.remote) == ["sync"]


def test_each_url_has_a_folder_of_its_own(place: Workplace, tmp_path: Path) -> None:
    place.seeded()
    roots = {open_remote(url, tmp_path / "cache", place.surroundings).root for url in (f"file://{place.remote}", str(place.remote))}
    assert len(roots) == 2


@pytest.mark.parametrize("url", ["https://me:s3cret@host/mirror", "https://s3cret@host/mirror.git", "ssh://me:s3cret@host/mirror"])
def test_credentials_in_a_url_are_refused_and_not_repeated(place: Workplace, tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match=r"at host holds credentials: .*git credential helper") as caught:
        open_remote(url, tmp_path / "cache", place.surroundings)
    assert "s3cret" not in str(caught.value)


def test_a_clone_that_fails_leaves_nothing(place: Workplace, tmp_path: Path) -> None:
    with pytest.raises(GitError, match=r"git clone: .*absent"):
        open_remote(f"file://{tmp_path}/absent", tmp_path / "cache", place.surroundings)
    assert not list((tmp_path / "cache").iterdir())


def test_a_relative_folder_is_opened_from_where_the_run_stands(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = place.seeded()
    monkeypatch.chdir(clone)
    assert run(open_history(Path(), place.surroundings, named=False), {A: "{}\n"}).followed
    assert (clone / A).exists()


def test_a_url_that_cannot_be_read_is_not_repeated(place: Workplace, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the URL of the git repository cannot be read") as caught:
        open_remote("http://ann:hunter2@[bad/x", tmp_path / "cache", place.surroundings)
    assert "hunter2" not in str(caught.value)
