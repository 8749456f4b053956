"""Notes in a wheel the commit that it is built from, so that ``gcrsync init`` can say which gcrsync a nightly job is to run."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_BUILT = ("src", "pyproject.toml", "hatch_build.py")
_CREDENTIALS = re.compile(r"(?<=://)[^/]*@")


class CommitHook(BuildHookInterface[Any]):
    """Puts ``origin.json`` into the package, where a checkout is built in which nobody has changed anything."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Note it; an editable install is its checkout, whose commit is asked for when it is needed."""
        url, commit = self._git("remote", "get-url", "origin"), self._git("rev-parse", "HEAD")
        if version == "editable" or not url or not commit or self._git("status", "--porcelain", "--", *_BUILT):
            return
        note = Path(self.directory, "origin.json")
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"url": _CREDENTIALS.sub("", url), "commit": commit}) + "\n", encoding="utf-8")
        build_data["force_include"][str(note)] = "gcrsync/origin.json"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing but the wheel."""
        del version, build_data, artifact_path
        Path(self.directory, "origin.json").unlink(missing_ok=True)

    def _git(self, *arguments: str) -> str:
        """Give what git says in the folder that is built, if it is itself a checkout; nothing where there is none, or no git."""
        if not Path(self.root, ".git").exists():
            return ""
        try:
            command = ["git", "-C", self.root, *arguments]  # git is the one on PATH, as it is for gcrsync
            return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()  # noqa: S603
        except (OSError, subprocess.CalledProcessError):
            return ""
