"""Signed manifests of Docker's schema 1 (distribution, manifest-v2-1.md, "Signed Manifests").

The digest is that of the manifest without its signatures: the first ``formatLength`` bytes and ``formatTail``, which every
signature carries under ``protected``.
"""

import base64
import json
from collections.abc import Mapping

from gcrsync.oci.digest import Digest

_TAIL = b"\n}"
_UNPADDED = b"="


def signed(document: Mapping[str, object], signature: bytes) -> tuple[Digest, bytes]:
    """Give the digest and the bytes of a schema 1 manifest, signed in form only: ``signature`` proves nothing."""
    payload = json.dumps(document, indent=3).encode()
    head = payload.removesuffix(_TAIL)
    protected = json.dumps({"formatLength": len(head), "formatTail": _encoded(_TAIL), "time": "2016-10-16T17:00:00Z"})
    entry = {
        "header": {"alg": "ES256", "jwk": {"crv": "P-256", "kty": "EC"}},
        "signature": _encoded(signature),
        "protected": _encoded(protected.encode()),
    }
    return Digest.of(payload), head + b',\n   "signatures": ' + json.dumps([entry]).encode() + _TAIL


def unsigned(raw: bytes) -> bytes:
    """Give the bytes that the digest of a signed manifest is of."""
    protected = json.loads(_decoded(json.loads(raw)["signatures"][0]["protected"]))
    return raw[: protected["formatLength"]] + _decoded(protected["formatTail"])


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(_UNPADDED).decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode() + _UNPADDED * (-len(text) % 4))
