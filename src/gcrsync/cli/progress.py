"""How a run goes on: bars on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from gcrsync.cli.console import Screen, counted
from gcrsync.errors import one_line
from gcrsync.metadata.markdown import size as size_for_people
from gcrsync.mirror.outcome import Outcome, Problem, Step
from gcrsync.oci.name import Namespace
from gcrsync.sync.progress import Watch

_EVERY_SECONDS = 20.0
"""How often a plain line is printed; CI services end a job that says nothing for ten minutes, people look away after one."""


class _Tally:
    """What has been reached, counted under a lock: each method may be called from any thread."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.doing = "starting"
        self.listed = self.images = self.done = self.failed = self.sent = 0
        self.current: dict[Step, None] = {}
        self.left: dict[str, str] = {}

    def line(self) -> str:
        """Say in one line where the run is."""
        with self.lock:
            if not self.images:
                return f"{self.doing}: {self.listed:,} listed" if self.listed else self.doing
            now = ", ".join(_name(step) for step in list(self.current)[:3])
            text = f"{self.done:,} of {counted(self.images, 'image')}, {size_for_people(self.sent)}"
            failed = f", {self.failed:,} failed" if self.failed else ""
            left = "".join(f"; {host}: {pulls}" for host, pulls in self.left.items())
            return f"copying: {text}{failed}{left}" + (f"; now {now}" if now else "")


class PlainProgress(Watch):
    """Lines on standard error: one for each failure at once, and one about everything every so often, also when nothing moves."""

    def __init__(self, screen: Screen, every: float = _EVERY_SECONDS) -> None:
        """Print to this screen, ``every`` so many seconds."""
        self._screen, self._every, self._tally = screen, every, _Tally()

    @contextmanager
    def running(self) -> Iterator[Watch]:
        """Watch for as long as the context lasts."""
        ended = Event()
        thread = Thread(target=self._tick, args=(ended,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()

    def began(self, what: str) -> None:
        """Say what is done."""
        self._screen.note(what)
        with self._tally.lock:
            self._tally.doing = what

    def listed(self, path: Namespace) -> None:
        """Count it."""
        del path
        with self._tally.lock:
            self._tally.listed += 1

    def asked(self, names: int, of: int) -> None:
        """Keep it in mind."""
        with self._tally.lock:
            self._tally.doing = f"asked for {names:,} of {counted(of, 'name')}"

    def planned(self, images: int, size: int) -> None:
        """Say how much there is to do."""
        with self._tally.lock:
            self._tally.images = images
        if images:
            self._screen.note(f"copying {counted(images, 'image')}" + (f", {size_for_people(size)} or more" if size else ""))

    def started(self, step: Step) -> None:
        """Keep it in mind."""
        with self._tally.lock:
            self._tally.current[step] = None

    def moved(self, step: Step, size: int) -> None:
        """Count the bytes."""
        del step
        with self._tally.lock:
            self._tally.sent += size

    def finished(self, outcome: Outcome) -> None:
        """Count it, and say so where it failed."""
        with self._tally.lock:
            self._tally.current.pop(outcome.step, None)
            self._tally.done += 1
            self._tally.failed += outcome.problem is Problem.FAILED
        _say_problem(self._screen.note, outcome)

    def left(self, host: str, pulls: int, most: int) -> None:
        """Say it in the next line."""
        with self._tally.lock:
            self._tally.left[host] = _left(pulls, most)

    def said(self, line: str) -> None:
        """Pass it on."""
        self._screen.note(line)

    def _tick(self, ended: Event) -> None:
        while not ended.wait(self._every):
            self._screen.note(self._tally.line())


class LiveProgress(Watch):
    """Bars on a terminal: one over images and bytes, and one for each image that is being copied."""

    def __init__(self, screen: Screen) -> None:
        """Draw on this screen's standard error."""
        self._screen, self._lock = screen, Lock()
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[text]}", markup=False),
            TimeElapsedColumn(),
            console=screen.err,
            transient=True,
        )
        self._whole: TaskID | None = None
        self._bytes: TaskID | None = None
        self._steps: dict[Step, TaskID] = {}
        self._left: dict[str, TaskID] = {}
        self._listed = self._images = self._done = self._sent = self._expected = 0

    @contextmanager
    def running(self) -> Iterator[Watch]:
        """Watch for as long as the context lasts."""
        with self._bars:
            yield self

    def began(self, what: str) -> None:
        """Show what is done."""
        with self._lock:
            self._listed = 0
            self._show_whole(what, total=None, text="")

    def listed(self, path: Namespace) -> None:
        """Count it."""
        del path
        with self._lock:
            self._listed += 1
            if self._whole is not None:
                self._bars.update(self._whole, text=f"{self._listed:,} listed")

    def asked(self, names: int, of: int) -> None:
        """Count it."""
        with self._lock:
            if self._whole is None:
                self._show_whole("asking", total=max(of, 1), text="")
            else:
                self._bars.update(self._whole, completed=names, text=f"{names:,} of {counted(of, 'name')}")

    def planned(self, images: int, size: int) -> None:
        """Show how much there is to do."""
        with self._lock:
            self._images, self._expected = images, size
            self._show_whole("copying", total=max(images, 1), text=f"0 of {counted(images, 'image')}")
            self._bytes = self._bars.add_task("  bytes", total=size or None, text="")

    def started(self, step: Step) -> None:
        """Show it."""
        with self._lock:
            total = step.described.size or None
            self._steps[step] = self._bars.add_task(f"  {_name(step)}", total=total, text="")

    def moved(self, step: Step, size: int) -> None:
        """Count the bytes."""
        with self._lock:
            self._sent += size
            task = self._steps.get(step)
            if task is not None:
                self._bars.update(task, advance=size)
                done = next((bar.completed for bar in self._bars.tasks if bar.id == task), 0)
                self._bars.update(task, text=size_for_people(int(done)))
            self._show_counts()

    def finished(self, outcome: Outcome) -> None:
        """Take it away, and say so where it failed."""
        with self._lock:
            task = self._steps.pop(outcome.step, None)
            if task is not None:
                self._bars.remove_task(task)
            self._done += 1
            self._show_counts()
        _say_problem(self._screen.note, outcome)

    def said(self, line: str) -> None:
        """Print it above the bars."""
        self._screen.note(line)

    def left(self, host: str, pulls: int, most: int) -> None:
        """Show what is left as a bar of its own, which grows shorter."""
        with self._lock:
            if host not in self._left:
                self._left[host] = self._bars.add_task(f"  {host}", total=max(most, 1), text="")
            self._bars.update(self._left[host], completed=pulls, text=_left(pulls, most))

    def _show_whole(self, description: str, total: float | None, text: str) -> None:
        if self._whole is not None:
            self._bars.remove_task(self._whole)
        self._whole = self._bars.add_task(description, total=total, text=text)

    def _show_counts(self) -> None:
        if self._whole is not None:
            self._bars.update(self._whole, completed=self._done, text=f"{self._done:,} of {counted(self._images, 'image')}")
        if self._bytes is not None:
            expected = f" of {size_for_people(self._expected)}" if self._expected > self._sent else ""
            self._bars.update(self._bytes, completed=self._sent, text=f"{size_for_people(self._sent)}{expected}")


@contextmanager
def progress(screen: Screen) -> Iterator[Watch]:
    """Watch a run on this screen: live where it is a terminal, by lines elsewhere."""
    watch = LiveProgress(screen) if screen.live else PlainProgress(screen)
    with watch.running() as running:
        yield running


def _left(pulls: int, most: int) -> str:
    return f"{pulls:,} of {counted(most, 'pull')} left"


def _name(step: Step) -> str:
    more = f" and {len(step.tags) - 1} more" if len(step.tags) > 1 else ""
    return f"{step.source}:{step.tags[0]}{more}" if step.tags else f"{step.source}@{step.digest}"


def _say_problem(say: Callable[[str], None], outcome: Outcome) -> None:
    if outcome.problem is Problem.FAILED or outcome.why is not None:
        say(one_line(f"{'held' if outcome.why else 'failed'}: {_name(outcome.step)}: {outcome.reason}"))
