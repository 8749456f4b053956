"""What came of a verification, as a JSON document for programs."""

import json
from itertools import groupby
from operator import attrgetter

from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.record import Json
from gcrsync.mirror.verification import Finding, State, Verification

VERSION = 1
"""The version of the document's shape."""


def verification_json(verification: Verification, exit_code: int) -> str:
    """Give it as one JSON document, with a final newline; of the mirrors those of which there is something to say."""
    counts: dict[str, Json] = {state.value: verification.count(state) for state in State}
    document: Json = {
        "version": VERSION,
        "command": "verify",
        "started": format_time(verification.started),
        "exit": exit_code,
        "error": None,
        "limits": list(verification.limits),
        "recorded": verification.recorded,
        "asked": verification.asked,
        "sampled": verification.sampled,
        **counts,
        "repaired": verification.repaired,
        "bytes": verification.copied,
        "mirrors": [
            {"repository": str(name), "mirror": verification.mirrors[name], "findings": [_finding(finding) for finding in found]}
            for name, found in groupby(verification.findings, key=attrgetter("repository"))
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _finding(finding: Finding) -> Json:
    return {
        "state": finding.state.value,
        "tag": None if finding.tag is None else finding.tag.name,
        "digest": None if finding.digest is None else finding.digest.text,
        "found": None if finding.found is None else finding.found.text,
        "repaired": finding.repaired,
        "reason": finding.reason or None,
    }
