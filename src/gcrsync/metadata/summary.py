"""A run in one sentence, and the message of the commit that records it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

from gcrsync.metadata.markdown import number, size
from gcrsync.mirror.change import Change, State

_LONGEST_SUBJECT = 72
_NEWS = (State.ADDED, State.MOVED, State.GONE, State.HELD, State.PRUNED)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many tags a run found or left in each state, and the bytes of blobs that it copied."""

    added: int = 0
    moved: int = 0
    gone: int = 0
    held: int = 0
    failed: int = 0
    copied: int = 0
    pruned: int = 0

    @classmethod
    def of(cls, changes: Iterable[Change], failed: int, copied: int) -> "Counts":
        """Count those of the changes that are news; the failures, which are none, are told apart."""
        states = Counter(change.state for change in changes if change.news)
        added, moved, gone, held, pruned = (states[state] for state in _NEWS)
        return cls(added, moved, gone, held, failed, copied, pruned)

    def __sub__(self, other: "Counts") -> "Counts":
        """Give what came since the other counts were taken."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Counts(*(one - before for one, before in pairs))

    @property
    def tags(self) -> tuple[tuple[int, str], ...]:
        """The numbers of tags, each with its word; of pruned ones only where there are some, since few mirrors prune."""
        numbers = (self.added, self.moved, self.gone, self.held, self.pruned, self.failed)
        return tuple(told for told in zip(numbers, (*_NEWS, State.FAILED), strict=True) if told[0] or told[1] is not State.PRUNED)


def sentence(counts: Counts) -> str:
    """Say all counts: ``12 added, 3 moved, 1 gone, 2 held, 0 failed, 1.2 GB copied.``."""
    tags = ", ".join(f"{number(count)} {word}" for count, word in counts.tags)
    return f"{tags}, {size(counts.copied)} copied."


def subject(namespaces: Sequence[str], counts: Counts) -> str:
    """Give the subject of a commit; zeros are left out, and names that would make it longer than 72 characters are counted."""
    told = ", ".join(f"{number(count)} {word}" for count, word in counts.tags if count) or "nothing added, moved or gone"
    named = f"Mirror {', '.join(namespaces)}: {told}"
    if len(named) <= _LONGEST_SUBJECT or len(namespaces) == 1:
        return named
    return f"Mirror {len(namespaces)} namespaces: {told}"


def message(namespaces: Sequence[str], counts: Counts) -> str:
    """Give the message of a commit: the subject, the namespaces and all counts."""
    names = "\n".join(f"- {namespace}" for namespace in namespaces)
    return f"{subject(namespaces, counts)}\n\n{names}\n\n{sentence(counts)}\n"
