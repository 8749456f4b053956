"""How a run goes on, as a JSON document that is replaced while it does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from gcrsync.errors import InvalidMetadataError, InvalidNameError, one_line
from gcrsync.metadata import strict_json
from gcrsync.metadata.section import WrongValueError
from gcrsync.metadata.timestamp import format_time, parse_time
from gcrsync.mirror.record import Json

VERSION = 1
"""The version of the document's shape."""

_Kind = TypeVar("_Kind", str, int, dict[str, Json], list[Json])


@dataclass(frozen=True, slots=True)
class Copying:
    """An image that is being copied: ``sent`` of its ``size`` bytes, 0 where that is not known, by ``rate`` bytes a second."""

    image: str
    sent: int = 0
    size: int = 0
    rate: int = 0


@dataclass(frozen=True, slots=True)
class Pulls:
    """A host that gives ``left`` more pulls of the ``most`` that it gives in a window of time."""

    host: str
    left: int
    most: int


@dataclass(frozen=True, slots=True)
class Due:
    """What will come in so many seconds."""

    what: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run is after ``elapsed`` seconds, ``doing`` something.

    It has ``listed`` so many paths, and has come to an end with ``done`` of ``images``, ``failed`` ones among them; it has ``sent``
    so many of the bytes that are ``expected`` as far as listings tell, lately by ``rate`` a second. ``due`` begins with what comes
    next.
    """

    doing: str = "starting"
    elapsed: int = 0
    listed: int = 0
    images: int = 0
    done: int = 0
    failed: int = 0
    sent: int = 0
    expected: int = 0
    rate: int = 0
    copying: tuple[Copying, ...] = ()
    pulls: tuple[Pulls, ...] = ()
    due: tuple[Due, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """Where a run of a command is; ``exit`` is its exit code, None as long as it has not ended. Times are in UTC."""

    command: str
    started: datetime
    updated: datetime
    exit: int | None = None
    standing: Standing = field(default_factory=Standing)


def status_json(status: Status) -> str:
    """Give the status as one JSON document on one line, with a final newline."""
    return json.dumps(_document(status), ensure_ascii=False) + "\n"


def parse_status(text: str, path: str) -> Status:
    """Read a document. Raises InvalidMetadataError for what is none, in the name of its ``path``; texts are on one line each."""
    document = strict_json.parse(text, path)
    try:
        return _status(document)
    except (WrongValueError, InvalidNameError) as error:
        hint = "name the file that the run got with --status"
        raise InvalidMetadataError(path, 0, f"not the status of a run: {error}", hint=hint) from error


def _document(status: Status) -> Json:
    now = status.standing
    return {
        "version": VERSION,
        "command": status.command,
        "started": format_time(status.started),
        "updated": format_time(status.updated),
        "exit": status.exit,
        "doing": now.doing,
        "elapsed": now.elapsed,
        "listed": now.listed,
        "images": {"done": now.done, "of": now.images, "failed": now.failed},
        "bytes": {"sent": now.sent, "of": now.expected, "rate": now.rate},
        "copying": [{"image": each.image, "sent": each.sent, "size": each.size, "rate": each.rate} for each in now.copying],
        "pulls": [{"host": each.host, "left": each.left, "of": each.most} for each in now.pulls],
        "due": [{"what": each.what, "seconds": each.seconds} for each in now.due],
    }


def _status(document: Json) -> Status:
    if _the(document, "version", int) != VERSION:
        raise WrongValueError("it is of another version of gcrsync")
    images, sizes = _the(document, "images", dict), _the(document, "bytes", dict)
    standing = Standing(
        _text(document, "doing"),
        _the(document, "elapsed", int),
        _the(document, "listed", int),
        _the(images, "of", int),
        _the(images, "done", int),
        _the(images, "failed", int),
        _the(sizes, "sent", int),
        _the(sizes, "of", int),
        _the(sizes, "rate", int),
        tuple(_copying(document)),
        tuple(Pulls(_text(each, "host"), _the(each, "left", int), _the(each, "of", int)) for each in _the(document, "pulls", list)),
        tuple(Due(_text(each, "what"), _the(each, "seconds", int)) for each in _the(document, "due", list)),
    )
    started, updated = (parse_time(_the(document, key, str)) for key in ("started", "updated"))
    return Status(_text(document, "command"), started, updated, _exit(document), standing)


def _copying(document: Json) -> Iterator[Copying]:
    for each in _the(document, "copying", list):
        yield Copying(_text(each, "image"), _the(each, "sent", int), _the(each, "size", int), _the(each, "rate", int))


def _exit(document: Json) -> int | None:
    return None if isinstance(document, dict) and document.get("exit", 0) is None else _the(document, "exit", int)


def _text(document: Json, key: str) -> str:
    return one_line(_the(document, key, str))


def _the(document: Json, key: str, kind: type[_Kind]) -> _Kind:
    """Give what stands under a key; WrongValueError where that is of another kind, or a number below zero."""
    value = document.get(key) if isinstance(document, dict) else None
    if type(value) is not kind or (kind is int and value < 0):
        raise WrongValueError(f"{key!r} is not what it should be", key)
    return value
