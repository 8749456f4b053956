"""What each host has said of how much it gives, heeded by all sessions and threads of a run."""

import httpx

from gcrsync.errors import PullLimitError
from gcrsync.oci.name import canonical_host
from gcrsync.registry.limits import pull_limit, span
from gcrsync.registry.words import quotation


class Host:
    """One host, by its name and port."""

    def __init__(self, name: str) -> None:
        """Begin with nothing heard."""
        self._name = name
        self._exhausted: tuple[str, float] | None = None

    def check(self, request: httpx.Request, now: float) -> None:
        """Raise PullLimitError instead of a request that would count where no more are given; HEAD and blobs do not count."""
        if self._exhausted is not None and request.method == "GET" and "/manifests/" in request.url.path:
            words, until = self._exhausted
            if now < until:
                raise self._limited(words, until - now)

    def heed(self, request: httpx.Request, response: httpx.Response, content: bytes, now: float) -> None:
        """Take note of a 429; raises PullLimitError where it says that no more are given for long."""
        seconds = pull_limit(response.headers, content)
        if seconds is not None:
            words = quotation(content, request)
            self._exhausted = words, now + seconds
            raise self._limited(words, seconds)

    def _limited(self, words: str, seconds: float) -> PullLimitError:
        hint = f"run again in {span(seconds)}, or log in for a higher limit"
        reason = f"all pulls are used up: {words}" if words else "all pulls are used up"
        return PullLimitError("reading manifests of", self._name, reason, retry_after=seconds, hint=hint)


class Hosts:
    """The hosts that a run speaks to; one is shared by all its sessions."""

    def __init__(self) -> None:
        """Begin with none."""
        self._hosts: dict[bytes, Host] = {}

    def at(self, url: httpx.URL) -> Host:
        """Give the host of a URL, always the same one."""
        host = self._hosts.get(url.netloc)
        return host or self._hosts.setdefault(url.netloc, Host(_named(url)))


def _named(url: httpx.URL) -> str:
    return canonical_host(url.netloc.decode("ascii"))
