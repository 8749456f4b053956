"""What a run is asked to do, from its options and the configuration."""

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gcrsync.cli.command import now
from gcrsync.cli.config import FILE_NAME, read_config, read_site
from gcrsync.cli.options import CompareOptions
from gcrsync.cli.table import Table
from gcrsync.errors import UsageError
from gcrsync.mirror.naming import AnyDestination, FolderDestination, checked_template, folder_of, registry_destination
from gcrsync.mirror.patterns import Patterns
from gcrsync.mirror.selection import Selection
from gcrsync.mirror.shard import Shard
from gcrsync.oci.name import Namespace
from gcrsync.store.opening import is_url
from gcrsync.sync.job import Job, Mirror


@dataclass(frozen=True, slots=True)
class Base:
    """Where relative paths count from: ``root`` is the metadata repository's, ``config`` that of the configuration file.

    ``ours`` marks a clone in our own cache, whose place means nothing to anybody else.
    """

    root: Path
    config: Path | None
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A table of the configuration, and the part of its source that a run is about."""

    table: Table
    namespace: Namespace


def choices(options: CompareOptions, base: Base) -> tuple[Choice, ...]:
    """Give what is to be mirrored: the configuration's tables, or those that cover the namespaces that were named."""
    configured = read_config(base.config) if base.config else ()
    if not options.namespaces:
        if not configured:
            hint = "name a NAMESPACE and --to DESTINATION, or write them into it"
            raise UsageError(f"nothing to mirror: there is no {FILE_NAME} with a [[mirror]] table in {base.root}", hint=hint)
        return tuple(Choice(table, table.source) for table in configured)
    named = {Namespace.parse(text) for text in options.namespaces}
    widest = sorted(name for name in named if not any(other != name and other.covers(name) for other in named))
    return tuple(choice for namespace in widest for choice in _covering(namespace, configured, options))


def _covering(namespace: Namespace, configured: tuple[Table, ...], options: CompareOptions) -> tuple[Choice, ...]:
    """Give the tables that cover a namespace, narrowed to it, or those that lie below it; with none, one made from ``--to``."""
    covering = tuple(Choice(table, namespace) for table in configured if table.source.covers(namespace))
    found = covering or tuple(Choice(table, table.source) for table in configured if namespace.covers(table.source))
    if found:
        return found
    if options.to is None:
        raise UsageError(f"no table of the configuration covers {namespace}", hint="say where to with --to DESTINATION")
    return (Choice(Table(namespace, options.to), namespace),)


def job(command: str, options: CompareOptions, base: Base, chosen: Iterable[Choice]) -> Job:
    """Give what the run is asked to do with the chosen tables."""
    started = now()
    mirrors = tuple(_mirror(choice, options, base, started) for choice in chosen)
    part = "" if options.shard is None else f"-{options.shard.replace('/', 'of')}"
    run = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}{part}"
    return Job(command, mirrors, started, run, site=read_site(base.config) if base.config else "")


def _mirror(choice: Choice, options: CompareOptions, base: Base, started: datetime) -> Mirror:
    table = choice.table
    includes = (table.include, Patterns(tuple(options.include or ())))
    selection = Selection(
        source=table.source,
        namespace=choice.namespace,
        includes=tuple(patterns for patterns in includes if patterns),
        exclude=Patterns((*table.exclude.texts, *(options.exclude or ()))),
        pins=table.pins,
        accept_empty=table.accept_empty,
        vendor=table.vendor,
        official_images=_located(table.official_images, base),
        shard=Shard() if options.shard is None else Shard.parse(options.shard),
        rules=table.rules,
        now=started,
    )
    beside = base.config.parent if base.config else base.root
    written, folder = (table.destination, beside) if options.to is None else (options.to, Path.cwd())
    place = destination(written, table.name, folder, None if base.ours else base.root)
    return Mirror(selection, place)


def _located(place: str, base: Base) -> str:
    """Give a URL as it is, and a path as an absolute one; a relative one counts from the folder of the configuration."""
    if not place or is_url(place):
        return place
    return os.path.normpath((base.config.parent if base.config else base.root).resolve() / Path(place).expanduser())


def destination(text: str, template: str | None, folder: Path, root: Path | None) -> AnyDestination:
    """Read a destination; a relative ``oci:`` folder counts from ``folder``, and is recorded relative to ``root`` if any."""
    named = folder_of(text)
    if named is None:
        return registry_destination(text, template)
    if not named:
        raise UsageError("oci: names no folder", hint="write oci:FOLDER")
    written = os.path.expanduser(named)  # noqa: PTH111 - unlike Path's it leaves a user that nobody knows as it is
    location = Path(os.path.normpath(folder.resolve() / written))
    recorded = location.as_posix() if root is None or Path(written).is_absolute() else _relative(location, root)
    return FolderDestination(recorded, str(location), checked_template(template or "{path}"))


def _relative(location: Path, root: Path) -> str:
    relative = Path(os.path.relpath(location, root)).as_posix()
    return relative if relative.startswith("..") else f"./{relative}"
