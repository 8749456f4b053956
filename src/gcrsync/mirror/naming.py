"""Where a repository of the source is kept at the destination, and what must be true of all such names together."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import dropwhile

from gcrsync.errors import InvalidNameError, MirrorNameError
from gcrsync.mirror.record import Record, Records
from gcrsync.oci.name import DOCKER_HUB, Namespace, Repository, canonical_host, is_host

_FIELD = re.compile(r"\{([^{}]*)\}")
_FIELDS = ("registry", "path", "flat")
_FOLDER_PREFIX = "oci:"
_ABOVE = frozenset({".", ".."})
_FEWEST_COMPONENTS = 2


@dataclass(frozen=True, slots=True)
class RegistryDestination:
    """A registry, with a path in it under which all mirrors stand (empty: its root)."""

    registry: str
    path: str
    template: str

    @property
    def text(self) -> str:
        """``registry/path``."""
        return f"{self.registry}/{self.path}" if self.path else self.registry

    def repository(self, source: Repository) -> Repository:
        """Give the repository that mirrors this one."""
        rendered = render(self.template, source)
        return Repository(self.registry, f"{self.path}/{rendered}" if self.path else rendered)


@dataclass(frozen=True, slots=True)
class FolderDestination:
    """A folder that holds one OCI image layout for each repository, by its path below the folder.

    ``folder`` is as the names on record begin; ``location`` is the absolute path on this machine.
    """

    folder: str
    location: str
    template: str

    @property
    def text(self) -> str:
        """``oci:`` and the folder."""
        return f"{_FOLDER_PREFIX}{self.folder}"

    def repository(self, source: Repository) -> Repository:
        """Give the path below the folder, as a repository of localhost."""
        return Repository("localhost", render(self.template, source))


AnyDestination = RegistryDestination | FolderDestination


def folder_of(text: str) -> str | None:
    """Give the folder of a destination text that begins with ``oci:``, else None."""
    return text.removeprefix(_FOLDER_PREFIX) if text.startswith(_FOLDER_PREFIX) else None


def registry_destination(text: str, template: str | None) -> RegistryDestination:
    """Read a destination such as ``docker.io/me``; without a template it is ``{path}``, on Docker Hub ``{flat}``.

    Raises InvalidNameError where the text does not begin with a host, or the template is malformed.
    """
    scheme, separator, _ = text.partition("://")
    if separator:
        raise InvalidNameError("destination", scheme + separator, "expected no scheme before the host")
    first, _, path = text.removesuffix("/").partition("/")
    if not is_host(first):
        raise InvalidNameError("destination", text, "expected HOST/PATH (such as ghcr.io/acme) or oci:FOLDER")
    host = canonical_host(first)
    Namespace(host, path)
    return RegistryDestination(host, path, checked_template(template or ("{flat}" if host == DOCKER_HUB else "{path}")))


def checked_template(template: str) -> str:
    """Give the template of a name; InvalidNameError where it has no known field, or an unknown one."""
    fields = _FIELD.findall(template)
    unknown = [name for name in fields if name not in _FIELDS]
    if unknown or not fields or "{" in _FIELD.sub("", template) or "}" in _FIELD.sub("", template):
        raise InvalidNameError("name template", template, "expected {registry}, {path} or {flat}, and no other field")
    return template


def render(template: str, source: Repository) -> str:
    """Fill a template with the parts of a source repository; the ``:`` of a port becomes ``_``."""
    registry = source.registry.replace(":", "_")
    parts = {"registry": registry, "path": source.path, "flat": f"{registry}/{source.path}".replace("/", "_")}
    return _FIELD.sub(lambda found: parts[found.group(1)], template)


def mirror_name(destination: AnyDestination, source: Repository) -> str:
    """Give the name of a mirror as it is recorded: ``ghcr.io/acme/distroless/static`` or ``oci:./mirror/distroless/static``."""
    target = destination.repository(source)
    if isinstance(destination, FolderDestination):
        return f"{destination.text.removesuffix('/')}/{target.path}"
    return str(target)


def check_mirror_name(text: str) -> None:
    """Raise InvalidNameError for what :func:`mirror_name` never gives; no name at all is good where nothing is mirrored."""
    folder = folder_of(text)
    if folder is None:
        if text:
            Repository.parse(text)
        return
    components = folder.split("/")
    below = list(dropwhile(lambda component: component in _ABOVE, components))
    if len(components) < _FEWEST_COMPONENTS or not below or not _ABOVE.isdisjoint(below) or "\0" in folder:
        raise InvalidNameError("mirror", text, "expected oci:FOLDER/REPOSITORY, with '.' and '..' at the beginning alone")
    Repository("localhost", components[-1])


def check_collisions(names: Mapping[Repository, str], records: Records) -> None:
    """Raise MirrorNameError where two sources would share one name, in this run or with a name on record."""
    taken: dict[str, Repository] = {}
    recorded = {source: record.mirror for source, record in records.items() if source not in names and mirrored(record)}
    for source, name in (*sorted(recorded.items()), *sorted(names.items())):
        other = taken.setdefault(name, source)
        if other != source:
            hint = 'choose another `name` for one of them, such as "{registry}/{path}"'
            raise MirrorNameError(f"{other} and {source} would both be mirrored to {name}", hint=hint)


def renamed(names: Mapping[Repository, str], records: Records) -> tuple[Repository, ...]:
    """Give the sources whose name on record is another than the one of this run, sorted."""
    return tuple(sorted(source for source, name in names.items() if source in records and records[source].mirror != name))


def mirrored(record: Record) -> bool:
    """Say whether the mirror has anything of a repository, so that its name there matters."""
    return bool(record.served)


def check_unmoved(names: Mapping[Repository, str], records: Records) -> None:
    """Raise MirrorNameError where a name on record would change."""
    for source in renamed(names, records):
        if not mirrored(records[source]):
            continue
        message = f"{source} is recorded as mirrored to {records[source].mirror}, and this run would mirror it to {names[source]}"
        raise MirrorNameError(message, hint="use another --metadata-repo, or sync --move to copy everything to the new name")
