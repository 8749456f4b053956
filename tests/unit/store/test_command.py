"""What git says, told without secrets."""

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
