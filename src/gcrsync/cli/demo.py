"""The whole nightly job in a few seconds: two embedded registries, a temporary git repository, two nights."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from math import inf
from pathlib import Path

from gcrsync.archive.folder import LayoutFolder
from gcrsync.cli.command import Exit, stoppable, stopped_within
from gcrsync.cli.console import Screen
from gcrsync.cli.demo_images import ImageMaker, first_night, second_night
from gcrsync.cli.opening import opened
from gcrsync.cli.shown import Shown
from gcrsync.errors import StoppedError, StoreError
from gcrsync.serve.server import serving
from gcrsync.site.paths import FRONT
from gcrsync.sync.stop import Stop

_NAMESPACE = "acme"
_COMMAND = "command"
_NOT_OURS = ("GIT_", "GITHUB_STEP_SUMMARY", "GITLAB_CI", "GCRSYNC_NOTIFY")
"""How the names of the variables begin that are about the caller's own repository and job."""

_LOOK_SECONDS = 0.05
"""How often it is looked whether a command has ended."""

_IDENTITY = {
    "GIT_AUTHOR_NAME": "gcrsync demo",
    "GIT_AUTHOR_EMAIL": "demo@localhost",
    "GIT_COMMITTER_NAME": "gcrsync demo",
    "GIT_COMMITTER_EMAIL": "demo@localhost",
}


class _Show:
    """Runs commands as a person would, in the demonstration's metadata repository, and shows each before its output."""

    def __init__(self, screen: Screen, folder: Path, stop: Stop) -> None:
        self._screen, self._folder, self._stop = screen, folder, stop
        self.repository = folder / "metadata-repository"
        self._environment = {**{name: text for name, text in os.environ.items() if not name.startswith(_NOT_OURS)}, **_IDENTITY}

    def say(self, line: str) -> None:
        self._line(f"# {line}")

    def gcrsync(self, *arguments: str) -> None:
        """Run this very program."""
        self._run(["gcrsync", *arguments], [sys.executable, "-m", "gcrsync", *arguments], self.repository)

    def git(self, *arguments: str) -> None:
        """Run git where the record is, and show what it says."""
        self._run(["git", *arguments], ["git", *arguments], self.repository)

    def print_file(self, name: str) -> None:
        """Show a file of the metadata repository."""
        self._line(f"$ cat {name}", _COMMAND)
        self._screen.document((self.repository / name).read_text(encoding="utf-8"))

    def prepare(self) -> None:
        """Make the metadata repository and the bare one that it pushes to."""
        remote = self._folder / "remote.git"
        for command in (["init", "--quiet", "--bare", str(remote)], ["clone", "--quiet", str(remote), str(self.repository)]):
            self._quiet(["git", *command], self._folder)
        self._quiet(["git", "switch", "--quiet", "--orphan", "main"], self.repository)

    def _line(self, line: str, state: str = "") -> None:
        self._screen.result("")
        self._screen.result(line, state)

    def _run(self, shown: Sequence[str], command: Sequence[str], folder: Path) -> None:
        self._line(f"$ {shlex.join(shown)}", _COMMAND)
        sys.stdout.flush()
        with subprocess.Popen(command, cwd=folder, env=self._environment) as process:  # noqa: S603 - our own words, no shell
            while process.poll() is None:
                if stopped_within(self._stop, _LOOK_SECONDS):
                    process.terminate()
                    break
        if self._stop():
            raise StoppedError
        if process.returncode:
            raise StoreError(f"the demonstration's command ended with {process.returncode}: {' '.join(shown)}")

    def _quiet(self, command: Sequence[str], folder: Path) -> None:
        quiet = {
            **self._environment,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "advice.detachedHead",
            "GIT_CONFIG_VALUE_0": "false",
        }
        try:
            ended = subprocess.run(command, cwd=folder, env=quiet, check=False, capture_output=True, text=True)  # noqa: S603 - the same
        except FileNotFoundError as error:
            raise StoreError("git is not installed", hint="install git, then run again") from error
        if ended.returncode:
            raise StoreError(f"{' '.join(command)}: {ended.stderr.strip()}")


def demonstrate(screen: Screen, folder: Path | None, *, serve: bool) -> Exit:
    """Show the main job in ``folder`` (empty, or a new temporary one), say where to look, and serve that where it is wanted."""
    with stoppable() as stop:
        place, show = _nights(screen, folder, stop)
        _say_where_to_look(screen, show, place, serve=serve)
        if serve:
            pages = Shown(LayoutFolder(place / "mirror"), opened(str(show.repository)), screen).page
            with serving(place / "mirror", pages=pages) as address:
                screen.result(f"  http://{address}/  the catalogue, beside a registry of the mirror; stop with Ctrl-C")
                stopped_within(stop, inf)
    return Exit.DONE


def _nights(screen: Screen, folder: Path | None, stop: Stop) -> tuple[Path, _Show]:
    place = _empty_folder(folder)
    source, mirror = place / "source", place / "mirror"
    with serving(source) as registry, serving(mirror, writable=True) as destination:
        show = _Show(screen, place, stop)
        show.prepare()
        maker = ImageMaker(source, registry)
        first_night(maker, _NAMESPACE)
        namespace, to = f"{registry}/{_NAMESPACE}", f"{destination}/mirror"
        _first_night(show, namespace, to)
        second_night(maker, _NAMESPACE)
        _second_night(show, namespace)
        show.say("The record: one commit a night, pushed, and a changelog for people.")
        show.git("--no-pager", "log", "--stat", "--format=%h %s")
        show.print_file("CHANGELOG.md")
        show.say("A catalogue of it, to browse and to search, such as GitHub Pages can publish.")
        show.gcrsync("site", "--output", "../site")
    return place, show


def _say_where_to_look(screen: Screen, show: _Show, place: Path, *, serve: bool) -> None:
    mirror = place / "mirror"
    show.say("Where to look:")
    screen.result(f"  {show.repository}  the record: metadata/, CHANGELOG.md, git log")
    screen.result(f"  {mirror}  the mirror, as image layouts; `gcrsync serve {mirror}` makes a registry of it again")
    pulling = "" if serve else "; `gcrsync demo --serve` keeps the registry that it names"
    screen.result(f"  {(place / 'site' / FRONT).as_uri()}  the catalogue: open it in a browser{pulling}")


def _first_night(show: _Show, namespace: str, destination: str) -> None:
    config = f'[[mirror]]\nsource = "{namespace}"\ndestination = "{destination}"\n'
    (show.repository / "gcrsync.toml").write_text(config, encoding="utf-8")
    show.say("A registry with some images, an empty one for the mirror, and a new git repository with a gcrsync.toml.")
    show.print_file("gcrsync.toml")
    show.say("The first night: what would a sync do?")
    show.gcrsync("compare")
    show.say("Do it: copy, record, commit, push.")
    show.gcrsync("sync")
    show.say("Source and mirror agree now.")
    show.gcrsync("compare")


def _second_night(show: _Show, namespace: str) -> None:
    show.say(f"The second night: in {namespace} a tag has moved, a new one has come, one has vanished.")
    show.gcrsync("compare")
    show.gcrsync("sync")


def _empty_folder(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="gcrsync-demo-"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoreError(f"{folder} is not empty", hint="name another folder with --folder")
    except OSError as error:
        raise StoreError(f"making {folder}: {error.strerror}") from error
    return folder.resolve()
