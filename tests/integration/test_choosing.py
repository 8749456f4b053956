"""Choosing tags, night by night: what is left out costs no request, stays as it is, and is explained."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.build import image, index
from tests.support.nights import Night, night

RULES = """
tags.exclude = ["*-debug"]
versions = ">=1.28, <2"
newest = 2
newest_by = "version"
"""


@pytest.fixture(params=["google", "catalog"])
def begun(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Night]:
    with night(tmp_path, google=request.param == "google") as begun:
        for name in ("1.27.0", "1.28.0", "1.29.0", "1.30.0", "1.31.0-rc.1", "1.30.0-debug", "latest"):
            begun.source.add("acme/kube", image(name), name)
        yield begun


def test_only_the_newest_versions_are_mirrored_and_what_is_left_out_is_asked_for_with_no_request(begun: Night) -> None:
    begun.mirror.configure(begun.namespace, begun.destination, RULES)
    begun.run("sync")

    assert set(begun.serves("kube")) == {"1.29.0", "1.30.0"}
    assert set(begun.recorded("kube")["tags"]) == {"1.29.0", "1.30.0"}
    heads = [logged.path.rpartition("/")[2] for logged in begun.source.requests("HEAD") if "/manifests/" in logged.path]
    assert set(heads) <= {"1.29.0", "1.30.0"}


def test_what_a_rule_leaves_out_stays_as_it_is_and_is_gone_only_where_the_source_lacks_it(begun: Night) -> None:
    begun.mirror.configure(begun.namespace, begun.destination)
    begun.run("sync")
    before = begun.recorded("kube")
    for tag in ("1.28.0", "latest"):
        begun.source.add("acme/kube", image(f"{tag} anew"), tag)
    for tag in ("1.30.0", "1.30.0-debug"):
        del begun.source.repositories["acme/kube"].tags[tag]
    begun.mirror.configure(begun.namespace, begun.destination, RULES)
    begun.run("sync")
    after = begun.recorded("kube")

    assert set(after["gone"]) == {"1.30.0"}
    assert {tag: after["tags"][tag] for tag in ("latest", "1.30.0-debug", "1.27.0")} == {
        tag: before["tags"][tag] for tag in ("latest", "1.30.0-debug", "1.27.0")
    }
    assert after["tags"]["1.28.0"] == str(image("1.28.0 anew").digest)


def test_a_tag_whose_time_is_not_told_is_not_chosen_by_age_and_a_warning_says_so(begun: Night) -> None:
    begun.mirror.configure(begun.namespace, begun.destination, 'max_age = "3650d"')
    told = begun.run("sync").stderr

    if begun.source.google:
        assert len(begun.serves("kube")) == 7
        assert "does not tell when" not in told
    else:
        assert begun.serves("kube") == {}
        assert "does not tell when" in told


def test_compare_explains_what_becomes_of_a_tag_and_which_rule_decides_that(begun: Night) -> None:
    begun.mirror.configure(begun.namespace, begun.destination, RULES)
    lines = begun.run("compare", "--why", "kube:1.28.0", "--why", "1.30.0", "--why", "latest").stdout.splitlines()
    kube = f"{begun.namespace}/kube"

    assert lines == [
        f"{kube}:1.28.0",
        "  left out by newest: it is number 3 of 3, of which newest = 2 are taken",
        f"{kube}:1.30.0",
        "  added: versions has it in >=1.28, <2; newest takes 2 of 3, and it is number 1",
        f"{kube}:latest",
        "  left out by versions: it is no semantic version",
    ]
    report = begun.mirror.report("compare", "--why", "kube:1.30.0-debug")
    assert report["namespaces"][0]["why"] == [
        {"repository": kube, "tag": "1.30.0-debug", "state": "left out", "rule": "tags.exclude", "reason": "it matches *-debug"}
    ]
    assert "no repository that was looked at has 9.9.9" in begun.run("compare", "--why", "9.9.9", code=1).stderr
    assert begun.serves("kube") == {}


def test_what_is_too_large_is_held_before_a_blob_is_read_and_its_manifest_is_not_read_again(begun: Night) -> None:
    small, large = image("small"), image("large", layers=40)
    both = index(small, large)
    for tag, built in (("small", small), ("large", large), ("both", both)):
        begun.source.add("acme/sized", built, tag)
    wanted = ("--include", "sized")
    begun.mirror.configure(begun.namespace, begun.destination, 'max_size = "3kB"')
    told = begun.run("sync", *wanted)
    held = begun.recorded("sized")["held"]

    assert set(begun.serves("sized")) == {"small"}
    assert {tag: entry["why"] for tag, entry in held.items()} == {"large": "large", "both": "large"}
    assert "of which max_size = 3000 are taken at most" in told.stdout + told.stderr
    sent = {logged.path.rpartition("/")[2] for logged in begun.source.requests("GET") if "/blobs/" in logged.path}
    assert sent == {str(digest) for digest in small.blobs}

    begun.source.log.clear()
    assert "nothing to record" in begun.run("sync", *wanted).stderr
    assert [logged for logged in begun.source.requests("GET") if "/manifests/sha256:" in logged.path] == []

    begun.mirror.configure(begun.namespace, begun.destination, 'max_size = "1GB"')
    begun.run("sync", *wanted)
    assert set(begun.serves("sized")) == {"small", "large", "both"}
    assert "held" not in begun.recorded("sized")
