from datetime import UTC, datetime

import pytest

from gcrsync.errors import InvalidNameError
from gcrsync.metadata.timestamp import format_time, parse_time, parse_times


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-21T02:17:00+00:00", "2026-11-21T02:17:00Z"),
        ("2026-11-21T00:17:00.987-02:00", "2026-11-21T02:17:00Z"),
        ("0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00Z"),
    ],
)
def test_a_time_is_written_in_utc_and_whole_seconds(moment: str, text: str) -> None:
    assert format_time(datetime.fromisoformat(moment)) == text
    assert parse_time(text) == datetime.fromisoformat(moment).replace(microsecond=0)
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T02:17:00",
        "2026-11-21T02:17:00z",
        "2026-11-21 02:17:00Z",
        "2026-11-21T02:17:00.5Z",
        "2026-11-21T02:17:00+00:00",
        "2026-11-21T24:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-11-21T02:17:60Z",
        "٢٠٢٦-11-21T02:17:00Z",
        "2026-11-21T02:17:00Z\n",
    ],
)
def test_no_other_form_is_a_time(text: str) -> None:
    with pytest.raises(InvalidNameError):
        parse_time(text)


def test_many_times_are_read_at_once_in_their_order() -> None:
    texts = ["2026-11-21T02:17:00Z", "1970-01-01T00:00:00Z"]
    assert parse_times(texts) == [parse_time(text) for text in texts]


@pytest.mark.parametrize("wrong", ["2026-02-30T00:00:00Z", "2026-11-21", "2026-11-21T02:17:00Z\n2026-11-21T02:17:00Z", ""])
def test_the_first_text_of_many_that_is_no_time_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        parse_times(["2026-11-21T02:17:00Z", wrong])
    assert caught.value.text == wrong
