import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from gcrsync.metadata.document import encode
from gcrsync.metadata.pages import FIRST_PAGE, pages
from gcrsync.metadata.paths import README, folders_of
from gcrsync.mirror.record import Mirrored, Records
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Tag
from gcrsync.site.catalogue import Contents, site
from tests.support.values import THEN, digest, record, records

ROOT = Path(__file__).parents[3]
RECORDS = records(
    record("gcr.io/distroless/static", {"latest": "a", "v1": "b"}, held={"v2": "c"}, gone={"v0": "d"}),
    record("gcr.io/distroless/java/base", {"latest": "a"}),
    record("gcr.io/distroless", {"latest": "a"}, mirror="oci:./mi|rror/`x`"),
    record("gcr.io/a.json/b"),
    record("localhost:5000/pause", {"3.1": "a"}),
)


def _folders(found: Records) -> set[str]:
    return {folder for repository in found for folder in folders_of(repository)}


def test_the_first_page_is_the_one_that_is_shipped() -> None:
    assert (ROOT / README).read_text(encoding="utf-8") == FIRST_PAGE


def test_the_first_page_explains_every_key_of_a_document() -> None:
    described = Mirrored("index", 1, THEN, THEN, {}, (Platform("linux", "arm"),), digest("child"), (digest("signature"),))
    full = record("gcr.io/p/a", {"1": "x"}, held={"2": "y"}, gone={"0": "x"})
    full = replace(full, manifests={digest("x"): described}, former={Tag("0"): Mirrored()}, untagged={digest("z"): None})
    document = json.loads(encode(full))
    named_there = {*document, *document["manifests"][str(digest("x"))]}

    assert named_there > {"former", "mirrorDigest"}
    assert {key for key in named_there if f"`{key}`" not in FIRST_PAGE and f'"{key}"' not in FIRST_PAGE} == set()


def test_the_page_of_a_registry_lists_folders_and_what_is_directly_under_it() -> None:
    page = pages(RECORDS, ["metadata/gcr.io"])["metadata/gcr.io/README.md"]
    assert page.splitlines() == [
        "# `gcr.io`",
        "",
        "Made by gcrsync from the files beside this page.",
        "",
        "Repositories: 4. Tags: 4. [What the files say](../README.md).",
        "",
        "| folder | repositories | tags | newest | size | held | gone |",
        "| --- | ---: | ---: | --- | ---: | ---: | ---: |",
        "| [`a.json`](a%252Ejson/README.md) | 1 | 0 |  | 0 B | 0 | 0 |",
        "| [`distroless`](distroless/README.md) | 2 | 3 | 2026-11-20 | 40 B | 1 | 1 |",
        "",
        "| repository | tags | newest | size | held | gone | mirror |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- |",
        r"| [`distroless`](distroless.json) | 1 | 2026-11-20 | 10 B | 0 | 0 | `oci:./mi\|rror/'x'` |",
    ]


def test_the_page_of_a_folder_lists_what_is_below_it_at_any_depth() -> None:
    page = pages(RECORDS, ["metadata/gcr.io/distroless"])["metadata/gcr.io/distroless/README.md"]
    assert page.splitlines()[0] == "# `gcr.io/distroless`"
    assert page.splitlines()[-4:] == [
        "| repository | tags | newest | size | held | gone | mirror |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- |",
        "| [`distroless/java/base`](java/base.json) | 1 | 2026-11-20 | 10 B | 0 | 0 | `mirror.example/distroless/java/base` |",
        "| [`distroless/static`](static.json) | 2 | 2026-11-20 | 30 B | 1 | 1 | `mirror.example/distroless/static` |",
    ]
    assert "(../../README.md)" in page


def test_each_folder_that_is_asked_for_has_a_page_and_no_other() -> None:
    assert set(pages(RECORDS, _folders(RECORDS))) == {
        "metadata/gcr.io/README.md",
        "metadata/gcr.io/a%2Ejson/README.md",
        "metadata/gcr.io/distroless/README.md",
        "metadata/localhost_5000/README.md",
    }
    assert pages(RECORDS, ["metadata/gcr.io/empty"]) == {}


def test_each_page_leads_to_its_own_in_the_site_where_there_is_one() -> None:
    known = records(record("r.example:5000/a", {"v1": "one"}), record("r.example:5000/index.html/b", {"v1": "one"}))

    linked = pages(known, _folders(known), "https://acme.github.io/mirror/")
    files = site(Contents(known))

    led = {path: unquote(text.partition("(<https://acme.github.io/mirror/")[2].partition(">")[0]) for path, text in linked.items()}
    assert len(led) == 2
    assert [path for path in led.values() if path not in files] == []
    assert "Browse" not in "".join(pages(known, _folders(known)).values())
