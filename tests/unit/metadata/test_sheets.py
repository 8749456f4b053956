"""The one shape of what came of a command."""

from dataclasses import replace

from gcrsync.metadata.sheet import Verdict
from gcrsync.metadata.sheets import sheet_of_adoption, sheet_of_report, sheet_of_verification
from gcrsync.mirror import adoption, verification
from gcrsync.mirror.alarm import Alarm, Kind
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.ending import Ending
from gcrsync.mirror.report import NamespaceReport, Report
from gcrsync.mirror.snapshot import Doubt, Fault
from gcrsync.oci.name import Namespace, Tag
from tests.support.values import NOW, digest, repository

PLACE = Namespace("gcr.io", "p")
A, B = repository("gcr.io/p/a"), repository("gcr.io/p/b")
LISTED = NamespaceReport(
    PLACE,
    "google",
    32,
    (Change(A, Tag("1"), State.FAILED, digest("x"), None, "reset"), Change(A, Tag("2"), State.GONE, None, digest("y"))),
    7,
    12,
    (Doubt(B.namespace, Fault.FAILED, "403", below=True),),
    3,
    (Alarm(Kind.PRUNING, "too much"),),
)


def test_of_a_run_what_failed_is_wrong_and_what_could_not_be_listed_is_unknown() -> None:
    sheet = sheet_of_report(Report("sync", NOW, (LISTED,), Ending.DEADLINE, ("wait",)), 3)
    (part,) = sheet.parts

    assert [(line.image, line.verdict) for line in part.lines] == [("gcr.io/p/a:1", Verdict.WRONG), ("gcr.io/p/a:2", Verdict.GOOD)]
    assert [(line.image, line.state, line.verdict) for line in part.warnings] == [
        ("gcr.io/p/b", "failed", Verdict.UNKNOWN),
        ("gcr.io/p", "pruning", Verdict.WRONG),
    ]
    assert sheet.limits == ("stopped by --deadline before all was done", "wait")
    assert (part.copied, part.requests, part.complete) == (12, 35, False)
    assert {state: count for state, count in sheet.counts.items() if count} == {"failed": 1, "gone": 1, "unchanged": 7}


def test_a_mirror_that_is_not_as_on_record_is_a_part_and_the_counts_are_of_all() -> None:
    asked = verification.Question(A, digest("x"), digest("x"))
    lost = verification.Finding(A, verification.State.MISSING, None, asked)
    found = verification.Verification(
        NOW,
        {A: "m.test/a", B: "m.test/b"},
        9,
        8,
        (lost, replace(lost, tag=Tag("1"), repaired=True), verification.Finding(B, verification.State.UNKNOWN, reason="down")),
    )
    sheet = sheet_of_verification(found, 1)

    assert [part.name for part in sheet.parts] == [str(A), str(B)]
    assert [(line.image, line.verdict, line.reason) for line in sheet.lines] == [
        (f"{A}@{digest('x').text}", Verdict.WRONG, ""),
        (f"{A}:1", Verdict.GOOD, "copied again"),
        (str(B), Verdict.UNKNOWN, "down"),
    ]
    assert sheet.counts == {"asked": 8, "missing": 2, "different": 0, "extra": 0, "unknown": 1, "repaired": 1}


def test_of_an_adoption_what_the_source_does_not_know_is_wrong() -> None:
    different = adoption.Finding(A, adoption.State.DIFFERENT, Tag("1"), digest("x"), None, digest("y"))
    missing = adoption.Finding(A, adoption.State.MISSING, Tag("2"), digest("x"))
    found = adoption.Adoption("adopt", NOW, (adoption.NamespaceAdoption(LISTED, (different, missing), 5),))
    sheet = sheet_of_adoption(found, 1)

    assert [(line.image, line.verdict) for line in sheet.lines] == [
        ("gcr.io/p/a:1", Verdict.WRONG),
        ("gcr.io/p/a:2", Verdict.WAITING),
    ]
    assert (sheet.counts["different"], sheet.counts["missing"], sheet.counts["unchanged"]) == (1, 1, 5)
