"""What the pages of the documentation show of the program: each command on a page is run, and what it answers stands below it.

A command is an indented line that begins with ``$``. ``<!-- meanwhile: NAME -->`` on a line of its own is what happens to the world
between two commands. ``…`` on a page stands for the rest of a word or of a line that is too long to be read.
"""

import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from textwrap import dedent

from tests.support.program import told

_STEP = re.compile(
    r"^    \$ (?P<command>.+)\n(?P<answer>(?:    (?!\$ ).*\n|\n(?=    (?!\$ )))*)|^<!-- meanwhile: (?P<happening>.+) -->$",
    re.MULTILINE,
)
"""A command with the lines that follow it, up to the next one or to the end of its block; or what happens meanwhile."""

_ALONE = re.compile(r"gcrsync( [\w./:@=-]+)*")

_VARIES = (
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"), "TIME"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "DATE"),
    (re.compile(r"[0-9][0-9,]* days ago"), "DAYS ago"),
    (re.compile(r"\b[0-9]+\.[0-9]+ s\b"), "SECONDS"),
    (re.compile(r"\bcommit [0-9a-f]{7,40}\b"), "commit ID"),
    (re.compile(r"\b[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}\b"), "RUN"),
    (re.compile(r" +$", re.MULTILINE), ""),
)
"""What is another one each time, and blanks at the ends of lines, which nobody sees."""


@dataclass(slots=True)
class Session:
    """Where the commands of a page are run: a folder, an environment, and what may happen meanwhile.

    ``elsewhere`` says of words on the page, such as the path of a disk, what is meant by them here.
    """

    folder: Path
    environment: Mapping[str, str]
    happenings: Mapping[str, Callable[[], None]]
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def answer(self, command: str) -> str:
        """Run a command as a shell does, and give all that it prints; where it is the program alone no shell is needed.

        The next command is run in the folder to which this one went.
        """
        for written, meant in self.elsewhere.items():
            command = command.replace(written, meant)
        alone = _ALONE.fullmatch(command) and "PYTHONPATH" not in self.environment  # which an interpreter reads as it begins
        answer = told(shlex.split(command)[1:], self.folder, self.environment) if alone else self._shell(command)
        for written, meant in self.elsewhere.items():
            answer = answer.replace(meant, written)
        return answer

    def _shell(self, command: str) -> str:
        with NamedTemporaryFile() as went:
            ended = subprocess.run(
                ["sh", "-c", f"trap 'pwd >\"$0\"' EXIT\n{command}", went.name],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=100,
            )
            self.folder = Path(went.read().decode().strip())
        return ended.stdout.decode()


def has_commands(text: str) -> bool:
    """Say whether a page shows what the program answers."""
    return any(match["command"] for match in _STEP.finditer(text))


def answered(text: str, session: Session) -> str:
    """Give a page with the answers that its commands get now; what says the same as before stays as it is written."""
    return _STEP.sub(lambda match: _step(match, session), text)


def _step(match: re.Match[str], session: Session) -> str:
    if match["happening"]:
        session.happenings[match["happening"]]()
        return match[0]
    command, shown = match["command"], dedent(match["answer"])
    name = command.removeprefix("cat ")
    if name != command and not (session.folder / name).exists():
        (session.folder / name).write_text(shown, "utf-8")  # the reader's own file, which the page shows as it is at first
    told = session.answer(command)
    if _says(shown, told):
        return match[0]
    lines = [next((line for line in shown.splitlines() if "…" in line and _says(line, each)), each) for each in told.splitlines()]
    return f"    $ {command}\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines)


def _says(shown: str, told: str) -> bool:
    """Say whether a page says what the program tells, but for what varies and what the page leaves out."""
    pattern = re.escape(_steady(shown)).replace("…", "[^\n]*")
    return re.fullmatch(pattern, _steady(told)) is not None


def _steady(text: str) -> str:
    for pattern, name in _VARIES:
        text = pattern.sub(name, text)
    return text
