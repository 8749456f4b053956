"""How a run goes on, in a file that it replaces each second, and what another terminal shows of that."""

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from gcrsync.cli.command import Exit, code_of, now, stopped_within
from gcrsync.cli.console import Screen
from gcrsync.cli.progress import EVERY_SECONDS, repeated, shown
from gcrsync.cli.run_options import MonitorOptions
from gcrsync.cli.tally import Tally
from gcrsync.cli.view import View, line
from gcrsync.errors import GcrsyncError, InvalidMetadataError, StoreError
from gcrsync.metadata.status import Standing, Status, parse_status, status_json
from gcrsync.metadata.timestamp import format_time
from gcrsync.store.files import replace
from gcrsync.sync.stop import Stop

_SECOND = 1.0
"""How often the file is replaced, and looked at."""

PATIENCE = 15.0
"""For how many seconds a file may stay as it is before its run is taken for dead."""

_LARGEST = 1 << 20


class StatusFile:
    """The file, from before a run begins until its exit code is known; without a place there is none, and nothing is done."""

    def __init__(self, screen: Screen, place: Path | None, command: str, tally: Tally) -> None:
        """Write nothing yet; the tally says where the run is, and trouble is told on this screen."""
        self._screen, self._place, self._command, self._tally = screen, place, command, tally
        self._started = now()
        self._code: Exit | None = None
        self._troubled = False

    @contextmanager
    def kept(self, every: float = _SECOND) -> Iterator[None]:
        """Write the file at once, ``every`` so many seconds whatever the run is at, and with its exit code in the end.

        Raises StoreError for a file that cannot be written at once.
        """
        if self._place is None:
            yield
            return
        _check_ours(self._place)
        self._write(self._place)
        try:
            with repeated(self._try, every):
                yield
        except GcrsyncError as error:
            self.end(code_of(error))
            raise
        except KeyboardInterrupt:
            self.end(Exit.STOPPED)
            raise
        except Exception:
            self.end(Exit.DEFECT)
            raise
        finally:
            self._try()

    def end(self, code: Exit) -> None:
        """Have the file say how the run has ended, from the next time that it is written."""
        self._code = code

    def _try(self) -> None:
        """Write, and go on where that cannot be done: the run is worth more than what is told of it."""
        try:
            if self._place is not None:
                self._write(self._place)
        except StoreError as error:
            if not self._troubled:
                self._screen.warn(f"the status of the run is not told any more: {error}")
            self._troubled = True

    def _write(self, place: Path) -> None:
        standing, code = self._tally.standing(), self._code
        if code is not None:
            standing = dataclasses.replace(standing, copying=(), due=())
        status = Status(self._command, self._started, now(), None if code is None else int(code), standing)
        replace(place.parent, place.name, status_json(status).encode())


def _check_ours(place: Path) -> None:
    """Refuse, with StoreError, a place that has something else than the status of a run or an empty file, which would be gone."""
    hint = "name another file for the status"
    try:
        if not place.exists():
            return
        if not place.is_file():
            raise StoreError(f"{place} is no plain file, and would be replaced", hint=hint)
        text = _read_some(place)
    except OSError as error:
        raise StoreError(f"cannot write {place}: {error.strerror}") from error
    try:
        if text:
            parse_status(text, str(place))
    except InvalidMetadataError as error:
        raise StoreError(f"{place} is not the status of a run, and would be replaced", hint=hint) from error


def _read_some(place: Path) -> str:
    """Read no more of a file than is enough to know that it is too large."""
    with place.open("rb") as file:
        return file.read(_LARGEST + 1).decode(errors="replace")


class _Reader:
    """What the file has said, and when that was new, by our own clock."""

    def __init__(self, place: Path, patience: float) -> None:
        self._place, self._patience = place, patience
        self._text, self._since = "", time.monotonic()
        self.status: Status | None = None

    def has_ended(self) -> bool:
        """Whether the file says that the run has ended."""
        return self.status is not None and self.status.exit is not None

    def look(self) -> Status | None:
        """Read the file, and give what it says if that is new.

        Raises StoreError where nothing was new for too long, InvalidMetadataError for rubbish.
        """
        text = self._read()
        if text == self._text:
            self._check()
            return None
        self._text, self._since = text, time.monotonic()
        self.status = parse_status(text, str(self._place))
        return self.status

    def _read(self) -> str:
        """Give the text; a file that is not there, as before a run, is as good as one that stays as it is."""
        try:
            text = _read_some(self._place)
        except FileNotFoundError:
            return self._text
        except OSError as error:
            raise StoreError(f"cannot read {self._place}: {error.strerror}") from error
        if len(text) > _LARGEST:
            raise InvalidMetadataError(str(self._place), 0, "too large for the status of a run")
        return text

    def _check(self) -> None:
        if time.monotonic() - self._since < self._patience:
            return
        if self.status is None:
            raise StoreError(f"there is no {self._place}", hint="begin the run with --status and the same file")
        hint = "look at the run itself; what it had confirmed is found by the next one"
        raise StoreError(f"{self._place} is not replaced any more: the run has died, or its machine stands still", hint=hint)


def follow(screen: Screen, options: MonitorOptions, place: Path, stop: Stop, patience: float = PATIENCE) -> Exit:
    """Show a run that writes such a file until it has ended.

    Raises StoreError where the file stays as it is for so many seconds, or cannot be read, InvalidMetadataError for another file.
    """
    reader, view = _Reader(place, patience), View(Standing(doing=f"waiting for {place}"))
    moves, told_at = screen.live and not options.json, -EVERY_SECONDS
    with shown(screen, lambda: view) if moves else nullcontext():
        while not reader.has_ended():
            new = reader.look()
            if new is not None:
                view.standing = new.standing
                if options.json:
                    screen.document(status_json(new))
                elif not (moves or reader.has_ended()) and time.monotonic() - told_at >= EVERY_SECONDS:
                    told_at = time.monotonic()
                    screen.note(line(new.standing))
            if not reader.has_ended() and stopped_within(stop, _SECOND):
                return Exit.STOPPED
    if reader.status is not None and not options.json:
        screen.note(line(view.standing))
        ended = format_time(reader.status.updated)
        screen.result(f"gcrsync {reader.status.command} ended at {ended} with exit code {reader.status.exit}")
    return Exit.DONE
