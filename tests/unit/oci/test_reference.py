"""References to images, as Docker reads them."""

import pytest

from gcrsync.errors import InvalidNameError
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Repository, Tag
from gcrsync.oci.reference import Reference, Written

DIGEST = Digest.of(b"")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("library/nginx:1", "docker.io/library/nginx:1"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("me/app", "docker.io/me/app:latest"),
        ("index.docker.io/me/app:x", "docker.io/me/app:x"),
        ("registry-1.docker.io/nginx:x", "docker.io/library/nginx:x"),
        ("localhost/x", "localhost/x:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("[::1]:5000/app:1", "[::1]:5000/app:1"),
        ("GCR.io/a/b/c:V1", "gcr.io/a/b/c:V1"),
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        (f"nginx:1.27@{DIGEST}", f"docker.io/library/nginx:1.27@{DIGEST}"),
        (f"localhost:5000/a@{DIGEST}", f"localhost:5000/a@{DIGEST}"),
    ],
)
def test_a_reference_is_read_as_docker_reads_it(text: str, told: str) -> None:
    assert str(Reference.parse(text)) == told


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "name is empty"),
        ("UPPER", "lower-case"),
        ("a:", "tag is empty"),
        (f"a:@{DIGEST}", "tag is empty"),
        ("a:-x", "not a valid tag"),
        ("a:1.*", "not a valid tag"),
        ("a@", "not a valid digest"),
        ("a@sha256:0", "not a valid digest"),
        (f"a@{DIGEST}:1", "not a valid digest"),
        ("a//b", "lower-case"),
        ("gcr.io/", "name is empty"),
        ("https://gcr.io/a", "no scheme"),
        (DIGEST.encoded, "digits of a digest"),
        (" nginx", "lower-case"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidNameError, match=reason):
        Reference.parse(text)


def test_a_reference_names_a_tag_or_a_digest() -> None:
    repository = Repository("localhost:5000", "a/b")

    assert str(Reference.to(repository, Tag("v1"))) == "localhost:5000/a/b:v1"
    assert str(Reference.to(repository, DIGEST)) == f"localhost:5000/a/b@{DIGEST}"
    with pytest.raises(InvalidNameError, match="expected a tag or a digest"):
        Reference(repository)


def test_the_tag_of_a_written_reference_may_be_a_glob() -> None:
    assert Written.parse("gcr.io/a/b:v1.*") == Written(Repository("gcr.io", "a/b"), "v1.*")
