"""What there is: tags with Google's extension of their list, the catalog, and what refers to a manifest."""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from werkzeug.wrappers import Response

from gcrsync.archive.folder import LayoutFolder
from gcrsync.archive.layout import Layout
from gcrsync.archive.referrers import Referrers
from gcrsync.errors import GcrsyncError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor, Manifest
from gcrsync.oci.referrers import Referrer, referrers_list
from gcrsync.serve.call import Call, Code, RequestError, json_response, parse_digest

_LONGEST_NUMBER = 9

_LARGEST_PAGE = 1024 * 1024
"""The bytes after which a list of referrers goes on with another page; one entry alone may have more."""


@dataclass(frozen=True, slots=True)
class _Page:
    """Some of a list of names: those asked for with ``n`` and ``last``."""

    names: Sequence[str]
    is_first: bool
    is_last: bool

    def response(self, body: object, call: Call) -> Response:
        """Give the answer, with a link to the next page where there is one (distribution-spec, "Listing Tags")."""
        response = json_response(body)
        if self.names and not self.is_last:
            query = urlencode({"last": self.names[-1], "n": call.request.args["n"]})
            response.headers["Link"] = f'<{call.request.path}?{query}>; rel="next"'
        return response


class Listing:
    """The endpoints that list."""

    def __init__(self, folder: LayoutFolder) -> None:
        """Read from a folder; what was once added up is remembered."""
        self._folder = folder
        self._sizes: dict[Digest, int] = {}
        self._referrers = Referrers()

    def tags(self, call: Call) -> Response:
        """Answer with tags and, as Google's registries do, manifests and children.

        Of many pages the first has the children, each has the manifests of its tags, and the last has the untagged ones too.
        """
        children = self._folder.children(call.path)
        layout = self._folder.layout(call.path) if call.path and call.path in self._folder else None
        if call.path and layout is None and not children:
            raise RequestError(HTTPStatus.NOT_FOUND, Code.NAME_UNKNOWN, f"no repository {call.path} and none below it")
        found = _manifests(layout) if layout else []
        page = _page(sorted(tag for manifest in found for tag in manifest.tags), call)
        names = set(page.names)
        shown = [manifest for manifest in found if names.intersection(manifest.tags) or (page.is_last and not manifest.tags)]
        body = {
            "child": children if page.is_first else [],
            "manifest": {manifest.descriptor.digest.text: self._described(manifest) for manifest in shown},
            "name": call.path,
            "tags": page.names,
        }
        return page.response(body, call)

    def catalog(self, call: Call) -> Response:
        """Answer with the repositories, as the distribution project's registry does."""
        page = _page(self._folder.repositories(), call)
        return page.response({"repositories": page.names}, call)

    def referrers(self, call: Call) -> Response:
        """Answer with what refers to a digest ("Listing Referrers"), there or not; of one artifact type where that is asked."""
        subject, arguments = parse_digest(call.reference), call.request.args
        found = self._referrers.of(self._folder.layout(call.path), subject) if call.path in self._folder else ()
        wanted, last = arguments.get("artifactType"), arguments.get("last", "")
        left = [each for each in found if each.descriptor.digest > last and wanted in (None, each.artifact_type)]
        page = _fitting(left)
        response = json_response(referrers_list(page))
        response.content_type = media_types.OCI_INDEX
        if wanted is not None:
            response.headers["OCI-Filters-Applied"] = "artifactType"
        if len(page) < len(left):
            query = urlencode({**arguments, "last": page[-1].descriptor.digest})
            response.headers["Link"] = f'<{call.request.path}?{query}>; rel="next"'
        return response

    def _described(self, manifest: "_Manifest") -> dict[str, object]:
        """Give Google's description of a manifest: numbers are texts, and a time of 0 is unknown."""
        digest = manifest.descriptor.digest
        if digest not in self._sizes:
            self._sizes[digest] = _image_size(manifest)
        return {
            "imageSizeBytes": str(self._sizes[digest]),
            "mediaType": manifest.descriptor.media_type,
            "tag": manifest.tags,
            "timeCreatedMs": "0",
            "timeUploadedMs": str(manifest.uploaded),
        }


@dataclass(frozen=True, slots=True)
class _Manifest:
    """A manifest that is there, and all its tags; ``uploaded`` is in milliseconds since 1970."""

    layout: Layout
    descriptor: Descriptor
    tags: Sequence[str]
    uploaded: int


def _manifests(layout: Layout) -> list[_Manifest]:
    """Give the manifests that a layout lists and has."""
    index = layout.index()
    tags: dict[Digest, list[str]] = {digest: [] for digest in index.manifests}
    for tag, descriptor in index.tags.items():
        tags[descriptor.digest].append(tag.name)
    found = []
    for digest, descriptor in index.manifests.items():
        status = layout.blobs.status(digest)
        if status is not None and status.st_size == descriptor.size:
            found.append(_Manifest(layout, descriptor, sorted(tags[digest]), status.st_mtime_ns // 1_000_000))
    return found


def _image_size(image: _Manifest) -> int:
    """Add up the config and the layers of an image, each distinct blob once; 0 is unknown, as Google says of an index."""
    try:
        manifest = image.layout.read_manifest(image.descriptor)
    except GcrsyncError:
        return 0
    blobs = {blob.digest: blob.size for blob in manifest.blobs} if isinstance(manifest, Manifest) else {}
    return sum(blobs.values())


def _fitting(referrers: Sequence[Referrer]) -> Sequence[Referrer]:
    """Cut a page out of a list of referrers, the first one whatever its size."""
    size = 0
    for number, referrer in enumerate(referrers):
        size += len(json.dumps(referrer.fields()))
        if number and size > _LARGEST_PAGE:
            return referrers[:number]
    return referrers


def _page(names: Sequence[str], call: Call) -> _Page:
    """Cut the page that is asked for out of a sorted list."""
    arguments = call.request.args
    number, last = arguments.get("n"), arguments.get("last", "")
    start = bisect_right(names, last)
    if number is None:
        return _Page(names[start:], not last, is_last=True)
    if not (number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER):
        raise RequestError(HTTPStatus.BAD_REQUEST, Code.PAGINATION_NUMBER_INVALID, f"n={number} is no number of entries")
    end = start + int(number)
    return _Page(names[start:end], not last, end >= len(names))
