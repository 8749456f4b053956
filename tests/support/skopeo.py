"""skopeo, a program that is not ours, which reads and writes what gcrsync writes and reads."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def require_skopeo() -> None:
    """Skip for a person who has no skopeo, and fail in a CI, so that green never means skipped."""
    if shutil.which("skopeo") is None:
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent("skopeo is not on PATH")


def skopeo(*arguments: str, folder: Path) -> bytes:
    """Run skopeo, which accepts every signature here and keeps what it remembers of registries below ``folder``."""
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "REGISTRY_AUTH_FILE": str(folder / "auth.json"),
    }
    done = subprocess.run(["skopeo", "--insecure-policy", *arguments], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
