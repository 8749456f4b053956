"""The tools that copy a namespace, each as one command that a run starts."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import GCRSYNC, git
from benchmarks.registries import has_nginx

YARDSTICK = "skopeo"
"""The tool that all ratios are to."""

FIRST, AGAIN = "first", "again"
RUNS = (FIRST, AGAIN)
"""What a tool does in a trial: it copies to an empty registry, and then again with nothing changed."""

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Errand:
    """What to copy and where to: hosts with their ports, the paths of the repositories, and a folder of the tool's own.

    The folder is empty before the first run and stays for the run after it. The destination's repositories are to be below
    ``mirror``.
    """

    source: str
    destination: str
    repositories: Sequence[str]
    folder: Path


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool by the name that the table has, with what makes its command of an errand.

    ``lists_as_google`` says that it is given a source with Google's lists, ``runs`` what it does in a trial.
    """

    name: str
    program: str
    command: Callable[[Errand], Command]
    lists_as_google: bool = False
    runs: Sequence[str] = RUNS

    @property
    def here(self) -> bool:
        """Say whether it can be run on this machine."""
        return shutil.which(self.program) is not None and (has_nginx() or not self.lists_as_google)


def _gcrsync(errand: Errand) -> Command:
    if not (errand.folder / ".git").exists():
        git(errand.folder, "init", "--quiet")
    return (GCRSYNC, "sync", errand.source, "--to", f"{errand.destination}/mirror")


def _skopeo(errand: Errand) -> Command:
    """Name every repository in a file, for skopeo lists no registry; below ``mirror`` it keeps the last part of a name."""
    listed = {errand.source: {"tls-verify": False, "images": {path: [] for path in errand.repositories}}}
    file = _written(errand, "skopeo.yaml", json.dumps(listed))
    options = ("--all", "--keep-going", "--dest-tls-verify=false", "--src", "yaml", "--dest", "docker")
    return ("skopeo", "sync", *options, file, f"{errand.destination}/mirror")


def _crane(errand: Errand) -> Command:
    """Copy one repository after the other, for crane lists no registry."""
    pairs = (f"{errand.source}/{path} {errand.destination}/mirror/{path}\n" for path in errand.repositories)
    file = _written(errand, "crane.pairs", "".join(pairs))
    return ("xargs", "--arg-file", file, "--max-lines=1", "crane", "copy", "--all-tags", "--insecure")


def _gcrane(errand: Errand) -> Command:
    """Copy each folder of the registry that has repositories: gcrane goes down from there by itself."""
    tops = sorted({path.partition("/")[0] for path in errand.repositories})
    file = _written(errand, "gcrane.pairs", "".join(f"{errand.source}/{top} {errand.destination}/mirror/{top}\n" for top in tops))
    return ("xargs", "--arg-file", file, "--max-lines=1", "gcrane", "copy", "--recursive", "--insecure")


def _regsync(errand: Errand) -> Command:
    plain = [{"registry": host, "tls": "disabled"} for host in (errand.source, errand.destination)]
    pairs = [
        {"source": f"{errand.source}/{path}", "target": f"{errand.destination}/mirror/{path}", "type": "repository"}
        for path in errand.repositories
    ]
    settings = {"version": 1, "creds": plain, "defaults": {"parallel": 4}, "sync": pairs}
    return ("regsync", "once", "--config", _written(errand, "regsync.yaml", json.dumps(settings)))


def _written(errand: Errand, name: str, text: str) -> str:
    """Write a file for a tool; every JSON document is a YAML document."""
    file = errand.folder / name
    file.write_text(text)
    return str(file)


TOOLS = (
    Tool("gcrsync", GCRSYNC, _gcrsync),
    Tool("gcrsync, Google list", GCRSYNC, _gcrsync, lists_as_google=True),
    Tool(YARDSTICK, "skopeo", _skopeo),
    Tool("crane", "crane", _crane),
    Tool("gcrane, Google list", "gcrane", _gcrane, lists_as_google=True),
    Tool("regsync", "regsync", _regsync),
)
"""All that are compared, those that are not on this machine too."""
