"""Whom we trust: the certificates that the environment names, or else certifi's and the machine's."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx

from gcrsync.errors import InputError

_HINT = "SSL_CERT_FILE and SSL_CERT_DIR name the certificates to trust"


def verifying(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Give TLS that trusts them; raises InputError where they cannot be read."""
    file, folder = named(environment)
    if file or folder:
        try:
            return ssl.create_default_context(cafile=file, capath=folder)
        except OSError as error:
            reason = f"the certificates in {file or folder} cannot be used: {error.strerror or error}"
            raise InputError(reason, hint=_HINT) from error
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def named(environment: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Give the file and the folder that take the place of the certificates which are trusted otherwise."""
    return environment.get("SSL_CERT_FILE") or None, environment.get("SSL_CERT_DIR") or None


def trusted_ends(environment: Mapping[str, str]) -> tuple[float, ...]:
    """Give when each certificate ends in the file that is named, in seconds since 1970; none where no file is.

    Raises InputError where what is named cannot be read: OpenSSL itself takes a folder that is not there for an empty one.
    """
    file, folder = named(environment)
    context = verifying(environment)
    if folder and not Path(folder).is_dir():
        raise InputError(f"the certificates in {folder} cannot be used: there is no such folder", hint=_HINT)
    shown = context.get_ca_certs() if file else []
    return tuple(ssl.cert_time_to_seconds(str(each["notAfter"])) for each in shown)
