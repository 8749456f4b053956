"""Laws of names."""

import re
from collections.abc import Callable
from functools import cmp_to_key

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcrsync.errors import InvalidNameError
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import Namespace, Repository, Tag
from gcrsync.oci.reference import Reference
from tests.support.strategies import digests, hostile_texts, namespaces, references, repositories, tags


@given(digests)
def test_a_digest_is_read_back_from_its_text(digest: Digest) -> None:
    assert Digest(str(digest)) == digest
    assert f"{digest.algorithm}:{digest.encoded}" == str(digest)


@given(tags)
def test_a_tag_is_read_back_from_its_text(tag: Tag) -> None:
    assert Tag(str(tag)) == tag


@given(repositories)
def test_a_repository_is_read_back_from_its_text(repository: Repository) -> None:
    assert Repository.parse(str(repository)) == repository


@given(namespaces)
def test_a_namespace_is_read_back_from_its_text(namespace: Namespace) -> None:
    assert Namespace.parse(str(namespace)) == namespace
    assert Namespace.parse(f"{namespace}/") == namespace


@given(references)
def test_a_reference_is_read_back_from_its_text(reference: Reference) -> None:
    assert Reference.parse(str(reference)) == reference


@given(namespaces, repositories)
def test_a_namespace_covers_what_its_text_begins(namespace: Namespace, repository: Repository) -> None:
    assert namespace.covers(repository) == f"{repository}/".startswith(f"{namespace}/")
    if namespace.covers(repository) and namespace.relative(repository) != ".":
        assert namespace.child(namespace.relative(repository)) == repository.namespace


@pytest.mark.parametrize("parse", [Digest, Tag, Repository.parse, Namespace.parse, Namespace.parse("gcr.io").child])
@given(text=hostile_texts)
def test_a_hostile_text_is_a_valid_name_or_an_invalid_name_error(parse: Callable[[str], object], text: str) -> None:
    try:
        name = str(parse(text))
    except InvalidNameError as error:
        name = f"a/{len(str(error).splitlines())}"
    assert re.fullmatch(r"[A-Za-z0-9._:/\[\]-]{1,255}", name)
    assert ".." not in name.partition("/")[2].split("/")


@given(hostile_texts)
def test_a_hostile_text_is_a_reference_that_is_read_back_or_an_invalid_name_error(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except InvalidNameError:
        return
    assert Reference.parse(str(reference)) == reference


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_registry_cannot_name_a_repository_outside_its_grammar(registry: str, path: str) -> None:
    try:
        repository = Repository(registry, path)
    except InvalidNameError:
        return
    assert Repository.parse(str(repository)) == repository


@given(st.lists(tags, max_size=8))
def test_tags_have_one_order_whatever_order_they_come_in(some: list[Tag]) -> None:
    once = sorted(some, key=lambda tag: tag.sort_key)
    some.reverse()
    assert once == sorted(some, key=lambda tag: tag.sort_key)
    assert once == sorted(some, key=cmp_to_key(_compare))


@given(tags, tags)
def test_two_tags_sort_alike_only_if_they_are_the_same(one: Tag, other: Tag) -> None:
    assert (one.sort_key == other.sort_key) == (one == other)


def _compare(one: Tag, other: Tag) -> int:
    """Compare run by run: digits as integers, before text; text by code point; then the shorter; then the whole text."""
    runs = [re.findall(r"[0-9]+|[^0-9]+", tag.name) for tag in (one, other)]
    for first, second in zip(*runs, strict=False):
        if first.isdigit() != second.isdigit():
            return -1 if first.isdigit() else 1
        if first.isdigit() and int(first) != int(second):
            return -1 if int(first) < int(second) else 1
        if not first.isdigit() and first != second:
            return -1 if first < second else 1
    return (len(runs[0]) > len(runs[1])) - (len(runs[0]) < len(runs[1])) or (one.name > other.name) - (one.name < other.name)
