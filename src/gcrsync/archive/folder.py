"""A folder of OCI image layouts, one for each repository, at the repository's path: what ``oci:DIR`` names."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from gcrsync.archive.conflict import LAYOUT_NAMES
from gcrsync.archive.disk import file_status, inside, translated
from gcrsync.archive.layout import Layout
from gcrsync.archive.staging import Staging
from gcrsync.errors import InvalidNameError
from gcrsync.oci.name import Repository

PATH_RULE = "expected lower-case letters and digits, parted by '/', '.', '_', '__' or '-', and at most 251 characters"
"""What the path of a repository is."""

_SHORTEST_HOST = "a.b"  # a name includes its host and may not be too long


class LayoutFolder:
    """The layouts below one folder; one object is shared by all threads. Nothing in it is reached through a symbolic link."""

    def __init__(self, root: Path) -> None:
        """Name the folder; it is made when the first layout is."""
        self.root = root
        self.staging = Staging(root)
        self._lock = Lock()
        self._layouts: dict[str, Layout] = {}

    def __contains__(self, path: object) -> bool:
        """Say whether there is a layout at the path of a repository."""
        mark = inside(self.root, f"{path}/oci-layout")
        return not mark.is_dir() and file_status(mark) is not None  # a repository may have this name

    def layout(self, path: str) -> Layout:
        """Give the layout at the path of a repository, there or not; InvalidNameError where the path is not one."""
        if not is_repository_path(path):
            raise InvalidNameError("repository", path, PATH_RULE)
        with self._lock:
            if path not in self._layouts:
                self._layouts[path] = Layout(self.root, path, self.staging, self)
            return self._layouts[path]

    def repositories(self) -> tuple[str, ...]:
        """Give the paths of all layouts, sorted."""
        return tuple(sorted(path for path in self._below("") if path in self))

    def children(self, path: str) -> tuple[str, ...]:
        """Give the names one level below a path, empty for the folder itself, that are layouts or lead to some, sorted."""
        return tuple(sorted(child.rpartition("/")[2] for child in self._folders(path) if self._leads_to_layout(child)))

    def _leads_to_layout(self, path: str) -> bool:
        return path in self or any(below in self for below in self._below(path))

    def _below(self, path: str) -> Iterator[str]:
        """Give every path below one that could be a repository's; a path is as long as a name may be, so this ends."""
        for child in self._folders(path):
            yield child
            yield from self._below(child)

    def _folders(self, path: str) -> Iterator[str]:
        """Give the folders right below a path whose names fit into a repository's, without what belongs to a layout there."""
        folder = inside(self.root, path) if path else self.root
        own = LAYOUT_NAMES if path and path in self else frozenset[str]()
        with translated("listing", folder):
            if not folder.is_dir():
                return
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and entry.name not in own]
        for name in names:
            child = f"{path}/{name}" if path else name
            if is_repository_path(child):
                yield child


def is_repository_path(path: str) -> bool:
    """Say whether a text can be the path of a repository."""
    try:
        Repository(_SHORTEST_HOST, path)
    except InvalidNameError:
        return False
    return True
