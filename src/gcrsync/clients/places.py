"""Which names at the source lead to one place at the mirror by their beginning alone, of which a machine can be told."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from gcrsync.mirror.naming import folder_of, mirrored
from gcrsync.mirror.record import Record, Records
from gcrsync.oci.name import Namespace


@dataclass(frozen=True, slots=True)
class Way:
    """What begins with ``source`` is at the mirror where ``place`` stands in its stead."""

    source: Namespace
    place: Namespace


@dataclass(frozen=True, slots=True)
class Astray:
    """What cannot be led to the mirror by the beginning of its name, and why."""

    source: Namespace
    reason: str


class Places:
    """All that a mirror has, by its names there."""

    def __init__(self, records: Records) -> None:
        """Begin with what is on record and at the mirror."""
        self._records = sorted(filter(mirrored, records.values()), key=lambda record: record.mirror)
        self._names = [record.mirror for record in self._records]

    def by_registry(self) -> list[Way | Astray]:
        """Give a way for each registry that is mirrored: all its repositories have their own paths below one place."""
        return [self._registry(name, records) for name, records in self._registries()]

    def by_name(self) -> list[Way | Astray]:
        """Give a way for each registry, and where that cannot be for each of its repositories."""
        ways = list[Way | Astray]()
        for name, records in self._registries():
            whole = self._registry(name, records)
            ways += [whole] if isinstance(whole, Way) else map(self._repository, records)
        return ways

    def _registries(self) -> list[tuple[str, list[Record]]]:
        found = defaultdict[str, list[Record]](list)
        for record in sorted(self._records, key=lambda record: record.repository):
            found[record.repository.registry].append(record)
        return list(found.items())

    def _registry(self, registry: str, records: Sequence[Record]) -> Way | Astray:
        source = Namespace(registry)
        (place, count), *_ = Counter(map(_place, records)).most_common(1)
        if not place or count < len(records):
            other = next(record for record in records if not place or _place(record) != place)
            return Astray(source, f"not all of its names are the same behind one beginning: {other.repository} is {other.mirror}")
        return self._way(source, place)

    def _repository(self, record: Record) -> Way | Astray:
        return self._way(record.repository.namespace, record.mirror)

    def _way(self, source: Namespace, place: str) -> Way | Astray:
        """Give the way, unless it would lead to what the mirror has from elsewhere: that would be another image."""
        if folder_of(place) is not None:
            return Astray(source, f"the mirror keeps it in a folder, from which no client pulls: {place}")
        for position in range(bisect_left(self._names, place), len(self._names)):
            name, record = self._names[position], self._records[position]
            if not name.startswith(place):
                break
            wrong = f"{source}{name[len(place) :]}"
            if name[len(place) : len(place) + 1] in ("", "/") and str(record.repository) != wrong:
                return Astray(source, f"{wrong} would lead to {name}, which is {record.repository}")
        return Way(source, Namespace.parse(place))


def _place(record: Record) -> str:
    """Give what stands before the path of the source in a name at the mirror; empty where something else stands there."""
    path = f"/{record.repository.path}"
    return record.mirror.removesuffix(path) if record.mirror.endswith(path) else ""
