"""Images put into a registry by the client itself."""

from gcrsync.oci.manifest import Descriptor
from gcrsync.oci.name import Repository, Tag
from gcrsync.registry.client import Client
from tests.support.build import Built


def push(client: Client, repository: Repository, built: Built, *names: str) -> None:
    """Push a manifest and all that it needs, in the order that registries ask for."""
    for each in built.everything():
        for digest, content in each.blobs.items():
            client.put_blob(repository, Descriptor("", digest, len(content)), [content])
        client.put_manifest(repository, each.digest, each.parsed, each.digest)
    for name in names:
        client.put_manifest(repository, Tag(name), built.parsed, built.digest)
