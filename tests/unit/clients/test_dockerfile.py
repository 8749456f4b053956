"""Dockerfiles with their images named as the mirror names them."""

import pytest

from gcrsync.clients.rewriting import rewrite
from tests.support.rewriting import CHILD, KNOWN, reasons, rewritten

WHOLE = """\
# syntax=docker/dockerfile:1
# check=skip=all
ARG REGISTRY=gcr.io
ARG TAG=v1 BASE="nginx:1.27" FULL='${REGISTRY}/acme/app:v1'
FROM --platform=$BUILDPLATFORM nginx AS build
RUN --mount=type=cache,target=/x --mount=type=bind,from=nginx:1.27,target=/y make <<-EOF
FROM nginx:1.27
\tEOF
RUN echo $((1<<2)) && cat <<<nginx
FROM ${REGISTRY}/acme/app:${TAG} as Two
from gcr.io/acme/app:$TAG
FROM "${BASE}"
FROM ${FULL}
FROM ${OTHER:-nginx:1.27}
FROM scratch
FROM BUILD
ARG LATE=nginx:1.27
COPY --from=two --chown=1 /a /a
COPY --chown=1 \\
  # a comment

  --from=nginx:1.27 /a /a
COPY --from=0 /a /nginx:1.27
ONBUILD COPY --from=nginx /a /a"""

AFTER = (
    WHOLE.replace("REGISTRY=gcr.io", "REGISTRY=ghcr.io/m")
    .replace('"nginx', '"ghcr.io/m/library/nginx')
    .replace("PLATFORM nginx", "PLATFORM ghcr.io/m/library/nginx")
    .replace("from=nginx", "from=ghcr.io/m/library/nginx")
    .replace("from gcr.io", "from ghcr.io/m")
    .replace(":-nginx", ":-ghcr.io/m/library/nginx")
)


@pytest.mark.parametrize("name", ["Dockerfile", "build/Dockerfile.dev", "x.dockerfile", "Containerfile", ""])
def test_what_it_builds_from_copies_from_and_mounts_from_is_named_anew_and_stages_are_not(name: str) -> None:
    assert rewritten(name, WHOLE) == AFTER


def test_line_ends_and_an_escape_of_its_own_are_kept() -> None:
    text = "\ufeff# escape=`\r\nFROM `\r\n  nginx:1.27 `\r\n  AS a\r\nRUN dir C:\\\r\nFROM A\r\n"
    assert rewritten("Dockerfile", text) == text.replace("nginx", "ghcr.io/m/library/nginx")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ARG X\nFROM $X", "ARG X has no default"),
        ("FROM \\\n gcr.io/acme/app:${X}", "$X has no default here"),
        ("FROM nginx AS a\nCOPY --from=$X /a /a", "$X has no default here"),
        ("ARG X=a\nFROM ${X:+nginx}", "it is put together when it is built"),
        ("\nFROM mysql:8", "its repository is not on record"),
        ("ARG H=registry.k8s.io\nFROM $H/pause:3.10", "write docker.io/me/registry.k8s.io_pause:3.10 in their place"),
    ],
)
def test_what_it_does_not_say_is_named(text: str, reason: str) -> None:
    after = rewrite("Dockerfile", text, KNOWN, pin=False)
    (told,) = [image.reason for image in after.images if image.mirror is None]

    assert reason in told
    assert rewritten("Dockerfile", text) == text.replace("FROM nginx", "FROM ghcr.io/m/library/nginx")


def test_an_argument_changes_only_where_all_images_that_it_is_in_need_the_same() -> None:
    head = "ARG R=gcr.io\nFROM $R/acme/app:v1\n"

    assert rewritten("Dockerfile", f"{head}FROM $R/acme/app:latest\n").startswith("ARG R=ghcr.io/m\n")
    assert len(reasons("Dockerfile", f"{head}FROM $R/acme/app:v9\n")) == 2
    assert len(reasons("Dockerfile", f"{head}FROM $R/acme/app:$T\n")) == 2
    assert len(reasons("Dockerfile", "ARG A=a\nFROM gcr.io/$A/$A:v1\n")) == 1


def test_what_is_put_together_of_variables_is_pinned_where_one_of_them_is_all_of_it() -> None:
    assert rewritten("Dockerfile", "ARG B=nginx\nFROM $B\n", pin=True) == f"ARG B=ghcr.io/m/library/nginx:latest@{CHILD}\nFROM $B\n"
    assert len(reasons("Dockerfile", "ARG T=v1\nFROM gcr.io/acme/app:$T\n", pin=True)) == 1
