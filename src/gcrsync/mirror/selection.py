"""Which repositories and tags of a namespace a run is about."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from wcmatch import glob

from gcrsync.errors import InvalidNameError
from gcrsync.mirror.platforms import Platforms
from gcrsync.mirror.shard import Shard
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Namespace, Repository, Tag

_GLOB = glob.GLOBSTAR | glob.DOTGLOB | glob.FORCEUNIX
REGEX_PREFIX = "re:"
_WILD = frozenset("*?[]{}!|()\\")
_ITSELF = frozenset({".", "**"})


@dataclass(frozen=True, slots=True)
class Patterns:
    """Globs (``*`` within a component, ``**`` across components) and regular expressions (``re:``, matched whole)."""

    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a malformed pattern with InvalidNameError."""
        for text in self.texts:
            _compiled(text)

    def __bool__(self) -> bool:
        """Say whether there is any pattern."""
        return bool(self.texts)

    @property
    def literals(self) -> frozenset[str]:
        """The patterns that are plain names, and match nothing else."""
        return frozenset(filter(is_literal, self.texts))

    def match(self, name: str) -> bool:
        """Say whether any of the patterns matches the whole name; ``.``, a source itself, is matched by ``.`` and ``**``."""
        if name == ".":
            return not _ITSELF.isdisjoint(self.texts)
        return any(_compiled(text).fullmatch(name) for text in self.texts)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is mirrored of ``source``: patterns of repositories are relative to it, and ``namespace`` narrows it.

    Each of ``includes`` has to match, so that what the command line asks for can only narrow what the configuration says.
    ``accept_empty`` names the repositories of which an empty or truncated list is believed; ``platforms`` are what is wanted of
    an index, none for all of it. ``pins`` are the digests that some tags of the one repository have for us, whatever the source has
    under them. What is selected is judged by the ``shard`` that holds it. ``vendor`` names whose way of listing
    the source has, empty where its host or its answers tell.
    """

    source: Namespace
    namespace: Namespace
    includes: tuple[Patterns, ...] = ()
    exclude: Patterns = field(default_factory=Patterns)
    tags_include: Patterns = field(default_factory=Patterns)
    tags_exclude: Patterns = field(default_factory=Patterns)
    pins: Mapping[Tag, Digest] = field(default_factory=dict)
    accept_empty: Patterns = field(default_factory=Patterns)
    platforms: Platforms = ()
    shard: Shard = field(default_factory=Shard)
    vendor: str = ""

    def judges(self, repository: Repository) -> bool:
        """Say whether the repository is selected, and is this shard's."""
        return self.shard.holds(repository) and self.takes(repository)

    def takes(self, repository: Repository) -> bool:
        """Say whether the repository is selected."""
        if not self.namespace.covers(repository) or not self.source.covers(repository):
            return False
        name = self.source.relative(repository)
        return all(patterns.match(name) for patterns in self.includes) and not self.exclude.match(name)

    def takes_tag(self, tag: Tag) -> bool:
        """Say whether the tag is selected, in any repository that is."""
        if self.tags_include and not self.tags_include.match(tag.name):
            return False
        return not self.tags_exclude.match(tag.name)

    def count(self, tags: Collection[Tag]) -> int:
        """Count those of the tags that are selected."""
        if not self.tags_include and not self.tags_exclude:
            return len(tags)
        return sum(map(self.takes_tag, tags))

    @property
    def only_itself(self) -> bool:
        """Whether nothing below the source can be selected, so that nothing below it has to be listed."""
        return any(patterns.texts == (".",) for patterns in self.includes)

    @property
    def named_tags(self) -> frozenset[Tag] | None:
        """The tags, but for those with a pin, where every one of a single repository is named; None where they have to be found."""
        texts = self.tags_include.texts
        if not (texts and all(map(is_literal, texts)) and self.only_itself and self.source.path):
            return None
        try:
            return frozenset(tag for tag in Tag.each(texts) if self.takes_tag(tag) and tag not in self.pins)
        except InvalidNameError:  # a list shows that there is no such tag
            return None

    def believes_empty(self, path: Namespace) -> bool:
        """Say whether an empty or truncated list of this path is to be believed."""
        if not self.accept_empty or not self.source.covers(path):
            return False
        below = path.path[len(self.source.path) :].removeprefix("/") if self.source.path else path.path
        return self.accept_empty.match(below or ".")


def is_literal(pattern: str) -> bool:
    """Say whether a pattern is a plain name, and matches nothing else."""
    return not pattern.startswith(REGEX_PREFIX) and _WILD.isdisjoint(pattern)


@lru_cache(maxsize=1024)
def _compiled(text: str) -> re.Pattern[str]:
    if not text:
        raise InvalidNameError("pattern", text, "it is empty")
    try:
        if text.startswith(REGEX_PREFIX):
            return re.compile(text.removeprefix(REGEX_PREFIX))
        positive, negative = glob.translate(text, flags=_GLOB)
        if negative or len(positive) != 1:
            raise InvalidNameError("pattern", text, "a pattern cannot be negated; use exclude")
        return re.compile(positive[0])
    except (re.error, ValueError) as error:
        raise InvalidNameError("pattern", text, str(error)) from error
