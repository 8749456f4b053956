"""The rules of one ``[[mirror]]`` table: what it says of all its tags, and its ``[[mirror.rule]]`` tables."""

from collections.abc import Mapping, Sequence

from gcrsync.cli.values import Values, Wrong
from gcrsync.mirror.choice import Choice, Order
from gcrsync.mirror.patterns import Match
from gcrsync.mirror.rules import Moved, Policy, Rule, Rules, Vanished
from gcrsync.mirror.versions import Versions
from gcrsync.oci.name import Namespace

SETTINGS = frozenset({"moved", "gone", "grace", "max_prune", "min_age", "stale_after", "referrers_for"}) | frozenset(
    {"versions", "prereleases", "newest", "newest_by", "max_age", "max_size", "platforms", "tags"}
)
"""The keys that may stand in a table and in each of its rules."""

_RULE_KEYS = SETTINGS | {"match"}
_TAG_KEYS = frozenset({"include", "exclude"})
_ALL = Match("**")


def read_rules(values: Mapping[str, object], source: Namespace | None, wrong: Wrong) -> Rules:
    """Read the rules among the ``values`` of a table; without a ``source`` they match repositories by their whole names.

    Raises what ``wrong`` gives.
    """
    tables = values.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise wrong("rule", "expected [[mirror.rule]] tables (with two brackets)")
    table = _rule(Values(values, "", wrong), _ALL)
    exceptions = tuple(_exception(Values(each, f"rule.{number}.", wrong)) for number, each in enumerate(tables))
    _refuse_idle((table, *exceptions), wrong)
    return Rules(table.over(Policy()), exceptions, source, table.choice, table.platforms or ())


def _refuse_idle(rules: Sequence[Rule], wrong: Wrong) -> None:
    """Refuse a key that means nothing without another one, which nobody says: all tags would be taken, and not those few."""
    choices = [rule.choice for rule in rules]
    counts = any(choice.newest is not None for choice in choices)
    orders = [choice.newest_by for choice in choices if choice.newest_by is not None]
    if orders and not counts:
        raise wrong("newest_by", "newest_by says nothing without newest: how many?")
    has_versions = Order.VERSION in orders or any(choice.versions is not None for choice in choices)
    if any(choice.prereleases for choice in choices) and not has_versions:
        raise wrong("prereleases", 'prereleases says nothing without versions, or newest_by = "version"')


def _exception(values: Values) -> Rule:
    for key in values.values:
        if key not in _RULE_KEYS:
            raise values.error(key, f"unknown key {key!r}; known are {', '.join(sorted(_RULE_KEYS))}")
    match = values.name("match", Match)
    if match is None:
        raise values.error("match", "match is missing: which tags is this rule for?")
    if "platforms" in values.values and not match.is_for_all_tags:
        raise values.error("platforms", "platforms may only be chosen for whole repositories: give match no tag")
    return _rule(values, match)


def _rule(values: Values, match: Match) -> Rule:
    return Rule(
        match,
        moved=values.word("moved", Moved),
        gone=values.word("gone", Vanished),
        grace=values.seconds("grace"),
        max_prune=values.share("max_prune"),
        min_age=values.seconds("min_age"),
        stale_after=values.seconds("stale_after"),
        referrers_for=values.seconds("referrers_for"),
        max_size=values.size("max_size"),
        choice=_choice(values),
        platforms=values.platforms("platforms"),
    )


def _choice(values: Values) -> Choice:
    tags = values.below("tags")
    for key in tags.values:
        if key not in _TAG_KEYS:
            raise tags.error(key, f"unknown key 'tags.{key}'; known are tags.exclude, tags.include")
    return Choice(
        include=tags.patterns("include"),
        exclude=tags.patterns("exclude"),
        versions=values.name("versions", Versions),
        prereleases=values.flag("prereleases"),
        newest=values.count("newest"),
        newest_by=values.word("newest_by", Order),
        max_age=values.seconds("max_age"),
    )
