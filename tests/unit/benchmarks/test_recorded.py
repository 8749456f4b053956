import json
import lzma
from pathlib import Path

import pytest

from benchmarks.namespaces.content import StoredBlob, StoredManifest, StoredRepository
from benchmarks.namespaces.generate import generate
from benchmarks.namespaces.recorded import read_namespace, read_repositories, write_namespace

LINE: dict[str, object] = {
    "name": "distroless/base",
    "tags": {"latest": "sha256:aa"},
    "manifests": {"sha256:aa": {"mediaType": "application/x", "body": '{"é":1}', "imageSize": 641550}},
    "blobs": {"sha256:bb": ["0123456789abcdef", 642]},
}


def test_a_recorded_line_is_read(tmp_path: Path) -> None:
    (repository,) = read_repositories(written(tmp_path, LINE))
    manifest = StoredManifest('{"é":1}'.encode(), "application/x", 641550)
    blobs = {"sha256:bb": StoredBlob("0123456789abcdef", 642)}
    assert repository == StoredRepository("distroless/base", {"latest": "sha256:aa"}, {"sha256:aa": manifest}, blobs)


def test_repositories_are_read_one_at_a_time(tmp_path: Path) -> None:
    file = written(tmp_path, LINE)
    with lzma.open(file, "at") as lines:
        lines.write("this is not JSON")
    repositories = read_repositories(file)
    assert next(repositories).path == "distroless/base"
    with pytest.raises(json.JSONDecodeError):
        next(repositories)


def test_a_generated_namespace_comes_back_from_its_file(tmp_path: Path) -> None:
    namespace = generate(1, "there-and-back", 5, 80)
    write_namespace(tmp_path / "file.jsonl.xz", namespace)
    assert read_namespace(tmp_path / "file.jsonl.xz") == namespace


def test_repositories_without_a_common_first_part_are_a_whole_registry(tmp_path: Path) -> None:
    assert read_namespace(written(tmp_path, LINE)).path == "distroless"
    assert read_namespace(written(tmp_path, LINE, {**LINE, "name": "busybox"})).path == ""


def written(folder: Path, *lines: dict[str, object]) -> Path:
    file = folder / "recorded.jsonl.xz"
    with lzma.open(file, "wt", encoding="utf-8") as output:
        output.writelines(json.dumps(line) + "\n" for line in lines)
    return file
