"""What is the same for every command: its options as one value, its failures as one line, its end as an exit code."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from enum import IntEnum
from inspect import Parameter, Signature
from threading import Timer
from types import FrameType
from typing import TypeVar, get_type_hints

import typer

from gcrsync.archive.invalid import InvalidArchiveError
from gcrsync.cli.console import Screen
from gcrsync.cli.record_options import Told
from gcrsync.errors import GcrsyncError, GitError, InputError, LimitError, NotFoundError, PullLimitError, StoppedError
from gcrsync.metadata.sheet import Sheet
from gcrsync.mirror.ending import Ending
from gcrsync.registry.program import end_programs
from gcrsync.store.command import end_all
from gcrsync.sync.stop import Stop

Options = TypeVar("Options")
THREADS = "gcrsync"
"""How the names of the threads begin that do the work of a run."""

LIMITS = {Ending.DEADLINE: "--deadline", Ending.BYTES: "--max-bytes"}
"""The options that end a run."""

_LOOK_SECONDS = 0.05
"""How often it is looked whether a run was asked to stop, by whoever waits for that."""

_STOPPING = b"\ngcrsync: stopping; a second signal ends at once\n"


class Exit(IntEnum):
    """How the program ends. Where several hold, the first of DEFECT, STOPPED, USAGE, RECORD, IMAGES, BUDGET, DELTA, DONE."""

    DONE = 0
    """Everything was done, or there was nothing to do."""
    IMAGES = 1
    """Some images failed; the others are copied and recorded."""
    USAGE = 2
    """A name, an option or the configuration cannot be used."""
    RECORD = 3
    """A listing failed, or the metadata could not be read or written."""
    BUDGET = 4
    """Stopped by a limit that the user set, or by the pull limit of a source."""
    DELTA = 10
    """There is something to do, and the user asked to be told so."""
    DEFECT = 70
    """gcrsync itself is at fault."""
    STOPPED = 130
    """A signal ended the run; what was confirmed is recorded."""


_CODES: tuple[tuple[type[GcrsyncError], Exit], ...] = (
    (LimitError, Exit.BUDGET),
    (StoppedError, Exit.STOPPED),
    (InputError, Exit.USAGE),
    (PullLimitError, Exit.BUDGET),
    (NotFoundError, Exit.IMAGES),
    (InvalidArchiveError, Exit.IMAGES),
)
"""How the program ends for an error that ends a command; the first that fits counts, and for any other it is RECORD."""

_FIRST_TO_LAST = (Exit.DEFECT, Exit.STOPPED, Exit.USAGE, Exit.RECORD, Exit.IMAGES, Exit.BUDGET, Exit.DELTA)


def first(codes: set[Exit]) -> Exit:
    """Give the code that counts among several."""
    return next((code for code in _FIRST_TO_LAST if code in codes), Exit.DONE)


def takes(options: type[Options]) -> Callable[[Callable[[Options], Exit]], Callable[..., None]]:
    """Make a command of a function that takes a dataclass of options and gives an exit code.

    Each field of the dataclass is an option of the command.
    """

    def decorate(function: Callable[[Options], Exit]) -> Callable[..., None]:
        def command(**values: object) -> None:
            given = options(**values)
            raise typer.Exit(_ended(function, given, verbose=bool(values.get("verbose"))))

        command.__doc__ = function.__doc__
        command.__name__ = function.__name__
        command.__annotations__ = get_type_hints(options, include_extras=True)
        command.__signature__ = _signature(options)  # type: ignore[attr-defined]  # which typer reads, as inspect does
        return command

    return decorate


def _signature(options: type[object]) -> Signature:
    hints = get_type_hints(options, include_extras=True)
    parameters = [
        Parameter(
            each.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if each.default is MISSING else each.default,
            annotation=hints[each.name],
        )
        for each in fields(options)  # type: ignore[arg-type]  # the options are dataclasses
    ]
    return Signature(parameters)


def _ended(function: Callable[[Options], Exit], options: Options, *, verbose: bool) -> int:
    """Run a command, and tell of what it raises: the one place where errors become messages and exit codes."""
    screen, command, started = Screen(verbose=verbose), function.__name__, now()
    try:
        _check(options)
        return function(options)
    except GcrsyncError as error:
        screen.fail(error)
        _tell_failed(screen, options, Sheet(command, started, code_of(error), error=str(error)), error)
        return code_of(error)
    except KeyboardInterrupt:
        screen.note("gcrsync: stopped")
        return Exit.STOPPED
    except Exception as error:  # noqa: BLE001 - a defect is told as one, and never as a traceback
        screen.defect(error)
        told = GcrsyncError(f"a defect of gcrsync: {type(error).__name__}: {error}", hint="see what it has printed")
        with suppress(Exception):  # it may be in what tells
            _tell_failed(screen, options, Sheet(command, started, Exit.DEFECT, error=str(told)), told)
        return Exit.DEFECT


def _check(options: object) -> None:
    """Refuse files that nothing could be told in, before anything is done."""
    if isinstance(options, Told):
        from gcrsync.cli.reporting import check_files  # noqa: PLC0415 - which help has no use for

        check_files(options)


def _tell_failed(screen: Screen, options: object, sheet: Sheet, error: GcrsyncError) -> None:
    """Tell whoever does not look, also where there is nothing to tell but the error."""
    if isinstance(options, Told):
        from gcrsync.cli.reporting import tell_failed  # noqa: PLC0415 - which help has no use for

        tell_failed(screen, options, sheet, error)


def code_of(error: GcrsyncError) -> Exit:
    """Give the exit code of a command that an error has ended."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.RECORD)


@contextmanager
def stoppable(deadline: float | None = None, most: int | None = None) -> Iterator[Stop]:
    """Give what the first SIGINT, SIGTERM or SIGHUP asks to stop; the second ends the process at once.

    So do so many seconds, and ``most`` bytes that are sent. Raises StoppedError for whatever fails because it was stopped, and
    LimitError where it was such a limit.
    """
    stop = Stop(time.monotonic, most)
    signalled = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal signalled
        del number, frame
        if signalled:
            end_all()
            end_programs()
            os._exit(Exit.STOPPED)
        signalled = True
        stop.ask(Ending.SIGNAL)
        with suppress(OSError):  # the terminal may be what is gone
            os.write(2, _STOPPING)  # all that a signal handler may do to tell

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    timer = Timer(deadline, stop.ask, (Ending.DEADLINE,)) if deadline is not None else None
    try:
        if timer is not None:
            timer.daemon = True
            timer.start()
        yield stop
    except (StoppedError, GitError) as error:
        if not stop():
            raise
        raise StoppedError if stop.ending not in LIMITS else LimitError(LIMITS[stop.ending]) from error
    finally:
        if timer is not None:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def stopped_within(stop: Stop, seconds: float) -> bool:
    """Wait, at most for so many seconds, and say whether the run was asked to stop."""
    until = time.monotonic() + seconds
    while not stop() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _LOOK_SECONDS))
    return stop()


def now() -> datetime:
    """Give the time in UTC, to the second, as it is recorded."""
    return datetime.now(UTC).replace(microsecond=0)
