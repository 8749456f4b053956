"""What was read of official-images, as JSON text and back: at which commit, and which tags of a repository are one image."""

import json
import re
from collections.abc import Iterable

from gcrsync.errors import InvalidMetadataError, InvalidNameError
from gcrsync.metadata import strict_json
from gcrsync.metadata.section import WrongValueError
from gcrsync.mirror.library import Group, Groups, Official
from gcrsync.mirror.record import Json
from gcrsync.oci.name import DOCKER_HUB, Repository, Tag

FORMAT = 1
"""What the groups were made by: those of another one say nothing."""

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def encode(official: Official) -> str:
    """Write it: two-space indent, final newline, repositories by name with a line for each group, in the order of the file."""
    repositories = ",\n    ".join(
        f"{json.dumps(name)}: {_groups(official.repositories[name])}" for name in sorted(official.repositories)
    )
    members = (
        f'"format": {FORMAT}',
        f'"commit": {json.dumps(official.commit)}',
        f'"repositories": {{\n    {repositories}\n  }}' if repositories else '"repositories": {}',
    )
    return "{\n  " + ",\n  ".join(members) + "\n}\n"


def decode(text: str, path: str) -> Official:
    """Read the document that stands at ``path``; one of another format says nothing.

    Raises InvalidMetadataError with the line of whatever is not as :func:`encode` would write it.
    """
    document = strict_json.parse(text, path)
    try:
        return _official(document)
    except WrongValueError as error:
        raise InvalidMetadataError(path, strict_json.line_of(text, error.keys), error.reason) from error


def _groups(groups: Groups) -> str:
    lines = ",\n      ".join(json.dumps(_group(group)) for group in groups)
    return f"[\n      {lines}\n    ]" if lines else "[]"


def _group(group: Group) -> Json:
    return {"tags": [tag.name for tag in group.tags], "architectures": list(group.architectures)}


def _official(document: Json) -> Official:
    if not isinstance(document, dict):
        raise WrongValueError("not a JSON object")
    if document.get("format") != FORMAT:
        return Official()
    commit, repositories = document.get("commit"), document.get("repositories")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise WrongValueError("'commit' is not the full name of a commit", "commit")
    if not isinstance(repositories, dict):
        raise WrongValueError("'repositories' is not an object", "repositories")
    return Official(commit, {name: _read_groups(name, groups) for name, groups in repositories.items()})


def _read_groups(name: str, groups: Json) -> Groups:
    if not isinstance(groups, list):
        raise WrongValueError("expected a list of groups", "repositories", name)
    try:
        Repository(DOCKER_HUB, f"library/{name}")
        return tuple(map(_read_group, groups))
    except (InvalidNameError, WrongValueError) as error:
        raise WrongValueError(str(error), "repositories", name) from error


def _read_group(group: Json) -> Group:
    if not isinstance(group, dict):
        raise WrongValueError("a group is not an object")
    tags, architectures = (list(_texts(group, key)) for key in ("tags", "architectures"))
    return Group(tuple(map(Tag, tags)), tuple(architectures))


def _texts(group: dict[str, Json], key: str) -> Iterable[str]:
    texts = group.get(key)
    if not isinstance(texts, list) or not texts:
        raise WrongValueError(f"{key!r} of a group is not a list of strings")
    for text in texts:
        if not isinstance(text, str):
            raise WrongValueError(f"{key!r} of a group is not a list of strings")
        yield text
