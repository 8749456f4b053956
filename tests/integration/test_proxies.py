"""Proxies and certificates as the environment names them: the program, a real proxy, real TLS, and names that only it knows."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.build import image
from tests.support.gate import Gate
from tests.support.mirrors import Mirror
from tests.support.nights import SECRET, check_lines
from tests.support.serving import served
from tests.support.simulator import Simulator
from tests.support.tunnels import Authority, Proxy, make_authority, proxy

SOURCE, ADDRESS, DESTINATION = "registry.test", "192.0.2.7", "mirror.test"
"""The name and the address of the source, and the name of the destination: nobody but the proxy can reach them."""

APP = image("app")


@dataclass(frozen=True, slots=True)
class Network:
    """Two registries, each with TLS and without, and a proxy, which alone knows the way to them."""

    mirror: Mirror
    source: Simulator
    target: Simulator
    authority: Authority
    proxy: Proxy

    def run(self, environment: Mapping[str, str], command: str, *options: str, host: str = SOURCE, code: int = 0) -> str:
        """Mirror with these variables in the environment, or only compare, and give all that is said."""
        arguments = (command, f"{host}/acme", "--to", f"{DESTINATION}/m", "--retries", "0", *options)
        ended = self.mirror.run(*arguments, code=code, environment=environment)
        said = ended.stdout + ended.stderr
        check_lines(said)
        return said

    @property
    def url(self) -> str:
        """The proxy as the environment names it."""
        account = f"{self.proxy.account}@" if self.proxy.account else ""
        return f"http://{account}{self.proxy.address}"

    @property
    def trusted(self) -> dict[str, str]:
        """The proxy and the authority as the environment names them."""
        return {"HTTPS_PROXY": self.url, "SSL_CERT_FILE": str(self.authority.file)}


@pytest.fixture
def network(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Network]:
    """Give a network in which nothing is mirrored yet; its proxy asks for the account that a test names as a parameter."""
    source, target, names = Simulator(SOURCE, google=True), Simulator(DESTINATION), dict[str, int]()
    source.add("acme/app", APP, "1")
    authority = make_authority(tmp_path, SOURCE, ADDRESS, DESTINATION)
    with ExitStack() as stack:
        for registry, hosts in ((source, (SOURCE, ADDRESS)), (target, (DESTINATION,))):
            for port, context in ((443, authority.context), (80, None)):
                address = stack.enter_context(served(registry, context))
                names |= {f"{host}:{port}": int(address.rpartition(":")[2]) for host in hosts}
        running = stack.enter_context(proxy(names, getattr(request, "param", "")))
        yield Network(Mirror(tmp_path), source, target, authority, running)


def test_a_namespace_is_mirrored_through_tunnels_and_credentials_are_shown_at_their_end_alone(network: Network) -> None:
    network.target.gate = Gate("basic", ("robot", SECRET))
    network.run({**network.trusted, "GCRSYNC_USERNAME": "robot", "GCRSYNC_PASSWORD": SECRET}, "sync", "--verbose")

    assert network.target.repositories["m/acme/app"].tags == {"1": str(APP.digest)}
    assert network.proxy.tunnels == {f"{SOURCE}:443", f"{DESTINATION}:443"}
    shown = {request.headers.get("Authorization") for request in network.target.requests("PUT")}
    assert shown == {"Basic " + base64.b64encode(f"robot:{SECRET}".encode()).decode()}
    assert {(asked.method, asked.authorization) for asked in network.proxy.asked} == {("CONNECT", "")}
    assert network.source.requests("GET")
    assert not [request for request in network.source.log if "Authorization" in request.headers]


@pytest.mark.parametrize("name", ["https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_has_other_names_too(network: Network, name: str) -> None:
    network.run({name: network.url, "SSL_CERT_FILE": str(network.authority.file)}, "compare")

    assert network.proxy.tunnels == {f"{SOURCE}:443"}


def test_a_proxy_in_small_letters_wins(network: Network) -> None:
    network.run({**network.trusted, "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": network.url}, "compare")

    assert network.proxy.tunnels == {f"{SOURCE}:443"}


def test_plain_http_is_asked_of_the_proxy_in_absolute_form_and_uploads_are_too(network: Network) -> None:
    network.run({"HTTP_PROXY": network.url}, "sync", "--insecure", SOURCE, "--insecure", DESTINATION)

    assert network.target.repositories["m/acme/app"].tags == {"1": str(APP.digest)}
    asked = [f"{each.method} {each.target}" for each in network.proxy.asked]
    assert network.proxy.tunnels == set()
    for beginning in (
        f"GET http://{SOURCE}/v2/acme/app/tags/list?",
        f"PUT http://{DESTINATION}/v2/m/acme/app/blobs/uploads/",
        f"PUT http://{DESTINATION}/v2/m/acme/app/manifests/1",
    ):
        assert [line for line in asked if line.startswith(beginning)]


def test_a_proxy_for_plain_http_is_not_asked_for_tunnels(network: Network) -> None:
    said = network.run({"HTTP_PROXY": network.url, "SSL_CERT_FILE": str(network.authority.file)}, "compare", code=3)

    assert f"not listed: {SOURCE}/acme" in said
    assert network.proxy.asked == []


@pytest.mark.parametrize("network", [f"robot:{SECRET}"], indirect=True)
def test_a_proxy_gets_its_password_and_nobody_else_hears_of_it(network: Network) -> None:
    said = network.run(network.trusted, "sync", "--verbose", "--json")

    assert network.target.repositories["m/acme/app"].tags == {"1": str(APP.digest)}
    assert {asked.proxy_authorization for asked in network.proxy.asked} == {network.proxy.authorization}
    assert network.proxy.authorization.removeprefix("Basic ") not in said
    assert not [request for request in (*network.source.log, *network.target.log) if "Proxy-Authorization" in request.headers]


@pytest.mark.parametrize("network", ["robot:another password"], indirect=True)
def test_a_password_that_a_proxy_does_not_take_is_not_printed(network: Network) -> None:
    said = network.run({"HTTPS_PROXY": f"http://robot:{SECRET}@{network.proxy.address}"}, "compare", "--verbose", code=3)

    wanted = f"the proxy {network.proxy.address} wants credentials, or others than it was shown (407 Proxy Authentication Required)"
    assert f"{wanted}: give its user and password in HTTPS_PROXY, as http://USER:PASSWORD@{network.proxy.address}" in said
    assert [base64.b64decode(asked.proxy_authorization.removeprefix("Basic ")).decode() for asked in network.proxy.asked] == [
        f"robot:{SECRET}"
    ]


@pytest.mark.parametrize("network", [f"robot:{SECRET}"], indirect=True)
@pytest.mark.parametrize("retries", ["0", "3"])
def test_a_proxy_that_wants_a_password_for_plain_http_is_asked_once_and_told_by_its_name(network: Network, retries: str) -> None:
    options = ("--insecure", SOURCE, "--retries", retries)
    said = network.run({"HTTP_PROXY": network.proxy.address}, "compare", *options, code=3)

    assert f"the proxy {network.proxy.address} wants credentials" in said
    assert "give its user and password in HTTP_PROXY" in said
    assert len(network.proxy.asked) == 1
    assert not network.source.log


@pytest.mark.parametrize("network", [f"robot:{SECRET}"], indirect=True)
def test_a_proxy_that_wants_a_password_is_not_passed_by_where_a_host_may_speak_plain_http(network: Network) -> None:
    said = network.run({"HTTPS_PROXY": network.proxy.address}, "compare", "--insecure", SOURCE, code=3)

    assert "give its user and password in HTTPS_PROXY" in said
    assert [asked.method for asked in network.proxy.asked] == ["CONNECT"]


def test_a_tunnel_that_a_proxy_does_not_open_is_told_as_the_word_of_the_proxy(network: Network) -> None:
    said = network.run(network.trusted, "compare", host="unknown.test", code=3)

    assert f"the proxy {network.proxy.address}, from HTTPS_PROXY, opens no tunnel: 502 Bad Gateway" in said
    assert network.proxy.tunnels == {"unknown.test:443"}


def test_the_url_of_a_proxy_that_cannot_be_used_is_not_printed(network: Network) -> None:
    said = network.run({"HTTPS_PROXY": f"gopher://robot:{SECRET}@{network.proxy.address}"}, "compare", code=2)

    assert "the proxy in the environment cannot be used" in said


@pytest.mark.parametrize(
    ("host", "other", "covering"),
    [
        (SOURCE, "other.test", SOURCE),
        (SOURCE, f"{SOURCE}:8443", f"{SOURCE}:443"),
        (ADDRESS, "192.0.3.0/24", "192.0.2.0/24"),
    ],
)
def test_a_host_in_no_proxy_is_not_asked_through_the_proxy(network: Network, host: str, other: str, covering: str) -> None:
    network.run({**network.trusted, "NO_PROXY": f"127.0.0.1, {other}"}, "compare", host=host)
    assert network.proxy.tunnels == {f"{host}:443"}
    asked = list(network.proxy.asked)
    said = network.run({**network.trusted, "NO_PROXY": f"127.0.0.1, {covering}"}, "compare", "--timeout", "1", host=host, code=3)

    assert f"not listed: {host}/acme" in said
    assert network.proxy.asked == asked


def test_certificates_are_trusted_from_a_file_and_from_a_folder_and_no_others(
    network: Network, capfd: pytest.CaptureFixture[str]
) -> None:
    said = network.run({"HTTPS_PROXY": network.url}, "compare", code=3)
    assert "trust its certificate with SSL_CERT_FILE" in said
    assert network.proxy.tunnels == {f"{SOURCE}:443"}
    assert network.source.log == []

    for name, path in (("SSL_CERT_FILE", network.authority.file), ("SSL_CERT_DIR", network.authority.folder)):
        network.source.log.clear()
        network.run({"HTTPS_PROXY": network.url, name: str(path)}, "compare")
        assert network.source.requests("GET")
    assert "Traceback" not in capfd.readouterr().err
