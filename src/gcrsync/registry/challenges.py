"""What each registry asks for before it answers, as far as it has said so."""

from contextlib import closing
from http import HTTPStatus
from threading import Lock

import httpx

from gcrsync.registry.answers import ERROR_LIMIT, body
from gcrsync.registry.challenge import Challenge, chosen
from gcrsync.registry.homes import Homes
from gcrsync.registry.wire import Wire


class Challenges:
    """The challenges of all registries; safe to share between threads."""

    def __init__(self, wire: Wire, homes: Homes) -> None:
        """Know of none yet."""
        self._wire, self._homes = wire, homes
        self._met: dict[str, Challenge | None] = {}
        self._heard: dict[str, Challenge] = {}
        self._learning: dict[str, Lock] = {}

    def met(self, registry: str) -> Challenge | None:
        """Give what could be met of what a registry asks for, for any scope; None where that is not known, or nothing."""
        return self._met.get(registry)

    def last(self, registry: str) -> Challenge | None:
        """Give what a registry has asked for last, whether it could be met or not."""
        return self._heard.get(registry) or self._met.get(registry)

    def learned(self, registry: str) -> Challenge | None:
        """Give what a registry has asked for last, and ask it where it has not been asked yet."""
        if self.last(registry) is None:
            self.learn(registry)
        return self.last(registry)

    def heard(self, registry: str, response: httpx.Response) -> Challenge | None:
        """Give what a registry asks for with its 401; some say it without a challenge, and the last one holds."""
        challenge = chosen(response.headers.get_list("www-authenticate")) or self._met.get(registry)
        if challenge is not None:
            self._heard[registry] = challenge
        return challenge

    def meet(self, registry: str, challenge: Challenge) -> None:
        """Keep a challenge that can be met. One that cannot is not worth it: one path would shut all the others."""
        self._met[registry] = challenge.for_any_scope()

    def learn(self, registry: str) -> None:
        """Ask what the registry asks for, once, before a body is sent that cannot be sent again."""
        with self._learning.setdefault(registry, Lock()):
            if registry in self._met:
                return
            with closing(self._wire.send("GET", self._homes.url(registry).copy_with(path="/v2/"), {})) as response:
                body(response, ERROR_LIMIT)
            asks = response.status_code == HTTPStatus.UNAUTHORIZED
            challenge = chosen(response.headers.get_list("www-authenticate")) if asks else None
            self._met.setdefault(registry, challenge and challenge.for_any_scope())
