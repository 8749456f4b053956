"""Temporary files without a name, which are gone with the process: for what has to be read more than once."""

import os
import shutil
import stat
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

from gcrsync.archive.blobs import pieces
from gcrsync.archive.disk import translated
from gcrsync.archive.stored import OpenFile
from gcrsync.errors import DestinationError

_LEFT_FREE = 256 * 1024 * 1024
"""What is left free of a disk, in bytes, for all others who write there."""


class Spool:
    """Keeps bytes in temporary files below one folder for as long as the context lasts; threads may share it."""

    def __init__(self, folder: Path, check: Callable[[], None], left_free: int = _LEFT_FREE) -> None:
        """Name the folder, and the bytes to be left free there; ``check`` is called at each chunk, and may raise to end it all."""
        self.folder, self.check, self._left_free = folder, check, left_free
        self._files = ExitStack()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Give the room on the disk back."""
        self._files.close()

    def open(self, path: Path) -> OpenFile:
        """Open a file that is there already; what cannot be gone about in, such as a pipe, is kept as a whole first."""
        with translated("reading", path):
            file = self._files.enter_context(path.open("rb", buffering=0))
            status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            return OpenFile(file.fileno(), status.st_size, str(path))
        return self.keep(pieces(file, path))

    def keep(self, chunks: Iterable[bytes]) -> OpenFile:
        """Write all chunks to a file; DestinationError where the disk has too little room."""
        with translated("writing a temporary file in", self.folder):
            file = self._files.enter_context(TemporaryFile(dir=self.folder))  # noqa: SIM115 - the stack closes it
        size = 0
        for chunk in chunks:
            self.check()
            with translated("writing a temporary file in", self.folder):
                self._check_room()
                file.write(chunk)
            size += len(chunk)
        with translated("writing a temporary file in", self.folder):
            file.flush()
        return OpenFile(file.fileno(), size, f"a temporary file in {self.folder}")

    def _check_room(self) -> None:
        if shutil.disk_usage(self.folder).free < self._left_free:
            least, hint = self._left_free // 1024**2, "make room, or name a folder that has some by TMPDIR"
            raise DestinationError(f"unpacking to {self.folder}: less than {least} MiB are free there", hint=hint)
