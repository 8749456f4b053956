"""What was found of mirrors that exist already, as a JSON document for programs."""

import json

from gcrsync.errors import GcrsyncError
from gcrsync.metadata.report import warnings_of
from gcrsync.metadata.timestamp import format_time
from gcrsync.mirror.adoption import Adoption, Finding, NamespaceAdoption, State
from gcrsync.mirror.record import Json

VERSION = 1
"""The version of the document's shape."""


def adoption_json(adoption: Adoption, exit_code: int, error: GcrsyncError | None = None) -> str:
    """Give it as one JSON document, with a final newline; ``error`` is why the record could not be published."""
    document: Json = {
        "version": VERSION,
        "command": adoption.command,
        "started": format_time(adoption.started),
        "exit": exit_code,
        "error": None if error is None else {"message": error.message, "hint": error.hint or None},
        "limits": list(adoption.limits),
        "namespaces": [_namespace(namespace) for namespace in adoption.namespaces],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _namespace(namespace: NamespaceAdoption) -> Json:
    counts: dict[str, Json] = {state.value: namespace.count(state) for state in State}
    return {
        "namespace": str(namespace.listed.namespace),
        "listedBy": namespace.listed.listed_by,
        "requests": namespace.listed.requests,
        "complete": namespace.listed.complete,
        **counts,
        "unchanged": namespace.unchanged,
        "warnings": warnings_of(namespace.listed),
        "images": [_image(finding) for finding in namespace.findings],
    }


def _image(finding: Finding) -> Json:
    return {
        "repository": str(finding.repository),
        "tag": None if finding.tag is None else finding.tag.name,
        "state": finding.state.value,
        "digest": None if finding.digest is None else finding.digest.text,
        "found": None if finding.found is None else finding.found.text,
        "reason": finding.reason or None,
    }
