"""Why a tag is mirrored or not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gcrsync.errors import InvalidNameError
from gcrsync.mirror.choice import Choice, Order
from gcrsync.mirror.holding import Terms
from gcrsync.mirror.patterns import Match, Patterns
from gcrsync.mirror.revisit import Look
from gcrsync.mirror.rules import Policy, Rule, Rules
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.shard import Shard
from gcrsync.mirror.snapshot import find_doubts
from gcrsync.mirror.versions import Versions
from gcrsync.mirror.why import Asked, explain
from gcrsync.oci.name import Namespace
from tests.support.values import NOW, compare, listing, record, records, snapshot

SOURCE = Namespace.parse("gcr.io/p")
RULES = Rules(
    policy=Policy(min_age=int(timedelta(days=2).total_seconds())),
    exceptions=(
        Rule(Match("kube:*"), choice=Choice(versions=Versions(">=1.28"), newest=2, newest_by=Order.VERSION)),
        Rule(Match("kube:v1.29.0"), min_age=0),
    ),
    source=SOURCE,
    choice=Choice(exclude=Patterns(("*-debug",))),
)
SELECTION = Selection(SOURCE, SOURCE, includes=(Patterns(("app", "kube")),), exclude=Patterns(("old",)), rules=RULES, now=NOW)
SEEN = snapshot(
    "gcr.io/p",
    {
        "gcr.io/p": listing({}, "app", "kube", "other"),
        "gcr.io/p/app": listing({"same": "one", "new": "two", "x-debug": "three"}),
        "gcr.io/p/kube": listing({"v1.27.0": "a", "v1.28.0": "b", "v1.29.0": "c", "v1.30.0": "d", "latest": "e"}),
        "gcr.io/p/other": listing({"same": "one"}),
    },
)
KNOWN = records(
    record("gcr.io/p/app", {"same": "one", "lost": "nine"}, gone={"v0": "zero"}), record("gcr.io/p/old", {"same": "one"})
)


def why(text: str, selection: Selection = SELECTION) -> list[str]:
    """Explain what is asked as ``repository word by rule: reason``."""
    doubts = find_doubts(SEEN, KNOWN, selection)
    delta = compare(KNOWN, SEEN, selection, Terms(NOW, rules=selection.rules))
    told = explain(Asked.parse(text), Look(SEEN, selection, doubts, delta.changes), KNOWN)
    return [f"{each.repository.path} {each.word} by {each.rule}: {each.reason}" for each in told]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("app:same", ["p/app unchanged by : include has app"]),
        ("app:lost", ["p/app gone by : include has app"]),
        ("app:v0", ["p/app gone by : include has app"]),
        ("gcr.io/p/app:x-debug", ["p/app left out by tags.exclude: it matches *-debug"]),
        ("kube:v1.27.0", ["p/kube left out by versions of rule 1 (match = 'kube:*'): it is not in >=1.28"]),
        ("kube:latest", ["p/kube left out by versions of rule 1 (match = 'kube:*'): it is no semantic version"]),
        (
            "kube:v1.28.0",
            ["p/kube left out by newest of rule 1 (match = 'kube:*'): it is number 3 of 3, of which newest = 2 are taken"],
        ),
        ("other:same", ["p/other left out by include: other matches none of app, kube"]),
        ("nowhere/at/all:v1", ["p/nowhere/at/all left out by include: nowhere/at/all matches none of app, kube"]),
        ("app:none", []),
        ("none", []),
    ],
)
def test_the_word_that_decides_is_named(asked: str, told: list[str]) -> None:
    assert why(asked) == told


def test_a_tag_is_explained_in_each_repository_that_has_it_at_the_source_or_on_record() -> None:
    assert [line.split(" by ")[0] for line in why("same")] == ["p/app unchanged", "p/old left out", "p/other left out"]


def test_what_a_rule_holds_names_the_key_and_what_is_taken_tells_its_place() -> None:
    (young,), (added,) = why("kube:v1.30.0"), why("kube:v1.29.0")

    assert young.startswith("p/kube held by min_age: known since 2026-11-21T02:17:00Z")
    assert "newest of rule 1 (match = 'kube:*') takes 2 of 3, and it is number 1" in young
    assert added.startswith("p/kube added by : include has kube; versions of rule 1 (match = 'kube:*') has it in >=1.28")


def test_what_is_too_large_names_the_rule_that_sets_the_limit() -> None:
    limited = replace(RULES, exceptions=(*RULES.exceptions, Rule(Match("kube"), max_size=9)))

    (large,) = why("kube:v1.29.0", replace(SELECTION, rules=limited))

    assert large.startswith("p/kube held by max_size of rule 3 (match = 'kube'): it has 10 bytes, of which max_size = 9")


def test_an_excluded_repository_and_that_of_another_shard_are_left_out() -> None:
    excluding = replace(SELECTION, includes=())
    shards = [replace(SELECTION, shard=Shard(number, 2)) for number in (1, 2)]

    assert why("old:same", excluding) == ["p/old left out by exclude: old matches old"]
    assert sorted(line.split(":")[0] for shard in shards for line in why("app:same", shard)) == [
        "p/app left out by --shard",
        "p/app unchanged by ",
    ]


def test_a_list_that_is_not_believed_is_told_instead() -> None:
    empty = replace(SEEN, listings={**SEEN.listings, Namespace.parse("gcr.io/p/app"): listing({})})
    doubts = find_doubts(empty, KNOWN, SELECTION)
    (told,) = explain(Asked.parse("app:same"), Look(empty, SELECTION, doubts, ()), KNOWN)

    assert (told.word, told.rule) == ("not judged", "")
    assert "the list is empty, but the metadata has tags" in told.reason


@pytest.mark.parametrize("text", ["", "a/b", "app:", "app:a b", "app:-x"])
def test_what_is_no_tag_is_refused(text: str) -> None:
    with pytest.raises(InvalidNameError):
        Asked.parse(text)
