"""``gcrsync init``: make a metadata repository of the git repository that one stands in."""

import json
from pathlib import Path

from gcrsync.cli.command import Exit
from gcrsync.cli.config import FILE_NAME, parse_config
from gcrsync.cli.console import Screen
from gcrsync.cli.job import destination
from gcrsync.errors import StoreError, UsageError
from gcrsync.metadata.pages import FIRST_PAGE
from gcrsync.metadata.paths import README
from gcrsync.mirror.naming import FolderDestination
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
    text = f"[[mirror]]\nsource = {_quoted(str(Namespace.parse(source)))}\ndestination = {_quoted(_from_root(to, history.root))}\n"
    parse_config(text, str(config))
    _write(config, text)
    screen.result(f"wrote {config}")
    page = history.root / README
    if not page.exists():
        _write(page, FIRST_PAGE)
        screen.result(f"wrote {page}")
    screen.note("commit them, look at what `gcrsync compare` says, then run `gcrsync sync`")
    return Exit.DONE


def _from_root(to: str, root: Path) -> str:
    """Give a destination as the configuration at the root has to name it: a relative folder counts from here, and there from it."""
    place = destination(to, None, Path.cwd(), root)
    return place.text if isinstance(place, FolderDestination) and not Path(place.folder).is_absolute() else to


def _quoted(text: str) -> str:
    """Give a text as a basic string of TOML, which is one of JSON where it has no DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"writing {path}: {error.strerror}") from error
