"""The templates of the pages, and the files that are the same in every site. Every text in a page is escaped."""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from gcrsync.metadata.markdown import number, size
from gcrsync.site.paths import FRONT, NAMES, address, history_of, page_of, root_from

_ASSETS = ("style.css", "search.js", "page.js", "icon.svg")


def assets() -> dict[str, bytes]:
    """Give the files that are the same in every site, by path."""
    folder = files("gcrsync.site") / "assets"
    return {f"assets/{name}": (folder / name).read_bytes() for name in _ASSETS}


def render(template: str, *, path: str, **values: object) -> bytes:
    """Make the page that stands at a path."""
    return _PAGES.get_template(f"{template}.html").render(path=path, root=root_from(path), **values).encode()


def _environment() -> Environment:
    loader = PackageLoader("gcrsync.site")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"number": number, "size": size, "address": address}
    made.globals |= {"front": FRONT, "names": NAMES, "page_of": page_of, "history_of": history_of}
    return made


_PAGES = _environment()
