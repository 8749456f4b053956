"""The report as a document for programs."""

import json

from gcrsync.errors import UncommittedChangeError, UsageError
from gcrsync.metadata.report import report_json, report_line
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.report import NamespaceReport, Report
from gcrsync.mirror.snapshot import Doubt, Fault
from gcrsync.oci.name import Namespace, Tag
from tests.support.values import NOW, digest, repository

PLACE = Namespace("gcr.io", "p")
A = repository("gcr.io/p/a")


def test_a_report_has_the_keys_that_scripts_rest_on() -> None:
    images = (
        Change(A, Tag("1"), State.MOVED, digest("y"), digest("x")),
        Change(A, Tag("2"), State.HELD, digest("z"), None, "no", news=False),
        Change(A, Tag("3"), State.FAILED, digest("z"), None, "reset", news=False),
    )
    doubts = (Doubt(PLACE, Fault.EMPTY, "nothing", below=True),)
    report = Report(
        "sync", NOW, (NamespaceReport(PLACE, "google", 32, images, 1443, 1234567, doubts, 3),), limits=("docker.io gives no more",)
    )

    assert json.loads(report_json(report, 1)) == {
        "version": 1,
        "command": "sync",
        "started": "2026-11-21T02:17:00Z",
        "exit": 1,
        "error": None,
        "limits": ["docker.io gives no more"],
        "namespaces": [
            {
                "namespace": "gcr.io/p",
                "listedBy": "google",
                "requests": 32,
                "referrerRequests": 3,
                "complete": False,
                "added": 0,
                "moved": 1,
                "gone": 0,
                "held": 1,
                "unchanged": 1443,
                "failed": 1,
                "unlisted": 0,
                "pruned": 0,
                "bytes": 1234567,
                "warnings": [{"path": "gcr.io/p", "fault": "empty", "reason": "nothing"}],
                "images": [
                    image("1", "moved", "y", "x", None),
                    image("2", "held", "z", None, "no"),
                    image("3", "failed", "z", None, "reset"),
                ],
            }
        ],
    }


def test_what_a_run_came_to_grief_on_is_told_with_what_to_do_next() -> None:
    report = Report("sync", NOW)

    assert json.loads(report_json(report, 3, UncommittedChangeError(["CHANGELOG.md"])))["error"] == {
        "message": "uncommitted changes in CHANGELOG.md",
        "hint": "commit them or put them aside, then run again",
    }
    assert json.loads(report_line(report, 2, UsageError("no")))["error"] == {"message": "no", "hint": None}


def image(tag: str, state: str, has: str, was: str | None, reason: str | None) -> dict[str, str | None]:
    """Give an entry of the report; digests are those of words."""
    old = None if was is None else str(digest(was))
    return {"repository": "gcr.io/p/a", "tag": tag, "state": state, "digest": str(digest(has)), "was": old, "reason": reason}
