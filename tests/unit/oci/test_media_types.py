"""What bytes and media types are taken for."""

import pytest

from gcrsync.oci.media_types import is_html


@pytest.mark.parametrize(
    ("content", "answer"), [(b"<HTML lang=en>", True), (b"<htmlx>", False), (b'{"a": "<html>"}', False), (b"", False)]
)
def test_a_page_of_html_is_known_by_its_beginning(content: bytes, answer: bool) -> None:  # noqa: FBT001
    assert is_html(content) is answer
