from benchmarks.namespaces.content import StoredNamespace, StoredRepository
from benchmarks.namespaces.evolve import evolve
from benchmarks.namespaces.generate import generate
from gcrsync.oci.digest import Digest


def test_the_same_night_gives_the_same_bytes() -> None:
    assert evolve(generate(1), 2) == evolve(generate(1), 2)


def test_a_night_leaves_the_namespace_of_the_day_as_it_was() -> None:
    day = generate(1)
    evolve(day, 2)
    assert day == generate(1)


def test_overnight_one_repository_vanishes_and_one_comes() -> None:
    before, after = by_path(generate(1)), by_path(evolve(generate(1), 2))
    assert len(set(before) - set(after)) == 1
    assert len(set(after) - set(before)) == 1


def test_overnight_tags_move_and_vanish_and_come() -> None:
    before, after = all_tags(generate(1)), all_tags(evolve(generate(1), 2))
    common = {path: (tags, after[path]) for path, tags in before.items() if path in after}
    assert any(new.get(name, old[name]) != old[name] for old, new in common.values() for name in old)
    assert any(old.keys() - new.keys() for old, new in common.values())
    assert any(new.keys() - old.keys() for old, new in common.values())


def test_most_repositories_are_the_same_in_the_morning() -> None:
    before, after = by_path(generate(1)), by_path(evolve(generate(1), 2))
    assert len([path for path, repository in after.items() if before.get(path) == repository]) > len(before) * 0.8


def test_new_images_share_layers_with_what_was_there() -> None:
    before, after = by_path(generate(1)), by_path(evolve(generate(1), 2))
    changed = [path for path in before if path in after and before[path] != after[path]]
    fresh = [
        manifest.raw.decode()
        for path in changed
        for digest, manifest in after[path].manifests.items()
        if digest not in before[path].manifests
    ]
    known = [digest for path in changed for digest in before[path].blobs]
    assert any(digest in raw for raw in fresh for digest in known)


def test_after_a_week_every_digest_is_still_of_the_bytes_and_every_tag_has_a_manifest() -> None:
    namespace = generate(1, "week", 6, 60)
    for night in range(7):
        namespace = evolve(namespace, night)
    assert len(by_path(namespace)) == 6
    for repository in namespace.repositories:
        assert set(repository.tags.values()) <= set(repository.manifests)
        assert all(Digest(digest).matches(blob.content()) for digest, blob in repository.blobs.items())


def test_the_only_repository_does_not_vanish() -> None:
    only = generate(1, "small", 1, 5)
    assert set(by_path(only)) < set(by_path(evolve(only, 2)))


def by_path(namespace: StoredNamespace) -> dict[str, StoredRepository]:
    return {repository.path: repository for repository in namespace.repositories}


def all_tags(namespace: StoredNamespace) -> dict[str, dict[str, str]]:
    return {repository.path: dict(repository.tags) for repository in namespace.repositories}
