"""Asking a mirror that exists already for what it has of its source, without a network."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gcrsync.mirror.adoption import Finding, State
from gcrsync.mirror.change import Change
from gcrsync.mirror.change import State as ChangeState
from gcrsync.mirror.counterpart import Counterpart
from gcrsync.mirror.ending import Ending
from gcrsync.mirror.naming import registry_destination
from gcrsync.mirror.record import Mirrored, Record
from gcrsync.mirror.rules import Rules
from gcrsync.mirror.selection import Selection
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.sync.discovery import Discovery
from gcrsync.sync.job import Mirror
from gcrsync.sync.reach import Reach
from gcrsync.sync.stop import Stop
from tests.support.build import Built, image, index
from tests.support.faults import Fault, status, unreachable
from tests.support.means import means_to
from tests.support.simulator import Simulator, network

ONE, TWO = image("one"), image("two")
BOTH = index(image("amd"), image("arm"))
SOURCE, PLACE = Repository("source.test", "a"), Repository("mirror.test", "to/a")


class Ends:
    """A source and a mirror of it, and what asks the mirror."""

    def __init__(self) -> None:
        self.source, self.mirror = Simulator("source.test"), Simulator("mirror.test")
        self.record = Record(SOURCE, str(PLACE))
        self.stop = Stop(lambda: 0.0)

    def have(self, built: Built, *tags: str, mirrored: Sequence[str] = ()) -> None:
        """Have the source serve an image, and the mirror under some tags too."""
        self.source.add(SOURCE.path, built, *tags)
        if mirrored:
            self.mirror.add(PLACE.path, built, *mirrored)

    def counterpart(self, *, described: bool = True) -> Counterpart:
        stored = self.source.repositories[SOURCE.path]
        known = {each.digest: each.media_type for each in (ONE, TWO, BOTH)}
        digests = {Tag(tag): next(digest for digest in known if digest == text) for tag, text in stored.tags.items()}
        manifests = {digest: Described(known[digest]) for digest in digests.values()} if described else {}
        wanted = {tag: Change(SOURCE, tag, ChangeState.ADDED, digest, self.record.tags.get(tag)) for tag, digest in digests.items()}
        return Counterpart(self.record, Listing(digests, manifests), PLACE, str(PLACE), wanted, frozenset(digests.values()))

    def findings(self, *platforms: str, described: bool = True) -> list[Finding]:
        wanted = tuple(map(Platform.parse, platforms))
        selection = Selection(Namespace("source.test"), Namespace("source.test"), rules=Rules(platforms=wanted))
        with means_to(network(self.source, self.mirror), self.stop) as means:
            mirror = Mirror(selection, registry_destination("mirror.test/to", None))
            found = Discovery(means, mirror, Reach(self.stop)).findings([self.counterpart(described=described)])
            return sorted(found, key=lambda finding: finding.order)


@pytest.fixture
def ends() -> Ends:
    return Ends()


def told(findings: list[Finding]) -> list[tuple[State, str]]:
    return [(finding.state, finding.tag or "") for finding in findings]


def asked(registry: Simulator) -> list[str]:
    """Give what a registry was asked for, each with its method and the last part of its path."""
    return sorted(f"{each.method} {each.path.rpartition('/')[2].partition('?')[0]}" for each in registry.log)


def test_only_tags_that_both_ends_have_are_asked_for_and_an_index_with_its_children_once(ends: Ends) -> None:
    ends.have(ONE, "v1", "v2", mirrored=["v1"])
    ends.have(BOTH, "latest", "all", mirrored=["latest", "all"])
    ends.mirror.add(PLACE.path, TWO, "mine")

    assert told(ends.findings()) == [
        (State.ADOPTED, "all"),
        (State.ADOPTED, "latest"),
        (State.ADOPTED, "v1"),
        (State.MISSING, "v2"),
        (State.EXTRA, "mine"),
    ]
    children = [f"HEAD {child.digest}" for child in BOTH.children]
    assert asked(ends.mirror) == sorted(["GET list", "HEAD v1", "HEAD latest", "HEAD all", f"GET {BOTH.digest}", *children])
    assert asked(ends.source) == []


def test_where_platforms_are_chosen_the_index_of_the_source_is_read_once_and_nothing_else(ends: Ends) -> None:
    ends.have(ONE, "v1", mirrored=["v1"])
    ends.have(BOTH, "latest", "all", "later")
    ends.mirror.add(PLACE.path, BOTH.children[0], "latest", "all")
    findings = ends.findings("linux/amd64")

    assert [state for state, _ in told(findings)] == [State.ADOPTED, State.ADOPTED, State.ADOPTED, State.MISSING]
    assert asked(ends.source) == [f"GET {BOTH.digest}"]
    (match,) = {finding.match for finding in findings if finding.digest == BOTH.digest and finding.match}
    assert (match.digest, match.mirror_digest) == (BOTH.digest, BOTH.children[0].digest)


def test_what_no_list_describes_is_read_before_it_is_taken_for_an_image(ends: Ends) -> None:
    ends.have(ONE, "v1", mirrored=["v1"])
    (finding,) = ends.findings("linux/amd64", described=False)

    assert (finding.state, finding.match and finding.match.media_type) == (State.ADOPTED, ONE.media_type)
    assert asked(ends.source) == [f"GET {ONE.digest}"]


def test_an_index_with_nothing_for_the_platforms_is_adopted_where_it_is_there_whole(ends: Ends) -> None:
    ends.have(BOTH, "latest", mirrored=["latest"])
    (finding,) = ends.findings("windows/amd64")

    assert (finding.state, finding.match and finding.match.platforms) == (State.ADOPTED, ())


def test_what_the_mirror_serves_as_it_is_on_record_is_told_no_more(ends: Ends) -> None:
    ends.have(ONE, "v1", mirrored=["v1"])
    ends.record = replace(ends.record, tags={Tag("v1"): TWO.digest}, manifests={TWO.digest: Mirrored()})
    ends.mirror.add(PLACE.path, TWO, "v1")

    assert ends.findings() == []
    assert asked(ends.mirror) == ["GET list", "HEAD v1"]


def test_a_tag_whose_manifest_is_lost_is_missing(ends: Ends) -> None:
    ends.have(ONE, "v1", mirrored=["v1"])
    del ends.mirror.repositories[PLACE.path].manifests[str(ONE.digest)]
    (finding,) = ends.findings()

    assert (finding.state, finding.tag) == (State.MISSING, "v1")
    assert finding.reason == "the mirror lists the tag, and has no manifest for it"


def test_a_mirror_that_knows_nothing_of_a_repository_lacks_all_of_it(ends: Ends) -> None:
    ends.have(ONE, "v1", "v2")

    assert told(ends.findings()) == [(State.MISSING, "v1"), (State.MISSING, "v2")]
    assert asked(ends.mirror) == ["GET list"]


@pytest.mark.parametrize("path", ["to/a/tags/list", "to/a/manifests/v1"])
def test_what_the_mirror_does_not_answer_is_unknown_with_its_reason(ends: Ends, path: str) -> None:
    ends.have(ONE, "v1", mirrored=["v1"])
    ends.mirror.faults += [Fault(method, path, status(403, "DENIED"), times=None) for method in ("GET", "HEAD")]
    (finding,) = ends.findings()

    assert (finding.state, finding.match) == (State.UNKNOWN, None)
    assert "mirror.test/v2/to/a" in finding.reason


def test_a_source_that_does_not_give_its_index_is_the_reason_and_the_other_tags_are_adopted(ends: Ends) -> None:
    ends.have(ONE, "v1", mirrored=["v1"])
    ends.have(BOTH, "latest", mirrored=["latest"])
    ends.source.faults.append(Fault("GET", "/manifests/", unreachable(), times=None))
    adopted, unknown = ends.findings("linux/amd64")

    assert (adopted.state, adopted.tag) == (State.ADOPTED, "v1")
    assert (unknown.state, unknown.tag) == (State.UNKNOWN, "latest")
    assert "source.test" in unknown.reason


def test_after_a_stop_nothing_is_asked_for_or_told(ends: Ends) -> None:
    ends.have(ONE, "v1", mirrored=["v1"])
    ends.stop.ask(Ending.SIGNAL)

    assert ends.findings() == []
    assert asked(ends.mirror) == []
