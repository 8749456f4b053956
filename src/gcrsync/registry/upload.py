"""Where a registry wants the bytes of a blob to be sent (distribution-spec, "Pushing blobs")."""

import httpx

from gcrsync.errors import ProtocolError
from gcrsync.oci.digest import Digest
from gcrsync.registry import answers


def opened_upload(response: httpx.Response) -> httpx.URL:
    """Give the URL of the upload that a 202 has opened; it may be on another host, and the session judges which."""
    location = response.headers.get("Location", "")
    try:
        url = response.url.join(location)
    except (httpx.InvalidURL, ValueError) as error:
        raise _astray(response, "is no URL") from error
    if not location:
        raise _astray(response, "is missing")
    if url.scheme not in {"https", "http"} or not url.host:
        raise _astray(response, "is no URL of a registry")
    return url


def upload_url(upload: httpx.URL, digest: Digest) -> httpx.URL:
    """Give the URL that ends an upload: its own query, which holds the registry's state, stays byte for byte."""
    query = f"{upload.query.decode('ascii')}&digest={digest}" if upload.query else f"digest={digest}"
    return upload.copy_with(query=query.encode("ascii"))


def _astray(response: httpx.Response, reason: str) -> ProtocolError:
    return ProtocolError("opening an upload at", answers.where(response.url), f"the Location of the upload {reason}")
