"""The parts of a mirror that several runs share."""

import pytest

from gcrsync.errors import UsageError
from gcrsync.mirror.shard import Shard
from tests.support.values import repository

NAMES = [repository(f"gcr.io/p/image-{number}") for number in range(400)]


@pytest.mark.parametrize("of", [1, 2, 8, 100])
def test_each_repository_is_in_one_part_and_the_parts_are_about_as_large(of: int) -> None:
    parts = [[name for name in NAMES if Shard(number, of).holds(name)] for number in range(1, of + 1)]

    assert sorted(name for part in parts for name in part) == sorted(NAMES)
    assert max(map(len, parts)) < 3 * len(NAMES) / of + 10


def test_the_part_of_a_repository_is_the_same_on_every_machine_and_in_every_version() -> None:
    assert [name.path for name in NAMES[:20] if Shard(3, 8).holds(name)] == ["p/image-3", "p/image-16"]


def test_a_part_is_written_with_the_number_of_parts() -> None:
    assert Shard.parse("3/8") == Shard(3, 8)
    assert str(Shard.parse("08/8")) == "8/8"


@pytest.mark.parametrize("text", ["", "3", "0/8", "9/8", "-1/8", "1/0", "1/1001", "3/8/2", "1 / 2", "a/b"])
def test_a_part_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Shard.parse(text)
