"""What a mirror is asked for, and what is to be said of the answers."""

from dataclasses import replace

from gcrsync.mirror.record import Gone, Kept, Mirrored
from gcrsync.mirror.verification import Finding, Question, State, Verification, extra, questions
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Tag
from tests.support.values import NOW, THEN, digest, record

AMD64 = (Platform.parse("linux/amd64"),)
RECORD = record("gcr.io/p/a", {"latest": "one", "v1": "one"}, held={"v9": "nine"}, gone={"v0": "zero"})


def test_every_tag_that_the_mirror_serves_is_asked_for_and_none_that_it_does_not() -> None:
    kept = replace(RECORD, kept={Tag("v1-0"): Kept(digest("zero"), Tag("v1"), THEN)})

    assert {(each.tag, each.digest, each.source) for each in questions(kept)} == {
        (Tag("latest"), digest("one"), digest("one")),
        (Tag("v1"), digest("one"), digest("one")),
        (Tag("v0"), digest("zero"), digest("zero")),
        (Tag("v1-0"), digest("zero"), digest("zero")),
    }


def test_where_platforms_were_chosen_the_digest_at_the_mirror_is_asked_for() -> None:
    small = Mirrored(platforms=AMD64, mirror_digest=digest("small"))
    smaller = Mirrored(platforms=AMD64, mirror_digest=digest("smaller"))
    chosen = replace(RECORD, manifests={**RECORD.manifests, digest("one"): small}, former={Tag("v1"): smaller})

    assert list(questions(chosen))[-2:] == [
        Question(RECORD.repository, digest("small"), digest("one"), Tag("latest"), AMD64),
        Question(RECORD.repository, digest("smaller"), digest("one"), Tag("v1"), AMD64),
    ]


def test_what_refers_to_an_image_is_asked_for_by_its_digest_once() -> None:
    signed = {name: each._replace(referrers=(digest("one"), digest("sign"))) for name, each in RECORD.manifests.items()}
    by_digest = [each for each in questions(replace(RECORD, manifests=signed)) if each.tag is None]

    assert by_digest == [Question(RECORD.repository, digest("sign"), digest("sign"))]


def test_a_tag_that_is_not_on_record_is_extra_unless_it_is_a_list_of_referrers() -> None:
    tags = [Tag(name) for name in ("latest", "v0", "v9", "mine", f"sha256-{'0' * 64}", f"sha256-{'0' * 64}.sig")]
    kept = replace(RECORD, gone={Tag("v0"): Gone(digest("zero"), NOW)})

    assert list(extra(kept, tags)) == ["v9", "mine", f"sha256-{'0' * 64}.sig"]


def test_a_mirror_is_whole_when_all_that_it_lacked_was_repaired() -> None:
    name = RECORD.repository
    lost, added = Finding(name, State.MISSING, Tag("latest")), Finding(name, State.EXTRA, Tag("mine"))
    changed, silent = Finding(name, State.DIFFERENT, Tag("v1")), Finding(name, State.UNKNOWN, Tag("v1"))

    def whole(*findings: Finding) -> bool:
        return Verification(NOW, {name: RECORD.mirror}, 4, 4, findings).is_whole

    assert whole(added, replace(lost, repaired=True))
    assert not any(map(whole, (lost, changed, silent)))
