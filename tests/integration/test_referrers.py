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
from tests.support.build import AMD64, ARM64, SBOM, SIGNATURE, Built, image, index, referrer, referrer_index
from tests.support.faults import Fault, status
from tests.support.mirrors import Mirror
from tests.support.serving import served as serving
from tests.support.sessions import session_to
from tests.support.simulator import Simulator

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


@COMBINATIONS
def test_a_signature_that_comes_later_is_copied_told_and_recorded(mirror: Mirror, places: tuple[str, str]) -> None:
    source, destination = places
    push(source, IMAGE, tag="v1")
    mirror.configure(source, destination, WITHOUT_LISTS)
    mirror.run("sync")
    push(source, *REFERRERS)
    report = mirror.report("sync")["namespaces"][0]

    told = "4 manifests that refer to it copied"
    assert [(image["tag"], image["state"], image["reason"]) for image in report["images"]] == [("v1", "unchanged", told)]
    assert (report["unchanged"], report["failed"]) == (1, 0)
    assert report["referrerRequests"] >= 3
    assert found(destination_of(mirror), IMAGE).keys() == {SIGNED.digest, BILL.digest}
    assert found(destination_of(mirror), SIGNED).keys() == {COUNTERSIGNED.digest}
    assert recorded(mirror) == sorted(built.digest for built in REFERRERS)
    assert f"unchanged `v1`: `{told}`" in (mirror.root / "CHANGELOG.md").read_text("utf-8")

    commits = mirror.log
    assert mirror.report("sync")["namespaces"][0]["images"] == []
    assert mirror.log == commits


@COMBINATIONS
@pytest.mark.parametrize("platforms", [("amd64",), ("amd64", "arm64")], ids=["one", "several"])
def test_with_platforms_what_refers_to_a_chosen_image_comes_and_is_found_in_every_run(
    mirror: Mirror, places: tuple[str, str], platforms: tuple[str, ...]
) -> None:
    source, destination = places
    several = index(image("one"), image("two"), image("three"), platforms=(AMD64, ARM64, {"os": "linux", "architecture": "s390x"}))
    push(source, several, tag="v1")
    attested = referrer(several.children[0], "of amd64")
    push(source, attested)
    chosen = ", ".join(f'"linux/{platform}"' for platform in platforms)
    mirror.configure(source, destination, f"platforms = [{chosen}]\n")
    first = mirror.report("sync")["namespaces"][0]
    assert (first["failed"], first["held"]) == (0, 0)
    assert found(destination_of(mirror), several.children[0]).keys() == {attested.digest}

    commits = mirror.log
    assert mirror.report("sync")["namespaces"][0]["images"] == []
    assert mirror.log == commits
    late = referrer(several.children[0], "later")
    push(source, late)
    mirror.run("sync")
    assert found(destination_of(mirror), several.children[0]).keys() == {attested.digest, late.digest}
    assert mirror.report("sync")["namespaces"][0]["images"] == []


@pytest.mark.parametrize("places", [(True, False)], indirect=True)
def test_a_signature_that_the_copied_list_of_the_source_does_not_name_is_told(mirror: Mirror, places: tuple[str, str]) -> None:
    source, destination = places
    older, newer = referrer(IMAGE, "older"), referrer(IMAGE, "newer")
    push(source, IMAGE, tag="v1")
    push(source, older, newer)
    push(source, index(older, platforms=()), tag=str(fallback_tag(IMAGE.digest)))
    mirror.configure(source, destination)
    said = mirror.run("sync").stderr

    assert f"{newer.digest} was copied, but {destination_of(mirror)}/app:{fallback_tag(IMAGE.digest)} does not name it" in said
    assert served(destination_of(mirror), newer) == newer.raw
    assert recorded(mirror) == sorted((older.digest, newer.digest))


@pytest.mark.parametrize("places", [(True, False)], indirect=True)
def test_a_signature_is_not_asked_for_when_its_time_is_over(mirror: Mirror, places: tuple[str, str]) -> None:
    source, destination = places
    push(source, IMAGE, tag="v1")
    mirror.configure(source, destination, 'referrers_for = "0s"\n')
    mirror.run("sync")
    push(source, SIGNED)
    report = mirror.report("sync")["namespaces"][0]

    assert (report["unchanged"], report["referrerRequests"], report["images"]) == (1, 0, [])


def test_untagged_manifests_of_a_google_list_are_read_once_and_remembered(mirror: Mirror, docker_registry: str) -> None:
    source = Simulator(google=True)
    for built in (IMAGE, SIGNED, image("left behind")):
        source.add("p/app", built, *(["v1"] if built is IMAGE else []))
    with serving(source) as address:
        mirror.configure(f"{address}/p", f"{docker_registry}/remembered-{mirror.root.parent.name}")
        first = mirror.report("sync")["namespaces"][0]
        assert (first["added"], first["requests"], first["referrerRequests"]) == (1, 2, 4)
        assert recorded(mirror) == [SIGNED.digest]
        untagged = {str(IMAGE.children[0].digest): None, str(IMAGE.children[1].digest): None, str(SIGNED.digest): str(IMAGE.digest)}
        (document,) = mirror.documents().values()
        assert document["untagged"] == untagged | {str(image("left behind").digest): None}

        del source.log[:]
        commits = mirror.log
        mirror.run("sync")
        assert len(source.requests("GET", "/tags/list")) == len(source.log) == 2
        assert mirror.log == commits

        source.add("p/app", ATTESTED)
        blob = Fault("GET", f"/blobs/{next(iter(ATTESTED.blobs.keys() - SIGNED.blobs.keys()))}", status(404), times=None)
        source.faults.append(blob)
        failed = mirror.report("sync", code=1)["namespaces"][0]
        assert blob.struck
        assert [(image["tag"], image["state"]) for image in failed["images"]] == [("v1", "failed")]
        assert f"copying {ATTESTED.digest}, which refers to {IMAGE.children[0].digest}" in failed["images"][0]["reason"]
        assert mirror.log == commits

        source.faults.clear()
        late = mirror.report("sync")["namespaces"][0]
        assert (late["unchanged"], late["failed"], late["referrerRequests"]) == (1, 0, 1)
        assert recorded(mirror) == sorted((SIGNED.digest, ATTESTED.digest))


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
