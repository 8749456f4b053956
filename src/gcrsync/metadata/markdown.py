"""Texts and numbers as people read them in Markdown; nothing that a registry says can become markup."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from gcrsync.errors import one_line

_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")
_KILO = 1000
_BARS = re.compile(r"\\*\|")


def code(text: str) -> str:
    """Give a text as a code span, in which Markdown reads no markup: on one line, with ``'`` for each backtick; empty if it is."""
    inner = one_line(text).replace("`", "'")
    return f"`{inner}`" if inner else ""


def link(text: str, path: str) -> str:
    """Give a link to a file, by its path from the folder of the page that the link stands in."""
    return f"[{code(text)}]({quote(path)})"


def row(cells: Iterable[str]) -> str:
    """Give a line of a table; a backslash before a ``|`` is left out, as readers do not agree which of them it would escape."""
    escaped = (_BARS.sub(r"\|", cell) for cell in cells)
    return f"| {' | '.join(escaped)} |"


def number(count: int) -> str:
    """Give a count with a comma before each three digits: ``1,234``."""
    return f"{count:,}"


def size(count: int) -> str:
    """Give a number of bytes in decimal units: ``999 B``, ``1.2 kB``, ``3.4 GB``."""
    if count < _KILO:
        return f"{count} B"
    powers = range(1, len(_UNITS) + 1)
    power = next((power for power in powers if _tenths(count, power) < 10 * _KILO), len(_UNITS))
    whole, tenth = divmod(_tenths(count, power), 10)
    return f"{whole:,}.{tenth} {_UNITS[power - 1]}"


def _tenths(count: int, power: int) -> int:
    """Give a number of bytes in tenths of a unit, rounded."""
    unit: int = _KILO**power
    return (10 * count + unit // 2) // unit
