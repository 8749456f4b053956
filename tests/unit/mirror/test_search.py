"""Finding images among what is on record."""

import pytest

from gcrsync.mirror.search import search
from tests.support.values import record, records

KNOWN = records(
    record("registry.k8s.io/kube-proxy", {"v1.9.0": "a", "v1.31.0": "b", "v1.31.10": "c"}),
    record("registry.k8s.io/kube-proxy-amd64", {"v1.31.0": "b"}),
    record("gcr.io/acme/tools/proxy", {"latest": "d"}, gone={"v0": "e"}),
    record("gcr.io/acme/empty", held={"v1": "f"}),
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["kube-proxy"], ["kube-proxy", "kube-proxy-amd64"]),
        (["PROXY"], ["proxy", "kube-proxy", "kube-proxy-amd64"]),
        (["acme", "proxy"], ["proxy"]),
        (["mirror.example/acme"], ["proxy"]),
        (["kube-proxy", "1.31.10"], ["kube-proxy"]),
        (["kube-proxy:v1.31"], ["kube-proxy", "kube-proxy-amd64"]),
        ([":latest"], ["proxy"]),
        (["proxy:proxy"], []),
        (["nothing"], []),
    ],
)
def test_all_words_have_to_fit_and_the_nearest_name_comes_first(words: list[str], expected: list[str]) -> None:
    assert [hit.record.repository.path.rpartition("/")[2] for hit in search(KNOWN, words)] == expected


def test_a_hit_has_the_tags_that_fit_newest_version_first_with_those_that_only_the_mirror_has() -> None:
    assert search(KNOWN, ["kube-proxy", "v1.31"])[0].tags == ("v1.31.10", "v1.31.0")
    assert search(KNOWN, ["tools"])[0].tags == ("v0", "latest")
