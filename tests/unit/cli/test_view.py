"""What is shown of where a run is."""

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from gcrsync.cli.view import View, line
from gcrsync.metadata.status import Copying, Due, Pulls, Standing

COPYING = Copying("gcr.io/p/some/very/long/name/of/an/image/that/tells/itself/apart:v1 and 1 more", 1_000_000, 2_000_000, 500_000)
STANDING = Standing(
    "copying",
    3_725,
    9,
    12,
    3,
    1,
    5_000_000,
    9_000_000,
    1_200_000,
    (COPYING,),
    (Pulls("docker.io", 57, 100),),
    (Due("the checkpoint", 252), Due("the end of a pause", 299)),
)


def drawn(standing: Standing, width: int) -> list[str]:
    console = Console(file=StringIO(), width=width, color_system=None, force_terminal=True)
    console.print(View(standing))
    assert isinstance(console.file, StringIO)
    return [each.rstrip() for each in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [60, 80, 112])
def test_a_terminal_shows_what_is_done_copied_left_and_to_come_and_the_end_of_long_names(width: int) -> None:
    whole, sizes, image, host, due, pause = drawn(STANDING, width)

    assert whole.endswith("3 of 12 images, 1 failed; 1h2m")
    assert sizes.endswith("5.0 MB of 9.0 MB, 1.2 MB/s")
    assert image.endswith("1.0 MB of 2.0 MB, 500.0 kB/s")
    assert "1 more" in image
    assert host.endswith("57 of 100 pulls left")
    assert due == "  next, in 4m12s: the checkpoint"
    assert pause == "  then, in 4m59s: the end of a pause"
    assert max(map(cell_len, (whole, sizes, image, host, due, pause))) <= width


def test_a_line_says_the_same_where_nothing_may_move() -> None:
    rest = (
        f"docker.io: 57 of 100 pulls left; next, in 4m12s: the checkpoint; then, in 4m59s: the end of a pause; now {COPYING.image}"
    )

    assert line(STANDING) == f"copying: 3 of 12 images, 1 failed, 5.0 MB of 9.0 MB, 1.2 MB/s; {rest}"
    assert line(Standing("listing gcr.io/p", 2, 7)) == "listing gcr.io/p: 7 listed"
    assert line(Standing("asking", 2, images=7, done=3)) == "asked for 3 of 7 names"


def test_before_anything_is_planned_the_time_goes_on() -> None:
    (only,) = drawn(Standing("listing gcr.io/p", 5, 1_234), 112)

    assert "listing gcr.io/p" in only
    assert only.endswith("1,234 listed; 5s")
