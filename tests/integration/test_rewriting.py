"""``gcrsync rewrite``: files, standard streams, and what is told of them."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gcrsync.metadata.document import encode
from tests.support.mirrors import Mirror
from tests.support.values import digest, record

POD = """\
# what runs: nginx
spec:
  containers:
  - image: "nginx:1.27"  # the web
  - image: mysql:8
"""
AFTER = POD.replace('"nginx', '"mirror.example/library/nginx')


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """A metadata repository in which one image is on record."""
    mirror = Mirror(tmp_path_factory.mktemp("rewriting"))
    recorded = record("docker.io/library/nginx", {"1.27": "nginx"})
    mirror.place.commit(mirror.root, "record", {"metadata/docker.io/library/nginx.json": encode(recorded)})
    return mirror


def test_files_are_rewritten_in_place_with_their_mode_and_through_links(mirror: Mirror, tmp_path: Path) -> None:
    pod, link, docker = tmp_path / "pod.yaml", tmp_path / "link.yaml", tmp_path / "Dockerfile"
    pod.write_bytes(POD.replace("\n", "\r\n").encode())
    pod.chmod(0o751)
    link.symlink_to(pod)
    docker.write_text("FROM nginx:1.27 AS nginx\nFROM nginx\n")

    ended = mirror.run("rewrite", str(link), str(docker))
    assert pod.read_bytes() == AFTER.replace("\n", "\r\n").encode()
    assert docker.read_text() == "FROM mirror.example/library/nginx:1.27 AS nginx\nFROM nginx\n"
    assert (pod.stat().st_mode & 0o777, link.is_symlink()) == (0o751, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Dockerfile", "link.yaml", "pod.yaml"]
    assert ended.stdout.splitlines()[0] == f"{link}:4: nginx:1.27 -> mirror.example/library/nginx:1.27"
    assert f"{link}:5: mysql:8 stays: its repository is not on record" in ended.stderr
    assert mirror.run("rewrite", "--check", str(pod), str(docker)).stdout == ""


def test_a_check_changes_nothing_and_ends_with_one_where_something_would_change(mirror: Mirror, tmp_path: Path) -> None:
    pod = tmp_path / "pod.yaml"
    pod.write_text(POD)
    document = mirror.report("rewrite", "--check", "--digest", str(pod), code=1)
    pinned = f"mirror.example/library/nginx:1.27@{digest('nginx')}"

    assert pod.read_text() == POD
    assert document["files"][0]["images"] == [
        {"line": 4, "image": "nginx:1.27", "mirror": pinned, "reason": None},
        {"line": 5, "image": "mysql:8", "mirror": None, "reason": "its repository is not on record"},
    ]


def test_standard_input_goes_to_standard_output_byte_for_byte(mirror: Mirror) -> None:
    command = [sys.executable, "-m", "gcrsync", "rewrite"]
    given = f"\ufeff# é\r\n{POD}".encode()
    environment = {**mirror.environment, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    ended = subprocess.run(command, cwd=mirror.root, env=environment, input=given, capture_output=True, check=True)

    assert ended.stdout == f"\ufeff# é\r\n{AFTER}".encode()
    assert yaml.safe_load(ended.stdout)["spec"]["containers"][0] == {"image": "mirror.example/library/nginx:1.27"}
    assert b"warning: -:6: mysql:8 stays" in ended.stderr


def test_what_is_no_text_in_utf_8_is_refused_and_then_no_file_is_changed(mirror: Mirror, tmp_path: Path) -> None:
    pod, latin = tmp_path / "pod.yaml", tmp_path / "latin.yaml"
    pod.write_text(POD)
    latin.write_bytes("image: nginx:1.27 # é".encode("latin-1"))

    assert f"{latin} is not UTF-8 from byte 20 on" in mirror.run("rewrite", str(pod), str(latin), code=2).stderr
    assert f"{tmp_path} is no file" in mirror.run("rewrite", str(pod), str(tmp_path), code=2).stderr
    assert "No such file" in mirror.run("rewrite", str(pod), str(tmp_path / "none"), code=2).stderr
    assert "standard output is for the text itself" in mirror.run("rewrite", "--json", code=2).stderr
    assert pod.read_text() == POD
