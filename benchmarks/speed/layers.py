"""Makes the bytes of layers: gzipped tars of this machine's own files, topped up with filler to the size that is wanted."""

import gzip
import io
import tarfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from benchmarks.namespaces.builder import seeded
from benchmarks.speed.shape import Layer

_FOLDERS = (Path("/usr/lib"), Path("/usr/share"))
_SMALLEST = 64 * 1024
"""A layer smaller than this is filler alone, in bytes."""

_TRIES = 32
"""How many files in succession may be too large for what a layer lacks, before filler takes their place."""

_QUICK = 1


class _Filler(io.RawIOBase):
    """Incompressible bytes without end, the same for the same name."""

    def __init__(self, name: str) -> None:
        self._random = seeded(name)

    def read(self, size: int = -1, /) -> bytes:
        return self._random.randbytes(size)


def real_files() -> Iterator[Path]:
    """Give the machine's files in the order of their names, each to be taken by one layer."""
    found = chain.from_iterable(sorted(folder.rglob("*")) for folder in _FOLDERS)
    return (file for file in found if file.is_file() and not file.is_symlink())


def write_layer(layer: Layer, files: Iterator[Path], target: Path) -> None:
    """Write a layer to a file: the same name, size and files give the same bytes."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", _QUICK, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        if layer.size >= _SMALLEST:
            _add_files(tar, files, layer.size, raw.tell)
        packed.flush()
        filler = tarfile.TarInfo("filler")
        filler.size = max(layer.size - raw.tell(), 1)
        tar.addfile(filler, _Filler(layer.name))


def _add_files(tar: tarfile.TarFile, files: Iterator[Path], size: int, written: Callable[[], int]) -> None:
    """Add files as long as one is found that surely fits, even where it cannot be compressed."""
    misfits = 0
    while misfits < _TRIES and (file := next(files, None)):
        length = file.stat().st_size
        if written() + length > size:
            misfits += 1
            continue
        misfits = 0
        entry = tarfile.TarInfo(file.as_posix().removeprefix("/"))
        entry.size = length
        with file.open("rb") as content:
            tar.addfile(entry, content)
