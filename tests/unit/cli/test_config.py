"""The configuration: what it gives, and the line of whatever is wrong in it."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from gcrsync.cli.config import parse_config, read_config, read_site
from gcrsync.cli.table import Table
from gcrsync.errors import InvalidConfigError
from gcrsync.mirror.choice import Choice, Order
from gcrsync.mirror.patterns import Match, Patterns
from gcrsync.mirror.rules import Moved, Policy, Rule, Rules, Vanished
from gcrsync.mirror.versions import Versions
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Namespace, Repository, Tag

DAY = 86_400

WHOLE = """
[[mirror]]
source = "distroless"
destination = "ghcr.io/acme"
name = "{registry}/{path}"
include = ["static", "java/**"]
exclude = ["java/x"]
tags.include = ["latest", "re:v[0-9]+"]
tags.exclude = ["*-debug"]
platforms = ["linux/arm/v7", "linux/amd64", "linux/amd64"]
insecure = true
accept_empty = ["static"]
moved = "keep-old"
gone = "prune"
grace = "14d"
max_prune = "2.5%"
min_age = "72h"
max_size = "2GiB"
stale_after = "90d"
referrers_for = "0s"

[[mirror.rule]]
match = "static:v*"
moved = "freeze"

[[mirror.rule]]
match = "re:java/.*:debug"
gone = "keep"
min_age = "0s"
"""


HUB = "[[mirror]]\nsource = 'docker.io/library/a'\ndestination = 'd.io'\nofficial_images = 'b'\n"
ONE = "[[mirror]]\nsource = 'a'\ndestination = 'd.io'\n"


def test_a_table_is_read_whole() -> None:
    assert parse_config(WHOLE, "gcrsync.toml") == (
        Table(
            source=Namespace("gcr.io", "distroless"),
            destination="ghcr.io/acme",
            name="{registry}/{path}",
            include=Patterns(("static", "java/**")),
            exclude=Patterns(("java/x",)),
            insecure=True,
            accept_empty=Patterns(("static",)),
            rules=Rules(
                Policy(Moved.KEEP_OLD, Vanished.PRUNE, 14 * DAY, Fraction(1, 40), 3 * DAY, 90 * DAY, 0, 2 * 1024**3),
                (
                    Rule(Match("static:v*"), moved=Moved.FREEZE),
                    Rule(Match("re:java/.*:debug"), gone=Vanished.KEEP, min_age=0),
                ),
                Namespace("gcr.io", "distroless"),
                Choice(Patterns(("latest", "re:v[0-9]+")), Patterns(("*-debug",))),
                (Platform("linux", "amd64"), Platform("linux", "arm", "v7")),
            ),
            line=3,
        ),
    )


def test_a_table_and_its_rules_choose_tags_and_platforms() -> None:
    text = ONE + (
        "versions = '>=1.28, <2'\nprereleases = true\nnewest = 10\nnewest_by = 'version'\nmax_age = '90d'\n"
        "[[mirror.rule]]\nmatch = 'java/**'\nnewest = 3\ntags.exclude = ['*-debug']\nplatforms = ['linux/arm64']\n"
    )
    (table,) = parse_config(text, "f")
    java, other, tag = Repository("gcr.io", "a/java/17"), Repository("gcr.io", "a/b"), Tag("1.28")

    assert table.rules.choice_of(other, tag) == Choice(
        versions=Versions(">=1.28, <2"), prereleases=True, newest=10, newest_by=Order.VERSION, max_age=90 * DAY
    )
    assert table.rules.choice_of(java, tag) == replace(table.rules.choice, newest=3, exclude=Patterns(("*-debug",)))
    assert (table.rules.platforms_of(java), table.rules.platforms_of(other)) == ((Platform("linux", "arm64"),), ())


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("newest = 0", "newest: expected a number from 1 on"),
        ("newest = true", "newest: expected a number from 1 on"),
        ("newest_by = 'size'", "newest_by: expected upload or version"),
        ("versions = '1.28'", "expected bounds such as"),
        ("prereleases = 'yes'", "prereleases: expected true or false"),
        ("max_age = '90'", "no duration"),
        ("platforms = ['linux/arm64']", "only be chosen for whole repositories"),
        ("tags.only = []", r"unknown key 'tags\.only'"),
    ],
)
def test_what_a_rule_says_wrongly_is_told_with_its_line(key: str, words: str) -> None:
    with pytest.raises(InvalidConfigError, match=words) as caught:
        parse_config(f"{ONE}[[mirror.rule]]\nmatch = '**:v*'\n{key}\n", "f")

    assert caught.value.line == 6


def test_rules_of_listed_images_match_by_whole_names() -> None:
    text = '[[mirror]]\nimages = ["nginx"]\ndestination = "oci:./m"\n[[mirror.rule]]\nmatch = "docker.io/**"\nmin_age = "1h"\n'
    (table,) = parse_config(text, "f")

    assert table.rules.of(Repository("docker.io", "library/nginx"), Tag("latest")).min_age == 3600


def named(table: Table) -> tuple[str, ...]:
    return (table.rules.choice.include or Patterns()).texts


def test_a_list_of_images_is_a_table_for_each_repository() -> None:
    text = '[[mirror]]\nimages = ["nginx:1.27", "gcr.io/a/b:v1.*", "nginx"]\ndestination = "oci:./m"\n'

    assert [(str(table.source), table.include.texts, named(table)) for table in parse_config(text, "f")] == [
        ("docker.io/library/nginx", (".",), ("1.27", "latest")),
        ("gcr.io/a/b", (".",), ("v1.*",)),
    ]


def test_official_images_are_named_as_they_are_written() -> None:
    (table,) = parse_config(HUB, "f")
    assert (str(table.source), table.official_images) == ("docker.io/library/a", "b")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[[mirror]]\nsource = 'a\n", 2, "not TOML"),
        (ONE + "official_images = '../images'\n", 4, "only for a source at or below docker.io/library"),
        (HUB + "vendor = 'x'\n", 5, "vendor"),
        (ONE + "newest_by = 'version'\n", 4, "says nothing without newest"),
        (ONE + "prereleases = true\nnewest = 3\n", 4, "prereleases says nothing without versions"),
        (ONE + "[[mirror.rule]]\nmatch = 'a'\ntags.include = 'x'\n", 6, "tags.include: expected a list of strings"),
        (ONE + "vendor = 'github'\n", 4, "is not listed by github"),
        ("[[mirror]]\nsource = 'docker.io/a'\ndestination = 'd.io'\nvendor = 'quay'\n", 4, "docker.io is not listed by quay"),
        (
            "[[mirror]]\nsource = 'docker.io/library'\ndestination = 'd.io'\nofficial_images = ''\n",
            4,
            "official_images: expected a string",
        ),
        (
            HUB + "[[mirror]]\nsource = 'docker.io/library/b'\ndestination = 'd.io'\nofficial_images = 'c'\n",
            6,
            "all have to name the same",
        ),
        (
            "[[mirror]]\nimages = ['a']\ndestination = 'd.io'\nofficial_images = 'b'\n",
            4,
            "official_images cannot stand beside images",
        ),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\nplatform = ['linux/amd64']\n", 4, "unknown key 'platform'"),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\ntags.foo = 1\n", 4, r"unknown key 'tags\.foo'"),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\n\n[mirror.tags]\nfoo = 1\n", 6, r"unknown key 'tags\.foo'"),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\n[[mirror]]\nsource = 'b'\nnmae = 'x'\n", 6, "unknown key 'nmae'"),
        ("\n[server]\nport = 1\n", 2, "unknown key 'server'"),
        ("site = 1\n", 1, "address of the site"),
        ("\nsite = 'https://me:secret@site.example/'\n", 2, "address of the site"),
        ("site = 'javascript:alert(1)'\n", 1, "address of the site"),
        ("site = 'https://site.example/a>b'\n", 1, "address of the site"),
        ("[mirror]\nsource = 'a'\n", 1, "two brackets"),
        ("[[mirror]]\ndestination = 'd.io'\n", 1, "either source or images"),
        ("[[mirror]]\nsource = 'a'\n", 1, "destination is missing"),
        ("[[mirror]]\nsource = 1\ndestination = 'd.io'\n", 2, "source: expected a string"),
        ("[[mirror]]\nsource = 'UPPER'\ndestination = 'd.io'\n", 2, "not a valid namespace"),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\ninclude = ['re:(']\n", 4, "not a valid pattern"),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\ninclude = 'x'\n", 4, "expected a list of strings"),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\nplatforms = ['linux']\n", 4, "not a valid platform"),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\nplatforms = ['linux/a/b/c']\n", 4, "not a valid platform"),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\nplatforms = [1]\n", 4, "expected a list of strings"),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\nplatforms = []\n", 4, "platforms names none"),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\ninsecure = 'no'\n", 4, "true or false"),
        (ONE + "moved = 'never'\n", 4, "moved: expected follow or freeze or keep-old"),
        (ONE + "grace = 30\n", 4, "grace: expected a string"),
        (ONE + "min_age = '3 days'\n", 4, "min_age: '3 days' is no duration"),
        (ONE + "max_size = '2 gigs'\n", 4, "max_size: '2 gigs' is no size"),
        (ONE + "max_prune = '0.1'\n", 4, "max_prune: '0.1' is no share"),
        (ONE + "max_prune = '101%'\n", 4, "max_prune: '101%' is no share"),
        (ONE + "[mirror.rule]\nmatch = 'a'\n", 4, "two brackets"),
        (ONE + "[[mirror.rule]]\nmoved = 'follow'\n", 4, "match is missing"),
        (ONE + "[[mirror.rule]]\nmatch = 'a:'\n", 5, "not a valid match"),
        (ONE + "[[mirror.rule]]\nmatch = 'a'\n[[mirror.rule]]\nmatch = 're:('\n", 7, "not a valid pattern"),
        (ONE + "moved = 'follow'\n[[mirror.rule]]\nmatch = 'a'\nmoved = 'x'\n", 7, "moved: expected"),
        (
            ONE + "[[mirror.rule]]\nmatch = 'a'\n[[mirror]]\nsource = 'b'\ndestination = 'd.io'\n[[mirror.rule]]\ngrce = '1d'\n",
            10,
            "unknown key 'grce'",
        ),
        ("[[mirror]]\nimages = ['a@sha256:0']\ndestination = 'd.io'\n", 2, "not a valid digest"),
        ("[[mirror]]\nimages = []\ndestination = 'd.io'\n", 2, "images names none"),
        ("[[mirror]]\nimages = 1\ndestination = 'd.io'\n", 2, "expected a list of strings"),
        ("[[mirror]]\nimages = ''\ndestination = 'd.io'\n", 2, "the name of a file"),
        ("[[mirror]]\nimages = ['a']\ninclude = []\ndestination = 'd.io'\n", 3, "cannot stand beside images"),
        ("[[mirror]]\nsource = 'a'\ndestination = 'd.io'\n[[mirror]]\nsource = 'a/b'\ndestination = 'e.io'\n", 5, "line 2 too"),
        (
            "[[mirror]]\nimages = ['a:1']\ndestination = 'd.io'\n[[mirror]]\nimages = ['a:2']\ndestination = 'd.io'\n",
            5,
            "line 2 too",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(InvalidConfigError, match=words) as caught:
        parse_config(text, "gcrsync.toml")

    assert caught.value.line == line
    assert caught.value.message.startswith(f"gcrsync.toml:{line}: ")


def test_tables_that_share_a_source_and_divide_it_are_taken() -> None:
    one = "[[mirror]]\nsource = 'a'\ndestination = 'd.io'\ninclude = ['x']\n"

    assert len(parse_config(one + one.replace("'x'", "'y'"), "f")) == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")

    for name in ("absent.toml", "latin.toml"):
        with pytest.raises(InvalidConfigError, match=name):
            read_config(tmp_path / name)


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("", ""),
        ("site = ''", ""),
        ("site = 'https://acme.github.io/mirror'", "https://acme.github.io/mirror/"),
        ("site = 'http://127.0.0.1:8000/'", "http://127.0.0.1:8000/"),
    ],
)
def test_the_address_of_the_site_ends_as_a_folder_does(tmp_path: Path, line: str, address: str) -> None:
    (tmp_path / "gcrsync.toml").write_text(f"{line}\n{ONE}")

    assert read_site(tmp_path / "gcrsync.toml") == address
