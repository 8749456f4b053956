"""From when on something is not well."""

from datetime import timedelta

import pytest

from gcrsync.mirror.diagnosis import Verdict, certificate, clock, room

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("free", "verdict"),
    [(0, Verdict.FAILED), (99_999_999, Verdict.FAILED), (100_000_000, Verdict.WARNING), (1_000_000_000, Verdict.OK)],
)
def test_a_disk_is_judged_by_its_free_bytes(free: int, verdict: Verdict) -> None:
    assert room(free) is verdict


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(0, Verdict.OK), (30, Verdict.OK), (-31, Verdict.WARNING), (300, Verdict.WARNING), (-301, Verdict.FAILED)],
)
def test_a_clock_is_judged_in_both_directions(seconds: int, verdict: Verdict) -> None:
    assert clock(timedelta(seconds=seconds)) is verdict


@pytest.mark.parametrize(
    ("left", "verdict"), [(-DAY, Verdict.FAILED), (0 * DAY, Verdict.FAILED), (13 * DAY, Verdict.WARNING), (14 * DAY, Verdict.OK)]
)
def test_a_certificate_is_judged_by_how_long_it_is_good(left: timedelta, verdict: Verdict) -> None:
    assert certificate(left) is verdict
