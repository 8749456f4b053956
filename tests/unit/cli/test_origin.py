"""Where this gcrsync comes from."""

from pathlib import Path

import pytest

from gcrsync.cli.origin import Origin, origin_of_checkout
from gcrsync.errors import InvalidNameError
from tests.support.repositories import Workplace

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "url", "at_github", "at_own"),
    [
        (f"acme/gcrsync@{COMMIT}", "https://github.com/acme/gcrsync", "acme/gcrsync", "acme/gcrsync"),
        (f"https://github.com/a/b@{COMMIT}", "https://github.com/a/b", "a/b", "a/b"),
        (f"https://ghe.test/a/b@{COMMIT}", "https://ghe.test/a/b", "", "a/b"),
        (f"https://gitlab.com/a/b/c@{COMMIT}", "https://gitlab.com/a/b/c", "", ""),
    ],
)
def test_an_origin_is_an_action_where_a_github_can_fetch_it(text: str, url: str, at_github: str, at_own: str) -> None:
    origin = Origin.parse(text)

    assert origin == Origin(url, COMMIT)
    assert (origin.action("github.com"), origin.action("ghe.test")) == (at_github, at_own)


@pytest.mark.parametrize(
    "text",
    ["", "acme/gcrsync", "acme/gcrsync@main", f"acme@{COMMIT}", f"acme/gcrsync@{COMMIT[:12]}", f'https://a/$(id)"@{COMMIT}'],
)
def test_what_is_no_commit_or_more_than_a_value_is_refused(text: str) -> None:
    with pytest.raises(InvalidNameError, match="expected OWNER/REPO@COMMIT"):
        Origin.parse(text)


@pytest.mark.parametrize("text", [f"https://me:s3cret@github.com/a/b@{COMMIT}", "https://me:s3@cret@github.com/a/b"])
def test_credentials_are_refused_and_not_told(text: str) -> None:
    with pytest.raises(InvalidNameError, match=r"'https://github\.com/a/b\S* is not .* without credentials") as refused:
        Origin.parse(text)

    assert "cret" not in str(refused.value)


def test_a_checkout_is_known_by_its_commit_once_the_remote_has_that(tmp_path: Path) -> None:
    place = Workplace(tmp_path)
    clone = place.seeded()
    published = place.git(clone, "rev-parse", "HEAD").strip()
    place.git(clone, "remote", "set-url", "origin", "git@github.com:acme/gcrsync.git")
    known = origin_of_checkout(clone, place.environment)
    inside = origin_of_checkout(clone / "metadata", place.environment)
    place.commit(clone, "mine alone", {"notes.txt": "more\n"})

    assert known == Origin("https://github.com/acme/gcrsync", published)
    assert inside is None
    assert origin_of_checkout(clone, place.environment) is None


def test_a_folder_that_is_no_checkout_tells_nothing(tmp_path: Path) -> None:
    assert origin_of_checkout(tmp_path / "absent", Workplace(tmp_path).environment) is None
