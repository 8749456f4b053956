"""What the remote of a git repository tells of the forge it is at: GitHub or GitLab, and the registry that belongs to it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

GITHUB_HOST, GITLAB_HOST = "github.com", "gitlab.com"

_SHORT = re.compile(r"(?:[^/:@]+@)?([^/:@]+):(?!/)(.+)")
"""What SSH takes: ``user@host:path``."""

_OVER_HTTPS = {"ssh.github.com": GITHUB_HOST, "altssh.gitlab.com": GITLAB_HOST}
"""Where SSH is taken on the port of HTTPS, for those whose firewall lets nothing else through."""


class Forge(StrEnum):
    """Who starts the nightly job."""

    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a repository is at a forge: ``host`` with its port if any, and ``path`` without slashes around it and ``.git``."""

    host: str
    path: str

    @classmethod
    def parse(cls, url: str) -> "Remote | None":
        """Read the URL of a remote; None where it names no host, or no path there. Credentials in it are dropped."""
        short = _SHORT.fullmatch(url) if "://" not in url else None
        try:
            parts = urlsplit(f"ssh://{short[1]}/{short[2]}" if short else url)
            ported = parts.hostname and parts.port and parts.scheme in ("http", "https")
        except ValueError:
            return None
        host, path = parts.hostname, parts.path.strip("/").removesuffix(".git")
        if not host or not path:
            return None
        return cls(f"{host}:{parts.port}" if ported else _OVER_HTTPS.get(host, host), path)

    @property
    def forge(self) -> Forge:
        """Tell which forge it is, as far as the name of the host says so."""
        first = self.host.partition(".")[0]
        return next((each for each in (Forge.GITHUB, Forge.GITLAB) if each in first), Forge.NONE)

    @property
    def registry(self) -> str:
        """Give the place for images that belongs to the repository, empty where the host does not tell it."""
        if self.host == GITHUB_HOST:
            return f"ghcr.io/{self.path.partition('/')[0].lower()}"
        return f"registry.{GITLAB_HOST}/{self.path.lower()}" if self.host == GITLAB_HOST else ""
