"""What a registry tells of itself to somebody who has not logged in (distribution-spec, "Determining Support")."""

import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import httpx

from gcrsync.registry import answers
from gcrsync.registry.api import http_date
from gcrsync.registry.connections import CERTIFICATE
from gcrsync.registry.session import Call, Session


@dataclass(frozen=True, slots=True)
class Greeting:
    """The scheme by which it answered, its time, and when its certificate ends; each None where it was not told."""

    scheme: str
    time: datetime | None
    certificate_ends: datetime | None


def greet(session: Session, registry: str) -> Greeting:
    """Ask a registry whether it is one, with no credentials: that it wants some is an answer, too.

    Raises RegistryError where none comes, where the registry is broken or wants patience, and where a page for people comes.
    """
    with session.open(Call("GET", session.url(registry, "/v2/"), registry, authorization="")) as response:
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise answers.failure(response, "asking")
        if response.status_code == HTTPStatus.OK:
            answers.refuse_page(answers.body(response, answers.ERROR_LIMIT), response, registry, doing="asking")
        return Greeting(response.url.scheme, http_date(response.headers.get("date", "")), _certificate_ends(response))


def _certificate_ends(response: httpx.Response) -> datetime | None:
    """Give when the certificate ends that a verified connection has shown; through a proxy the connection is httpx's own."""
    shown = response.extensions.get(CERTIFICATE)
    with suppress(
        AttributeError, KeyError, OSError, ValueError
    ):  # a connection that is closed by now, or has no TLS, tells nothing
        shown = shown or response.extensions["network_stream"].get_extra_info("ssl_object").getpeercert()
    return None if not shown else datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
