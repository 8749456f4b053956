"""What a look at a source gives, whole or with a note of what could not be had."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from gcrsync.errors import StoppedError
from gcrsync.mirror.choice import Choice, Order
from gcrsync.mirror.patterns import Patterns
from gcrsync.mirror.rules import Rules
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.shard import Shard
from gcrsync.mirror.snapshot import Snapshot
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Namespace, Tag
from gcrsync.sync.found import Surveyor
from gcrsync.sync.progress import Watch
from gcrsync.sync.survey import survey
from tests.support import faults
from tests.support.build import image, index
from tests.support.faults import Fault
from tests.support.sessions import session_to
from tests.support.simulator import Simulator, network
from tests.support.values import everything, naming

ONE, TWO = image("one"), image("two")


@contextmanager
def surveyor(registry: Simulator, *, stopped: bool = False) -> Iterator[Surveyor]:
    with session_to(network(registry)) as session, ThreadPoolExecutor(4) as executor:
        yield Surveyor(session, executor, 4, lambda: stopped, Watch())


def look(registry: Simulator, selection: Selection) -> Snapshot:
    with surveyor(registry) as given:
        return survey(given, selection)


def tags(snapshot: Snapshot) -> dict[str, list[str]]:
    found = {path.path: sorted(tag.name for tag in listing.tags) for path, listing in snapshot.listings.items()}
    return {path: names for path, names in sorted(found.items()) if names}


def registry(*, google: bool) -> Simulator:
    """Give a registry with tags and children both, three levels deep."""
    simulator = Simulator("registry.test", google=google)
    simulator.add("p/java", ONE, "17", "latest")
    simulator.add("p/java/debug", TWO, "17")
    simulator.add("p/java/debug/deep/er", ONE, "1")
    simulator.add("p/static", index(ONE, TWO), "latest")
    simulator.add("other/static", ONE, "latest")
    return simulator


ALL = {"p/java": ["17", "latest"], "p/java/debug": ["17"], "p/java/debug/deep/er": ["1"], "p/static": ["latest"]}


def test_googles_list_is_walked_to_the_bottom_with_one_request_a_path_and_none_a_tag() -> None:
    simulator = registry(google=True)
    snapshot = look(simulator, everything("registry.test/p"))

    assert (tags(snapshot), snapshot.listed_by, snapshot.failures) == (ALL, "google", {})
    assert snapshot.requests == len(simulator.log) == 6
    assert {logged.path.rpartition("/")[2] for logged in simulator.log} == {"list"}


def test_the_root_of_a_registry_is_a_namespace_with_the_empty_name() -> None:
    simulator = registry(google=True)
    snapshot = look(simulator, everything("registry.test"))

    assert tags(snapshot) == {**ALL, "other/static": ["latest"]}
    assert simulator.log[0].path == "/v2/tags/list"


def test_an_ordinary_registry_is_listed_by_its_catalogue_and_one_head_a_tag() -> None:
    simulator = registry(google=False)
    snapshot = look(simulator, everything("registry.test/p"))

    assert (tags(snapshot), snapshot.listed_by, snapshot.failures) == (ALL, "catalog", {})
    assert snapshot.listings[Namespace("registry.test", "p/java")].tags[Tag("17")] == ONE.digest
    assert len(simulator.requests("HEAD")) == 5
    assert snapshot.requests == len(simulator.log)


def test_the_pages_of_an_ordinary_registry_are_followed() -> None:
    simulator = replace(registry(google=False), page=1)

    assert tags(look(simulator, everything("registry.test/p"))) == ALL


def test_only_what_is_selected_costs_requests_on_an_ordinary_registry() -> None:
    simulator = registry(google=False)
    selection = replace(everything("registry.test/p"), includes=(Patterns(("java",)),), rules=naming("latest"))
    snapshot = look(simulator, selection)

    assert tags(snapshot) == {"p/java": ["latest"]}
    assert snapshot.listings[Namespace("registry.test", "p/java")].unasked == frozenset({Tag("17")})
    assert len(simulator.requests("HEAD")) == 1


@pytest.mark.parametrize("google", [True, False])
@pytest.mark.parametrize("change", [faults.status(403, "DENIED"), faults.status(500), faults.page(), faults.truncated()])
def test_a_repository_that_cannot_be_listed_is_a_failure_of_its_own(change: faults.Change, google: bool) -> None:  # noqa: FBT001
    simulator = registry(google=google)
    simulator.faults.append(Fault("GET", "/v2/p/static/tags/list", change, times=None))
    snapshot = look(simulator, everything("registry.test/p"))

    assert tags(snapshot) == {path: names for path, names in ALL.items() if path != "p/static"}
    assert set(snapshot.failures) == {Namespace("registry.test", "p/static")}


@pytest.mark.parametrize("path", ["tags/list", "_catalog", "p/static/manifests/latest"])
def test_what_is_not_listed_because_the_source_gives_no_more_is_told_apart(path: str) -> None:
    simulator = registry(google=False)
    used_up = faults.refusal(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.")
    simulator.faults += [Fault("GET", path, used_up, times=None), Fault("HEAD", "p/static/manifests/", faults.status(405))]
    snapshot = look(simulator, everything("registry.test/p"))

    assert snapshot.limited
    assert snapshot.limited == set(snapshot.failures)
    assert not snapshot.listings.keys() & snapshot.limited


def test_a_tag_that_cannot_be_asked_for_is_a_failure_of_its_repository() -> None:
    simulator = registry(google=False)
    simulator.faults.append(Fault("HEAD", "/v2/p/java/manifests/17", faults.status(404, "MANIFEST_UNKNOWN")))
    snapshot = look(simulator, everything("registry.test/p"))

    assert "registry.test/p/java:17" in snapshot.failures[Namespace("registry.test", "p/java")]
    assert "p/java/debug" in tags(snapshot)


@pytest.mark.parametrize(
    "change", [faults.status(404), faults.status(401), faults.status(500), faults.unreachable(), faults.page()]
)
def test_a_namespace_that_cannot_be_listed_is_a_failure_and_never_empty(change: faults.Change) -> None:
    simulator = registry(google=False)
    simulator.faults.append(Fault("GET", "/v2/", change, times=None))
    snapshot = look(simulator, everything("registry.test/p"))

    assert set(snapshot.failures) == {Namespace("registry.test", "p")}
    assert not snapshot.listings


def test_a_repository_can_be_named_where_there_is_no_catalogue() -> None:
    simulator = registry(google=False)
    simulator.faults.append(Fault("GET", "/v2/_catalog", faults.status(404), times=None))
    snapshot = look(simulator, everything("registry.test/p/java"))

    assert tags(snapshot) == {"p/java": ["17", "latest"]}
    assert (set(snapshot.unseen), snapshot.failures) == ({Namespace("registry.test", "p/java")}, {})


def test_a_plain_answer_below_googles_list_is_a_failure() -> None:
    simulator = registry(google=True)
    simulator.faults.append(Fault("GET", "/v2/p/static/tags/list", faults.document({"name": "p/static", "tags": []})))
    snapshot = look(simulator, everything("registry.test/p"))

    assert set(snapshot.failures) == {Namespace("registry.test", "p/static")}


def test_a_survey_that_is_stopped_gives_nothing() -> None:
    with surveyor(registry(google=True), stopped=True) as given, pytest.raises(StoppedError):
        survey(given, everything("registry.test/p"))


@pytest.mark.parametrize("most", [3, 10])
def test_a_namespace_without_end_is_a_failure_and_listed_no_further(most: int) -> None:
    simulator = registry(google=True)
    simulator.faults.append(
        Fault("GET", "/tags/list", faults.document({"child": ["a", "b"], "manifest": {}, "tags": []}), times=None)
    )
    with surveyor(simulator) as given:
        snapshot = survey(replace(given, most=most), everything("registry.test/p"))

    assert snapshot.failures == {Namespace("registry.test", "p"): f"more than {most} paths: registry.test/p is not listed whole"}
    assert 1 < snapshot.requests == len(simulator.log) == len(snapshot.listings) <= most


def test_a_namespace_with_just_as_many_paths_as_are_listed_is_listed_whole() -> None:
    simulator = registry(google=True)
    with surveyor(simulator) as given:
        snapshot = survey(replace(given, most=6), everything("registry.test/p"))

    assert (tags(snapshot), snapshot.failures) == (ALL, {})


def named(source: str, *tags: str, pins: Mapping[str, str] | None = None) -> Selection:
    """Select single tags of one repository, as a list of images does."""
    place = Namespace.parse(source)
    pinned = {Tag(tag): Digest(digest) for tag, digest in (pins or {}).items()}
    return Selection(place, place, (Patterns((".",)),), rules=naming(*tags, *pinned), pins=pinned)


def asked(simulator: Simulator) -> list[str]:
    return [f"{logged.method} {logged.path.removeprefix('/v2/')}" for logged in simulator.log]


def test_tags_that_are_named_are_asked_for_by_a_head_each_and_no_list() -> None:
    simulator = registry(google=False)
    snapshot = look(simulator, named("registry.test/p/java", "17", "latest"))

    assert sorted(asked(simulator)) == ["HEAD p/java/manifests/17", "HEAD p/java/manifests/latest"]
    (listing,) = snapshot.listings.values()
    assert listing.tags == {"17": ONE.digest, "latest": ONE.digest}
    assert listing.manifests[ONE.digest].media_type == ONE.media_type
    assert (snapshot.listed_by, snapshot.requests, snapshot.failures) == ("images", 2, {})


def test_the_list_is_read_where_a_named_tag_is_not_there_and_no_tag_is_asked_for_twice() -> None:
    simulator = registry(google=False)
    snapshot = look(simulator, named("registry.test/p/java", "17", "18"))

    assert sorted(asked(simulator)[:2]) == ["HEAD p/java/manifests/17", "HEAD p/java/manifests/18"]
    assert asked(simulator)[2:] == ["GET p/java/tags/list"]
    (listing,) = snapshot.listings.values()
    assert (listing.tags, listing.unasked) == ({"17": ONE.digest}, frozenset({Tag("latest")}))
    assert (snapshot.listed_by, snapshot.requests) == ("catalog", 3)


def test_a_glob_beside_named_tags_makes_one_list_of_all() -> None:
    simulator = registry(google=False)
    snapshot = look(simulator, named("registry.test/p/java", "17", "lat*"))

    assert asked(simulator)[0] == "GET p/java/tags/list"
    assert sorted(asked(simulator)[1:]) == ["HEAD p/java/manifests/17", "HEAD p/java/manifests/latest"]
    assert snapshot.listed_by == "catalog"


def test_a_pinned_digest_is_asked_for_with_no_request_and_beside_a_glob_it_wins_over_the_list() -> None:
    simulator = registry(google=False)
    alone = look(simulator, named("registry.test/p/java", pins={"17": TWO.digest}))

    assert (alone.listings[alone.namespace].tags, alone.requests, simulator.log) == ({"17": TWO.digest}, 0, [])

    mixed = look(simulator, named("registry.test/p/java", "*", pins={"17": TWO.digest}))
    assert mixed.listings[mixed.namespace].tags == {"17": TWO.digest, "latest": ONE.digest}
    assert asked(simulator) == ["GET p/java/tags/list", "HEAD p/java/manifests/latest"]


def test_a_pin_makes_no_empty_list_one_that_can_be_believed() -> None:
    simulator = registry(google=False)
    snapshot = look(simulator, named("registry.test/p/absent", "1", pins={"2": TWO.digest}))

    assert snapshot.listings[snapshot.namespace].blank
    assert snapshot.listed_by == "catalog"


def test_a_named_tag_that_cannot_be_asked_for_is_a_repository_that_is_not_listed() -> None:
    simulator = registry(google=False)
    simulator.faults.append(Fault("HEAD", "/manifests/17", faults.status(500), times=None))
    snapshot = look(simulator, named("registry.test/p/java", "17", "18"))

    assert snapshot.listings == {}
    assert "500" in snapshot.failures[snapshot.namespace]


def test_google_is_asked_for_its_list_whatever_is_named_since_it_names_what_refers_to_images_too() -> None:
    simulator = Simulator("gcr.io", google=True)
    simulator.add("p/java", ONE, "17")
    snapshot = look(simulator, named("gcr.io/p/java", "17", pins={"x": TWO.digest}))

    assert asked(simulator) == ["GET p/java/tags/list"]
    assert (snapshot.lists_untagged, snapshot.listings[snapshot.namespace].tags) == (True, {"17": ONE.digest, "x": TWO.digest})


def test_what_is_named_and_another_shards_is_noted_and_asked_for_with_no_request() -> None:
    simulator = registry(google=False)
    parts = [replace(named("registry.test/p/java", "17"), shard=Shard(number, 2)) for number in (1, 2)]
    seen = [look(simulator, part) for part in parts]

    assert asked(simulator) == ["HEAD p/java/manifests/17"]
    assert sorted((len(snapshot.listings), len(snapshot.others)) for snapshot in seen) == [(0, 1), (1, 0)]


def test_a_name_that_no_tag_can_have_is_looked_for_in_the_list() -> None:
    simulator = registry(google=False)
    look(simulator, named("registry.test/p/java", "-x"))

    assert asked(simulator) == ["GET p/java/tags/list"]


def test_a_tag_that_is_left_out_by_its_version_costs_no_request() -> None:
    simulator = registry(google=False)
    simulator.add("p/versions", ONE, "1.0", "1.1", "1.2", "1.3-rc.1", "latest")
    newest = Rules(choice=Choice(newest=2, newest_by=Order.VERSION))
    chosen = replace(everything("registry.test/p"), includes=(Patterns(("versions",)),), rules=newest)

    listing = look(simulator, chosen).listings[Namespace.parse("registry.test/p/versions")]

    assert sorted(tag.name for tag in listing.tags) == ["1.1", "1.2"]
    assert sorted(tag.name for tag in listing.unasked) == ["1.0", "1.3-rc.1", "latest"]
    assert len(simulator.requests("HEAD")) == 2


def test_googles_list_is_walked_only_where_something_may_be_selected() -> None:
    selection = replace(
        everything("registry.test/p"), includes=(Patterns(("java/**",)),), exclude=Patterns(("java/debug/deep/**",))
    )
    snapshot = look(registry(google=True), selection)

    assert sorted(path.path for path in snapshot.listings) == ["p", "p/java", "p/java/debug", "p/java/debug/deep"]
    assert snapshot.requests == 4
