"""Laws of the challenges: what is written can be read again, and nothing a registry sends breaks the reader."""

from hypothesis import given
from hypothesis import strategies as st

from gcrsync.registry.challenge import Challenge, parse

_texts = st.text(st.characters(min_codepoint=32, max_codepoint=126))
_challenges = st.builds(Challenge, st.sampled_from(["bearer", "basic", "negotiate"]), _texts, _texts, _texts, _texts)


def _written(challenge: Challenge) -> str:
    parameters = {name: getattr(challenge, name) for name in ("realm", "service", "scope", "error")}
    quoted = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in parameters.items()}
    return f"{challenge.scheme} " + ", ".join(f'{name}="{value}"' for name, value in quoted.items())


@given(st.lists(_challenges, min_size=1, max_size=4))
def test_challenges_in_one_header_are_read_as_they_were_meant(challenges: list[Challenge]) -> None:
    assert list(parse([", ".join(map(_written, challenges))])) == challenges


@given(st.lists(st.text(max_size=200), max_size=3))
def test_no_header_breaks_the_reader(headers: list[str]) -> None:
    for challenge in parse(headers):
        assert challenge.scheme == challenge.scheme.lower() != ""
