"""The distribution API against the simulated registry: what is sent, what is believed, and what is refused."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from gcrsync.errors import (
    DigestMismatchError,
    InvalidManifestError,
    NotARegistryError,
    NotFoundError,
    ProtocolError,
    RefusedError,
    RegistryError,
    UnreachableError,
)
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, Descriptor, SchemaOne
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.verified import verified
from gcrsync.registry.client import Client
from gcrsync.registry.opening import Settings
from gcrsync.registry.session import Session
from tests.support import build
from tests.support.build import Built
from tests.support.faults import Change, Fault, corrupted, document, page, redirect, status, truncated, with_headers
from tests.support.gate import Gate
from tests.support.sessions import session_to
from tests.support.simulator import Simulator, network

REPOSITORY = Repository("registry.test", "team/app")
OTHER = Repository("registry.test", "team/base")
LATEST = Tag("latest")
LARGE = 200_000
OTHER_DIGEST = str(Digest.of(b"something else"))


@pytest.fixture
def registry() -> Simulator:
    return Simulator()


@pytest.fixture
def session(registry: Simulator) -> Iterator[Session]:
    with session_to(network(registry, Simulator("elsewhere.test"))) as session:
        yield session


@pytest.fixture
def client(session: Session) -> Client:
    return Client(session)


@pytest.fixture
def writer(session: Session) -> Client:
    return Client(session, "pull,push")


def blob_of(content: bytes) -> Descriptor:
    return Descriptor("application/octet-stream", Digest.of(content), len(content))


KINDS = {
    "an OCI image": build.image(),
    "a Docker image": build.image(docker=True),
    "an index": build.index(build.image("a"), build.image("b")),
    "a Docker list": build.index(build.image("a", docker=True), docker=True),
    "a nested index": build.index(build.index(build.image("a")), platforms=()),
    "an index with an attestation": build.index_with_attestation(),
    "an image with a foreign layer": build.image_with_foreign_layer(),
}


class TestHeadManifest:
    @pytest.mark.parametrize("built", KINDS.values(), ids=KINDS)
    def test_a_tag_is_described_without_reading_the_manifest(self, registry: Simulator, client: Client, built: Built) -> None:
        registry.add("team/app", built, "latest")
        assert client.head_manifest(REPOSITORY, LATEST) == built.descriptor
        assert not registry.requests("GET")

    def test_a_digest_is_described_as_itself(self, registry: Simulator, client: Client) -> None:
        built = registry.add("team/app", build.image())
        assert client.head_manifest(REPOSITORY, built.digest) == built.descriptor

    @pytest.mark.parametrize("codes", [(), ("MANIFEST_UNKNOWN",), ("NAME_UNKNOWN",)])
    def test_what_is_not_found_is_none(self, registry: Simulator, client: Client, codes: tuple[str, ...]) -> None:
        registry.faults.append(Fault("HEAD", "/manifests/latest", status(404, *codes)))
        assert client.head_manifest(REPOSITORY, LATEST) is None
        assert len(registry.requests("HEAD")) == 1

    @pytest.mark.parametrize(
        "change",
        [
            with_headers(Docker_Content_Digest=None),
            with_headers(Docker_Content_Digest="sha256:short"),
            with_headers(Content_Type=None),
            with_headers(Content_Type="application/json"),
            with_headers(Content_Length=None),
            with_headers(Content_Length="0"),
            status(405),
        ],
    )
    def test_where_headers_do_not_tell_enough_the_manifest_is_read(
        self, registry: Simulator, client: Client, change: Callable[..., httpx.Response]
    ) -> None:
        built = registry.add("team/app", build.image(), "latest")
        registry.faults.append(Fault("HEAD", "/manifests/latest", change))
        assert client.head_manifest(REPOSITORY, LATEST) == built.descriptor
        assert len(registry.requests("GET", "/manifests/latest")) == 1

    def test_schema_one_that_is_read_keeps_the_digest_that_the_registry_tells(self, registry: Simulator, client: Client) -> None:
        built = registry.add("team/app", build.schema_one(), "v1")
        told = with_headers(Docker_Content_Digest=OTHER_DIGEST)
        registry.faults += [Fault("HEAD", "/manifests/v1", status(405)), Fault("GET", "/manifests/v1", told)]
        described = client.head_manifest(REPOSITORY, Tag("v1"))
        assert described == Descriptor(built.media_type, Digest(OTHER_DIGEST), len(built.raw))

    def test_a_manifest_that_vanishes_between_two_requests_is_none(self, registry: Simulator, client: Client) -> None:
        registry.faults.append(Fault("HEAD", "/manifests/latest", status(405)))
        assert client.head_manifest(REPOSITORY, LATEST) is None
        assert len(registry.requests("GET", "/manifests/latest")) == 1

    def test_a_digest_that_answers_with_another_is_an_error(self, registry: Simulator, client: Client) -> None:
        built = registry.add("team/app", build.image())
        registry.faults.append(Fault("HEAD", "/manifests/", with_headers(Docker_Content_Digest=OTHER_DIGEST)))
        with pytest.raises(ProtocolError, match="says that it has sha256"):
            client.head_manifest(REPOSITORY, built.digest)

    def test_a_page_for_people_is_no_manifest(self, registry: Simulator, client: Client) -> None:
        registry.faults += [Fault("HEAD", "/manifests/", page()), Fault("GET", "/manifests/", page())]
        with pytest.raises(NotARegistryError, match=r"the answer is an HTML page: what answers there is no registry"):
            client.head_manifest(REPOSITORY, build.image().digest)

    def test_a_failure_is_not_absence(self, registry: Simulator, client: Client) -> None:
        registry.add("team/app", build.image(), "latest")
        registry.faults.append(Fault("HEAD", "/manifests/latest", status(500), times=None))
        with pytest.raises(ProtocolError, match=r"registry\.test/v2/team/app/manifests/latest"):
            client.head_manifest(REPOSITORY, LATEST)


class TestGetManifest:
    @pytest.mark.parametrize("built", KINDS.values(), ids=KINDS)
    def test_the_bytes_come_as_they_are_stored(self, registry: Simulator, client: Client, built: Built) -> None:
        registry.add("team/app", built, "latest")
        assert client.get_manifest(REPOSITORY, LATEST) == built.parsed
        assert client.get_manifest(REPOSITORY, built.digest) == built.parsed
        assert all(logged.headers["Accept-Encoding"] == "identity" for logged in registry.requests("GET"))

    def test_other_bytes_than_those_of_the_digest_are_refused(self, registry: Simulator, client: Client) -> None:
        built = registry.add("team/app", build.image(), "latest")
        registry.faults.append(Fault("GET", "/manifests/sha256", corrupted()))
        with pytest.raises(DigestMismatchError, match=str(built.digest)):
            client.get_manifest(REPOSITORY, built.digest)

    def test_schema_one_comes_by_the_digest_of_the_part_that_is_signed(self, registry: Simulator, client: Client) -> None:
        built = registry.add("team/app", build.schema_one(), "v1")
        signed = Digest.of(b"the part of it that is signed")
        registry.repositories["team/app"].manifests[str(signed)] = (built.media_type, built.raw)
        registry.repositories["team/app"].tags["v1"] = str(signed)
        expected = SchemaOne(built.raw, built.media_type)
        assert client.get_manifest(REPOSITORY, signed) == expected
        assert client.get_manifest(REPOSITORY, Tag("v1")) == expected

    def test_a_manifest_beyond_the_limit_is_refused_with_the_limit(self, registry: Simulator, client: Client) -> None:
        built = Built(build.image().raw + b" " * LARGEST_MANIFEST, build.image().media_type)
        registry.add("team/app", built, "latest")
        with pytest.raises(InvalidManifestError, match=str(LARGEST_MANIFEST)):
            client.get_manifest(REPOSITORY, LATEST)

    def test_a_page_for_people_is_no_manifest(self, registry: Simulator, client: Client) -> None:
        registry.faults.append(Fault("GET", "/manifests/latest", page()))
        with pytest.raises(NotARegistryError, match=r"registry\.test/team/app:latest"):
            client.get_manifest(REPOSITORY, LATEST)

    def test_a_page_that_somebody_has_stored_as_a_manifest_is_one_that_is_broken(self, registry: Simulator, client: Client) -> None:
        built = registry.add("team/app", Built(b"<!doctype html>", build.image().media_type))
        with pytest.raises(InvalidManifestError, match="an HTML page"):
            client.get_manifest(REPOSITORY, built.digest)

    def test_a_manifest_that_breaks_off_is_unreachable(self, registry: Simulator, client: Client) -> None:
        registry.add("team/app", build.image(), "latest")
        registry.faults.append(Fault("GET", "/manifests/latest", truncated(), times=None))
        with pytest.raises(UnreachableError):
            client.get_manifest(REPOSITORY, LATEST)

    def test_what_is_not_there_is_not_found(self, client: Client) -> None:
        with pytest.raises(NotFoundError, match="reading manifest"):
            client.get_manifest(REPOSITORY, LATEST)


class TestBlobs:
    def test_a_blob_comes_as_it_is_stored(self, registry: Simulator, client: Client) -> None:
        blob = registry.add("team/app", build.image(size=LARGE)).named_blobs[1]
        with client.open_blob(REPOSITORY, blob) as chunks:
            assert sum(map(len, verified(chunks, blob, "blob"))) == LARGE
        assert registry.requests("GET")[-1].headers["Accept-Encoding"] == "identity"

    def test_a_blob_that_is_announced_with_another_size_is_not_begun(self, registry: Simulator, client: Client) -> None:
        blob = registry.add("team/app", build.image()).named_blobs[1]
        larger = Descriptor(blob.media_type, blob.digest, blob.size + 1)
        with pytest.raises(ProtocolError, match="announces 1000 bytes, the manifest 1001"), client.open_blob(REPOSITORY, larger):
            pytest.fail("the blob was opened")

    def test_a_blob_that_is_not_there_is_not_found(self, client: Client) -> None:
        with pytest.raises(NotFoundError, match="reading blob"), client.open_blob(REPOSITORY, blob_of(b"content")):
            pytest.fail("the blob was opened")

    def test_a_blob_that_breaks_off_is_unreachable(self, registry: Simulator, client: Client) -> None:
        blob = registry.add("team/app", build.image(size=LARGE)).named_blobs[1]
        registry.faults.append(Fault("GET", "/blobs/", truncated(), times=None))
        with client.open_blob(REPOSITORY, blob) as chunks:
            received = next(chunks)
            assert received
            with pytest.raises(UnreachableError):
                list(chunks)

    def test_a_blob_is_read_from_where_a_redirect_leads_without_the_token(self, registry: Simulator) -> None:
        built = registry.add("team/app", build.image())
        blob = built.named_blobs[1]
        registry.gate = Gate("bearer")
        storage = Simulator("elsewhere.test")
        storage.add("store", built)
        location = f"https://elsewhere.test/v2/store/blobs/{blob.digest}?signature=secret"
        registry.faults.append(Fault("GET", f"/v2/team/app/blobs/{blob.digest}", redirect(location), first=2))
        with session_to(network(registry, storage)) as session, Client(session).open_blob(REPOSITORY, blob) as chunks:
            assert b"".join(chunks) == built.blobs[blob.digest]
        assert "Authorization" in registry.requests("GET", "/blobs/")[-1].headers
        assert "Authorization" not in storage.requests("GET", "/blobs/")[0].headers

    def test_a_blob_is_there_or_not(self, registry: Simulator, client: Client) -> None:
        blob = registry.add("team/app", build.image()).named_blobs[0]
        assert client.has_blob(REPOSITORY, blob.digest)
        assert not client.has_blob(OTHER, blob.digest)

    def test_a_blob_that_may_not_be_asked_for_is_taken_as_absent(self, registry: Simulator, client: Client) -> None:
        blob = registry.add("team/app", build.image()).named_blobs[0]
        registry.faults.append(Fault("HEAD", "/blobs/", status(405)))
        assert not client.has_blob(REPOSITORY, blob.digest)

    def test_a_failure_is_not_absence_of_a_blob(self, registry: Simulator, client: Client) -> None:
        registry.faults.append(Fault("HEAD", "/blobs/", status(500), times=None))
        with pytest.raises(ProtocolError, match="asking for blob"):
            client.has_blob(REPOSITORY, Digest.of(b""))


class TestMountBlob:
    def test_a_blob_is_taken_over_from_another_repository_with_one_token_for_both(
        self, registry: Simulator, writer: Client
    ) -> None:
        registry.gate = Gate("bearer")
        blob = registry.add("team/base", build.image()).named_blobs[1]
        assert writer.mount_blob(REPOSITORY, blob.digest, OTHER) is None
        assert str(blob.digest) in registry.repositories["team/app"].blobs
        assert len(registry.requests("GET", "/token")) == 1

    def test_an_upload_that_was_opened_instead_is_the_one_to_use(self, registry: Simulator, writer: Client) -> None:
        upload = writer.mount_blob(REPOSITORY, Digest.of(b"unknown"), OTHER)
        assert upload is not None
        writer.upload_blob(upload, REPOSITORY, blob_of(b"unknown"), [b"unknown"])
        assert registry.repositories["team/app"].blobs == {str(Digest.of(b"unknown")): b"unknown"}
        assert len(registry.requests("POST")) == 1

    @pytest.mark.parametrize("code", [200, 400, 401, 403, 404, 405])
    def test_a_registry_that_does_not_mount_has_an_upload_opened(self, registry: Simulator, writer: Client, code: int) -> None:
        blob = registry.add("team/base", build.image()).named_blobs[1]
        registry.faults.append(Fault("POST", "mount=", status(code), times=None))
        assert writer.mount_blob(REPOSITORY, blob.digest, OTHER) is not None
        assert [len(logged.query) for logged in registry.requests("POST", "/blobs/uploads/")][-2:] == [2, 0]

    @pytest.mark.parametrize("code", [401, 403])
    def test_a_mount_that_no_token_is_given_for_has_an_upload_opened(self, registry: Simulator, writer: Client, code: int) -> None:
        registry.gate = Gate("bearer")
        assert not writer.has_blob(REPOSITORY, Digest.of(b"content"))
        registry.faults.append(Fault("GET", "/token.*team%2Fbase", status(code), times=None))
        assert writer.mount_blob(REPOSITORY, Digest.of(b"content"), OTHER) is not None
        assert len(registry.requests("GET", "/token")) == 2

    @pytest.mark.parametrize("location", ["", "ftp://elsewhere.test/"])
    def test_an_upload_that_leads_nowhere_is_an_error(self, registry: Simulator, writer: Client, location: str) -> None:
        registry.faults.append(Fault("POST", "mount=", status(202, headers={"Location": location})))
        with pytest.raises(ProtocolError, match="the Location of the upload"):
            writer.mount_blob(REPOSITORY, Digest.of(b"unknown"), OTHER)


class TestHasTags:
    def test_a_repository_has_tags_or_not(self, registry: Simulator, client: Client) -> None:
        registry.add("team/app", build.image(), "1", "2")
        registry.add("team/base", build.image())
        assert client.has_tags(REPOSITORY)
        assert not client.has_tags(OTHER)
        assert not client.has_tags(Repository(REPOSITORY.registry, "team/nobody"))
        assert [logged.query for logged in registry.requests("GET", "/tags/list")] == [{"n": "1"}] * 3

    @pytest.mark.parametrize("answer", [status(403), status(500), document([]), page()])
    def test_an_answer_that_does_not_say_is_an_error(self, registry: Simulator, client: Client, answer: Change) -> None:
        registry.faults.append(Fault("GET", "/tags/list", answer, times=None))
        with pytest.raises(RegistryError):
            client.has_tags(REPOSITORY)


class TestPutBlob:
    @pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, LARGE])
    def test_a_blob_is_stored(self, registry: Simulator, writer: Client, size: int) -> None:
        content = build.filler("blob", size)
        writer.put_blob(REPOSITORY, blob_of(content), [content[:100], content[100:]])
        assert registry.repositories["team/app"].blobs == {str(Digest.of(content)): content}
        sent = registry.requests("PUT")
        assert [(put.headers["Content-Length"], put.headers["Content-Type"]) for put in sent] == [
            (str(size), "application/octet-stream")
        ]

    @pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1])
    def test_only_a_large_blob_has_its_upload_opened_before_it_is_read(
        self, registry: Simulator, writer: Client, size: int
    ) -> None:
        content, opened = build.filler("blob", size), list[int]()

        def chunks() -> Iterator[bytes]:
            opened.append(len(registry.requests("POST", "/uploads/")))
            yield content

        writer.put_blob(REPOSITORY, blob_of(content), chunks())
        assert opened == [1 if size > 64 * 1024 else 0]

    @pytest.mark.parametrize("size", [100, LARGE])
    def test_a_blob_that_is_not_what_it_claims_to_be_is_not_stored(self, registry: Simulator, writer: Client, size: int) -> None:
        content, claimed = build.filler("blob", size), blob_of(build.filler("another", size))
        with pytest.raises(DigestMismatchError, match=str(claimed.digest)):
            writer.put_blob(REPOSITORY, claimed, verified([content], claimed, "blob"))
        assert not registry.repositories

    def test_an_upload_may_go_to_another_host_without_the_token(self, registry: Simulator) -> None:
        storage = Simulator("elsewhere.test")
        registry.gate = Gate("bearer")
        location = "https://elsewhere.test/v2/store/blobs/uploads/1?_state=a%2Bb%3D%3D"
        registry.faults.append(Fault("POST", "/uploads/", status(202, headers={"Location": location}), first=2))
        with session_to(network(registry, storage)) as session:
            Client(session, "pull,push").put_blob(REPOSITORY, blob_of(b"content"), [b"content"])
        assert "Authorization" in registry.requests("POST", "/uploads/")[-1].headers
        assert storage.repositories["store"].blobs == {str(Digest.of(b"content")): b"content"}
        assert "Authorization" not in storage.requests("PUT")[0].headers

    def test_a_registry_named_insecure_may_name_the_upload_by_plain_http(self, registry: Simulator) -> None:
        location = f"http://{registry.host}/v2/team/app/blobs/uploads/1?_state=a%2Bb%3D%3D"
        registry.faults.append(Fault("POST", "/uploads/", status(202, headers={"Location": location})))
        with session_to(network(registry), settings=Settings(insecure=frozenset({registry.host}))) as session:
            Client(session, "pull,push").put_blob(REPOSITORY, blob_of(b"content"), [b"content"])
        assert registry.repositories["team/app"].blobs == {str(Digest.of(b"content")): b"content"}

    @pytest.mark.parametrize(
        ("location", "reason"),
        [
            (None, "is missing"),
            ("http://registry.test/v2/team/app/blobs/uploads/1", "leads from TLS to plain HTTP"),
            ("https://169.254.169.254/latest/x", "leads into the private network of 169.254.169.254"),
            ("ftp://registry.test/", "is no URL of a registry"),
            ("https://registry.test:port/", "is no URL"),
        ],
    )
    def test_an_upload_that_leads_astray_is_refused(
        self, registry: Simulator, writer: Client, location: str | None, reason: str
    ) -> None:
        registry.faults.append(Fault("POST", "/uploads/", status(202, headers={"Location": location} if location else None)))
        with pytest.raises(ProtocolError, match=reason):
            writer.put_blob(REPOSITORY, blob_of(b"content"), [b"content"])
        assert not registry.requests("PUT")

    def test_an_upload_that_cannot_be_opened_is_an_error(self, registry: Simulator, writer: Client) -> None:
        registry.faults.append(Fault("POST", "/uploads/", status(404, "NAME_UNKNOWN"), times=None))
        with pytest.raises(NotFoundError, match="opening an upload at"):
            writer.put_blob(REPOSITORY, blob_of(b"content"), [b"content"])

    def test_an_upload_that_is_led_to_another_port_says_to_which(self, registry: Simulator, writer: Client) -> None:
        registry.faults.append(Fault("POST", "/uploads/", redirect("https://registry.test:444/v2/team/app/blobs/uploads/?a=b")))
        with pytest.raises(ProtocolError, match=r"307 Temporary Redirect: it leads to https://registry\.test:444, and"):
            writer.put_blob(REPOSITORY, blob_of(b"content"), [b"content"])
        assert len(registry.requests("POST")) == 1

    def test_a_registry_that_stored_something_else_is_not_believed(self, registry: Simulator, writer: Client) -> None:
        registry.faults.append(Fault("PUT", "/uploads/", with_headers(Docker_Content_Digest=OTHER_DIGEST)))
        with pytest.raises(DigestMismatchError, match=OTHER_DIGEST):
            writer.put_blob(REPOSITORY, blob_of(b"content"), [b"content"])

    def test_a_registry_may_name_what_it_stored_by_another_algorithm(self, registry: Simulator, writer: Client) -> None:
        other = str(Digest.of(b"content", "sha512"))
        registry.faults.append(Fault("PUT", "/uploads/", with_headers(Docker_Content_Digest=other)))
        writer.put_blob(REPOSITORY, blob_of(b"content"), [b"content"])
        assert registry.repositories["team/app"].blobs

    def test_one_token_serves_reading_and_writing(self, registry: Simulator, writer: Client) -> None:
        registry.gate = Gate("bearer")
        assert not writer.has_blob(REPOSITORY, Digest.of(b"content"))
        writer.put_blob(REPOSITORY, blob_of(b"content"), [b"content"])
        assert writer.has_blob(REPOSITORY, Digest.of(b"content"))
        assert len(registry.requests("GET", "/token")) == 1


class TestPutManifest:
    @pytest.mark.parametrize("built", KINDS.values(), ids=KINDS)
    def test_the_bytes_are_stored_as_they_are(self, registry: Simulator, writer: Client, built: Built) -> None:
        registry.add("team/app", built)
        expected = registry.repositories["team/app"].manifests.copy()
        for each in built.everything():
            del registry.repositories["team/app"].manifests[str(each.digest)]
        for each in built.everything():
            writer.put_manifest(REPOSITORY, each.digest, each.parsed, each.digest)
        writer.put_manifest(REPOSITORY, LATEST, built.parsed, built.digest)
        assert registry.repositories["team/app"].manifests == expected
        assert registry.repositories["team/app"].tags == {"latest": str(built.digest)}

    @pytest.mark.parametrize("code", [200, 201, 202])
    def test_a_registry_may_say_yes_in_other_words(self, registry: Simulator, writer: Client, code: int) -> None:
        registry.faults.append(Fault("PUT", "/manifests/", status(code)))
        built = build.image()
        writer.put_manifest(REPOSITORY, LATEST, built.parsed, built.digest)
        assert len(registry.requests("PUT")) == 1

    def test_a_kind_that_is_not_taken_is_refused(self, registry: Simulator, writer: Client) -> None:
        built = build.schema_one()
        with pytest.raises(RefusedError, match="storing manifest"):
            writer.put_manifest(REPOSITORY, LATEST, built.parsed, built.digest)
        assert len(registry.requests("PUT")) == 1

    def test_an_image_whose_blobs_are_missing_is_told_by_the_code(self, writer: Client) -> None:
        built = build.image()
        with pytest.raises(ProtocolError) as raised:
            writer.put_manifest(REPOSITORY, LATEST, built.parsed, built.digest)
        assert raised.value.codes == ("MANIFEST_BLOB_UNKNOWN",)

    def test_a_registry_that_stored_something_else_is_not_believed(self, registry: Simulator, writer: Client) -> None:
        built = registry.add("team/app", build.image())
        registry.faults.append(Fault("PUT", "/manifests/", with_headers(Docker_Content_Digest=OTHER_DIGEST)))
        with pytest.raises(DigestMismatchError, match=OTHER_DIGEST):
            writer.put_manifest(REPOSITORY, LATEST, built.parsed, built.digest)
