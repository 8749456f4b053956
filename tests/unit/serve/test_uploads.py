"""Uploads that nobody has touched for long make room for new ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gcrsync.archive.staging import Staging
from gcrsync.serve.call import RequestError
from gcrsync.serve.uploads import Uploads

MOST = 3


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Uploads]:
    monkeypatch.setattr("gcrsync.serve.uploads._MOST", MOST)
    uploads = Uploads(Staging(tmp_path))
    yield uploads
    uploads.close()


def test_the_oldest_upload_is_dropped_and_who_waits_for_it_learns_that(uploads: Uploads) -> None:
    oldest, *others = [uploads.start("a") for _ in range(MOST + 1)]

    assert oldest.lock.acquire(blocking=False)
    assert not oldest.staged.path.exists()
    with pytest.raises(RequestError, match="begin again"), uploads.use("a", oldest.identifier):
        pass
    for other in others:
        with uploads.use("a", other.identifier) as used:
            assert used is other


def test_a_new_upload_is_never_dropped_for_those_in_use(uploads: Uploads) -> None:
    busy = [uploads.start("a") for _ in range(MOST)]
    for upload in busy:
        upload.lock.acquire()

    newest = uploads.start("a")

    with uploads.use("a", newest.identifier) as used:
        assert used is newest
    assert all(upload.staged.path.exists() for upload in busy)
    for upload in busy:
        upload.lock.release()
    uploads.start("a")
    assert [upload.staged.path.exists() for upload in (*busy, newest)] == [False, False, True, True]
