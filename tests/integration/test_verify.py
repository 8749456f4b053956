"""``gcrsync verify``: a real registry and a folder that have lost something, and what is told and done about it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import httpx
import pytest

from gcrsync.oci.media_types import OCI_MANIFEST
from gcrsync.oci.name import Repository
from gcrsync.registry.client import Client
from tests.support.build import Built, image, index, referrer
from tests.support.faults import Fault, refusal
from tests.support.layouts import blob_file
from tests.support.mirrors import Mirror
from tests.support.pushing import push
from tests.support.serving import served
from tests.support.sessions import session_to
from tests.support.simulator import Simulator

ONE, TWO, OTHER = image("one"), image("two"), image("other")
BOTH = index(image("amd"), image("arm"))
SIGNATURE = referrer(TWO)


@pytest.fixture
def source() -> Simulator:
    registry = Simulator(referrers=True)
    registry.add("p/a", ONE, "latest", "v1")
    registry.add("p/a", TWO, "v2")
    registry.add("p/a", SIGNATURE)
    registry.add("p/b", BOTH, "latest")
    return registry


@pytest.fixture
def address(source: Simulator) -> Iterator[str]:
    with served(source) as address:
        yield address


@pytest.fixture
def mirror(tmp_path: Path, address: str, place: str) -> Mirror:
    mirror = Mirror(tmp_path)
    mirror.configure(f"{address}/p", place)
    mirror.run("sync")
    return mirror


def delete(place: str, path: str, built: Built) -> None:
    """Delete a manifest as its owner may; docker-registry takes its tags away too."""
    host, _, root = place.partition("/")
    assert httpx.delete(f"http://{host}/v2/{root}/{path}/manifests/{built.digest}").status_code == 202


def overwrite(place: str, path: str, built: Built, *tags: str) -> None:
    with session_to() as session:
        push(Client(session, "pull,push"), Repository.parse(f"{place}/{path}"), built, *tags)


def test_a_mirror_that_has_everything_is_told_so(mirror: Mirror) -> None:
    told = mirror.report("verify")

    assert (told["recorded"], told["asked"], told["mirrors"]) == (5, 5, [])
    assert mirror.run("verify").stdout.splitlines()[-1] == "asked for 5 of 5 names on record"


def test_what_is_missing_different_and_extra_is_told_and_nothing_is_touched(mirror: Mirror, place: str, address: str) -> None:
    before = mirror.log
    delete(place, "p/a", ONE)
    overwrite(place, "p/a", OTHER, "v2", "mine")
    told = mirror.report("verify", code=1)
    lines = mirror.run("verify", code=1).stdout.splitlines()

    assert [(each["state"], each["tag"], each["digest"], each["found"]) for each in told["mirrors"][0]["findings"]] == [
        ("different", "v2", TWO.digest, OTHER.digest),
        ("extra", "mine", None, None),
        ("missing", None, ONE.digest, None),
        ("missing", "latest", ONE.digest, None),
        ("missing", "v1", ONE.digest, None),
    ]
    assert (told["mirrors"][0]["repository"], told["mirrors"][0]["mirror"]) == (f"{address}/p/a", f"{place}/p/a")
    assert (told["missing"], told["different"], told["extra"], told["unknown"], told["repaired"]) == (3, 1, 1, 0, 0)
    assert lines[0] == f"{address}/p/a at {place}/p/a"
    assert f"  different v2 ({TWO.digest}) serves {OTHER.digest}" in lines
    assert "  extra     mine" in lines
    assert f"  missing   latest ({ONE.digest})" in lines
    assert [line.split() for line in lines[-3:-1]] == [
        [f"{address}/p/a", "3", "1", "1", "0", "0"],
        ["2", "mirrors", "3", "1", "1", "0", "0"],
    ]
    assert mirror.log == before


def test_a_repair_brings_back_what_is_missing_and_leaves_what_somebody_put_there(
    mirror: Mirror, place: str, source: Simulator
) -> None:
    before = mirror.log
    for path, built in (("p/a", ONE), ("p/a", SIGNATURE), ("p/b", BOTH), ("p/b", BOTH.children[0])):
        delete(place, path, built)
    overwrite(place, "p/a", OTHER, "v2")
    source.add("p/a", OTHER, "latest")
    told = mirror.report("verify", "--repair", code=1)
    again = mirror.report("verify", code=1)

    assert (told["missing"], told["repaired"], told["different"]) == (6, 6, 1)
    assert (again["missing"], again["different"], again["extra"]) == (0, 1, 0)
    assert mirror.log == before
    assert mirror.place.git(mirror.root, "status", "--porcelain") == ""
    host, _, root = place.partition("/")
    for path, tag, built in (("p/a", "latest", ONE), ("p/a", "v1", ONE), ("p/b", "latest", BOTH)):
        found = httpx.get(f"http://{host}/v2/{root}/{path}/manifests/{tag}", headers={"Accept": built.media_type})
        assert found.content == built.raw
    child = BOTH.children[0].digest
    assert httpx.head(f"http://{host}/v2/{root}/p/b/manifests/{child}", headers={"Accept": OCI_MANIFEST}).status_code == 200


def test_layers_that_the_registry_s_disk_has_lost_come_back_with_their_manifest(mirror: Mirror, place: str) -> None:
    host, _, root = place.partition("/")
    delete(place, "p/a", ONE)
    layer = ONE.named_blobs[1].digest
    assert httpx.delete(f"http://{host}/v2/{root}/p/a/blobs/{layer}").status_code == 202
    told = mirror.report("verify", "--repair")

    assert told["repaired"] == told["missing"] == 3
    assert told["bytes"] == 1_000
    assert httpx.get(f"http://{host}/v2/{root}/p/a/blobs/{layer}").content == ONE.blobs[layer]


def test_what_cannot_be_repaired_is_told_with_the_reason(mirror: Mirror, place: str, source: Simulator) -> None:
    delete(place, "p/a", ONE)
    delete(place, "p/b", BOTH)
    source.repositories["p/a"].manifests.clear()
    told = mirror.report("verify", "--repair", code=1)
    failed, repaired = told["mirrors"]

    assert {(each["repaired"], "MANIFEST_UNKNOWN" in (each["reason"] or "").upper()) for each in repaired["findings"]} == {
        (True, False)
    }
    assert {each["repaired"] for each in failed["findings"]} == {False}
    assert all("reading manifest" in each["reason"] for each in failed["findings"])


def test_a_namespace_narrows_what_is_asked_for(mirror: Mirror, place: str, address: str) -> None:
    delete(place, "p/a", ONE)

    assert mirror.report("verify", f"{address}/p/b")["recorded"] == 1
    assert mirror.report("verify", f"{address}/p/a", code=1)["recorded"] == 4
    assert f"nothing is on record under {address}/q" in mirror.run("verify", f"{address}/q", code=2).stderr


def test_a_sample_asks_for_a_share_and_for_one_at_least(mirror: Mirror, place: str) -> None:
    overwrite(place, "p/a", OTHER, "mine")
    some, one = (mirror.report("verify", "--sample", part) for part in ("60%", "0.1%"))

    assert (some["recorded"], some["asked"], one["asked"], some["sampled"], some["extra"]) == (5, 3, 1, True, 0)
    assert "is no share" in mirror.run("verify", "--sample", "5", code=2).stderr


def test_a_destination_that_cannot_be_asked_is_3_and_nothing_counts_as_missing(mirror: Mirror, place: str) -> None:
    for path in mirror.root.rglob("metadata/*/p/*.json"):
        relative = str(path.relative_to(mirror.root))
        mirror.place.commit(mirror.root, "move", {relative: path.read_text().replace(place.partition("/")[0], "127.0.0.1:1")})
    told = mirror.report("verify", "--retries", "0", code=3)

    assert (told["unknown"], told["missing"]) == (7, 0)
    assert "127.0.0.1:1" in told["mirrors"][0]["findings"][0]["reason"]
    assert "unknown   latest" in mirror.run("verify", "--retries", "0", code=3).stdout


def test_a_pull_limit_at_a_repair_is_told(mirror: Mirror, place: str, source: Simulator) -> None:
    delete(place, "p/a", ONE)
    source.faults.append(
        Fault("GET", "/p/a/manifests/", refusal(429, "TOOMANYREQUESTS", "You have reached your pull rate limit."), times=None)
    )
    told = mirror.report("verify", "--repair", code=1)

    assert told["repaired"] == 0
    assert ["pull rate limit" in limit for limit in told["limits"]] == [True]


def test_a_folder_is_verified_and_repaired_too(tmp_path: Path, address: str) -> None:
    mirror = Mirror(tmp_path)
    mirror.configure(f"{address}/p", "oci:../images")
    mirror.run("sync")
    images = tmp_path / "images"
    assert mirror.report("verify")["mirrors"] == []
    blob_file(images, "p/a", ONE).unlink()
    layer = ONE.named_blobs[1].digest
    (images / "p/a/blobs/sha256" / layer.encoded).unlink()
    blob_file(images, "p/b", BOTH).write_bytes(b"cut")
    told = mirror.report("verify", code=1)
    mirror.run("verify", "--repair")

    assert (told["missing"], told["different"], told["extra"]) == (5, 0, 0)
    assert mirror.report("verify")["mirrors"] == []
    assert blob_file(images, "p/b", BOTH).read_bytes() == BOTH.raw
    assert (images / "p/a/blobs/sha256" / layer.encoded).read_bytes() == ONE.blobs[layer]


def test_nothing_on_record_is_no_success(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)

    assert "nothing is on record" in mirror.run("verify", code=2).stderr
    assert json.loads(mirror.run("verify", "--json", code=2).stdout)["error"]["message"].startswith("nothing is on record")


def test_a_signal_ends_it_in_order(mirror: Mirror) -> None:
    asked, released = Event(), Event()

    def silent(request: httpx.Request) -> httpx.Response:
        asked.set()
        released.wait(60)
        raise httpx.ConnectError("too late", request=request)

    with served(silent) as address:
        for path in mirror.root.rglob("metadata/*/p/*.json"):
            text = json.loads(path.read_text())
            text["mirror"] = f"{address}/p/{path.stem}"
            mirror.place.commit(mirror.root, "move", {str(path.relative_to(mirror.root)): json.dumps(text)})
        command = [sys.executable, "-m", "gcrsync", "verify", "--json"]
        with subprocess.Popen(
            command, cwd=mirror.root, env=mirror.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert asked.wait(30)
            process.send_signal(signal.SIGINT)
            told, said = process.communicate(timeout=30)
        released.set()

    assert process.returncode == 130
    assert (json.loads(told)["exit"], json.loads(told)["missing"]) == (130, 0)
    assert "stopped before everything was asked for" in said
