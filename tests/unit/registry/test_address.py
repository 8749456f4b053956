"""Hosts that are this machine, and hosts that are in no public network."""

import pytest

from gcrsync.registry.address import is_loopback, is_private


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.8.9.1", "127.1", "0x7f000001", "::1", "[::1]", "::ffff:127.0.0.1"],
)
def test_this_machine_is_known_by_each_of_its_names(host: str) -> None:
    assert is_loopback(host)
    assert is_private(host)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "2852039166",
        "0.1.2.3",
        "fd00::1",
        "fe80::1",
        "registry",
        "metadata.google.internal",
        "nas.local",
        "nas.lan",
        "printer.home.arpa",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::7f00:1",
        "2002:a00:1::1",
        "2002:7f00:1::",
    ],
)
def test_a_private_network_is_known_by_address_and_by_name(host: str) -> None:
    assert is_private(host)
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "gcr.io",
        "8.8.8.8",
        "2001:4860:4860::8888",
        "64:ff9b::808:808",
        "2002:808:808::1",
        "plan.example",
        "localhost.example.com",
        "local.example",
        "x" * 300 + ".example",
    ],
)
def test_a_public_host_is_neither(host: str) -> None:
    assert not is_private(host)
    assert not is_loopback(host)
