"""Bytes that prove themselves while they pass."""

from collections.abc import Iterable, Iterator

from gcrsync.errors import DigestMismatchError
from gcrsync.oci.manifest import Descriptor


def verified(chunks: Iterable[bytes], descriptor: Descriptor, what: str) -> Iterator[bytes]:
    """Pass the chunks of a blob on, and raise DigestMismatchError before the last one if they are not the blob.

    The last chunk is held back until digest and size are known to be right, so that a receiver never gets the whole of a
    blob that is not what it claims to be. ``what`` names the blob in the error.
    """
    hasher, size, held_back = descriptor.digest.hasher(), 0, b""
    for chunk in chunks:
        size += len(chunk)
        if size > descriptor.size:
            raise DigestMismatchError(what, f"{descriptor.size} bytes", f"{size} or more")
        hasher.update(chunk)
        if chunk and held_back:
            yield held_back
        held_back = chunk or held_back
    if size != descriptor.size:
        raise DigestMismatchError(what, f"{descriptor.size} bytes", f"{size}")
    actual = f"{descriptor.digest.algorithm}:{hasher.hexdigest()}"
    if actual != descriptor.digest.text:
        raise DigestMismatchError(what, descriptor.digest.text, actual)
    if held_back:
        yield held_back
