"""Values to test laws with: whatever the names and records of gcrsync can be, and texts that they cannot."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from gcrsync.metadata.changelog import Entry, body
from gcrsync.metadata.summary import Counts
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.platforms import choice
from gcrsync.mirror.record import Gone, Held, Json, Mirrored, Record, Why
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.oci.reference import Reference

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_ALNUM = st.text(_LETTERS, min_size=1, max_size=6)
_SEPARATORS = st.sampled_from((".", "_", "__", "-", "---"))
_AWKWARD_COMPONENTS = st.sampled_from(("a", "json", "a.json", "a.json.json", "readme.md", "changelog.md", "1", "01"))
_UNKNOWN_KEYS = st.sampled_from(("x", "Size", "é", "a b", "\ud800", '"'))
"""No keys that gcrsync knows."""

digests = st.builds(Digest.of, st.binary(max_size=2), st.sampled_from(("sha256", "sha256", "sha512")))
tags = st.one_of(
    st.builds(lambda first, rest: Tag(first + rest), st.sampled_from("aZ_09"), st.text("aZ_09.-", max_size=10)),
    st.builds(lambda *numbers: Tag("v{}.{}-rc{}".format(*numbers)), *[st.integers(0, 120)] * 3),
    st.sampled_from([Tag("latest"), Tag("a" * 128), Tag("1"), Tag("01"), Tag("9" * 128)]),
)
hosts = st.sampled_from(
    (
        "gcr.io",
        "registry.k8s.io",
        "docker.io",
        "localhost",
        "localhost:5000",
        "127.0.0.1:5000",
        "[::1]:5000",
        "a.json",
        "readme.md",
        "a.b",
    )
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
mirrors = st.one_of(st.just(""), repositories.map(str), st.builds("oci:../{0} é/{1}".format, st.text(_LETTERS, min_size=1), paths))
_REFERABLE = repositories.filter(lambda repository: repository.registry != "docker.io" or "/" in repository.path)
references = st.builds(Reference, _REFERABLE, tags) | st.builds(Reference, _REFERABLE, st.none() | tags, digests)

times = st.integers(-62_135_596_800, 253_402_300_799).map(
    lambda seconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
"""Every second of the calendar."""

_SCALARS: st.SearchStrategy[Json] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
)
json_values: st.SearchStrategy[Json] = st.one_of(
    _SCALARS, st.lists(_SCALARS, max_size=2), st.dictionaries(st.text(max_size=3), st.lists(_SCALARS, max_size=1), max_size=2)
)
extras: st.SearchStrategy[dict[str, Json]] = st.dictionaries(_UNKNOWN_KEYS, json_values, max_size=1)
platforms = st.builds(
    Platform, st.sampled_from(("linux", "windows")), st.sampled_from(("amd64", "arm")), st.sampled_from(("", "v7"))
)
mirrored = st.builds(
    Mirrored,
    st.none() | st.text(max_size=20),
    st.none() | st.integers(min_value=0, max_value=2**63),
    st.none() | times,
    st.none() | times,
    extras,
    st.lists(platforms, max_size=3).map(lambda drawn: choice(tuple(drawn))),
    st.none() | digests,
    st.sets(digests, max_size=2).map(lambda drawn: tuple(sorted(drawn))),
)
held = st.builds(Held, digests, times, st.sampled_from(Why), st.text(max_size=20), extras)
gone = st.builds(Gone, digests, times, extras)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Make a record whose manifests describe each digest that its tags and gone tags name, and no other."""
    served = draw(st.dictionaries(tags, digests, max_size=4))
    vanished = draw(st.dictionaries(tags, gone, max_size=2))
    named = sorted({*served.values(), *(each.digest for each in vanished.values())})
    return Record(
        repository=draw(repositories),
        mirror=draw(mirrors),
        tags=served,
        manifests={digest: draw(mirrored) for digest in named},
        held=draw(st.dictionaries(tags, held, max_size=2)),
        gone=vanished,
        former={tag: draw(mirrored) for tag in sorted({*served, *vanished}, key=str) if draw(st.booleans())},
        untagged=draw(st.dictionaries(digests, st.none() | digests, max_size=2)),
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
    st.sampled_from(("", "..", "../..", "a/../b", "gcr.io/..", "gcr.io//a", "a" * 300, "gcr.io/" + "a/" * 200)),
    st.sampled_from(("sha256:", "sha256:" + "A" * 64, "\ud800", "gcr.io/\u0430", "gcr.io/a\n", "gcr.io/a\x1b[31m")),
)
"""Texts of which some few may be names."""
