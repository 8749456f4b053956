"""What a look at the surroundings of a mirror has found, as a JSON document for programs."""

import json

from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.diagnosis import Check, Diagnosis, Verdict
from gcrsync.mirror.record import Json

VERSION = 1
"""The version of the document's shape."""


def diagnosis_json(diagnosis: Diagnosis, exit_code: int) -> str:
    """Give it as one JSON document, with a final newline."""
    counts: dict[str, Json] = {verdict.value: diagnosis.count(verdict) for verdict in Verdict}
    document: Json = {
        "version": VERSION,
        "command": "doctor",
        "started": format_time(diagnosis.started),
        "exit": exit_code,
        "error": None,
        **counts,
        "stopped": diagnosis.stopped,
        "checks": [_check(check) for check in diagnosis.checks],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _check(check: Check) -> Json:
    answer = check.answer
    return {"subject": check.subject, "verdict": answer.verdict.value, "told": answer.told, "advice": answer.advice or None}
