"""Two writers' changes to one record."""

from dataclasses import replace

from gcrsync.mirror.merge import merge
from gcrsync.mirror.record import Mirrored
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag
from tests.support.values import digest, record, tags

NAME = "gcr.io/p/a"


def never(mirror: str, tag: Tag) -> Digest | None:
    raise AssertionError((mirror, tag))


def test_changes_to_different_tags_are_both_kept() -> None:
    merged = merge(record(NAME, {"1": "x"}), record(NAME, {"1": "y"}), record(NAME, {"1": "x", "2": "z"}), never)

    assert merged.tags == tags({"1": "y", "2": "z"})
    assert set(merged.manifests) == {digest("y"), digest("z")}


def test_the_same_change_is_no_conflict() -> None:
    assert merge(record(NAME), record(NAME, {"1": "y"}), record(NAME, {"1": "y"}), never).tags == tags({"1": "y"})


def test_a_tag_that_only_the_other_writer_retired_stays_retired() -> None:
    merged = merge(record(NAME, {"1": "x"}), record(NAME, {"1": "x", "2": "y"}), record(NAME, gone={"1": "x"}), never)

    assert (merged.tags, set(merged.gone)) == (tags({"2": "y"}), {Tag("1")})


def test_where_both_moved_one_tag_the_destination_decides() -> None:
    base, ours, theirs = record(NAME, {"1": "x"}), record(NAME, {"1": "y"}), record(NAME, {"1": "z"})

    assert merge(base, ours, theirs, lambda *_: digest("y")).tags == tags({"1": "y"})
    assert merge(base, ours, theirs, lambda *_: digest("z")).tags == tags({"1": "z"})
    assert merge(base, ours, theirs, lambda *_: None).tags == tags({"1": "z"})


def test_a_file_that_the_other_writer_removed_gets_only_our_changes() -> None:
    merged = merge(record(NAME, {"1": "x"}), record(NAME, {"1": "x", "2": "y"}), record(NAME), never)

    assert merged.tags == tags({"2": "y"})


def test_the_destination_is_compared_with_the_digest_that_the_mirror_has() -> None:
    base, ours, theirs = record(NAME, {"1": "x"}), record(NAME, {"1": "y"}), record(NAME, {"1": "z"})
    ours = replace(ours, manifests={digest("y"): Mirrored(mirror_digest=digest("child"))})

    assert merge(base, ours, theirs, lambda _mirror, _tag: digest("child")).tags == ours.tags
    assert merge(base, ours, theirs, lambda _mirror, _tag: digest("y")).tags == theirs.tags


def test_a_tag_that_kept_its_former_bytes_is_merged_with_them() -> None:
    base = record(NAME, {"1": "x", "2": "x"})
    chosen, other = Mirrored(mirror_digest=digest("child")), Mirrored(mirror_digest=digest("sibling"))
    ours = replace(base, manifests={digest("x"): chosen}, former={Tag("2"): base.manifests[digest("x")]})
    theirs = replace(base, manifests={digest("x"): other})
    merged = merge(base, ours, theirs, lambda _mirror, tag: digest("child") if tag == Tag("1") else digest("sibling"))

    assert merge(base, ours, base, never) == merge(base, ours, ours, never) == ours
    assert merge(base, ours, record(NAME, {"1": "x", "2": "x", "3": "z"}), never).former == ours.former
    assert [merged.digest_at_mirror(Tag(name)) for name in "12"] == [digest("child"), digest("sibling")]


def test_a_choice_of_ours_is_kept_beside_a_tag_of_theirs() -> None:
    base, theirs = record(NAME, {"1": "x"}), record(NAME, {"1": "x", "2": "y"})
    ours = replace(base, manifests={digest("x"): Mirrored(mirror_digest=digest("child"))})
    after = merge(base, ours, theirs, lambda _mirror, _tag: None)

    assert after.tags == theirs.tags
    assert after.manifests == {**theirs.manifests, **ours.manifests}
