"""A night over bad ways: the program between a simulated source and a real registry, each behind what can be struck by faults."""

import hashlib
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import httpx

from gcrsync.oci import media_types
from gcrsync.oci.name import Repository
from gcrsync.registry.client import Client
from tests.support.build import Built, image
from tests.support.gate import Gate
from tests.support.mirrors import Mirror
from tests.support.misbehaving import Misbehaving
from tests.support.nights import check_lines
from tests.support.pushing import push
from tests.support.relay import Relay
from tests.support.serving import served
from tests.support.sessions import session_to
from tests.support.simulator import Simulator


@dataclass(slots=True)
class Passages:
    """Path ``acme`` of the source is mirrored to path ``root`` of the registry at ``target.address``, through ``target``.

    What stalls, does until ``release`` is set.
    """

    mirror: Mirror
    source: Simulator
    target: Relay
    namespace: str
    destination: str
    release: Event
    images: dict[str, Built] = field(default_factory=dict)

    def add(self, path: str, built: Built) -> None:
        """Have the source give something as ``acme/path:1``."""
        self.images[path] = self.source.add(f"acme/{path}", built, "1")

    def push(self, *paths: str) -> None:
        """Have the destination itself have something else as ``acme/path:old``, each time."""
        with session_to() as session:
            for path in paths:
                built, client = image(f"old {path}", layers=0), Client(session, "pull,push")
                push(client, Repository(self.target.address, f"{self._root}/acme/{path}"), built, "old")

    def at(self, end: str) -> Misbehaving:
        """Give the ``source`` or the ``target``."""
        return self.source if end == "source" else self.target

    def heal(self) -> None:
        """Have both ends answer as they should from now on."""
        self.release.set()
        self.source.faults.clear()
        self.target.faults.clear()

    def sync(
        self, *options: str, code: int | None, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Mirror the namespace, and check how that ends, unless code is None, and that no line holds what moves a cursor."""
        ended = self.mirror.run("sync", self.namespace, "--to", self.destination, *options, code=code, environment=environment)
        check_lines(ended.stdout + ended.stderr)
        return ended

    def failures(self, text: str) -> dict[str, str]:
        """Give the one line that is said of each repository which is not mirrored, by path."""
        lines = re.findall(rf"^(?:failed|not listed): {re.escape(self.namespace)}/([^:/ ]+)(.*)$", text, re.MULTILINE)
        assert len(lines) == len(dict(lines))
        return dict(lines)

    def recorded(self) -> dict[str, dict[str, str]]:
        """Give the tags on record at the remote, by path."""
        documents = self.mirror.documents().items()
        return {name.removeprefix(f"{self.namespace}/"): dict(document["tags"]) for name, document in documents if document["tags"]}

    def check_recorded(self) -> None:
        """Check that all that is on record is at the destination, to the last byte."""
        with httpx.Client(headers={"Accept": media_types.ACCEPT}) as client:
            for path, tags in self.recorded().items():
                assert tags == {"1": str(self.images[path].digest)}
                self._check_served(path, client)

    def check_complete(self) -> None:
        """Check that everything is on record, and at the destination."""
        assert self.recorded().keys() == self.images.keys()
        self.check_recorded()

    def _check_served(self, path: str, client: httpx.Client) -> None:
        """Check that the registry itself, without what stands before it, gives a whole image with every digest right."""
        base, built = f"http://{self.target.address}/v2/{self._root}/acme/{path}", self.images[path]
        assert client.get(f"{base}/manifests/1").content == built.raw
        for each in built.everything():
            assert _sha256(client.get(f"{base}/manifests/{each.digest}").content) == str(each.digest)
            for digest in each.blobs:
                assert _sha256(client.get(f"{base}/blobs/{digest}").content) == str(digest)

    @property
    def _root(self) -> str:
        return self.destination.partition("/")[2]


@contextmanager
def passages(folder: Path, registry: str, root: str, *, google: bool = False) -> Iterator[Passages]:
    """Begin with nothing mirrored, and with tokens at both ends; ``root`` is a path that nobody else uses."""
    source = Simulator("source", google=google, gate=Gate("bearer"))
    target, release = Relay(registry, gate=Gate("bearer")), Event()
    with closing(target), served(source) as here, served(target) as there:
        try:
            yield Passages(Mirror(folder), source, target, f"{here}/acme", f"{there}/{root}", release)
        finally:
            release.set()


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
