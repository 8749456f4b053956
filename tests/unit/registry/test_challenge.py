"""The challenges of registries, as they are really written."""

import pytest

from gcrsync.registry.challenge import Challenge, chosen, parse

_HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull,push"'
_HUB_READ = Challenge("bearer", "https://auth.docker.io/token", "registry.docker.io", "repository:library/alpine:pull,push")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([_HUB], [_HUB_READ]),
        (['Basic realm="x", ' + _HUB], [Challenge("basic", "x"), _HUB_READ]),
        ([_HUB + ', Basic realm="a, b"'], [_HUB_READ, Challenge("basic", "a, b")]),
        (["Negotiate", _HUB], [Challenge("negotiate"), _HUB_READ]),
        (["Negotiate YII=, NTLM, " + _HUB], [Challenge("negotiate"), Challenge("ntlm"), _HUB_READ]),
        (["Basic, Bearer realm=r"], [Challenge("basic"), Challenge("bearer", "r")]),
        (['Bearer realm="https://gcr.io/v2/token"'], [Challenge("bearer", "https://gcr.io/v2/token")]),
        (["bearer REALM=https://a/t?x=1&y=2 , Service = s"], [Challenge("bearer", "https://a/t?x=1&y=2", "s")]),
        (['Bearer realm="a\\"b\\\\c",error="insufficient_scope"'], [Challenge("bearer", 'a"b\\c', error="insufficient_scope")]),
        (['Bearer realm="r",service=,scope="s"'], [Challenge("bearer", "r", "", "s")]),
        (['Bearer realm="r" service="s"'], [Challenge("bearer", "r", "s")]),
        (['Bearer realm="first",realm="second"'], [Challenge("bearer", "first")]),
        (['Bearer realm="r",service="never closed, Basic realm=x'], [Challenge("bearer", "r", "never closed, Basic realm=x")]),
        (['realm="of no scheme"', "", " , ,"], []),
    ],
)
def test_challenges_are_read_as_they_are_written(headers: list[str], expected: list[Challenge]) -> None:
    assert list(parse(headers)) == expected


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [
        (["Negotiate", 'Basic realm="b"', 'Bearer realm="t"'], "basic"),
        (['Negotiate abc==, Bearer realm="t", Basic realm="b"'], "bearer"),
        (["Negotiate", 'Digest realm="d"'], None),
        ([], None),
    ],
)
def test_the_first_bearer_or_basic_challenge_is_chosen(headers: list[str], scheme: str | None) -> None:
    challenge = chosen(headers)

    assert (challenge.scheme if challenge else None) == scheme


@pytest.mark.parametrize("part", ['a="', 'a="\\', ",", " ", "a ", "a=", "a = ", "a", "="])
def test_a_long_header_is_read_in_time(part: str) -> None:
    assert all(not challenge.realm for challenge in parse([part * 100_000]))
