"""Makes namespaces from a seed, of any size, with every kind of image in them: the same seed gives the same bytes.

The same, that is, on the same version of Python, whose :mod:`random` may change its choices.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, islice, repeat
from random import Random

from benchmarks.namespaces.builder import RepositoryBuilder, Shared, seeded, shared_layers
from benchmarks.namespaces.content import StoredNamespace, StoredRepository
from benchmarks.namespaces.kinds import KINDS, SHARES, Kind

ALIASES = 0.28
"""The share of tags that are one more name of an image, as in the large namespaces of gcr.io."""

_DEEPEST = 11
_SHARED_LAYERS = 24
_WORDS = ("kube", "proxy", "cmd", "controller", "webhook", "agent", "github.com", "base", "build-image", "e2e_tests", "go1.16")
_WEIGHTS = [SHARES.get(kind, 1) for kind in KINDS]


def generate(seed: int, path: str = "generated", repositories: int = 24, tags: int = 400) -> StoredNamespace:
    """Make a namespace with this many repositories and about this many tags, at least one a repository and one of each kind.

    With three repositories or more it has one with tags and children both, and one whose path has eleven components.
    """
    random = seeded(seed, path)
    shared = shared_layers(random, _SHARED_LAYERS)
    counts = _shares(random, repositories, tags)
    paths = _paths(random, path, repositories)
    made = (
        generate_repository(seeded(seed, name), name, KINDS[position::repositories], count, shared)
        for position, (name, count) in enumerate(zip(paths, counts, strict=True))
    )
    return StoredNamespace(path, tuple(made))


def generate_repository(random: Random, path: str, first: Sequence[Kind], tags: int, shared: Shared) -> StoredRepository:
    """Make a repository with about this many tags: an image of each kind in ``first``, and then of any kind."""
    builder = RepositoryBuilder(path, random, shared)
    distinct = tags - int(ALIASES * tags)
    kinds = chain(first, some_kinds(random))
    for number, name in enumerate(tag_names(random)):
        if number >= len(first) and len(builder.tags) >= distinct:
            break
        builder.tag(name, next(kinds)(builder).digest.text)
    images = list(builder.tags.values())
    for name in islice(_alias_names(random), max(tags - len(builder.tags), 0)):
        builder.tag(name, random.choice(images))
    return builder.finished()


def some_kinds(random: Random) -> Iterator[Kind]:
    """Give kinds of images for ever, each as often as it is in real namespaces."""
    while True:
        yield from random.choices(KINDS, _WEIGHTS, k=16)


def tag_names(random: Random) -> Iterator[str]:
    """Give names of tags for ever, none twice: of versions in one repository, of days and commits in another."""
    versions, major = random.random() < 0.5, random.randint(0, 3)  # noqa: PLR2004 - as many of the one as of the other
    for number in range(10**9):
        if versions:
            yield f"v{major + number // 400}.{number // 20 % 20}.{number % 20}"
        else:
            yield f"{20190101 + number}-{random.getrandbits(28):07x}"


def _alias_names(random: Random) -> Iterator[str]:
    yield from ("latest", "stable")
    while True:
        yield f"{random.getrandbits(160):040x}"


def _shares(random: Random, repositories: int, tags: int) -> list[int]:
    """Share the tags out among the repositories, unevenly, as they are in real namespaces."""
    weights = list(accumulate(random.lognormvariate(0, 1) for _ in range(repositories)))
    bounds = [round(tags * weight / weights[-1]) for weight in weights]
    return [max(upper - lower, 1) for lower, upper in zip([0, *bounds], bounds, strict=False)]


def _paths(random: Random, namespace: str, count: int) -> list[str]:
    """Give as many paths: the second below the first, the third at the greatest depth, the others anywhere."""
    paths: list[str] = []
    for number in range(count):
        parent = paths[0] if number == 1 else _parent(random, namespace, paths)
        deep = _DEEPEST - 1 - _depth(parent) if number == 2 else 0  # noqa: PLR2004 - the third
        folders = (random.choice(_WORDS) for _ in repeat(None, deep))
        paths.append("/".join(filter(None, (parent, *folders, f"{random.choice(_WORDS)}-{number}"))))
    return paths


def _parent(random: Random, namespace: str, paths: Sequence[str]) -> str:
    """Choose where a repository lies: mostly in the namespace itself, else below a repository or in a folder of its own."""
    parent = random.choice((namespace, namespace, namespace, f"{namespace}/github.com/{random.choice(_WORDS)}", *paths[-1:]))
    return parent.removeprefix("/") if _depth(parent) < _DEEPEST else namespace


def _depth(path: str) -> int:
    return len(path.split("/")) if path else 0
