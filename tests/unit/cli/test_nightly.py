"""When the nightly job runs, and the files that say so."""

import re

import pytest

from gcrsync.cli.forge import Forge
from gcrsync.cli.nightly import PATHS, Daily, Nightly
from gcrsync.cli.origin import Origin
from gcrsync.errors import InvalidNameError

ORIGIN = Origin("https://github.com/acme/gcrsync", "0123456789abcdef0123456789abcdef01234567")


def test_a_time_of_day_is_read_as_people_write_it() -> None:
    assert Daily.parse("2:37") == Daily(2, 37)
    assert str(Daily(2, 7)) == "02:07"
    assert Daily(2, 7).cron == "7 2 * * *"
    for text in ("24:00", "2:7", "2:60", "noon", "", "٢:37"):
        with pytest.raises(InvalidNameError):
            Daily.parse(text)


def test_names_spread_over_the_small_hours_and_never_get_a_full_hour() -> None:
    times = {Daily.spread(f"acme/mirror-{number}") for number in range(500)}

    assert len(times) > 150
    assert {time.hour for time in times} == {1, 2, 3, 4, 5}
    assert [time for time in times if time.minute % 5 == 0] == []
    assert Daily.spread("acme/mirror") == Daily.spread("acme/mirror")


@pytest.mark.parametrize("forge", PATHS)
def test_a_file_has_no_holes_left(forge: Forge) -> None:
    text = Nightly(Daily(2, 37), 3, ORIGIN).file(forge, "acme/gcrsync")

    assert "37 2 * * *" in text
    assert '["1/3", "2/3", "3/3"]' in text
    assert ORIGIN.commit in text
    assert re.findall(r"<<[a-z]+>>", text) == []
