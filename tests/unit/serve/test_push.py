from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from gcrsync.archive.folder import LayoutFolder
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST
from gcrsync.serve.application import RegistryApplication
from tests.support.build import Built, image, image_with_foreign_layer, index, referrer, schema_one
from tests.support.layouts import listed, put
from tests.support.without_socket import DirectClient, error_of

CONTENT = bytes(range(256)) * 10
DIGEST = Digest.of(CONTENT)
WRONG = Digest.of(b"other")


def files(root: Path) -> set[str]:
    """Give the names of all files but those that every layout has."""
    return {path.name for path in root.rglob("*") if path.is_file()} - {"index.json", "oci-layout", ".lock"}


def opened(client: Client, path: str = "a") -> str:
    """Begin an upload, and give where it goes on."""
    response = client.post(f"/v2/{path}/blobs/uploads/")
    assert (response.status_code, response.headers["Range"]) == (202, "0-0")
    return response.headers["Location"]


def push_blobs(client: Client, path: str, built: Built) -> None:
    for digest, content in built.blobs.items():
        assert client.post(f"/v2/{path}/blobs/uploads/?digest={digest}", data=content).status_code == 201


def put_manifest(client: Client, path: str, reference: str, built: Built, content_type: str | None = None) -> TestResponse:
    return client.put(f"/v2/{path}/manifests/{reference}", data=built.raw, content_type=content_type or built.media_type)


def assert_stored(client: Client, response: TestResponse) -> None:
    assert response.status_code == 201
    assert response.headers["Docker-Content-Digest"] == str(DIGEST)
    assert response.headers["Location"] == f"/v2/a/blobs/{DIGEST}"
    assert client.get(response.headers["Location"]).data == CONTENT


def test_a_blob_is_pushed_by_post_then_put(client: Client) -> None:
    assert_stored(client, client.put(f"{opened(client)}?digest={DIGEST}", data=CONTENT))


def test_a_blob_is_pushed_by_a_single_post(client: Client, tmp_path: Path) -> None:
    assert_stored(client, client.post(f"/v2/a/blobs/uploads/?digest={DIGEST}", data=CONTENT))
    assert files(tmp_path) == {DIGEST.encoded}


def test_a_blob_is_pushed_as_a_stream_then_an_empty_put(client: Client) -> None:
    location = opened(client)
    assert client.patch(location, data=CONTENT).headers["Range"] == f"0-{len(CONTENT) - 1}"
    assert_stored(client, client.put(f"{location}?digest={DIGEST}"))


def test_a_blob_is_pushed_in_chunks_the_last_with_the_put(client: Client) -> None:
    location = opened(client)
    for start, end in ((0, 1000), (1000, 2000)):
        response = client.patch(location, data=CONTENT[start:end], headers={"Content-Range": f"{start}-{end - 1}"})
        assert (response.status_code, response.headers["Range"], response.headers["Location"]) == (202, f"0-{end - 1}", location)
    status = client.get(location)
    assert (status.status_code, status.headers["Range"], status.headers["Location"]) == (204, "0-1999", location)
    last = f"2000-{len(CONTENT) - 1}"
    assert_stored(client, client.put(f"{location}?digest={DIGEST}", data=CONTENT[2000:], headers={"Content-Range": last}))


@pytest.mark.parametrize(
    "content_range", ["500-599", "2000-2099", "1000-1050", "1000-2000", "bytes 1000-1099/2560", "x", "-1-98", "1000-"]
)
def test_a_chunk_out_of_order_is_refused_and_the_upload_goes_on_where_it_was(client: Client, content_range: str) -> None:
    location = opened(client)
    client.patch(location, data=CONTENT[:1000])
    response = client.patch(location, data=CONTENT[1000:1100], headers={"Content-Range": content_range})
    assert error_of(response) == (416, "RANGE_INVALID")
    assert (response.headers["Range"], response.headers["Location"]) == ("0-999", location)
    assert_stored(client, client.put(f"{location}?digest={DIGEST}", data=CONTENT[1000:]))


def test_a_digest_of_another_algorithm_may_name_a_blob(client: Client) -> None:
    digest = Digest.of(CONTENT, "sha512")
    assert client.post(f"/v2/a/blobs/uploads/?digest={digest}", data=CONTENT).status_code == 201
    assert client.get(f"/v2/a/blobs/{digest}").data == CONTENT


def test_bytes_of_another_digest_are_not_stored_and_end_the_upload(client: Client, tmp_path: Path) -> None:
    location = opened(client)
    assert error_of(client.put(f"{location}?digest={WRONG}", data=CONTENT)) == (400, "DIGEST_INVALID")
    assert error_of(client.get(location)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert error_of(client.post(f"/v2/a/blobs/uploads/?digest={WRONG}", data=CONTENT)) == (400, "DIGEST_INVALID")
    assert files(tmp_path) == set()


@pytest.mark.parametrize("query", ["", "?digest=", "?digest=sha256:short", "?digest=md5:0"])
def test_an_upload_is_not_ended_without_a_digest(client: Client, query: str) -> None:
    location = opened(client)
    assert error_of(client.put(f"{location}{query}", data=CONTENT)) == (400, "DIGEST_INVALID")
    assert_stored(client, client.put(f"{location}?digest={DIGEST}", data=CONTENT))


def test_a_body_that_breaks_off_is_not_stored_and_can_be_gone_on_with(client: Client) -> None:
    location = opened(client)
    broken = client.patch(location, data=CONTENT[:100], environ_overrides={"CONTENT_LENGTH": "1000"})
    assert error_of(broken) == (400, "BLOB_UPLOAD_INVALID")
    assert client.get(location).headers["Range"] == "0-99"
    assert_stored(client, client.put(f"{location}?digest={DIGEST}", data=CONTENT[100:]))


def test_an_upload_is_given_up(client: Client, tmp_path: Path) -> None:
    location = opened(client)
    client.patch(location, data=CONTENT)
    assert len(files(tmp_path)) == 1
    assert client.delete(location).status_code == 204
    assert files(tmp_path) == set()
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        assert error_of(client.open(f"{location}?digest={DIGEST}", method=method)) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_belongs_to_its_repository(client: Client) -> None:
    location = opened(client)
    assert error_of(client.patch(location.replace("/a/", "/b/"), data=CONTENT)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert client.get(location).headers["Range"] == "0-0"


def test_uploads_are_forgotten_at_the_end(tmp_path: Path) -> None:
    application = RegistryApplication(LayoutFolder(tmp_path), writable=True, log=lambda _: None)
    client = DirectClient(application)
    client.patch(opened(client), data=CONTENT)
    assert len(files(tmp_path)) == 1
    application.close()
    assert files(tmp_path) == set()


def test_of_too_many_uploads_the_one_that_rests_longest_is_dropped(client: Client) -> None:
    first, second = opened(client), opened(client)
    client.patch(first, data=CONTENT)
    for _ in range(255):
        opened(client)
    assert error_of(client.get(second)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert_stored(client, client.put(f"{first}?digest={DIGEST}"))


def test_a_blob_of_another_repository_is_mounted_as_a_link(client: Client, tmp_path: Path) -> None:
    built = put(tmp_path, "a/b", image(), "v1")
    digest = next(iter(built.blobs))
    response = client.post(f"/v2/c/blobs/uploads/?mount={digest}&from=a/b")
    assert (response.status_code, response.headers["Location"]) == (201, f"/v2/c/blobs/{digest}")
    assert len({(tmp_path / path / "blobs/sha256" / digest.encoded).stat().st_ino for path in ("a/b", "c")}) == 1


@pytest.mark.parametrize("source", ["&from=a/b", "&from=none", "&from=../a", "&from=", ""])
def test_what_cannot_be_mounted_is_uploaded(client: Client, tmp_path: Path, source: str) -> None:
    put(tmp_path, "a/b", image(), "v1")
    response = client.post(f"/v2/a/blobs/uploads/?mount={DIGEST}{source}")
    assert response.status_code == 202
    assert_stored(client, client.put(f"{response.headers['Location']}?digest={DIGEST}", data=CONTENT))


def test_a_repository_inside_the_files_of_another_is_refused(client: Client, tmp_path: Path) -> None:
    built = put(tmp_path, "a", image(), "v1")
    assert error_of(client.post("/v2/a/blobs/blobs/uploads/")) == (400, "NAME_INVALID")
    assert error_of(put_manifest(client, "a/index.json", "v1", built)) == (400, "NAME_INVALID")


def test_an_image_is_pushed_by_tag_and_by_digest(client: Client, tmp_path: Path) -> None:
    child = image()
    parent = index(child)
    push_blobs(client, "a", child)
    for built, reference in ((child, str(child.digest)), (parent, "v1")):
        response = put_manifest(client, "a", reference, built)
        assert (response.status_code, response.headers["Docker-Content-Digest"]) == (201, str(built.digest))
        assert client.get(response.headers["Location"]).data == built.raw
    assert listed(tmp_path, "a") == [("v1", str(parent.digest))]


def test_a_manifest_is_not_taken_before_what_it_names_but_for_foreign_layers(client: Client) -> None:
    child, foreign = image(), image_with_foreign_layer()
    for built in (child, index(child), foreign):
        assert error_of(put_manifest(client, "a", "v1", built)) == (400, "MANIFEST_BLOB_UNKNOWN")
    push_blobs(client, "a", foreign)
    assert put_manifest(client, "a", "v1", foreign).status_code == 201


def test_the_answer_to_a_manifest_with_a_subject_says_that_it_is_listed(client: Client) -> None:
    built = image()
    signature = referrer(built)
    push_blobs(client, "a", signature)
    response = put_manifest(client, "a", str(signature.digest), signature)
    assert (response.status_code, response.headers["OCI-Subject"]) == (201, str(built.digest))
    push_blobs(client, "a", built)
    assert "OCI-Subject" not in put_manifest(client, "a", "v1", built).headers


@pytest.mark.parametrize("content_type", ["application/json", media_types.DOCKER_MANIFEST, "", "text/plain"])
def test_a_manifest_that_is_sent_as_something_else_is_not_taken(client: Client, content_type: str) -> None:
    built = image()
    push_blobs(client, "a", built)
    response = client.put("/v2/a/manifests/v1", data=built.raw, headers={"Content-Type": content_type} if content_type else {})
    assert error_of(response) == (400, "MANIFEST_INVALID")
    assert put_manifest(client, "a", "v1", built, f"{built.media_type}; charset=utf-8").status_code == 201


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (b"", media_types.OCI_MANIFEST),
        (b"[]", media_types.OCI_MANIFEST),
        (b"[" * 10_000, media_types.OCI_MANIFEST),
        (b'{"manifests": [], "config": {}}', media_types.OCI_INDEX),
        (b'{"manifests": [{"digest": "sha256:../x", "size": 1}]}', media_types.OCI_INDEX),
        (schema_one().raw, media_types.DOCKER_SCHEMA1_SIGNED),
    ],
)
def test_what_is_no_manifest_that_can_be_stored_is_not_taken(client: Client, tmp_path: Path, raw: bytes, media_type: str) -> None:
    assert error_of(put_manifest(client, "a", "v1", Built(raw, media_type))) == (400, "MANIFEST_INVALID")
    assert files(tmp_path) == set()


def test_a_manifest_of_another_digest_is_not_taken(client: Client) -> None:
    built = image()
    push_blobs(client, "a", built)
    assert error_of(put_manifest(client, "a", str(WRONG), built)) == (400, "DIGEST_INVALID")
    assert error_of(client.get(f"/v2/a/manifests/{built.digest}")) == (404, "MANIFEST_UNKNOWN")


def test_a_manifest_may_be_as_large_as_the_specification_says_and_no_larger(client: Client) -> None:
    largest = b'{"schemaVersion": 2, "manifests": []}'.ljust(LARGEST_MANIFEST)
    assert put_manifest(client, "a", "v1", Built(largest, media_types.OCI_INDEX)).status_code == 201
    assert error_of(put_manifest(client, "a", "v1", Built(largest + b" ", media_types.OCI_INDEX))) == (413, "MANIFEST_INVALID")


def test_tags_and_manifests_are_deleted(client: Client, tmp_path: Path) -> None:
    built = put(tmp_path, "a", image(), "v1", "v2")
    assert client.delete("/v2/a/manifests/v1").status_code == 202
    assert error_of(client.delete("/v2/a/manifests/v1")) == (404, "MANIFEST_UNKNOWN")
    assert client.get("/v2/a/manifests/v2").status_code == 200
    assert client.delete(f"/v2/a/manifests/{built.digest}").status_code == 202
    assert error_of(client.get("/v2/a/manifests/v2")) == (404, "MANIFEST_UNKNOWN")
    assert error_of(client.delete(f"/v2/a/manifests/{built.digest}")) == (404, "MANIFEST_UNKNOWN")
    assert error_of(client.delete("/v2/none/manifests/v1")) == (404, "MANIFEST_UNKNOWN")
