"""The floor of a copy: ``curl`` gets each blob of one image, piped into ``curl`` that puts it at the destination."""

from collections.abc import Iterator
from shlex import quote

from benchmarks.namespaces.content import StoredNamespace
from benchmarks.speed.figures import Samples, figures
from benchmarks.speed.tools import AGAIN, FIRST, Errand, Tool
from gcrsync.oci.manifest import Manifest, parse_manifest

_NAME = "curl"
_MB = 1e6
_SCRIPT = """set -euo pipefail
get() { curl --silent --show-error --fail "$@"; }
put() { get --output /dev/null --upload-file - --header 'Expect:' --header "Content-Type: $1" "$2"; }
copy_blob() {
  location=$(get --request POST --output /dev/null --dump-header - "http://$destination/blobs/uploads/" |
    tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')
  get "http://$source/blobs/$1" | put application/octet-stream "$location&digest=$1"
}
copy_manifest() { get --header "Accept: $2" "http://$source/manifests/$1" | put "$2" "http://$destination/manifests/$1"; }
"""


def curl(namespace: StoredNamespace) -> Tool:
    """Give a tool that copies the only image of the only repository, from the source's bytes to the destination's."""
    (repository,) = namespace.repositories
    ((tag, digest),) = repository.tags.items()
    stored = repository.manifests[digest]
    manifest = parse_manifest(stored.raw, stored.media_type, digest)
    if not isinstance(manifest, Manifest):
        raise TypeError(f"{repository.path}:{tag} is no image")
    copies = [f"copy_blob {blob.digest.text}" for blob in manifest.blobs]
    script = "\n".join((*copies, f"copy_manifest {quote(tag)} {quote(manifest.media_type)}"))

    def command(errand: Errand) -> tuple[str, ...]:
        ends = f"source={errand.source}/v2/{repository.path}\ndestination={errand.destination}/v2/mirror/{repository.path}\n"
        return ("bash", "-c", _SCRIPT + ends + script)

    return Tool(_NAME, "curl", command, runs=(FIRST,))


def rates(samples: Samples, size: int) -> Iterator[str]:
    """Say how fast each tool is with so many bytes, as a share of the floor.

    The second share leaves out what the same tool takes where there is nothing to copy: its start, lists, and its record.
    """
    floor = size / _MB / figures(samples[_NAME, FIRST]).wall
    yield f"{_NAME} piped into {_NAME} moves {floor:.0f} MB/s."
    for tool in dict.fromkeys(tool for tool, _ in samples if tool != _NAME):
        wall, idle = (figures(samples[tool, run]).wall for run in (FIRST, AGAIN))
        whole, copying = size / _MB / wall, size / _MB / (wall - idle)
        shares = f"{whole / floor:.0%} of that; {copying / floor:.0%} beyond its run with nothing changed"
        yield f"{tool} moves {whole:.0f} MB/s, {shares}."
