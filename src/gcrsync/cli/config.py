"""``gcrsync.toml``: what to mirror, to where, and by which rules."""

import re
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from gcrsync.cli.table import Table, read_tables
from gcrsync.cli.toml_lines import line_of_parser_error, line_of_top_key
from gcrsync.errors import InvalidConfigError

FILE_NAME = "gcrsync.toml"

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~%-]*)*")
"""An address without anything secret in it, and without what ends a link in Markdown."""


def parse_config(text: str, path: str) -> tuple[Table, ...]:
    """Read a configuration; ``path`` names it in errors.

    Raises InvalidConfigError with the line of what is wrong: no TOML, unknown keys, wrong types, malformed names and patterns, or
    tables whose selections overlap, or a site that is no address.
    """
    document = _document(text, path)
    _site(document, text, path)
    tables = document.get("mirror", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InvalidConfigError(path, line_of_top_key(text, "mirror"), "expected [[mirror]] tables (with two brackets)")
    read = tuple(table for number, values in enumerate(tables) for table in read_tables(text, path, number, values))
    _refuse_overlaps(read, path)
    _refuse_two_libraries(read, path)
    return read


def read_config(path: Path) -> tuple[Table, ...]:
    """Read the configuration file; InvalidConfigError where it cannot be read."""
    return parse_config(_read(path), str(path))


def read_site(path: Path) -> str:
    """Give the address of the site from the configuration file, with a ``/`` at its end, or nothing where it names none."""
    text = _read(path)
    return _site(_document(text, str(path)), text, str(path))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidConfigError(str(path), 0, "not UTF-8 text") from error
    except OSError as error:
        raise InvalidConfigError(str(path), 0, f"cannot be read: {error.strerror}") from error


def _document(text: str, path: str) -> dict[str, object]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfigError(path, line_of_parser_error(text, str(error)), f"not TOML: {error}") from error
    except RecursionError as error:
        raise InvalidConfigError(path, 0, "not TOML that can be read: nested too deep") from error
    for key in document:
        if key not in ("mirror", "site"):
            raise InvalidConfigError(path, line_of_top_key(text, key), f"unknown key {key!r}; expected [[mirror]] tables")
    return document


def _site(document: Mapping[str, object], text: str, path: str) -> str:
    site = document.get("site", "")
    if site == "":
        return ""
    if not isinstance(site, str) or not _ADDRESS.fullmatch(site):
        reason = "expected the address of the site without a query, such as 'https://acme.github.io/mirror/'"
        raise InvalidConfigError(path, line_of_top_key(text, "site"), reason)
    return f"{site.removesuffix('/')}/"


def _refuse_overlaps(tables: tuple[Table, ...], path: str) -> None:
    """Refuse tables of which it is certain that both select the same repository; the rest is seen when they are listed."""
    for position, table in enumerate(tables):
        for other in tables[:position]:
            nested = other.source.covers(table.source) or table.source.covers(other.source)
            same_images = table.source == other.source and table.include == other.include
            outer = other if other.source.covers(table.source) else table
            if (nested and outer.selects_all) or same_images:
                reason = f"{table.source} is selected by the table at line {other.line} too; a repository has one mirror"
                raise InvalidConfigError(path, table.line, reason)


def _refuse_two_libraries(tables: tuple[Table, ...], path: str) -> None:
    """Refuse to read official-images in two places: there is one record of what was read."""
    reading = [table for table in tables if table.official_images]
    for first, table in pairwise(reading):
        if table.official_images != first.official_images:
            reason = f"official_images is another one than in the table at line {first.line}; all have to name the same"
            raise InvalidConfigError(path, table.line, reason)


def config_beside(root: Path) -> Path | None:
    """Give the configuration file at the root of a metadata repository, None where there is none."""
    path = root / FILE_NAME
    return path if path.is_file() else None
