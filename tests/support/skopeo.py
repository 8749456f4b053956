"""skopeo, a program that is not ours, which reads and writes what gcrsync writes and reads."""

import os
import subprocess
from pathlib import Path

from tests.support.programs import needed


def skopeo(*arguments: str, folder: Path) -> bytes:
    """Run skopeo, which accepts every signature here and keeps what it remembers of registries below ``folder``."""
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "REGISTRY_AUTH_FILE": str(folder / "auth.json"),
    }
    done = subprocess.run([needed("skopeo"), "--insecure-policy", *arguments], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
