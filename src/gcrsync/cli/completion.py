"""What a shell may complete: names from the configuration and the record, read from the worktree, and nothing where that fails."""

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from itertools import accumulate
from pathlib import Path

import typer

from gcrsync.errors import GcrsyncError
from gcrsync.metadata import paths
from gcrsync.oci.name import Repository

_ASKED = "_GCRSYNC_COMPLETE"
"""The variable by which typer's scripts ask for completions, and in which they name the shell."""

_WORDS, _NUMBER = "COMP_WORDS", "COMP_CWORD"
"""What bash tells: all words, and the number of the one at the cursor."""

_HEAD = "_GCRSYNC_HEAD"
"""What stands before the word at the cursor and belongs to it."""

_CONFIGURATION = "gcrsync.toml"
_LARGEST = 64 * 1024 * 1024
_HARMLESS = re.compile(r"[\w./:][\w./:@~+-]*")
"""What names are made of that a shell is told: zsh runs what it is told, and the files may be somebody else's."""

_SILENT = (GcrsyncError, OSError, ValueError, TypeError, AttributeError)
"""What goes wrong where files are broken or absent: nobody wants to read of it while typing."""


def rejoin(environment: MutableMapping[str, str]) -> None:
    """Put together the words that bash has parted at their colons, which names of images have; other shells leave words whole.

    Only what follows the last colon is completed: bash puts in place no more than that.
    """
    if environment.get(_ASKED) != "complete_bash" or ":" not in environment.get(_WORDS, ""):
        return
    words, number = environment[_WORDS].split(), int(environment.get(_NUMBER, "0"))
    joined: list[str] = []
    for word in words[: number + 1]:
        if joined and (word == ":" or joined[-1].endswith(":")):
            joined[-1] += word
        else:
            joined.append(word)
    is_begun = len(words) > number
    head, colon, rest = joined[-1].rpartition(":") if is_begun else ("", "", "")
    if is_begun and colon and words[number] in (":", rest):
        joined[-1:] = [rest] if rest else []
        environment[_HEAD] = head + colon
        is_begun = bool(rest)
    environment.update({_WORDS: " ".join(joined), _NUMBER: str(len(joined) - is_begun)})


def namespaces(ctx: typer.Context, incomplete: str) -> list[str]:
    """Give the sources of the configuration, and all paths of the record, down to the repositories."""
    return _completed(incomplete, lambda _: {*_sources(_root(ctx)), *_below(_repositories(_root(ctx)))})


def recorded(ctx: typer.Context, incomplete: str) -> list[str]:
    """Give all paths of the record, down to the repositories."""
    return _completed(incomplete, lambda _: set(_below(_repositories(_root(ctx)))))


def images(ctx: typer.Context, incomplete: str) -> list[str]:
    """Give the repositories on record, and the tags of the one that is named."""

    def found(begun: str) -> Iterable[str]:
        root = _root(ctx)
        name, colon, _ = begun.rpartition(":")
        return [*_repositories(root), *(_tags(root, name) if colon and "/" in name else ())]

    return _completed(incomplete, found)


def destinations(ctx: typer.Context, incomplete: str) -> list[str]:
    """Give the destinations of the configuration."""
    return _completed(incomplete, lambda _: set(_values(_root(ctx), "destination")))


def _completed(incomplete: str, found: Callable[[str], Iterable[str]]) -> list[str]:
    """Give what begins like the whole word, without what stands before the part at the cursor."""
    head = os.environ.get(_HEAD, "")
    try:
        names = sorted(name for name in found(head + incomplete) if name.startswith(head + incomplete))
    except _SILENT:
        return []
    return [name.removeprefix(head) for name in names if _HARMLESS.fullmatch(name)]


def _root(ctx: typer.Context) -> Path:
    """Give the folder of the metadata repository: the one that is named, or the first at or above this folder with a record."""
    named = ctx.params.get("metadata_repo")
    here = Path(named).absolute() if isinstance(named, str) else Path.cwd()
    marks = (_CONFIGURATION, paths.README, ".git")
    return next((folder for folder in (here, *here.parents) if any((folder / mark).exists() for mark in marks)), here)


def _values(root: Path, key: str) -> Iterator[str]:
    text = (root / _CONFIGURATION).read_text(encoding="utf-8") if (root / _CONFIGURATION).exists() else ""
    for table in tomllib.loads(text).get("mirror", []):
        if isinstance(value := table.get(key), str):
            yield value


def _sources(root: Path) -> Iterator[str]:
    try:
        yield from list(_values(root, "source"))
    except _SILENT:  # the record is of use all the same
        return


def _repositories(root: Path) -> Iterator[str]:
    for folder, _, files in os.walk(root / paths.ROOT):
        place = Path(folder).relative_to(root).as_posix()
        yield from (paths.name_of(path) for path in (f"{place}/{file}" for file in files) if paths.is_document(path))


def _below(names: Iterable[str]) -> Iterator[str]:
    """Give each name, and those of all places above it."""
    for name in names:
        yield from accumulate(name.split("/"), "{}/{}".format)


def _tags(root: Path, name: str) -> Iterator[str]:
    with (root / paths.path_of(Repository.parse(name))).open("rb") as file:
        document = json.loads(file.read(_LARGEST))
    return (f"{name}:{tag}" for tag in document.get("tags", {}))
