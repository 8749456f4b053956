"""Syncs namespaces whole, twice, into a fresh ``docker-registry`` and checks every tag: ``python -m benchmarks.fidelity FILE...``.

Each tag must be at the destination with the digest of the source, but for the kinds that it does not take, which must not be
there; the second run must ask the source for lists alone, and commit nothing. Ends with 1 where anything is otherwise.
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.namespaces.answers import GoogleRegistry, Kind
from benchmarks.namespaces.content import StoredNamespace
from benchmarks.namespaces.recorded import read_namespace
from benchmarks.namespaces.server import RegistryServer
from benchmarks.process import GCRSYNC, git, measured
from benchmarks.registries import docker_registry, free_port
from gcrsync.oci.media_types import ACCEPT, OCI_ARTIFACT, SCHEMA1

_HEAD = (
    "| namespace | run | repositories | tags | lists | manifests | blobs | wall, s | MB of blobs |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
)
_REFUSED = SCHEMA1 | {OCI_ARTIFACT}
"""What a ``docker-registry`` does not take: a tag on one of these must not be there."""

_ABSENT = "status 404"


@dataclass(frozen=True, slots=True)
class _Run:
    """One sync: seconds, what the source was asked for, the bytes of blobs it sent, and the commit that was the last then."""

    wall: float
    requests: Counter[Kind]
    sent: int
    commit: str


def main() -> None:
    """Read the arguments, sync each file twice, print the table and then what is wrong."""
    parser = ArgumentParser(prog="python -m benchmarks.fidelity", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", help="recorded or generated namespaces, FILE.jsonl.xz")
    sys.stdout.write("\n".join((*_HEAD, "")))
    wrong = [fault for file in parser.parse_args().files for fault in _synced_twice(file)]
    sys.exit("\n".join(wrong) if wrong else 0)


def _synced_twice(file: Path) -> list[str]:
    """Sync a file twice, print a row for each run, and give what is wrong, a line for each fault."""
    namespace = read_namespace(file)
    with TemporaryDirectory() as temporary, RegistryServer(GoogleRegistry(namespace)) as source:
        folder = Path(temporary, "metadata")
        git(Path(temporary), "init", "--quiet", folder.name)
        with docker_registry(Path(temporary, "registry"), free_port()) as registry:
            destination = registry.address
            command = (GCRSYNC, "sync", f"{source.address}/{namespace.path}".removesuffix("/"), "--to", f"{destination}/mirror")
            runs = [_run(command, folder, source) for _ in range(2)]
            faults = [*_missing(namespace, f"{destination}/v2/mirror"), *_unsteady(*runs)]
    for name, run in zip(("first", "again"), runs, strict=True):
        sys.stdout.write(_row(namespace, name, run) + "\n")
    return [f"{file.name}: {fault}" for fault in faults]


def _run(command: tuple[str, ...], folder: Path, source: RegistryServer) -> _Run:
    source.requests.clear()
    cost = measured(command, folder)
    sent = sum(request.sent for request in source.requests if request.kind is Kind.BLOB)
    return _Run(cost.wall, source.counts(), sent, git(folder, "rev-parse", "HEAD").strip())


def _missing(namespace: StoredNamespace, base: str) -> Iterator[str]:
    """Ask the destination for every tag, and name those that it does not have as it should."""
    with httpx.Client(base_url=f"http://{base}/", headers={"Accept": ACCEPT}) as client:
        for repository in namespace.repositories:
            for tag, digest in repository.tags.items():
                answer = client.head(f"{repository.path}/manifests/{tag}")
                found = answer.headers.get("Docker-Content-Digest", f"status {answer.status_code}")
                refused = repository.manifests[digest].media_type in _REFUSED
                if found != (digest if not refused else _ABSENT):
                    yield f"{repository.path}:{tag} is {digest} at the source, {found} in the mirror"


def _unsteady(first: _Run, again: _Run) -> Iterator[str]:
    """Say what the second run did that it had no reason to do."""
    if set(again.requests) != {Kind.LIST}:
        yield f"the second run asked the source for {dict(again.requests)}"
    if again.commit != first.commit:
        yield f"the second run made commit {again.commit}"


def _row(namespace: StoredNamespace, name: str, run: _Run) -> str:
    counts = (len(namespace.repositories), namespace.tags, *(run.requests[kind] for kind in (Kind.LIST, Kind.MANIFEST, Kind.BLOB)))
    cells = (namespace.path or "(registry)", name, *map(str, counts), f"{run.wall:.1f}", f"{run.sent / 1e6:.1f}")
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
