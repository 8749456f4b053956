"""Why a tag is mirrored or not: what a run would do with it, and which word of the configuration decides that."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gcrsync.errors import InvalidNameError
from gcrsync.mirror.change import Change, State
from gcrsync.mirror.choice import left_by_name
from gcrsync.mirror.choosing import choose
from gcrsync.mirror.record import Record, Records, Why
from gcrsync.mirror.revisit import Look
from gcrsync.mirror.snapshot import absence_doubt, own_doubt
from gcrsync.oci.listing import Listing
from gcrsync.oci.name import Namespace, Repository, Tag, is_host

_KEYS = {Why.YOUNG: "min_age", Why.FROZEN: "moved", Why.LARGE: "max_size"}
"""The keys by which a rule holds what the source has."""


class Standing(StrEnum):
    """What a run makes of a tag that is no change."""

    LEFT_OUT = "left out"
    """It is not selected: what there is of it stays as it is."""
    UNJUDGED = "not judged"
    """The list that would tell of it was not believed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A tag of which somebody asks: in one repository, named relative to the source or whole, or in all that have it."""

    tag: Tag
    repository: str = ""

    @classmethod
    def parse(cls, text: str) -> "Asked":
        """Read ``TAG`` or ``REPOSITORY:TAG``; InvalidNameError for anything else."""
        repository, colon, tag = text.rpartition(":")
        if "/" in tag:
            raise InvalidNameError("tag", text, "expected TAG or REPOSITORY:TAG")
        return cls(Tag(tag if colon else text), repository)

    def names(self, repository: Repository) -> bool:
        """Say whether it may be about a tag in this repository."""
        return not self.repository or f"/{repository}".endswith(f"/{self.repository}")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a run would do with a tag, in a word; which ``rule`` decides that, empty for none; and the reason in a sentence."""

    repository: Repository
    tag: Tag
    word: str
    rule: str
    reason: str


def explain(asked: Asked, look: Look, records: Records) -> tuple[Explanation, ...]:
    """Explain a tag in each repository that has it, at the source or on record; nothing where none has."""
    changes = {change.repository: change for change in look.changes if change.tag == asked.tag}
    having = _having(asked, look, records)
    return tuple(_explained(repository, asked.tag, changes.get(repository), look, records) for repository in having)


def _having(asked: Asked, look: Look, records: Records) -> list[Repository]:
    seen = {Repository(path.registry, path.path) for path in look.snapshot.listings if path.path}
    known = {name for name in {*seen, *records, *look.snapshot.others} if look.selection.source.covers(name)}
    named = filter(asked.names, known | _alone(asked, look))
    is_told = bool(asked.repository)
    return sorted(name for name in named if _has(name, asked.tag, look, records) or (is_told and not look.selection.takes(name)))


def _alone(asked: Asked, look: Look) -> set[Repository]:
    """Give the repository that is named, if it is below the source: of one that is left out nothing is listed."""
    source = look.selection.source
    if not asked.repository:
        return set()
    try:
        is_whole = is_host(asked.repository.partition("/")[0])
        named = Namespace.parse(asked.repository) if is_whole else source.child(asked.repository)
        return {Repository(named.registry, named.path)} if source.covers(named) else set()
    except InvalidNameError:
        return set()


def _has(repository: Repository, tag: Tag, look: Look, records: Records) -> bool:
    listing = look.snapshot.listings.get(repository.namespace, Listing())
    record = records.get(repository, Record(repository, ""))
    return any(
        tag in names for names in (listing.tags, listing.unasked, listing.unbuilt, listing.missing, record.served, record.held)
    )


def _explained(repository: Repository, tag: Tag, change: Change | None, look: Look, records: Records) -> Explanation:
    word, rule, reason = _decided(repository, tag, change, look, records)
    return Explanation(repository, tag, word, rule, reason)


def _decided(repository: Repository, tag: Tag, change: Change | None, look: Look, records: Records) -> tuple[str, str, str]:
    """Give the word, the rule and the reason, in the order in which a run decides."""
    if not look.selection.judges(repository):
        return Standing.LEFT_OUT, *_left_out(repository, look)
    listing = look.snapshot.listings.get(repository.namespace)
    doubt = own_doubt(repository, look.doubts) if listing else absence_doubt(repository, look.snapshot.namespace, look.doubts)
    if doubt is not None:
        return Standing.UNJUDGED, "", f"{doubt.path}: {doubt.reason}"
    listing = listing or Listing()
    if tag in listing.unbuilt:
        return Standing.LEFT_OUT, "platforms", "its image is built for none of them"
    chosen = choose(look.selection, repository, listing)
    left = chosen.left.get(tag) or left_by_name(look.selection.rules.choice_of(repository, tag), tag)
    if left is not None and tag not in look.selection.pins:
        return Standing.LEFT_OUT, _rule(repository, tag, left.key, look), left.how
    taken = "; ".join(_taken(repository, tag, chosen.ranks, look))
    if change is None:
        return _unchanged(repository, tag, listing, records), "", taken
    key = _KEYS.get(change.why, "") if change.state is State.HELD else ""
    return change.state, _rule(repository, tag, key, look) if key else "", "; ".join(filter(None, (change.reason, taken)))


def _left_out(repository: Repository, look: Look) -> tuple[str, str]:
    """Say which word leaves out a whole repository, and how."""
    selection = look.selection
    if selection.takes(repository):
        return "--shard", "another shard has this repository"
    if not selection.namespace.covers(repository):
        return "NAMESPACE", f"it is not below {selection.namespace}"
    name = selection.source.relative(repository)
    missed = next((patterns for patterns in selection.includes if not patterns.match(name)), None)
    if missed is not None:
        return "include", f"{name} matches none of {', '.join(missed.texts)}"
    return "exclude", f"{name} matches {selection.exclude.matching(name)}"


def _taken(repository: Repository, tag: Tag, ranks: Mapping[Tag, tuple[int, int]], look: Look) -> Iterator[str]:
    """Say by which words a tag is selected, where anything is said of that."""
    selection, name = look.selection, look.selection.source.relative(repository)
    for patterns in selection.includes:
        yield f"include has {patterns.matching(name)}"
    if tag in selection.pins:
        yield f"pinned to {selection.pins[tag]}"
        return
    choice = selection.rules.choice_of(repository, tag)
    if choice.include:
        yield f"{_rule(repository, tag, 'tags.include', look)} has {choice.include.matching(tag.name)}"
    if choice.versions is not None:
        yield f"{_rule(repository, tag, 'versions', look)} has it in {choice.versions.text}"
    if tag in ranks:
        place, of = ranks[tag]
        yield f"{_rule(repository, tag, 'newest', look)} takes {choice.newest} of {of}, and it is number {place}"


def _unchanged(repository: Repository, tag: Tag, listing: Listing, records: Records) -> str:
    """Say in a word what a tag is of which a run has nothing to say."""
    record = records.get(repository, Record(repository, ""))
    if tag in listing.tags or tag in record.tags:
        return State.UNCHANGED
    return State.GONE if tag in record.gone else "kept"


def _rule(repository: Repository, tag: Tag, key: str, look: Look) -> str:
    """Name a key, and the rule in which it is said; without one it is the table's."""
    rules = look.selection.rules
    number = rules.decider(repository, tag, key)
    return f"{key} of rule {number} (match = {rules.exceptions[number - 1].match.text!r})" if number else key
