"""Which tags a rule is for, and what holds where several are."""

from fractions import Fraction

import pytest

from gcrsync.errors import InvalidNameError
from gcrsync.mirror.patterns import Match
from gcrsync.mirror.rules import Moved, Policy, Rule, Rules, Vanished
from gcrsync.oci.name import Namespace, Tag
from tests.support.values import repository

SOURCE = Namespace.parse("gcr.io/p")


@pytest.mark.parametrize(
    ("match", "repository", "tag", "expected"),
    [
        ("a:latest", "a", "latest", True),
        ("a:latest", "a", "latest2", False),
        ("a:v*", "a/b", "v1", False),
        ("**:latest", "a/b/c", "latest", True),
        ("**:latest", ".", "latest", True),
        ("*:latest", "a/b", "latest", False),
        ("java/**", "java/a", "anything", True),
        ("re:(a|b/c):v[0-9]+", "b/c", "v12", True),
        ("re:(a|b/c):v[0-9]+", "b/c", "v12-rc", False),
        ("127.0.0.1:5000/*", "127.0.0.1:5000/a", "1", True),
        ("127.0.0.1:5000/*:2", "127.0.0.1:5000/a", "1", False),
    ],
)
def test_a_match_is_a_repository_and_a_tag_or_a_regex_of_both(match: str, repository: str, tag: str, *, expected: bool) -> None:
    assert Match(match).matches(repository, tag) is expected


@pytest.mark.parametrize("text", ["", ":latest", "a:", "re:("])
def test_a_match_that_can_be_for_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidNameError):
        Match(text)


def test_of_the_rules_that_match_the_last_holds_setting_by_setting() -> None:
    rules = Rules(
        Policy(moved=Moved.FREEZE, min_age=60, max_size=9),
        (
            Rule(Match("**:latest"), moved=Moved.FOLLOW, gone=Vanished.PRUNE, grace=1),
            Rule(Match("a"), max_size=8, min_age=0, grace=2, max_prune=Fraction(1)),
            Rule(Match("b"), moved=Moved.KEEP_OLD),
        ),
        SOURCE,
    )

    assert rules.of(repository("gcr.io/p/a"), Tag("latest")) == Policy(Moved.FOLLOW, Vanished.PRUNE, 2, Fraction(1), 0, max_size=8)
    assert rules.of(repository("gcr.io/p/a"), Tag("1")) == Policy(moved=Moved.FREEZE, grace=2, max_prune=Fraction(1), max_size=8)
    assert rules.of(repository("gcr.io/p/c"), Tag("1")) == Policy(moved=Moved.FREEZE, min_age=60, max_size=9)


def test_without_a_source_repositories_match_by_their_whole_names() -> None:
    rules = Rules(exceptions=(Rule(Match("docker.io/library/nginx:1.*"), moved=Moved.FREEZE),))

    assert rules.of(repository("docker.io/library/nginx"), Tag("1.27")).moved is Moved.FREEZE
    assert rules.of(repository("docker.io/library/redis"), Tag("1.27")).moved is Moved.FOLLOW
