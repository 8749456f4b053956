"""The embedded registry without a socket, and the errors that it answers with."""

from pathlib import Path

from werkzeug.test import Client, TestResponse

from gcrsync.archive.folder import LayoutFolder
from gcrsync.serve.application import RegistryApplication


class DirectClient(Client):
    """Calls the application and reads each answer to its end, as a server does."""

    def open(self, *args: object, buffered: bool = True, follow_redirects: bool = False, **kwargs: object) -> TestResponse:
        """Send one request."""
        return super().open(*args, buffered=buffered, follow_redirects=follow_redirects, **kwargs)


def reader_of(root: Path) -> DirectClient:
    """Talk to a registry over this folder that can only be read."""
    return DirectClient(RegistryApplication(LayoutFolder(root), writable=False, log=lambda _: None))


def error_of(response: TestResponse) -> tuple[int, str]:
    """Give status and code of an answer that must be an error envelope with one line of text (distribution-spec, "Error Codes")."""
    (error,) = response.get_json()["errors"]
    assert error["message"]
    assert "\n" not in error["message"]
    return response.status_code, error["code"]
