"""Copying images between two registries in memory: what arrives, in which order, and what does not."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Barrier

import pytest

from gcrsync.archive.destination import FolderDestination
from gcrsync.mirror.ending import Ending
from gcrsync.mirror.outcome import Outcome, Problem, Recorded, Step
from gcrsync.mirror.platforms import choice
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import DEEPEST_INDEX, Descriptor, Platform
from gcrsync.oci.name import Repository, Tag
from gcrsync.registry.client import Client
from gcrsync.registry.destination import Destination
from gcrsync.registry.retry import Retries, RetryPolicy
from gcrsync.registry.session import Session
from gcrsync.sync.passage import Known, Passage
from gcrsync.sync.progress import Watch
from gcrsync.sync.stop import Stop
from gcrsync.sync.transfer import Transfer
from tests.support import faults
from tests.support.build import (
    AMD64,
    ARM64,
    Built,
    filler,
    image,
    image_with_foreign_layer,
    index,
    index_with_attestation,
    schema_one,
)
from tests.support.clock import SteppedClock
from tests.support.faults import Fault
from tests.support.sessions import session_to
from tests.support.simulator import Simulator, network

SOURCE, TARGET = Repository("source.test", "a"), Repository("mirror.test", "m/a")


@dataclass
class Pair:
    """A source, a destination, and a session to both."""

    session: Session
    source: Simulator
    mirror: Simulator
    executor: Executor
    stop: Stop = field(default_factory=lambda: Stop(lambda: 0.0))
    transfer: Transfer = field(init=False)

    def __post_init__(self) -> None:
        clock = SteppedClock().clock
        passage = Passage(
            Client(self.session),
            Destination(self.session),
            Retries(RetryPolicy(), clock).call,
            self.executor,
            self.stop,
            Watch(),
            lambda _repository: Known(frozenset(map(Tag, self.source.repositories["a"].tags))),
        )
        self.transfer = Transfer(passage)

    def copy(self, built: Built, *tags: str, target: Repository = TARGET, recorded: Recorded = Recorded.REPOSITORY) -> Outcome:
        return self.transfer.copy(replace(step(built.digest, *tags, target=target), recorded=recorded))

    def serves(self, tag: str) -> str | None:
        return self.mirror.repositories[TARGET.path].tags.get(tag) if TARGET.path in self.mirror.repositories else None


def step(digest: Digest, *tags: str, target: Repository = TARGET) -> Step:
    return Step(SOURCE, target, str(target), digest, tuple(map(Tag, tags)))


@pytest.fixture
def pair() -> Iterator[Pair]:
    source, mirror = Simulator("source.test", google=True), Simulator("mirror.test")
    with session_to(network(source, mirror)) as session, ThreadPoolExecutor(3) as executor:
        yield Pair(session, source, mirror, executor)


@pytest.mark.parametrize(
    "built",
    [
        pytest.param(image(), id="an image"),
        pytest.param(image(docker=True), id="a docker image"),
        pytest.param(index(image("one"), image("two")), id="an index"),
        pytest.param(index(image("one", docker=True), docker=True), id="a docker list"),
        pytest.param(index_with_attestation(), id="an index with an attestation"),
        pytest.param(index(index(image("inner")), image("outer")), id="a nested index"),
        pytest.param(index(), id="an empty index"),
        pytest.param(image("empty", layers=0), id="an image without layers"),
    ],
)
def test_every_kind_arrives_byte_for_byte(pair: Pair, built: Built) -> None:
    pair.source.add("a", built, "1")
    outcome = pair.copy(built, "1")

    assert (outcome.confirmed, outcome.problem, outcome.reason) == ((Tag("1"),), None, "")
    assert pair.serves("1") == str(built.digest)
    for each in built.everything():
        assert pair.mirror.repositories[TARGET.path].manifests[str(each.digest)] == (each.media_type, each.raw)
    blobs = {digest: content for each in built.everything() for digest, content in each.blobs.items()}
    assert outcome.size == outcome.copied == sum(map(len, blobs.values()))


def test_the_tag_comes_last_and_a_manifest_after_everything_that_it_names(pair: Pair) -> None:
    built = pair.source.add("a", index(image("one"), image("two")), "1")
    pair.copy(built, "1")
    puts = [logged.path.rpartition("/")[2] for logged in pair.mirror.log if logged.method == "PUT" and "/manifests/" in logged.path]

    assert puts == [*(str(child.digest) for child in built.children), "1"]
    last_blob = max(number for number, logged in enumerate(pair.mirror.log) if "/uploads/" in logged.path)
    first_index = next(
        number for number, logged in enumerate(pair.mirror.log) if logged.method == "PUT" and logged.path.endswith("/1")
    )
    assert last_blob < first_index


def test_a_digest_under_thirty_tags_is_fetched_once_and_put_thirty_times(pair: Pair) -> None:
    tags = [f"v{number}" for number in range(30)]
    built = pair.source.add("a", image(), *tags)
    outcome = pair.copy(built, *tags)

    assert outcome.confirmed == tuple(map(Tag, tags))
    assert len(pair.source.requests("GET", "/manifests/")) == 1
    assert len(pair.mirror.requests("PUT", "/manifests/")) == 30


def test_layers_that_two_images_share_are_sent_once(pair: Pair) -> None:
    one, two = image("one", shared="base"), image("two", shared="base")
    pair.source.add("a", one, "1")
    pair.source.add("a", two, "2")
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda work: pair.copy(*work), [(one, "1"), (two, "2")]))

    assert [outcome.problem for outcome in outcomes] == [None, None]
    assert len(pair.source.requests("GET", "/blobs/")) == len({*one.blobs, *two.blobs}) == 5


def test_layers_that_two_repositories_share_leave_the_source_once_and_are_mounted(pair: Pair) -> None:
    one, two, other = image("one", shared="base"), image("two", shared="base"), Repository("mirror.test", "m/b")
    pair.source.add("a", one, "1")
    pair.source.add("a", two, "2")
    outcomes = [pair.copy(one, "1"), pair.copy(two, "2", target=other)]

    assert [outcome.problem for outcome in outcomes] == [None, None]
    assert len(pair.source.requests("GET", "/blobs/")) == len({*one.blobs, *two.blobs}) == 5
    assert {str(digest) for digest in two.blobs} == set(pair.mirror.repositories["m/b"].blobs)


class Meeting(Client):
    """A source that gives no large blob before three are asked for."""

    together = Barrier(3)

    @contextmanager
    def open_blob(self, repository: Repository, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        if descriptor.size >= 1024 * 1024:
            self.together.wait(30)
        with super().open_blob(repository, descriptor) as chunks:
            yield chunks


def test_large_layers_of_one_image_are_sent_at_the_same_time(pair: Pair) -> None:
    built = pair.source.add("a", image(layers=3, size=1024 * 1024), "1")
    target = Destination(pair.session)
    passage = Passage(Meeting(pair.session), target, lambda work: work(), pair.executor, pair.stop, Watch())
    outcome = Transfer(passage).copy(step(built.digest, "1"))

    assert (outcome.confirmed, outcome.reason) == ((Tag("1"),), "")
    assert outcome.copied == sum(blob.size for blob in built.named_blobs)


def test_a_large_layer_that_fails_fails_the_image_after_the_others_have_ended(pair: Pair) -> None:
    built = pair.source.add("a", image(layers=3, size=1024 * 1024), "1")
    lost = str(built.named_blobs[1].digest)
    del pair.source.repositories["a"].blobs[lost]
    outcome = pair.copy(built, "1")

    assert (outcome.problem, lost in outcome.reason) == (Problem.FAILED, True)
    assert len(pair.mirror.repositories[TARGET.path].blobs) == len(built.blobs) - 1


def test_eight_repositories_at_once_have_each_layer_fetched_once(pair: Pair) -> None:
    images = [image(str(number), shared="base") for number in range(8)]
    for number, built in enumerate(images):
        pair.source.add("a", built, str(number))
    work = [(built, str(number), Repository("mirror.test", f"m/{number}")) for number, built in enumerate(images)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda each: pair.copy(each[0], each[1], target=each[2]), work))

    assert [outcome.problem for outcome in outcomes] == [None] * 8
    assert len(pair.source.requests("GET", "/blobs/")) == len({digest for built in images for digest in built.blobs})


def test_a_layer_that_cannot_be_mounted_is_sent(pair: Pair) -> None:
    one, two = image("one", shared="base"), image("two", shared="base")
    pair.source.add("a", one, "1")
    pair.source.add("a", two, "2")
    pair.mirror.faults.append(Fault("POST", "mount=", faults.status(403, "DENIED"), times=None))
    pair.copy(one, "1")

    assert pair.copy(two, "2", target=Repository("mirror.test", "m/b")).problem is None
    assert len(pair.source.requests("GET", "/blobs/")) == 6


def test_what_the_destination_has_is_recorded_without_a_byte(pair: Pair) -> None:
    built = pair.source.add("a", image(), "1")
    pair.mirror.add(TARGET.path, built, "1")
    outcome = pair.copy(built, "1")

    assert (outcome.confirmed, outcome.copied) == ((Tag("1"),), 0)
    assert not pair.source.requests("GET", "/manifests/")
    assert not pair.source.requests("GET", "/blobs/")
    assert {logged.method for logged in pair.mirror.log} == {"HEAD"}


def test_an_index_without_its_children_is_completed(pair: Pair) -> None:
    built = pair.source.add("a", index(image("one"), image("two")), "1")
    pair.mirror.add(TARGET.path, built, "1")
    lost = built.children[1]
    del pair.mirror.repositories[TARGET.path].manifests[str(lost.digest)]
    outcome = pair.copy(built, "1")

    assert outcome.confirmed == (Tag("1"),)
    assert str(lost.digest) in pair.mirror.repositories[TARGET.path].manifests


def test_a_tag_that_the_destination_has_already_is_not_put_again(pair: Pair) -> None:
    built = pair.source.add("a", image(), "1", "2")
    pair.mirror.add(TARGET.path, built, "1")
    outcome = pair.copy(built, "1", "2")

    assert set(outcome.confirmed) == {Tag("1"), Tag("2")}
    assert [logged.path.rpartition("/")[2] for logged in pair.mirror.requests("PUT")] == ["2"]


def test_a_repository_that_is_new_is_asked_for_its_tags_and_for_nothing_else(pair: Pair) -> None:
    one, two = pair.source.add("a", index(image("one")), "1"), pair.source.add("a", image("two"), "2")
    outcomes = [pair.copy(one, "1", recorded=Recorded.NOTHING), pair.copy(two, "2", recorded=Recorded.NOTHING)]

    assert [outcome.confirmed for outcome in outcomes] == [(Tag("1"),), (Tag("2"),)]
    asked = [(logged.method, logged.path.rpartition("/")[2]) for logged in pair.mirror.log if logged.method not in ("POST", "PUT")]
    assert asked == [("GET", "list")]


def test_a_repository_without_a_record_that_is_there_is_asked_as_ever(pair: Pair) -> None:
    built = pair.source.add("a", image(), "1")
    pair.mirror.add(TARGET.path, built, "1")
    outcome = pair.copy(built, "1", recorded=Recorded.NOTHING)

    assert (outcome.confirmed, outcome.copied) == ((Tag("1"),), 0)
    assert not pair.mirror.requests("PUT")


def test_a_new_tag_of_a_recorded_digest_is_one_get_and_one_put(pair: Pair) -> None:
    built = pair.source.add("a", index(image("one"), image("two")), "1", "2")
    pair.mirror.add(TARGET.path, built, "1")
    outcome = pair.copy(built, "2", recorded=Recorded.MANIFEST)

    assert outcome.confirmed == (Tag("2"),)
    assert [logged.method for logged in pair.source.log] == ["GET"]
    assert [(logged.method, logged.path.rpartition("/")[2]) for logged in pair.mirror.log] == [("PUT", "2")]


def test_a_recorded_digest_of_which_the_destination_has_lost_a_part_is_completed(pair: Pair) -> None:
    built = pair.source.add("a", index(image("one"), image("two")), "1", "2")
    pair.mirror.add(TARGET.path, built, "1")
    del pair.mirror.repositories[TARGET.path].manifests[str(built.children[1].digest)]
    outcome = pair.copy(built, "2", recorded=Recorded.MANIFEST)

    assert outcome.confirmed == (Tag("2"),)
    assert str(built.children[1].digest) in pair.mirror.repositories[TARGET.path].manifests


@pytest.mark.parametrize("served", [True, False])
def test_a_tag_that_may_not_be_put_is_confirmed_only_where_it_is_there(pair: Pair, served: bool) -> None:  # noqa: FBT001
    built, other = pair.source.add("a", image(), "1"), image("other")
    pair.mirror.add(TARGET.path, built if served else other, "1")
    pair.mirror.faults.append(Fault("PUT", "/manifests/", faults.status(412, "PRECONDITION"), times=None))
    outcome = pair.copy(built, "1", recorded=Recorded.MANIFEST)

    assert pair.mirror.requests("PUT")
    assert outcome.confirmed == ((Tag("1"),) if served else ())
    assert (outcome.problem is None) == served


@pytest.mark.parametrize(
    ("method", "path", "change"),
    [
        ("GET", "source.test.*/blobs/", faults.corrupted()),
        ("GET", "source.test.*/blobs/", faults.truncated()),
        ("GET", "source.test.*/blobs/", faults.page()),
        ("GET", "source.test.*/manifests/", faults.corrupted()),
        ("GET", "source.test.*/manifests/", faults.page()),
        ("PUT", "mirror.test.*/manifests/", faults.status(403, "DENIED")),
        ("PUT", "mirror.test.*/manifests/", faults.with_headers(docker_content_digest=str(Digest.of(b"other")))),
        ("POST", "mirror.test.*/uploads/", faults.status(401, "UNAUTHORIZED")),
        ("PUT", "mirror.test.*/uploads/", faults.status(400, "DIGEST_INVALID")),
        ("HEAD", "mirror.test.*/manifests/", faults.status(503)),
    ],
)
def test_what_goes_wrong_is_an_outcome_and_nothing_is_confirmed(pair: Pair, method: str, path: str, change: faults.Change) -> None:
    built = pair.source.add("a", image(), "1")
    for simulator in (pair.source, pair.mirror):
        simulator.faults.append(Fault(method, path, change, times=None))
    outcome = pair.copy(built, "1")

    assert (outcome.problem, outcome.confirmed) == (Problem.FAILED, ())
    assert outcome.reason
    assert "\n" not in outcome.reason


def test_bytes_that_are_not_the_digest_are_never_published(pair: Pair) -> None:
    built = pair.source.add("a", image(), "1")
    pair.source.faults.append(Fault("GET", "/blobs/", faults.corrupted(), times=None))
    outcome = pair.copy(built, "1")

    assert "expected sha256:" in outcome.reason
    assert TARGET.path not in pair.mirror.repositories or not pair.mirror.repositories[TARGET.path].blobs
    assert not pair.mirror.requests("PUT", "/manifests/")


def test_a_blob_that_breaks_off_is_sent_again(pair: Pair) -> None:
    built = pair.source.add("a", image(size=200_000), "1")
    pair.source.faults.append(Fault("GET", "/blobs/", faults.truncated(), first=2))

    assert pair.copy(built, "1").confirmed == (Tag("1"),)
    assert len(pair.source.requests("GET", "/blobs/")) == len(built.blobs) + 1


def test_an_upload_that_the_destination_has_lost_is_begun_anew(pair: Pair) -> None:
    built = pair.source.add("a", image(size=200_000), "1")
    pair.mirror.faults.append(Fault("PUT", "mirror.test.*/uploads/", faults.status(404, "BLOB_UPLOAD_INVALID"), first=2))

    assert pair.copy(built, "1").confirmed == (Tag("1"),)
    assert len(pair.mirror.requests("POST", "/uploads/")) == len(built.blobs) + 1


def test_the_tags_put_before_a_failure_are_confirmed(pair: Pair) -> None:
    built = pair.source.add("a", image(), "1", "2", "3")
    pair.mirror.faults.append(Fault("PUT", "/manifests/3", faults.status(403, "DENIED")))

    assert pair.copy(built, "1", "2", "3").confirmed == (Tag("1"), Tag("2"))


def test_schema_1_is_refused_before_anything_is_sent(pair: Pair) -> None:
    built = pair.source.add("a", schema_one(), "1")
    outcome = pair.copy(built, "1")

    assert (outcome.problem, "schema 1" in outcome.reason) == (Problem.REFUSED, True)
    assert not pair.mirror.requests("PUT")


def test_foreign_layers_are_not_sent_by_their_media_type(pair: Pair) -> None:
    built = pair.source.add("a", image_with_foreign_layer(), "1")

    assert pair.copy(built, "1").confirmed == (Tag("1"),)
    assert len(pair.source.requests("GET", "/blobs/")) == 2


def test_foreign_layers_are_sent_after_all_where_the_destination_wants_them(pair: Pair) -> None:
    built = pair.source.add("a", image_with_foreign_layer(), "1")
    content = filler("foreign 0", 1_000)
    foreign = str(Digest.of(content))
    assert foreign.encode() in built.raw
    pair.source.repositories["a"].blobs[foreign] = content
    pair.mirror.faults.append(Fault("PUT", "/manifests/", faults.status(500, "MANIFEST_BLOB_UNKNOWN")))

    assert pair.copy(built, "1").confirmed == (Tag("1"),)
    assert foreign in pair.mirror.repositories[TARGET.path].blobs
    assert len(pair.mirror.requests("PUT", "/manifests/")) == 2


def test_an_image_whose_foreign_layers_nobody_has_is_refused_where_they_are_wanted(pair: Pair) -> None:
    built = pair.source.add("a", image_with_foreign_layer(), "1")
    pair.mirror.faults.append(Fault("PUT", "/manifests/", faults.status(500, "MANIFEST_BLOB_UNKNOWN"), times=None))
    outcome = pair.copy(built, "1")

    assert outcome.problem is Problem.REFUSED
    assert "foreign layer" in outcome.reason


def test_a_blob_that_the_destination_has_lost_meanwhile_is_sent_again(pair: Pair) -> None:
    one, two = image("one", shared="base"), image("two", shared="base")
    pair.source.add("a", one, "1")
    pair.source.add("a", two, "2")
    pair.copy(one, "1")
    pair.mirror.repositories[TARGET.path].blobs.clear()

    assert pair.copy(two, "2").confirmed == (Tag("2"),)


def test_indexes_deeper_than_any_real_one_are_refused_by_name(pair: Pair) -> None:
    built = image()
    for _ in range(DEEPEST_INDEX + 1):
        built = index(built)
    pair.source.add("a", built, "1")
    outcome = pair.copy(built, "1")

    assert (outcome.problem, "indexes in one another" in outcome.reason) == (Problem.FAILED, True)
    assert not pair.mirror.requests("PUT")


def test_a_thousand_children_are_copied(pair: Pair) -> None:
    built = pair.source.add("a", index(*(image(f"child {number}", layers=0) for number in range(1_000))), "1")

    assert pair.copy(built, "1").confirmed == (Tag("1"),)
    assert len(pair.mirror.repositories[TARGET.path].manifests) == 1_001


def test_a_missing_child_fails_by_its_digest(pair: Pair) -> None:
    built = pair.source.add("a", index(image("one"), image("two")), "1")
    del pair.source.repositories["a"].manifests[str(built.children[1].digest)]
    outcome = pair.copy(built, "1")

    assert outcome.problem is Problem.FAILED
    assert built.children[1].digest.encoded in outcome.reason


def test_a_stop_ends_a_copy_before_its_manifest(pair: Pair) -> None:
    built = pair.source.add("a", image(), "1")
    pair.stop.ask(Ending.SIGNAL)
    outcome = pair.copy(built, "1")

    assert (outcome.problem, outcome.confirmed) == (Problem.STOPPED, ())
    assert not pair.mirror.requests("PUT")


def test_a_folder_of_layouts_is_a_destination_like_any_other(pair: Pair, tmp_path: Path) -> None:
    built = pair.source.add("a", index(image("one"), index(image("two"))), "1", "2")
    folder = FolderDestination(tmp_path)
    passage = Passage(Client(pair.session), folder, lambda work: work(), pair.executor, pair.stop, Watch())
    outcome = Transfer(passage).copy(step(built.digest, "1", "2"))
    described = folder.head_manifest(TARGET, Tag("1"))

    assert outcome.confirmed == (Tag("1"), Tag("2"))
    assert described is not None
    assert described.digest == built.digest


def _choose(pair: Pair, built: Built, *platforms: str, recorded: Recorded = Recorded.REPOSITORY) -> Outcome:
    chosen = choice(tuple(map(Platform.parse, platforms)))
    return pair.transfer.copy(replace(step(built.digest, "1", "2"), platforms=chosen, recorded=recorded))


def test_one_chosen_platform_is_put_under_the_tags_and_nothing_of_the_others_is_fetched(pair: Pair) -> None:
    built = pair.source.add("a", index(image("amd"), image("arm")), "1")
    outcome, (amd, arm) = _choose(pair, built, "linux/amd64"), built.children

    assert (outcome.confirmed, outcome.mirror_digest, outcome.media_type) == ((Tag("1"), Tag("2")), amd.digest, built.media_type)
    assert pair.serves("1") == pair.serves("2") == str(amd.digest)
    assert set(pair.mirror.repositories[TARGET.path].manifests) == {str(amd.digest)}
    assert outcome.size == sum(map(len, amd.blobs.values()))
    assert not [logged for logged in pair.source.log if logged.path.rpartition("/")[2] in map(str, (arm.digest, *arm.blobs))]


def test_several_chosen_platforms_are_put_as_a_smaller_index_after_its_children(pair: Pair) -> None:
    s390x = {"os": "linux", "architecture": "s390x"}
    built = pair.source.add("a", index(image("amd"), image("arm"), image("z"), platforms=(AMD64, ARM64, s390x)), "1")
    outcome = _choose(pair, built, "linux/s390x", "linux/amd64")
    puts = [logged.path.rpartition("/")[2] for logged in pair.mirror.requests("PUT", "/manifests/")]

    assert outcome.mirror_digest not in (None, built.digest)
    assert pair.serves("1") == str(outcome.mirror_digest)
    assert puts == [str(built.children[0].digest), str(built.children[2].digest), "1", "2"]


@pytest.mark.parametrize("built", [image(), index(image("amd"), image("arm"))], ids=["no index", "nothing left out"])
def test_what_a_choice_leaves_whole_keeps_its_digest(pair: Pair, built: Built) -> None:
    pair.source.add("a", built, "1")
    outcome = _choose(pair, built, "linux/amd64", "linux/arm64")

    assert (outcome.confirmed, outcome.mirror_digest) == ((Tag("1"), Tag("2")), None)
    assert pair.serves("2") == str(built.digest)


def test_an_index_in_which_nothing_is_chosen_is_refused_and_nothing_is_put(pair: Pair) -> None:
    built = pair.source.add("a", index(image("amd"), image("arm")), "1")
    outcome = _choose(pair, built, "windows/amd64")

    assert (outcome.problem, outcome.confirmed) == (Problem.REFUSED, ())
    assert "nothing in this index is for windows/amd64" in outcome.reason
    assert not pair.mirror.log


def test_a_choice_that_reached_one_tag_and_not_the_other_confirms_that_one(pair: Pair) -> None:
    built = pair.source.add("a", index(image("amd"), image("arm")), "1")
    _choose(pair, built)
    pair.mirror.faults.append(Fault("PUT", "/manifests/2", faults.status(403, "DENIED")))
    outcome = _choose(pair, built, "linux/amd64")

    assert (outcome.problem, outcome.confirmed, outcome.mirror_digest) == (Problem.FAILED, (Tag("1"),), built.children[0].digest)
    assert (pair.serves("1"), pair.serves("2")) == (str(built.children[0].digest), str(built.digest))
