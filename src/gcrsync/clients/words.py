"""Where a text in no particular language names images."""

import re
from collections.abc import Iterator

from gcrsync.clients.mention import Mention, Piece, Whole
from gcrsync.errors import InvalidNameError
from gcrsync.oci.reference import Reference

_WORD = re.compile(
    r"(?:^|(?<=[\s\"'`=,(\[<>|;])|(?<=:-))(?:docker(?:-image)?://)?"
    r"(?P<image>[a-zA-Z0-9][\w.:/@-]*+)(?=$|[\s\"'`,)\]<>|;}\\])",
    re.ASCII,
)
_KEYED = re.compile(
    r"^[ \t]*(?:-[ \t]+)?image:[ \t]+(?P<quote>[\"']?)(?P<image>[^\s\"'{}$#&*!|>]+)(?P=quote)[ \t]*(?:[ \t]#.*)?\r?$", re.MULTILINE
)


def mentions(text: str) -> Iterator[Mention]:
    """Give what names an image in a text: what is alone behind ``image:``, and each word that has a tag or a digest.

    A word is taken to be an image only where it is on record, for many have a colon in them that are none.
    """
    keyed = {found.start("image"): found["image"] for found in _KEYED.finditer(text)}
    for start, image in keyed.items():
        yield Whole((Piece(image, start),))
    for found in _WORD.finditer(text):
        image = found["image"].rstrip(".:")  # which end a sentence, or a clause
        if found.start("image") not in keyed and _names_one_image(image):
            yield Whole((Piece(image, found.start("image")),), loose=True)


def _names_one_image(word: str) -> bool:
    if not re.search("[:@]", word.rpartition("/")[2]):
        return False
    try:
        Reference.parse(word)
    except InvalidNameError:
        return False
    return True
