"""How the simulated registry lists: names in pages with Link, or a path in Google's way."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import httpx

from gcrsync.oci import media_types
from gcrsync.oci.manifest import Manifest, parse_manifest

UPLOADED_MS = "1614834367000"
"""When all that Google's list names was uploaded: 2021-03-04T05:06:07Z, in milliseconds."""

_GOOGLES_DEFAULT = 1_000


class Stored(Protocol):
    """What a list needs of a repository: tags, and manifests (type and bytes), by digest."""

    tags: dict[str, str]
    manifests: dict[str, tuple[str, bytes]]


def listed(key: str, names: Iterable[str], request: httpx.Request, page: int) -> httpx.Response:
    """List names in their order, at most ``page`` of them or as many as asked for, after the ``last`` (distribution-spec)."""
    size = min(page, int(request.url.params.get("n", page)))
    rest = [name for name in sorted(names) if name > request.url.params.get("last", "")]
    headers = _link(request, size, rest[size - 1]) if len(rest) > size else {}
    return httpx.Response(200, headers=headers, json={"name": "simulated", key: rest[:size]})


def google_list(path: str, repositories: Mapping[str, Stored], request: httpx.Request, page: int) -> httpx.Response:
    """List a path as Google does: cut to as many manifests as asked for without a sign, but in pages where ``page`` is smaller."""
    size = int(request.url.params.get("n", _GOOGLES_DEFAULT))
    repository = repositories.get(path)
    manifests = _manifests(repository) if repository else {}
    rest = [digest for digest in sorted(manifests)[:size] if digest > request.url.params.get("last", "")]
    shown = {digest: manifests[digest] for digest in rest[:page]}
    below = f"{path}/" if path else ""
    answer = {
        "child": sorted({name.removeprefix(below).partition("/")[0] for name in repositories if name.startswith(below)}),
        "manifest": shown,
        "name": f"backend/{path}",
        "tags": sorted(tag for entry in shown.values() for tag in entry["tag"]),
    }
    return httpx.Response(200, headers=_link(request, size, rest[page - 1]) if len(rest) > page else {}, json=answer)


def _manifests(repository: Stored) -> dict[str, dict[str, str | list[str]]]:
    described: dict[str, dict[str, str | list[str]]] = {}
    for digest, (media_type, raw) in repository.manifests.items():
        described[digest] = {
            "imageSizeBytes": str(_size(media_type, raw)),
            "layerId": "",
            "mediaType": media_type,
            "tag": sorted(tag for tag, target in repository.tags.items() if target == digest),
            "timeCreatedMs": "0",
            "timeUploadedMs": UPLOADED_MS,
        }
    return described


def _size(media_type: str, raw: bytes) -> int:
    """Give the bytes of config and layers, and zero for what has none, as Google does."""
    if media_type in media_types.SCHEMA1:
        return 0
    manifest = parse_manifest(raw, media_type, "listed")
    return sum({blob.digest: blob.size for blob in manifest.blobs}.values()) if isinstance(manifest, Manifest) else 0


def _link(request: httpx.Request, size: int, last: str) -> dict[str, str]:
    query = httpx.QueryParams({"n": str(size), "last": last})
    return {"Link": f'<{request.url.path}?{query}>; rel="next"'}
