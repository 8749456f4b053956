"""Durations, sizes and shares as people write them."""

from fractions import Fraction

import pytest

from gcrsync.cli.quantities import seconds, share, size
from gcrsync.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90), ("10m", 600), ("5h30m", 19_800), ("30d", 2_592_000), ("1d1h1m1s", 90_061)]
)
def test_a_duration_is_in_seconds(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "5", "h", "5 h", "-5h", "5h30", "1.5h", "5w", "10000000d"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        seconds(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1000", 1_000), ("500MB", 500_000_000), ("2GiB", 2 << 30), ("1.5 KiB", 1_536), ("10kB", 10_000), ("1TB", 10**12), ("7B", 7)],
)
def test_a_size_is_in_bytes(text: str, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize("text", ["", "GiB", "-1", "2gib", "1e9", "2 XB", "1,000"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no size"):
        size(text)


@pytest.mark.parametrize(("text", "expected"), [("5%", Fraction(1, 20)), ("0.5%", Fraction(1, 200)), ("100%", 1), ("0%", 0)])
def test_a_share_is_exact(text: str, expected: Fraction) -> None:
    assert share(text) == expected


@pytest.mark.parametrize("text", ["", "5", "%", "101%", "-1%", "5 %", "1e1%"])
def test_what_is_no_share_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        share(text)
    assert caught.value.hint
