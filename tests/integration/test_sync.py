"""The nightly job from end to end: the program, real registries, real git, and skopeo as a judge who does not know us."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import build
from tests.support.build import image, index, index_with_attestation
from tests.support.docker_registry import ACCOUNT, WITH_FOREIGN_LAYERS, with_account
from tests.support.docker_registry import docker_registry as running_registry
from tests.support.faults import Fault, status
from tests.support.mirrors import Mirror
from tests.support.programs import needed
from tests.support.serving import served
from tests.support.simulator import Simulator
from tests.support.tables import counted

ONE, TWO, THREE = image("one", shared="base"), image("two", shared="base"), image("three", docker=True)
PLATFORMS = index_with_attestation()
NESTED = index(index(ONE, TWO), THREE)


@pytest.fixture
def source() -> Simulator:
    """Give a source with tags and children both, aliases, an index with an attestation, and a nested one."""
    registry = Simulator(google=True)
    registry.add("p/java", PLATFORMS, "17", "latest")
    registry.add("p/java", ONE, "11")
    registry.add("p/java/debug", NESTED, "nested")
    registry.add("p/static", THREE, "latest", "v1", "v1.0")
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


def call(*command: str) -> bytes:
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


def test_a_night_and_the_next_in_the_eyes_of_skopeo(  # noqa: PLR0913, PLR0917 - each is one end of the night
    mirror: Mirror, source: Simulator, address: str, docker_registry: str, skopeo: str, tmp_path: Path
) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/night")
    first = mirror.report("sync")

    assert {
        key: first["namespaces"][0][key] for key in ("added", "moved", "gone", "failed", "complete", "listedBy", "requests")
    } == {"added": 7, "moved": 0, "gone": 0, "failed": 0, "complete": True, "listedBy": "google", "requests": 4}
    judged = 0
    for document in mirror.documents().values():
        for tag, digest in document["tags"].items():
            raw = call(skopeo, "inspect", "--raw", "--tls-verify=false", f"docker://{document['mirror']}:{tag}")
            assert f"sha256:{hashlib.sha256(raw).hexdigest()}" == digest
            judged += 1
    assert judged == 7
    copied = tmp_path / "copied"
    call(skopeo, "copy", "--all", "--src-tls-verify=false", f"docker://{docker_registry}/night/p/java:17", f"dir:{copied}")
    assert (copied / "manifest.json").read_bytes() == PLATFORMS.raw

    source.log.clear()
    again = mirror.run("sync").stdout
    assert "\n  listed by: google; 4 requests; complete\n" in again
    assert counted(again) == {"added": 0, "moved": 0, "gone": 0, "held": 0, "unchanged": 7, "failed": 0}
    assert [logged.path.rpartition("/")[2] for logged in source.log] == ["list"] * 4
    assert len(mirror.log) == 3

    source.add("p/static", TWO, "latest", "v2")
    del source.repositories["p/java"].tags["11"]
    assert mirror.run("compare", "--exit-code", code=10).stdout.splitlines()[0] == f"{address}/p/java"
    second = mirror.report("sync")["namespaces"][0]
    assert [second[state] for state in ("added", "moved", "gone", "unchanged")] == [1, 1, 1, 5]
    assert mirror.log[-1] == f"Mirror {address}/p: 1 added, 1 moved, 1 gone"
    java = mirror.documents()[f"{address}/p/java"]
    assert (java["tags"].keys(), java["gone"]["11"]["digest"]) == ({"17", "latest"}, str(ONE.digest))
    call(skopeo, "inspect", "--raw", "--tls-verify=false", f"docker://{docker_registry}/night/p/java:11")


def test_compare_touches_nothing_and_says_what_a_sync_then_does(mirror: Mirror, address: str, docker_registry: str) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/preview")
    before = sorted((path, path.stat().st_mtime_ns) for path in mirror.root.rglob("*"))
    preview = mirror.report("compare")

    assert sorted((path, path.stat().st_mtime_ns) for path in mirror.root.rglob("*")) == before
    done = mirror.report("sync")
    assert [image["tag"] for image in preview["namespaces"][0]["images"]] == [
        "11",
        "17",
        "latest",
        "nested",
        "latest",
        "v1",
        "v1.0",
    ]
    assert preview["namespaces"][0]["images"] == done["namespaces"][0]["images"]
    assert mirror.run("compare", "--exit-code").stderr.endswith("nothing to do: source and mirror agree\n")


def test_a_rehearsal_makes_the_commit_of_a_sync_elsewhere(mirror: Mirror, address: str, docker_registry: str) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/rehearsal")
    before = mirror.place.git(mirror.root, "for-each-ref"), mirror.place.git(mirror.root, "status", "--porcelain")
    told = mirror.run("test").stderr
    clone = Path(told.strip().rpartition(" ")[2])

    assert (mirror.place.git(mirror.root, "for-each-ref"), mirror.place.git(mirror.root, "status", "--porcelain")) == before
    assert "of 4 images to copy the destination has 0 already; nothing was copied" in told
    assert mirror.place.subjects(clone, "HEAD")[-1] == f"Mirror {address}/p: 7 added"
    shutil.rmtree(clone.parent)


def test_a_folder_is_a_mirror_without_a_server(mirror: Mirror, address: str, skopeo: str, tmp_path: Path) -> None:
    mirror.configure(f"{address}/p", "oci:../layouts")
    mirror.run("sync")

    assert mirror.documents()[f"{address}/p/java"]["mirror"] == "oci:../layouts/p/java"
    call(skopeo, "copy", "--all", f"oci:{tmp_path}/layouts/p/java:17", f"dir:{tmp_path}/copied")
    assert (tmp_path / "copied" / "manifest.json").read_bytes() == PLATFORMS.raw
    base = next(digest for digest in ONE.blobs if digest in TWO.blobs)
    held = list((tmp_path / "layouts").rglob(base.encoded))
    assert len(held) == 2
    assert held[0].samefile(held[1])


def test_a_person_s_commit_in_between_is_kept_and_nothing_is_forced(mirror: Mirror, address: str, docker_registry: str) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/between")
    other = mirror.place.clone("other")
    mirror.place.hook(
        mirror.root,
        "pre-push",
        f"test -e {other}/once || {{ touch {other}/once; cd {other}; unset GIT_DIR; echo hello > hello.txt; git add hello.txt;"
        " git commit -q -m 'a person'; git push -q origin main; }",
    )
    mirror.run("sync")

    assert mirror.log == ["begin", "configure", "a person", f"Mirror {address}/p: 7 added"]
    assert len(mirror.documents()) == 3
    assert "forced-update" not in mirror.place.git(mirror.place.remote, "reflog", "main")


def test_two_runs_that_push_to_one_branch_both_land(mirror: Mirror, address: str, docker_registry: str) -> None:
    other = mirror.place.clone("other")
    mirror.place.hook(
        mirror.root,
        "pre-push",
        f"test -e {other}/once || {{ touch {other}/once; cd {other}; unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE;"
        f" {sys.executable} -m gcrsync sync {address}/p/static --to {docker_registry}/both; }}",
    )
    mirror.run("sync", f"{address}/p/java", "--to", f"{docker_registry}/both")

    assert set(mirror.documents()) == {f"{address}/p/java", f"{address}/p/java/debug", f"{address}/p/static"}
    changelog = mirror.place.show(mirror.place.remote, "CHANGELOG.md")
    assert [line.rpartition(" ")[2] for line in changelog.splitlines() if line.startswith("## ")] == [
        f"{address}/p/static",
        f"{address}/p/java",
    ]


def test_images_that_fail_are_named_and_the_others_are_recorded(
    mirror: Mirror, source: Simulator, address: str, docker_registry: str
) -> None:
    lost = next(iter(THREE.blobs))
    del source.repositories["p/static"].blobs[str(lost)]
    mirror.configure(f"{address}/p", f"{docker_registry}/failing")
    ended = mirror.run("sync", code=1)

    assert "failed    latest, v1, v1.0: reading blob" in ended.stdout
    assert set(mirror.documents()) == {f"{address}/p/java", f"{address}/p/java/debug"}
    assert mirror.log[-1] == f"Mirror {address}/p: 4 added, 3 failed"
    source.add("p/static", THREE)
    mirror.run("sync")
    assert mirror.documents()[f"{address}/p/static"]["tags"].keys() == {"latest", "v1", "v1.0"}


def test_a_list_that_fails_ends_with_3_after_the_siblings_are_mirrored(
    mirror: Mirror, source: Simulator, address: str, docker_registry: str
) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/broken")
    mirror.run("sync")
    source.faults.append(Fault("GET", "/v2/p/java/tags/list", status(403, "DENIED"), times=None))
    source.add("p/static", ONE, "new")
    ended = mirror.run("sync", code=3)

    assert f"not listed: {address}/p/java" in ended.stderr
    assert "; not complete\n" in ended.stdout
    assert mirror.log[-1] == f"Mirror {address}/p: 1 added"
    assert mirror.documents()[f"{address}/p/java"]["tags"].keys() == {"11", "17", "latest"}


def test_a_selection_of_nothing_is_a_warning_and_the_list_complete(mirror: Mirror, address: str) -> None:
    ended = mirror.run("compare", f"{address}/p", "--to", "127.0.0.1:1/x", "--include", "jave/**")

    assert "; complete\n" in ended.stdout
    assert "warning: " in ended.stderr
    assert ended.stderr.endswith("nothing of what is here is selected\n")


def test_an_empty_answer_retires_nothing_and_warns(mirror: Mirror, source: Simulator, address: str, docker_registry: str) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/drained")
    mirror.run("sync")
    source.repositories.clear()
    ended = mirror.run("sync", code=0)

    assert "the list is empty, but the metadata has tags" in ended.stderr
    assert len(mirror.documents()) == 3
    mirror.run("sync", "--strict", code=1)


def test_a_mirror_moves_to_a_new_name_only_when_it_is_told_to(
    mirror: Mirror, source: Simulator, address: str, docker_registry: str, skopeo: str
) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/old")
    mirror.run("sync")
    del source.repositories["p/java"].tags["11"]
    mirror.run("sync")
    refused = mirror.run("sync", "--to", f"{docker_registry}/new", code=2)

    assert "--move" in refused.stderr
    mirror.run("sync", "--to", f"{docker_registry}/new", "--move")
    java = mirror.documents()[f"{address}/p/java"]
    assert (java["mirror"], java["tags"].keys(), java["gone"].keys()) == (f"{docker_registry}/new/p/java", {"17", "latest"}, {"11"})
    raw = call(skopeo, "inspect", "--raw", "--tls-verify=false", f"docker://{docker_registry}/new/p/java:11")
    assert raw == ONE.raw


def test_schema_1_and_foreign_layers_are_held_with_the_reason(
    mirror: Mirror, source: Simulator, address: str, docker_registry: str, tmp_path: Path
) -> None:
    source.repositories.clear()
    source.add("p/old", build.schema_one(), "v1")
    source.add("p/windows", build.image_with_foreign_layer(), "v1")
    mirror.configure(f"{address}/p", f"{docker_registry}/held")
    mirror.run("sync")
    held = {name: document["held"]["v1"] for name, document in mirror.documents().items()}

    assert {entry["why"] for entry in held.values()} == {"refused"}
    assert "schema 1" in held[f"{address}/p/old"]["reason"]
    assert "foreign layer" in held[f"{address}/p/windows"]["reason"]
    commits = mirror.log
    mirror.run("sync")
    assert mirror.log == commits
    (tmp_path / "registry").mkdir()
    with running_registry(tmp_path / "registry", WITH_FOREIGN_LAYERS) as other:
        mirror.run("sync", f"{address}/p/windows", "--to", f"{other}/held")
    assert mirror.documents()[f"{address}/p/windows"]["tags"] == {"v1": str(build.image_with_foreign_layer().digest)}


def test_monitor_counts_and_ends(mirror: Mirror, address: str, docker_registry: str) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/monitor")
    lines = mirror.run("monitor", "--count", "1").stdout.splitlines()

    assert lines[-1].split() == [f"{address}/p", "7", "0", "7"]


def test_the_report_is_written_to_a_file_too(mirror: Mirror, address: str, docker_registry: str, tmp_path: Path) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/report")
    printed = mirror.run("compare", "--json", "--report", str(tmp_path / "report.json")).stdout

    assert json.loads(printed)["command"] == "compare"
    assert (tmp_path / "report.json").read_text() == printed


def test_a_repository_without_a_remote_records_here_only(
    mirror: Mirror, address: str, docker_registry: str, tmp_path: Path
) -> None:
    mirror.place.git(tmp_path, "init", "--quiet", "alone")
    mirror.root = tmp_path / "alone"

    assert "recorded here only" in mirror.run("sync", f"{address}/p", "--to", f"{docker_registry}/alone").stderr
    assert mirror.place.subjects(mirror.root) == [f"Mirror {address}/p: 7 added"]
    assert mirror.place.git(mirror.root, "status", "--porcelain") == ""


def test_several_namespaces_of_one_table_can_be_named(mirror: Mirror, address: str, docker_registry: str) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/several")
    report = mirror.report("compare", f"{address}/p/java", f"{address}/p/static", f"{address}/p/java/debug")

    assert [(each["namespace"], each["added"]) for each in report["namespaces"]] == [
        (f"{address}/p/java", 4),
        (f"{address}/p/static", 3),
    ]


def test_a_name_that_nobody_can_have_is_held_until_it_is_corrected(mirror: Mirror, address: str, docker_registry: str) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/names", 'name = "Mirror-{path}"\n')
    assert mirror.report("sync")["namespaces"][0]["held"] == 7
    mirror.configure(f"{address}/p", f"{docker_registry}/names")

    assert mirror.report("sync")["namespaces"][0]["added"] == 7
    assert {len(document.get("held", {})) for document in mirror.documents().values()} == {0}


def test_a_mirror_that_cannot_move_whole_is_told_to_stay(
    mirror: Mirror, source: Simulator, address: str, docker_registry: str
) -> None:
    with served(Simulator()) as gone:
        mirror.configure(f"{address}/p", f"{gone}/old", "")
        mirror.run("sync")
        del source.repositories["p/java"].tags["11"]
        mirror.run("sync")
    commits = mirror.log
    report = mirror.report("sync", f"{address}/p/java", "--to", f"{docker_registry}/moved", "--move", code=1)["namespaces"][0]

    assert (report["added"], report["failed"]) == (1, 3)
    assert mirror.documents()[f"{address}/p/java"]["mirror"] == f"{gone}/old/p/java"
    assert mirror.documents()[f"{address}/p/java/debug"]["mirror"] == f"{docker_registry}/moved/p/java/debug"
    assert len(mirror.log) == len(commits) + 1


def test_a_source_that_refuses_a_request_has_failed_and_is_asked_again(
    mirror: Mirror, source: Simulator, address: str, docker_registry: str
) -> None:
    source.faults.append(Fault("GET", "/v2/p/static/manifests/", status(405, "UNSUPPORTED")))
    mirror.configure(f"{address}/p", f"{docker_registry}/refusing")

    assert mirror.report("sync", code=1)["namespaces"][0]["failed"] == 3
    assert mirror.report("sync")["namespaces"][0]["added"] == 3


def test_looks_are_documents_of_a_line_each(mirror: Mirror, address: str, docker_registry: str, tmp_path: Path) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/looks")
    arguments = ["monitor", "--json", "--count", "2", "--interval", "1", "--report", str(tmp_path / "look.json")]
    looks = mirror.run(*arguments).stdout.splitlines()

    assert [json.loads(look)["namespaces"][0]["added"] for look in looks] == [7, 7]
    assert (tmp_path / "look.json").read_text() == looks[-1] + "\n"


def test_a_run_that_comes_to_nothing_gives_programs_their_document(mirror: Mirror, address: str) -> None:
    mirror.configure(f"{address}/p", "127.0.0.1:1/x", 'name = "{user}"\n')
    reason = "'{user}' is not a valid name template: expected {registry}, {path} or {flat}, and no other field"

    assert mirror.report("compare", code=2) | {"started": ""} == {
        "version": 1,
        "command": "compare",
        "started": "",
        "exit": 2,
        "error": {"message": f"{mirror.root}/gcrsync.toml:4: {reason}", "hint": None},
        "limits": [],
        "namespaces": [],
    }


def test_a_look_that_comes_to_nothing_is_a_document_of_a_line_too(mirror: Mirror, address: str) -> None:
    mirror.configure(f"{address}/p", "127.0.0.1:1/x", "user = 1\n")
    (line,) = mirror.run("monitor", "--json", code=2).stdout.splitlines()

    assert (json.loads(line)["command"], json.loads(line)["exit"]) == ("monitor", 2)
    assert "unknown key 'user'" in json.loads(line)["error"]["message"]


def test_a_record_that_cannot_be_pushed_is_the_error_of_the_report(mirror: Mirror, address: str, docker_registry: str) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/refused")
    mirror.place.hook(mirror.place.remote, "pre-receive", "echo not tonight >&2; exit 1")
    report = mirror.report("sync", code=3)

    assert report["namespaces"][0]["added"] == 7
    assert report["error"]["message"].startswith("git push: ")
    assert "not tonight" in report["error"]["message"]
    assert report["error"]["hint"].startswith("the run is recorded here in commit ")


def test_a_rehearsal_tells_its_plan_also_where_the_destination_is_down(mirror: Mirror, address: str) -> None:
    mirror.configure(f"{address}/p", "127.0.0.1:1/x")

    ended = mirror.run("test", "--json", code=1)

    assert json.loads(ended.stdout)["namespaces"][0]["failed"] == 7
    assert ended.stderr.count("nothing can be copied: ") == 1
    assert "to copy the destination has" not in ended.stderr


def test_a_report_that_cannot_be_written_hides_nothing_of_the_run(mirror: Mirror, address: str, docker_registry: str) -> None:
    mirror.configure(f"{address}/p", f"{docker_registry}/unwritten")
    ended = mirror.run("sync", "--report", "/nonexistent/report.json", code=3)

    assert "writing the report /nonexistent/report.json" in ended.stderr
    assert "recorded in commit" in ended.stderr


def test_who_reads_no_further_does_not_change_how_a_run_ends(mirror: Mirror) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "gcrsync", "compare", "127.0.0.1:1/p", "--to", "127.0.0.1:1/x"]
    ended = subprocess.run(command, cwd=mirror.root, env=mirror.environment, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)

    assert (ended.returncode, b"Traceback" in ended.stderr) == (3, False)


def test_credentials_that_are_refused_are_told_once_and_nothing_is_recorded(
    mirror: Mirror, source: Simulator, address: str, tmp_path: Path
) -> None:
    (tmp_path / "registry").mkdir()
    commits = mirror.log
    with running_registry(tmp_path / "registry", with_account(tmp_path / "registry")) as locked:
        user, password = ACCOUNT
        wrong = {"GCRSYNC_USERNAME": user, "GCRSYNC_PASSWORD": "wr0ng"}
        ended = mirror.run("sync", f"{address}/p", "--to", f"{locked}/m", code=1, environment=wrong)

        assert ended.stderr.count("nothing can be copied") == 1
        assert "the credentials from GCRSYNC_USERNAME and GCRSYNC_PASSWORD do not open it; log in: " in ended.stderr
        assert "failed:" not in ended.stderr
        assert "wr0ng" not in ended.stderr + ended.stdout
        assert mirror.log == commits
        assert not source.requests("GET", "/manifests/")
        mirror.run("sync", f"{address}/p", "--to", f"{locked}/m", environment={**wrong, "GCRSYNC_PASSWORD": password})
    assert mirror.log[-1] == f"Mirror {address}/p: 7 added"


def test_credentials_that_cannot_be_read_end_the_run_before_anything_is_recorded(
    mirror: Mirror, source: Simulator, address: str, tmp_path: Path
) -> None:
    source.add("p/old", build.schema_one(), "v1")
    (tmp_path / "registry").mkdir()
    (tmp_path / "home" / ".docker").mkdir()
    (tmp_path / "home" / ".docker" / "config.json").write_text("{\n  no json")
    with running_registry(tmp_path / "registry", with_account(tmp_path / "registry")) as locked:
        ended = mirror.run("sync", f"{address}/p", "--to", f"{locked}/m", code=2)

    assert ".docker/config.json:2: " in ended.stderr
    assert mirror.documents() == {}


def test_a_registry_of_plain_http_is_a_destination_where_it_is_named_insecure(
    mirror: Mirror, address: str, docker_registry: str
) -> None:
    mirror.run("sync", f"{address}/p", "--to", f"{docker_registry}/plain", "--insecure", docker_registry)

    assert len(mirror.documents()) == 3


def test_what_a_hook_has_left_in_the_environment_changes_nothing(mirror: Mirror, address: str, tmp_path: Path) -> None:
    mirror.configure(f"{address}/p", f"oci:{tmp_path}/images")
    left = {"GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere", "GIT_INTERNAL_SUPER_PREFIX": "/nowhere/"}

    assert "recorded in commit" in mirror.run("sync", environment=left).stderr
