"""Which places are asked, and which are given up."""

import pytest

from gcrsync.errors import GcrsyncError, InvalidNameError, NotFoundError, PullLimitError, StoppedError, UnreachableError
from gcrsync.sync.reach import Reach

SILENT = UnreachableError("listing", "mirror.test/a", "no answer")


class Asked:
    """A question to a place that answers with an error, and counts how often it is asked."""

    def __init__(self, reach: Reach, error: GcrsyncError) -> None:
        self.reach, self.error, self.count = reach, error, 0

    def __call__(self, place: str = "here") -> str | None:
        return self.reach.ask(place, self._fail, lambda reason: f"unknown: {reason}")

    def _fail(self) -> str:
        self.count += 1
        raise self.error


def test_a_place_that_does_not_answer_three_times_is_asked_no_more_and_others_are() -> None:
    silent = Asked(Reach(lambda: False), SILENT)
    answers = [silent() for _ in range(5)]

    assert (answers, silent.count) == ([f"unknown: {SILENT}"] * 5, 3)
    assert silent("there") == f"unknown: {SILENT}"
    assert silent.count == 4


def test_an_answer_between_two_failures_is_a_reason_to_go_on() -> None:
    reach = Reach(lambda: False)
    silent = Asked(reach, SILENT)
    for _ in range(3):
        silent(), silent()
        assert reach.ask("here", lambda: "here I am", str) == "here I am"

    assert silent.count == 6


def test_what_one_name_lacks_is_no_reason_to_give_its_place_up() -> None:
    absent = Asked(Reach(lambda: False), NotFoundError("reading", "mirror.test/a", "no such manifest"))
    for _ in range(5):
        absent()

    assert absent.count == 5


def test_a_stop_is_no_answer_and_no_failure() -> None:
    stopped = Asked(Reach(lambda: False), StoppedError())
    closed = Asked(Reach(lambda: True), SILENT)

    assert [stopped(), closed()] == [None, None]


def test_a_limit_is_remembered_with_the_words_of_its_host() -> None:
    limited = Asked(Reach(lambda: False), PullLimitError("reading", "docker.io", "100 pulls in 6 hours"))
    limited()

    assert limited.reach.limits == {"docker.io": str(limited.error)}


def test_what_the_user_has_to_mend_is_raised() -> None:
    wrong = Asked(Reach(lambda: False), InvalidNameError("name", "x", "no"))

    with pytest.raises(InvalidNameError):
        wrong()
