"""Who commits and when, as people write it."""

import pytest

from gcrsync.cli.identity import identity
from gcrsync.errors import UsageError


def test_nothing_is_said_where_nothing_is_given() -> None:
    assert identity(None, None) == {}


def test_an_author_is_author_and_committer() -> None:
    assert identity(" Ann B. Example <ann@example.com>", None) == {
        "GIT_AUTHOR_NAME": "Ann B. Example",
        "GIT_AUTHOR_EMAIL": "ann@example.com",
        "GIT_COMMITTER_NAME": "Ann B. Example",
        "GIT_COMMITTER_EMAIL": "ann@example.com",
    }


@pytest.mark.parametrize("text", ["", "Ann", "<ann@example.com>", "Ann <>", "Ann <a> <b>", "Ann\n<ann@example.com> x", "Ann <a b>"])
def test_what_is_no_name_with_an_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no name with an address: write it like"):
        identity(text, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-21T02:17:00Z", "1795227420 +0000"),
        ("2026-11-21T04:17:00+02:00", "1795227420 +0200"),
        ("2026-11-21T02:17:00", "1795227420 +0000"),
        ("2026-11-21", "1795219200 +0000"),
    ],
)
def test_a_date_is_that_of_author_and_committer(text: str, told: str) -> None:
    assert identity(None, text) == {"GIT_AUTHOR_DATE": told, "GIT_COMMITTER_DATE": told}


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_of_a_commit_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--date '.*' is (no time|before 1970): "):
        identity(None, text)
