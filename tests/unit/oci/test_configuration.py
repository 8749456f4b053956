"""The age of an image, as its configuration says."""

from datetime import UTC, datetime

import pytest

from gcrsync.oci.configuration import created

NOON = datetime(2021, 3, 4, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2021-03-04T12:00:00Z", "2021-03-04T14:00:00+02:00"])
def test_the_time_is_told_in_utc(text: str) -> None:
    assert created(f'{{"created": "{text}"}}'.encode()) == NOON


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"created": 7}',
        b'{"created": "soon"}',
        b'{"created": "2021-03-04T12:00:00"}',
        b'{"created": "0001-01-01T00:00:00+14:00"}',
    ],
)
def test_what_is_no_sound_time_is_unknown(raw: bytes) -> None:
    assert created(raw) is None
