"""What the tests of the store share."""

from pathlib import Path

import pytest

from tests.support.repositories import Workplace


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """Give a folder with an empty bare remote."""
    return Workplace(tmp_path)
