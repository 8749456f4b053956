"""``gcrsync rewrite``: name the images in files as the mirror does."""

import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from gcrsync.cli.command import Exit
from gcrsync.cli.console import Screen
from gcrsync.cli.opening import opened
from gcrsync.cli.record_options import RewriteOptions
from gcrsync.cli.reporting import give
from gcrsync.clients.report import rewrite_json
from gcrsync.clients.rewriting import Catalogue, Rewritten
from gcrsync.clients.rewriting import rewrite as rewritten
from gcrsync.errors import UsageError
from gcrsync.store.files import rewrite as write
from gcrsync.sync.record import read_records

_STANDARD = "-"
"""The name that stands for standard input and output."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file that is named, as it was before."""

    name: str
    text: str

    @property
    def is_standard(self) -> bool:
        return self.name == _STANDARD


def rewrite(options: RewriteOptions) -> Exit:
    """Rewrite files, or standard input to standard output; nothing is written before all of them could be read."""
    screen = Screen(verbose=options.verbose)
    names = list(dict.fromkeys(options.files or [_STANDARD]))
    if options.json and _STANDARD in names and not options.check:
        raise UsageError("standard output is for the text itself", hint="use --report FILE, or --check, or name files")
    catalogue = Catalogue.of(read_records(opened(options.metadata_repo, branch=options.branch).head()))
    done = {file: _rewritten(file, catalogue, options) for file in map(_read, names)}
    code = Exit.IMAGES if options.check and any(file.text != after.text for file, after in done.items()) else Exit.DONE
    is_given = give(screen, options, rewrite_json({file.name: after for file, after in done.items()}, code))
    if not options.check:
        _write(screen, done)
    for file, after in done.items():
        _tell(screen, file, after, options)
    return code if is_given else Exit.RECORD


def _rewritten(file: _File, catalogue: Catalogue, options: RewriteOptions) -> Rewritten:
    return rewritten("" if file.is_standard else file.name, file.text, catalogue, pin=options.digest)


def _read(name: str) -> _File:
    """Read a file as it is, byte for byte; UsageError for what is no text in UTF-8, or no file."""
    try:
        if name == _STANDARD:
            return _File(name, sys.stdin.buffer.read().decode())
        path = Path(name)
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{name} is no file", hint="name the files themselves: gcrsync rewrite deploy/*.yaml")
        return _File(name, path.read_bytes().decode())
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 from byte {error.start} on", hint="nothing was changed") from error
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}", hint="nothing was changed") from error


def _write(screen: Screen, done: Mapping[_File, Rewritten]) -> None:
    for file, after in done.items():
        if file.is_standard:
            if isinstance(sys.stdout, TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8", newline="")  # as it was read, whatever the locale is
            screen.document(after.text)
        elif after.text != file.text:
            write(Path(file.name).resolve(), after.text.encode())


def _tell(screen: Screen, file: _File, after: Rewritten, options: RewriteOptions) -> None:
    """Tell what changed where standard output is free for it, and what could not be mapped."""
    for image in after.images:
        place = f"{file.name}:{image.line}: {image.text}"
        if image.mirror is None:
            screen.warn(f"{place} stays: {image.reason}")
        elif (options.check or not file.is_standard) and not options.json:
            screen.result(f"{place} -> {image.mirror}")
