"""Namespaces in files: one JSON object a line, one line a repository, compressed with xz.

A line has the path, the tags, the bytes of each manifest as text and the seed and size of each blob::

    {"name": "distroless/base", "tags": {"latest": "sha256:..."},
     "manifests": {"sha256:...": {"mediaType": "...", "body": "{...}", "imageSize": 641550}},
     "blobs": {"sha256:...": ["<seed>", 642]}}

A manifest may also have ``uploaded`` and ``created``, in milliseconds since 1970.
"""

import json
import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NotRequired, TypedDict

from benchmarks.namespaces.content import StoredBlob, StoredManifest, StoredNamespace, StoredRepository

_QUICK = 1
"""The preset of xz: most of the text is digests, which more effort does not make smaller."""


class _Manifest(TypedDict):
    mediaType: str
    body: str
    imageSize: NotRequired[int]
    uploaded: NotRequired[int]
    created: NotRequired[int]


class _Line(TypedDict):
    name: str
    tags: dict[str, str]
    manifests: dict[str, _Manifest]
    blobs: dict[str, tuple[str, int]]


def read_namespace(file: Path) -> StoredNamespace:
    """Read a whole file; the namespace is the first path component where all repositories share it, else the registry."""
    repositories = tuple(read_repositories(file))
    first = {repository.path.partition("/")[0] for repository in repositories}
    return StoredNamespace(first.pop() if len(first) == 1 else "", repositories)


def read_repositories(file: Path) -> Iterator[StoredRepository]:
    """Read the repositories of a file one at a time."""
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield _repository(json.loads(line))


def write_namespace(file: Path, namespace: StoredNamespace) -> None:
    """Write the repositories of a namespace to a file."""
    with lzma.open(file, "wt", preset=_QUICK, encoding="utf-8") as lines:
        for line in _lines(namespace.repositories):
            lines.write(json.dumps(line, separators=(",", ":")) + "\n")


def _repository(line: _Line) -> StoredRepository:
    manifests = {digest: _manifest(manifest) for digest, manifest in line["manifests"].items()}
    blobs = {digest: StoredBlob(seed, size) for digest, (seed, size) in line["blobs"].items()}
    return StoredRepository(line["name"], line["tags"], manifests, blobs)


def _manifest(manifest: _Manifest) -> StoredManifest:
    times = manifest.get("uploaded"), manifest.get("created")
    return StoredManifest(manifest["body"].encode(), manifest["mediaType"], manifest.get("imageSize"), *times)


def _lines(repositories: Iterable[StoredRepository]) -> Iterator[dict[str, object]]:
    for repository in repositories:
        yield {
            "name": repository.path,
            "tags": repository.tags,
            "manifests": {digest: _written(manifest) for digest, manifest in repository.manifests.items()},
            "blobs": {digest: (blob.seed, blob.size) for digest, blob in repository.blobs.items()},
        }


def _written(manifest: StoredManifest) -> dict[str, object]:
    known = {"imageSize": manifest.image_size, "uploaded": manifest.uploaded, "created": manifest.created}
    told = {key: value for key, value in known.items() if value is not None}
    return {"mediaType": manifest.media_type, "body": manifest.raw.decode(), **told}
