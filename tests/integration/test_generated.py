"""Generated namespaces, with every kind of image there is, mirrored over some nights."""

from pathlib import Path

import httpx
import pytest

from benchmarks.namespaces.answers import GoogleRegistry, Kind, PlainRegistry
from benchmarks.namespaces.content import StoredNamespace
from benchmarks.namespaces.evolve import evolve
from benchmarks.namespaces.generate import generate
from benchmarks.namespaces.server import RegistryServer
from gcrsync.oci import media_types
from tests.support.docker_registry import WITH_FOREIGN_LAYERS
from tests.support.docker_registry import docker_registry as running_registry
from tests.support.mirrors import Mirror

_NEVER_TAKEN = media_types.SCHEMA1 | {media_types.OCI_ARTIFACT}
"""What Debian's registry refuses."""


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path)


@pytest.mark.usefixtures("docker_registry")
@pytest.mark.parametrize("registry", [GoogleRegistry, PlainRegistry])
def test_every_kind_of_image_is_served_or_held_after_each_night(
    mirror: Mirror, tmp_path: Path, registry: type[GoogleRegistry] | type[PlainRegistry]
) -> None:
    namespace = generate(7, repositories=6, tags=40)
    (tmp_path / "registry").mkdir()
    with running_registry(tmp_path / "registry", WITH_FOREIGN_LAYERS) as destination, RegistryServer(registry(namespace)) as source:
        mirror.configure(f"{source.address}/{namespace.path}", destination)
        for night in range(2):
            mirror.run("sync")
            check(mirror, source.address, destination, namespace)
            source.show(registry(namespace))
            commits = mirror.log
            mirror.run("sync")
            assert mirror.log == commits
            assert source.counts()[Kind.LIST] > 0
            assert source.counts()[Kind.BLOB] == 0
            namespace = evolve(namespace, night)
            source.show(registry(namespace))


def check(mirror: Mirror, source: str, destination: str, namespace: StoredNamespace) -> None:
    """Check that the record is what the source has, and that the destination serves what is recorded."""
    documents = mirror.documents()
    for repository in namespace.repositories:
        document = documents.get(f"{source}/{repository.path}", {"tags": {}})
        refused = {tag for tag, digest in repository.tags.items() if repository.manifests[digest].media_type in _NEVER_TAKEN}
        assert document["tags"] == {tag: digest for tag, digest in repository.tags.items() if tag not in refused}
        assert set(document.get("held", {})) == refused
    with httpx.Client(base_url=f"http://{destination}/v2/", headers={"Accept": media_types.ACCEPT}) as client:
        for document in documents.values():
            kept = {tag: entry["digest"] for tag, entry in document.get("gone", {}).items()}
            for tag, digest in {**document["tags"], **kept}.items():
                answer = client.head(f"{document['mirror'].partition('/')[2]}/manifests/{tag}")
                assert (answer.status_code, answer.headers["Docker-Content-Digest"]) == (200, digest)
