"""As whom a registry is asked: of the accounts that there are, the first that it does not refuse.

Whoever reads at Google asks as nobody first: most is public there, and credentials that have ended or are for another project
would shut it. Who was refused once for a project is not tried again for each of its repositories. Everywhere else there is
one account.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from gcrsync.registry.credentials import Anonymous, Credential, RegistryToken
from gcrsync.registry.google_names import is_google, readable_part
from gcrsync.registry.keychain import Keychain, Way

_NOBODY = -1


@dataclass(frozen=True, slots=True)
class Place:
    """What is asked for: a registry, the path of the repository there if it is known, and whether it is only read."""

    registry: str
    repository: str = ""
    reads: bool = True

    @property
    def part(self) -> "Place":
        """The part of the registry that is open to the same people."""
        return replace(self, repository=readable_part(self.registry, self.repository))


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks: a credential, and the place of its way among those of the keychain; nobody has none.

    ``origins`` says where this credential and those that were refused before it were found, ``troubles`` what kept others from
    being found.
    """

    credential: Credential = field(default_factory=Anonymous)
    turn: int = _NOBODY
    origins: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    @property
    def refusal(self) -> str:
        """What is to be said of the credentials where this account is refused, and there is no other."""
        found = f"the credentials from {' and '.join(self.origins)} do not open it"
        told = found if self.origins else "no credentials for it were found"
        return f"{told} ({'; '.join(self.troubles)})" if self.troubles else told


class Accounts:
    """The account whose turn it is at each place; safe to share between threads."""

    def __init__(self, keychain: Keychain) -> None:
        """Look for nothing yet."""
        self._keychain = keychain
        self._lock = Lock()
        self._turns: dict[Place, Account] = {}
        self._opened: set[Place] = set()

    def credential(self, registry: str, repository: str = "") -> Credential:
        """Give what is configured for a registry, for what it has beside the distribution API; InputError as in the keychain."""
        return self._keychain.credential(registry, repository)

    def token(self, *variables: str) -> RegistryToken | None:
        """Give the token in the first of these environment variables that holds one; InputError as in the keychain."""
        return self._keychain.token(*variables)

    def at(self, place: Place) -> Account:
        """Give who asks; raises InputError where what was configured for another registry than Google's cannot be used."""
        ways = self._keychain.ways(place.registry, place.repository)
        if not is_google(place.registry):
            return _after(Account(), ways)
        account = self._turns.get(place.part)
        if account is None:
            first = Account() if place.reads else _after(Account(), ways)
            return self._turns.setdefault(place.part, first)
        if account.turn == _NOBODY:
            return account
        return replace(account, credential=ways[account.turn]())

    def refused(self, place: Place, account: Account) -> Account:
        """Give who asks after an account was refused: the same one where there is nobody else.

        Once somebody was let in, a refusal is for what was asked for and not for who asks.
        """
        with self._lock:
            current = self._turns.get(place.part)
            is_opened = place.part in self._opened
        if current is None or current.turn > account.turn:
            return current or account
        if is_opened:
            return account
        after = _after(account, self._keychain.ways(place.registry, place.repository))
        with self._lock:
            latest = self._turns[place.part]
            if latest.turn < after.turn:
                self._turns[place.part] = latest = after
        return after if after.turn == account.turn else latest

    def opened(self, place: Place, account: Account) -> None:
        """Note that an account was let in."""
        with self._lock:
            current = self._turns.get(place.part)
            if current is not None and current.turn == account.turn:
                self._opened.add(place.part)


def _after(account: Account, ways: Sequence[Way]) -> Account:
    """Give the next account for which there are credentials, or the same one with what kept others from being found."""
    troubles = account.troubles
    for turn, way in enumerate(ways):
        if turn <= account.turn:
            continue
        credential = way()
        if not isinstance(credential, Anonymous):
            return Account(credential, turn, (*account.origins, credential.origin), troubles)
        troubles += (credential.trouble,) if credential.trouble else ()
    return replace(account, troubles=troubles)
