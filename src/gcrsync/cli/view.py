"""Where a run is, as people see it: a picture that moves on a terminal, and a line elsewhere."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Column, Table
from rich.text import Text

from gcrsync.cli.console import counted
from gcrsync.cli.quantities import told_seconds
from gcrsync.metadata.markdown import size
from gcrsync.metadata.status import Copying, Pulls, Standing

_MOST_NAMES = 3
"""How many images a line names."""

_BARS = ((100, 28), (72, 14), (0, 4))
"""How long bars are on terminals that have at least so many columns."""

_BETWEEN = 5
"""The columns that the wheel and the gaps take."""

_SHORTEST = 12
_Row = tuple[str, ProgressBar, str]


class View:
    """The picture of a standing, for as long as it is shown: its wheel goes on from one standing to the next."""

    def __init__(self, standing: Standing) -> None:
        """Begin with this standing; others may be put in its place."""
        self.standing = standing
        self._wheel = Spinner("dots")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it: where there is little room, bars are short, and of long names the end is shown, which tells them apart."""
        width = next(width for least, width in _BARS if options.max_width >= least)
        rows = list(_rows(self.standing, width))
        room = options.max_width - width - max(cell_len(told) for _, _, told in rows) - _BETWEEN
        table = Table.grid(Column(width=1), Column(no_wrap=True), Column(width=width), Column(no_wrap=True), padding=(0, 1))
        for number, (name, bar, told) in enumerate(rows):
            table.add_row("" if number else self._wheel, Text(_end(name, max(room, _SHORTEST))), bar, Text(told))
        yield table
        for told in _next(self.standing):
            yield Text(f"  {told}", no_wrap=True, overflow="ellipsis")


def line(standing: Standing) -> str:
    """Say in one line where the run is."""
    now = ", ".join(each.image for each in standing.copying[:_MOST_NAMES])
    more = [*map(_pulls, standing.pulls), *_next(standing), *([f"now {now}"] if now else [])]
    return "; ".join((_reached(standing), *more))


def _reached(standing: Standing) -> str:
    if standing.images and standing.doing != "copying":
        return f"asked for {_of(standing, 'name')}"
    if not standing.images:
        return f"{standing.doing}: {standing.listed:,} listed" if standing.listed else standing.doing
    return f"copying: {_of(standing, 'image')}, {_sent(standing)}"


def _rows(standing: Standing, width: int) -> Iterator[_Row]:
    """Give what is done as a whole, then the bytes, each image under way, each host that counts, and what comes next."""
    clock = told_seconds(standing.elapsed)
    if standing.images:
        thing = "image" if standing.doing == "copying" else "name"
        yield standing.doing, _bar(standing.done, standing.images, width), f"{_of(standing, thing)}; {clock}"
    else:
        listed = f"{standing.listed:,} listed; " if standing.listed else ""
        yield standing.doing, _bar(0, 0, width), f"{listed}{clock}"
    if standing.doing == "copying":
        yield "  bytes", _bar(standing.sent, standing.expected, width), _sent(standing)
    for each in standing.copying:
        yield f"  {each.image}", _bar(each.sent, each.size, width), _copied(each)
    for pulls in standing.pulls:
        yield f"  {pulls.host}", _bar(pulls.left, pulls.most, width), _pulls(pulls).partition(": ")[2]


def _end(name: str, room: int) -> str:
    """Give a name in so many columns, without its beginning where it is too long."""
    return name if cell_len(name) <= room else f"  …{name[3 - room :]}"


def _bar(done: int, whole: int, width: int) -> ProgressBar:
    """Give a bar, which moves by itself where nobody knows the whole."""
    return ProgressBar(total=whole or None, completed=min(done, whole) if whole else 0, width=width, pulse=not whole)


def _of(standing: Standing, thing: str) -> str:
    failed = f", {standing.failed:,} failed" if standing.failed else ""
    return f"{standing.done:,} of {counted(standing.images, thing)}{failed}"


def _sent(standing: Standing) -> str:
    of = f" of {size(standing.expected)}" if standing.expected > standing.sent else ""
    return f"{size(standing.sent)}{of}{_rate(standing.rate)}"


def _copied(each: Copying) -> str:
    of = f" of {size(each.size)}" if each.size > each.sent else ""
    return f"{size(each.sent)}{of}{_rate(each.rate)}"


def _rate(rate: int) -> str:
    return f", {size(rate)}/s" if rate else ""


def _pulls(pulls: Pulls) -> str:
    return f"{pulls.host}: {pulls.left:,} of {counted(pulls.most, 'pull')} left"


def _next(standing: Standing) -> Iterator[str]:
    """Say what comes, and when, the next first: a pause explains why nothing moves, also where a checkpoint is nearer."""
    for number, due in enumerate(standing.due):
        yield f"{'then' if number else 'next'}, in {told_seconds(due.seconds)}: {due.what}"
