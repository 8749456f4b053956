"""A mirror of some platforms: the program, a real registry, and skopeo as a judge."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.build import AMD64, ARM64, Built, image, index, index_with_attestation
from tests.support.mirrors import Mirror
from tests.support.programs import needed
from tests.support.serving import served
from tests.support.simulator import Simulator

S390X = {"os": "linux", "architecture": "s390x"}
ALL = index(image("amd"), image("arm"), image("s390x"), platforms=(AMD64, ARM64, S390X))
PLAIN, ATTESTED = image("plain"), index_with_attestation()


@pytest.fixture
def source() -> Simulator:
    registry = Simulator(google=True)
    registry.add("p/a", ALL, "all", "latest")
    registry.add("p/a", PLAIN, "plain")
    registry.add("p/a", ATTESTED, "attested")
    return registry


@pytest.fixture
def address(source: Simulator) -> Iterator[str]:
    with served(source) as address:
        yield address


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path)


@pytest.fixture
def skopeo() -> str:
    return needed("skopeo")


def raw(skopeo: str, place: str) -> bytes:
    command = [skopeo, "inspect", "--raw", "--tls-verify=false", f"docker://{place}"]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


def chosen(*platforms: str) -> str:
    return f"platforms = {json.dumps(platforms)}\n"


def described(mirror: Mirror, built: Built) -> Any:  # noqa: ANN401 - a JSON document
    (document,) = mirror.documents().values()
    return document["manifests"][str(built.digest)]


def counts(mirror: Mirror) -> list[int]:
    found = mirror.report("sync")["namespaces"][0]
    return [found[state] for state in ("added", "moved", "held", "unchanged", "failed")]


def test_one_platform_then_two_then_all(mirror: Mirror, address: str, docker_registry: str, skopeo: str, tmp_path: Path) -> None:
    place = f"{docker_registry}/chosen"
    mirror.configure(f"{address}/p", place, chosen("linux/amd64"))
    first = mirror.report("sync")["namespaces"][0]

    assert (first["added"], first["failed"]) == (4, 0)
    reasons = {image["tag"]: image["reason"] for image in first["images"]}
    assert "signatures of it do not apply" in reasons["latest"]
    assert reasons["plain"] is None
    child = ALL.children[0]
    for tag, built in (("latest", child), ("all", child), ("plain", PLAIN), ("attested", ATTESTED.children[0])):
        assert raw(skopeo, f"{place}/p/a:{tag}") == built.raw
    assert (described(mirror, ALL)["mirrorDigest"], described(mirror, ALL)["platforms"]) == (str(child.digest), ["linux/amd64"])
    assert "platforms" not in described(mirror, PLAIN)
    commits = len(mirror.log)
    assert counts(mirror) == [0, 0, 0, 4, 0]
    assert len(mirror.log) == commits

    mirror.configure(f"{address}/p", place, chosen("linux/s390x", "linux/amd64"))
    assert counts(mirror) == [0, 3, 0, 1, 0]
    smaller = raw(skopeo, f"{place}/p/a:latest")
    assert described(mirror, ALL)["mirrorDigest"] == f"sha256:{hashlib.sha256(smaller).hexdigest()}"
    assert [entry["platform"] for entry in json.loads(smaller)["manifests"]] == [AMD64, S390X]
    copy = [skopeo, "copy", "--all", "--src-tls-verify=false", f"docker://{place}/p/a:latest", f"dir:{tmp_path}/copied"]
    subprocess.run(copy, capture_output=True, check=True, timeout=60)
    assert (tmp_path / "copied" / "manifest.json").read_bytes() == smaller
    assert counts(mirror) == [0, 0, 0, 4, 0]

    mirror.configure(f"{address}/p", place)
    assert counts(mirror) == [0, 3, 0, 1, 0]
    assert raw(skopeo, f"{place}/p/a:latest") == ALL.raw
    assert not {"mirrorDigest", "platforms"} & described(mirror, ALL).keys()
    assert counts(mirror) == [0, 0, 0, 4, 0]


def test_no_match_is_held_until_the_choice_changes(mirror: Mirror, address: str, docker_registry: str) -> None:
    place = f"{docker_registry}/held"
    mirror.configure(f"{address}/p", place, chosen("linux/s390x"))
    assert counts(mirror) == [3, 0, 1, 0, 0]
    (document,) = mirror.documents().values()
    assert document["held"]["attested"]["reason"].endswith("nothing in this index is for linux/s390x")
    commits = len(mirror.log)
    assert counts(mirror) == [0, 0, 1, 3, 0]
    assert len(mirror.log) == commits

    mirror.configure(f"{address}/p", place, chosen("linux/amd64"))
    assert counts(mirror) == [1, 2, 0, 1, 0]
    assert "held" not in next(iter(mirror.documents().values()))


def test_the_source_decides_what_has_moved(
    mirror: Mirror, source: Simulator, address: str, docker_registry: str, skopeo: str
) -> None:
    place = f"{docker_registry}/moved"
    mirror.configure(f"{address}/p", place, chosen("linux/amd64"))
    assert counts(mirror) == [4, 0, 0, 0, 0]
    other = index(image("amd"), image("another"))
    source.add("p/a", other, "latest")

    assert counts(mirror) == [0, 1, 0, 3, 0]
    assert described(mirror, other)["mirrorDigest"] == described(mirror, ALL)["mirrorDigest"] == str(ALL.children[0].digest)
    assert raw(skopeo, f"{place}/p/a:latest") == ALL.children[0].raw


def test_a_rehearsal_records_what_a_run_would(mirror: Mirror, address: str, docker_registry: str) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/rehearsed", chosen("linux/amd64"))
    clone = Path(mirror.run("test").stderr.strip().rpartition(" ")[2])
    found = next(json.loads(path.read_text()) for path in (clone / "metadata").rglob("a.json"))

    assert found["manifests"][str(ALL.digest)]["mirrorDigest"] == str(ALL.children[0].digest)
    shutil.rmtree(clone.parent)


def test_a_mirror_that_moves_takes_along_what_it_chose(
    mirror: Mirror, source: Simulator, address: str, docker_registry: str, skopeo: str
) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/old", chosen("linux/amd64"))
    mirror.run("sync")
    del source.repositories["p/a"].tags["all"], source.repositories["p/a"].tags["latest"]
    mirror.run("sync")
    mirror.configure(f"{address}/p", f"{docker_registry}/new", chosen("linux/amd64"))
    mirror.run("sync", "--move")

    (document,) = mirror.documents().values()
    assert document["mirror"] == f"{docker_registry}/new/p/a"
    assert document["gone"].keys() == {"all", "latest"}
    assert raw(skopeo, f"{docker_registry}/new/p/a:latest") == ALL.children[0].raw


def test_a_tag_that_cannot_be_taken_along_is_told_by_its_digest_at_the_source(
    mirror: Mirror, source: Simulator, address: str, docker_registry: str
) -> None:
    with served(Simulator()) as old:
        mirror.configure(f"{address}/p", f"{old}/old", chosen("linux/amd64"))
        mirror.run("sync")
        del source.repositories["p/a"].tags["latest"]
        mirror.run("sync")
    mirror.configure(f"{address}/p", f"{docker_registry}/away", chosen("linux/amd64"))
    images = mirror.report("sync", "--move", code=1)["namespaces"][0]["images"]

    (lost,) = [image for image in images if image["tag"] == "latest"]
    assert (lost["state"], lost["digest"], lost["was"]) == ("failed", str(ALL.digest), str(ALL.digest))


def test_what_is_gone_stays_as_it_was_chosen_and_moves_so(
    mirror: Mirror, source: Simulator, address: str, docker_registry: str, skopeo: str
) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/whole")
    mirror.run("sync")
    del source.repositories["p/a"].tags["latest"]
    mirror.run("sync")
    mirror.configure(f"{address}/p", f"{docker_registry}/whole", chosen("linux/amd64"))
    mirror.run("sync")
    (document,) = mirror.documents().values()

    assert described(mirror, ALL)["mirrorDigest"] == str(ALL.children[0].digest)
    assert document["former"].keys() == {"latest"}
    assert raw(skopeo, f"{docker_registry}/whole/p/a:latest") == ALL.raw
    assert counts(mirror) == [0, 0, 0, 3, 0]
    mirror.configure(f"{address}/p", f"{docker_registry}/part", chosen("linux/amd64"))
    mirror.run("sync", "--move")
    assert raw(skopeo, f"{docker_registry}/part/p/a:latest") == ALL.raw
    assert raw(skopeo, f"{docker_registry}/part/p/a:all") == ALL.children[0].raw


def test_a_folder_has_what_is_chosen(mirror: Mirror, address: str) -> None:
    mirror.configure(f"{address}/p", "oci:../layouts", chosen("linux/amd64", "linux/arm64"))

    assert counts(mirror) == [4, 0, 0, 0, 0]
    assert counts(mirror) == [0, 0, 0, 4, 0]
