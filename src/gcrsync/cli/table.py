"""One ``[[mirror]]`` table of ``gcrsync.toml``, value by value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from os.path import expanduser
from pathlib import Path

from gcrsync.cli.images import Line, lines_of_file, read_images
from gcrsync.cli.rules import SETTINGS, read_rules
from gcrsync.cli.toml_lines import line_of_key
from gcrsync.cli.values import Values
from gcrsync.errors import InvalidConfigError, InvalidNameError
from gcrsync.mirror.naming import checked_template, folder_of, registry_destination
from gcrsync.mirror.patterns import Patterns
from gcrsync.mirror.rules import Rules
from gcrsync.oci.digest import Digest
from gcrsync.oci.name import DOCKER_HUB, Namespace, Tag
from gcrsync.registry.vendors import NAMES as VENDORS
from gcrsync.registry.vendors import fits

_KEYS = SETTINGS | {"source", "images", "official_images", "vendor", "destination", "name"}
_KEYS |= {"include", "exclude", "insecure", "accept_empty", "rule"}
_NOT_WITH_IMAGES = ("include", "exclude", "tags", "accept_empty", "official_images")
_LIBRARY = Namespace(DOCKER_HUB, "library")


@dataclass(frozen=True, slots=True)
class Table:
    """One ``[[mirror]]`` table, or one repository of a table with ``images``.

    ``destination``, ``name`` and ``official_images`` are as they were written; ``line`` is where the table's source stands in the
    file, from 1. ``pins`` are the digests to which tags are pinned.
    """

    source: Namespace
    destination: str
    name: str | None = None
    include: Patterns = Patterns()
    exclude: Patterns = Patterns()
    pins: Mapping[Tag, Digest] = field(default_factory=dict)
    insecure: bool = False
    accept_empty: Patterns = Patterns()
    rules: Rules = field(default_factory=Rules)
    vendor: str = ""
    official_images: str = ""
    line: int = 0

    @property
    def selects_all(self) -> bool:
        """Whether every repository of the source is selected."""
        return not self.include and not self.exclude


def read_tables(text: str, path: str, number: int, values: Mapping[str, object]) -> tuple[Table, ...]:
    """Read the ``values`` of the table of this number (from 0) in the ``text`` of a configuration; ``path`` names it in errors.

    Gives one table, or one for each repository that its ``images`` name. Raises InvalidConfigError with the line of what is wrong.
    """
    return _Reader(text, path, number, values).tables()


class _Reader:
    """Reads the values of one table, each with its line in the errors."""

    def __init__(self, text: str, path: str, number: int, values: Mapping[str, object]) -> None:
        self._text, self._path, self._number, self._values = text, path, number, values
        self._read = Values(values, "", self._error)

    def tables(self) -> tuple[Table, ...]:
        for key in self._values:
            if key not in _KEYS:
                raise self._error(key, f"unknown key {key!r}; known are {', '.join(sorted(_KEYS))}")
        if ("source" in self._values) == ("images" in self._values):
            raise self._error("images", "expected either source or images")
        return self._images() if "images" in self._values else (self._source(),)

    def _source(self) -> Table:
        source = self._namespace()
        return Table(
            source=source,
            destination=self._destination(),
            name=self._name(),
            include=self._read.patterns("include") or Patterns(),
            exclude=self._read.patterns("exclude") or Patterns(),
            insecure=self._read.flag("insecure") or False,
            accept_empty=self._read.patterns("accept_empty") or Patterns(),
            rules=read_rules(self._values, source, self._error),
            vendor=self._fitting_vendor(source),
            official_images=self._official_images(source),
            line=self._line("source"),
        )

    def _images(self) -> tuple[Table, ...]:
        """Give one table for each repository that the references name."""
        for key in _NOT_WITH_IMAGES:
            if key in self._values:
                raise self._error(key, f"{key} cannot stand beside images")
        lines = self._lines()
        if not lines:
            raise self._error("images", "images names none")
        rules = read_rules(self._values, None, self._error)

        def naming(tags: Iterable[str]) -> Rules:
            return replace(rules, choice=replace(rules.choice, include=Patterns(tuple(tags))))

        return tuple(
            Table(
                source=repository.namespace,
                destination=self._destination(),
                name=self._name(),
                include=Patterns((".",)),
                pins=named.pins,
                insecure=self._read.flag("insecure") or False,
                rules=naming(named.tags),
                vendor=self._fitting_vendor(repository.namespace),
                line=self._line("images"),
            )
            for repository, named in read_images(lines).items()
        )

    def _lines(self) -> tuple[Line, ...]:
        """Give the references, from the list or from the file that is named."""
        images = self._values["images"]
        if not isinstance(images, str):
            number = self._line("images")
            return tuple(Line(text, self._path, number) for text in self._read.texts("images") or ())
        if not images:
            raise self._error("images", "images: expected a list of references, or the name of a file with one a line")
        return lines_of_file(Path(self._path).parent / expanduser(images))  # noqa: PTH111 - unlike Path's it never fails

    def _namespace(self) -> Namespace:
        try:
            return Namespace.parse(self._required_text("source"))
        except InvalidNameError as error:
            raise self._error("source", error.message) from error

    def _destination(self) -> str:
        text = self._required_text("destination")
        folder = folder_of(text)
        if folder == "":
            raise self._error("destination", "oci: names no folder")
        try:
            if folder is None:
                registry_destination(text, None)
        except InvalidNameError as error:
            raise self._error("destination", error.message) from error
        return text

    def _name(self) -> str | None:
        if "name" not in self._values:
            return None
        try:
            return checked_template(self._required_text("name"))
        except InvalidNameError as error:
            raise self._error("name", error.message) from error

    def _vendor(self) -> str:
        vendor = self._required_text("vendor") if "vendor" in self._values else ""
        if vendor and vendor not in VENDORS:
            raise self._error("vendor", f"vendor: expected one of {', '.join(sorted(VENDORS))}")
        return vendor

    def _fitting_vendor(self, source: Namespace) -> str:
        vendor = self._vendor()
        if vendor and not fits(vendor, source.registry):
            raise self._error("vendor", f"vendor: {source.registry} is not listed by {vendor}; leave it out")
        return vendor

    def _official_images(self, source: Namespace) -> str:
        if "official_images" not in self._values:
            return ""
        if not _LIBRARY.covers(source) or "vendor" in self._values:
            raise self._error("official_images", f"official_images: only for a source at or below {_LIBRARY}, without vendor")
        return self._required_text("official_images")

    def _required_text(self, key: str) -> str:
        value = self._values.get(key)
        if not isinstance(value, str) or not value:
            raise self._error(key, f"{key}: expected a string" if key in self._values else f"{key} is missing")
        return value

    def _line(self, key: str) -> int:
        return line_of_key(self._text, self._number, key)

    def _error(self, key: str, reason: str) -> InvalidConfigError:
        return InvalidConfigError(self._path, self._line(key), reason)
