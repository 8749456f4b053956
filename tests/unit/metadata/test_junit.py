"""What CI services read of a run."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from gcrsync.metadata.junit import junit_xml
from gcrsync.metadata.sheet import Line, Part, Sheet, Verdict
from tests.support.values import NOW

FAILED = Line("gcr.io/p/a", "v1", "failed", Verdict.WRONG, "reset by peer", "sha256:aa")
HELD = Line("gcr.io/p/a", "v2", "held", Verdict.WAITING, "schema 1 manifest")
ADDED = Line("gcr.io/p/a", "v3", "added", Verdict.GOOD)
UNLISTED = Line("gcr.io/p/b", "", "failed", Verdict.UNKNOWN, "403 Forbidden")


def document(*lines: Line, code: int = 1, error: str = "", warnings: Sequence[Line] = ()) -> ET.Element:
    part = Part("gcr.io/p", lines=lines, warnings=tuple(warnings))
    text = junit_xml(Sheet("sync", NOW, code, (part,), error))
    assert text.endswith(">\n")
    return ET.fromstring(text)  # noqa: S314 - what we have just written


def test_a_namespace_is_a_suite_and_what_there_is_to_say_of_a_tag_a_case() -> None:
    root = document(FAILED, HELD, ADDED, warnings=[UNLISTED])

    assert root.tag == "testsuites"
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    run, suite = root
    assert (run.get("name"), suite.get("name"), suite.get("timestamp")) == ("gcrsync sync", "gcr.io/p", "2026-11-21T02:17:00")
    cases = [(case.get("classname"), case.get("name"), *[(each.tag, each.get("message")) for each in case]) for case in suite]
    assert cases == [
        ("gcr.io/p/b", "failed", ("error", "failed: 403 Forbidden")),
        ("gcr.io/p/a", "v1", ("failure", "failed: reset by peer")),
        ("gcr.io/p/a", "v2", ("skipped", "held: schema 1 manifest")),
        ("gcr.io/p/a", "v3"),
    ]
    assert suite[1][0].text == "gcr.io/p/a:v1: failed\nreset by peer\nnow sha256:aa"


@pytest.mark.parametrize(
    ("lines", "code", "error", "told"),
    [
        ((ADDED,), 0, "", []),
        ((ADDED,), 10, "", []),
        ((FAILED,), 1, "", []),
        ((HELD,), 1, "", ["failure"]),
        ((), 4, "", ["skipped"]),
        ((), 130, "", ["skipped"]),
        ((), 3, "", ["failure"]),
        ((), 2, "no such file", ["error"]),
    ],
)
def test_the_run_itself_fails_where_no_case_says_why_it_ends_so(
    lines: Sequence[Line], code: int, error: str, told: list[str]
) -> None:
    run = document(*lines, code=code, error=error)[0]

    assert run[0].get("name") == "run"
    assert [each.tag for each in run[0]] == told


def test_a_run_that_ended_early_is_told_beside_what_has_failed() -> None:
    part = Part("gcr.io/p", lines=(FAILED,))
    root = ET.fromstring(junit_xml(Sheet("sync", NOW, 1, (part,), limits=("stopped by --deadline",))))  # noqa: S314 - as above

    assert [(each.tag, each.get("message")) for each in root[0][0]] == [("skipped", "exit code 1: stopped by --deadline")]
    assert root.get("failures") == "1"


def test_two_cases_never_have_one_name() -> None:
    rules = [Line("gcr.io/p", "", "rule", Verdict.WAITING, f"rule {number} matches no tag") for number in (1, 2)]

    assert [case.get("name") for case in document(warnings=rules)[1]] == ["rule", "rule (2)"]


def test_no_text_of_a_registry_is_markup_or_breaks_the_document() -> None:
    hostile = "]]>\x1b[2J\x00\ufffe<b a='\"'>&amp;\ud800"
    suite = document(Line("gcr.io/p/a", "v1", "failed", Verdict.WRONG, hostile))[1]

    told = r"]]>\x1b[2J\x00\ufffe<b a='"
    assert [each.tag for each in suite.iter()] == ["testsuite", "testcase", "failure"]
    assert (suite[0][0].get("message") or "").startswith(f"failed: {told}")
    assert told in (suite[0][0].text or "")
