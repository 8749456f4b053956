"""What came of a command, whichever it was, in the one shape from which reports, summaries, metrics and notices are made."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from itertools import groupby
from operator import attrgetter

from gcrsync.errors import GcrsyncError
from gcrsync.mirror import adoption, change, verification
from gcrsync.mirror.adoption import Adoption
from gcrsync.mirror.alarm import Kind
from gcrsync.mirror.report import NamespaceReport, Report
from gcrsync.mirror.snapshot import Fault
from gcrsync.mirror.verification import Verification
from gcrsync.mirror.why import Explanation
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag

_SUCCESSES = (0, 10)


class Verdict(Enum):
    """How something is to be taken, the gravest first."""

    WRONG = "wrong"
    """It is not as it should be."""
    UNKNOWN = "unknown"
    """Nobody could find out."""
    WAITING = "waiting"
    """It is not there, and nothing is wrong with that, or it is worth a look."""
    GOOD = "good"
    """It is as it should be."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be said of one name: of a tag or a digest of ``place``, or of the place itself where ``name`` is empty.

    ``now`` is the digest that is there, ``before`` the one that was or should be; ``state`` is a word of the command, ``reason`` a
    sentence. Each may be empty but the state.
    """

    place: str
    name: str
    state: str
    verdict: Verdict
    reason: str = ""
    now: str = ""
    before: str = ""

    @property
    def image(self) -> str:
        """The whole name, as people write it."""
        return f"{self.place}{'@' if ':' in self.name else ':'}{self.name}" if self.name else self.place


@dataclass(frozen=True, slots=True)
class Part:
    """A namespace or a mirror: how many tags are in each state, and the lines of those of which there is something to say.

    ``warnings`` are about the part as a whole. ``copied`` is in bytes; ``requests`` counts what looking at the source took, and
    ``complete`` says whether all of it was believed.
    """

    name: str
    counts: Mapping[str, int] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    warnings: tuple[Line, ...] = ()
    copied: int = 0
    requests: int = 0
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """What came of a command that began at ``started`` (UTC) and ends with the code ``exit``.

    ``error`` is what the whole came to grief on, or empty; ``limits`` tell of hosts that gave no more. ``whole`` has the counts of
    all, where only those ``parts`` are told of which there is something to say.
    """

    command: str
    started: datetime
    exit: int
    parts: tuple[Part, ...] = ()
    error: str = ""
    limits: tuple[str, ...] = ()
    whole: Part | None = None

    @property
    def succeeded(self) -> bool:
        """Whether all was done, or only a difference was found that somebody asked to be told."""
        return self.exit in _SUCCESSES

    @property
    def counted(self) -> tuple[Part, ...]:
        """The parts that have the counts of all."""
        return self.parts if self.whole is None else (self.whole,)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many tags are in each state, over all parts."""
        total = Counter[str]()
        for part in self.counted:
            total.update(part.counts)
        return total

    @property
    def lines(self) -> Iterator[Line]:
        """What is to be said of single names, over all parts."""
        return (line for part in self.parts for line in part.lines)

    @property
    def warnings(self) -> Iterator[Line]:
        """What is to be said of parts as a whole."""
        return (warning for part in self.parts for warning in part.warnings)


def sheet_of_report(report: Report, code: int, error: GcrsyncError | None = None) -> Sheet:
    """Tell of a run; ``error`` is why its record was not published."""
    parts = tuple(_namespace(namespace) for namespace in report.namespaces)
    return Sheet(report.command, report.started, code, parts, "" if error is None else str(error), report.limits)


def sheet_of_adoption(found: Adoption, code: int, error: GcrsyncError | None = None) -> Sheet:
    """Tell of an adoption; ``error`` is why the record was not published."""
    parts = []
    for each in found.namespaces:
        counts = {state.value: each.count(state) for state in adoption.State} | {"unchanged": each.unchanged}
        lines = tuple(_adopted(finding) for finding in each.findings)
        parts.append(replace(_namespace(each.listed), counts=counts, lines=lines))
    return Sheet(found.command, found.started, code, tuple(parts), "" if error is None else str(error), found.limits)


def sheet_of_verification(found: Verification, code: int) -> Sheet:
    """Tell of a verification; its parts are the mirrors of which there is something to say, by their repositories."""
    parts = []
    for repository, grouped in groupby(found.findings, key=attrgetter("repository")):
        findings = tuple(grouped)
        parts.append(Part(str(repository), _states(findings), tuple(map(_verified, findings))))
    whole = Part("", {"asked": found.asked} | _states(found.findings), copied=found.copied)
    return Sheet("verify", found.started, code, tuple(parts), limits=found.limits, whole=whole)


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
