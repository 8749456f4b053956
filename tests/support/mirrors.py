"""A metadata repository with a bare remote, in which the program is run as a person runs it."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import program
from tests.support.repositories import Workplace


class Mirror:
    """A clone that is gcrsync's metadata repository, its remote, and the program."""

    def __init__(self, folder: Path) -> None:
        self.place = Workplace(folder)
        self.root = self.place.seeded()
        self.environment: dict[str, str] = dict(self.place.environment)

    def configure(self, source: str, destination: str, more: str = "") -> None:
        """Commit a configuration with one table."""
        text = f'[[mirror]]\nsource = "{source}"\ndestination = "{destination}"\n{more}'
        self.place.commit(self.root, "configure", {"gcrsync.toml": text})
        self.place.git(self.root, "push", "--quiet", "origin", "main")

    def run(
        self, *arguments: str, code: int | None = 0, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run gcrsync in the clone and check how it ends, unless code is None; there is never a traceback."""
        ended = program.run(arguments, self.root, {**self.environment, **(environment or {})})
        assert "Traceback" not in ended.stderr + ended.stdout, ended.stderr
        assert code in (None, ended.returncode), f"{arguments} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
        return ended

    def report(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - a JSON document
        """Run gcrsync with ``--json`` and give the report."""
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    @property
    def log(self) -> list[str]:
        """The subjects of the commits at the remote, oldest first."""
        return self.place.subjects(self.place.remote)

    def recorded(self, path: str) -> Any:  # noqa: ANN401 - a JSON document
        """Give a document as the remote has it."""
        return json.loads(self.place.show(self.place.remote, f"metadata/{path}"))

    def documents(self) -> dict[str, Any]:
        """Give all documents that the remote has, by repository."""
        paths = self.place.git(self.place.remote, "ls-tree", "-r", "--name-only", "main").splitlines()
        wanted = [path for path in paths if path.endswith(".json") and "/_" not in path]
        asked = "".join(f"main:{path}\n" for path in wanted)
        contents = self.place.git(self.place.remote, "cat-file", "--batch=%(objecttype)", stdin=asked)
        found = [json.loads(text) for text in contents.split("blob\n") if text]
        return {document["repository"]: document for document in found}
