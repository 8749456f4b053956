"""The client against real servers: distribution's registry, and the simulated one on a socket."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gcrsync.errors import DigestMismatchError, ProtocolError, RefusedError, UnauthorizedError, UnreachableError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.media_types import is_foreign
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.oci.verified import verified
from gcrsync.registry.catalog import catalog, tags
from gcrsync.registry.client import Client
from gcrsync.registry.listing import PlainAnswer, ask
from gcrsync.registry.opening import Settings
from gcrsync.registry.session import Session
from tests.support import build
from tests.support.build import Built
from tests.support.docker_registry import ACCOUNT, WITH_FOREIGN_LAYERS, with_account
from tests.support.docker_registry import docker_registry as run_registry
from tests.support.faults import Fault, truncated
from tests.support.pushing import push
from tests.support.serving import served
from tests.support.sessions import NO_ENVIRONMENT, session_to
from tests.support.simulator import Simulator

LATEST = Tag("latest")
LARGE = 5_000_000
KINDS = {
    "image": build.image("real"),
    "docker-image": build.image("real", docker=True),
    "index": build.index(build.image("real a"), build.image("real b")),
    "docker-list": build.index(build.image("real a", docker=True), docker=True),
    "nested-index": build.index(build.index(build.image("real a")), platforms=()),
    "attestation": build.index_with_attestation("real"),
}


@pytest.fixture
def session() -> Iterator[Session]:
    with session_to() as session:
        yield session


@pytest.fixture
def client(session: Session) -> Client:
    return Client(session, "pull,push")


@pytest.mark.parametrize(("name", "built"), KINDS.items(), ids=KINDS)
def test_what_is_pushed_is_read_back_byte_for_byte(docker_registry: str, client: Client, name: str, built: Built) -> None:
    repository = Repository(docker_registry, f"kinds/{name}")
    assert client.head_manifest(repository, LATEST) is None
    push(client, repository, built, "latest")
    assert client.head_manifest(repository, LATEST) == client.head_manifest(repository, built.digest) == built.descriptor
    for each in built.everything():
        assert client.get_manifest(repository, each.digest) == each.parsed
        for digest, content in each.blobs.items():
            assert client.has_blob(repository, digest)
            with client.open_blob(repository, Descriptor("", digest, len(content))) as chunks:
                assert b"".join(chunks) == content


def test_a_large_blob_streams_from_one_repository_to_another(docker_registry: str, client: Client) -> None:
    content = build.filler("large", LARGE)
    blob = Descriptor("", Digest.of(content), LARGE)
    source, target = Repository(docker_registry, "stream/source"), Repository(docker_registry, "stream/target")
    client.put_blob(source, blob, (content[start : start + 100_000] for start in range(0, LARGE, 100_000)))
    with client.open_blob(source, blob) as chunks:
        client.put_blob(target, blob, verified(chunks, blob, "large"))
    assert client.has_blob(target, blob.digest)


def test_a_blob_that_turns_out_to_be_another_is_not_stored(docker_registry: str, client: Client) -> None:
    content, repository = build.filler("true", LARGE), Repository(docker_registry, "verified/app")
    claimed = Descriptor("", Digest.of(b"something else"), LARGE)
    with pytest.raises(DigestMismatchError):
        client.put_blob(repository, claimed, verified([content[:-5], content[-5:]], claimed, "blob"))
    assert not client.has_blob(repository, claimed.digest)
    assert not client.has_blob(repository, Digest.of(content))


def test_a_blob_is_mounted_where_the_other_repository_has_it(docker_registry: str, client: Client) -> None:
    source, target = Repository(docker_registry, "mount/source"), Repository(docker_registry, "mount/target")
    built = build.image("mounted")
    push(client, source, built)
    first, second = list(built.blobs)[:2]
    assert client.mount_blob(target, first, source) is None
    assert client.has_blob(target, first)
    assert client.mount_blob(target, second, Repository(docker_registry, "mount/nobody")) is not None
    assert not client.has_blob(target, second)


def test_names_and_tags_are_listed(docker_registry: str, client: Client, session: Session) -> None:
    names = ("listed/a", "listed/a/b", "listed2")
    for name in names:
        push(client, Repository(docker_registry, name), build.image(name), "v1", "v2")
    push(client, Repository(docker_registry, "listed/untagged"), build.image())
    found, requests = catalog(session, Namespace(docker_registry, "listed"))
    assert [repository.path for repository in found] == ["listed/a", "listed/a/b", "listed/untagged"]
    assert requests >= 1
    assert tags(session, found[0]) == ((Tag("v1"), Tag("v2")), 1)
    assert tags(session, found[2]) == ((), 1)


def test_a_plain_registry_is_told_from_googles(docker_registry: str, client: Client, session: Session) -> None:
    push(client, Repository(docker_registry, "plain/app"), build.image(), "v1")
    answer = ask(session, Namespace(docker_registry, "plain/app"))
    assert answer == PlainAnswer((Tag("v1"),), 1)
    for namespace in (Namespace(docker_registry, "plain"), Namespace(docker_registry)):
        nothing = ask(session, namespace)
        assert isinstance(nothing, PlainAnswer)
        assert nothing.tags is None


def test_schema_one_is_refused(docker_registry: str, client: Client) -> None:
    built, repository = build.schema_one(), Repository(docker_registry, "refused/old")
    with pytest.raises(RefusedError):
        client.put_manifest(repository, LATEST, built.parsed, built.digest)


def test_a_foreign_layer_that_is_not_allowed_is_told_as_a_missing_blob(docker_registry: str, client: Client) -> None:
    built, repository = build.image_with_foreign_layer(), Repository(docker_registry, "refused/windows")
    for digest, content in built.blobs.items():
        client.put_blob(repository, Descriptor("", digest, len(content)), [content])
    with pytest.raises(ProtocolError) as raised:
        client.put_manifest(repository, LATEST, built.parsed, built.digest)
    assert "MANIFEST_BLOB_UNKNOWN" in raised.value.codes


@pytest.mark.usefixtures("docker_registry")
def test_foreign_layers_need_no_blobs_where_they_are_allowed(tmp_path: Path, client: Client) -> None:
    built = build.image_with_foreign_layer()
    with run_registry(tmp_path, WITH_FOREIGN_LAYERS) as address:
        repository = Repository(address, "windows/app")
        push(client, repository, built, "latest")
        manifest = client.get_manifest(repository, LATEST)
        assert manifest == built.parsed
        foreign = [blob for blob in built.named_blobs if is_foreign(blob.media_type)]
        assert [client.has_blob(repository, blob.digest) for blob in foreign] == [False]


@pytest.mark.usefixtures("docker_registry")
def test_an_account_opens_what_is_closed_to_everybody(tmp_path: Path, client: Client) -> None:
    user, password = ACCOUNT
    with run_registry(tmp_path, with_account(tmp_path)) as address:
        repository = Repository(address, "private/app")
        with pytest.raises(UnauthorizedError):
            client.head_manifest(repository, LATEST)
        environment = {**NO_ENVIRONMENT, "GCRSYNC_USERNAME": user, "GCRSYNC_PASSWORD": password}
        with session_to(None, environment, Settings(destination=address)) as session:
            content = build.filler("private", LARGE)
            blob = Descriptor("", Digest.of(content), LARGE)
            writer = Client(session, "pull,push")
            writer.put_blob(repository, blob, iter([content]))
            push(writer, repository, build.image(), "latest")
            assert writer.head_manifest(repository, LATEST) == build.image().descriptor
            assert writer.has_blob(repository, blob.digest)


def test_a_connection_that_breaks_in_a_blob_is_unreachable(client: Client) -> None:
    simulator = Simulator()
    blob = simulator.add("team/app", build.image(size=LARGE)).named_blobs[1]
    simulator.faults.append(Fault("GET", "/blobs/", truncated(), times=None))
    with served(simulator) as address, client.open_blob(Repository(address, "team/app"), blob) as chunks:
        assert next(chunks)
        with pytest.raises(UnreachableError, match="/blobs/"):
            list(chunks)


def test_the_simulated_registry_takes_and_gives_what_the_real_one_does(client: Client) -> None:
    simulator, built = Simulator(), KINDS["nested-index"]
    with served(simulator) as address:
        repository = Repository(address, "team/app")
        push(client, repository, built, "latest")
        assert client.head_manifest(repository, LATEST) == built.descriptor
        assert client.get_manifest(repository, built.digest) == built.parsed
    assert simulator.repositories["team/app"].tags == {"latest": str(built.digest)}


def test_requests_one_after_another_share_a_connection(client: Client) -> None:
    simulator, built, connections = Simulator(), build.image(size=LARGE), list[object]()

    def answer(request: httpx.Request) -> httpx.Response:
        connections.append(request.extensions["connection"])
        return simulator(request)

    with served(answer) as address:
        repository = Repository(address, "team/app")
        assert client.head_manifest(repository, LATEST) is None
        assert not client.has_blob(repository, built.digest)
        assert client.mount_blob(repository, built.digest, repository) is not None
        push(client, repository, built, "latest")
        assert client.head_manifest(repository, LATEST) == built.descriptor
    assert len(connections) > len(built.blobs)
    assert len(set(connections)) == 1
