"""What a commit has, without a worktree."""

from dataclasses import replace

import pytest

from gcrsync.store.tree import Tree
from tests.support.repositories import Workplace


@pytest.mark.parametrize("hashing", ["sha1", "sha256"])
def test_the_id_of_a_file_is_the_one_that_git_gives_it(place: Workplace, hashing: str) -> None:
    folder = place.remote.parent / hashing
    place.git(place.remote.parent, "init", "--quiet", f"--object-format={hashing}", str(folder))
    place.commit(folder, "a file", {"metadata/README.md": "x\n"})
    tree = Tree(replace(place.open(place.seeded()).git, folder=folder), place.git(folder, "rev-parse", "HEAD").strip())

    assert tree.entries()["metadata/README.md"].oid == tree.id_of(b"x\n")
