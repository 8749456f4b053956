"""A sheet as JUnit XML, which CI services show as tests: a suite for each namespace or mirror, a case for each name in it."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from gcrsync.metadata.sheet import Line, Sheet, Verdict

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is no character of XML 1.0 (section 2.2), even as a reference."""

_ELEMENTS = {Verdict.WRONG: "failure", Verdict.UNKNOWN: "error", Verdict.WAITING: "skipped"}


def junit_xml(sheet: Sheet) -> str:
    """Give the sheet as one document, with a final newline.

    The first suite has one case for the run as a whole, which fails where the exit code has a reason that is no single case. It is
    skipped where the run ended early, and that is all, or single cases tell what is wrong beside.
    """
    name = f"gcrsync {sheet.command}"
    suites = [(name, [_run(sheet)])]
    suites += [(part.name, [*part.warnings, *part.lines]) for part in sheet.parts]
    root = ET.Element("testsuites", {"name": name, **_counts([line for _, lines in suites for line in lines])})
    for title, lines in suites:
        _add_suite(root, title, lines, sheet.started)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _run(sheet: Sheet) -> Line:
    """Tell of the run as a whole."""
    place = f"gcrsync.{sheet.command}"
    if sheet.error:
        return Line(place, "run", f"exit code {sheet.exit}", Verdict.UNKNOWN, sheet.error)
    grave = any(_is_grave(line) for part in sheet.parts for line in (*part.warnings, *part.lines))
    if sheet.succeeded or (grave and not sheet.limits):
        return Line(place, "run", f"exit code {sheet.exit}", Verdict.GOOD)
    verdict = Verdict.WAITING if sheet.interrupted or grave else Verdict.WRONG
    return Line(place, "run", f"exit code {sheet.exit}", verdict, "; ".join(sheet.limits))


def _is_grave(line: Line) -> bool:
    return line.verdict in (Verdict.WRONG, Verdict.UNKNOWN)


def _add_suite(root: ET.Element, title: str, lines: Sequence[Line], started: datetime) -> None:
    timestamp = f"{started:%Y-%m-%dT%H:%M:%S}"
    suite = ET.SubElement(root, "testsuite", {"name": _legal(title), **_counts(lines), "timestamp": timestamp})
    before = Counter[tuple[str, str]]()
    for line in lines:
        name = line.name or line.state
        before[line.place, name] += 1
        number = before[line.place, name]
        told_apart = f"{name} ({number})" if number > 1 else name  # GitLab shows one case of each name
        case = ET.SubElement(suite, "testcase", {"classname": _legal(line.place), "name": _legal(told_apart)})
        element = _ELEMENTS.get(line.verdict)
        if element is not None:
            told = ET.SubElement(case, element, {"message": _legal(": ".join(filter(None, (line.state, line.reason))))})
            if element != "skipped":
                told.set("type", _legal(line.state))
                told.text = _legal(_in_full(line))


def _in_full(line: Line) -> str:
    digests = (f"{word} {digest}" for word, digest in (("now", line.now), ("before", line.before)) if digest)
    return "\n".join(filter(None, (f"{line.image}: {line.state}", line.reason, *digests)))


def _counts(lines: Sequence[Line]) -> dict[str, str]:
    verdicts = [line.verdict for line in lines]
    told = {"failures": Verdict.WRONG, "errors": Verdict.UNKNOWN, "skipped": Verdict.WAITING}
    return {"tests": str(len(verdicts)), **{word: str(verdicts.count(verdict)) for word, verdict in told.items()}}


def _legal(text: str) -> str:
    """Give the text with each character that XML cannot have in the words of Python, as its number."""
    return _ILLEGAL.sub(lambda found: ascii(found[0])[1:-1], text)
