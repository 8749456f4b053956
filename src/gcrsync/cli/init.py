"""``gcrsync init``: make a metadata repository of the git repository that one stands in."""

from pathlib import Path

from gcrsync.cli.command import Exit
from gcrsync.cli.config import FILE_NAME, parse_config
from gcrsync.cli.console import Screen
from gcrsync.cli.job import destination
from gcrsync.errors import StoreError, UsageError
from gcrsync.metadata.pages import FIRST_PAGE
from gcrsync.metadata.paths import README
from gcrsync.oci.name import Namespace
from gcrsync.store.history import History


def initialize(screen: Screen, history: History, source: str, to: str) -> Exit:
    """Write a configuration with one table, and the first page of the metadata; what is there already is left alone.

    Raises UsageError where there is a configuration, InvalidNameError and InvalidConfigError for what cannot be one, and StoreError
    where a file cannot be written.
    """
    config = history.root / FILE_NAME
    if config.exists():
        raise UsageError(f"there is a {config} already", hint="add a [[mirror]] table to it")
    destination(to, None, history.root, history.root)
    text = f'[[mirror]]\nsource = "{Namespace.parse(source)}"\ndestination = "{to}"\n'
    parse_config(text, str(config))
    _write(config, text)
    screen.result(f"wrote {config}")
    page = history.root / README
    if not page.exists():
        _write(page, FIRST_PAGE)
        screen.result(f"wrote {page}")
    screen.note("commit them, look at what `gcrsync compare` says, then run `gcrsync sync`")
    return Exit.DONE


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"writing {path}: {error.strerror}") from error
