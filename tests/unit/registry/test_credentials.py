"""Credentials are values that keep their secret."""

import pytest

from gcrsync.registry.credentials import Anonymous, Basic, Credential, IdentityToken, RegistryToken, basic_authorization


@pytest.mark.parametrize(
    "credential", [Basic("me", "hunter2"), IdentityToken("me", "hunter2"), RegistryToken("hunter2"), Anonymous()]
)
def test_no_credential_shows_its_secret(credential: Credential) -> None:
    assert type(credential).__name__ in repr(credential)
    assert "hunter2" not in f"{credential!r} {credential}"


def test_credentials_are_sent_in_utf_8_and_a_password_may_hold_a_colon() -> None:
    assert basic_authorization("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic_authorization("ä", "a:b") == "Basic w6Q6YTpi"
