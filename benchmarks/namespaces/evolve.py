"""Lets a night pass over a namespace."""

from random import Random

from benchmarks.namespaces.builder import RepositoryBuilder, seeded, some_layers
from benchmarks.namespaces.content import StoredNamespace, StoredRepository
from benchmarks.namespaces.generate import generate_repository, some_kinds, tag_names

_SHARE_OF_REPOSITORIES = 0.1
_SHARE_OF_TAGS = 0.05
_SHARE_OF_OLD_IMAGES = 0.3
_NEW_TAGS = 6


def evolve(namespace: StoredNamespace, seed: int) -> StoredNamespace:
    """Give the namespace a night later: the same one and seed give the same bytes.

    In one repository of ten, some tags move, some vanish and some are new, sharing layers with what was there. One repository
    vanishes, unless it is the only one, and a new one comes. What a tag no longer names stays as an untagged manifest. Give each
    night another seed.
    """
    random = seeded(seed, namespace.path, len(namespace.repositories))
    positions = random.sample(range(len(namespace.repositories)), len(namespace.repositories))
    changed = set(positions[: _some(len(positions), _SHARE_OF_REPOSITORIES)])
    gone = positions[-1] if len(positions) > 1 else None
    kept = (
        _changed(repository, seeded(seed, repository.path)) if position in changed else repository
        for position, repository in enumerate(namespace.repositories)
        if position != gone
    )
    return StoredNamespace(namespace.path, (*kept, _newcomer(namespace, seed, random)))


def _changed(repository: StoredRepository, random: Random) -> StoredRepository:
    builder, kinds = RepositoryBuilder.on(repository, random), some_kinds(random)
    names = random.sample(list(repository.tags), len(repository.tags))
    some = _some(len(names), _SHARE_OF_TAGS)
    moved, vanished = names[:some], names[some : 2 * some]
    for name in moved:
        old = [digest for digest in repository.tags.values() if digest != repository.tags[name]]
        again = old and random.random() < _SHARE_OF_OLD_IMAGES
        builder.tag(name, random.choice(old) if again else next(kinds)(builder).digest.text)
    for name in vanished:
        builder.untag(name)
    fresh = (name for name in tag_names(random) if name not in repository.tags)
    for _ in range(random.randint(1, _NEW_TAGS)):
        builder.tag(next(fresh), next(kinds)(builder).digest.text)
    return builder.finished()


def _newcomer(namespace: StoredNamespace, seed: int, random: Random) -> StoredRepository:
    """Make a repository with the base layers of another one."""
    path = f"{namespace.path}/new-{seed}".removeprefix("/")
    shared = some_layers(random.choice(namespace.repositories))
    return generate_repository(random, path, (), random.randint(1, 2 * _NEW_TAGS), shared)


def _some(count: int, share: float) -> int:
    return max(round(count * share), 1)
