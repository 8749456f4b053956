"""A folder of files that are made anew as a whole: what an earlier making left goes, and nothing that is somebody else's does."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from gcrsync.errors import StoreError, UsageError
from gcrsync.store.files import locate, read, remove, replace, sweep

LIST = ".made-by-gcrsync"
"""The file that names those which were made here."""

_FIRST_LINE = "# The files here that gcrsync has made. It replaces and removes these, and no others."


def remake(root: Path, made: Mapping[str, Callable[[], bytes]]) -> None:
    """Make each file of a folder, by its path below it; one that is there with the same content is left as it is.

    Raises:
        UsageError: a file of somebody else is in the place of one of them. Nothing is changed then.
        StoreError: a path is no good, or the disk refuses.

    """
    before = _listed(root)
    _refuse_others(root, made.keys() - before)
    for folder in {locate(root, path).parent for path in before} - {root}:
        sweep(folder)
    _list(root, {*before, *made})  # first, so that what a killed run has made is known to the next one
    for path, make in made.items():
        content = make()
        if not locate(root, path).is_file() or read(root, path) != content:
            replace(root, path, content)
    for path in sorted(before - made.keys()):
        remove(root, path)
    _list(root, made.keys())


def _listed(root: Path) -> set[str]:
    if not locate(root, LIST).is_file():
        return set()
    try:
        first, *paths = read(root, LIST).decode().splitlines()
    except (UnicodeDecodeError, ValueError):
        first, paths = "", []
    if first != _FIRST_LINE:
        raise StoreError(f"{root / LIST} is not as gcrsync has written it", hint="remove that folder, or name another one")
    return set(paths)


def _list(root: Path, paths: Collection[str]) -> None:
    replace(root, LIST, "\n".join((_FIRST_LINE, *sorted(paths), "")).encode())


def _refuse_others(root: Path, paths: Collection[str]) -> None:
    places = {locate(root, path) for path in paths}
    for place in sorted(places | {above for each in places for above in each.parents}):
        if place.exists() and (place in places or not place.is_dir()):
            raise UsageError(f"there is a {place} that gcrsync has not made", hint="name another folder, or move it away")
