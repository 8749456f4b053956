"""How a run goes on: a picture on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from rich.console import RenderableType
from rich.live import Live

from gcrsync.cli.console import Screen, counted
from gcrsync.cli.tally import Tally, name_of
from gcrsync.cli.view import View, line
from gcrsync.errors import one_line
from gcrsync.metadata.markdown import size as size_for_people
from gcrsync.mirror.outcome import Outcome, Problem

EVERY_SECONDS = 20.0
"""How often a plain line is printed; CI services end a job that says nothing for ten minutes, people look away after one."""

_A_SECOND = 5
"""How often the picture on a terminal is drawn anew."""


class PlainProgress(Tally):
    """Lines on standard error: one for each failure at once, and one about everything every so often, also when nothing moves."""

    def __init__(self, screen: Screen, every: float = EVERY_SECONDS) -> None:
        """Print to this screen, ``every`` so many seconds."""
        super().__init__()
        self._screen, self._every = screen, every

    @contextmanager
    def running(self) -> Iterator[Tally]:
        """Watch for as long as the context lasts."""
        with repeated(lambda: self._screen.note(line(self.standing())), self._every):
            yield self

    def began(self, what: str) -> None:
        """Say what is done."""
        super().began(what)
        self._screen.note(what)

    def planned(self, images: int, size: int) -> None:
        """Say how much there is to do."""
        super().planned(images, size)
        if images:
            self._screen.note(f"copying {counted(images, 'image')}" + (f", {size_for_people(size)} or more" if size else ""))

    def finished(self, outcome: Outcome) -> None:
        """Count it, and say so where it failed."""
        super().finished(outcome)
        _say_problem(self._screen.note, outcome)

    def said(self, line: str) -> None:
        """Pass it on."""
        self._screen.note(line)


class LiveProgress(Tally):
    """A picture on a terminal: bars over images and bytes, for each image that is being copied, and for what hosts have left."""

    def __init__(self, screen: Screen) -> None:
        """Draw on this screen's standard error."""
        super().__init__()
        self._screen, self._view = screen, View(self.standing())

    @contextmanager
    def running(self) -> Iterator[Tally]:
        """Watch for as long as the context lasts."""
        with shown(self._screen, self._drawn):
            yield self

    def finished(self, outcome: Outcome) -> None:
        """Count it, and say above the picture where it failed."""
        super().finished(outcome)
        _say_problem(self._screen.note, outcome)

    def said(self, line: str) -> None:
        """Print it above the picture."""
        self._screen.note(line)

    def _drawn(self) -> View:
        self._view.standing = self.standing()
        return self._view


Watched = PlainProgress | LiveProgress
"""What shows a run, and knows in the end what it has reached."""


def progress(screen: Screen) -> Watched:
    """Give what shows a run on this screen: live where it is a terminal, by lines elsewhere."""
    return LiveProgress(screen) if screen.live else PlainProgress(screen)


def shown(screen: Screen, drawn: Callable[[], RenderableType]) -> Live:
    """Give the context in which a picture is drawn on a terminal again and again, and wiped away at its end."""
    return Live(get_renderable=drawn, console=screen.err, refresh_per_second=_A_SECOND, transient=True)


@contextmanager
def repeated(work: Callable[[], object], every: float) -> Iterator[None]:
    """Do something ``every`` so many seconds, in a thread, for as long as the context lasts."""
    ended = Event()

    def repeat() -> None:
        while not ended.wait(every):
            work()

    thread = Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _say_problem(say: Callable[[str], None], outcome: Outcome) -> None:
    if outcome.problem is Problem.FAILED or outcome.why is not None:
        say(one_line(f"{'held' if outcome.why else 'failed'}: {name_of(outcome.step)}: {outcome.reason}"))
