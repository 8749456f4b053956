import pytest

from gcrsync.metadata.summary import Counts, message, sentence, subject
from gcrsync.mirror.change import Change, State
from gcrsync.oci.name import Repository, Tag


def _change(state: State, *, news: bool = True) -> Change:
    return Change(Repository("gcr.io", "a"), Tag("latest"), state, news=news)


def test_only_news_counts_and_failures_are_told_apart() -> None:
    found = [
        *(_change(State.ADDED) for _ in range(3)),
        _change(State.MOVED),
        _change(State.GONE),
        _change(State.HELD),
        _change(State.HELD, news=False),
        _change(State.UNCHANGED),
        _change(State.FAILED, news=False),
    ]
    assert Counts.of(found, 7, 1234) == Counts(added=3, moved=1, gone=1, held=1, failed=7, copied=1234)


def test_the_sentence_has_all_counts() -> None:
    counts = Counts(added=1234, moved=3, gone=1, held=2, failed=0, copied=1_200_000_000)
    assert sentence(counts) == "1,234 added, 3 moved, 1 gone, 2 held, 0 failed, 1.2 GB copied."


@pytest.mark.parametrize(
    ("namespaces", "counts", "line"),
    [
        (["gcr.io/distroless"], Counts(added=12, moved=3, gone=1), "Mirror gcr.io/distroless: 12 added, 3 moved, 1 gone"),
        (["gcr.io/a", "gcr.io/b"], Counts(held=1, failed=2), "Mirror gcr.io/a, gcr.io/b: 1 held, 2 failed"),
        ([f"gcr.io/project-{name}" for name in "abcde"], Counts(added=1), "Mirror 5 namespaces: 1 added"),
        (["gcr.io/" + "a" * 60], Counts(added=1), f"Mirror gcr.io/{'a' * 60}: 1 added"),
        (["gcr.io/a"], Counts(copied=5), "Mirror gcr.io/a: nothing added, moved or gone"),
    ],
)
def test_the_subject_says_what_is_not_nothing(namespaces: list[str], counts: Counts, line: str) -> None:
    assert subject(namespaces, counts) == line


def test_the_message_names_every_namespace_and_every_count() -> None:
    text = message(["gcr.io/a", "gcr.io/b"], Counts(added=2, copied=10))
    assert text.split("\n\n") == [
        "Mirror gcr.io/a, gcr.io/b: 2 added",
        "- gcr.io/a\n- gcr.io/b",
        "2 added, 0 moved, 0 gone, 0 held, 0 failed, 10 B copied.\n",
    ]
