"""A run's report as a JSON document for programs."""

import json
from collections.abc import Iterator
from enum import StrEnum

from gcrsync.errors import GcrsyncError
from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.record import Json
from gcrsync.mirror.report import NamespaceReport, Report
from gcrsync.mirror.why import Explanation
from gcrsync.oci.name import Namespace

VERSION = 1
"""The version of the document's shape."""


def report_json(report: Report, exit_code: int, error: GcrsyncError | None = None) -> str:
    """Give the report as one JSON document, with a final newline; ``error`` is what the run as a whole came to grief on."""
    return json.dumps(_document(report, exit_code, error), ensure_ascii=False, indent=2) + "\n"


def report_line(report: Report, exit_code: int, error: GcrsyncError | None = None) -> str:
    """Give the same document on one line, for those who read several."""
    return json.dumps(_document(report, exit_code, error), ensure_ascii=False) + "\n"


def _document(report: Report, exit_code: int, error: GcrsyncError | None) -> Json:
    return {
        "version": VERSION,
        "command": report.command,
        "started": format_time(report.started),
        "exit": exit_code,
        "error": None if error is None else {"message": error.message, "hint": error.hint or None},
        "limits": list(report.limits),
        "namespaces": [_namespace(namespace) for namespace in report.namespaces],
    }


def _namespace(namespace: NamespaceReport) -> Json:
    counts: dict[str, Json] = {state.value: namespace.count(state) for state in State}
    return {
        "namespace": str(namespace.namespace),
        "listedBy": namespace.listed_by,
        "requests": namespace.requests,
        "referrerRequests": namespace.asked,
        "complete": namespace.complete,
        **counts,
        "bytes": namespace.copied,
        "warnings": warnings_of(namespace),
        "images": [_image(image) for image in namespace.images],
        **({"why": [_explanation(each) for each in namespace.why]} if namespace.why else {}),
    }


def warnings_of(namespace: NamespaceReport) -> list[Json]:
    """Give what was not believed of a namespace, and what else somebody should look at."""
    return [_warning(*warning) for warning in _warnings(namespace)]


def _warnings(namespace: NamespaceReport) -> Iterator[tuple[Namespace, StrEnum, str]]:
    yield from ((doubt.path, doubt.fault, doubt.reason) for doubt in namespace.doubts)
    yield from ((namespace.namespace, alarm.kind, alarm.reason) for alarm in namespace.alarms)


def _warning(path: Namespace, fault: StrEnum, reason: str) -> Json:
    return {"path": str(path), "fault": fault.value, "reason": reason}


def _explanation(each: Explanation) -> Json:
    name = {"repository": str(each.repository), "tag": each.tag.name}
    return {**name, "state": each.word, "rule": each.rule or None, "reason": each.reason or None}


def _image(image: Change) -> Json:
    return {
        "repository": str(image.repository),
        "tag": image.tag.name,
        "state": image.state.value,
        "digest": None if image.digest is None else image.digest.text,
        "was": None if image.was is None else image.was.text,
        "reason": image.reason or None,
    }
