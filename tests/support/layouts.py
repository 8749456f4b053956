"""Images put into folders of image layouts, and what then lies there."""

import json
from pathlib import Path

from gcrsync.archive.destination import FolderDestination
from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository, Tag
from tests.support.build import Built


def put(root: Path, path: str, built: Built, *tags: str) -> Built:
    """Store a manifest with all that it needs, under these tags or else by its digest, and give it back."""
    destination, repository = FolderDestination(root), Repository("localhost", path)
    for each in built.everything():
        for digest, content in each.blobs.items():
            destination.put_blob(repository, Descriptor("", digest, len(content)), [content])
        destination.put_manifest(repository, each.digest, each.parsed, each.digest)
    for tag in tags:
        destination.put_manifest(repository, Tag(tag), built.parsed, built.digest)
    return built


def listed(root: Path, path: str) -> list[tuple[str, str]]:
    """Give the entries of a layout's ``index.json`` as names and digests, in their order."""
    entries = json.loads((root / path / "index.json").read_bytes())["manifests"]
    return [(entry.get("annotations", {}).get("org.opencontainers.image.ref.name", ""), entry["digest"]) for entry in entries]


def blob_file(root: Path, path: str, built: Built) -> Path:
    """Give the file of a manifest."""
    return root / path / "blobs" / built.digest.algorithm / built.digest.encoded
