"""Signatures and bills of materials go with their images: from registries with lists of referrers and without, to both."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gcrsync.oci import media_types
from gcrsync.oci.manifest import Descriptor, Index, Manifest
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import fallback_tag
from gcrsync.registry.destination import Destination
from tests.support.build import SBOM, SIGNATURE, Built, image, index, referrer, referrer_index
from tests.support.mirrors import Mirror
from tests.support.sessions import session_to

IMAGE = index(image("one"), image("two"))
SIGNED = referrer(IMAGE)
COUNTERSIGNED = referrer(SIGNED, "of the signature")
BILL = referrer_index(IMAGE, image("spdx"))
ATTESTED = referrer(IMAGE.children[0], "attestation")
REFERRERS = (SIGNED, COUNTERSIGNED, BILL, ATTESTED)
WITHOUT_LISTS = 'tags.exclude = ["sha256-*"]\n'


@contextmanager
def embedded(folder: Path) -> Iterator[str]:
    """Run the embedded registry, which keeps lists of referrers, and give its address."""
    command = [sys.executable, "-m", "gcrsync", "serve", str(folder), "--writable", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path)


@pytest.fixture
def places(request: pytest.FixtureRequest, tmp_path: Path, docker_registry: str) -> Iterator[tuple[str, str]]:
    """Give the namespace of a source and that of a destination, each in a registry with lists or in one without."""
    with ExitStack() as stack:
        addresses = [
            stack.enter_context(embedded(tmp_path / f"registry {number}")) if lists else docker_registry
            for number, lists in enumerate(request.param)
        ]
        name = tmp_path.name.lower().replace("_", "-").strip("-")
        yield f"{addresses[0]}/{name}/from", f"{addresses[1]}/{name}/to"


def push(namespace: str, *images: Built, tag: str = "") -> None:
    """Push as a signer does: all that a manifest needs, then itself, then its name in the list of its subject."""
    repository = Repository.parse(f"{namespace}/app")
    with session_to() as session:
        registry = Destination(session)
        for built in (each for image in images for each in image.everything()):
            for digest, content in built.blobs.items():
                registry.put_blob(repository, Descriptor("", digest, len(content)), [content])
            listed = registry.put_manifest(repository, built.digest, built.parsed, built.digest)
            if not listed and isinstance(built.parsed, Manifest | Index):
                registry.list_referrer(repository, built.parsed, built.digest)
        if tag:
            registry.put_manifest(repository, Tag(tag), images[-1].parsed, images[-1].digest)


def found(namespace: str, subject: Built) -> dict[str, tuple[str, Any]]:
    """Ask as the specification says, the list first and then the tag; give types and annotations by digest."""
    host, _, path = f"{namespace}/app".partition("/")
    accept = {"Accept": media_types.OCI_INDEX}
    response = httpx.get(f"http://{host}/v2/{path}/referrers/{subject.digest}", headers=accept)
    if response.status_code == 404:
        response = httpx.get(f"http://{host}/v2/{path}/manifests/{fallback_tag(subject.digest)}", headers=accept)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == media_types.OCI_INDEX
    entries = json.loads(response.content)["manifests"]
    return {entry["digest"]: (entry["artifactType"], entry.get("annotations")) for entry in entries}


def served(namespace: str, built: Built) -> bytes:
    host, _, path = f"{namespace}/app".partition("/")
    return httpx.get(f"http://{host}/v2/{path}/manifests/{built.digest}", headers={"Accept": media_types.ACCEPT}).content


def recorded(mirror: Mirror) -> list[str]:
    (document,) = mirror.documents().values()
    digests: list[str] = document["manifests"][str(IMAGE.digest)]["referrers"]
    return digests


COMBINATIONS = pytest.mark.parametrize(
    "places",
    [(True, True), (True, False), (False, True), (False, False)],
    indirect=True,
    ids=["lists-to-lists", "lists-to-none", "none-to-lists", "none-to-none"],
)


@COMBINATIONS
@pytest.mark.parametrize("rules", ["", WITHOUT_LISTS], ids=["all", "chosen"])
def test_everything_that_refers_to_an_image_is_found_at_the_mirror(mirror: Mirror, places: tuple[str, str], rules: str) -> None:
    source, destination = places
    push(source, IMAGE, tag="v1")
    push(source, *REFERRERS)
    mirror.configure(source, destination, rules)
    report = mirror.report("sync")["namespaces"][0]

    assert (report["failed"], report["held"]) == (0, 0)
    for built in REFERRERS:
        assert served(destination_of(mirror), built) == built.raw
    signed = (SIGNATURE, {"seed": "signature"})
    assert found(destination_of(mirror), IMAGE) == {SIGNED.digest: signed, BILL.digest: (SBOM, None)}
    assert found(destination_of(mirror), SIGNED) == {COUNTERSIGNED.digest: (SIGNATURE, {"seed": "of the signature"})}
    assert found(destination_of(mirror), IMAGE.children[0]) == {ATTESTED.digest: (SIGNATURE, {"seed": "attestation"})}
    assert recorded(mirror) == sorted(built.digest for built in REFERRERS)

    commits = mirror.log
    assert mirror.report("sync")["namespaces"][0]["unchanged"] == report["added"]
    assert mirror.log == commits


def destination_of(mirror: Mirror) -> str:
    (document,) = mirror.documents().values()
    return str(document["mirror"]).removesuffix("/app")


@pytest.mark.parametrize("places", [(True, True), (True, False)], indirect=True)
def test_an_image_whose_signature_cannot_be_read_is_not_shown_and_is_named(
    mirror: Mirror, places: tuple[str, str], tmp_path: Path
) -> None:
    source, destination = places
    push(source, IMAGE, tag="v1")
    push(source, image("plain"), tag="plain")
    push(source, SIGNED)
    (blob,) = [digest for digest, content in SIGNED.blobs.items() if len(content) > 2]
    (tmp_path / "registry 0").joinpath(*source.split("/")[1:], "app", "blobs", "sha256", blob.encoded).unlink()
    mirror.configure(source, destination)
    report = mirror.report("sync", code=1)["namespaces"][0]

    states = {image["tag"]: (image["state"], image["reason"]) for image in report["images"]}
    assert states["plain"] == ("added", None)
    assert states["v1"][0] == "failed"
    assert f"copying {SIGNED.digest}, which refers to {IMAGE.digest}" in states["v1"][1]
    (document,) = mirror.documents().values()
    assert document["tags"].keys() == {"plain"}

    push(source, SIGNED)
    assert mirror.report("sync")["namespaces"][0]["added"] == 1
    assert recorded(mirror) == [SIGNED.digest]


@pytest.mark.parametrize("places", [(True, True)], indirect=True)
def test_a_folder_of_layouts_keeps_what_refers_to_its_images(mirror: Mirror, places: tuple[str, str], tmp_path: Path) -> None:
    source, _ = places
    push(source, IMAGE, tag="v1")
    push(source, *REFERRERS)
    mirror.configure(source, f"oci:{tmp_path}/layouts")
    assert mirror.report("sync")["namespaces"][0]["failed"] == 0

    (folder,) = (path.parent for path in (tmp_path / "layouts").rglob("oci-layout"))
    below = folder.parent.relative_to(tmp_path / "layouts")
    with embedded(tmp_path / "layouts") as address:
        place = f"{address}/{below}" if below.parts else address
        assert found(place, IMAGE).keys() == {SIGNED.digest, BILL.digest}
        assert found(place, SIGNED).keys() == {COUNTERSIGNED.digest}
