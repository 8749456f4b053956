"""Commits are signed as git is configured to sign."""

import shutil
import subprocess
from pathlib import Path

import pytest

from gcrsync.errors import GitError
from gcrsync.store.opening import open_rehearsal
from tests.support.repositories import Workplace, run

A = "metadata/gcr.io/distroless/static.json"

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen")


@pytest.fixture
def clone(place: Workplace) -> Path:
    """Give a clone whose commits are signed with an SSH key, which is known as Ann's."""
    key = place.folder / "home" / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, capture_output=True)
    made = place.seeded()
    signers = place.folder / "home" / "signers"
    signers.write_text(f"ann@host {key.with_suffix('.pub').read_text()}")
    settings = {"gpg.format": "ssh", "user.signingKey": str(key), "commit.gpgSign": "true"}
    for name, value in (settings | {"gpg.ssh.allowedSignersFile": str(signers)}).items():
        place.git(made, "config", name, value)
    return made


def test_a_commit_is_signed_and_verifies_at_the_remote(place: Workplace, clone: Path) -> None:
    assert run(place.open(clone), {A: "{}\n"}).pushed
    tip = place.git(place.remote, "rev-parse", "main")
    place.git(clone, "verify-commit", tip)
    assert place.git(clone, "log", "-1", "--format=%G? %GS", tip) == "G ann@host"


def test_a_rehearsal_signs_as_the_run_would(place: Workplace, clone: Path, tmp_path: Path) -> None:
    rehearsal = open_rehearsal(place.open(clone), tmp_path / "rehearsal")
    assert run(rehearsal, {A: "{}\n"}).followed
    place.git(rehearsal.root, "verify-commit", "HEAD")


def test_a_key_that_cannot_sign_is_told_in_one_line_and_nothing_is_lost(place: Workplace, clone: Path) -> None:
    key = place.folder / "home" / "key"
    away = key.rename(place.folder / "away")
    with pytest.raises(GitError, match=r"git commit: .*home/key.*: see to that, and the next run records") as caught:
        run(place.open(clone), {A: "{}\n"})
    assert "\n" not in str(caught.value)
    assert place.subjects(clone) == place.subjects(place.remote) == ["begin"]
    away.rename(key)
    assert run(place.open(clone), {A: "{}\n"}).pushed
    place.git(clone, "verify-commit", "HEAD")
