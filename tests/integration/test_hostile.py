"""Bad input, from people, sources and destinations: one clear line and an exit code, and nothing recorded that did not happen."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from gcrsync.oci import media_types
from gcrsync.oci.digest import Digest
from tests.support import faults
from tests.support.build import Built, image, index, named_by
from tests.support.faults import Answer, Change, Fault
from tests.support.gate import Gate
from tests.support.mirrors import Mirror
from tests.support.nights import SECRET, Night, check_lines, night
from tests.support.serving import served
from tests.support.simulator import Simulator
from tests.support.tables import counted

TERMINAL = "\x1b]0;owned\x07\x1b[31m\r\nred\u202e"
"""What a terminal would obey, were it printed as it is."""

DEEP = "[" * 100_000
NOBODY = "127.0.0.1:1/acme"
"""A namespace of a registry that is never asked: something is wrong before."""


def only_line(text: str, beginning: str) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith(beginning)]
    return line


# What people give.


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody types or sets, and what the one line about it says."""

    says: str
    arguments: tuple[str, ...] = (NOBODY, "--to", "127.0.0.1:1/m")
    environment: Mapping[str, str] = field(default_factory=dict)


GIVEN = {
    "a namespace that climbs": Given("is not a valid namespace", ("gcr.io/../../etc/passwd",)),
    "a namespace that speaks to the terminal": Given(r"\x1b]0;owned\x07", (f"gcr.io/{TERMINAL}",)),
    "a namespace of nothing": Given("is not a valid namespace", ("",)),
    "a destination that climbs": Given("is not a valid", (NOBODY, "--to", "ghcr.io/acme/../../root")),
    "a metadata repository that is a folder": Given("is in no git repository", (NOBODY, "--metadata-repo", "/")),
    "a metadata repository with a password": Given(
        "holds credentials", (NOBODY, "--metadata-repo", f"https://ann:{SECRET}@git.test/mirror.git")
    ),
    "a proxy that is none": Given("the proxy in the environment cannot be used", environment={"ALL_PROXY": f"ftp://a:{SECRET}@b"}),
}

TOML = {
    "no TOML": ("[[mirror]]\nsource = gcr.io/a\n", 2, "not TOML"),
    "a key that speaks to the terminal": (f"[[mirror]]\n{json.dumps(TERMINAL)} = 1\n", 1, r"unknown key '\x1b]0;owned"),
    "a name without a field": ('[[mirror]]\nsource = "gcr.io/a"\ndestination = "ghcr.io/b"\nname = "x/{tag}"\n', 4, "{flat}"),
    "a destination that climbs": ('[[mirror]]\nsource = "gcr.io/a"\ndestination = "ghcr.io/../b"\n', 3, "is not a valid"),
    "brackets without end": (f"mirror = {DEEP}\n", 0, "nested too deep"),
    "no UTF-8": ("[[mirror]]\nsource = '\udcff'\n", 0, "not UTF-8"),
}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """Give a metadata repository in which no test changes anything that is committed."""
    return Mirror(tmp_path_factory.mktemp("alone"))


def told(mirror: Mirror, *arguments: str, code: int, environment: Mapping[str, str] | None = None) -> str:
    """Run gcrsync, and give the one line that it says."""
    ended = mirror.run(*arguments, code=code, environment=environment)
    check_lines(ended.stderr)
    (line,) = ended.stderr.splitlines()
    assert ended.stdout == ""
    return line


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_what_cannot_be_used_is_told_in_one_line_and_ends_with_2(alone: Mirror, given: Given) -> None:
    assert given.says in told(alone, "compare", *given.arguments, code=2, environment=given.environment)


@pytest.mark.parametrize(("text", "line", "says"), TOML.values(), ids=TOML)
def test_a_configuration_that_cannot_be_used_is_told_with_its_line_and_ends_with_2(
    alone: Mirror, tmp_path: Path, text: str, line: int, says: str
) -> None:
    path = tmp_path / "gcrsync.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    said = told(alone, "compare", "--config", str(path), code=2)

    assert said.startswith(f"gcrsync: {path}:{line}: " if line else f"gcrsync: {path}: "), said
    assert says in said


def edited(repository: str = "gcr.io/a/b", tag: str = "1") -> str:
    """Give a document of one tag as somebody may have edited it."""
    digest = str(Digest.of(b""))
    document = {"repository": repository, "mirror": "ghcr.io/m/a/b", "tags": {tag: digest}, "manifests": {digest: {}}}
    return json.dumps(document, indent=1)


METADATA = {
    "no JSON": ('{\n"repository": gcr.io\n}', 2, "not JSON"),
    "no end of brackets": (DEEP, 1, "nested too deep"),
    "a key twice": (edited().replace('"mirror"', '"tags": {},\n"mirror"'), 5, "'tags' stands twice"),
    "a repository that climbs": (edited(repository="gcr.io/../../a"), 2, "is not a valid repository"),
    "a tag that speaks to the terminal": (edited(tag=TERMINAL), 5, r"'\x1b]0;owned\x07"),
}


@pytest.mark.parametrize(("text", "line", "says"), METADATA.values(), ids=METADATA)
def test_a_document_that_does_not_parse_ends_the_run_with_3_and_stays_as_it_is(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    mirror = Mirror(tmp_path)
    mirror.place.commit(mirror.root, "edit", {"metadata/gcr.io/a/b.json": text})
    mirror.place.git(mirror.root, "push", "--quiet", "origin", "main")
    said = told(mirror, "sync", NOBODY, "--to", "127.0.0.1:1/m", code=3)

    assert said.startswith(f"gcrsync: metadata/gcr.io/a/b.json:{line}: "), said
    assert says in said
    assert mirror.log == ["begin", "edit"]
    assert mirror.place.git(mirror.root, "status", "--porcelain") == ""


@pytest.mark.parametrize("command", ["compare", "sync", "test"])
@pytest.mark.parametrize("link", ["metadata/gcr.io/a/b.json", "metadata/gcr.io"])
def test_a_link_in_place_of_documents_is_named_with_3_before_anything_is_asked(tmp_path: Path, command: str, link: str) -> None:
    mirror = Mirror(tmp_path)
    mirror.place.commit(mirror.root, "edit", {"elsewhere/a/b.json": edited()})
    (mirror.root / link).parent.mkdir(parents=True, exist_ok=True)
    (mirror.root / link).symlink_to(mirror.root / "elsewhere")
    mirror.place.git(mirror.root, "add", link)
    mirror.place.git(mirror.root, "commit", "--quiet", "--message", "link")
    said = told(mirror, command, NOBODY, "--to", "127.0.0.1:1/m", code=3)

    assert said.startswith(f"gcrsync: {link}: a symbolic link, which gcrsync does not follow: put a plain file in its place"), said


def test_a_terminal_that_lacks_a_character_is_no_failure(tmp_path: Path) -> None:
    with night(tmp_path) as begun:
        begun.source.add("acme/app", image("first"), "1")
        begun.sync()
        begun.source.add("acme/app", image("second"), "1")
        moved = f"moved     1 ({image('first').digest.encoded[:12]}"

        assert f"{moved}?" in begun.sync(environment={"PYTHONIOENCODING": "ascii"}).stdout


# What a source says of its names.


def lists(**changed: object) -> Change:
    """Give the true list with some keys changed."""

    def change(request: httpx.Request, answer: Answer) -> httpx.Response:
        return httpx.Response(200, json=json.loads(answer(request).read()) | changed)

    return change


def says(content: str, code: int = 200, **headers: str) -> Change:
    """Answer with this body."""
    return lambda _request, _answer: httpx.Response(code, headers=headers, content=content.encode())


ENTRY = {"tag": ["9"], "mediaType": media_types.OCI_MANIFEST, "imageSizeBytes": "1"}
LISTS: dict[str, tuple[Change, str]] = {
    "html": (faults.page(), "the answer is an HTML page"),
    "text": (says(f"welcome {TERMINAL}"), "the answer is not JSON"),
    "array": (faults.document([]), "the answer is no JSON object"),
    "deep": (says(DEEP), "the answer is not JSON"),
    "no-objects": (lists(manifest=[1]), "'manifest' is not an object of objects"),
    "no-texts": (lists(child=[{}]), "'child' is not a list of strings"),
    "climbing-child": (lists(child=["../../../etc/passwd"]), "more than one level below"),
    "parent-as-child": (lists(child=[".."]), "is not a valid namespace"),
    "git-as-child": (lists(child=[".git"]), "is not a valid namespace"),
    "terminal-child": (lists(child=[TERMINAL]), r"\x1b]0;owned\x07"),
    "endless-child": (lists(child=["a" * 5_000]), "longer than 255 characters"),
    "climbing-tag": (lists(manifest={f"sha256:{'a' * 64}": ENTRY | {"tag": ["../../x"]}}), "is not a valid tag"),
    "option-tag": (lists(manifest={f"sha256:{'a' * 64}": ENTRY | {"tag": ["--force"]}}), "is not a valid tag"),
    "terminal-tag": (lists(manifest={f"sha256:{'a' * 64}": ENTRY | {"tag": [TERMINAL]}}), r"\x1b]0;owned\x07"),
    "climbing-digest": (lists(manifest={"sha256:../../../etc": ENTRY}), "is not a valid digest"),
    "tag-of-nothing": (lists(tags=["8"]), "names tag 8 but no manifest for it"),
    "link-elsewhere": (
        faults.with_headers(Link=f'<http://thief.test/v2/x/tags/list?token={SECRET}>; rel="next"'),
        "is not followed: it is on http://thief.test",
    ),
    "link-to-itself": (faults.with_headers(Link='<?n=10000>; rel="next"'), "is not followed: it was read before"),
    "redirect-to-itself": (faults.redirect("?n=10000"), "redirected in a circle"),
    "redirect-to-a-file": (faults.redirect("file:///etc/passwd"), "a redirect without a usable Location"),
    "redirect-to-nowhere": (says("", 307), "a redirect without a usable Location"),
    "realm-in-a-file": (
        says("", 401, **{"WWW-Authenticate": 'Bearer realm="file:///etc/passwd"'}),
        "the realm of the challenge is no URL",
    ),
    "realm-in-the-open": (
        says("", 401, **{"WWW-Authenticate": f'Bearer realm="http://token.test/?t={SECRET}"'}),
        "no credentials are sent there",
    ),
    "coloured-error": (
        says(json.dumps({"errors": [{"code": "DENIED", "message": f"{TERMINAL} https://cdn.test/x?sig={SECRET}"}]}), 403),
        "403 Forbidden: DENIED",
    ),
}


@dataclass(frozen=True, slots=True)
class Ended:
    """What a night came to that several tests look at."""

    night: Night
    out: str
    err: str
    report: Any

    def states(self, path: str) -> dict[str, str]:
        """Give the states of the tags of ``acme/path`` in the report."""
        images = self.report["namespaces"][0]["images"]
        return {image["tag"]: image["state"] for image in images if image["repository"] == f"{self.night.namespace}/{path}"}


def ended_night(night: Night, folder: Path, code: int) -> Ended:
    ended = night.sync("--report", str(folder / "report.json"), code=code)
    text = (folder / "report.json").read_text("utf-8")
    check_lines(text)
    return Ended(night, ended.stdout, ended.stderr, json.loads(text))


FIRST, SECOND = image("first", layers=0), image("second", layers=0)


@pytest.fixture(scope="module")
def second_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """Give the night after a good one, in which each tag 1 has become a tag 2 and each list but one is wrong."""
    folder = tmp_path_factory.mktemp("lists")
    with night(folder) as begun:
        for case in (*LISTS, "fine"):
            begun.source.add(f"acme/{case}", FIRST, "1")
        begun.sync()
        for case in (*LISTS, "fine"):
            begun.source.repositories[f"acme/{case}"].tags.clear()
            begun.source.add(f"acme/{case}", SECOND, "2")
        begun.source.faults.extend(
            Fault("GET", f"/v2/acme/{case}/tags/list", change, times=None) for case, (change, _) in LISTS.items()
        )
        yield ended_night(begun, folder, code=3)


@pytest.mark.parametrize(("case", "says"), [(case, says) for case, (_, says) in LISTS.items()], ids=LISTS)
def test_a_list_that_cannot_be_understood_adds_and_retires_nothing(second_night: Ended, case: str, says: str) -> None:
    begun = second_night.night

    assert says in only_line(second_night.err, f"not listed: {begun.namespace}/{case}: ")
    assert second_night.states(case) == {}
    assert begun.recorded(case)["tags"] == {"1": str(FIRST.digest)}
    assert "gone" not in begun.recorded(case)
    assert begun.serves(case).keys() == {"1"}


def test_the_siblings_of_lists_that_cannot_be_understood_are_mirrored(second_night: Ended) -> None:
    begun = second_night.night

    assert second_night.states("fine") == {"1": "gone", "2": "added"}
    assert begun.recorded("fine")["tags"] == {"2": str(SECOND.digest)}
    assert begun.recorded("fine")["gone"].keys() == {"1"}
    assert not begun.unserved()
    begun.check_remote()


ROOTS: dict[str, tuple[bool, str, Change, str]] = {
    "a page for people": (True, ".", faults.page(), "the answer is an HTML page"),
    "a name that climbs": (True, "/acme/tags/list", lists(child=["../../x"]), "more than one level below"),
    "a challenge that is none": (True, ".", says("", 401), "401 Unauthorized"),
    "a catalogue that climbs": (
        False,
        "_catalog",
        faults.document({"repositories": ["acme/fine", "acme/../../../etc/passwd"]}),
        "is not a valid repository",
    ),
    "a tag that is none": (False, "fine/tags/list", faults.document({"tags": ["1", TERMINAL]}), "is not a valid tag"),
}


@pytest.mark.parametrize(("google", "path", "change", "says"), ROOTS.values(), ids=ROOTS)
def test_a_namespace_that_cannot_be_understood_ends_with_3_and_records_nothing(
    tmp_path: Path, *, google: bool, path: str, change: Change, says: str
) -> None:
    with night(tmp_path, google=google) as begun:
        begun.source.add("acme/fine", image(), "1")
        for method in ("GET", "HEAD"):
            begun.source.faults.append(Fault(method, path, change, times=None))
        ended = begun.sync(code=3)

        assert says in only_line(ended.stderr, "not listed: ")
        assert begun.source.log
        assert not begun.target.requests("PUT")
        assert begun.mirror.log == ["begin"]


TOKENS: dict[str, tuple[Change, str]] = {
    "a page for people": (faults.page(), "the answer is an HTML page"),
    "a token that is a header of its own": (faults.document({"token": f"a\r\nX-Evil: {SECRET}"}), "the answer holds no token"),
    "a token without end": (faults.document({"token": SECRET * 10_000}), "larger than"),
}


@pytest.mark.parametrize(("change", "says"), TOKENS.values(), ids=TOKENS)
def test_a_token_that_cannot_be_used_is_told_and_never_shown(tmp_path: Path, change: Change, says: str) -> None:
    with night(tmp_path) as begun:
        begun.source.gate = Gate("bearer")
        begun.source.add("acme/fine", image(), "1")
        begun.source.faults.append(Fault("GET", "/token", change, times=None))
        ended = begun.run("compare", begun.namespace, "--to", begun.destination, code=3)

        assert says in only_line(ended.stderr, "not listed: ")
        assert begun.source.requests("GET", "/token")


def test_a_destination_that_is_a_page_is_told_once_and_asked_once(tmp_path: Path) -> None:
    with night(tmp_path) as begun:
        for path in ("one", "two", "three"):
            begun.source.add(f"acme/{path}", image(path), "1")
        for method in ("HEAD", "GET", "POST", "PUT"):
            begun.target.faults.append(Fault(method, ".", faults.page(), times=None))
        ended = begun.sync(code=1)

        assert "the answer is an HTML page: what answers there is no registry" in only_line(ended.stderr, "nothing can be copied: ")
        assert (counted(ended.stdout)["added"], counted(ended.stdout)["failed"]) == (0, 3)
        assert [logged.method for logged in begun.target.log] == ["HEAD", "GET"]
        assert begun.mirror.log == ["begin"]


# What a source gives for an image, and what a destination says to it.


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a case is played: in the repository ``path`` of the source, and the same of the destination."""

    source: Simulator
    target: Simulator
    path: str
    thief: str

    def gives(self, built: Built) -> Built:
        """Have the source give something under tag 1."""
        return self.source.add(self.path, built, "1")

    def spoils(self, method: str, path: str, change: Change) -> None:
        """Have the source give an image, and something else at some requests."""
        self.gives(image(self.path))
        self.source.faults.append(Fault(method, f"/v2/{self.path}/{path}", change, times=None))

    def refuses(self, method: str, path: str, change: Change) -> None:
        """Have the source give an image, and the destination spoil its answers."""
        self.gives(image(self.path))
        self.target.faults.append(Fault(method, f"/v2/m/{self.path}/{path}", change, times=None))


Play = Callable[[Stage], object]


def manifest(text: str, media_type: str = media_types.OCI_MANIFEST) -> Play:
    """Give these bytes as a manifest."""
    return lambda stage: stage.gives(Built(text.encode(errors="surrogateescape"), media_type))


def document(media_type: str = media_types.OCI_MANIFEST, **keys: object) -> Play:
    """Give a manifest of an empty image with these keys as well."""
    return manifest(json.dumps({"schemaVersion": 2, "config": named_by("application/json", b"{}"), **keys}), media_type)


def thousand_deep(stage: Stage) -> None:
    built = stage.gives(image(stage.path))
    for _ in range(1_000):
        built = stage.gives(replace(index(built), children=()))


def thousand_absent(stage: Stage) -> None:
    stage.gives(replace(index(*(image(str(number), layers=0) for number in range(1_000))), children=()))


def child_of_another_size(stage: Stage) -> None:
    built = index(image(stage.path))
    raw = built.raw.replace(f'"size": {len(built.children[0].raw)}'.encode(), b'"size": 7')
    assert raw != built.raw
    stage.gives(replace(built, raw=raw))


def thieving(request: httpx.Request) -> httpx.Response:
    """Answer as a store of blobs that says no, and says again what it was asked."""
    return httpx.Response(403, text=f"<Error><Message>{TERMINAL} at {request.url}</Message></Error>")


IMAGES: dict[str, tuple[Play, str]] = {
    "too-large": (document(annotations={"a": "x" * 4_300_000}), "larger than 4194304 bytes"),
    "no-json": (manifest("\udcff\udcfe{}"), "not JSON"),
    "html": (manifest("<!doctype html><title>Welcome</title>"), "an HTML page"),
    "array": (manifest("[]"), "not a JSON object"),
    "deep": (manifest(f'{{"config": {DEEP}'), "not JSON"),
    "two-kinds": (document(manifests=[]), "has 'manifests', which"),
    "another-kind": (document(mediaType=media_types.OCI_INDEX), "but says that it is"),
    "terminal-kind": (document(mediaType=TERMINAL), "sent as application/vnd.oci.image.manifest.v1+json, but says"),
    "climbing-layer": (document(layers=[{"digest": "sha256:../../../../etc/passwd", "size": 1}]), "is not a valid digest"),
    "terminal-layer": (document(layers=[{"digest": TERMINAL, "size": 1}]), r"\x1b]0;owned\x07"),
    "negative-layer": (document(layers=[{"digest": str(Digest.of(b"")), "size": -1}]), "has no size in bytes"),
    "endless-layer": (document(layers=[{"digest": str(Digest.of(b"")), "size": 2**63}]), "has no size in bytes"),
    "layers-in-a-text": (document(layers="sha256"), "'layers' is not a list"),
    "other-manifest": (lambda stage: stage.spoils("GET", "manifests/", faults.corrupted()), "expected sha256:"),
    "missing-child": (lambda stage: stage.gives(replace(index(image(stage.path)), children=())), "404 Not Found"),
    "child-of-another-size": (child_of_another_size, "but its index says 7"),
    "thousand-deep": (thousand_deep, "more than 16 indexes in one another"),
    "thousand-absent": (thousand_absent, "404 Not Found"),
    "missing-blob": (lambda stage: stage.gives(replace(image(stage.path), blobs={})), "404 Not Found"),
    "other-blob": (lambda stage: stage.spoils("GET", "blobs/", faults.corrupted()), "expected sha256:"),
    "html-blob": (lambda stage: stage.spoils("GET", "blobs/", faults.page()), "the registry announces"),
    "blob-in-a-circle": (lambda stage: stage.spoils("GET", "blobs/", faults.redirect("?")), "redirected in a circle"),
    "blob-in-a-file": (lambda stage: stage.spoils("GET", "blobs/", faults.redirect("file:///etc/passwd")), "usable Location"),
    "blob-at-a-thief": (
        lambda stage: stage.spoils("GET", "blobs/", faults.redirect(f"http://{stage.thief}/blob?sig={SECRET}")),
        "403 Forbidden",
    ),
    "upload-nowhere": (
        lambda stage: stage.refuses("POST", "blobs/uploads/", faults.with_headers(Location=None)),
        "Location",
    ),
    "upload-to-a-file": (
        lambda stage: stage.refuses("POST", "blobs/uploads/", faults.with_headers(Location="file:///etc/passwd")),
        "Location",
    ),
    "upload-for-people": (lambda stage: stage.refuses("POST", "blobs/uploads/", faults.page()), "200 OK: an HTML page"),
    "denied-in-colour": (
        lambda stage: stage.refuses("PUT", "manifests/1", says(f"{TERMINAL} see http://cdn.test/?token={SECRET} \n now", 403)),
        "403 Forbidden: ]0;owned [31m red see http://cdn.test/ now",
    ),
    "denied-without-a-challenge": (lambda stage: stage.refuses("PUT", "manifests/1", says("", 401)), "401 Unauthorized"),
    "stored-as-something-else": (
        lambda stage: stage.refuses("PUT", "manifests/1", faults.with_headers(Docker_Content_Digest=str(Digest.of(b"")))),
        "expected sha256:",
    ),
}


@pytest.fixture(scope="module")
def wrong_images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """Give a night in which every image but two is wrong in its own way."""
    folder = tmp_path_factory.mktemp("images")
    with night(folder, google=False) as begun, served(thieving) as thief:
        for case, (play, _) in IMAGES.items():
            play(Stage(begun.source, begun.target, f"acme/{case}", thief))
        begun.source.add("acme/fine", image("fine"), "1")
        wide = index(*[image("wide")] * 1_000)
        begun.source.add("acme/wide", wide, "1")
        yield ended_night(begun, folder, code=1)


@pytest.mark.parametrize(("case", "says"), [(case, says) for case, (_, says) in IMAGES.items()], ids=IMAGES)
def test_an_image_that_is_wrong_is_told_in_one_line_and_not_recorded(wrong_images: Ended, case: str, says: str) -> None:
    begun = wrong_images.night

    assert says in only_line(wrong_images.err, f"failed: {begun.namespace}/{case}:1: ")
    assert wrong_images.states(case) == {"1": "failed"}
    assert begun.recorded(case) == {"tags": {}}


def test_the_siblings_of_wrong_images_are_mirrored_and_recorded(wrong_images: Ended) -> None:
    begun = wrong_images.night

    assert wrong_images.states("fine") == wrong_images.states("wide") == {"1": "added"}
    assert begun.mirror.documents().keys() == {f"{begun.namespace}/fine", f"{begun.namespace}/wide"}
    assert not begun.unserved()
    assert begun.mirror.log[-1].endswith(f": 2 added, {len(IMAGES)} failed")
    begun.check_remote()


# Where names and redirects lead.


def files_beside(folder: Path, *ours: str) -> set[str]:
    """Give all that lies in a folder, but for what begins as one of our own paths."""
    everything = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return {path for path in everything if not path.startswith(ours)}


def test_no_name_leads_out_of_the_metadata_or_the_folder_of_layouts(tmp_path: Path) -> None:
    ours = ("mirror/metadata/gcr", "mirror/metadata/127", "mirror/CHANGELOG.md", "mirror/.git", "layouts", "remote.git")
    awkward = ["a.json", "readme.md", "index.json", "oci-layout", "blobs", "con", "metadata", "changelog.md", "fine/blobs/sha256"]
    with night(tmp_path) as begun:
        for path in (*awkward, "fine", "astray"):
            begun.source.add(f"acme/{path}", image(path), "1")
        begun.source.faults.append(
            Fault("GET", "/v2/acme/astray/tags/list", lists(child=["../../../../escaped", "/escaped"]), times=None)
        )
        before = files_beside(tmp_path, *ours)
        ended = begun.run("sync", begun.namespace, "--to", f"oci:{tmp_path}/layouts", code=3)

        assert files_beside(tmp_path, *ours) == before
        assert {path.name for path in (tmp_path / "layouts" / "acme").iterdir()} == {*awkward[:-1], "fine"}
        assert not any(path.is_symlink() for path in tmp_path.rglob("*"))
        mirrored = {name.removeprefix(f"{begun.namespace}/"): each for name, each in begun.mirror.documents().items()}
        assert {path for path, each in mirrored.items() if each["tags"]} == {*awkward[:-1], "fine"}
        assert "would fall inside the image layout" in mirrored["fine/blobs/sha256"]["held"]["1"]["reason"]
        assert "more than one level below" in only_line(ended.stderr, "not listed: ")


def test_credentials_do_not_follow_a_redirect_to_another_host(tmp_path: Path) -> None:
    account = ("ann", SECRET)
    thief = Simulator("thief", google=True)
    with night(tmp_path) as begun, served(thief) as elsewhere:
        begun.source.gate = Gate("basic", account, private=True)
        for registry in (begun.source, thief):
            registry.add("acme/away", image("away"), "1")

        def leads_away(request: httpx.Request, _answer: Answer) -> httpx.Response:
            return httpx.Response(307, headers={"Location": f"http://{elsewhere}{request.url.path}?sig={SECRET}"})

        begun.source.faults.append(Fault("GET", "/v2/acme/away/(tags|blobs)/", leads_away, times=None))
        host = begun.namespace.partition("/")[0]
        login = {"auths": {host: {"auth": base64.b64encode(":".join(account).encode()).decode()}}}
        (tmp_path / "docker").mkdir()
        (tmp_path / "docker" / "config.json").write_text(json.dumps(login), "utf-8")
        begun.sync(environment={"DOCKER_CONFIG": str(tmp_path / "docker")})

        assert begun.recorded("away")["tags"] == {"1": str(image("away").digest)}
        assert any("Authorization" in logged.headers for logged in begun.source.log)
        assert {logged.path.rpartition("/")[0].rpartition("/")[2] for logged in thief.log} == {"tags", "blobs"}
        assert not any("Authorization" in logged.headers for logged in thief.log)
        begun.check_remote()
