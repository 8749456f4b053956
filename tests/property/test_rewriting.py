"""Laws of rewriting, on files that hypothesis makes up."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from gcrsync.clients.rewriting import Catalogue, rewrite
from gcrsync.mirror.record import Json
from tests.support.values import record, records

NAMES = {"gcr.io/a/b": "mirror.example/x/a/b", "docker.io/library/nginx": "mirror.example/x/nginx"}
KNOWN = Catalogue.of(records(*(record(name, {"v1": name, "latest": name}, mirror=mirror) for name, mirror in NAMES.items())))
BECOMES = {
    "nginx": "mirror.example/x/nginx",
    "nginx:v1": "mirror.example/x/nginx:v1",
    "gcr.io/a/b:v1": "mirror.example/x/a/b:v1",
    "gcr.io/a/b:latest": "mirror.example/x/a/b:latest",
}
OTHERS = (
    "gcr.io/a/b:v9",
    "mysql:8",
    "mirror.example/x/nginx:v9",
    "{{ .x }}:v1",
    "",
    "a b",
    "\U0001f600",
    "x\ny",
    "1.10",
    "null",
    "#",
)

scalars = st.sampled_from((*BECOMES, *OTHERS))
documents: st.SearchStrategy[Json] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(list[Json])
        | st.dictionaries(st.sampled_from(("image", "name", "a", "nginx:v1", "build")), inner, max_size=3).map(dict[str, Json])
    ),
    max_leaves=12,
)
texts = st.lists(
    st.sampled_from((*BECOMES, *OTHERS, "image: ", "FROM ", "ARG X=", "$X", "\n", " ", "\r\n", '"', "<<E", "\\", ":"))
).map("".join)


@given(
    st.lists(documents, min_size=1, max_size=3),
    st.sampled_from((None, "'", '"', "|", ">")),
    st.sampled_from((True, False, None)),
    st.sampled_from(("\n", "\r\n")),
)
def test_yaml_differs_node_by_node_only_where_an_image_is_named(
    given_documents: list[Json],
    style: str | None,
    flow: bool | None,  # noqa: FBT001 - hypothesis draws it
    end: str,
) -> None:
    before = yaml.safe_dump_all(given_documents, default_style=style, default_flow_style=flow, line_break=end, allow_unicode=True)
    after = rewrite("x.yaml", before, KNOWN, pin=False).text

    for old, new in zip(yaml.safe_load_all(before), yaml.safe_load_all(after), strict=True):
        _compare(old, new, key="")
    assert after.count(end) == before.count(end)


def _compare(old: Json, new: Json, key: str) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        assert list(old) == list(new)
        for name, value in old.items():
            _compare(value, new[name], "built" if name == "image" and "build" in old else name)
    elif isinstance(old, list) and isinstance(new, list):
        assert len(old) == len(new)
        for one, other in zip(old, new, strict=True):
            _compare(one, other, "")
    elif old != new:
        assert isinstance(old, str)
        assert BECOMES[old.strip()] == str(new).strip()
    else:
        assert not (key == "image" and old in BECOMES)


@given(texts, st.sampled_from(("", "Dockerfile", "a.yaml", "a.txt")), st.booleans())
def test_rewriting_again_changes_nothing(text: str, name: str, pin: bool) -> None:  # noqa: FBT001 - hypothesis draws it
    once = rewrite(name, text, KNOWN, pin=pin)
    again = rewrite(name, once.text, KNOWN, pin=pin)

    assert again.text == once.text
    assert all(image.mirror is None for image in again.images)
    assert len(once.text.splitlines()) == len(text.splitlines())
