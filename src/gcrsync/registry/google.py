"""Google's answer to ``tags/list``: names, digests, sizes and times of a path and the names below it, in one document.

Container Registry and Artifact Registry give it; that an answer is theirs is known by its keys, not by the name of the host.
"""

from collections.abc import Iterable, Mapping

from gcrsync.errors import InvalidNameError, ProtocolError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.name import Namespace, Tag
from gcrsync.registry import fields
from gcrsync.registry.pages import DOING, Document, strings

MOST_ENTRIES = 10_000
"""How many manifests or tags Google gives of one path; beyond, the answer is cut without a sign."""

_LARGEST_NUMBER = 2**63
_MOST_DIGITS = 19


def is_google(document: Document) -> bool:
    """Say whether this page of a listing is Google's."""
    return document.get("manifest") is not None or document.get("child") is not None


def listing(documents: Iterable[Document], namespace: Namespace) -> Listing:
    """Merge the pages that Google gave of a path.

    Numbers that make no sense are unknown; a name or a digest that makes none, or a tag without its manifest, raises
    ProtocolError: a list that is not understood whole must not count as whole.
    """
    merged = _Merged(str(namespace))
    for document in documents:
        merged.add(document)
    try:
        return merged.listing(namespace)
    except InvalidNameError as error:
        raise ProtocolError(DOING, str(namespace), error.message) from error


class _Merged:
    """Pages, merged as texts: a name is checked once however many pages it stands on."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._manifests: dict[str, Document] = {}
        self._tags: set[str] = set()
        self._children: set[str] = set()
        self._last_page = 0

    def add(self, document: Document) -> None:
        manifests = self._objects(document.get("manifest"))
        tags, children = (strings(document, key, self._where) for key in ("tags", "child"))
        self._manifests.update(manifests)
        self._tags.update(tags)
        self._children.update(children)
        self._last_page = max(len(manifests), len(tags), len(children))

    def listing(self, namespace: Namespace) -> Listing:
        tags: dict[Tag, Digest] = {}
        manifests: dict[Digest, Described] = {}
        for text, entry in self._manifests.items():
            digest = Digest(text)
            manifests[digest] = _described(entry)
            for tag in map(Tag, strings(entry, "tag", self._where)):
                if tags.setdefault(tag, digest) != digest:
                    raise self._malformed(f"names tag {tag} twice, with two digests")
        for name in sorted(self._tags.difference(tag.name for tag in tags)):
            raise self._malformed(f"names tag {Tag(name)} but no manifest for it")
        # More than it ever gives at once came in pages, to the last of them.
        largest = max(len(tags), len(manifests), len(self._children))
        is_cut = largest == MOST_ENTRIES or self._last_page >= MOST_ENTRIES
        return Listing(tags, manifests, self._components(namespace), truncated=is_cut)

    def _components(self, namespace: Namespace) -> frozenset[str]:
        for child in self._children:
            if "/" in child:
                raise self._malformed(f"names child {child!r}, which is more than one level below")
            namespace.child(child)
        return frozenset(self._children)

    def _objects(self, manifests: object) -> Mapping[str, Document]:
        if manifests is None:
            return {}
        if not isinstance(manifests, dict) or not all(isinstance(entry, dict) for entry in manifests.values()):
            raise self._malformed("'manifest' is not an object of objects")
        return manifests

    def _malformed(self, reason: str) -> ProtocolError:
        return ProtocolError(DOING, self._where, reason)


def _described(entry: Document) -> Described:
    """Read what is said of a manifest; the size of an index is unknown, whatever is said of it."""
    media_type = media_types.parsed(entry.get("mediaType"))
    size = None if media_type in media_types.INDEXES else _number(entry.get("imageSizeBytes"))
    uploaded = _number(entry.get("timeUploadedMs"))
    return Described(media_type, size, fields.moment(uploaded and uploaded // 1000))


def _number(text: object) -> int | None:
    """Read a decimal text; zero, which Google says of what it does not know, is unknown, as is what is no such number."""
    if not isinstance(text, str) or len(text) > _MOST_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if 0 < number < _LARGEST_NUMBER else None
