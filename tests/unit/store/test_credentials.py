"""The host of the metadata repository is answered from the environment, and nobody else is."""

from collections.abc import Iterator

import pytest

from gcrsync.errors import GitError
from gcrsync.store.command import Git
from gcrsync.store.credentials import answering
from gcrsync.store.history import History
from gcrsync.store.opening import open_remote
from tests.support.git_server import GitServer
from tests.support.repositories import Workplace, run
from tests.support.serving import served

A = "metadata/gcr.io/distroless/static.json"
B = "metadata/gcr.io/distroless/base.json"


@pytest.fixture
def url(place: Workplace) -> Iterator[str]:
    """Give the URL of a remote that Ann alone may read and write, with the right words in the environment."""
    place.seeded("person")
    place.environment |= {"GCRSYNC_GIT_USERNAME": "ann", "GCRSYNC_GIT_PASSWORD": "s3cret", "GCRSYNC_PASSWORD": "an0ther"}
    with served(GitServer(place.folder)) as host:
        yield f"http://{host}/remote.git"


def opened(place: Workplace, url: str) -> History:
    return open_remote(url, place.folder / "cache", place.surroundings)


def test_a_host_with_a_password_is_cloned_fetched_and_pushed_to(place: Workplace, url: str) -> None:
    place.git(place.remote, "config", "uploadpack.allowFilter", "true")
    assert run(opened(place, url), {A: "1\n"}, "first").pushed
    person = place.folder / "person"
    place.git(person, "pull", "--quiet")
    place.commit(person, "theirs", {"notes.txt": "theirs\n", B: "theirs\n"})
    place.git(person, "push", "--quiet")
    history = opened(place, url)
    assert history.head().read(B) == b"theirs\n"
    assert run(history, {A: "2\n"}, "second").pushed
    assert place.subjects(place.remote) == ["begin", "first", "theirs", "second"]


def test_a_persons_clone_fetches_and_pushes_with_them_too(place: Workplace, url: str) -> None:
    person = place.folder / "person"
    place.git(person, "remote", "set-url", "origin", url)
    assert run(place.open(person), {A: "1\n"}).pushed


def test_the_password_is_in_no_file_and_no_argument_and_no_hook_of_a_commit_is_given_it(place: Workplace, url: str) -> None:
    trace, helped = place.folder / "trace", place.folder / "helped"
    place.environment["GIT_TRACE"] = str(trace)
    place.git(place.folder, "config", "--global", "credential.helper", f"!cat >> {helped}; true")
    history = opened(place, url)
    for hook in ("pre-commit", "commit-msg", "post-index-change"):
        place.hook(history.root, hook, f"env >> {place.folder}/{hook}.env")
    assert run(history, {A: "1\n"}).pushed
    assert "git-remote-http" in trace.read_text()
    assert len(list(place.folder.glob("*.env"))) == 3
    assert not helped.exists()
    for path in place.folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"s3cret" not in content, path
        assert b"an0ther" not in content, path


def test_a_wrong_password_is_told_in_one_line_without_it(place: Workplace, url: str) -> None:
    place.environment["GCRSYNC_GIT_PASSWORD"] = "wr0ng"
    with pytest.raises(GitError, match=r"git clone: .*Authentication failed for .*: set GCRSYNC_GIT_USERNAME and") as caught:
        opened(place, url)
    assert "wr0ng" not in str(caught.value)


def test_without_a_password_nobody_is_asked_for_one_and_the_way_in_is_told(place: Workplace, url: str) -> None:
    asked = r".*could not read Username.*: set GCRSYNC_GIT_USERNAME and GCRSYNC_GIT_PASSWORD"
    opened(place, url)
    del place.environment["GCRSYNC_GIT_PASSWORD"]
    with pytest.raises(GitError, match=f"git fetch: {asked}"):
        opened(place, url)
    with pytest.raises(GitError, match=f"git clone: {asked}"):
        opened(place, f"{url}/")


def test_where_everybody_may_read_the_way_in_is_told_at_the_push_and_the_next_run_pushes(place: Workplace, url: str) -> None:
    del place.environment["GCRSYNC_GIT_PASSWORD"]
    with served(GitServer(place.folder, public=True)) as host:
        url = f"http://{host}/remote.git"
        recorded = r"the run is recorded here in commit [0-9a-f]{12}, and the next one pushes it"
        with pytest.raises(GitError, match=f"git push: .*could not read Username.*: {recorded}; set GCRSYNC_GIT_USERNAME and"):
            run(opened(place, url), {A: "1\n"}, "first")
        place.environment["GCRSYNC_GIT_PASSWORD"] = "s3cret"
        assert run(opened(place, url), {}).pushed
    assert place.subjects(place.remote) == ["begin", "first"]


@pytest.mark.parametrize(
    ("asking", "answered"),
    [
        ("https://git.example", True),
        ("http://git.example", False),
        ("https://git.example:8443", False),
        ("https://other.example", False),
    ],
)
def test_no_other_host_port_or_scheme_gets_an_answer(place: Workplace, asking: str, *, answered: bool) -> None:
    place.environment |= {"GCRSYNC_GIT_PASSWORD": "s3cret"}
    git = answering(Git(place.folder, place.environment), "https://git.example/acme/mirror.git")
    answer = git.attempt("credential", "fill", stdin=f"url={asking}\n\n".encode())
    assert (b"username=git\npassword=s3cret\n" in answer.output) == answered


@pytest.mark.parametrize("remote", ["http://git.example/x", "git@git.example:x", "ssh://git.example/x", "/srv/x", "file:///srv/x"])
def test_over_what_others_could_read_and_where_git_asks_for_none_no_password_is_offered(place: Workplace, remote: str) -> None:
    place.environment |= {"GCRSYNC_GIT_PASSWORD": "s3cret"}
    git = Git(place.folder, place.environment)
    assert answering(git, remote) == git


def test_the_host_is_the_one_that_git_is_configured_to_ask_instead(place: Workplace) -> None:
    place.environment |= {"GCRSYNC_GIT_PASSWORD": "s3cret"}
    place.git(place.folder, "config", "--global", "url.https://git.example/.insteadOf", "mirror:")
    git = answering(Git(place.folder, place.environment), "mirror:acme")
    assert git.secrets
    assert b"s3cret" in git.attempt("credential", "fill", stdin=b"url=https://git.example\n\n").output
