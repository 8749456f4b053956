import json

import pytest

from gcrsync.errors import InvalidManifestError
from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from gcrsync.oci.manifest import LARGEST_MANIFEST, Descriptor, Index, Manifest, Platform, SchemaOne, parse_manifest

CONFIG, LAYER, CHILD = (Digest.of(text) for text in (b"config", b"layer", b"child"))
OCI_CONFIG, OCI_LAYER = "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def _entry(digest: Digest = LAYER, media_type: str = OCI_LAYER, size: object = 10, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest.text, "size": size, **more}


IMAGE: dict[str, object] = {"schemaVersion": 2, "config": _entry(CONFIG, OCI_CONFIG), "layers": [_entry(), _entry()]}
INDEX: dict[str, object] = {"schemaVersion": 2, "manifests": [_entry(CHILD, media_types.OCI_MANIFEST)]}
ARTIFACT: dict[str, object] = {"mediaType": media_types.OCI_ARTIFACT, "artifactType": "a/b", "blobs": [_entry()]}
SCHEMA_ONE: dict[str, object] = {"schemaVersion": 1, "name": "a", "fsLayers": [{"blobSum": LAYER.text}], "history": []}


def _raw(document: object) -> bytes:
    return json.dumps(document).encode()


def _refusal(raw: bytes, content_type: str | None = None) -> str:
    with pytest.raises(InvalidManifestError) as caught:
        parse_manifest(raw, content_type, "gcr.io/a:latest")
    assert caught.value.what == "gcr.io/a:latest"
    assert len(str(caught.value)) < 700
    return caught.value.reason


@pytest.mark.parametrize(
    ("document", "content_type", "kind", "media_type"),
    [
        (IMAGE, None, Manifest, media_types.OCI_MANIFEST),
        (IMAGE, "", Manifest, media_types.OCI_MANIFEST),
        (IMAGE, "text/plain; charset=utf-8", Manifest, media_types.OCI_MANIFEST),
        (IMAGE, media_types.DOCKER_MANIFEST, Manifest, media_types.DOCKER_MANIFEST),
        (IMAGE, f"{media_types.OCI_MANIFEST.upper()}; charset=utf-8", Manifest, media_types.OCI_MANIFEST),
        ({**IMAGE, "mediaType": media_types.DOCKER_MANIFEST}, "application/json", Manifest, media_types.DOCKER_MANIFEST),
        ({**IMAGE, "mediaType": ""}, None, Manifest, media_types.OCI_MANIFEST),
        ({**IMAGE, "artifactType": "a/b", "subject": _entry(CHILD)}, None, Manifest, media_types.OCI_MANIFEST),
        (INDEX, None, Index, media_types.OCI_INDEX),
        (INDEX, media_types.DOCKER_LIST, Index, media_types.DOCKER_LIST),
        ({**INDEX, "mediaType": media_types.DOCKER_LIST}, None, Index, media_types.DOCKER_LIST),
        (ARTIFACT, "application/json", Manifest, media_types.OCI_ARTIFACT),
        (SCHEMA_ONE, "application/json", SchemaOne, media_types.DOCKER_SCHEMA1),
        ({**SCHEMA_ONE, "signatures": []}, None, SchemaOne, media_types.DOCKER_SCHEMA1_SIGNED),
        (SCHEMA_ONE, media_types.DOCKER_SCHEMA1_SIGNED, SchemaOne, media_types.DOCKER_SCHEMA1_SIGNED),
    ],
)
def test_the_kind_is_the_document_s_own_or_the_header_s_or_a_guess(
    document: object, content_type: str | None, kind: type, media_type: str
) -> None:
    manifest = parse_manifest(_raw(document), content_type, "a")
    assert isinstance(manifest, kind)
    assert manifest.media_type == media_type
    assert manifest.raw == _raw(document)


def test_an_image_names_its_config_and_its_layers_in_their_order() -> None:
    document = {**IMAGE, "layers": [_entry(), _entry(CHILD, FOREIGN, urls=["https://example.com/layer"]), _entry(size=0)]}
    manifest = parse_manifest(_raw(document), None, "a")
    assert isinstance(manifest, Manifest)
    assert manifest.blobs == (
        Descriptor(OCI_CONFIG, CONFIG, 10),
        Descriptor(OCI_LAYER, LAYER, 10),
        Descriptor(FOREIGN, CHILD, 10),
        Descriptor(OCI_LAYER, LAYER, 0),
    )
    assert [media_types.is_foreign(blob.media_type) for blob in manifest.blobs] == [False, False, True, False]


@pytest.mark.parametrize("empty", [{**IMAGE, "layers": []}, {**IMAGE, "layers": None}, {"config": IMAGE["config"]}])
def test_an_image_may_have_no_layers(empty: object) -> None:
    manifest = parse_manifest(_raw(empty), None, "a")
    assert isinstance(manifest, Manifest)
    assert manifest.blobs == (Descriptor(OCI_CONFIG, CONFIG, 10),)


def test_an_artifact_names_its_blobs_and_has_no_config() -> None:
    manifest = parse_manifest(_raw(ARTIFACT), media_types.OCI_ARTIFACT, "a")
    assert isinstance(manifest, Manifest)
    assert manifest.blobs == (Descriptor(OCI_LAYER, LAYER, 10),)


def test_an_index_names_children_with_and_without_platforms() -> None:
    platforms = [
        {"os": "linux", "architecture": "arm64", "variant": "v8", "os.version": "1"},
        {"os": "unknown", "architecture": "unknown"},
        {},
        {"os": 1, "architecture": ["amd64"]},
        "linux/amd64",
        None,
    ]
    children = [_entry(CHILD, media_types.OCI_MANIFEST, platform=platform) for platform in platforms]
    index = parse_manifest(_raw({**INDEX, "manifests": [*children, _entry(CHILD, media_types.OCI_INDEX)]}), None, "a")
    assert isinstance(index, Index)
    assert [child.platform for child in index.manifests[:2]] == [Platform("linux", "arm64", "v8"), Platform("unknown", "unknown")]
    assert {child.platform for child in index.manifests[2:]} == {None}
    assert [str(child.platform) for child in index.manifests[:2]] == ["linux/arm64/v8", "unknown/unknown"]
    assert index.manifests[-1] == Descriptor(media_types.OCI_INDEX, CHILD, 10)


def test_attestations_are_children_like_any_other() -> None:
    notes = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": CHILD.text}
    platform = {"os": "unknown", "architecture": "unknown"}
    attestation = _entry(LAYER, media_types.OCI_MANIFEST, annotations=notes, platform=platform)
    index = parse_manifest(_raw({**INDEX, "manifests": [_entry(CHILD, media_types.OCI_MANIFEST), attestation]}), None, "a")
    assert isinstance(index, Index)
    assert [child.digest for child in index.manifests] == [CHILD, LAYER]


def test_an_index_may_be_empty() -> None:
    index = parse_manifest(_raw({**INDEX, "manifests": []}), None, "a")
    assert isinstance(index, Index)
    assert index.manifests == ()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"<html>", "an HTML page"),
        (b"<xml/>", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (_raw(IMAGE).decode().encode("utf-16"), "not JSON"),
        (b"\xef\xbb\xbf" + _raw(IMAGE), "not JSON"),
        (b'{"config": ' + b"[" * 1_000_000, "not JSON"),
        (b'{"a": ' * 200_000 + b"1" + b"}" * 200_000, "not JSON"),
        (b'{"schemaVersion": ' + b"9" * 5_000 + b"}", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'"a"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", "of an unknown kind (no media type)"),
        (b'{"layers": []}', "of an unknown kind (no media type)"),
        (b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}', "of an unknown kind (no media type)"),
        (b'{"mediaType": "application/json", "config": {}}', "of an unknown kind (application/json)"),
        (b'{"mediaType": ["a"], "config": {}}', "mediaType is not a string"),
        (b" " * (LARGEST_MANIFEST + 1), "more than the 4194304"),
    ],
    ids=lambda value: value[:30].decode(errors="replace") if isinstance(value, bytes) else value,
)
def test_what_is_no_manifest_is_refused(raw: bytes, reason: str) -> None:
    assert reason in _refusal(raw)


def test_a_manifest_of_exactly_4_mib_is_taken() -> None:
    raw = _raw(IMAGE)
    assert isinstance(parse_manifest(raw.ljust(LARGEST_MANIFEST), None, "a"), Manifest)


@pytest.mark.parametrize("content_type", [media_types.OCI_INDEX, media_types.DOCKER_MANIFEST, media_types.DOCKER_SCHEMA1])
def test_a_manifest_that_is_sent_as_another_kind_is_refused(content_type: str) -> None:
    raw = _raw({**IMAGE, "mediaType": media_types.OCI_MANIFEST})
    assert isinstance(parse_manifest(raw, media_types.OCI_MANIFEST, "a"), Manifest)
    assert _refusal(raw, content_type) == f"sent as {content_type}, but says that it is {media_types.OCI_MANIFEST}"


@pytest.mark.parametrize(
    ("document", "content_type", "key"),
    [
        ({**IMAGE, **INDEX}, None, "config"),
        ({**IMAGE, **INDEX}, media_types.OCI_INDEX, "config"),
        ({**IMAGE, **INDEX}, media_types.OCI_MANIFEST, "manifests"),
        ({**INDEX, "layers": []}, None, "layers"),
        ({**INDEX, "blobs": []}, None, "blobs"),
        ({**INDEX, "fsLayers": []}, None, "fsLayers"),
        ({**IMAGE, "fsLayers": []}, None, "fsLayers"),
        ({**ARTIFACT, "manifests": []}, None, "manifests"),
        ({**SCHEMA_ONE, "config": IMAGE["config"]}, media_types.OCI_MANIFEST, "fsLayers"),
    ],
)
def test_a_document_of_two_kinds_at_once_is_refused(document: object, content_type: str | None, key: str) -> None:
    assert _refusal(_raw(document), content_type).startswith(f"has {key!r}, which ")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, "'layers[1]' is not a descriptor"),
        ("sha256:abc", "'layers[1]' is not a descriptor"),
        ({}, "'layers[1]' has no digest or no media type"),
        (_entry(size=10) | {"digest": 5}, "'layers[1]' has no digest or no media type"),
        (_entry(size=10) | {"mediaType": None}, "'layers[1]' has no digest or no media type"),
        (_entry(size=10) | {"digest": "sha256:abc"}, "'layers[1]': 'sha256:abc' is not a valid digest"),
        (_entry(size=10) | {"digest": "../../etc/passwd"}, "'layers[1]': '../../etc/passwd' is not a valid digest"),
        (_entry(size=-1), "'layers[1]' has no size in bytes"),
        (_entry(size=True), "'layers[1]' has no size in bytes"),
        (_entry(size=None), "'layers[1]' has no size in bytes"),
        (_entry(size="10"), "'layers[1]' has no size in bytes"),
        (_entry(size=10.0), "'layers[1]' has no size in bytes"),
        (_entry(size=2**63), "'layers[1]' has no size in bytes"),
    ],
)
def test_a_layer_that_is_no_descriptor_is_refused(entry: object, reason: str) -> None:
    assert _refusal(_raw({**IMAGE, "layers": [_entry(), entry]})).startswith(reason)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({**IMAGE, "config": None}, "'config' is not a descriptor"),
        ({**IMAGE, "layers": {}}, "'layers' is not a list"),
        ({**INDEX, "manifests": "a"}, "'manifests' is not a list"),
        ({**INDEX, "manifests": [_entry(size=-1)]}, "'manifests[0]' has no size in bytes"),
        ({**ARTIFACT, "blobs": [1]}, "'blobs[0]' is not a descriptor"),
    ],
)
def test_a_manifest_with_malformed_parts_is_refused(document: object, reason: str) -> None:
    assert _refusal(_raw(document)) == reason


def test_a_descriptor_may_lack_its_media_type() -> None:
    entry = {"digest": LAYER.text, "size": 1}
    manifest = parse_manifest(_raw({**IMAGE, "layers": [entry]}), None, "a")
    assert isinstance(manifest, Manifest)
    assert manifest.blobs[1] == Descriptor("", LAYER, 1)


@pytest.mark.parametrize("document", [IMAGE, INDEX, ARTIFACT])
def test_a_subject_and_what_a_manifest_says_of_itself_are_read(document: dict[str, object]) -> None:
    said = {"artifactType": "application/spdx+json", "annotations": {"a": "b"}}
    manifest = parse_manifest(_raw({**document, "subject": _entry(CHILD), **said}), None, "a")

    assert isinstance(manifest, Manifest | Index)
    assert manifest.subject == Descriptor(OCI_LAYER, CHILD, 10)
    assert (manifest.artifact_type, manifest.annotations) == ("application/spdx+json", {"a": "b"})


@pytest.mark.parametrize("artifact_type", [None, 1, "", "no type", "a/b; c=d", f"a/{'b' * 128}", "a/b\n"])
def test_what_is_said_amiss_is_not_said(artifact_type: object) -> None:
    manifest = parse_manifest(_raw({**IMAGE, "artifactType": artifact_type, "annotations": {"a": 1, "b": "c"}}), None, "a")

    assert isinstance(manifest, Manifest)
    assert (manifest.subject, manifest.artifact_type, manifest.annotations) == (None, "", {"b": "c"})


def test_a_subject_that_is_no_descriptor_is_refused() -> None:
    for subject in ("x", {}, _entry(CHILD, size=-1), {**_entry(), "digest": "sha256:x"}):
        assert "'subject'" in _refusal(_raw({**IMAGE, "subject": subject}))


def test_what_is_of_docker_has_no_subject() -> None:
    for document, media_type in ((IMAGE, media_types.DOCKER_MANIFEST), (INDEX, media_types.DOCKER_LIST)):
        manifest = parse_manifest(_raw({**document, "subject": "x"}), media_type, "a")
        assert isinstance(manifest, Manifest | Index)
        assert manifest.subject is None
