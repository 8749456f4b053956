"""Draw what a program printed on a terminal, colours and all, as an SVG: ``make picture`` makes that of the README with it."""

import io
import sys

from rich.console import Console
from rich.text import Text

_COLUMNS = 112
_END = "# The record"


def picture(printed: str, title: str) -> str:
    """Give an SVG of the beginning of what was printed, up to where the demonstration shows its record."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(printed.partition(_END)[0].strip()))
    return console.export_svg(title=title)


if __name__ == "__main__":
    sys.stdout.write(picture(sys.stdin.read(), "gcrsync demo"))
