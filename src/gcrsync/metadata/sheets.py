"""What came of a run, of an adoption and of a verification, each as a sheet."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from gcrsync.errors import GcrsyncError
from gcrsync.metadata.sheet import Line, Part, Sheet, Verdict
from gcrsync.mirror import adoption, change, verification
from gcrsync.mirror.adoption import Adoption
from gcrsync.mirror.alarm import Kind
from gcrsync.mirror.ending import Ending
from gcrsync.mirror.report import NamespaceReport, Report
from gcrsync.mirror.snapshot import Fault
from gcrsync.mirror.verification import Verification
from gcrsync.mirror.why import Explanation
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag


def sheet_of_report(report: Report, code: int, error: GcrsyncError | None = None) -> Sheet:
    """Tell of a run; ``error`` is why its record was not published."""
    parts = tuple(_namespace(namespace) for namespace in report.namespaces)
    return Sheet(report.command, report.started, code, parts, "" if error is None else str(error), _limits(report))


def sheet_of_adoption(found: Adoption, code: int, error: GcrsyncError | None = None) -> Sheet:
    """Tell of an adoption; ``error`` is why the record was not published."""
    parts = []
    for each in found.namespaces:
        counts = {state.value: each.count(state) for state in adoption.State} | {"unchanged": each.unchanged}
        lines = tuple(_adopted(finding) for finding in each.findings)
        parts.append(replace(_namespace(each.listed), counts=counts, lines=lines))
    return Sheet(found.command, found.started, code, tuple(parts), "" if error is None else str(error), _limits(found))


def sheet_of_verification(found: Verification, code: int) -> Sheet:
    """Tell of a verification; its parts are the mirrors of which there is something to say, by their repositories."""
    parts = []
    for repository, grouped in groupby(found.findings, key=attrgetter("repository")):
        findings = tuple(grouped)
        parts.append(Part(str(repository), _states(findings), tuple(map(_verified, findings))))
    whole = Part("", {"asked": found.asked} | _states(found.findings), copied=found.copied)
    return Sheet("verify", found.started, code, tuple(parts), limits=_limits(found), whole=whole)


def _limits(told: Report | Adoption | Verification) -> tuple[str, ...]:
    """Say why a command ended before all was done: that it was told to, and which hosts gave no more."""
    return told.limits if told.ending is None else (_ENDINGS[told.ending], *told.limits)


def _namespace(namespace: NamespaceReport) -> Part:
    doubts = (Line(str(doubt.path), "", doubt.fault.value, _DOUBTS[doubt.fault], doubt.reason) for doubt in namespace.doubts)
    alarms = (
        Line(str(namespace.namespace), "", alarm.kind.value, _ALARMS.get(alarm.kind, Verdict.WAITING), alarm.reason)
        for alarm in namespace.alarms
    )
    return Part(
        str(namespace.namespace),
        {state.value: namespace.count(state) for state in change.State},
        (*map(_changed, namespace.images), *map(_explained, namespace.why)),
        (*doubts, *alarms),
        namespace.copied,
        namespace.requests + namespace.asked,
        namespace.complete,
    )


def _changed(image: change.Change) -> Line:
    verdict = _CHANGES.get(image.state, Verdict.GOOD)
    return Line(
        str(image.repository), image.tag.name, image.state.value, verdict, image.reason, _text(image.digest), _text(image.was)
    )


def _explained(each: Explanation) -> Line:
    reason = ": ".join(filter(None, (each.rule, each.reason)))
    return Line(str(each.repository), each.tag.name, each.word, Verdict.GOOD, reason)


def _adopted(finding: adoption.Finding) -> Line:
    verdict = _ADOPTED.get(finding.state, Verdict.GOOD)
    name = _name(finding.tag, None)
    now, before = _text(finding.found), _text(finding.digest)
    return Line(str(finding.repository), name, finding.state.value, verdict, finding.reason, now, before)


def _verified(finding: verification.Finding) -> Line:
    verdict = Verdict.GOOD if finding.repaired else _VERIFIED[finding.state]
    reason = "copied again" if finding.repaired else finding.reason
    name = _name(finding.tag, finding.digest)
    return Line(str(finding.repository), name, finding.state.value, verdict, reason, _text(finding.found), _text(finding.digest))


def _states(findings: Iterable[verification.Finding]) -> dict[str, int]:
    found = Counter(finding.state for finding in findings)
    return {state.value: found[state] for state in verification.State} | {"repaired": sum(finding.repaired for finding in findings)}


def _name(tag: Tag | None, digest: Digest | None) -> str:
    return tag.name if tag else _text(digest)


def _text(digest: Digest | None) -> str:
    return digest.text if digest else ""


_ENDINGS = {
    Ending.SIGNAL: "stopped by a signal before all was done",
    Ending.DEADLINE: "stopped by --deadline before all was done",
    Ending.BYTES: "stopped by --max-bytes before all was done",
}
_CHANGES = {
    change.State.FAILED: Verdict.WRONG,
    change.State.HELD: Verdict.WAITING,
    change.State.UNLISTED: Verdict.WAITING,
}
_DOUBTS = {
    Fault.FAILED: Verdict.UNKNOWN,
    Fault.LIMITED: Verdict.WAITING,
    Fault.EMPTY: Verdict.WAITING,
    Fault.TRUNCATED: Verdict.WAITING,
    Fault.UNSEEN: Verdict.WAITING,
    Fault.UNMATCHED: Verdict.WAITING,
}
_ALARMS = {Kind.PRUNING: Verdict.WRONG}
_ADOPTED = {
    adoption.State.DIFFERENT: Verdict.WRONG,
    adoption.State.UNKNOWN: Verdict.UNKNOWN,
    adoption.State.MISSING: Verdict.WAITING,
    adoption.State.EXTRA: Verdict.WAITING,
}
_VERIFIED = {
    verification.State.MISSING: Verdict.WRONG,
    verification.State.DIFFERENT: Verdict.WRONG,
    verification.State.EXTRA: Verdict.WAITING,
    verification.State.UNKNOWN: Verdict.UNKNOWN,
}
