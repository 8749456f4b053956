"""Laws of the names at a destination, on repositories that hypothesis makes up."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from gcrsync.errors import InvalidNameError, MirrorNameError
from gcrsync.mirror.naming import check_collisions, mirror_name, registry_destination
from gcrsync.oci.name import Repository
from tests.support.strategies import repositories

TEMPLATES = st.sampled_from(["{path}", "{flat}", "{registry}/{path}", "k8s/{flat}", "{registry}-{flat}"])


@given(st.lists(repositories, min_size=2, max_size=6, unique=True), TEMPLATES)
def test_names_are_all_different_or_the_run_ends_before_it_begins(sources: list[Repository], template: str) -> None:
    destination = registry_destination("mirror.test/m", template)
    names: dict[Repository, str] = {}
    for source in sources:
        with contextlib.suppress(InvalidNameError):  # such a repository is held
            names[source] = mirror_name(destination, source)
    try:
        check_collisions(names, {})
    except MirrorNameError:
        assert len(set(names.values())) < len(names)
    else:
        assert len(set(names.values())) == len(names)


@given(repositories, TEMPLATES)
def test_a_name_on_record_is_the_repository_that_it_names(source: Repository, template: str) -> None:
    destination = registry_destination("mirror.test/m", template)
    with contextlib.suppress(InvalidNameError):
        target = destination.repository(source)
        assert Repository.parse(mirror_name(destination, source)) == target
        assert target.path.startswith("m/")
