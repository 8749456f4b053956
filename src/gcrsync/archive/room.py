"""Whether a folder takes files, and how much room its disk has."""

import os
import tempfile
from pathlib import Path

from gcrsync.archive.disk import translated

_TRIED = 64 * 1024
"""How many bytes are written to see."""


def room(folder: Path) -> int:
    """Give the bytes that are free for us where a folder is, or would be made; a file is written there first, and leaves nothing.

    Raises DestinationError where it cannot be written.
    """
    with translated("writing", folder):
        there = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.TemporaryFile(prefix=".gcrsync-", dir=there) as file:
            file.write(bytes(_TRIED))
            file.flush()
        status = os.statvfs(there)
    return status.f_bavail * status.f_frsize
