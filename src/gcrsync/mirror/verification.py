"""Whether a mirror has what is on record: what to ask for, and what came of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gcrsync.mirror.ending import Ending
from gcrsync.mirror.platforms import Platforms
from gcrsync.mirror.record import Record
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.referrers import is_fallback_tag


@dataclass(frozen=True, slots=True)
class Question:
    """A name on record that a mirror is to know: a tag, or a digest by itself where ``tag`` is None.

    ``digest`` is what the mirror is to have, and ``source`` what that was made of at the source by choosing ``platforms``.
    """

    repository: Repository
    digest: Digest
    source: Digest
    tag: Tag | None = None
    platforms: Platforms = ()

    @property
    def by_digest(self) -> "Question":
        """The same without the tag."""
        return Question(self.repository, self.digest, self.source, None, self.platforms)


class State(StrEnum):
    """What is not at a mirror as it is on record."""

    MISSING = "missing"
    """It is on record, and not there."""
    DIFFERENT = "different"
    """The tag serves another digest than the one on record."""
    EXTRA = "extra"
    """The tag is there, and not on record."""
    UNKNOWN = "unknown"
    """The destination could not be asked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of a tag, or of a digest where ``tag`` is None.

    ``question`` is None for what is not on record, and where a whole list could not be had. ``found`` is what the mirror serves
    instead, ``reason`` tells why something could not be asked or repaired, and ``repaired`` is true for what was copied again.
    """

    repository: Repository
    state: State
    tag: Tag | None = None
    question: Question | None = None
    found: Digest | None = None
    reason: str = ""
    repaired: bool = False

    @property
    def digest(self) -> Digest | None:
        """The digest on record, None where there is none."""
        return None if self.question is None else self.question.digest


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of asking for ``asked`` of the ``recorded`` names of some ``mirrors``, by their source.

    ``sampled`` is true where only some were to be asked for; then nobody looked for what is extra. ``copied`` is in bytes.
    ``ending`` is why it ended early, and ``limits`` what was last heard of each host that gave no more.
    """

    started: datetime
    mirrors: dict[Repository, str]
    recorded: int
    asked: int
    findings: tuple[Finding, ...]
    sampled: bool = False
    copied: int = 0
    ending: Ending | None = None
    limits: tuple[str, ...] = ()

    def count(self, state: State) -> int:
        """Count the findings of a kind, repaired or not."""
        return sum(finding.state is state for finding in self.findings)

    @property
    def repaired(self) -> int:
        """How many were repaired."""
        return sum(finding.repaired for finding in self.findings)

    @property
    def is_whole(self) -> bool:
        """Whether the mirror has by now all that was asked for, as it is on record."""
        return all(finding.repaired or finding.state is State.EXTRA for finding in self.findings)


def questions(record: Record) -> Iterator[Question]:
    """Give all names of a repository that its mirror is to know: each tag, and by their digests the manifests that refer to one."""
    referrers: dict[Digest, None] = {}
    named = set[Digest]()
    for tag in record.served:
        digest, source, described = record.digest_at_mirror(tag), record.digest_at_source(tag), record.described(tag)
        if digest is not None and source is not None:
            named.add(digest)
            yield Question(record.repository, digest, source, tag, described.platforms if described else ())
    for described in (*record.manifests.values(), *record.former.values()):
        referrers.update(dict.fromkeys(described.referrers))
    yield from (Question(record.repository, digest, digest) for digest in referrers if digest not in named)


def extra(record: Record, tags: Iterable[Tag]) -> Iterator[Tag]:
    """Give those of a mirror's tags that are not on record, without those of lists of referrers, which mirrors make themselves."""
    return (tag for tag in tags if tag not in record.served and not is_fallback_tag(tag))
