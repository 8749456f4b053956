"""Asking a destination for what is on record, and repairing it, without a network."""

from dataclasses import replace

import httpx
import pytest

from gcrsync.mirror.ending import Ending
from gcrsync.mirror.record import Mirrored, Record, Records
from gcrsync.mirror.verification import State, Verification
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Repository, Tag
from gcrsync.sync.stop import Stop
from gcrsync.sync.verify import Choose, Request, verify
from tests.support.build import Built, image, index, referrer
from tests.support.means import means_to
from tests.support.simulator import Simulator, error, network
from tests.support.values import NOW

ONE, TWO, OTHER = image("one"), image("two"), image("other")
BOTH = index(image("amd"), image("arm"))
SIGNATURE = referrer(ONE)
PLAIN = Mirrored()
SOURCE, TARGET = Repository("source.test", "a"), Repository("mirror.test", "to/a")


class Places:
    """A source and a mirror, what is on record, and what asks."""

    def __init__(self) -> None:
        self.source, self.mirror = Simulator("source.test", google=True), Simulator("mirror.test")
        self.answer = network(self.source, self.mirror)
        self.stop = Stop(lambda: 0.0)

    def served(self, built: Built, *tags: str, at_mirror: Built | None = None, described: Mirrored = PLAIN) -> Record:
        """Have both sides serve an image, and give what is recorded of it."""
        self.source.add(SOURCE.path, built, *tags)
        self.mirror.add(TARGET.path, at_mirror or built, *tags)
        return Record(SOURCE, str(TARGET), dict.fromkeys(map(Tag, tags), built.digest), {built.digest: described})

    def lose(self, *manifests: Built) -> None:
        """Have the mirror lose manifests, the tags that name them, and their blobs."""
        stored = self.mirror.repositories[TARGET.path]
        for built in manifests:
            del stored.manifests[str(built.digest)]
            for digest in built.blobs:
                stored.blobs.pop(str(digest), None)
        for tag in [tag for tag, digest in stored.tags.items() if digest not in stored.manifests]:
            del stored.tags[tag]

    def verify(self, *records: Record, sample: Choose | None = None, repairs: bool = False) -> Verification:
        self.mirror.log.clear()
        known: Records = {record.repository: record for record in records}
        with means_to(self.answer, self.stop) as means:
            return verify(means, Request(known, NOW, sample, repairs))


@pytest.fixture
def places() -> Places:
    return Places()


def told(verification: Verification) -> list[tuple[State, str]]:
    return [(finding.state, finding.tag or str(finding.digest)) for finding in verification.findings]


def asked(places: Places) -> list[str]:
    return sorted(f"{request.method} {request.path.partition('/to/a/')[2].partition('?')[0]}" for request in places.mirror.log)


def test_one_head_for_each_tag_and_one_list_prove_a_mirror_that_is_whole(places: Places) -> None:
    verification = places.verify(places.served(ONE, "latest", "v1"))

    assert asked(places) == ["GET tags/list", "HEAD manifests/latest", "HEAD manifests/v1"]
    assert (verification.findings, verification.asked, verification.recorded) == ((), 2, 2)


def test_a_lost_manifest_is_missing_by_its_digest_and_by_each_tag(places: Places) -> None:
    record = places.served(ONE, "latest", "v1")
    places.lose(ONE)

    assert told(places.verify(record)) == [
        (State.MISSING, str(ONE.digest)),
        (State.MISSING, "latest"),
        (State.MISSING, "v1"),
    ]


def test_a_lost_tag_is_missing_and_its_digest_is_not(places: Places) -> None:
    record = places.served(ONE, "latest", "v1")
    del places.mirror.repositories[TARGET.path].tags["v1"]

    assert told(places.verify(record)) == [(State.MISSING, "v1")]


def test_a_tag_that_serves_something_else_is_different_and_not_missing(places: Places) -> None:
    record = places.served(ONE, "latest")
    places.mirror.add(TARGET.path, OTHER, "latest")
    (finding,) = places.verify(record, repairs=True).findings

    assert (finding.state, finding.tag, finding.found) == (State.DIFFERENT, "latest", OTHER.digest)
    assert not finding.repaired
    assert places.mirror.repositories[TARGET.path].tags["latest"] == OTHER.digest


def test_what_a_tag_that_was_put_elsewhere_had_is_repaired_by_digest_and_the_tag_is_left(places: Places) -> None:
    record = places.served(ONE, "latest")
    places.lose(ONE)
    places.mirror.add(TARGET.path, OTHER, "latest")
    verification = places.verify(record, repairs=True)

    assert [(finding.state, finding.repaired) for finding in verification.findings] == [
        (State.DIFFERENT, False),
        (State.MISSING, True),
    ]
    assert str(ONE.digest) in places.mirror.repositories[TARGET.path].manifests
    assert places.mirror.repositories[TARGET.path].tags == {"latest": OTHER.digest}


def test_a_tag_that_nobody_recorded_is_extra(places: Places) -> None:
    record = places.served(ONE, "latest")
    places.mirror.add(TARGET.path, OTHER, "mine", f"sha256-{'0' * 64}")

    assert [(finding.state, finding.tag) for finding in places.verify(record).findings] == [(State.EXTRA, "mine")]


def test_a_sample_asks_for_what_was_chosen_and_for_no_list(places: Places) -> None:
    record = places.served(ONE, "latest", "v1")
    places.mirror.add(TARGET.path, OTHER, "mine")
    verification = places.verify(record, sample=lambda questions: questions[:1])

    assert asked(places) == ["HEAD manifests/latest"]
    assert (verification.sampled, verification.asked, verification.recorded) == (True, 1, 2)


@pytest.mark.parametrize("built", [ONE, BOTH], ids=["an image", "an index"])
def test_a_repair_brings_everything_back_from_the_source_though_its_tag_has_moved_on(places: Places, built: Built) -> None:
    record = places.served(built, "latest", "v1")
    places.lose(*built.everything())
    places.source.add(SOURCE.path, TWO, "latest")
    verification = places.verify(record, repairs=True)
    stored = places.mirror.repositories[TARGET.path]

    assert len(verification.findings) == 3
    assert verification.is_whole
    assert verification.copied == sum(len(blob) for each in built.everything() for blob in each.blobs.values())
    assert stored.tags == {"latest": str(built.digest), "v1": str(built.digest)}
    assert {str(each.digest) for each in built.everything()} == set(stored.manifests)
    assert places.verify(record).findings == ()


def test_layers_that_are_still_there_are_not_sent_again(places: Places) -> None:
    record = places.served(ONE, "latest")
    blobs = dict(places.mirror.repositories[TARGET.path].blobs)
    places.lose(ONE)
    places.mirror.repositories[TARGET.path].blobs |= blobs
    verification = places.verify(record, repairs=True)

    assert verification.is_whole
    assert verification.copied == 0


def test_a_lost_signature_is_missing_and_copied_again(places: Places) -> None:
    record = places.served(ONE, "latest", described=Mirrored(referrers=(SIGNATURE.digest,)))
    places.source.add(SOURCE.path, SIGNATURE)
    assert told(places.verify(record)) == [(State.MISSING, str(SIGNATURE.digest))]

    assert places.verify(record, repairs=True).is_whole
    assert str(SIGNATURE.digest) in places.mirror.repositories[TARGET.path].manifests
    assert places.verify(record).findings == ()


def test_a_choice_of_platforms_is_made_again_and_must_give_the_digest_on_record(places: Places) -> None:
    child = BOTH.children[0]
    chosen = Mirrored(platforms=(Platform.parse("linux/amd64"),), mirror_digest=child.digest)
    record = places.served(BOTH, "latest", at_mirror=child, described=chosen)
    assert places.verify(record).findings == ()
    places.lose(child)
    wrong = replace(record, manifests={BOTH.digest: chosen._replace(mirror_digest=OTHER.digest)})
    failed = places.verify(wrong, repairs=True)

    assert not any(finding.repaired for finding in failed.findings)
    assert "what is chosen of source.test/a@" in failed.findings[0].reason
    assert places.mirror.repositories[TARGET.path].tags == {}
    assert places.verify(record, repairs=True).is_whole
    assert places.mirror.repositories[TARGET.path].tags == {"latest": child.digest}


def test_what_the_source_has_no_longer_cannot_be_repaired_and_is_told(places: Places) -> None:
    record = places.served(ONE, "latest")
    places.lose(ONE)
    places.source.repositories.clear()
    verification = places.verify(record, repairs=True)

    assert not verification.is_whole
    assert all("source.test" in finding.reason for finding in verification.findings)


def test_a_destination_that_does_not_answer_is_given_up_and_everything_there_is_unknown(places: Places) -> None:
    record = places.served(ONE, *(f"v{number}" for number in range(40)))
    asked_for = set[str]()

    def refuse(request: httpx.Request) -> httpx.Response:
        asked_for.add(request.url.path)
        raise httpx.ConnectError("refused", request=request)

    places.answer = refuse
    verification = places.verify(record)

    assert verification.count(State.UNKNOWN) == 41
    assert all("mirror.test" in finding.reason for finding in verification.findings)
    assert 0 < len(asked_for) < 10


def test_one_answer_that_makes_no_sense_leaves_the_others_as_they_are(places: Places) -> None:
    record = places.served(ONE, "latest", "v1")
    whole = places.answer
    places.answer = lambda request: error(400, "NAME_INVALID") if request.url.path.endswith("/v1") else whole(request)
    verification = places.verify(record)

    assert [(finding.state, finding.tag) for finding in verification.findings] == [(State.UNKNOWN, "v1")]
    assert not verification.is_whole


def test_a_stop_ends_the_asking_and_nothing_is_taken_for_missing(places: Places) -> None:
    record = places.served(ONE, *(f"v{number}" for number in range(40)))
    places.lose(ONE)

    def stopping(request: httpx.Request) -> httpx.Response:
        places.stop.ask(Ending.SIGNAL)
        raise httpx.ReadError("closed at the stop", request=request)

    places.answer = stopping
    verification = places.verify(record, repairs=True)

    assert (verification.ending, verification.findings, verification.asked) == (Ending.SIGNAL, (), 0)
