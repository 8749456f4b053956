"""Names of registries, namespaces, repositories and tags (distribution-spec, "Pulling manifests")."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import repeat
from typing import Self

from gcrsync.errors import InvalidNameError

_HOST = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::[0-9]{1,5})?")
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
LONGEST_TAG = 128
"""The most characters that a tag has (distribution-spec, "Pulling manifests")."""

_TAG = re.compile(rf"[a-zA-Z0-9_][a-zA-Z0-9._-]{{0,{LONGEST_TAG - 1}}}")
_LINES_OF_TAGS = re.compile(rf"(?:{_TAG.pattern}\n)*+")
_DIGITS = re.compile(r"([0-9]+)")
_LONGEST_NAME = 255
_DOCKER_HUB_NAMES = ("index.docker.io", "registry-1.docker.io")
DOCKER_HUB = "docker.io"
_DEFAULT_REGISTRY = "gcr.io"


TagOrder = tuple[tuple[str | int, ...], str]
"""What tags are sorted by."""


@dataclass(frozen=True, slots=True, order=True)
class Namespace:
    """A place in a registry below which repositories are listed; an empty ``path`` is the root of the registry.

    A path may be a namespace and a repository at the same time.
    """

    registry: str
    path: str = ""

    def __post_init__(self) -> None:
        """Refuse a malformed host or path with InvalidNameError."""
        _check_host(self.registry)
        if self.path:
            _check_path("namespace", self.registry, self.path)

    def __str__(self) -> str:
        """Give ``registry/path``, or the registry alone at the root."""
        return f"{self.registry}/{self.path}" if self.path else self.registry

    @classmethod
    def parse(cls, text: str) -> "Namespace":
        """Read ``distroless``, ``gcr.io/distroless`` or ``registry.k8s.io``; without a host it is under gcr.io.

        The first part is a host where it holds a dot or a colon or is ``localhost``, as Docker reads it.
        """
        if "://" in text:
            raise InvalidNameError("namespace", text, "expected no scheme before the host")
        first, _, rest = text.removesuffix("/").partition("/")
        if is_host(first):
            return cls(canonical_host(first), rest)
        if not first:
            raise InvalidNameError("namespace", text, "expected a path, or the host of a registry")
        return cls(_DEFAULT_REGISTRY, text.removesuffix("/"))

    def child(self, component: str) -> "Namespace":
        """Give the namespace one or more path components further down; InvalidNameError where there is none in the text."""
        if not component:
            raise InvalidNameError("namespace", f"{self}/", "expected a path component after the last '/'")
        return Namespace(self.registry, f"{self.path}/{component}" if self.path else component)

    def covers(self, other: "Namespace | Repository") -> bool:
        """Say whether the other name is this one or lies below it."""
        if self.registry != other.registry:
            return False
        return not self.path or other.path == self.path or other.path.startswith(self.path + "/")

    def relative(self, repository: "Repository") -> str:
        """Give the path of a covered repository below this namespace; ``.`` where it is the namespace itself."""
        below = repository.path[len(self.path) :].removeprefix("/") if self.path else repository.path
        return below or "."


@dataclass(frozen=True, slots=True, order=True)
class Repository:
    """A repository: the host of its registry, with a port if need be, and its path there (never empty)."""

    registry: str
    path: str

    def __post_init__(self) -> None:
        """Refuse a malformed host or path with InvalidNameError."""
        _check_host(self.registry)
        _check_path("repository", self.registry, self.path)

    def __str__(self) -> str:
        """Give ``registry/path``."""
        return f"{self.registry}/{self.path}"

    @classmethod
    def parse(cls, text: str) -> "Repository":
        """Read ``registry/path``; the host is never guessed."""
        host, _, path = text.partition("/")
        if not is_host(host):
            raise InvalidNameError("repository", text, "expected it to begin with the host of a registry")
        return cls(canonical_host(host), path)

    @property
    def namespace(self) -> Namespace:
        """The namespace of the same name."""
        return Namespace(self.registry, self.path)


class Tag(str):
    """A tag: at most 128 letters, digits, ``_``, ``.`` and ``-``, the first no ``.`` or ``-``.

    It is its name, checked, as a digest is its text.
    """

    __slots__ = ()

    def __new__(cls, name: str) -> Self:
        """Refuse any other text with InvalidNameError."""
        if not _TAG.fullmatch(name):
            reason = "expected at most 128 letters, digits, '_', '.' and '-', the first no '.' or '-'"
            raise InvalidNameError("tag", name, reason)
        return super().__new__(cls, name)

    @classmethod
    def each(cls, names: Collection[str]) -> list[Self]:
        """Give the tag of each name: they are checked all at once, as digests are.

        Raises InvalidNameError for the first that is none.
        """
        lines = "\n".join((*names, ""))
        if lines.count("\n") == len(names) and _LINES_OF_TAGS.fullmatch(lines):
            return list(map(str.__new__, repeat(cls), names))
        return [cls(name) for name in names]

    @property
    def name(self) -> str:
        """The name."""
        return self

    @property
    def sort_key(self) -> TagOrder:
        """A key that sorts runs of ASCII digits as integers, before text, and text by code point.

        Text and integers take turns in it, text first, which is empty where the name begins with a digit. The name itself comes
        last, so that ``1`` and ``01`` have an order too.
        """
        parts: list[str | int] = list(_DIGITS.split(self))
        parts[1::2] = map(int, parts[1::2])
        return tuple(parts), self


def is_host(text: str) -> bool:
    """Say whether the first part of a name is a host, as Docker reads it: with a dot or a colon, or ``localhost``."""
    return "." in text or ":" in text or text.lower() == "localhost"


def canonical_host(text: str) -> str:
    """Give a host in lower case, and docker.io for each of Docker Hub's names."""
    host = text.lower()
    return DOCKER_HUB if host in _DOCKER_HUB_NAMES else host


def _check_host(text: str) -> None:
    """Refuse what :func:`is_host` would not take for a host in a longer name, and other spellings of a canonical host."""
    if not _HOST.fullmatch(text) or not is_host(text) or canonical_host(text) != text or len(text) > _LONGEST_NAME:
        raise InvalidNameError("registry", text, "expected a host in lower case with a dot or a port, or localhost")


def _check_path(kind: str, registry: str, path: str) -> None:
    if not _PATH.fullmatch(path):
        reason = "expected lower-case letters and digits, parted by '/', '.', '_', '__' or '-'"
        raise InvalidNameError(kind, f"{registry}/{path}", reason)
    if len(registry) + 1 + len(path) > _LONGEST_NAME:
        raise InvalidNameError(kind, f"{registry}/{path}", f"longer than {_LONGEST_NAME} characters")
