"""Repository names that would fall inside the files of another repository's image layout."""

from collections.abc import Container

LAYOUT_NAMES = frozenset({"blobs", "index.json", "oci-layout"})
"""What an image layout consists of (image-spec, image-layout.md, "Content")."""


def inside_another(path: str, paths: Container[str]) -> str | None:
    """Give the repository inside whose layout the repository ``path`` would fall, None where there is none.

    ``a/blobs`` falls inside ``a``, while ``a/b`` lies beside the files of ``a``. File systems that ignore case are thought of.
    Only the beginnings of ``path`` are looked up in ``paths``, so give a set.
    """
    components = path.split("/")
    for length in range(1, len(components)):
        other = "/".join(components[:length])
        if components[length].lower() in LAYOUT_NAMES and other in paths:
            return other
    return None
