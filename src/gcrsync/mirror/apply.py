"""What is recorded after a run: only what truly happened."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from gcrsync.mirror.change import Change, State
from gcrsync.mirror.holding import Hold
from gcrsync.mirror.outcome import Outcome
from gcrsync.mirror.record import Gone, Held, Kept, Mirrored, Record, Why
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Tag


class _Draft:
    """A record while it is being changed."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.tags = dict(record.tags)
        self.manifests = dict(record.manifests)
        self.held = dict(record.held)
        self.gone = dict(record.gone)
        self.kept = dict(record.kept)
        self.former = dict(record.former)
        self.untagged = record.untagged

    def hold(self, tag: Tag, digest: Digest, hold: Hold, now: datetime) -> None:
        """Note that the source has a digest which the mirror has not; what the mirror serves it goes on serving."""
        before = self.held.get(tag)
        since, extra = (before.since, before.extra) if before is not None and before.digest == digest else (now, {})
        self.held[tag] = Held(digest, since, hold.why, hold.reason, extra, hold.size)
        if tag in self.gone:
            self.tags[tag] = self.gone.pop(tag).digest

    def retire(self, change: Change, now: datetime) -> None:
        """Note that the source no longer has a tag, or why one that is gone already could not be pruned."""
        tag, gone = change.tag, self.gone.get(change.tag)
        self.held.pop(tag, None)
        if tag in self.tags:
            self.gone[tag] = Gone(self.tags.pop(tag), now)
        elif gone is not None and change.was == gone.digest:
            self.gone[tag] = replace(gone, reason=change.reason)

    def describe(self, digest: Digest, described: Mirrored) -> None:
        """Note what the mirror is to have of a digest; its tags have what they had until they are confirmed."""
        known = self.manifests.get(digest, described)
        served = replace(self.record, tags=self.tags, gone=self.gone, kept=self.kept).served
        for tag, named in served.items():
            if named == digest:
                self.former.setdefault(tag, known)
        self.manifests[digest] = described

    def keep(self, tag: Tag, name: Tag, now: datetime) -> None:
        """Note that the mirror keeps what it has under a tag, which is about to move, under another name too."""
        digest = self.tags[tag] if tag in self.tags else self.gone[tag].digest
        self.kept.setdefault(name, Kept(digest, tag, now))
        if tag in self.former:
            self.former.setdefault(name, self.former[tag])

    def confirm(self, tag: Tag, digest: Digest) -> None:
        """Note that the mirror serves a digest under a tag."""
        self.tags[tag] = digest
        self.held.pop(tag, None)
        self.gone.pop(tag, None)
        self.former.pop(tag, None)

    def remember(self, outcomes: Sequence[Outcome]) -> None:
        """Note what untagged manifests refer to.

        What is new and refers to something is not noted before all of that came: the next run would not look for it again.
        """
        all_came = all(outcome.problem is None or outcome.why is not None for outcome in outcomes)
        for outcome in outcomes:
            if outcome.untagged is not None:
                known = self.record.untagged
                self.untagged = {
                    digest: subject
                    for digest, subject in outcome.untagged.items()
                    if all_came or subject is None or digest in known
                }

    def result(self, mirror: str) -> Record:
        """Give the record, with a description of each digest that is named and of no other."""
        return replace(
            self.record,
            mirror=mirror,
            tags=self.tags,
            manifests=self.manifests,
            held=self.held,
            gone=self.gone,
            kept=self.kept,
            former=self.former,
            untagged=self.untagged,
        ).settled()


def apply(record: Record, changes: Iterable[Change], outcomes: Iterable[Outcome], now: datetime) -> Record:
    """Give the record after a run: ``changes`` and ``outcomes`` are those of its repository, ``now`` is in UTC.

    What was pruned is among the changes where that has happened, and as gone, with the reason, where it could not be. A tag that
    was to be copied and is not among the confirmed ones keeps its old entry; a new one gets none.
    """
    draft = _Draft(record)
    for change in changes:
        _note(draft, change, now)
    outcomes = tuple(outcomes)
    for outcome in outcomes:
        _note_outcome(draft, outcome, now)
    draft.remember(outcomes)
    return draft.result(record.mirror)


def _note(draft: _Draft, change: Change, now: datetime) -> None:
    if change.state is State.PRUNED:
        draft.gone.pop(change.tag, None)
    elif change.state is State.GONE:
        draft.retire(change, now)
    elif change.state is State.HELD and change.news and change.digest is not None:
        draft.hold(change.tag, change.digest, Hold(change.why, change.reason), now)
    elif change.state is State.UNCHANGED and change.news:
        draft.held.pop(change.tag, None)


def _note_outcome(draft: _Draft, outcome: Outcome, now: datetime) -> None:
    step, known = outcome.step, draft.manifests.get(outcome.step.digest)
    for keep in outcome.kept:
        draft.keep(keep.tag, keep.name, now)
    if outcome.confirmed:
        draft.describe(step.digest, _described(known, outcome, now))
    elif known is not None:
        draft.manifests[step.digest] = known._replace(referrers=_joined(known, outcome))
    for tag in outcome.confirmed:
        draft.confirm(tag, step.digest)
    if outcome.why is not None:
        hold = Hold(outcome.why, outcome.reason, outcome.size if outcome.why is Why.LARGE else None)
        for tag in step.tags:
            if tag not in outcome.confirmed:
                draft.hold(tag, step.digest, hold, now)


def _described(known: Mirrored | None, outcome: Outcome, now: datetime) -> Mirrored:
    """Describe a manifest; what is known of one stays, unless platforms were chosen otherwise."""
    step = outcome.step
    if known is not None and known.follows(step.platforms):
        return known._replace(referrers=_joined(known, outcome))
    media_type = outcome.media_type or step.described.media_type or (known.media_type if known else None)
    return (known or Mirrored(uploaded=step.described.uploaded, mirrored=now))._replace(
        media_type=media_type,
        size=_size(known, outcome),
        platforms=step.platforms if media_type in media_types.INDEXES else (),
        mirror_digest=outcome.mirror_digest,
        referrers=_joined(known, outcome),
    )


def _joined(known: Mirrored | None, outcome: Outcome) -> tuple[Digest, ...]:
    """Give all referrers that the mirror has: what was copied stays, whether the source still names it or not."""
    return tuple(sorted({*(known.referrers if known else ()), *outcome.referrers}))


def _size(known: Mirrored | None, outcome: Outcome) -> int | None:
    """Give the size of what the mirror has; the listing knows that of the whole alone."""
    if outcome.size is not None or known is not None or outcome.mirror_digest is not None:
        return outcome.size
    return outcome.step.described.size
