"""What a mirror has of a repository already, and what of that is recorded."""

from dataclasses import replace

import pytest

from gcrsync.mirror.adoption import Match, State
from gcrsync.mirror.counterpart import Counterpart, counterparts, found
from gcrsync.mirror.holding import Terms
from gcrsync.mirror.naming import registry_destination
from gcrsync.mirror.record import Record, Records, Why
from gcrsync.mirror.revisit import Look
from gcrsync.mirror.rules import Policy, Rules
from gcrsync.mirror.snapshot import Snapshot, find_doubts
from gcrsync.oci import media_types
from gcrsync.oci.listing import Described, Listing
from gcrsync.oci.manifest import Descriptor, Platform
from gcrsync.oci.name import Tag
from tests.support.values import NOW, THEN, compare, digest, everything, listing, record, records, repository, snapshot

A, PLACE = repository("gcr.io/p/a"), registry_destination("ghcr.io/acme", None)
AMD64 = (Platform.parse("linux/amd64"),)
LATEST, V1 = Tag("latest"), Tag("v1")


def sides(seen: Snapshot, known: Records, terms: Terms | None = None) -> list[Counterpart]:
    selection = everything("gcr.io/p")
    look = Look(seen, selection, find_doubts(seen, known, selection), compare(known, seen, terms=terms).changes)
    names = {name: f"ghcr.io/acme/{name.path}" for name in (*known, A)}
    return list(counterparts(known, look, PLACE, names))


def side(listed: Listing, known: Record | None = None, terms: Terms | None = None) -> Counterpart:
    seen = snapshot("gcr.io/p", {"gcr.io/p": listing(None, "a"), "gcr.io/p/a": listed})
    (only,) = sides(seen, records(known) if known else {}, terms)
    return only


def state(here: Counterpart, tag: Tag, word: str, chosen: Match | None = None) -> State:
    """Say what is found where the mirror serves the digest of a word under a tag."""
    there = Descriptor(media_types.OCI_INDEX, digest(word), 10)
    change = here.wanted[tag]
    match = here.match(change, chosen or Match(here.listing.tags[tag]), there)
    return found(change, there.digest, match).state


def test_what_the_source_has_is_adopted_what_it_had_is_older_and_all_else_is_different() -> None:
    untagged = {digest("untagged"): Described(media_types.OCI_MANIFEST)}
    listed = listing({"latest": "new", "v1": "old"})
    here = side(replace(listed, manifests={**listed.manifests, **untagged}))

    assert {word: state(here, LATEST, word) for word in ("new", "old", "untagged", "strange")} == {
        "new": State.ADOPTED,
        "old": State.OLDER,
        "untagged": State.OLDER,
        "strange": State.DIFFERENT,
    }


def test_a_tag_on_record_gets_the_digest_of_the_source_and_never_another_past() -> None:
    known = record("gcr.io/p/a", {"latest": "recorded", "v1": "old"}, mirror="ghcr.io/acme/p/a")
    here = side(listing({"latest": "new", "v1": "old"}), known)

    assert set(here.wanted) == {LATEST}
    assert [state(here, LATEST, word) for word in ("new", "old")] == [State.ADOPTED, State.DIFFERENT]


def test_what_a_rule_holds_is_wanted_and_where_it_is_not_there_the_rule_is_the_reason() -> None:
    here = side(listing({"latest": "new"}), terms=Terms(NOW, rules=Rules(Policy(min_age=86400))))
    (absent,) = here.missing(())

    assert here.wanted[LATEST].why is Why.YOUNG
    assert state(here, LATEST, "new") is State.ADOPTED
    assert "to be copied from" in absent.reason


def test_only_what_neither_the_source_nor_the_record_names_is_extra() -> None:
    known = record("gcr.io/p/a", {}, gone={"v0": "zero"}, mirror="ghcr.io/acme/p/a")
    here = side(replace(listing({"latest": "new"}), unasked=frozenset({V1})), known)
    tags = [Tag(name) for name in ("latest", "v0", "v1", "mine", f"sha256-{'0' * 64}")]

    assert [finding.tag for finding in here.extras(tags)] == ["mine"]


def test_a_list_of_referrers_that_the_mirror_has_made_itself_is_left_for_a_sync_to_replace() -> None:
    listed = Tag(f"sha256-{'0' * 64}")
    here = side(listing({listed.name: "theirs"}))

    assert [state(here, listed, word) for word in ("theirs", "its own")] == [State.ADOPTED, State.MISSING]


def test_a_repository_whose_list_failed_or_is_gone_is_not_looked_into() -> None:
    known = record("gcr.io/p/b", {"latest": "one"}, mirror="ghcr.io/acme/p/b")
    seen = snapshot("gcr.io/p", {"gcr.io/p": listing(None, "a"), "gcr.io/p/a": listing({"v1": "old"})}, {"gcr.io/p/c": "no answer"})

    assert [each.repository for each in sides(seen, records(known))] == [A]


def test_a_list_that_may_be_cut_adds_nothing() -> None:
    cut = replace(listing({"v1": "old"}), truncated=True)

    assert sides(snapshot("gcr.io/p", {"gcr.io/p": listing(None, "a"), "gcr.io/p/a": cut}), {}) == []


@pytest.mark.parametrize(
    ("word", "platforms", "mirror_digest"), [("small", AMD64, digest("small")), ("new", (), None), ("old", (), None)]
)
def test_it_is_recorded_what_the_mirror_has(word: str, platforms: tuple[Platform, ...], mirror_digest: str | None) -> None:
    here = side(listing({"latest": "new", "v1": "old"}, media_type=media_types.OCI_INDEX))
    chosen = Match(digest("new"), media_types.OCI_INDEX, AMD64, digest("small"))
    there, change = Descriptor(media_types.OCI_INDEX, digest(word), 10), here.wanted[LATEST]
    match = here.match(change, chosen, there)
    after = here.adopted([found(change, there.digest, match)], NOW)
    source = digest("old" if word == "old" else "new")

    assert (after.mirror, after.tags) == ("ghcr.io/acme/p/a", {LATEST: source})
    assert after.digest_at_mirror(LATEST) == digest(word)
    described = after.manifests[source]
    assert (described.media_type, described.mirrored) == (media_types.OCI_INDEX, NOW)
    assert (described.platforms, described.mirror_digest) == (platforms, mirror_digest)


def test_what_is_on_record_of_the_other_tags_stays() -> None:
    known = record("gcr.io/p/a", {"v1": "old"}, held={"latest": "new"}, gone={"v0": "zero"}, mirror="ghcr.io/acme/p/a")
    here = side(listing({"latest": "new", "v1": "old"}), known)
    change, there = here.wanted[LATEST], Descriptor(media_types.OCI_MANIFEST, digest("new"), 10)
    after = here.adopted([found(change, there.digest, here.match(change, Match(digest("new")), there))], NOW)

    assert (after.tags, after.held) == ({V1: digest("old"), LATEST: digest("new")}, {})
    assert (after.gone, after.manifests[digest("old")].mirrored) == (known.gone, THEN)
