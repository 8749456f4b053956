"""What is told of an image that was copied by its name."""

from dataclasses import replace

from gcrsync.mirror.located import Located
from gcrsync.mirror.outcome import Outcome, Problem, Step
from gcrsync.mirror.single import Copied
from gcrsync.oci.name import Repository, Tag
from tests.support.values import digest

STEP = Step(Repository("gcr.io", "a"), Repository("ghcr.io", "b"), "ghcr.io/b", digest("one"), (Tag("v1"),))
WHOLE = Copied(Located.parse("gcr.io/a:v1"), Located.parse("ghcr.io/b:v1"), Outcome(STEP, copied=5), served=digest("one"))
SIGNATURE = Outcome(replace(STEP, digest=digest("signature"), tags=(Tag("sha256-1.sig"),)), copied=2)


def test_an_image_that_is_served_under_its_digest_is_well() -> None:
    assert (WHOLE.problem, WHOLE.reason) == (None, "")
    assert replace(WHOLE, attached=(SIGNATURE,)).copied == 7


def test_an_image_that_the_destination_serves_under_another_digest_has_failed() -> None:
    other, absent = replace(WHOLE, served=digest("other")), replace(WHOLE, served=None)

    assert (other.problem, absent.problem) == (Problem.FAILED, Problem.FAILED)
    assert other.reason == f"ghcr.io/b:v1 is {digest('other')} after {digest('one')} was put there"
    assert absent.reason == f"ghcr.io/b:v1 is not there after {digest('one')} was put there"


def test_an_image_whose_signature_was_not_copied_has_failed_and_says_so() -> None:
    refused = replace(SIGNATURE, problem=Problem.REFUSED, reason="no")
    unsigned = replace(WHOLE, attached=(SIGNATURE, refused))

    assert (unsigned.problem, unsigned.reason) == (Problem.REFUSED, "sha256-1.sig, which is attached to it: no")


def test_the_digest_that_counts_is_that_of_the_platforms_that_were_chosen() -> None:
    chosen = replace(WHOLE, outcome=replace(WHOLE.outcome, mirror_digest=digest("child")), served=digest("child"))

    assert (chosen.problem, chosen.is_narrowed, WHOLE.is_narrowed) == (None, True, False)
