"""A registry without a socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import Client

from gcrsync.archive.folder import LayoutFolder
from gcrsync.serve.application import RegistryApplication
from tests.support.without_socket import DirectClient


@pytest.fixture
def log() -> list[str]:
    """What the registry has logged."""
    return []


@pytest.fixture
def client(tmp_path: Path, log: list[str]) -> Iterator[Client]:
    """Talk to a registry over ``tmp_path`` that can be written."""
    application = RegistryApplication(LayoutFolder(tmp_path), writable=True, log=log.append)
    yield DirectClient(application)
    application.close()


@pytest.fixture
def reader(tmp_path: Path, log: list[str]) -> Client:
    """Talk to a registry over ``tmp_path`` that can only be read."""
    return DirectClient(RegistryApplication(LayoutFolder(tmp_path), writable=False, log=log.append))
