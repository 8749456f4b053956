"""buildah, which builds images without a daemon, as kaniko and docker do for others."""

import os
import subprocess
from pathlib import Path

from tests.support.programs import needed


def buildah(*arguments: str, folder: Path) -> None:
    """Run buildah in a folder, with all that it keeps below it; it needs no rights beyond those of whoever runs it."""
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder / "runtime"),
        "BUILDAH_ISOLATION": "chroot",
        "STORAGE_DRIVER": "vfs",
    }
    (folder / "runtime").mkdir(mode=0o700, exist_ok=True)
    where = ("--root", str(folder / "storage"), "--runroot", str(folder / "runtime"))
    done = subprocess.run(
        [needed("buildah"), *where, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
