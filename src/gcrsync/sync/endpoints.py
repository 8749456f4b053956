"""What a run will need of the registries at both ends, asked for one by one; nothing is left there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from gcrsync.mirror.diagnosis import Answer, Verdict, certificate, clock
from gcrsync.mirror.naming import RegistryDestination, folder_of
from gcrsync.mirror.record import Records
from gcrsync.oci.name import Repository
from gcrsync.registry.destination import Destination
from gcrsync.registry.greeting import Greeting, greet
from gcrsync.registry.trial import origin
from gcrsync.sync.examine import Question
from gcrsync.sync.found import Failure, told
from gcrsync.sync.job import Means, Mirror
from gcrsync.sync.once import Once
from gcrsync.sync.survey import reached

_MOST = 8
"""So many sources, and as many destinations, of one host are asked: one is like the other, and there may be thousands."""

_TRIED = "gcrsync-doctor"
"""The repository in which a push is tried where no name of a mirror is known yet."""


_READ = "see that its name is right, and that whoever asks may read it"
_WRITTEN = (
    "see that its name is right, that whoever asks may push there, and that it is not read-only or a cache of another registry"
)


@dataclass(frozen=True, slots=True)
class _Met:
    """What a registry has told of itself, and by how much the clock here was ahead of its own."""

    greeting: Greeting
    ahead: timedelta | None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The registries at both ends of some mirrors, and what is on record of these; ``now`` is the time of this machine."""

    means: Means
    mirrors: Sequence[Mirror]
    records: Records
    now: Callable[[], datetime]
    met: Once[str, _Met | Failure] = field(default_factory=Once)

    def questions(self) -> Iterator[Question]:
        """Ask each host for an answer, each source for a list, each destination for leave to push, and all of them for the time."""
        sources = {mirror.selection.namespace: mirror for mirror in self.mirrors}
        places = {place: mirror for mirror in self.mirrors if isinstance(place := mirror.destination, RegistryDestination)}
        hosts = sorted({namespace.registry for namespace in sources} | {place.registry for place in places})
        for host in hosts:
            yield Question(f"registry {host}", partial(self._registry, host), "see that this is a registry, and that it runs")
            for namespace in islice((name for name in sources if name.registry == host), _MOST):
                yield Question(f"source {namespace}", partial(self._source, sources[namespace]), _READ)
            for place in islice((name for name in places if name.registry == host), _MOST):
                yield Question(f"destination {place.text}", partial(self._destination, places[place], place), _WRITTEN)
        if hosts:
            yield Question("clock", partial(self._clock, hosts))

    def _registry(self, host: str) -> Answer:
        met = self._meet(host)
        if not isinstance(met, _Met):
            raise met
        greeting = met.greeting
        if greeting.certificate_ends is None:
            way = "its certificate is not verified" if greeting.scheme == "https" else "plain HTTP"
            return Answer(f"it answers; {way}")
        left = greeting.certificate_ends - self.now()
        verdict = certificate(left)
        advice = "" if verdict is Verdict.OK else "whoever keeps the registry has to renew it"
        return Answer(f"it answers; its certificate is good until {greeting.certificate_ends:%Y-%m-%d}", advice, verdict)

    def _source(self, mirror: Mirror) -> Answer:
        namespace, session = mirror.selection.namespace, self.means.session
        listed_by = reached(session, mirror.selection)
        return Answer(f"it can be listed (by {listed_by}), {_as(origin(session, namespace.registry, namespace.path))}")

    def _destination(self, mirror: Mirror, place: RegistryDestination) -> Answer:
        target, repository = self.means.target(place), self._tried(mirror, place)
        if not isinstance(target, Destination):  # which the target of a registry is
            raise TypeError(target)
        trial = target.try_push(repository)
        end = "given up again" if trial.given_up else "left to end by itself, since its end was not taken"
        return Answer(f"an upload to {repository.path} was opened and {end}, {_as(trial.origin)}")

    def _tried(self, mirror: Mirror, place: RegistryDestination) -> Repository:
        """Give the name of a mirror on record, or one that a mirror could have: some registries know only what was made there."""
        recorded = (record for name, record in self.records.items() if mirror.selection.takes(name) and record.served)
        names = (record.mirror for record in recorded if folder_of(record.mirror) is None)
        here = next((name for name in map(Repository.parse, names) if name.registry == place.registry), None)
        return here or place.repository(Repository(mirror.selection.namespace.registry, mirror.selection.namespace.path or _TRIED))

    def _clock(self, hosts: Iterable[str]) -> Answer:
        """Compare the clock here with those of the registries: if it is wrong, it is so beside most of them."""
        met = {host: self._meet(host) for host in hosts}
        found = {host: each.ahead for host, each in met.items() if isinstance(each, _Met) and each.ahead is not None}
        if not found:
            return Answer("not compared: no registry has told its time", verdict=Verdict.WARNING)
        host = sorted(found, key=lambda host: abs(found[host]))[len(found) // 2]
        verdict = clock(found[host])
        seconds = round(found[host].total_seconds())
        apart = f"is {abs(seconds):,} seconds {'ahead of' if seconds > 0 else 'behind'}" if abs(seconds) > 1 else "agrees with"
        advice = "" if verdict is Verdict.OK else "set it (timedatectl set-ntp true): tokens and certificates are judged by it"
        return Answer(f"the clock here {apart} that of {host}", advice, verdict)

    def _meet(self, host: str) -> _Met | Failure:
        return self.met.do(host, lambda: told(partial(self._greeted, host)))

    def _greeted(self, host: str) -> _Met:
        before = self.now()
        greeting = greet(self.means.session, host)
        if greeting.time is None:
            return _Met(greeting, None)
        # What the way took is nobody's fault, and the time is told to the second.
        inside = before - timedelta(seconds=1) <= greeting.time <= self.now() + timedelta(seconds=1)
        return _Met(greeting, timedelta() if inside else before - greeting.time)


def _as(origin: str) -> str:
    return f"with the credentials from {origin}" if origin else "with no credentials"
