"""The command that looks at what a run needs, and says what to do where that is not well: doctor."""

import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import platformdirs

from gcrsync.cli.command import THREADS, Exit, first, now, stoppable
from gcrsync.cli.config import config_beside
from gcrsync.cli.console import Screen, counted
from gcrsync.cli.doctor_options import DoctorOptions
from gcrsync.cli.job import Base, Choice, choices, job
from gcrsync.cli.opening import opened
from gcrsync.cli.options import CompareOptions
from gcrsync.cli.reporting import give
from gcrsync.cli.setup import insecure_hosts, means, network, temporary
from gcrsync.errors import GcrsyncError, InputError
from gcrsync.metadata.diagnosis import diagnosis_json
from gcrsync.mirror.diagnosis import Answer, Check, Diagnosis, Verdict
from gcrsync.mirror.naming import FolderDestination
from gcrsync.mirror.record import Records
from gcrsync.registry.program import end_programs
from gcrsync.store.checkup import git_version
from gcrsync.store.command import Git, end_all
from gcrsync.store.history import History
from gcrsync.store.opening import is_url
from gcrsync.sync.doctor import about_disk, about_git, about_network
from gcrsync.sync.endpoints import Endpoints
from gcrsync.sync.examine import Limits, Question, examine
from gcrsync.sync.job import Job, Mirror
from gcrsync.sync.progress import Watch
from gcrsync.sync.record import read_records
from gcrsync.sync.stop import Stop

_EXTRAS = {"dask": "distributed", "notify": "apprise"}
"""The extras, and the module by which each is known to be there."""

_AT_ONCE = 16
"""How many things are looked at together."""

_REQUESTS = 3
"""How many requests that get no answer fit into the time that there is."""

_MARGIN = 9
"""How many characters stand before a subject."""

_WIDEST = 28
"""How many characters the column of subjects may have: what is longer stands out, so that all others leave room for words."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a run would be asked to do, and by which tables."""

    job: Job
    chosen: tuple[Choice, ...]


def doctor(options: DoctorOptions) -> Exit:
    """Look at everything that a run needs."""
    screen, started, checks = Screen(verbose=options.verbose), now(), list[Check]()
    with stoppable() as stop, ExitStack() as stack:
        patient = _Patient(options, stop, stack)
        questions = tuple(patient.questions())
        width = min(_WIDEST, max(len(question.subject) for question in questions))
        executor = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=THREADS)
        stack.callback(executor.shutdown, wait=False, cancel_futures=True)
        for end in (end_all, end_programs):  # what has given no answer: nobody waits for it any more
            stack.callback(end)
        for check in examine(questions, executor, Limits(options.timeout, time.monotonic, stop)):
            checks.append(check)
            if not options.json:
                _print(screen, check, width)
        diagnosis = Diagnosis(started, tuple(checks), stop())
    return _finished(screen, options, diagnosis, misused=patient.misused)


class _Patient:
    """All that there is to look at; what cannot be opened is a question that is answered already.

    ``misused`` tells whether a name, an option or the configuration cannot be used, and a run would end with 2.
    """

    def __init__(self, options: DoctorOptions, stop: Stop, stack: ExitStack) -> None:
        self._options, self._stop, self._stack, self.misused = options, stop, stack, False

    def questions(self) -> Iterator[Question]:
        """Give the questions in the order in which their answers are told."""
        yield Question("gcrsync", _versions)
        named, branch, longest = self._options.metadata_repo, self._options.branch, self._options.timeout
        history = _tried(lambda: opened(named, self._stop, branch=branch, longest=longest))
        if isinstance(history, History):
            yield from self._about(history)
            return
        yield Question("git", lambda: Answer(git_version(Git(Path.cwd(), os.environ))))
        yield _failed("repository", history, "see what git says there, and put that right")
        self.misused = isinstance(history, InputError)
        beside = None if self._options.metadata_repo else config_beside(Path.cwd())
        yield from self._about_the_rest(Base(Path.cwd(), self._options.config or beside), {})

    def _about(self, history: History) -> Iterator[Question]:
        yield from about_git(history)
        records = _tried(lambda: read_records(history.head()))
        if isinstance(records, GcrsyncError):
            yield _failed("record", records, "see what git says there, and put that right")
            records = {}
        else:
            yield _said("record", f"{counted(len(records), 'mirror')} on record")
        base = Base(history.root, self._options.config or config_beside(history.root), ours=history.cached)
        yield from self._about_the_rest(base, records)

    def _about_the_rest(self, base: Base, records: Records) -> Iterator[Question]:
        asked = _tried(lambda: self._job(base))
        if isinstance(asked, GcrsyncError):
            self.misused = True
            yield _failed("configuration", asked, "correct it there")
        else:
            yield _said("configuration", f"{counted(len(asked.job.mirrors), 'mirror')} in {base.config or 'the arguments'}")
        yield from about_network(os.environ, now(), self._options.timeout / _REQUESTS)
        mirrors = () if isinstance(asked, GcrsyncError) else asked.job.mirrors
        if not isinstance(asked, GcrsyncError):
            yield from self._about_registries(base, asked, records)
        yield from about_disk(self._folders(base, mirrors))

    def _job(self, base: Base) -> _Asked:
        options = CompareOptions(self._options.namespaces, to=self._options.to)
        chosen = choices(options, base)
        return _Asked(job("doctor", options, base, chosen), chosen)

    def _about_registries(self, base: Base, asked: _Asked, records: Records) -> Iterator[Question]:
        insecure = insecure_hosts(self._options.insecure, [choice.table for choice in asked.chosen], self._options.to)
        settings = network(insecure, 0, self._options.timeout / _REQUESTS)
        places = [mirror.destination for mirror in asked.job.mirrors]
        try:
            given = self._stack.enter_context(means(places, settings, base.root, _AT_ONCE, (self._stop, Watch())))
        except InputError as error:
            self.misused = True
            yield _failed("registries", error, "correct what is named there")
        else:
            yield from Endpoints(given, asked.job.mirrors, records, now).questions()

    def _folders(self, base: Base, mirrors: tuple[Mirror, ...]) -> Iterator[tuple[str, Path, Verdict]]:
        """Give the folders that are written to, by their names, and how bad it is where one cannot be."""
        clones = is_url(self._options.metadata_repo or "") or any(mirror.selection.official_images for mirror in mirrors)
        yield "repository", base.root, Verdict.FAILED
        yield "cache", platformdirs.user_cache_path("gcrsync"), Verdict.FAILED if clones else Verdict.WARNING
        yield "temporary", temporary(), Verdict.FAILED
        places = {mirror.destination for mirror in mirrors if isinstance(mirror.destination, FolderDestination)}
        for text, location in sorted((place.text, place.location) for place in places):
            yield text, Path(location), Verdict.FAILED


def _tried(work: Callable[[], Value]) -> Value | GcrsyncError:
    try:
        return work()
    except GcrsyncError as error:
        return error


def _failed(subject: str, error: GcrsyncError, advice: str = "") -> Question:
    return Question(subject, lambda: Answer(error.message, error.hint or advice, Verdict.FAILED))


def _said(subject: str, told: str) -> Question:
    return Question(subject, lambda: Answer(told))


def _versions() -> Answer:
    here = f"{version('gcrsync')} with Python {platform.python_version()}"
    extras = [f"{name} is {'there' if find_spec(module) else 'not installed'}" for name, module in _EXTRAS.items()]
    return Answer(f"{here}; of the extras {', '.join(extras)}")


def _print(screen: Screen, check: Check, width: int) -> None:
    answer = check.answer
    state = "" if answer.verdict is Verdict.OK else answer.verdict.value
    screen.result(f"{answer.verdict:<{_MARGIN}}{check.subject:<{width}}  {answer.told}", state)
    if answer.advice:
        screen.result(f"{'':<{_MARGIN}}{answer.advice}")


def _finished(screen: Screen, options: DoctorOptions, diagnosis: Diagnosis, *, misused: bool) -> Exit:
    held = {Exit.USAGE} if misused else set[Exit]()
    if diagnosis.stopped:
        held.add(Exit.STOPPED)
    if diagnosis.count(Verdict.FAILED):
        held.add(Exit.IMAGES)
    code = first(held)
    if not options.json:
        counts = ", ".join(f"{diagnosis.count(verdict)} {verdict}" for verdict in Verdict)
        screen.note(f"{counts}{'; stopped before the rest was looked at' if diagnosis.stopped else ''}")
    return code if give(screen, options, diagnosis_json(diagnosis, code)) else first({code, Exit.RECORD})
