"""What was rewritten, as JSON."""

import json
from collections.abc import Mapping

from gcrsync.clients.rewriting import Image, Rewritten
from gcrsync.mirror.record import Json

VERSION = 1
"""The version of the JSON document's shape."""


def rewrite_json(files: Mapping[str, Rewritten], exit_code: int) -> str:
    """Give the images of each file as one JSON document, with a final newline."""
    told: list[Json] = [{"file": name, "images": [_image(image) for image in file.images]} for name, file in files.items()]
    document: Json = {"version": VERSION, "command": "rewrite", "exit": exit_code, "error": None, "files": told}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _image(image: Image) -> Json:
    return {"line": image.line, "image": image.text, "mirror": image.mirror, "reason": image.reason or None}
