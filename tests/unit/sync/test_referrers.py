"""What refers to an image goes with it, between two registries in memory with lists of referrers and without."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from gcrsync.mirror.outcome import Outcome, Problem, Step
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import DEEPEST_REFERRER, fallback_tag
from gcrsync.registry.client import Client
from gcrsync.registry.destination import Destination
from gcrsync.registry.referrers import ENOUGH_DENIALS
from gcrsync.registry.retry import Retries, RetryPolicy
from gcrsync.sync.passage import Known, Passage
from gcrsync.sync.progress import Watch
from gcrsync.sync.stop import Stop
from gcrsync.sync.transfer import Transfer
from tests.support.build import Built, image, index, referrer, referrer_index
from tests.support.clock import SteppedClock
from tests.support.faults import Fault, refusal, status
from tests.support.sessions import session_to
from tests.support.simulator import Simulator, network

SOURCE, TARGET = Repository("source.test", "a"), Repository("mirror.test", "a")


@dataclass
class Pair:
    """A source and a destination; ``copied`` are tags that go to the destination by their names."""

    source: Simulator
    mirror: Simulator
    transfer: Transfer
    copied: set[str] = field(default_factory=set)

    def copy(self, built: Built, tag: str = "1") -> Outcome:
        return self.transfer.copy(Step(SOURCE, TARGET, str(TARGET), built.digest, (Tag(tag),)))

    def puts(self) -> list[str]:
        return [logged.path.rpartition("/")[2] for logged in self.mirror.requests("PUT", "/manifests/")]

    def list_at_mirror(self, subject: Built) -> set[str]:
        stored = self.mirror.repositories["a"]
        return {text for text in self.mirror.repositories["a"].manifests if text in _text(stored.manifests, stored.tags, subject)}


def _text(manifests: dict[str, tuple[str, bytes]], tags: dict[str, str], subject: Built) -> str:
    name = fallback_tag(subject.digest).name
    return manifests[tags[name]][1].decode() if name in tags else ""


@pytest.fixture(params=[True, False], ids=["lists", "tags"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    source = Simulator("source.test", referrers=request.param)
    mirror, clock, copied = Simulator("mirror.test"), SteppedClock().clock, set[str]()
    with session_to(network(source, mirror)) as session, ThreadPoolExecutor(2) as executor:

        def known(_repository: Repository) -> Known:
            return Known(frozenset(map(Tag, source.repositories["a"].tags)), frozenset(map(Tag, copied)))

        ends = (Client(session), Destination(session), Retries(RetryPolicy(), clock).call)
        yield Pair(source, mirror, Transfer(Passage(*ends, executor, Stop(lambda: 0.0), Watch(), known)), copied)


def add(pair: Pair, subject: Built, *referrers: Built) -> None:
    """Put referrers into the source, and the list of them under a tag where it keeps none."""
    for built in referrers:
        pair.source.add("a", built)
    if not pair.source.referrers:
        pair.source.add("a", index(*referrers, platforms=()), fallback_tag(subject.digest).name)


def test_signatures_and_what_refers_to_them_are_there_before_the_tag(pair: Pair) -> None:
    built = pair.source.add("a", index(image("one"), image("two")), "1")
    child, part = built.children[0], image("spdx")
    signature, bill = referrer(built), referrer_index(built, part)
    second, attestation = referrer(signature, "second"), referrer(child, "attestation")
    for subject, referrers in ((built, (signature, bill)), (signature, (second,)), (child, (attestation,))):
        add(pair, subject, *referrers)
    outcome = pair.copy(built)

    assert (outcome.reason, outcome.confirmed) == ("", (Tag("1"),))
    assert outcome.referrers == tuple(sorted(each.digest for each in (signature, bill, second, attestation)))
    puts = pair.puts()
    assert puts[-1] == "1"
    assert puts.index(second.digest) < puts.index(signature.digest)
    assert puts.index(part.digest) < puts.index(bill.digest)
    for subject, referrers in ((built, (signature, bill)), (signature, (second,)), (child, (attestation,))):
        assert pair.list_at_mirror(subject) == {each.digest for each in referrers}


def test_a_referrer_that_is_not_copied_leaves_the_image_without_its_tag(pair: Pair) -> None:
    built = pair.source.add("a", image(), "1")
    signature = referrer(built)
    add(pair, built, signature)
    pair.mirror.faults.append(Fault("PUT", f"/manifests/{signature.digest}", status(415), times=None))
    outcome = pair.copy(built)

    assert (outcome.problem, outcome.confirmed) == (Problem.FAILED, ())
    assert f"copying {signature.digest}, which refers to {built.digest}" in outcome.reason
    assert "1" not in pair.mirror.repositories["a"].tags


def test_a_pull_limit_that_is_met_at_a_referrer_is_one_of_the_source(pair: Pair) -> None:
    built = pair.source.add("a", image(), "1")
    signature = referrer(built)
    add(pair, built, signature)
    used_up = refusal(429, "TOOMANYREQUESTS", "You have reached your pull rate limit")
    pair.source.faults.append(Fault("GET", f"/manifests/{signature.digest}", used_up, times=None))

    outcome = pair.copy(built)
    assert (outcome.problem, outcome.confirmed) == (Problem.LIMITED, ())


def test_a_referrer_that_is_listed_and_not_there_is_a_failure(pair: Pair) -> None:
    built = pair.source.add("a", image(), "1")
    signature = referrer(built)
    add(pair, built, signature)
    pair.source.faults.append(Fault("GET", f"/manifests/{signature.digest}", status(404), times=None))
    outcome = pair.copy(built)

    assert outcome.problem is Problem.FAILED
    assert str(signature.digest) in outcome.reason


def test_a_list_that_is_copied_by_its_tag_is_not_touched(pair: Pair) -> None:
    built = pair.source.add("a", image(), "1")
    signature = referrer(built)
    add(pair, built, signature)
    pair.source.add("a", index(signature, platforms=()), fallback_tag(built.digest).name)
    pair.copied.add(fallback_tag(built.digest).name)

    assert pair.copy(built).referrers == (signature.digest,)
    assert pair.mirror.repositories["a"].tags.keys() == {"1"}


def test_manifests_that_refer_to_one_another_without_end_are_a_failure(pair: Pair) -> None:
    first = subject = pair.source.add("a", image(), "1")
    for number in range(DEEPEST_REFERRER + 1):
        add(pair, subject, following := referrer(subject, str(number)))
        subject = following
    outcome = pair.copy(first)

    assert outcome.problem is Problem.FAILED
    assert f"more than {DEEPEST_REFERRER} manifests" in outcome.reason


def test_a_referrer_that_contains_its_subject_is_copied_once(pair: Pair) -> None:
    built = pair.source.add("a", image(), "1")
    bill = referrer_index(built, built)
    add(pair, built, bill)

    assert pair.copy(built).referrers == (bill.digest,)
    assert pair.puts().count(bill.digest) == 1


def test_what_refers_to_something_else_is_no_referrer(pair: Pair) -> None:
    pair.source.referrers = False  # its own list cannot say so
    built = pair.source.add("a", image(), "1")
    add(pair, built, referrer(image("other")), image("plain"))

    outcome = pair.copy(built)
    assert (outcome.confirmed, outcome.referrers) == ((Tag("1"),), ())
    assert pair.puts() == ["1"]


def test_images_without_referrers_cost_few_questions_of_a_source_without_lists(pair: Pair) -> None:
    built, other = pair.source.add("a", index(image("one"), image("two")), "1"), pair.source.add("a", image(), "2")
    assert [pair.copy(built).referrers, pair.copy(other, "2").referrers] == [(), ()]
    assert len(pair.source.requests("GET", "/referrers/")) == (4 if pair.source.referrers else ENOUGH_DENIALS)
    assert not pair.source.requests("GET", "/manifests/sha256-")
