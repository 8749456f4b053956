"""What ``gcrsync init`` is to write: as its options say, as somebody answers, or as the git remote suggests."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from gcrsync.cli.asking import ask
from gcrsync.cli.config import FILE_NAME
from gcrsync.cli.forge import GITHUB_HOST, Forge, Remote
from gcrsync.cli.init_options import InitOptions
from gcrsync.cli.job import destination
from gcrsync.cli.nightly import MOST_JOBS, Daily, Nightly
from gcrsync.cli.origin import Origin
from gcrsync.errors import UsageError
from gcrsync.mirror.naming import FolderDestination, folder_of
from gcrsync.mirror.patterns import Patterns
from gcrsync.oci.manifest import Platform
from gcrsync.oci.name import Namespace

_Value = TypeVar("_Value")
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where one begins: the ``root`` of the git repository, its ``remote`` if it has one, and our ``own`` origin if it is known."""

    root: Path
    remote: Remote | None
    own: Origin | None


@dataclass(frozen=True, slots=True)
class Chooser:
    """Gives each value as an option says it, as somebody answers where there is somebody, or as it is by default."""

    asking: bool

    def choose(self, given: str | None, question: tuple[str, str], default: str, read: Callable[[str], _Value]) -> _Value:
        """Give the value; ``question`` is what is asked, and the option that answers it.

        Raises UsageError where nothing says it, and what ``read`` raises for a text that is none.
        """
        text, option = question
        if given is None and self.asking:
            return ask(text, default, read)
        if given is None and not default:
            raise UsageError(f"nothing says {option}", hint="name it, or run gcrsync init at a terminal, where it asks")
        return read(default if given is None else given)


def table(options: InitOptions, ground: Ground, chooser: Chooser) -> str:
    """Give the table that is to be in ``gcrsync.toml``."""
    question = ("What to mirror, such as gcr.io/distroless or registry.k8s.io", "NAMESPACE")
    source = chooser.choose(options.source, question, "", Namespace.parse)
    suggested = ground.remote.registry if ground.remote else ""
    question = ("Where to, such as ghcr.io/acme", "--to DESTINATION")
    to = chooser.choose(options.to, question, suggested, partial(_from_root, root=ground.root))
    question = (f"Which repositories of {source}, such as static java/**", "--include")
    include = _several(options.include, question, chooser, lambda text: Patterns((text,)))
    question = ("For which platforms, such as linux/amd64 linux/arm64", "--platform")
    platforms = _several(options.platform, question, chooser, Platform.parse)
    lines = ["[[mirror]]", f"source = {_quoted(str(source))}", f"destination = {_quoted(to)}"]
    lines += [
        f"{key} = [{', '.join(map(_quoted, texts))}]" for key, texts in (("include", include), ("platforms", platforms)) if texts
    ]
    return "".join(f"{line}\n" for line in lines)


def forge(options: InitOptions, ground: Ground, chooser: Chooser, destinations: Sequence[str]) -> Forge:
    """Give who is to run the nightly job; it is not a forge by default where all ``destinations`` are folders of this machine."""
    local = bool(destinations) and all(folder_of(each) is not None for each in destinations)
    suggested = ground.remote.forge if ground.remote and not local else Forge.NONE
    return chooser.choose(options.ci, (f"Who runs the nightly job ({', '.join(Forge)})", "--ci"), suggested, _forge)


def nightly(options: InitOptions, ground: Ground, chooser: Chooser, chosen: Forge) -> str:
    """Give the file with the nightly job."""
    host, name = (ground.remote.host, ground.remote.path) if ground.remote else (GITHUB_HOST, ground.root.name)
    daily = chooser.choose(options.at, ("When each night, UTC", "--at"), str(Daily.spread(name)), Daily.parse)
    shards = None if options.shards is None else str(options.shards)
    machines = chooser.choose(shards, ("How many machines share the work", "--shards"), "1", partial(_machines, chosen=chosen))

    def fitting(text: str) -> Origin:
        origin = Origin.parse(text)
        if chosen is Forge.GITHUB and not origin.action(host):
            raise UsageError(f"{origin.url} is no repository that a workflow at {host} can use", hint="name one of that host")
        return origin

    own = ground.own
    known = str(own) if own and (chosen is Forge.GITLAB or own.action(host)) else ""
    question = ("Which gcrsync it runs, as OWNER/REPO@COMMIT at GitHub or URL@COMMIT", "--action OWNER/REPO@COMMIT")
    origin = chooser.choose(options.action, question, known, fitting)
    return Nightly(daily, machines, origin).file(chosen, origin.action(host))


def _from_root(text: str, root: Path) -> str:
    """Give a destination as the configuration at the root has to name it: a relative folder counts from here, and there from it."""
    place = destination(text, None, Path.cwd(), root)
    return place.text if isinstance(place, FolderDestination) and not Path(place.folder).is_absolute() else text


def _several(
    given: Sequence[str] | None, question: tuple[str, str], chooser: Chooser, read: Callable[[str], object]
) -> tuple[str, ...]:
    """Give the texts that an option says, or the words of an answer, each of which can be read; none where all are asked for."""
    if not given:
        return chooser.choose(None, question, _ALL, lambda answer: () if answer == _ALL else _readable(answer.split(), read))
    return _readable(given, read)


def _readable(texts: Iterable[str], read: Callable[[str], object]) -> tuple[str, ...]:
    readable = tuple(texts)
    for text in readable:
        read(text)
    return readable


def _forge(text: str) -> Forge:
    try:
        return Forge(text)
    except ValueError:
        raise UsageError(f"{text!r} runs no nightly job", hint=f"one of {', '.join(Forge)}") from None


def _machines(text: str, chosen: Forge) -> int:
    most = MOST_JOBS[chosen]
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= most:
        raise UsageError(f"{text!r} is no number of machines at {chosen}", hint=f"write a number from 1 to {most}")
    return int(text)


def _quoted(text: str) -> str:
    """Give a text as a basic string of TOML, which is one of JSON where it has no DEL; UsageError for what is no UTF-8."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError(f"{text!r} cannot be written into {FILE_NAME}, which is UTF-8", hint="name it in UTF-8")
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
