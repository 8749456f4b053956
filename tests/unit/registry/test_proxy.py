"""Which requests go through which proxy."""

import httpx
import pytest

from gcrsync.registry.proxy import Proxies, Proxy

BOTH = {"HTTP_PROXY": "http://plain.test:3128", "HTTPS_PROXY": "http://tls.test:3128"}


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://gcr.io/v2/", ""),
        (BOTH, "https://gcr.io/v2/", "http://tls.test:3128"),
        (BOTH, "http://insecure.test/v2/", "http://plain.test:3128"),
        ({"ALL_PROXY": "proxy.test:8080"}, "https://gcr.io/v2/", "http://proxy.test:8080"),
        (BOTH | {"ALL_PROXY": "http://all.test"}, "https://gcr.io/v2/", "http://tls.test:3128"),
        (BOTH | {"https_proxy": "https://lower.test"}, "https://gcr.io/v2/", "https://lower.test"),
        ({"HTTPS_PROXY": "", "https_proxy": ""}, "https://gcr.io/v2/", ""),
        (BOTH, "http://localhost:5000/v2/", ""),
        (BOTH, "http://127.3.2.1:5000/v2/", ""),
        (BOTH, "http://[::1]:5000/v2/", ""),
    ],
)
def test_the_scheme_chooses_the_proxy_and_this_machine_has_none(environment: dict[str, str], url: str, proxy: str) -> None:
    chosen = Proxies.read(environment).chosen(httpx.URL(url))
    assert (chosen.url if chosen else "") == proxy


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        (BOTH, "HTTPS_PROXY"),
        (BOTH | {"https_proxy": "http://lower.test"}, "https_proxy"),
        ({"HTTP_PROXY": "http://plain.test", "all_proxy": "http://all.test"}, "all_proxy"),
        ({"ALL_PROXY": "http://all.test"}, "ALL_PROXY"),
    ],
)
def test_a_proxy_knows_which_variable_names_it(environment: dict[str, str], variable: str) -> None:
    chosen = Proxies.read(environment).chosen(httpx.URL("https://gcr.io/v2/"))
    assert chosen is not None
    assert chosen.variable == variable


def test_a_proxy_is_told_by_its_host_and_port_alone() -> None:
    assert Proxy("http://me:hunter2@proxy.test:3128/x", "HTTP_PROXY").host == "proxy.test:3128"


@pytest.mark.parametrize(
    ("exceptions", "url", "direct"),
    [
        ("*", "https://gcr.io/", True),
        ("gcr.io", "https://gcr.io/", True),
        ("gcr.io", "https://eu.gcr.io/", True),
        ("gcr.io", "https://notgcr.io/", False),
        (".gcr.io", "https://eu.gcr.io/", True),
        (".gcr.io", "https://gcr.io/", False),
        ("*.gcr.io", "https://eu.gcr.io/", True),
        ("*.gcr.io", "https://gcr.io/", False),
        ("GCR.io", "https://gcr.io/", True),
        ("quay.io , gcr.io,", "https://gcr.io/", True),
        ("gcr.io:443", "https://gcr.io/", True),
        ("gcr.io:443", "https://gcr.io:5000/", False),
        ("gcr.io:80", "http://gcr.io/", True),
        ("10.0.0.0/8", "https://10.1.2.3/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("10.1.2.3:5000", "https://10.1.2.3:5000/", True),
        ("fd00::/8", "https://[fd00::1]:5000/", True),
        ("[fd00::1]:5000", "https://[fd00::1]:5000/", True),
        ("fd00::1", "https://[fd00::1]/", True),
        ("10.0.0.0/99", "https://10.1.2.3/", False),
        ("", "https://gcr.io/", False),
    ],
)
def test_exceptions_are_names_addresses_and_networks(exceptions: str, url: str, direct: bool) -> None:  # noqa: FBT001
    proxies = Proxies.read({"HTTPS_PROXY": "http://p.test", "HTTP_PROXY": "http://p.test", "NO_PROXY": exceptions})

    assert (proxies.chosen(httpx.URL(url)) is None) is direct


def test_the_password_of_a_proxy_is_not_shown() -> None:
    assert "hunter2" not in repr(Proxies.read({"ALL_PROXY": "http://me:hunter2@proxy.test"}))
