import gzip
import json
import lzma
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
import zstandard

from gcrsync.archive.images import Archive
from gcrsync.archive.invalid import InvalidArchiveError
from gcrsync.archive.layers import examined
from gcrsync.archive.opening import open_archive
from gcrsync.archive.spool import Spool
from gcrsync.errors import GcrsyncError, UsageError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import Descriptor, Manifest
from gcrsync.oci.name import Repository
from tests.support.archives import (
    Files,
    Link,
    built,
    configuration,
    entry,
    layer,
    layout,
    packed,
    saved,
    saved_long_ago,
    tarball,
    write,
)
from tests.support.build import SBOM, Built, index, referrer, schema_one
from tests.support.build import image as artifact

ONE, TWO = layer("one"), layer("two")
ANYWHERE = Repository("localhost", "any")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path, lambda: None) as spool:
        yield spool


def taken(archive: Archive, spool: Spool, number: int = 0) -> Descriptor:
    image = archive.images[number]
    return archive.complete(image, [examined(part, spool) for part in archive.parts(image)])


def layers_of(archive: Archive, descriptor: Descriptor) -> dict[Descriptor, bytes]:
    manifest = archive.contents.manifest(descriptor)
    assert isinstance(manifest, Manifest)
    return {blob: archive.contents.read(blob, 10**6) for blob in manifest.blobs[1:]}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_kaniko_writes_is_given_with_its_layers_as_they_are(
    tmp_path: Path, spool: Spool, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "image"
    path.write_bytes(pack(tarball(saved(ONE, TWO, names=["a/app:v1", "a/app:latest"]))))
    archive = open_archive(path, spool)

    assert [(image.names, image.digest) for image in archive.images] == [
        (("a/app:v1", "a/app:latest"), Digest.of(configuration(ONE, TWO)))
    ]
    assert list(layers_of(archive, taken(archive, spool)).values()) == [packed(ONE), packed(TWO)]


def test_what_docker_wrote_long_ago_is_packed_the_same_each_time_and_its_links_are_followed(tmp_path: Path, spool: Spool) -> None:
    path = write(tmp_path, saved_long_ago(ONE, TWO, ONE, names=["app:v1"]))
    first, second = open_archive(path, spool), open_archive(path, spool)

    descriptor = taken(first, spool)
    manifest = first.contents.manifest(descriptor)
    assert isinstance(manifest, Manifest)
    assert [blob.media_type for blob in manifest.blobs] == [media_types.OCI_CONFIG, *[media_types.OCI_LAYER_GZIP] * 3]
    assert {gzip.decompress(content) for content in layers_of(first, descriptor).values()} == {ONE, TWO}
    assert manifest.blobs[1] == manifest.blobs[3]
    assert taken(second, spool) == descriptor


@pytest.mark.parametrize(
    ("pack", "media_type"),
    [
        (gzip.compress, media_types.OCI_LAYER_GZIP),
        (zstandard.compress, media_types.OCI_LAYER_ZSTD),
        (lzma.compress, None),
        (bytes, None),
    ],
)
def test_a_layer_goes_as_it_is_where_a_manifest_has_a_name_for_that_and_else_is_packed_with_gzip(
    tmp_path: Path, spool: Spool, pack: Callable[[bytes], bytes], media_type: str | None
) -> None:
    stored = pack(ONE)
    archive = open_archive(write(tmp_path, _but(saved(ONE, names=None), tar_gz=stored)), spool)
    ((blob, content),) = layers_of(archive, taken(archive, spool)).items()

    assert blob.media_type == (media_type or media_types.OCI_LAYER_GZIP)
    assert (content == stored) == (media_type is not None)
    assert content == stored or gzip.decompress(content) == ONE


def test_an_image_layout_is_given_as_it_is_with_what_refers_to_its_images(tmp_path: Path, spool: Spool) -> None:
    images = built(ONE, seed="amd64"), built(ONE, seed="arm64")
    whole = index(*images)
    bill, signature = referrer(images[1], "bill", SBOM), artifact("signature", layers=0)
    listed = [entry(whole, "v1"), entry(bill), entry(signature, f"sha256-{whole.digest.encoded}.sig"), entry(images[0])]
    archive = open_archive(write(tmp_path, layout((whole, bill, signature), listed)), spool)

    assert [(image.names, image.digest) for image in archive.images] == [(("v1",), whole.digest)]
    assert taken(archive, spool) == whole.descriptor
    assert archive.contents.referrers(ANYWHERE, images[1].digest, lambda _: None) == (bill.descriptor,)
    everything = {digest for each in (whole, bill, signature) for one in each.everything() for digest in one.blobs}
    assert {part.descriptor.digest for part in archive.parts(archive.images[0]) if hasattr(part, "descriptor")} == everything


def test_a_folder_is_as_good_as_an_archive_and_containerd_names_an_image_in_full(tmp_path: Path, spool: Spool) -> None:
    image, other = built(ONE), built(TWO)
    listed = [entry(image, "v1", **{"io.containerd.image.name": "docker.io/acme/app:v1"}), entry(other, "localhost/other:v2")]
    for name, content in layout((image, other), listed).items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(content)
    archive = open_archive(tmp_path / "folder", spool)

    assert [image.names for image in archive.images] == [("docker.io/acme/app:v1",), ("localhost/other:v2",)]
    assert [taken(archive, spool, number) for number in range(2)] == [image.descriptor, other.descriptor]


def test_docker_save_is_read_as_an_image_layout_where_that_is_whole_and_else_as_what_it_was_before(
    tmp_path: Path, spool: Spool
) -> None:
    image = built(ONE)
    files = layout((image,))
    config, blob = (f"blobs/sha256/{Digest.of(content).encoded}" for content in (configuration(ONE), packed(ONE)))
    both: Files = files | {"manifest.json": json.dumps([{"Config": config, "RepoTags": ["app:v1"], "Layers": [blob]}]).encode()}
    torn = {name: content for name, content in both.items() if image.digest.encoded not in name}

    assert taken(open_archive(write(tmp_path, both), spool), spool) == image.descriptor
    made = taken(open_archive(write(tmp_path, torn), spool), spool)
    assert made.digest != image.digest
    listing_nothing: Files = {**both, "index.json": json.dumps({"schemaVersion": 2, "manifests": []}).encode()}
    assert taken(open_archive(write(tmp_path, listing_nothing), spool), spool) == made
    with pytest.raises(InvalidArchiveError, match=f"{image.digest} is not in it"):
        taken(open_archive(write(tmp_path, {name: torn[name] for name in torn if name != "manifest.json"}), spool), spool)


def test_of_an_index_of_which_docker_save_had_one_platform_alone_that_one_keeps_its_digest(tmp_path: Path, spool: Spool) -> None:
    images = built(ONE, seed="amd64"), built(ONE, seed="arm64")
    whole = index(*images)
    files: Files = layout((whole,), [entry(whole, "app:v1")]) | {"manifest.json": _manifests()}
    there = {name: content for name, content in files.items() if images[1].digest.encoded not in name}
    archive = open_archive(write(tmp_path, there), spool)

    assert [(each.digest, each.part_of) for each in archive.images] == [(images[0].digest, whole.digest)]
    assert taken(archive, spool).digest == images[0].digest
    del there["manifest.json"]
    with pytest.raises(InvalidArchiveError, match=f"{images[1].digest} is not in it"):
        taken(open_archive(write(tmp_path, there), spool), spool)


def test_a_broken_image_is_no_hindrance_to_another_one(tmp_path: Path, spool: Spool) -> None:
    broken, image = built(ONE), built(TWO)
    files = {name: content for name, content in layout((broken, image)).items() if broken.digest.encoded not in name}
    archive = open_archive(write(tmp_path, files), spool)

    assert taken(archive, spool, 1) == image.descriptor
    with pytest.raises(InvalidArchiveError, match=f"{broken.digest} is not in it"):
        taken(archive, spool, 0)


def test_names_that_nobody_could_read_are_none(tmp_path: Path, spool: Spool) -> None:
    names = ["app:v1", "a\x1b[2J:v1", "a\ud800:v1", "", "a" * 513]
    assert open_archive(write(tmp_path, saved(ONE, names=names)), spool).images[0].names == ("app:v1",)
    listed = [entry(built(ONE), "a\u202e:v1")]
    assert open_archive(write(tmp_path, layout((built(ONE),), listed)), spool).images[0].names == ()


def test_an_archive_comes_through_a_pipe_too(tmp_path: Path, spool: Spool) -> None:
    os.mkfifo(tmp_path / "pipe")
    data = gzip.compress(tarball(saved(ONE, names=None)))
    writer = Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    archive = open_archive(tmp_path / "pipe", spool)
    writer.join()

    assert [image.names for image in archive.images] == [()]
    assert list(layers_of(archive, taken(archive, spool)).values()) == [packed(ONE)]


def _but(files: Files, **changed: bytes) -> Files:
    """Give files with another content for each whose name ends so."""
    ends = {name.replace("_", "."): content for name, content in changed.items()}
    return {name: next((new for end, new in ends.items() if name.endswith(end)), old) for name, old in files.items()}


def _manifests(config: object = "config", layers: object = ("layer",), names: object = None) -> bytes:
    return json.dumps([{"Config": config, "Layers": layers, "RepoTags": names}]).encode()


OTHER = saved(TWO, names=None)
WRONG: dict[str, tuple[Files, str]] = {
    "another layer": (_but(saved(ONE, names=None), tar_gz=packed(TWO)), "unpacked it is sha256:.* and the configuration says"),
    "a cut layer": (_but(saved(ONE, names=None), tar_gz=packed(ONE)[:-9]), "tar.gz in .*image.tar: it is cut"),
    "another configuration": (_but(saved(ONE, names=[]), **{Digest.of(configuration(ONE)): b"{}"}), "its bytes have the digest"),
    "no diff_ids": ({"config": b"{}", "layer": ONE, "manifest.json": _manifests()}, "rootfs.diff_ids"),
    "fewer layers": (
        {"config": configuration(ONE, TWO), "layer": ONE, "manifest.json": _manifests()},
        "of 2 layers, and there are 1",
    ),
    "no layer": ({"config": configuration(ONE), "manifest.json": _manifests()}, "'layer' is not in it"),
    "a layer outside": ({"config": configuration(ONE), "manifest.json": _manifests(layers=["../layer"])}, "leads out of it"),
    "a link outside": (
        {"config": configuration(ONE), "layer": Link("../../etc/passwd"), "manifest.json": _manifests()},
        "leads out of it",
    ),
    "no texts": ({"config": b"{}", "manifest.json": _manifests(layers=[1])}, "not a list of images"),
    "no list": ({"manifest.json": b"1"}, "not a list of images"),
    "no JSON": ({"manifest.json": b"["}, "not JSON"),
    "deep JSON": ({"manifest.json": b"[" * 100_000}, "not JSON"),
    "a huge list": ({"manifest.json": bytes(2**22 + 1)}, "4,194,305 bytes, and more than"),
    "no index": ({"index.json": b"[]"}, "not a JSON object"),
    "nothing": ({"file": b"content"}, "neither index.json nor manifest.json"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_what_it_claims_to_be_is_refused_in_one_line(tmp_path: Path, spool: Spool, wrong: str) -> None:
    files, reason = WRONG[wrong]
    with pytest.raises(InvalidArchiveError, match=reason) as raised:
        taken(open_archive(write(tmp_path, files), spool), spool)
    assert "\n" not in str(raised.value)


def _with_blob(image: Built, old: bytes, new: bytes) -> Files:
    name = f"blobs/sha256/{Digest.of(old).encoded}"
    return layout((image,)) | {name: new}


def test_blobs_of_an_image_layout_have_to_be_what_names_them_and_layers_what_the_configuration_says(
    tmp_path: Path, spool: Spool
) -> None:
    image, blob = built(ONE), packed(ONE)
    flipped = blob[:4] + bytes([blob[4] ^ 1]) + blob[5:]
    lying = artifact("lying", layers=1)
    claimed = built(ONE)
    document = json.loads(claimed.raw)
    document["layers"] = [dict(document["layers"][0], digest=str(Digest.of(packed(TWO))), size=len(packed(TWO)))]
    swapped = Built(json.dumps(document).encode(), claimed.media_type, {**claimed.blobs, Digest.of(packed(TWO)): packed(TWO)})

    for files, reason in (
        (_with_blob(image, blob, flipped), "its bytes have the digest"),
        (_with_blob(image, blob, blob[:-1]), "is said to have"),
        (_with_blob(image, image.raw, image.raw.replace(b"2", b"3", 1)), "its bytes have another digest"),
        (_with_blob(image, image.raw, bytes(2**22 + 1)), "more than 4,194,304 are not read"),
        (layout((lying,)), "does not say the digests of the layers"),
        (layout((swapped,)), "unpacked it is"),
        (layout((schema_one(),)), "a manifest of schema 1"),
        (layout((image,)) | {"oci-layout": b'{"imageLayoutVersion": "2.0.0"}'}, "not of version 1.0.0"),
    ):
        with pytest.raises(InvalidArchiveError, match=reason):
            taken(open_archive(write(tmp_path, files), spool), spool)


def test_nothing_and_what_is_no_archive_are_told_apart(tmp_path: Path, spool: Spool) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="No such file"):
        open_archive(tmp_path / "nothing", spool)
    with pytest.raises(InvalidArchiveError, match=r"neither index\.json nor manifest\.json"):
        open_archive(tmp_path / "empty", spool)


def test_a_disk_without_room_is_told_and_a_stop_ends_the_work(tmp_path: Path) -> None:
    path = tmp_path / "image.tar.gz"
    path.write_bytes(gzip.compress(tarball(saved(ONE, names=None))))

    def stop() -> None:
        raise KeyboardInterrupt

    with Spool(tmp_path / "nowhere", lambda: None) as nowhere, pytest.raises(GcrsyncError, match="writing a temporary file in"):
        open_archive(path, nowhere)
    with Spool(tmp_path, lambda: None, 2**60) as full, pytest.raises(GcrsyncError, match="MiB are free there: make room"):
        open_archive(path, full)
    with Spool(tmp_path, stop) as stopped, pytest.raises(KeyboardInterrupt):
        open_archive(path, stopped)
    assert [each.name for each in tmp_path.iterdir()] == ["image.tar.gz"]
