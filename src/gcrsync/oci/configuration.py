"""What the configuration of an image says of it (image-spec, config.md)."""

import json
from datetime import UTC, datetime

from gcrsync.errors import InvalidNameError
from gcrsync.oci.digest import Digest

CONFIGURATIONS = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
"""The media types of the configurations of images."""

LARGEST_CONFIGURATION = 8 * 1024 * 1024
"""The largest configuration that is read, in bytes; real ones have some kilobytes."""


def created(raw: bytes) -> datetime | None:
    """Give the time in UTC at which an image was made, as its maker says; None where no sound time is said."""
    try:
        document = json.loads(raw.decode())
        said = document.get("created") if isinstance(document, dict) else None
        moment = datetime.fromisoformat(said) if isinstance(said, str) else None
        return None if moment is None or moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, RecursionError):
        return None


def diff_ids(raw: bytes) -> tuple[Digest, ...] | None:
    """Give the digests of the layers of an image, unpacked (``rootfs.diff_ids``); None where no sound ones are there."""
    try:
        document = json.loads(raw.decode())
        layers = document["rootfs"]["diff_ids"]
        return tuple(Digest(text) for text in layers) if isinstance(layers, list) else None
    except (ValueError, KeyError, TypeError, RecursionError, InvalidNameError):
        return None
