"""What was found of a mirror that exists already, and how that is told to the record."""

from gcrsync.mirror import change
from gcrsync.mirror.adoption import Adoption, Finding, Match, NamespaceAdoption, State
from gcrsync.mirror.platforms import NARROWED
from gcrsync.mirror.report import NamespaceReport
from gcrsync.oci.name import Namespace, Tag
from tests.support.values import NOW, digest, repository

A, B = repository("gcr.io/p/a"), repository("gcr.io/p/b")
NEW, OLD = Match(digest("new")), Match(digest("old"))


def test_what_is_recorded_is_told_as_added_or_moved_and_nothing_else_is() -> None:
    findings = (
        Finding(A, State.ADOPTED, Tag("latest"), digest("new"), None, digest("new"), NEW),
        Finding(A, State.ADOPTED, Tag("v1"), digest("new"), digest("old"), digest("new"), NEW),
        Finding(A, State.ADOPTED, Tag("v2"), digest("new"), None, digest("s"), Match(digest("new"), mirror_digest=digest("s"))),
        Finding(A, State.OLDER, Tag("v3"), digest("new"), None, digest("old"), OLD),
        *(Finding(A, state, Tag("v4"), digest("new")) for state in set(State) - {State.ADOPTED, State.OLDER}),
    )
    adoption = Adoption("adopt", NOW, (NamespaceAdoption(NamespaceReport(Namespace.parse("gcr.io/p")), findings, 0),))
    (namespace,) = adoption.report().namespaces

    assert [(image.tag, image.state, image.digest, image.was) for image in namespace.images] == [
        ("latest", change.State.ADDED, digest("new"), None),
        ("v1", change.State.MOVED, digest("new"), digest("old")),
        ("v2", change.State.ADDED, digest("new"), None),
        ("v3", change.State.ADDED, digest("old"), None),
    ]
    assert namespace.images[2].reason == f"the mirror had it already; {NARROWED}"
    assert (adoption.count(State.ADOPTED), adoption.count(State.EXTRA)) == (3, 1)


def test_findings_are_sorted_by_repository_then_state_then_tag() -> None:
    found = [
        Finding(A, State.ADOPTED, Tag("v2")),
        Finding(A, State.ADOPTED, Tag("v10")),
        Finding(A, State.EXTRA, Tag("a")),
        Finding(A, State.UNKNOWN),
        Finding(A, State.UNKNOWN, Tag("a")),
        Finding(B, State.ADOPTED, Tag("a")),
    ]

    mixed = [found[place] for place in (5, 2, 0, 4, 1, 3)]
    assert sorted(mixed, key=lambda finding: finding.order) == found
