"""Values to test laws with: whatever the names and records of gcrsync can be, and texts that they cannot."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from gcrsync.metadata.changelog import Entry, body
from gcrsync.metadata.summary import Counts
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.record import Gone, Held, Json, Mirrored, Record, Why
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Namespace, Reference, Repository, Tag

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ALNUM = st.text(_LETTERS, min_size=1, max_size=6)
_SEPARATORS = st.sampled_from((".", "_", "__", "-", "---"))
_AWKWARD_COMPONENTS = st.sampled_from(("a", "json", "a.json", "a.json.json", "readme.md", "changelog.md", "1", "01"))
_UNKNOWN_KEYS = st.text(max_size=8).map(lambda text: f"x-{text}")
"""No key that gcrsync knows begins so."""

digests = st.one_of(
    st.binary(max_size=4).map(Digest.of),
    st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda text: Digest(f"sha256:{text}")),
    st.binary(max_size=2).map(lambda data: Digest.of(data, "sha512")),
)
tags = st.one_of(
    st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,12}", fullmatch=True).map(Tag),
    st.from_regex(r"v?[0-9]{1,3}(\.[0-9]{1,3}){0,2}(-rc[0-9]{1,2})?", fullmatch=True).map(Tag),
    st.from_regex(r"[0-9a-zA-Z_]{128}", fullmatch=True).map(Tag),
)
hosts = st.sampled_from(
    ("gcr.io", "registry.k8s.io", "docker.io", "localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000", "a.json", "readme.md", "a.b")
)
components = st.one_of(
    _AWKWARD_COMPONENTS,
    st.lists(st.tuples(_SEPARATORS, _ALNUM), max_size=2).flatmap(
        lambda rest: _ALNUM.map(lambda first: first + "".join(separator + text for separator, text in rest))
    ),
)
paths = st.lists(components, min_size=1, max_size=4).map("/".join)
repositories = st.builds(Repository, hosts, paths)
namespaces = st.one_of(st.builds(Namespace, hosts, paths), st.builds(Namespace, hosts))
references = st.builds(Reference, repositories, st.one_of(tags, digests))

times = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - hypothesis wants bounds without a zone
    lambda moment: moment.replace(microsecond=0)
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)
extras: st.SearchStrategy[dict[str, Json]] = st.dictionaries(_UNKNOWN_KEYS, json_values, max_size=2)
mirrored = st.builds(
    Mirrored,
    st.none() | st.text(max_size=20),
    st.none() | st.integers(min_value=0, max_value=2**63),
    st.none() | times,
    st.none() | times,
    extras,
)
held = st.builds(Held, digests, times, st.sampled_from(Why), st.text(max_size=20), extras)
gone = st.builds(Gone, digests, times, extras)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Make a record whose manifests describe each digest that its tags and gone tags name, and no other."""
    served = draw(st.dictionaries(tags, digests, max_size=5))
    vanished = draw(st.dictionaries(tags, gone, max_size=3))
    named = sorted({*served.values(), *(each.digest for each in vanished.values())})
    return Record(
        repository=draw(repositories),
        mirror=draw(st.text(max_size=20)),
        tags=served,
        manifests={digest: draw(mirrored) for digest in named},
        held=draw(st.dictionaries(tags, held, max_size=3)),
        gone=vanished,
        extra=draw(extras),
    )


_A_FEW_REPOSITORIES = st.sampled_from([Repository("gcr.io", path) for path in ("a", "a/b", "a/c")])
_A_FEW_TAGS = st.sampled_from([Tag(name) for name in ("latest", "v1.9", "v1.10", "_x_")])
changes = st.builds(
    Change,
    _A_FEW_REPOSITORIES,
    _A_FEW_TAGS,
    st.sampled_from(State),
    st.just(Digest.of(b"new")),
    st.just(Digest.of(b"old")),
    st.text(max_size=30),
    st.booleans(),
)
entries = st.builds(
    lambda started, namespace, run, said: Entry(started, namespace, run, body(said, Counts.of(said, 1, 10))),
    times,
    st.sampled_from(("gcr.io", "gcr.io/a", "localhost:5000/a_b")),
    st.sampled_from(("20261121T021700Z-1", "20261121T021700Z-2", "run")),
    st.lists(changes, max_size=4),
)
"""Entries of a changelog; some are of the same run and namespace."""

hostile_texts = st.one_of(
    st.text(max_size=40),
    st.text("/.:@_-aA0[]%\\\n\x00 ", max_size=12),
    st.sampled_from(("", "..", "../..", "a/../b", "gcr.io/..", "gcr.io//a", "a" * 300, "gcr.io/" + "a/" * 200, "sha256:", "\ud800", "gcr.io/\u0430")),
)
"""Texts of which some few may be names."""
