from pathlib import Path

from benchmarks.speed.storage import Storage
from benchmarks.speed.traffic import pulled, pushed
from gcrsync.oci.digest import Digest

BLOB, MANIFEST = b"a layer", b'{"mediaType":"m"}'
ABSENT = Digest.of(b"refused")


def line(request: str, status: int, size: int) -> str:
    return f'127.0.0.1 - - [26/Nov/2026:11:00:54 +0000] "{request} HTTP/1.1" {status} {size} "" "a client"\n'


def test_bytes_are_pulled_by_get_alone() -> None:
    lines = (
        line("GET /v2/a/tags/list?n=100", 200, 10),
        line("HEAD /v2/a/manifests/v1", 200, 500),  # docker-registry writes what a GET would have sent
        line("GET /v2/a/b/manifests/v1", 200, 500),
        line("GET /v2/a/b/blobs/sha256:00", 206, 4000),
        line("GET /v2/", 200, 2),
        'time="2026-11-26T11:00:54Z" level=error msg="no line of a request"\n',
    )
    found = pulled(lines)
    assert (found.requests, found.content) == (5, 4512)
    assert found.kinds == {"GET tags": 1, "HEAD manifests": 1, "GET manifests": 1, "GET blobs": 1, "GET other": 1}


def test_bytes_are_pushed_by_each_put_that_ended_well(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    blob, manifest = storage.put(BLOB), storage.put(MANIFEST)
    storage.link_manifest("mirror/a", manifest, ["v1"])
    lines = (
        line("HEAD /v2/mirror/a/blobs/sha256:00", 404, 157),
        line("POST /v2/mirror/a/blobs/uploads/", 202, 0),
        line("PATCH /v2/mirror/a/blobs/uploads/5?_state=x", 202, 0),
        line(f"PUT /v2/mirror/a/blobs/uploads/5?_state=x&digest=sha256%3A{blob.encoded}", 201, 0),
        line(f"PUT /v2/mirror/a/blobs/uploads/6?digest={ABSENT}", 400, 204),
        line(f"PUT /v2/mirror/a/manifests/{manifest}", 201, 0),
        line("PUT /v2/mirror/a/manifests/v1", 201, 0),
        line(f"POST /v2/mirror/b/blobs/uploads/?mount={blob}&from=mirror/a", 201, 0),
    )
    found = pushed(lines, storage)
    assert (found.requests, found.content) == (8, len(BLOB) + 2 * len(MANIFEST))
    assert found.kinds["PUT blobs"] == found.kinds["PUT manifests"] == 2
