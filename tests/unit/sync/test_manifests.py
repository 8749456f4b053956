"""The manifests of a source that were read lately."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from gcrsync.errors import InvalidManifestError, NotFoundError, ProtocolError, RefusedError
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import AnyManifest, Descriptor
from gcrsync.oci.name import Repository, Tag
from gcrsync.sync.manifests import Manifests
from tests.support.build import Built, image

REPOSITORY = Repository("source.test", "a")


class Source:
    """A source that counts what is read of it."""

    def __init__(self, *images: Built) -> None:
        self.images = {built.digest: built for built in images}
        self.reads: list[Digest] = []
        self.error: Exception | None = None

    def head_manifest(self, repository: Repository, target: Tag | Digest) -> Descriptor | None:
        raise NotImplementedError

    def get_manifest(self, repository: Repository, target: Tag | Digest) -> AnyManifest:
        assert repository == REPOSITORY
        assert isinstance(target, Digest)
        self.reads.append(target)
        if self.error is not None:
            raise self.error
        return self.images[target].parsed

    def referrers(self, repository: Repository, subject: Digest, count: Callable[[int], None]) -> None:
        raise NotImplementedError

    @contextmanager
    def open_blob(self, repository: Repository, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        raise NotImplementedError


def test_a_manifest_is_read_once() -> None:
    built = image()
    source = Source(built)
    manifests = Manifests(source)

    assert [manifests.get(REPOSITORY, built.digest) for _ in range(3)] == [built.parsed] * 3
    assert source.reads == [built.digest]


def test_what_an_index_names_must_have_the_size_that_it_says() -> None:
    built = image()
    manifests = Manifests(Source(built))
    entry = Descriptor(built.media_type, built.digest, len(built.raw))

    assert manifests.child(REPOSITORY, entry) == built.parsed
    with pytest.raises(InvalidManifestError, match=f"{entry.size} bytes, but its index says {entry.size + 1}"):
        manifests.child(REPOSITORY, replace(entry, size=entry.size + 1))


def test_only_the_newest_manifests_are_remembered() -> None:
    images = [image(str(number)) for number in range(3)]
    source = Source(*images)
    manifests = Manifests(source, most=sum(len(built.raw) for built in images[1:]))
    one, two, three = (built.digest for built in images)
    for digest in (one, two, one, three, one, two):
        assert manifests.get(REPOSITORY, digest).raw == source.images[digest].raw

    assert source.reads == [one, two, three, two]


def test_a_manifest_larger_than_all_that_is_remembered_is_read_again() -> None:
    built = image()
    source = Source(built)
    manifests = Manifests(source, most=1)

    assert [manifests.get(REPOSITORY, built.digest) for _ in range(2)] == [built.parsed] * 2
    assert len(source.reads) == 2


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RefusedError("reading manifest", "source.test/a", "415"), ProtocolError),
        (NotFoundError("reading manifest", "source.test/a", "404"), NotFoundError),
    ],
)
def test_a_failure_is_not_remembered_and_no_source_refuses(error: Exception, expected: type[Exception]) -> None:
    built = image()
    source = Source(built)
    source.error = error
    manifests = Manifests(source)
    with pytest.raises(expected):
        manifests.get(REPOSITORY, built.digest)
    source.error = None

    assert manifests.get(REPOSITORY, built.digest) == built.parsed
