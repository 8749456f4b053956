"""What git says, told without secrets."""

import os
from pathlib import Path

import pytest

from gcrsync.errors import GitError
from gcrsync.store.command import Git, redacted


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("fatal: unable to access 'https://me:s3cret@host/a.git/': 403", "fatal: unable to access 'https://host/a.git/': 403"),
        ("https://ghp_token@host/a and https://host/b", "https://host/a and https://host/b"),
        ("https://me:p@ss/w0rd@host/a", "https://host/a"),
        ("git@host:a.git: permission denied", "git@host:a.git: permission denied"),
    ],
)
def test_credentials_in_urls_are_never_told(words: str, told: str) -> None:
    assert redacted(words) == told


def test_a_failure_is_told_in_gits_words_on_one_line_without_hints(tmp_path: Path) -> None:
    with pytest.raises(GitError) as caught:
        Git(tmp_path, {}).run("check-ref-format", "--branch", "a..b")
    assert str(caught.value) == "git check-ref-format: fatal: 'a..b' is not a valid branch name"
    with pytest.raises(GitError, match="git check-ref-format: it ended with status 1"):
        Git(tmp_path, {}).run("check-ref-format", "a..b")


def test_git_asks_nothing_at_a_terminal(tmp_path: Path) -> None:
    answer = Git(tmp_path, {"GIT_ASKPASS": "", "SSH_ASKPASS": ""}).attempt("credential", "fill", stdin=b"url=https://host/a\n\n")
    assert answer.status
    assert "terminal prompts disabled" in answer.words


@pytest.mark.parametrize("stdin", [b"", b"words"])
def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path, stdin: bytes) -> None:
    stalled = f"alias.stall=!echo $$ > '{tmp_path}/process'; sleep 60"
    git = Git(tmp_path, {}, ("-c", stalled), longest=0.5)
    with pytest.raises(GitError, match=r"^git stall: it took longer than 0\.5 seconds, and was ended"):
        git.run("stall", stdin=stdin)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "process").read_text()), 0)


@pytest.mark.parametrize(
    ("environment", "told"), [({}, b"1000 60"), ({"GIT_HTTP_LOW_SPEED_TIME": "5", "GIT_HTTP_LOW_SPEED_LIMIT": "1"}, b"1 5")]
)
def test_a_stalled_transfer_ends_unless_the_environment_says_otherwise(
    tmp_path: Path, environment: dict[str, str], told: bytes
) -> None:
    git = Git(tmp_path, environment, ("-c", "alias.told=!echo $GIT_HTTP_LOW_SPEED_LIMIT $GIT_HTTP_LOW_SPEED_TIME"))
    assert git.run("told").output.strip() == told
