"""Files with their images named as the mirror names them."""

import pytest
import yaml

from gcrsync.clients.rewriting import Catalogue, rewrite
from tests.support.rewriting import CHILD, ONE, reasons, rewritten
from tests.support.values import digest, record, records


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("image: nginx", "image: ghcr.io/m/library/nginx"),
        ("image: nginx:1.27 # nginx:1.27", "image: ghcr.io/m/library/nginx:1.27 # nginx:1.27"),
        ('- {name: "\U0001f600", image: "gcr.io/acme/app:v1"}', '- {name: "\U0001f600", image: "ghcr.io/m/acme/app:v1"}'),
        ("a: {image:\t'nginx'}", "a: {image:\t'ghcr.io/m/library/nginx'}"),
        (
            "x: &i !!str nginx:1.27\ny: {image: *i}\nz: {image: *i}",
            "x: &i !!str ghcr.io/m/library/nginx:1.27\ny: {image: *i}\nz: {image: *i}",
        ),
        ("a:\r\n  image: >-\r\n    nginx\r\n", "a:\r\n  image: >-\r\n    ghcr.io/m/library/nginx\r\n"),
        (f"image: gcr.io/acme/app:v1@{ONE}", f"image: ghcr.io/m/acme/app:v1@{ONE}"),
        (f"image: nginx@{digest('index')}", f"image: ghcr.io/m/library/nginx@{CHILD}"),
        (
            "---\nimage: nginx\n---\n- image: nginx\n...\n",
            "---\nimage: ghcr.io/m/library/nginx\n---\n- image: ghcr.io/m/library/nginx\n...\n",
        ),
        ("image: {name: nginx, entrypoint: [sh]}", "image: {name: ghcr.io/m/library/nginx, entrypoint: [sh]}"),
        ("volumes: [{image: {reference: nginx}}]", "volumes: [{image: {reference: ghcr.io/m/library/nginx}}]"),
        ('args: ["--x=gcr.io/acme/app:v1", "--y"]', 'args: ["--x=ghcr.io/m/acme/app:v1", "--y"]'),
        ("data:\n  f: |\n    image: nginx\n", "data:\n  f: |\n    image: ghcr.io/m/library/nginx\n"),
        ("image: ${X:-gcr.io/acme/app:v1}", "image: ${X:-ghcr.io/m/acme/app:v1}"),
        ("{repository: nginx, tag: 1.27}", "{repository: ghcr.io/m/library/nginx, tag: 1.27}"),
        ("{registry: gcr.io, repository: acme/app, tag: v1}", "{registry: ghcr.io, repository: m/acme/app, tag: v1}"),
        ('{registry: "", repository: gcr.io/acme/app, tag: v1}', '{registry: "", repository: ghcr.io/m/acme/app, tag: v1}'),
        (f"{{repository: nginx, digest: '{digest('index')}'}}", f"{{repository: ghcr.io/m/library/nginx, digest: '{CHILD}'}}"),
        (
            "images: [{name: x, newName: nginx, newTag: '1.27'}]",
            "images: [{name: x, newName: ghcr.io/m/library/nginx, newTag: '1.27'}]",
        ),
        ("image: registry.k8s.io/pause:3.10", "image: docker.io/me/registry.k8s.io_pause:3.10"),
        ("\ufeffimage: nginx", "\ufeffimage: ghcr.io/m/library/nginx"),
    ],
)
def test_in_yaml_the_name_changes_and_nothing_else(before: str, after: str) -> None:
    assert rewritten("a.yaml", before) == after
    assert rewritten("", before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("image: nginx", f"image: ghcr.io/m/library/nginx:latest@{CHILD}"),
        ("image: gcr.io/acme/app:v1", f"image: ghcr.io/m/acme/app:v1@{ONE}"),
        ("{repository: nginx, tag: 1.27}", f"{{repository: ghcr.io/m/library/nginx, tag: 1.27@{CHILD}}}"),
        (
            '{repository: nginx, tag: "1.27", digest: ""}',
            f'{{repository: ghcr.io/m/library/nginx, tag: "1.27", digest: "{CHILD}"}}',
        ),
        (
            f"{{repository: nginx, tag: 'latest@{digest('index')}'}}",
            f"{{repository: ghcr.io/m/library/nginx, tag: 'latest@{CHILD}'}}",
        ),
    ],
)
def test_a_pinned_name_has_the_digest_that_the_mirror_has(before: str, after: str) -> None:
    assert rewritten("a.yaml", before, pin=True) == after


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("image: mysql:8", "its repository is not on record"),
        ("image: nginx:9", "the mirror has no such tag"),
        ("image: A B", "expected lower-case letters"),
        ("image: 'gcr.io/acme/app:{{ .Chart.AppVersion }}'", "it is put together when it is used"),
        ('image: "nginx\\x3a1.27"', "it is written with escapes"),
        ("{registry: gcr.io, repository: acme/app, tag: '{{ x }}'}", "it is put together when it is used"),
        ("{repository: 'nginx:1.27', tag: ''}", "its repository has a tag or digest of its own"),
        ("{repository: nginx, tag: }", "neither tag nor digest stands here"),
        ("{repository: gcr.io/acme/app, tag: 1.10}", "its tag is the number 1.1: put it in quotes"),
        ("{name: nginx, newTag: '1.27'}", "with a newName"),
        ("{repository: nginx, tag: 2026-99-99}", "the mirror has no such tag"),
        ("image: quay.io/a/b:v1", "the mirror keeps it in a folder"),
    ],
)
def test_what_cannot_be_mapped_stays_and_has_a_line_and_a_reason(text: str, reason: str) -> None:
    ((line, told),) = reasons("a.yaml", f"a: 1\nb:\n- {text}\n")

    assert line == 3
    assert reason in told


@pytest.mark.parametrize(
    "text",
    [
        "image: ghcr.io/m/library/nginx:9",
        "image:",
        "image: ''",
        "image: '{{ .Values.repository }}:{{ .Values.tag }}'",
        "{build: ., image: nginx}",
        "{repository: 'https://charts.example/x', tag: v1}",
        "{repository: {type: string}, tag: {type: string}, image: {type: string}}",
        "nginx:1.27: key",
        "ports: ['redis:6379', 'nginx:80']",
        "url: https://gcr.io/acme/app:v1",
        "a: &a [*a]",
        "- &m {<<: *m, image: }",
    ],
)
def test_what_names_no_image_of_a_source_is_left_without_a_word(text: str) -> None:
    assert reasons("a.yaml", text) == []


def test_a_part_that_two_images_share_changes_only_where_both_need_the_same() -> None:
    text = "a: &a {repository: gcr.io/acme/app, tag: v1}\nb: {<<: *a, tag: %s}\n"

    assert rewritten("a.yaml", text % "latest") == (text % "latest").replace("gcr.io", "ghcr.io/m")
    assert [line for line, _ in reasons("a.yaml", text % "v9")] == [1, 1]
    assert [line for line, _ in reasons("a.yaml", text % "")] == [1, 1]


def test_a_name_that_yaml_would_read_as_another_value_is_not_put_there_without_quotes() -> None:
    odd = Catalogue.of(records(record("gcr.io/a", {"v1": "one"}, mirror="ghcr.io/1234")))
    plain, quoted = "{registry: gcr.io, repository: a, tag: v1}", "{registry: gcr.io, repository: 'a', tag: v1}"

    assert yaml.safe_load(rewrite("a.yaml", quoted, odd, pin=False).text)["repository"] == "1234"
    after = rewrite("a.yaml", plain, odd, pin=False)
    assert after.text == plain
    assert after.images[0].reason == "1234 cannot stand there without quotes"

    bracketed = Catalogue.of(records(record("gcr.io/a", {"v1": "one"}, mirror="[::1]:5000/a")))
    assert rewrite("a.yaml", "image: gcr.io/a:v1", bracketed, pin=False).text == "image: gcr.io/a:v1"
    assert rewrite("a.yaml", "image: 'gcr.io/a:v1'", bracketed, pin=False).text == "image: '[::1]:5000/a:v1'"


@pytest.mark.parametrize("name", ["notes.md", "templates/deployment.yaml"])
def test_in_other_texts_names_count_that_have_a_tag_or_digest_or_stand_alone_behind_image(name: str) -> None:
    text = (
        "{{- if .x }} a: b: c\n"
        "see gcr.io/acme/app:v1. Or `nginx:1.27`; docker://nginx:1.27 (not https://gcr.io/acme/app:v1)\n"
        '  - image: "nginx" # why\n  image: gcr.io/acme/app:{{ .tag }}\ngcr.io/acme/app nginx python:3 gcr.io/acme/app:v1{{ .x }}\n'
    )
    after = (
        text.replace("see gcr.io", "see ghcr.io/m")
        .replace("`nginx", "`ghcr.io/m/library/nginx")
        .replace("docker://nginx", "docker://ghcr.io/m/library/nginx")
        .replace('"nginx"', '"ghcr.io/m/library/nginx"')
    )
    assert rewritten(name, text) == after


def test_a_word_that_is_not_mirrored_is_named_only_where_its_registry_is() -> None:
    text = "a gcr.io/acme/app:v9 b example.com/a:1 c redis:6379\nimage: mysql\n"
    assert reasons("notes", text) == [(1, "the mirror has no such tag"), (2, "its repository is not on record")]


def test_what_is_nested_deeper_than_a_parser_bears_is_read_as_a_text() -> None:
    assert rewritten("a.yaml", "[" * 100_000 + "nginx:1.27") == "[" * 100_000 + "ghcr.io/m/library/nginx:1.27"


def test_standard_input_is_what_its_content_says() -> None:
    assert rewritten("", "# syntax=x\n\nARG A=1\nFROM nginx\n") == "# syntax=x\n\nARG A=1\nFROM ghcr.io/m/library/nginx\n"
    assert rewritten("", "docker pull nginx:1.27\n") == "docker pull ghcr.io/m/library/nginx:1.27\n"
