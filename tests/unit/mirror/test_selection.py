"""Which repositories and tags are selected."""

import pytest

from gcrsync.errors import InvalidNameError
from gcrsync.mirror.selection import Patterns, Selection
from gcrsync.oci.name import Namespace, Tag
from tests.support.values import repository


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


@pytest.mark.parametrize("pattern", ["re:(", "", "re:[z-a]"])
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
    selection = Selection(source, source, tags_include=Patterns(("v*",)), tags_exclude=Patterns(("*-debug",)))

    assert [name for name in ("v1", "v1-debug", "latest") if selection.takes_tag(Tag(name))] == ["v1"]
