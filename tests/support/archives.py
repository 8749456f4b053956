"""Archives of images, made by hand: what docker, kaniko and others write, and what nobody should."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from tests.support.build import AMD64, OCI_CONFIG, OCI_LAYER, SIGNATURE, Built, filler, named_by, referrer

PLAIN_LAYER = "application/vnd.oci.image.layer.v1.tar"
REF_NAME = "org.opencontainers.image.ref.name"


@dataclass(frozen=True, slots=True)
class Link:
    """A member that is a link to another one: a symbolic one, or a hard one."""

    target: str
    hard: bool = False


Files = Mapping[str, bytes | Link]


def tarball(files: Files) -> bytes:
    """Give a tar archive with these members, in their order."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, Link):
                member.type, member.linkname = tarfile.LNKTYPE if content.hard else tarfile.SYMTYPE, content.target
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return written.getvalue()


def layer(seed: str, size: int = 500) -> bytes:
    """Give a layer with one file, not packed."""
    return tarball({seed: filler(seed, size)})


def packed(content: bytes) -> bytes:
    """Pack bytes with gzip, the same each time."""
    return gzip.compress(content, mtime=0)


def configuration(*layers: bytes, seed: str = "app") -> bytes:
    """Give the configuration of an image with these layers, which are not packed."""
    rootfs = {"type": "layers", "diff_ids": [str(Digest.of(content)) for content in layers]}
    return json.dumps({**AMD64, "created": "2021-03-04T05:06:07Z", "config": {"Labels": {"seed": seed}}, "rootfs": rootfs}).encode()


def built(*layers: bytes, seed: str = "app") -> Built:
    """Give an image of the OCI with these layers, packed."""
    return _built(configuration(*layers, seed=seed), OCI_LAYER, [packed(content) for content in layers])


def built_plain(*layers: bytes, seed: str = "app") -> Built:
    """Give an image of the OCI with these layers as they are, so that no digest depends on what packs them."""
    return _built(configuration(*layers, seed=seed), PLAIN_LAYER, layers)


def _built(config: bytes, layer_type: str, blobs: Sequence[bytes]) -> Built:
    document = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_MANIFEST,
        "config": named_by(OCI_CONFIG, config),
        "layers": [named_by(layer_type, blob) for blob in blobs],
    }
    contents = {Digest.of(blob): blob for blob in (config, *blobs)}
    return Built(json.dumps(document, indent=2).encode(), media_types.OCI_MANIFEST, contents)


def entry(image: Built, name: str = "", **annotations: str) -> dict[str, object]:
    """Give an entry of an ``index.json``."""
    said = {**({REF_NAME: name} if name else {}), **annotations}
    return named_by(image.media_type, image.raw) | ({"annotations": said} if said else {})


def layout(images: tuple[Built, ...], entries: list[dict[str, object]] | None = None) -> dict[str, bytes]:
    """Give the files of an image layout with these images, listed as ``v1``, ``v2``... or as ``entries`` say."""
    listed = entries or [entry(image, f"v{number}") for number, image in enumerate(images, 1)]
    files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": listed}).encode()
    for each in (each for image in images for each in image.everything()):
        for content in (each.raw, *each.blobs.values()):
            files[f"blobs/sha256/{Digest.of(content).encoded}"] = content
    return files


def saved(*layers: bytes, names: list[str] | None, seed: str = "app") -> dict[str, bytes | Link]:
    """Give what kaniko writes of an image: its configuration, its layers packed, and ``manifest.json`` as the last."""
    config = configuration(*layers, seed=seed)
    contents = [packed(content) for content in layers]
    files: dict[str, bytes | Link] = {str(Digest.of(config)): config}
    files |= {f"{Digest.of(content).encoded}.tar.gz": content for content in contents}
    shown = {"Config": str(Digest.of(config)), "RepoTags": names, "Layers": list(files)[1:]}
    return files | {"manifest.json": json.dumps([shown]).encode()}


def saved_long_ago(*layers: bytes, names: list[str], seed: str = "app") -> dict[str, bytes | Link]:
    """Give what docker save wrote before version 25: a folder for each layer, and a link where a layer comes again."""
    config = configuration(*layers, seed=seed)
    files: dict[str, bytes | Link] = {f"{Digest.of(config).encoded}.json": config}
    folders: dict[bytes, str] = {}
    paths = []
    for number, content in enumerate(layers):
        folder = Digest.of(f"{seed} {number}".encode()).encoded
        files[f"{folder}/VERSION"] = b"1.0"
        files[f"{folder}/layer.tar"] = Link(f"../{folders[content]}/layer.tar") if content in folders else content
        folders.setdefault(content, folder)
        paths.append(f"{folder}/layer.tar")
    shown = {"Config": f"{Digest.of(config).encoded}.json", "RepoTags": names, "Layers": paths}
    return files | {"manifest.json": json.dumps([shown]).encode(), "repositories": b"{}"}


def _content(files: Files, name: str) -> bytes:
    content = files[name]
    assert isinstance(content, bytes)
    return content


def write(folder: Path, files: Files, name: str = "image.tar") -> Path:
    """Write an archive, and give its path."""
    path = folder / name
    path.write_bytes(tarball(files))
    return path


def saved_together() -> Files:
    """Give what docker save wrote of two images that share a layer: one with two names, and one that somebody else made."""
    first = saved_long_ago(layer("one"), layer("two"), layer("one"), names=["app:v1", "app:latest"])
    second = saved_long_ago(layer("one"), layer("other"), names=["docker.io/acme/other:v2"], seed="other")
    listed = [each for files in (first, second) for each in json.loads(_content(files, "manifest.json"))]
    return {**first, **second, "manifest.json": json.dumps(listed).encode()}


def signed(image: Built) -> Files:
    """Give the files of an image layout with an image, and a signature that is listed without a name."""
    signature = referrer(image, "signature", SIGNATURE)
    return layout((image, signature), [entry(image, "localhost/app:v1"), entry(signature)])
