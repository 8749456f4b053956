"""Which repositories and tags are selected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcrsync.errors import InvalidNameError
from gcrsync.mirror.patterns import Patterns
from gcrsync.mirror.selection import Selection
from gcrsync.oci.name import Namespace, Repository, Tag
from tests.support.values import naming, repository


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("static", ["static"], ["static/a", "statics"]),
        ("java/**", ["java/a", "java/a/b"], ["java", "javascript"]),
        ("*", ["a"], ["a/b", "."]),
        ("**", ["a", "a/b", "."], []),
        ("*-debug", ["v1-debug"], ["v1"]),
        ("re:v[0-9]+", ["v1", "v12"], ["v1a", "xv1"]),
        (".", ["."], ["a"]),
    ],
)
def test_patterns_match_whole_names(pattern: str, matching: list[str], other: list[str]) -> None:
    patterns = Patterns((pattern,))

    assert [name for name in matching + other if patterns.match(name)] == matching


@pytest.mark.parametrize("pattern", ["re:(", "", "re:[z-a]", "!1.28", "{1.28,1.29}", "*-{debug,dev}", "a|b", "+(a)"])
def test_a_malformed_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidNameError):
        Patterns((pattern,))


def test_what_the_command_line_includes_only_narrows() -> None:
    source = Namespace.parse("gcr.io/p")
    selection = Selection(
        source, source.child("java"), (Patterns(("java/**", "static")), Patterns(("**/17",))), Patterns(("java/x/*",))
    )

    assert selection.takes(repository("gcr.io/p/java/17"))
    assert not selection.takes(repository("gcr.io/p/java/x/17"))
    assert not selection.takes(repository("gcr.io/p/java/11"))
    assert not selection.takes(repository("gcr.io/p/static"))


def test_tags_are_selected_by_include_and_exclude() -> None:
    source = Namespace.parse("gcr.io/p")
    selection = Selection(source, source, rules=naming("v*", exclude=("*-debug",)))

    assert [name for name in ("v1", "v1-debug", "latest") if selection.takes_tag(repository("gcr.io/p/a"), Tag(name))] == ["v1"]


@pytest.mark.parametrize(
    ("include", "exclude", "reached", "other"),
    [
        ("java/**", "x", ["java", "java/a", "java/a/b"], ["static", "javas"]),
        ("*/debug", "x", ["a", "a/debug"], ["a/b", "a/debug/c"]),
        ("**/debug", "x", ["a", "a/b/c"], []),
        ("re:java/.*", "x", ["java", "static"], []),
        (".", "x", [], ["a"]),
        ("**", "old/**", ["a", "old"], ["old/a", "old/a/b"]),
        ("**", "re:old/.*", ["old/a"], []),
        ("**", "old", ["old", "old/a"], []),
    ],
)
def test_only_where_something_can_be_selected_below_is_looked(
    include: str, exclude: str, reached: list[str], other: list[str]
) -> None:
    source = Namespace.parse("gcr.io/p")
    selection = Selection(source, source, (Patterns((include,)),), Patterns((exclude,)))

    assert selection.reaches(source)
    assert [name for name in reached + other if selection.reaches(Namespace("gcr.io", f"p/{name}"))] == reached


_parts = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4)
_globs = st.lists(st.sampled_from(["a", "*", "**", "a*", "?", "[ab]"]), min_size=1, max_size=4).map("/".join)


@given(_parts, st.integers(0, 3), _globs, _globs)
def test_whatever_is_selected_is_reached_from_above(parts: list[str], depth: int, include: str, exclude: str) -> None:
    source = Namespace.parse("gcr.io/p")
    selection = Selection(source, source, (Patterns((include,)),), Patterns((exclude,)))
    above = Namespace("gcr.io", "/".join(["p", *parts[: depth + 1]]))

    assert selection.reaches(above) or not selection.takes(Repository("gcr.io", "/".join(["p", *parts])))
