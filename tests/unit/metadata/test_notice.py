"""What somebody reads of a run who is elsewhere."""

from gcrsync.metadata.notice import body, title
from gcrsync.metadata.sheet import Line, Part, Sheet, Verdict
from tests.support.values import NOW

COUNTS = {"added": 3, "moved": 0, "failed": 1}
WRONG = Line("gcr.io/p/a", "v1", "failed", Verdict.WRONG, "reset\x1b[2J\n@everyone <!channel>")
GOOD = Line("gcr.io/p/a", "v2", "added", Verdict.GOOD)
UNLISTED = Line("gcr.io/p/b", "", "failed", Verdict.UNKNOWN, "403 Forbidden")


def test_a_notice_has_what_went_wrong_before_the_counts_and_addresses_nobody() -> None:
    sheet = Sheet("sync", NOW, 3, (Part("gcr.io/p", COUNTS, (WRONG, GOOD), (UNLISTED,), 1_234),), "git push: @here: no", ("wait",))

    assert title(sheet) == "gcrsync sync: 3 added, 1 failed (exit code 3)"
    assert body(sheet).splitlines() == [
        "git push: (at)here: no",
        "wait",
        "gcr.io/p/b: failed: 403 Forbidden",
        "gcr.io/p/a:v1: failed: reset [2J (at)everyone (!channel)",
        "gcr.io/p: 3 added, 1 failed; 1.2 kB copied",
    ]


def test_a_notice_is_short_whatever_went_wrong() -> None:
    long = Line("gcr.io/p/a", "v1", "failed", Verdict.WRONG, "x" * 10_000)
    told = body(Sheet("sync", NOW, 1, (Part("gcr.io/p", COUNTS, (long,) * 1_000),)))

    assert "\nand 980 more\n" in told
    assert len(told) < 4_000
