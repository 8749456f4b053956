"""What the tests of several folders share."""

from collections.abc import Iterator
from pathlib import Path

import git  # noqa: F401 - it tries git as it is imported, and shall not do so in whatever environment a test has made
import pytest
from hypothesis import HealthCheck, settings

from tests.support import docker_registry as real
from tests.support.programs import needed

# How long an example takes depends on what else the machine does.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def docker_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run one real registry for all tests, and give ``127.0.0.1:port``; each test uses repositories of its own."""
    needed("docker-registry", "registry")
    with real.docker_registry(tmp_path_factory.mktemp("docker-registry")) as address:
        yield address


@pytest.fixture
def place(docker_registry: str, tmp_path: Path) -> str:
    """Give a place of this test's own in the registry, below which nobody else writes."""
    return f"{docker_registry}/{tmp_path.name.lower().replace('_', '-').strip('-')}"
