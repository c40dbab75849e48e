"""Getting to the server through a proxy."""

from __future__ import annotations

import base64
import logging
import socket
import ssl
import sys
import threading
import time
import traceback

import pytest
from _certificates import Certificate
from _connection_recorder import connected
from _proxies import HttpProxy, SocksProxy
from _raw_peer import RawPeer, Wire, echo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesys_webmessaging._wire.connect import open_connection
from genesys_webmessaging._wire.proxy import environment_proxy
from genesys_webmessaging.exceptions import ConnectError, ConnectTimeoutError

PASSWORD = "pass:w@rd/ü"
QUOTED = "pass%3Aw%40rd%2F%C3%BC"
SOON = 0.3  # seconds


@pytest.fixture(autouse=True)
def no_proxy_in_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def exchange(url: str, **options: object) -> None:
    """Open, say something, hear it, close."""
    peer = type("Somewhere", (), {"url": url})()
    with connected(peer, **{"trust_env": False, **options}) as (connection, ear):
        connection.send("hello")
        assert ear.wait_for_texts(1) == ["hello"]
        connection.close()
        assert ear.endings[0].code == 1000


# HTTP


@pytest.mark.parametrize("tls", [False, True])
def test_an_http_proxy_is_asked_to_connect_and_given_the_credentials(tls: bool, pki: Certificate):
    proxy = HttpProxy()
    with RawPeer(echo, pki.server if tls else None) as server, RawPeer(proxy) as front:
        ca_file = str(pki.ca_file) if tls else None
        exchange(server.url, proxy=f"http://user:{QUOTED}@127.0.0.1:{front.port}", ca_file=ca_file)
    credentials = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    target = f"127.0.0.1:{server.port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", f"Proxy-Authorization: Basic {credentials}"]
    assert proxy.requests == ["\r\n".join(lines)]


@pytest.mark.parametrize("tls", [False, True])
def test_a_proxy_may_be_behind_tls_and_so_may_the_server_behind_it(tls: bool, pki: Certificate):
    proxy = HttpProxy()
    messages = ["hello", "x" * 100_000, "end"]
    with RawPeer(echo, pki.server if tls else None) as server, RawPeer(proxy, pki.server) as front:
        options = {"proxy": f"https://127.0.0.1:{front.port}", "ca_file": str(pki.ca_file)}
        with connected(server, **options) as (connection, ear):
            for each in messages:
                connection.send(each)
            assert ear.wait_for_texts(3) == messages
            connection.close()
            assert ear.endings[0].code == 1000
    assert len(proxy.requests) == 1


def test_a_proxy_behind_tls_must_prove_who_it_is(pki: Certificate):
    def script(wire: Wire) -> None:
        with pytest.raises(ssl.SSLError):
            pki.server.wrap_socket(wire.sock, server_side=True)

    with (
        RawPeer(script) as front,
        pytest.raises(ConnectError, match=f"with the proxy https://127.0.0.1:{front.port} failed: the certificate was"),
    ):
        open_connection("ws://server.example/v1", proxy=f"https://127.0.0.1:{front.port}", trust_env=False)


def test_interim_answers_of_a_proxy_are_skipped():
    proxy = HttpProxy(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n")
    with RawPeer(echo) as server, RawPeer(proxy) as front:
        exchange(server.url, proxy=f"http://127.0.0.1:{front.port}")
    assert len(proxy.requests) == 1


@pytest.mark.parametrize(
    ("variables", "through"),
    [
        ({"http_proxy": "http://{proxy}"}, True),
        ({"HTTP_PROXY": "{proxy}"}, True),
        ({"ALL_PROXY": "http://{proxy}"}, True),
        ({"https_proxy": "http://{proxy}"}, False),
        ({"http_proxy": "http://{proxy}", "no_proxy": "127.0.0.1"}, False),
        ({"http_proxy": "http://{proxy}", "no_proxy": "127.0.0.0/8"}, False),
        ({"http_proxy": "http://{proxy}", "no_proxy": "*"}, False),
        ({"http_proxy": "http://{proxy}", "no_proxy": "other.example"}, True),
    ],
)
def test_the_environment_is_heeded(variables: dict[str, str], through: bool, monkeypatch: pytest.MonkeyPatch):
    proxy = HttpProxy()
    with RawPeer(echo) as server, RawPeer(proxy) as front:
        for name, value in variables.items():
            monkeypatch.setenv(name, value.format(proxy=f"127.0.0.1:{front.port}"))
        connection = open_connection(server.url)
        connection.close()
    assert bool(proxy.requests) == through


@pytest.mark.parametrize(
    ("excepted", "url", "through"),
    [
        ("example.com", "http://example.com/", False),
        ("example.com", "http://a.example.com/", False),
        ("example.com", "http://badexample.com:81/", True),
        (".example.com", "http://a.example.com/", False),
        ("*.example.com", "http://a.b.example.com/", False),
        ("*.example.com", "http://example.org/", True),
        ("example.com", "https://EXAMPLE.com./", False),
        ("example.com.", "https://example.com/", False),
        ("example.com:443", "https://example.com/", False),
        ("example.com:443", "http://example.com/", True),
        ("example.com:8443", "https://a.example.com:8443/", False),
        ("one.example, two.example", "http://two.example/", False),
        ("one.example two.example", "http://two.example/", False),
        ("localhost|*.two.example|127.*", "http://a.two.example/", False),
        ("localhost|*.two.example|127.*", "http://127.0.0.1/", False),
        ("10.0.0.0/8", "http://10.1.2.3/", False),
        ("10.0.0.0/8", "http://11.1.2.3/", True),
        ("10.0.0.1", "http://10.0.0.1:8080/", False),
        ("10.0.0.1:80", "http://10.0.0.1:8080/", True),
        ("fd00::/8", "http://[fd12::1]:8080/", False),
        ("::1", "http://[::1]/", False),
        ("[::1]", "http://[0:0:0:0:0:0:0:1]/", False),
        ("[::1]:443", "https://[::1]/", False),
        ("[::1]:443", "http://[::1]/", True),
        ("one.example,*", "http://two.example/", False),
        ("10.0.0.0/99, /, [, :, [::1]x, :80", "http://example.com/", True),
        ("", "http://example.com/", True),
    ],
)
def test_exceptions_from_the_proxy_are_understood_in_many_spellings(
    excepted: str, url: str, through: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", excepted)
    assert environment_proxy(url) == ("http://proxy.example:3128" if through else None)


def test_a_proxy_of_the_environment_that_cannot_be_used_is_called_that(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "ftp://user:secret@proxy.example")
    with pytest.raises(ConnectError, match="The proxy that the environment names cannot be used") as caught:
        open_connection("ws://server.example/v1")
    assert "secret" not in str(caught.value)


def test_a_proxy_whose_name_is_unknown_is_called_the_proxy():
    with pytest.raises(ConnectError, match=r"name lookup of the proxy nothing\.invalid failed"):
        open_connection("ws://server.example/v1", proxy="http://nothing.invalid:3128")


def test_tls_takes_the_proxy_for_https(pki: Certificate, monkeypatch: pytest.MonkeyPatch):
    proxy = HttpProxy()
    with RawPeer(echo, pki.server) as server, RawPeer(proxy) as front:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{front.port}")
        open_connection(server.url, ca_file=str(pki.ca_file)).close()
    assert len(proxy.requests) == 1


def test_the_environment_can_be_turned_off_and_an_argument_goes_before_it(monkeypatch: pytest.MonkeyPatch):
    by_argument, by_environment = HttpProxy(), HttpProxy()
    with RawPeer(echo) as server, RawPeer(by_argument) as first, RawPeer(by_environment) as second:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{second.port}")
        open_connection(server.url, trust_env=False).close()
        open_connection(server.url, proxy=f"http://127.0.0.1:{first.port}").close()
    assert (len(by_argument.requests), len(by_environment.requests)) == (1, 0)


def test_a_refusal_of_the_proxy_carries_its_status_and_no_password(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)

    def script(wire: Wire) -> None:
        wire.read_head()
        wire.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nwho?")

    with RawPeer(script) as front, pytest.raises(ConnectError) as caught:
        open_connection("ws://server.example/v1", proxy=f"http://user:{QUOTED}@127.0.0.1:{front.port}")
    error = caught.value
    assert (error.statusCode, error.body) == (407, "who?")
    assert str(error) == (
        f"The proxy http://127.0.0.1:{front.port} refused to connect to server.example:80: "
        "407 Proxy Authentication Required"
    )
    told = "".join(traceback.format_exception(error)) + caplog.text + repr(error.__dict__)
    assert PASSWORD not in told
    assert QUOTED not in told


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 2", b"rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nand more"])
def test_a_proxy_that_breaks_the_rules_is_a_connect_error(answer: bytes):
    def script(wire: Wire) -> None:
        wire.read_head()
        wire.send(answer)

    with RawPeer(script) as front, pytest.raises(ConnectError, match="proxy"):
        open_connection("ws://server.example/v1", proxy=f"http://127.0.0.1:{front.port}")


@pytest.mark.parametrize(
    ("scheme", "answer"),
    [
        ("http", b""),
        ("http", b"HTTP/1.1 200 OK"),
        ("socks5h", b""),
        ("socks5h", b"\x05\x00\x05\x00\x00\x03\xff"),
        ("socks4a", b"\x00\x5a"),
    ],
)
def test_a_proxy_that_says_nothing_or_drips_is_given_up_in_time(scheme: str, answer: bytes):
    def dripping(wire: Wire) -> None:
        tick = threading.Event()
        drops = iter(answer)
        try:
            while not tick.wait(SOON / 5):
                wire.send(bytes([next(drops, 0x78)]))
        except OSError as error:
            logging.getLogger(__name__).debug("the client is gone: %s", error)

    began = time.monotonic()
    with (
        RawPeer(dripping if answer else lambda wire: wire.read_to_end()) as front,
        pytest.raises(ConnectTimeoutError, match=f"through the proxy {scheme}://.*:{front.port} took too long"),
    ):
        open_connection("ws://server.example/v1", proxy=f"{scheme}://127.0.0.1:{front.port}", timeout=SOON)
    assert time.monotonic() - began < SOON + 1


def test_a_proxy_that_is_not_there_is_named():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectError, match=f"TCP connection to the proxy 127.0.0.1:{port} failed"):
        open_connection("ws://server.example/v1", proxy=f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("proxy", "complaint"),
    [
        ("ftp://host:1", "must be one of"),
        ("http://", "no host"),
        ("http://host:x", "not the URL of a proxy"),
        ("socks5://üser:secret@host:1", "ASCII"),
        ("", "no host"),
    ],
)
def test_a_proxy_that_cannot_be_right_is_a_value_error_that_does_not_quote_it(proxy: str, complaint: str):
    with pytest.raises(ValueError, match=complaint) as caught:
        open_connection("ws://server.example/v1", proxy=proxy)
    assert "secret" not in "".join(traceback.format_exception(caught.value)[-1:])


# SOCKS


@pytest.mark.parametrize(
    ("scheme", "name", "asked_for"),
    [
        ("socks5", "localhost", "127.0.0.1"),
        ("socks5h", "localhost", "localhost"),
        ("socks5h", "127.0.0.1", "127.0.0.1"),
        ("socks4", "localhost", "127.0.0.1"),
        ("socks4a", "localhost", "localhost"),
    ],
)
def test_a_socks_proxy_is_given_the_name_or_the_address(
    scheme: str, name: str, asked_for: str, monkeypatch: pytest.MonkeyPatch
):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest: found if host == "localhost" else real(host, *rest))
    proxy = SocksProxy()
    with RawPeer(echo) as server, RawPeer(proxy) as front:
        exchange(f"ws://{name}:{server.port}/v1", proxy=f"{scheme}://127.0.0.1:{front.port}")
    assert proxy.targets == [asked_for]


def test_socks_alone_is_socks5(monkeypatch: pytest.MonkeyPatch):
    proxy = SocksProxy()
    with RawPeer(echo) as server, RawPeer(proxy) as front:
        monkeypatch.setenv("ALL_PROXY", f"socks://127.0.0.1:{front.port}/")
        exchange(server.url, trust_env=True)
    assert proxy.targets == ["127.0.0.1"]


def test_a_socks_proxy_is_given_the_credentials():
    proxy = SocksProxy(wants_password=True)
    with RawPeer(echo) as server, RawPeer(proxy) as front:
        exchange(server.url, proxy=f"socks5h://user:p%40ss@127.0.0.1:{front.port}")
    assert proxy.users == ["user p@ss"]


def test_tls_goes_through_a_socks_proxy(pki: Certificate):
    with RawPeer(echo, pki.server) as server, RawPeer(SocksProxy()) as front:
        exchange(server.url, proxy=f"socks5h://127.0.0.1:{front.port}", ca_file=str(pki.ca_file))


@pytest.mark.parametrize("answer", [b"\x05\xff", b"\x04\x00", b"", b"\x05\x00\x05\x05\x00\x01" + bytes(6)])
def test_a_socks_proxy_that_refuses_is_a_connect_error(answer: bytes):
    def script(wire: Wire) -> None:
        wire.read(3)
        wire.send(answer)
        wire.end()
        wire.read_to_end()

    with RawPeer(script) as front, pytest.raises(ConnectError, match="proxy socks5h://"):
        open_connection("ws://server.example/v1", proxy=f"socks5h://127.0.0.1:{front.port}")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["http", "socks4", "socks5h"]), st.binary(max_size=40), st.sampled_from([b"", b"\x05\x00", b"\x00"])
)
def test_whatever_a_proxy_answers_it_is_a_connect_error(scheme: str, answer: bytes, begin: bytes):
    def script(wire: Wire) -> None:
        wire.read(3)
        wire.send(begin + answer)
        wire.end()
        wire.read_to_end()

    with RawPeer(script) as front, pytest.raises(ConnectError):
        open_connection("ws://127.0.0.1/v1", proxy=f"{scheme}://user:secret@127.0.0.1:{front.port}")


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with (
        RawPeer(lambda wire: wire.read_to_end()) as front,
        pytest.raises(ConnectError, match=r"pip install 'genesys-webmessaging\[socks\]'"),
    ):
        open_connection("ws://server.example/v1", proxy=f"socks5h://127.0.0.1:{front.port}")
