"""Where a YAML file names images: Kubernetes manifests, Compose files, the values of Helm charts, and what is like them."""

import re
from collections.abc import Iterator, Mapping

import yaml

from gcrsync.clients import words
from gcrsync.clients.mention import Mention, Piece, Split, Unread, Whole

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C is the same one ten times as fast; not every system has it."""

_DEEPEST = 100
"""How many lists and mappings may be within one another: files for people have a tenth of that."""

_MERGE = "tag:yaml.org,2002:merge"
_VARIABLE = re.compile(r"\{\{.*?\}\}|\$\{[^{}]*\}|\$\w+", re.DOTALL)
_SHAPES = (("registry", "repository", "tag", "digest"), ("", "newName", "newTag", "digest"))
"""The keys at which the parts of a reference stand: in the values of a chart, and in the images of a kustomization."""

_Pairs = Mapping[str, yaml.Node]


def mentions(text: str) -> list[Mention] | None:
    """Give what names an image: what stands at ``image``, what is split over several keys, and words in all other values.

    Comments and keys name none. None where the text is no YAML, or has no mapping and no list.
    """
    try:
        roots = list(yaml.compose_all(text, Loader=_LOADER)) if _is_shallow(text) else []
    except yaml.YAMLError:
        return None
    if not any(isinstance(root, yaml.CollectionNode) for root in roots):
        return None
    reading = _Reading(text)
    for root in roots:
        reading.walk(root)
    return sorted(dict.fromkeys(reading.found()), key=lambda mention: mention.start)


def is_plain(text: str) -> bool:
    """Say whether a text is itself where YAML has it without quotes, and no number, list or the like."""
    try:
        return bool(yaml.safe_load(text) == text)
    except (yaml.YAMLError, ValueError):  # the latter of 2026-99-99
        return False


def _is_shallow(text: str) -> bool:
    """Say whether a text is nested no deeper than composing it bears, which the parser in C does not check: it crashes."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return False
    return True


class _Reading:
    """What was found in one file."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._images = list[Mention]()
        self._taken = set[int]()
        """The starts of scalars that were read as images, or are known to be none."""
        self._scalars = list[yaml.ScalarNode]()

    def walk(self, root: yaml.Node) -> None:
        """Look at each node once, however many aliases lead to it."""
        waiting, seen = [root], set[int]()
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.ScalarNode):
                self._scalars.append(node)
            elif isinstance(node, yaml.MappingNode):
                self._mapping(_pairs(node, set()))
                waiting += [value for _, value in node.value]
            else:
                waiting += node.value

    def found(self) -> Iterator[Mention]:
        """Give the images, and then the words of all scalars that are none."""
        yield from self._images
        for scalar in self._scalars:
            if scalar.start_mark.index not in self._taken:
                yield from self._words(scalar)

    def _mapping(self, pairs: _Pairs) -> None:
        image = pairs.get("image")
        if isinstance(image, yaml.MappingNode):
            inner = _pairs(image, set())
            if not {"repository", "tag"} & set(inner):
                image = inner.get("reference", inner.get("name"))  # of a volume in Kubernetes, of a job in GitLab
        if isinstance(image, yaml.ScalarNode):
            self._taken.add(image.start_mark.index)
            if "build" not in pairs:  # there Compose names what it builds, not what it pulls
                self._images += self._image(image)
        name = pairs.get("name")
        if "newTag" in pairs and "newName" not in pairs and isinstance(name, yaml.ScalarNode):
            self._images.append(Unread(name.value, name.start_mark.index, "a kustomization changes it only with a newName"))
        for shape in _SHAPES:
            self._images += self._split(*({key: pairs[key] for key in shape if key in pairs}, shape))

    def _image(self, node: yaml.ScalarNode) -> Iterator[Mention]:
        value, piece = node.value.strip(), self._piece(node)
        if _is_null(node):
            return
        if _VARIABLE.search(value):
            inside = list(self._words(node))
            yield from inside
            if not inside and re.search(r"\w", _VARIABLE.sub("", value)):
                yield Unread(value, node.start_mark.index, "it is put together when it is used")
        elif piece is None:
            yield Unread(value, node.start_mark.index, "it is written with escapes")
        elif piece.text:
            yield Whole((piece,))

    def _split(self, parts: _Pairs, shape: tuple[str, ...]) -> Iterator[Mention]:
        registry, repository, tag, digest = (self._part(parts.get(key)) for key in shape)
        if not repository or not repository.text or not {*parts} - {shape[1]}:
            return
        named = Split(registry, repository, tag, digest)
        if "://" not in named.text:
            self._taken |= {node.start_mark.index for node in parts.values()}
            reason = _trouble(named)
            yield Unread(named.text, named.start, reason, named.pieces) if reason else named

    def _part(self, node: yaml.Node | None) -> Piece | None:
        return self._piece(node) if isinstance(node, yaml.ScalarNode) else None

    def _piece(self, node: yaml.ScalarNode) -> Piece | None:
        """Give the text of a scalar where it stands; None where the file has it in other characters, or has none at all."""
        value, quoted = node.value.strip(), node.style in ("'", '"')
        if not quoted and (not value or _is_null(node)):
            return None
        start = self._text.rfind(value, node.start_mark.index, node.end_mark.index - quoted)
        return None if start < 0 else Piece(value, start, plain=not node.style)

    def _words(self, node: yaml.ScalarNode) -> Iterator[Mention]:
        start = node.start_mark.index
        for mention in words.mentions(self._text[start : node.end_mark.index]):
            if isinstance(mention, Whole) and mention.text in node.value:
                (piece,) = mention.pieces
                yield Whole((Piece(piece.text, start + piece.start),), mention.loose)


def _pairs(node: yaml.MappingNode, seen: set[int]) -> _Pairs:
    """Give the values of a mapping by their keys, with those of the mappings that are merged into it."""
    pairs, merged = dict[str, yaml.Node](), dict[str, yaml.Node]()
    seen.add(id(node))
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag == _MERGE:
            for each in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if isinstance(each, yaml.MappingNode) and id(each) not in seen:
                    merged = {**_pairs(each, seen), **merged}
        elif isinstance(key, yaml.ScalarNode):
            pairs[key.value] = value
    return {**merged, **pairs}


def _trouble(named: Split) -> str:
    """Say why a reference in parts cannot be read, if so."""
    if _VARIABLE.search(named.text):
        return "it is put together when it is used"
    if re.search("[:@]", named.repository.text.rpartition("/")[2]):
        return "its repository has a tag or digest of its own"
    if not any(piece and piece.text for piece in (named.tag, named.digest)):
        return "neither tag nor digest stands here: the chart chooses it"
    if named.tag and named.tag.plain and _number(named.tag.text) != named.tag.text:
        return f"its tag is the number {_number(named.tag.text)}: put it in quotes"
    return ""


def _is_null(node: yaml.ScalarNode) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _number(text: str) -> str:
    """Give a text as a chart prints what YAML makes of it: ``1.10`` is the number 1.1."""
    try:
        return str(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError):
        return text
