"""What went over the wire at one end, counted from the lines that a registry writes for its requests."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs

from benchmarks.speed.storage import Storage
from gcrsync.oci.digest import Digest

_LINE = re.compile(r'"(?P<method>[A-Z]+) (?P<target>\S+) HTTP/[0-9.]+" (?P<status>[0-9]{3}) (?P<size>[0-9]+|-)')
"""What Apache's formats have in common (mod_log_config, "Common Log Format")."""

_NAMED = re.compile(r"/v2/(?P<name>.+)/(?P<what>manifests|blobs|tags)/(?P<reference>.+)")


@dataclass(frozen=True, slots=True)
class Traffic:
    """The requests at one end by kind, as ``HEAD manifests``, and the bytes of content that went the way of the copy."""

    kinds: Mapping[str, int] = field(default_factory=dict)
    content: int = 0

    @property
    def requests(self) -> int:
        """How many requests."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True)
class _Served:
    method: str
    path: str
    query: str
    status: int
    size: int

    @property
    def kind(self) -> str:
        named = _NAMED.fullmatch(self.path)
        return f"{self.method} {named['what'] if named else 'other'}"


def pulled(lines: Iterable[str]) -> Traffic:
    """Count what a source was asked for, and the bytes of its answers; for a HEAD a registry writes bytes that it never sent."""
    served = tuple(_served(lines))
    sent = sum(each.size for each in served if each.method == "GET")
    return Traffic(Counter(each.kind for each in served), sent)


def pushed(lines: Iterable[str], storage: Storage) -> Traffic:
    """Count what a destination was asked for, and the bytes that it took.

    The lines tell the sizes of answers alone. What was taken is known by its digest, and is in the storage; what was sent and
    refused is not counted.
    """
    served = tuple(_served(lines))
    taken = (each for each in served if each.method == "PUT" and each.status == HTTPStatus.CREATED)
    return Traffic(Counter(each.kind for each in served), sum(storage.size(_digest(each, storage)) for each in taken))


def _digest(put: _Served, storage: Storage) -> Digest:
    """Give the digest of what a PUT that ended well has left: a blob, or a manifest by digest or by tag."""
    named = _NAMED.fullmatch(put.path)
    if named is None:
        raise ValueError(f"a PUT of neither a blob nor a manifest: {put.path}")
    if named["what"] == "blobs":
        return Digest(parse_qs(put.query)["digest"][0])
    return Digest(named["reference"]) if ":" in named["reference"] else storage.tagged(named["name"], named["reference"])


def _served(lines: Iterable[str]) -> Iterator[_Served]:
    for line in lines:
        if match := _LINE.search(line):
            path, _, query = match["target"].partition("?")
            size = int(match["size"]) if match["size"] != "-" else 0
            yield _Served(match["method"], path, query, int(match["status"]), size)
