"""What is the same for every command."""

import pytest

from gcrsync.cli.command import Exit, first


@pytest.mark.parametrize(
    ("codes", "counts"),
    [
        (set(), Exit.DONE),
        ({Exit.DELTA}, Exit.DELTA),
        ({Exit.DELTA, Exit.IMAGES}, Exit.IMAGES),
        ({Exit.IMAGES, Exit.RECORD}, Exit.RECORD),
        ({Exit.RECORD, Exit.STOPPED, Exit.BUDGET}, Exit.STOPPED),
        ({Exit.USAGE, Exit.RECORD}, Exit.USAGE),
        ({Exit.DEFECT, Exit.STOPPED}, Exit.DEFECT),
    ],
)
def test_of_several_exit_codes_the_gravest_counts(codes: set[Exit], counts: Exit) -> None:
    assert first(codes) is counts
