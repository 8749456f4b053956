"""What the rules of a mirror do to it: tags that may not move, what they had, what is too new, and what is gone for long."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gcrsync.oci import media_types
from tests.support.build import Built, image, index
from tests.support.faults import Answer, Fault, refusal, reset, status
from tests.support.mirrors import Mirror
from tests.support.relay import Relay
from tests.support.serving import served
from tests.support.simulator import Simulator

OLD, NEW, OTHER = image("old"), image("new"), image("other")
ALL = index(image("one"), image("two"))
KEPT = f"latest-{OLD.digest.encoded[:12]}"


@dataclass(frozen=True, slots=True)
class Scene:
    """A source ``p`` with the repository ``a``, its mirror in a real registry behind a relay, and the record."""

    mirror: Mirror
    source: Simulator
    relay: Relay
    from_address: str
    to: str

    def rules(self, text: str) -> None:
        """Say in the configuration what holds."""
        self.mirror.configure(f"{self.from_address}/p", self.to, text)

    def document(self) -> Any:  # noqa: ANN401 - a JSON document
        """Give what is on record of ``a``."""
        return self.mirror.documents()[f"{self.from_address}/p/a"]

    def url(self, name: str) -> str:
        """Give where a manifest of ``a`` is at the mirror, by its tag or digest."""
        place, _, path = self.to.partition("/")
        return f"http://{place}/v2/{path}/p/a/manifests/{name}"

    def put(self, tag: str, built: Built) -> None:
        """Put a tag on something that the mirror of ``a`` has, as somebody else does."""
        answer = httpx.put(self.url(tag), content=built.raw, headers={"Content-Type": built.media_type})
        assert answer.status_code == httpx.codes.CREATED

    def serves(self, name: str) -> str | None:
        """Give the digest that the mirror of ``a`` serves under a tag or a digest."""
        answer = httpx.head(self.url(name), headers={"Accept": media_types.ACCEPT})
        assert answer.status_code in {200, 404}
        return answer.headers["Docker-Content-Digest"] if answer.status_code == httpx.codes.OK else None

    def drop(self, *tags: str) -> None:
        """Take tags of ``a`` from the source."""
        for tag in tags:
            del self.source.repositories["p/a"].tags[tag]

    def counts(self, *arguments: str, code: int = 0) -> dict[str, int]:
        """Sync, and give the counts that are not zero, those of unchanged tags left out."""
        (found,) = self.mirror.report("sync", *arguments, code=code)["namespaces"]
        states = ("added", "moved", "gone", "held", "failed", "pruned")
        return {state: found[state] for state in states if found[state]}


@pytest.fixture
def scene(tmp_path: Path, docker_registry: str) -> Iterator[Scene]:
    mirror, source, relay = Mirror(tmp_path), Simulator(google=True), Relay(docker_registry)
    for tag, built in {"latest": OLD, "1": OLD, "2": OTHER, "all": ALL, "one": ALL.children[0]}.items():
        source.add("p/a", built, tag)
    with closing(relay), served(source) as from_address, served(relay) as to_address:
        yield Scene(mirror, source, relay, from_address, f"{to_address}/{tmp_path.name.strip('_').lower()}")


def texts(*built: Built) -> list[str]:
    return [str(each.digest) for each in built]


def test_what_a_tag_had_is_kept_under_a_name_of_its_own_before_it_moves(scene: Scene) -> None:
    scene.rules('moved = "keep-old"\n')
    scene.mirror.run("sync")
    scene.source.add("p/a", NEW, "latest")
    told = scene.mirror.run("sync").stdout
    document = scene.document()

    assert f"the old one is kept as {KEPT}" in told
    assert [scene.serves("latest"), scene.serves(KEPT), scene.serves("1")] == texts(NEW, OLD, OLD)
    assert document["kept"][KEPT] == {"digest": str(OLD.digest), "of": "latest", "since": document["kept"][KEPT]["since"]}
    puts = [request.path.rpartition("/")[2] for request in scene.relay.requests("PUT", "/manifests/")]
    assert puts.index(KEPT) < max(number for number, name in enumerate(puts) if name == "latest")
    assert scene.counts() == {}
    assert scene.mirror.run("sync").stderr.count("nothing to record") == 1


def test_a_tag_does_not_move_while_what_it_had_cannot_be_kept(scene: Scene) -> None:
    scene.rules('moved = "keep-old"\n')
    scene.mirror.run("sync")
    scene.source.add("p/a", NEW, "latest")
    fault = Fault("PUT", f"/manifests/{KEPT}", refusal(403, "DENIED", "immutable"), times=None)
    scene.relay.faults.append(fault)

    assert scene.counts(code=1) == {"failed": 1}
    assert fault.struck
    assert scene.serves("latest") == scene.document()["tags"]["latest"] == str(OLD.digest)
    assert "kept" not in scene.document()


def test_what_the_mirror_has_lost_cannot_be_kept_and_the_tag_moves(scene: Scene) -> None:
    scene.rules('moved = "keep-old"\n')
    scene.mirror.run("sync")
    scene.source.add("p/a", NEW, "latest")
    assert httpx.delete(scene.url(str(OLD.digest))).status_code == httpx.codes.ACCEPTED

    assert "which is not kept" in scene.mirror.run("sync").stdout
    assert scene.serves("latest") == str(NEW.digest)
    assert "kept" not in scene.document()


def test_a_frozen_tag_stays_and_a_rule_lets_another_follow(scene: Scene) -> None:
    scene.rules('moved = "freeze"\n[[mirror.rule]]\nmatch = "a:latest"\nmoved = "follow"\n')
    scene.mirror.run("sync")
    scene.source.add("p/a", NEW, "latest", "1")

    assert scene.counts() == {"moved": 1, "held": 1}
    assert [scene.serves("latest"), scene.serves("1")] == texts(NEW, OLD)
    held = scene.document()["held"]["1"]
    assert (held["digest"], held["why"]) == (str(NEW.digest), "frozen")
    assert scene.counts() == {"held": 1}
    assert "nothing to record" in scene.mirror.run("sync").stderr


def test_nothing_young_is_copied_until_it_has_been_known_for_long_enough(scene: Scene) -> None:
    scene.rules('min_age = "2s"\n')

    assert scene.counts() == {"held": 5}
    assert scene.relay.log == []
    assert {held["why"] for held in scene.document()["held"].values()} == {"young"}
    assert scene.document()["tags"] == {}
    time.sleep(2.5)
    assert scene.counts() == {"added": 5}
    assert scene.serves("latest") == str(OLD.digest)
    assert "held" not in scene.document()


def test_where_tags_cannot_be_deleted_a_digest_is_once_nothing_else_needs_it(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "100%"\n')
    scene.mirror.run("sync")
    scene.drop("latest", "2", "one")
    assert scene.counts() == {"gone": 3}
    assert [scene.serves("latest"), scene.serves("2"), scene.serves("one")] == texts(OLD, OTHER, ALL.children[0])

    compared = scene.mirror.run("compare").stdout
    (found,) = scene.mirror.report("sync")["namespaces"]
    reasons = {image["tag"]: image["reason"] for image in found["images"]}

    assert re.search("pruned\n.* 3\n", compared)
    assert (found["pruned"], found["gone"]) == (1, 2)
    assert "and the tag 1 has the digest too" in reasons["latest"]
    assert "and the index all has the digest too" in reasons["one"]
    assert [scene.serves("latest"), scene.serves("2"), scene.serves("one")] == [str(OLD.digest), None, str(ALL.children[0].digest)]
    document = scene.document()
    assert {tag: gone["reason"] == reasons[tag] for tag, gone in document["gone"].items()} == {"latest": True, "one": True}
    assert str(OTHER.digest) not in document["manifests"]
    assert "pruned `2`" in scene.mirror.place.show(scene.mirror.place.remote, "CHANGELOG.md")
    assert "nothing to record" in scene.mirror.run("sync").stderr

    scene.source.add("p/a", NEW, "new")  # a list without any tags would not be believed
    scene.drop("1", "all")
    scene.mirror.run("sync")
    assert scene.counts() == {"pruned": 4}
    assert "gone" not in scene.document()
    assert [scene.serves(str(each.digest)) for each in (OLD, ALL, ALL.children[0])] == [None, None, None]


def test_a_folder_loses_the_tag_and_what_nothing_else_needs(scene: Scene, tmp_path: Path) -> None:
    folder = tmp_path / "layouts"
    scene.mirror.configure(f"{scene.from_address}/p", f"oci:{folder}", 'gone = "prune"\ngrace = "0s"\nmax_prune = "100%"\n')
    scene.mirror.run("sync")
    scene.drop("latest", "2", "one")
    scene.mirror.run("sync")
    assert scene.counts() == {"pruned": 3}

    listed = json.loads((folder / "p" / "a" / "index.json").read_text())["manifests"]
    assert [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in listed] == ["1", "all"]
    there = {path.name for path in (folder / "p" / "a" / "blobs" / "sha256").iterdir()}
    needed = {digest.encoded for built in (OLD, ALL) for each in built.everything() for digest in (each.digest, *each.blobs)}
    assert there == needed


def test_more_than_the_brake_allows_is_not_pruned_unless_somebody_says_so(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "20%"\n')
    scene.mirror.run("sync")
    scene.drop("2", "all")
    scene.mirror.run("sync")
    ended = scene.mirror.run("sync", code=1)

    assert "it would prune 2 of 5 tags on record, more than max_prune = 20%" in ended.stderr
    assert "--allow-prune 2" in ended.stderr
    assert scene.relay.requests("DELETE", "/") == []
    assert scene.counts("--allow-prune", "1", code=1) == {}
    assert scene.serves("2") == str(OTHER.digest)
    assert scene.counts("--allow-prune", "2") == {"pruned": 2}
    assert scene.serves("2") is None


def test_within_the_brake_a_tag_goes_after_its_grace_and_not_before(scene: Scene) -> None:
    scene.rules('gone = "prune"\nmax_prune = "20%"\n')
    scene.mirror.run("sync")
    scene.drop("2")
    scene.mirror.run("sync")
    assert scene.counts() == {}

    place, document = scene.mirror.place, scene.document()
    long_ago = datetime.now(UTC) - timedelta(days=30)
    text = json.dumps(document).replace(document["gone"]["2"]["since"], f"{long_ago:%Y-%m-%dT%H:%M:%SZ}")
    place.commit(scene.mirror.root, "a month later", {f"metadata/{scene.from_address.replace(':', '_')}/p/a.json": text})
    assert scene.counts() == {"pruned": 1}


def test_a_registry_that_deletes_nothing_is_told_of_once_with_its_words(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "100%"\n')
    scene.mirror.run("sync")
    scene.drop("2", "all", "one")
    scene.mirror.run("sync")
    scene.relay.faults.append(Fault("DELETE", "/manifests/", refusal(405, "UNSUPPORTED", "use our own API"), times=None))

    assert scene.counts() == {"gone": 3}
    assert {"use our own API" in gone["reason"] for gone in scene.document()["gone"].values()} == {True}
    assert len(scene.relay.requests("DELETE", "/manifests/(?!sha256:)")) == 1
    assert "nothing to record" in scene.mirror.run("sync").stderr


def test_what_a_registry_has_refused_to_delete_counts_no_more_against_the_brake(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "20%"\n')
    scene.mirror.run("sync")
    scene.relay.faults.append(Fault("DELETE", "/manifests/", refusal(405, "UNSUPPORTED", "use our own API"), times=None))
    for tag in ("2", "all", "one"):
        scene.drop(tag)
        scene.mirror.run("sync")
    scene.mirror.run("sync")

    assert [("use our own API" in gone["reason"]) for gone in scene.document()["gone"].values()] == [True, True, True]


def test_a_digest_that_somebody_else_has_tagged_stays(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "100%"\n')
    scene.mirror.run("sync")
    scene.put("mine", OTHER)
    scene.put("list", index(ALL.children[0]))
    scene.drop("2", "one", "all")
    scene.mirror.run("sync")
    (found,) = scene.mirror.report("sync")["namespaces"]

    reasons = {image["tag"]: image["reason"] for image in found["images"]}
    assert "and the tag mine has the digest too" in reasons["2"]
    assert "and the index list has the digest too" in reasons["one"]
    assert scene.serves("mine") == str(OTHER.digest)


def test_a_registry_that_deletes_with_a_tag_all_others_of_its_digest_gets_them_back(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "100%"\n')
    scene.mirror.run("sync")
    scene.drop("latest")
    scene.mirror.run("sync")

    def with_aliases(request: httpx.Request, answer: Answer) -> httpx.Response:
        by_digest = str(request.url).replace("/manifests/latest", f"/manifests/{OLD.digest}")
        return answer(httpx.Request("DELETE", by_digest, headers=request.headers))

    fault = Fault("DELETE", "/manifests/latest", with_aliases)
    scene.relay.faults.append(fault)

    assert scene.counts() == {"pruned": 1}
    assert fault.struck
    assert [scene.serves("latest"), scene.serves("1")] == [None, str(OLD.digest)]


def test_a_tag_under_which_somebody_has_put_another_image_is_left_to_them(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "100%"\n')
    scene.mirror.run("sync")
    scene.drop("2")
    scene.mirror.run("sync")
    scene.put("2", ALL)

    assert scene.counts() == {"gone": 1}
    assert scene.serves("2") == str(ALL.digest)
    assert "somebody else" in scene.document()["gone"]["2"]["reason"]


def test_a_registry_without_such_a_call_is_told_of_with_its_words(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "100%"\n')
    scene.mirror.run("sync")
    scene.drop("2")
    scene.mirror.run("sync")
    scene.relay.faults.append(Fault("DELETE", "/manifests/", status(404), times=None))

    assert scene.counts() == {"gone": 1}
    assert scene.document()["gone"]["2"]["reason"] == "404 Not Found"


def test_what_could_not_be_deleted_for_the_moment_failed_and_goes_the_next_time(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "100%"\n')
    scene.mirror.run("sync")
    scene.drop("2")
    scene.mirror.run("sync")
    scene.relay.faults.append(Fault("DELETE", "/manifests/sha256:", status(500), times=None))

    assert scene.counts("--retries", "0", code=1) == {"failed": 1}
    assert list(scene.document()["gone"]) == ["2"]
    scene.relay.faults.clear()
    assert scene.counts() == {"pruned": 1}


def test_a_destination_that_does_not_answer_is_asked_to_delete_once_and_not_for_every_tag(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "100%"\n')
    scene.mirror.run("sync")
    scene.drop("1", "2", "all", "one")
    scene.mirror.run("sync")
    scene.relay.faults.append(Fault("DELETE", "/manifests/", reset(), times=None))

    assert scene.counts("--retries", "0", code=1) == {"failed": 4}
    assert len(scene.relay.requests("DELETE", "/")) == 1


def test_a_tag_that_comes_back_in_time_is_not_pruned(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "100%"\n')
    scene.mirror.run("sync")
    scene.drop("2")
    scene.mirror.run("sync")
    scene.source.add("p/a", OTHER, "2")

    assert scene.counts() == {"added": 1}
    assert scene.serves("2") == str(OTHER.digest)


def test_a_list_that_failed_prunes_nothing(scene: Scene) -> None:
    scene.rules('gone = "prune"\ngrace = "0s"\nmax_prune = "100%"\n')
    scene.mirror.run("sync")
    scene.drop("2")
    scene.mirror.run("sync")
    scene.source.faults.append(Fault("GET", "/p/a/tags/list", status(500), times=None))

    assert scene.counts("--retries", "0", code=3) == {}
    assert scene.serves("2") == str(OTHER.digest)


def test_a_namespace_that_loses_half_of_its_repositories_is_told_of(scene: Scene) -> None:
    scene.source.add("p/b", OTHER, "1")
    scene.rules("")
    scene.mirror.run("sync")
    del scene.source.repositories["p/b"]

    (warning,) = scene.mirror.report("compare", "--strict", code=1)["namespaces"][0]["warnings"]
    assert (warning["fault"], "1 of the 2 repositories" in warning["reason"]) == ("halved", True)
    assert scene.counts() == {"gone": 1}
    assert scene.counts("--strict") == {}


def test_a_namespace_that_has_not_changed_for_long_is_told_of(scene: Scene) -> None:
    scene.rules('stale_after = "1s"\n')
    scene.mirror.run("sync", "--strict")
    time.sleep(2)

    (warning,) = scene.mirror.report("sync", "--strict", code=1)["namespaces"][0]["warnings"]
    assert (warning["fault"], "nothing has changed since" in warning["reason"]) == ("stale", True)
    scene.source.add("p/a", NEW, "new")
    assert scene.counts("--strict") == {"added": 1}


def test_a_copy_that_fails_every_night_is_no_change(scene: Scene) -> None:
    scene.rules('stale_after = "1s"\n')
    scene.mirror.run("sync", "--strict")
    time.sleep(2)
    scene.source.add("p/a", NEW, "new")
    scene.relay.faults.append(Fault("PUT", "/manifests/new", status(500), times=None))

    (found,) = scene.mirror.report("sync", "--retries", "0", code=1)["namespaces"]
    assert [warning["fault"] for warning in found["warnings"]] == ["stale"]
