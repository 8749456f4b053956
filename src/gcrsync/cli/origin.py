"""Where this gcrsync comes from: the git repository and the commit that a nightly job installs the same one from."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gcrsync.cli.forge import GITHUB_HOST, Remote
from gcrsync.errors import GcrsyncError, InvalidNameError
from gcrsync.store.command import Git

RECORD = "origin.json"
"""The file in which a wheel has the commit that it was built from, and the repository of that."""

_ACTION = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_URL = re.compile(r"[a-z]+://[A-Za-z0-9_.~:/%+-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CREDENTIALS = re.compile(r"(?<=://)[^/]*@")
_EXPECTED = "expected OWNER/REPO@COMMIT, or URL@COMMIT without credentials, with all digits of the commit"


@dataclass(frozen=True, slots=True)
class Origin:
    """A commit of gcrsync, and the URL of the git repository that has it, without credentials."""

    url: str
    commit: str

    def __post_init__(self) -> None:
        """Refuse with InvalidNameError what would be more than a value where it is written, in YAML or for a shell."""
        for pattern, text in ((_URL, self.url), (_COMMIT, self.commit)):
            if not pattern.fullmatch(text):
                raise InvalidNameError("origin of gcrsync", _CREDENTIALS.sub("", str(self)), _EXPECTED)

    def __str__(self) -> str:
        """Name it as it is read."""
        return f"{self.url}@{self.commit}"

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """Read ``OWNER/REPO@COMMIT``, which is at GitHub, or ``URL@COMMIT``; InvalidNameError for anything else."""
        place, at, commit = text.rpartition("@")
        if not at:
            raise InvalidNameError("origin of gcrsync", text, _EXPECTED)
        return cls(f"https://{GITHUB_HOST}/{place}" if _ACTION.fullmatch(place) else place, commit)

    def action(self, host: str) -> str:
        """Give the name of the repository by which a workflow at a GitHub takes an action of it, ``host`` being that GitHub's.

        A GitHub of your own may take actions of its own repositories and of github.com. Empty where it can take none.
        """
        remote = Remote.parse(self.url)
        return remote.path if remote and remote.host in (host, GITHUB_HOST) and _ACTION.fullmatch(remote.path) else ""


def own_origin(environment: Mapping[str, str]) -> Origin | None:
    """Give where this gcrsync comes from; None where nothing tells, or only something that others cannot fetch.

    That is what installers note of a package (`PEP 610 <https://peps.python.org/pep-0610/>`_): a commit that was installed, or the
    checkout that is run as it stands. A wheel has the commit that it was built from.
    """
    try:
        noted = distribution("gcrsync").read_text("direct_url.json")
        installed = json.loads(noted) if noted else {}
    except (PackageNotFoundError, ValueError):
        installed = {}
    if "vcs_info" in installed:
        return _origin(installed["url"], installed["vcs_info"]["commit_id"])
    if installed.get("dir_info", {}).get("editable"):
        return origin_of_checkout(Path(unquote(urlsplit(installed["url"]).path)), environment)
    record = files("gcrsync") / RECORD
    return _origin(**json.loads(record.read_text("utf-8"))) if record.is_file() else None


def origin_of_checkout(folder: Path, environment: Mapping[str, str]) -> Origin | None:
    """Give the commit that is checked out in a folder and the repository of its remote; None unless the remote has the commit."""
    git = Git(folder, environment)
    try:
        if Path(git.attempt("rev-parse", "--show-toplevel").text or os.devnull).resolve() != folder.resolve():
            return None
        commit, url = git.commit("HEAD"), git.attempt("remote", "get-url", "origin").text
        published = git.attempt("for-each-ref", "--count=1", f"--contains={commit}", "refs/remotes/origin").text
    except GcrsyncError:
        return None
    return _origin(url, commit) if published else None


def _origin(url: str, commit: str) -> Origin | None:
    """Give the origin by a URL that everybody can read who may read the repository at all, None where there is none such."""
    remote = Remote.parse(url)
    try:
        return Origin(f"https://{remote.host}/{remote.path}", commit) if remote else None
    except InvalidNameError:
        return None
