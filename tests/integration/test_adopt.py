"""``gcrsync adopt``: a mirror that somebody has made without gcrsync, in a real registry or a folder, gets its record."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from gcrsync.oci import media_types
from gcrsync.oci.name import Repository
from gcrsync.registry.client import Client
from tests.support import layouts
from tests.support.build import Built, image, index, referrer
from tests.support.faults import Fault, silent, status
from tests.support.mirrors import Mirror
from tests.support.programs import needed
from tests.support.pushing import push
from tests.support.serving import served
from tests.support.sessions import session_to
from tests.support.simulator import Simulator
from tests.support.tables import counted

ONE, TWO, NEW, MINE = image("one"), image("two"), image("new"), image("mine")
BOTH = index(image("amd"), image("arm"))


@pytest.fixture
def source() -> Simulator:
    registry = Simulator(google=True)
    registry.add("p/a", ONE, "v1")
    registry.add("p/a", TWO, "v2", "latest")
    registry.add("p/a", NEW, "new")
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
    return mirror


def put(place: str, path: str, built: Built, *tags: str) -> None:
    """Push an image to the mirror, as somebody does who keeps no record."""
    with session_to() as session:
        push(Client(session, "pull,push"), Repository.parse(f"{place}/{path}"), built, *tags)


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def counts(told: Any) -> dict[str, int]:  # noqa: ANN401 - a JSON document
    (namespace,) = told["namespaces"]
    names = ("adopted", "older", "different", "missing", "extra", "unknown", "unchanged")
    return {name: namespace[name] for name in names if namespace[name]}


def states(told: Any) -> dict[str, str]:  # noqa: ANN401 - a JSON document
    (namespace,) = told["namespaces"]
    return {f"{each['repository'].rpartition('/')[2]}:{each['tag']}": each["state"] for each in namespace["images"]}


def read(source: Simulator, kind: str) -> set[str]:
    """Give the digests of the ``manifests`` or the ``blobs`` that were read at the source."""
    found = [request.path.rpartition("/") for request in source.log if request.method == "GET"]
    return {digest for path, _, digest in found if path.endswith(f"/{kind}")}


def test_what_the_mirror_has_is_recorded_and_a_sync_copies_the_rest_alone(
    mirror: Mirror, source: Simulator, address: str, place: str
) -> None:
    put(place, "p/a", ONE, "v1")
    put(place, "p/a", TWO, "v2")
    put(place, "p/b", BOTH, "latest")
    adopted = mirror.report("adopt")

    assert states(adopted) == {
        "a:v1": "adopted",
        "a:v2": "adopted",
        "a:latest": "missing",
        "a:new": "missing",
        "b:latest": "adopted",
    }
    assert not read(source, "manifests")
    assert mirror.log[-1] == f"Mirror {address}/p: 3 added"
    recorded = mirror.recorded(f"{address.replace(':', '_')}/p/a.json")
    assert (recorded["mirror"], recorded["tags"]) == (f"{place}/p/a", {"v1": ONE.digest, "v2": TWO.digest})
    assert "`v1`, `v2`: `the mirror had it already`" in mirror.place.show(mirror.place.remote, "CHANGELOG.md")

    mirror.run("verify")
    synced = mirror.report("sync")["namespaces"][0]
    assert (synced["added"], synced["moved"], synced["unchanged"], synced["failed"]) == (2, 0, 3, 0)
    assert synced["bytes"] == sum(map(len, NEW.blobs.values()))
    assert read(source, "blobs") == {str(digest) for digest in NEW.blobs}


def test_what_is_on_record_is_left_and_told_no_more(mirror: Mirror, place: str, source: Simulator) -> None:
    put(place, "p/b", BOTH, "latest")
    assert counts(mirror.report("adopt")) == {"adopted": 1, "missing": 4}
    before = mirror.log
    again = mirror.run("adopt")

    found = counted(again.stdout)
    assert found == {"adopted": 0, "older": 0, "different": 0, "missing": 4, "extra": 0, "unknown": 0, "unchanged": 1}
    assert "nothing to record" in again.stderr
    assert mirror.log == before

    source.add("p/b", NEW, "latest")
    assert counts(mirror.report("adopt")) == {"missing": 4, "unchanged": 1}
    assert mirror.log == before


def test_an_older_digest_is_recorded_and_moves_and_a_strange_one_is_told_and_left(
    mirror: Mirror, place: str, source: Simulator
) -> None:
    source.add("p/a", image("untagged"))
    put(place, "p/a", ONE, "latest", "mine")
    put(place, "p/a", image("untagged"), "v2")
    put(place, "p/a", MINE, "v1")
    told = mirror.run("adopt", code=1)

    lines = told.stdout.splitlines()
    assert f"  older     latest ({ONE.digest.encoded[:12]}… here, {TWO.digest.encoded[:12]}… at the source)" in lines
    assert f"  different v1 ({MINE.digest.encoded[:12]}… here, {ONE.digest.encoded[:12]}… at the source)" in lines
    assert "  extra     mine" in lines
    assert "1 tag of the mirror with what the source does not know" in told.stderr
    (document,) = mirror.documents().values()
    assert document["tags"] == {"latest": ONE.digest, "v2": image("untagged").digest}

    moved = mirror.report("compare")["namespaces"][0]
    assert {each["tag"]: (each["state"], each["was"]) for each in moved["images"] if each["was"]} == {
        "latest": ("moved", ONE.digest),
        "v2": ("moved", image("untagged").digest),
    }


def test_an_index_that_has_lost_a_child_is_left_for_a_sync_which_mends_it(mirror: Mirror, place: str) -> None:
    put(place, "p/b", BOTH, "latest")
    host, _, root = place.partition("/")
    child = f"http://{host}/v2/{root}/p/b/manifests/{BOTH.children[1].digest}"
    assert httpx.delete(child).status_code == httpx.codes.ACCEPTED
    told = mirror.report("adopt", "--include", "b")

    assert counts(told) == {"missing": 1}
    assert told["namespaces"][0]["images"][0]["reason"].startswith(f"the mirror has its index, and lacks {BOTH.children[1].digest}")
    assert mirror.documents() == {}
    assert mirror.report("sync", "--include", "b")["namespaces"][0]["added"] == 1
    assert httpx.head(child, headers={"Accept": media_types.ACCEPT}).status_code == httpx.codes.OK


def test_with_platforms_what_would_have_been_chosen_is_adopted(mirror: Mirror, place: str, address: str, source: Simulator) -> None:
    mirror.configure(f"{address}/p", place, 'platforms = ["linux/amd64"]\n')
    put(place, "p/b", BOTH.children[0], "latest")
    put(place, "p/a", ONE, "v1")
    source.log.clear()

    assert counts(mirror.report("adopt")) == {"adopted": 2, "missing": 3}
    assert read(source, "manifests") == {str(BOTH.digest)}
    described = mirror.recorded(f"{address.replace(':', '_')}/p/b.json")["manifests"][str(BOTH.digest)]
    assert (described["platforms"], described["mirrorDigest"]) == (["linux/amd64"], str(BOTH.children[0].digest))
    assert mirror.report("sync", "--include", "b")["namespaces"][0]["unchanged"] == 1


def test_an_index_that_is_there_whole_is_chosen_anew_by_the_next_sync(mirror: Mirror, place: str, address: str) -> None:
    mirror.configure(f"{address}/p", place, 'platforms = ["linux/amd64"]\n')
    put(place, "p/b", BOTH, "latest")
    assert counts(mirror.report("adopt")) == {"adopted": 1, "missing": 4}

    (change,) = mirror.report("sync", "--include", "b")["namespaces"][0]["images"]
    assert (change["state"], change["digest"], change["was"]) == ("moved", BOTH.digest, BOTH.digest)
    assert change["reason"].startswith("chosen anew")


def test_a_signature_that_the_mirror_lacks_comes_with_the_next_sync(mirror: Mirror, source: Simulator, place: str) -> None:
    signature = source.add("p/a", referrer(ONE))
    put(place, "p/a", ONE, "v1")
    assert counts(mirror.report("adopt", "--include", "a"))["adopted"] == 1

    synced = mirror.report("sync", "--include", "a")["namespaces"][0]
    late = [each["reason"] for each in synced["images"] if each["state"] == "unchanged"]
    assert late == ["1 manifest that refers to it copied"]
    assert not {str(digest) for digest in ONE.blobs} & read(source, "blobs")
    host, _, root = place.partition("/")
    there = httpx.head(f"http://{host}/v2/{root}/p/a/manifests/{signature.digest}", headers={"Accept": media_types.ACCEPT})
    assert there.status_code == httpx.codes.OK


def test_a_folder_of_layouts_is_adopted(mirror: Mirror, tmp_path: Path, address: str, source: Simulator) -> None:
    mirror.configure(f"{address}/p", "oci:../images")
    layouts.put(tmp_path / "images", "p/a", ONE, "v1")
    layouts.put(tmp_path / "images", "p/b", BOTH, "latest")

    assert counts(mirror.report("adopt")) == {"adopted": 2, "missing": 3}
    assert {document["mirror"] for document in mirror.documents().values()} == {"oci:../images/p/a", "oci:../images/p/b"}
    assert mirror.report("sync")["namespaces"][0]["unchanged"] == 2
    assert read(source, "blobs") == {str(digest) for built in (TWO, NEW) for digest in built.blobs}


def test_a_destination_that_does_not_answer_ends_with_three_and_nothing_is_recorded(mirror: Mirror, address: str) -> None:
    mirror.configure(f"{address}/p", "127.0.0.1:9/m")
    before = mirror.log
    told = mirror.run("adopt", "--retries", "0", code=3)

    assert "unknown: " in told.stdout
    assert f"{address}/p/a" in told.stdout
    assert "127.0.0.1:9" in told.stdout
    assert mirror.log == before


def test_where_a_list_of_the_source_fails_nothing_is_adopted_and_the_others_are(
    mirror: Mirror, place: str, source: Simulator
) -> None:
    source.faults.append(Fault("GET", "/p/a/tags/list", status(403, "DENIED"), times=None))
    put(place, "p/a", ONE, "v1")
    put(place, "p/b", BOTH, "latest")
    told = mirror.report("adopt", code=3)

    assert counts(told) == {"adopted": 1}
    assert [warning["fault"] for warning in told["namespaces"][0]["warnings"]] == ["failed"]
    assert len(mirror.documents()) == 1


def test_what_was_found_before_a_signal_is_recorded_and_the_next_time_finds_the_rest(mirror: Mirror, address: str) -> None:
    target, released = Simulator("target"), Event()
    target.add("m/p/a", ONE, "v1")
    target.add("m/p/a", TWO, "v2", "latest")
    stalled = Fault("HEAD", "/manifests/", silent(released), first=3)
    target.faults.append(stalled)
    with served(target) as there:
        mirror.configure(f"{address}/p", f"{there}/m")
        command = [sys.executable, "-m", "gcrsync", "adopt", "--jobs", "1"]
        with subprocess.Popen(command, cwd=mirror.root, env=mirror.environment, stderr=subprocess.PIPE, text=True) as process:
            until(lambda: stalled.struck)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
        released.set()

        assert process.returncode == 130
        assert "stopped before everything was asked for; what was found is recorded" in said
        (document,) = mirror.documents().values()
        assert len(document["tags"]) == 2
        assert counts(mirror.report("adopt")) == {"adopted": 1, "missing": 2, "unchanged": 2}


def test_a_digest_that_a_rule_holds_is_adopted_where_it_is_there_and_the_other_goes_on_waiting(
    mirror: Mirror, place: str, address: str
) -> None:
    mirror.configure(f"{address}/p", place, 'min_age = "7d"\n')
    put(place, "p/a", ONE, "v1")
    told = mirror.report("adopt", "--include", "a")

    assert states(told) == {"a:v1": "adopted", "a:v2": "missing", "a:latest": "missing", "a:new": "missing"}
    assert "known since" in told["namespaces"][0]["images"][1]["reason"]
    synced = mirror.report("sync", "--include", "a")["namespaces"][0]
    assert (synced["unchanged"], synced["held"], synced["added"]) == (1, 3, 0)


def test_a_copy_made_by_skopeo_is_adopted_whole(mirror: Mirror, place: str, address: str) -> None:
    program = needed("skopeo")
    plain = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    for name in ("p/a:v1", "p/a:v2", "p/a:latest", "p/a:new", "p/b:latest"):
        command = [program, "--insecure-policy", "copy", "--all", "--preserve-digests", *plain]
        command += [f"docker://{address}/{name}", f"docker://{place}/{name}"]
        subprocess.run(command, capture_output=True, check=True, timeout=60)

    assert counts(mirror.report("adopt")) == {"adopted": 5}
    synced = mirror.report("sync")["namespaces"][0]
    assert (synced["added"], synced["unchanged"], synced["bytes"]) == (0, 5, 0)
