"""What people see: results on standard output, everything else on standard error, and no byte of a registry as it came."""

import sys
import traceback
from collections.abc import Container, Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gcrsync.errors import GcrsyncError, one_line

_STYLES = {
    "added": "green",
    "moved": "yellow",
    "gone": "magenta",
    "held": "cyan",
    "failed": "bold red",
    "warning": "yellow",
    "command": "bold",
}

_WIDE = 10_000
"""How many characters a line of a table may have where it goes to a program: one that is folded cannot be searched."""


class Screen:
    """Standard output and standard error. Texts are printed as they are: nothing in them is markup."""

    def __init__(self, *, verbose: bool = False) -> None:
        """Print to the process's own streams; with ``verbose`` an error comes with its whole chain."""
        self.out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._verbose, self._on_terminal = verbose, self.out.is_terminal
        if not self._on_terminal:
            self.out.width = _WIDE

    @property
    def live(self) -> bool:
        """Whether somebody looks at a terminal, on which things may move."""
        return sys.stderr.isatty() and self.err.is_terminal and not self.err.is_dumb_terminal

    def result(self, line: str, state: str = "") -> None:
        """Print a line of the result."""
        if self._on_terminal:
            self.out.print(Text(_printable(line), style=_STYLES.get(state, "")))
        else:
            self.document(f"{_printable(line)}\n")

    def document(self, text: str) -> None:
        """Print a whole document for programs, unchanged."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def mark(self, text: str) -> None:
        """Print what tells the program that shows standard error where it stands, unchanged and after what was printed before."""
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()

    def table(self, table: Table) -> None:
        """Print a table of the result."""
        with self.out.capture() as printed:
            self.out.print(table)
        self.document("".join(f"{line.rstrip(' ')}\n" for line in printed.get().splitlines()))

    def note(self, line: str) -> None:
        """Tell how things go."""
        self.err.print(Text(_printable(line)))

    def warn(self, line: str) -> None:
        """Tell of something that is not as it should be."""
        self.err.print(Text(f"warning: {one_line(line)}", style="yellow"))

    def fail_listing(self, path: str, reason: str) -> None:
        """Tell of a list that could not be had."""
        self.err.print(Text(f"not listed: {path}: {one_line(reason)}", style="bold red"))

    def fail(self, error: GcrsyncError) -> None:
        """Tell of a failure, in one line; with the whole chain where that is wanted."""
        self.err.print(Text(f"gcrsync: {error}", style="bold red"))
        if self._verbose:
            self.err.print(Text("".join(traceback.format_exception(error))))

    def defect(self, error: BaseException) -> None:
        """Tell of a defect of gcrsync itself: what happened and where in the code, and the whole chain where that is wanted."""
        place = traceback.extract_tb(error.__traceback__)[-1] if error.__traceback__ else None
        where = f" at {Path(place.filename).name}:{place.lineno}" if place else ""
        line = f"gcrsync: this is a defect of gcrsync: {type(error).__name__}{where}: {one_line(str(error))}"
        self.err.print(Text(f"{line}; please report it with the output of the same command and --verbose", style="bold red"))
        if self._verbose:
            self.err.print(Text("".join(traceback.format_exception(error))))


def _printable(line: str) -> str:
    """Give a line in which nothing moves the cursor or changes the terminal, whoever wrote it."""
    if line.isprintable():
        return line
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line)


def counted(count: int, thing: str, things: str = "") -> str:
    """Give a count of things: ``1 image``, ``1,234 images``; ``things`` is what many are called, if not with an ``s``."""
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"


def columns(head: Iterable[str], rows: Iterable[Iterable[str]], texts: Container[str] = ()) -> Table:
    """Give a table whose first column and those with these titles are ``texts``, and whose others are numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for position, title in enumerate(head):
        table.add_column(title, justify="right" if position and title not in texts else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
