"""gcrsync in processes of their own, forked from one that has imported it: imports are most of a short run.

How the program begins by itself, and how it is interrupted, is for the tests that start an interpreter. A run whose environment an
interpreter reads as it begins gets one of its own here, too, and so does every run whose lines are counted.
"""

import atexit
import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, NoReturn

_PATIENCE = 100.0
"""Seconds that a run may take."""

_READ_AT_THE_BEGINNING = ("PYTHON", "LANG", "LC_", "COVERAGE", "TERMINAL", "FORCE_COLOR", "NO_COLOR", "COLUMNS", "GITHUB_ACTIONS")
"""How the names of the variables begin that an interpreter, or a module as it is imported, reads once."""

_SHARED = ("LANG",)
"""Those that every run has from the tests' own environment, and the process that forks too."""

_LARGEST = 1024 * 1024
_STREAMS = 3


def run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``python -m gcrsync`` in a folder, with nothing of the caller's environment and nothing to read."""
    if any(name.startswith(_READ_AT_THE_BEGINNING) and name not in _SHARED for name in environment):
        return _started(arguments, folder, environment)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        status = _forked(arguments, folder, environment, (out.fileno(), err.fileno()))
        return subprocess.CompletedProcess(list(arguments), status, _said(out), _said(err))


def told(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Run it in the same way, and give all that it says in the order in which it says it."""
    with tempfile.TemporaryFile() as said:
        _forked(arguments, folder, environment, (said.fileno(), said.fileno()))
        return _said(said)


def _forked(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], said: tuple[int, int]) -> int:
    ours, theirs = socket.socketpair()
    with ours, Path(os.devnull).open("rb") as nothing:
        asked = json.dumps([list(arguments), str(folder), dict(environment)]).encode()
        with theirs:
            socket.send_fds(_server(), [asked], [nothing.fileno(), *said, theirs.fileno()])
        return _awaited(ours, arguments)


def _said(file: IO[bytes]) -> str:
    return _text(os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0))


def _started(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gcrsync", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_PATIENCE)


def _text(content: bytes) -> str:
    return content.decode().replace("\r\n", "\n").replace("\r", "\n")


def _awaited(answer: socket.socket, arguments: Sequence[str]) -> int:
    """Give how the run has ended, as ``subprocess`` tells it."""
    answer.settimeout(_PATIENCE)
    with answer.makefile("r") as lines:
        process = int(lines.readline())
        try:
            return os.waitstatus_to_exitcode(int(lines.readline()))
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(arguments), _PATIENCE) from None


@cache
def _server() -> socket.socket:
    """Give the way to the process that forks; it ends when this one does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for each in (ours, theirs):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LARGEST)
    command = [sys.executable, "-m", "tests.support.program", str(theirs.fileno())]
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "TMPDIR", *_SHARED)}
    with theirs:
        process = subprocess.Popen(command, env=environment, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(control: socket.socket) -> None:
    """Fork for each run that is asked for, until nobody can ask any more."""
    _import_everything()
    gc.freeze()  # or the first look for cycles copies all of it in each run
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, descriptors, _, _ = socket.recv_fds(control, _LARGEST, _STREAMS + 1)
        if not asked:
            return
        if os.fork() == 0:
            control.close()
            _keep(asked, descriptors)
        for each in descriptors:
            os.close(each)


def _import_everything() -> None:
    from gcrsync import cli  # noqa: PLC0415 - only the process that forks wants it

    for module in pkgutil.iter_modules(cli.__path__):
        if module.name not in ("cluster", "worker"):  # what imports Dask, as a run without --executor never does
            import_module(f"{cli.__name__}.{module.name}")


def _keep(asked: bytes, descriptors: Sequence[int]) -> None:
    """Fork the run itself, and tell its number and how it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, answer = descriptors
    process = os.fork()
    if process == 0:
        os.close(answer)
        arguments, folder, environment = json.loads(asked)
        _begin(arguments, folder, environment, streams)
    os.write(answer, f"{process}\n".encode())
    _, status = os.waitpid(process, 0)
    os.write(answer, f"{status}\n".encode())
    os._exit(0)


def _begin(arguments: list[str], folder: str, environment: dict[str, str], streams: Sequence[int]) -> NoReturn:
    """Be the run, to the end of its threads and of what it has put off to its end.

    The interpreter is not taken apart after that, which takes longer than a short run.
    """
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    sys.argv[1:] = arguments
    code: object = 0
    try:
        runpy.run_module("gcrsync", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - what the interpreter does at its end, in its order
    atexit._run_exitfuncs()  # noqa: SLF001 - the same
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as control:
        _serve(control)
