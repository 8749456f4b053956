"""A night of the mirror from end to end: the program, its metadata repository, and a simulated registry on either side."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gcrsync.oci import media_types
from tests.support.mirrors import Mirror
from tests.support.serving import served
from tests.support.simulator import Simulator

SECRET = "hunter2hunter2"
"""What tests put where something secret stands: it is never printed and never recorded."""


@dataclass(slots=True)
class Night:
    """The source ``namespace``, path ``acme`` of its registry, is mirrored to ``destination``, path ``m`` of the other."""

    mirror: Mirror
    source: Simulator
    target: Simulator
    namespace: str
    destination: str

    def run(self, *arguments: str, code: int = 0, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run gcrsync, and check how it ends and that each line of what it says can be shown to anybody."""
        ended = self.mirror.run(*arguments, code=code, environment=environment)
        check_lines(ended.stdout + ended.stderr)
        return ended

    def sync(self, *options: str, code: int = 0, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Mirror the namespace."""
        return self.run("sync", self.namespace, "--to", self.destination, *options, code=code, environment=environment)

    def recorded(self, path: str) -> Any:  # noqa: ANN401 - a JSON document
        """Give what the remote records of ``acme/path``, or a document of nothing."""
        return self.mirror.documents().get(f"{self.namespace}/{path}", {"tags": {}})

    def serves(self, path: str) -> dict[str, str]:
        """Give the tags that the destination has for ``acme/path``, with their digests."""
        stored = self.target.repositories.get(f"m/acme/{path}")
        return dict(stored.tags) if stored else {}

    def unserved(self) -> list[str]:
        """Give what is recorded as mirrored, and the destination, asked by HEAD, does not have."""
        return [
            f"{name}:{tag}"
            for name, document in self.mirror.documents().items()
            for tag, digest in document["tags"].items()
            if self._head(document["mirror"], tag) != digest
        ]

    def check_remote(self) -> None:
        """Check that whatever was committed can be shown to anybody."""
        place = self.mirror.place
        check_lines(place.git(place.remote, "log", "--format=%B", "--patch", "main").replace("\t", " "))

    def _head(self, mirror: str, tag: str) -> str | None:
        host, _, path = mirror.partition("/")
        url, headers = f"http://{host}/v2/{path}/manifests/{tag}", {"Accept": media_types.ACCEPT}
        digest: str | None = httpx.head(url, headers=headers).headers.get("Docker-Content-Digest")
        return digest


@contextmanager
def night(folder: Path, *, google: bool = True) -> Iterator[Night]:
    """Begin a night in which nothing is mirrored yet, and nothing there to be mirrored."""
    source, target = Simulator("source", google=google), Simulator("target")
    with served(source) as here, served(target) as there:
        yield Night(Mirror(folder), source, target, f"{here}/acme", f"{there}/m")


def check_lines(text: str) -> None:
    """Check that nothing in a text is secret, or moves a cursor."""
    assert SECRET not in text
    strange = [line for line in text.split("\n") if not line.isprintable()]
    assert not strange, strange
