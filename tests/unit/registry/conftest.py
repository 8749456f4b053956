"""What the tests of sessions share."""

import pytest

from tests.support.worlds import BEARER, TokenServer, World, guarded, with_token


@pytest.fixture
def world() -> World:
    """Give a registry that wants a token, and the server of it."""
    return World({"r.test": guarded(BEARER, with_token), "auth.test": TokenServer()})
