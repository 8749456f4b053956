"""Which repositories and tags of a namespace a run is about."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gcrsync.errors import InvalidNameError
from gcrsync.mirror.choice import left_by_name
from gcrsync.mirror.patterns import Patterns, is_literal
from gcrsync.mirror.rules import Rules
from gcrsync.mirror.shard import Shard
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Namespace, Repository, Tag

_NEVER = datetime.min.replace(tzinfo=UTC)
"""Before everything: a run that begins then finds nothing old."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is mirrored of ``source``: patterns of repositories are relative to it, and ``namespace`` narrows it.

    Each of ``includes`` has to match, so that what the command line asks for can only narrow what the configuration says.
    ``accept_empty`` names the repositories of which an empty or truncated list is believed; ``platforms`` are what is wanted of
    an index, none for all of it. ``pins`` are the digests that some tags of the one repository have for us, whatever the source has
    under them. What is selected is judged by the ``shard`` that holds it. ``vendor`` names whose way of listing
    the source has, empty where its host or its answers tell, and ``official_images`` the repository of the files that name what
    the source has, by an absolute path or a URL, empty where the source itself is asked.
    """

    source: Namespace
    namespace: Namespace
    includes: tuple[Patterns, ...] = ()
    exclude: Patterns = field(default_factory=Patterns)
    pins: Mapping[Tag, Digest] = field(default_factory=dict)
    accept_empty: Patterns = field(default_factory=Patterns)
    shard: Shard = field(default_factory=Shard)
    rules: Rules = field(default_factory=Rules)
    now: datetime = _NEVER
    vendor: str = ""
    official_images: str = ""

    def judges(self, repository: Repository) -> bool:
        """Say whether the repository is selected, and is this shard's."""
        return self.shard.holds(repository) and self.takes(repository)

    def takes(self, repository: Repository) -> bool:
        """Say whether the repository is selected."""
        if not self.namespace.covers(repository) or not self.source.covers(repository):
            return False
        name = self.source.relative(repository)
        return all(patterns.match(name) for patterns in self.includes) and not self.exclude.match(name)

    def takes_tag(self, repository: Repository, tag: Tag) -> bool:
        """Say whether the name of a tag is selected, in a repository that is."""
        return not self.rules.chooses or tag in self.pins or left_by_name(self.rules.choice_of(repository, tag), tag) is None

    def count(self, repository: Repository, tags: Collection[Tag]) -> int:
        """Count those of the tags whose names are selected."""
        return sum(self.takes_tag(repository, tag) for tag in tags) if self.rules.chooses else len(tags)

    def reaches(self, path: Namespace) -> bool:
        """Say whether a repository that is this path or lies below it may be selected; false only where none can be."""
        name = self.source.relative(Repository(path.registry, path.path))
        if name == ".":
            return True
        return all(patterns.reach(name) for patterns in self.includes) and not self.exclude.cover(name)

    @property
    def only_itself(self) -> bool:
        """Whether nothing below the source can be selected, so that nothing below it has to be listed."""
        return any(patterns.texts == (".",) for patterns in self.includes)

    @property
    def named_tags(self) -> frozenset[Tag] | None:
        """The tags, but for those with a pin, where every one of a single repository is named; None where they have to be found."""
        tags = self.literal_tags
        if not (tags and self.only_itself and self.source.path) or self.rules.need_lists:
            return None
        itself = Repository(self.source.registry, self.source.path)
        return frozenset(tag for tag in tags if self.takes_tag(itself, tag) and tag not in self.pins)

    @property
    def literal_tags(self) -> frozenset[Tag]:
        """The tags where every one is named and no other can be selected; none where they have to be found."""
        texts = () if self.rules.choice.include is None else self.rules.choice.include.texts
        try:
            return frozenset(Tag.each(texts) if all(map(is_literal, texts)) else ())
        except InvalidNameError:  # a list shows that there is no such tag
            return frozenset()

    def believes_empty(self, path: Namespace) -> bool:
        """Say whether an empty or truncated list of this path is to be believed."""
        if not self.accept_empty or not self.source.covers(path):
            return False
        below = path.path[len(self.source.path) :].removeprefix("/") if self.source.path else path.path
        return self.accept_empty.match(below or ".")
