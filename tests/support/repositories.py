"""Real git repositories for tests: a bare remote, clones of it, and a run of gcrsync in a process that can be killed."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from gcrsync.store.apart import Draft
from gcrsync.store.foreign import Foreign
from gcrsync.store.ground import Ground
from gcrsync.store.history import History
from gcrsync.store.opening import Surroundings, open_history
from gcrsync.store.publish import Publication
from gcrsync.store.tree import differences

_KEPT = ("PATH", "LANG", "TMPDIR", "COVERAGE_PROCESS_CONFIG")


def environment(home: Path) -> dict[str, str]:
    """Give an environment in which git knows nothing but a fixed name."""
    home.mkdir(exist_ok=True)
    persons = ("AUTHOR", "COMMITTER")
    names = {f"GIT_{person}_NAME": "Ann" for person in persons} | {f"GIT_{person}_EMAIL": "ann@host" for person in persons}
    config = {"GIT_CONFIG_GLOBAL": str(home / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(home)}
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | config | names


class Workplace:
    """A folder with a bare remote and the clones of it that a test asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told = folder, list[str]()
        self.environment = environment(folder / "home")
        (folder / "home" / "gitconfig").write_text("[init]\ndefaultBranch = main\n[gc]\nauto = 0\n[maintenance]\nauto = false\n")
        self.remote = folder / "remote.git"
        self.git(folder, "init", "--quiet", "--bare", str(self.remote))
        self.git(self.remote, "config", "core.logAllRefUpdates", "true")

    def git(self, folder: Path, *arguments: str, stdin: str = "") -> str:
        """Run git as a person would, and give what it prints."""
        command = ["git", "-C", str(folder), *arguments]
        run = subprocess.run(command, env=self.environment, input=stdin, capture_output=True, text=True, check=False)
        assert run.returncode == 0, f"{command}: {run.stderr}"
        return run.stdout.rstrip("\n")

    def clone(self, name: str, *options: str) -> Path:
        """Clone the remote."""
        self.git(self.folder, "clone", "--quiet", *options, f"file://{self.remote}", name)
        return self.folder / name

    def seeded(self, name: str = "mirror") -> Path:
        """Clone the remote, and give it a first commit with a metadata page and somebody's notes."""
        clone = self.clone(name)
        self.commit(clone, "begin", {"metadata/README.md": "# Mirror\n", "notes.txt": "mine\n"})
        self.git(clone, "push", "--quiet", "origin", "main")
        return clone

    def commit(self, clone: Path, message: str, contents: Mapping[str, str]) -> None:
        """Commit files as a person would, and only these."""
        for path, content in contents.items():
            (clone / path).parent.mkdir(parents=True, exist_ok=True)
            (clone / path).write_text(content)
        self.git(clone, "add", "--", *contents)
        self.git(clone, "commit", "--quiet", "--message", message, "--", *contents)

    def open(self, clone: Path, *, named: bool = False) -> History:
        """Open a clone for a run that does not sleep."""
        return open_history(clone, self.surroundings, named=named)

    @property
    def surroundings(self) -> Surroundings:
        """What a run finds around it: no time passes, chance gives a half, and lines for the user are in ``told``."""
        return Surroundings(self.environment, lambda _: None, lambda: 0.5, tell=self.told.append)

    def hook(self, folder: Path, name: str, script: str) -> None:
        """Install a hook in a clone or in the remote."""
        hooks = folder / "hooks" if folder.suffix == ".git" else folder / ".git" / "hooks"
        hooks.mkdir(exist_ok=True)
        (hooks / name).write_text(f"#!/bin/sh\n{script}\n")
        (hooks / name).chmod(0o755)

    def subjects(self, folder: Path, tip: str = "main") -> list[str]:
        """Give the subjects of the commits of a branch, oldest first."""
        return self.git(folder, "log", "--reverse", "--format=%s", tip).splitlines()

    def show(self, folder: Path, path: str, tip: str = "main") -> str:
        """Give a file as a commit has it."""
        return self.git(folder, "show", f"{tip}:{path}")

    def killed(self, clone: Path, path: str, content: str) -> int:
        """Publish one file in a process of its own, which a hook may kill by its id in ``GCRSYNC``; give how it ended."""
        command = [sys.executable, "-m", "tests.support.repositories", str(clone), path, content]
        root = Path(__file__).parents[2]
        return subprocess.run(command, env=self.environment, cwd=root, capture_output=True, check=False).returncode


def run(history: History, contents: Mapping[str, str | None], subject: str = "sync") -> Publication:
    """Do what a run does: lock, prepare, publish files, and apply again what an earlier run could not push."""
    with history.locked():
        return history.publish(history.prepare(), writer(contents, subject))


def writer(contents: Mapping[str, str | None], subject: str = "sync") -> Callable[[Ground], Draft]:
    """Give what makes the draft of a commit with these files and those of the leftovers."""

    def write(ground: Ground) -> Draft:
        files: dict[str, bytes | None] = {}
        for leftover in ground.leftovers:
            for each in differences(leftover.after.git, leftover.before.commit, leftover.after.commit):
                files[each.path] = leftover.after.read(each.path)
        files |= {path: None if content is None else content.encode() for path, content in contents.items()}
        return Draft(files, subject, "test")

    return write


def no_foreign(place: str) -> Foreign:
    """Open no repository that is only read, for a run that has none."""
    raise AssertionError(place)


if __name__ == "__main__":
    surroundings = Surroundings({**os.environ, "GCRSYNC": str(os.getpid())}, lambda _: None, lambda: 0.5)
    run(open_history(Path(sys.argv[1]), surroundings, named=True), {sys.argv[2]: sys.argv[3]}, "killed")
