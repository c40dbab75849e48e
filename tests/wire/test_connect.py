"""Opening a connection: every step, its deadline, and what a failure says."""

from __future__ import annotations

import base64
import contextlib
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import websocket
from _connection_recorder import connected
from _raw_peer import RawPeer, Wire, black_hole, echo, text

from genesys_webmessaging._base.threads import Deadline
from genesys_webmessaging._wire import connect as _opening
from genesys_webmessaging._wire import handshake as _handshake
from genesys_webmessaging._wire.connect import open_connection
from genesys_webmessaging.exceptions import ConnectError, ConnectTimeoutError

CHUNKS = "abc0123456789"
SOON = 0.3  # seconds; a deadline that is meant to pass
SECRET = "s3cret-pass"


@pytest.fixture(autouse=True)
def no_descriptor_outlives_its_test() -> Iterator[None]:
    before = set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()
    yield
    if before:
        left = {each for each in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{each}")} - before
        assert left == set()


def accepting(wire: Wire) -> None:
    wire.accept()
    wire.read_to_end()


def answering(answer: str | bytes) -> RawPeer:
    """A server that says this, whatever the handshake, and hangs up."""

    def script(wire: Wire) -> None:
        wire.read_head()
        wire.send(answer.encode() if isinstance(answer, str) else answer)

    return RawPeer(script)


# The handshake


def test_the_handshake_carries_our_headers_and_no_others():
    requests: list[str] = []

    def script(wire: Wire) -> None:
        wire.accept()
        requests.append(wire.request)
        wire.read_to_end()

    headers = [("User-Agent", "ours/1"), ("deploymentId", "demo"), ("Origin", "https://shop.example")]
    with RawPeer(script) as peer:
        open_connection(peer.url, headers, trust_env=False).abort()
    lines = requests[0].split("\r\n")
    assert lines[0] == "GET /v1?deploymentId=demo HTTP/1.1"
    sent = [line.partition(": ")[::2] for line in lines[1:]]
    key = dict(sent)["Sec-WebSocket-Key"]
    assert len(base64.b64decode(key)) == 16
    assert sorted(sent) == sorted(
        [
            ("Host", f"127.0.0.1:{peer.port}"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", key),
            ("Sec-WebSocket-Version", "13"),
            *headers,
        ]
    )


def test_cookies_are_not_shared_with_anybody():
    """websocket-client has one jar for the whole process, which others in it may have filled."""
    cookies: dict[str, bool] = {}

    def script(wire: Wire) -> None:
        wire.accept(extra="Set-Cookie: a=b; Domain=127.0.0.1\r\nSet-Cookie: c=d; Domain=.invalid\r\n")
        cookies[wire.request.split()[1].partition("?")[2]] = "cookie" in wire.request.lower()
        wire.read_to_end()

    with RawPeer(script) as peer:
        place = peer.url.partition("?")[0]
        open_connection(f"{place}?ours", trust_env=False).abort()
        for number in range(2):
            websocket.create_connection(f"{place}?{number}", http_no_proxy=["*"]).shutdown()
        open_connection(f"{place}?ours-again", trust_env=False).abort()
    assert cookies == {"ours": False, "0": False, "1": True, "ours-again": False}


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\0b"])
def test_a_header_with_a_line_break_is_refused_and_nothing_is_sent(value: str):
    with pytest.raises(ValueError, match="Origin"):
        open_connection("ws://127.0.0.1:9/v1", [("Origin", value)], trust_env=False)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://127.0.0.1/v1", "ws://"),
        ("127.0.0.1", "ws://"),
        ("not a url", "blanks"),
        ("ws://", "no host"),
        ("ws://host:99999/", "Port"),
        ("ws://host:0/", "no host to connect to"),
        ("ws://user:pass@host/", "user"),
        ("ws://host/#fragment", "fragment"),
        ("ws://" + "a" * 64 + ".example/", "not a usable URL"),
        ("ws://host/\r\nX: y", "control character"),
    ],
)
def test_an_address_that_cannot_be_right_is_a_value_error(url: str, complaint: str):
    with pytest.raises(ValueError, match=complaint):
        open_connection(url, trust_env=False)


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_timeout_must_be_a_time(timeout: float):
    with pytest.raises(ValueError, match="timeout"):
        open_connection("ws://127.0.0.1:9/v1", timeout=timeout)


@pytest.mark.parametrize("status", [200, 301, 302, 307, 308, 400, 401, 403, 404, 426, 429, 500, 503])
def test_a_refusal_carries_status_headers_and_body_and_redirects_are_not_followed(status: int):
    answer = (
        f"HTTP/1.1 {status} Because\r\nX-Reason: none\r\nx-reason: other\r\nLocation: ws://127.0.0.1:1/\r\n"
        'Content-Length: 16\r\n\r\n{"message":"no"}'
    )
    with answering(answer) as peer, pytest.raises(ConnectError) as caught:
        open_connection(peer.url, trust_env=False)
    assert not isinstance(caught.value, ConnectTimeoutError)
    assert str(caught.value) == f"The server refused the WebSocket: {status} Because"
    assert caught.value.statusCode == status
    assert caught.value.headers["X-Reason"] == "none"
    assert caught.value.body == '{"message":"no"}'


def test_a_refusal_says_what_it_usually_means():
    with (
        answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as peer,
        pytest.raises(ConnectError) as caught,
    ):
        open_connection(peer.url, trust_env=False, refusals={403: "usually a wrong key", 404: "usually nothing"})
    assert str(caught.value) == "The server refused the WebSocket: 403 Forbidden (usually a wrong key)"
    assert caught.value.__cause__ is None, "whoever follows the causes to their end comes to none"


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("HTTP/1.1 403 No\r\n\r\nuntil the end", "until the end"),
        ("HTTP/1.0 403\r\nContent-Length: 3\r\n\r\nabcdef", "abc"),
        ("HTTP/1.1 403 No\nContent-Length: 3\n\nabc", "abc"),
        (
            "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
            "abc0123456789",
        ),
        ("HTTP/1.1 403 No\r\nContent-Length: nonsense\r\n\r\nabc", "abc"),
        (b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n\xff\xfe", "��"),
        ("HTTP/1.1 403 No\r\nContent-Length: 100000\r\n\r\n" + "x" * 100000, "x" * 65536),
        ("HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nshort", "short"),
    ],
)
def test_a_refusals_body_is_read_in_every_form_and_within_bounds(answer: str | bytes, body: str):
    with answering(answer) as peer, pytest.raises(ConnectError) as caught:
        open_connection(peer.url, trust_env=False)
    assert (caught.value.statusCode, caught.value.body) == (403, body)


def test_a_refusal_whose_body_does_not_come_is_still_that_refusal():
    def script(wire: Wire) -> None:
        wire.read_head()
        wire.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000\r\n\r\npart of it")
        wire.read_to_end()

    with RawPeer(script) as peer, pytest.raises(ConnectError) as caught:
        open_connection(peer.url, trust_env=False, timeout=SOON)
    assert (caught.value.statusCode, caught.value.body) == (403, "part of it")


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x50", "does not speak HTTP"),
        (b"HTTP/2 400 No\r\n\r\n", "unknown version of HTTP"),
        (b"HTTP/1.1 abc No\r\n\r\n", "malformed status line"),
        (b"HTTP/1.1 101 X\r\nno colon\r\n\r\n", "malformed header"),
        (b"HTTP/1.1 101 X\r\n: no name\r\n\r\n", "malformed header"),
        (b"HTTP/1.1 101 X\r\nX: " + b"y" * 70000, "more than 65536 bytes"),
        (b"HTTP/1.1 101 X\r\n" + (b"X: " + b"y" * 1000 + b"\r\n") * 90, "head of the answer does not end"),
        (b"HTTP/1.1 101 X\r\n" + b"X: y\r\n" * 200, "more than 100 headers"),
        (b"HTTP/1.1 103 Wait\r\n\r\n" * 4000, "head of the answer does not end"),
        (b"HTTP/1.1 103 Wait\r\n\r\n", "in the middle of its answer"),
        (b"HTTP/1.1 101 Sw", "in the middle of its answer"),
        (b"", "without an answer"),
        (b"HTTP/1.1 101 X\r\n\r\n", "wrongly"),
        (
            b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
            "wrongly",
        ),
        (b"HTTP/1.1 101 \xff\r\nX: \xff\r\n\r\n", "wrongly"),
    ],
)
def test_garbage_instead_of_a_handshake_is_a_connect_error(answer: bytes, complaint: str):
    with answering(answer) as peer, pytest.raises(ConnectError, match=complaint) as caught:
        open_connection(peer.url, trust_env=False)
    assert not isinstance(caught.value, ConnectTimeoutError)


@pytest.mark.parametrize(
    "extra", ["Sec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Extensions: permessage-deflate\r\n"]
)
def test_what_was_not_asked_for_is_refused(extra: str):
    def script(wire: Wire) -> None:
        wire.accept(extra=extra)
        wire.read_to_end()

    with RawPeer(script) as peer, pytest.raises(ConnectError, match="not asked for") as caught:
        open_connection(peer.url, trust_env=False)
    assert caught.value.statusCode == 101


def test_interim_answers_are_skipped():
    def script(wire: Wire) -> None:
        wire.send(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: y\r\n\r\n"
            b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
        )
        wire.accept(then=text("hello"))
        wire.read_to_end()

    with RawPeer(script) as peer, connected(peer) as (_, ear):
        assert ear.wait_for_texts(1) == ["hello"]


def test_much_that_comes_right_behind_the_answer_is_not_lost():
    messages = ["x" * 50_000 + str(n) for n in range(10)]

    def script(wire: Wire) -> None:
        wire.accept(then=b"".join(map(text, messages)))
        wire.read_to_end()

    with RawPeer(script) as peer, connected(peer) as (_, ear):
        assert ear.wait_for_texts(10) == messages


def test_an_accept_key_of_another_handshake_is_refused():
    def script(wire: Wire) -> None:
        wire.accept(key="AAAAAAAAAAAAAAAAAAAAAA==")
        wire.read_to_end()

    with RawPeer(script) as peer, pytest.raises(ConnectError, match="wrongly"):
        open_connection(peer.url, trust_env=False)


def test_a_body_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_handshake, "_BODY_PATIENCE", SOON)

    def script(wire: Wire) -> None:
        wire.read_head()
        wire.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000\r\n\r\n")
        tick = threading.Event()
        with contextlib.suppress(OSError):
            while not tick.wait(0.02):
                wire.send(b"y")

    began = time.monotonic()
    with RawPeer(script) as peer, pytest.raises(ConnectError) as caught:
        open_connection(peer.url, trust_env=False)
    assert_in_time(began)
    assert caught.value.statusCode == 403
    assert set(caught.value.body or "") <= {"y"}


# Time


def assert_in_time(began: float) -> None:
    assert time.monotonic() - began < SOON + 1


def test_a_server_that_says_nothing_is_given_up_in_time():
    def script(wire: Wire) -> None:
        wire.read_head()
        wire.read_to_end()

    began = time.monotonic()
    with (
        RawPeer(script) as peer,
        pytest.raises(ConnectTimeoutError, match="The WebSocket handshake with") as caught,
    ):
        open_connection(peer.url, trust_env=False, timeout=SOON)
    assert_in_time(began)
    assert isinstance(caught.value, TimeoutError)


def test_a_server_that_drips_its_answer_cannot_stretch_the_deadline():
    def script(wire: Wire) -> None:
        wire.read_head()
        tick = threading.Event()
        wire.send(b"HTTP/1.1 101 X\r\nX: ")
        try:
            while not tick.wait(0.02):
                wire.send(b"y")
        except OSError:
            return

    began = time.monotonic()
    with RawPeer(script) as peer, pytest.raises(ConnectTimeoutError, match="WebSocket handshake"):
        open_connection(peer.url, trust_env=False, timeout=SOON)
    assert_in_time(began)


def test_an_address_that_does_not_answer_is_given_up_in_time():
    began = time.monotonic()
    with black_hole() as port, pytest.raises(ConnectTimeoutError, match=f"TCP connection to 127.0.0.1:{port}"):
        open_connection(f"ws://127.0.0.1:{port}/v1", trust_env=False, timeout=SOON)
    assert_in_time(began)


def test_a_tls_server_that_says_nothing_is_given_up_in_time():
    def script(wire: Wire) -> None:
        wire.read_to_end()

    began = time.monotonic()
    with RawPeer(script) as peer, pytest.raises(ConnectTimeoutError, match="TLS handshake"):
        open_connection(f"wss://127.0.0.1:{peer.port}/v1", trust_env=False, timeout=SOON)
    assert_in_time(began)


def test_a_resolver_that_hangs_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch):
    release = threading.Event()

    def hanging(*_: object, **__: object) -> list[object]:
        release.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    began = time.monotonic()
    with pytest.raises(ConnectTimeoutError, match=r"name lookup of nowhere\.example"):
        open_connection("ws://nowhere.example/v1", trust_env=False, timeout=SOON)
    assert_in_time(began)
    release.set()


# Addresses


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Have every name stand for these."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def lookups_of(peer: RawPeer, monkeypatch: pytest.MonkeyPatch, lasting: float) -> list[str]:
    """What is looked up from now on; every name stands for the peer."""
    found: list[str] = []

    def look_up(host: str, *_: object) -> list[object]:
        found.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", peer.port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(_opening, "_LOOKUP_LASTS", lasting)
    return found


def test_a_name_is_looked_up_once_for_connections_in_a_row_until_one_fails(monkeypatch: pytest.MonkeyPatch):
    with RawPeer(echo) as peer:
        url = f"ws://in-a-row.example:{peer.port}/v1"
        lookups = lookups_of(peer, monkeypatch, 60.0)
        for _ in range(3):
            open_connection(url, trust_env=False).close()
        assert lookups == ["in-a-row.example"]
    for count in (1, 2):
        with pytest.raises(ConnectError):
            open_connection(url, trust_env=False)
        assert len(lookups) == count


def test_a_lookup_does_not_last(monkeypatch: pytest.MonkeyPatch):
    with RawPeer(echo) as peer:
        lookups = lookups_of(peer, monkeypatch, 0.0)
        for _ in range(2):
            open_connection(f"ws://not-in-a-row.example:{peer.port}/v1", trust_env=False).close()
    assert len(lookups) == 2


def test_a_name_that_does_not_exist_is_a_connect_error():
    with pytest.raises(ConnectError, match=r"name lookup of nothing\.invalid failed"):
        open_connection("ws://nothing.invalid/v1", trust_env=False)


def test_a_refused_connection_is_a_connect_error():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectError, match=f"TCP connection to 127.0.0.1:{port} failed: Connection refused"):
        open_connection(f"ws://127.0.0.1:{port}/v1", trust_env=False)


def test_the_next_address_is_tried_when_one_refuses_and_when_one_hangs(monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = listener.getsockname()[1]
    with RawPeer(echo) as peer, black_hole() as hanging:
        resolving(monkeypatch, ("127.0.0.1", dead), ("127.0.0.1", hanging), ("127.0.0.1", peer.port))
        began = time.monotonic()
        connection = open_connection(f"ws://name.example:{peer.port}/v1", trust_env=False)
        assert time.monotonic() - began < 2
        connection.abort()


def test_when_every_address_fails_each_is_named(monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = listener.getsockname()[1]
    resolving(monkeypatch, ("127.0.0.1", dead), ("127.0.0.2", dead))
    with pytest.raises(ConnectError, match=r"127\.0\.0\.1: Connection refused; 127\.0\.0\.2: Connection refused"):
        open_connection("ws://name.example/v1", trust_env=False)


def test_ipv6_addresses_are_reached_and_named_in_brackets():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectError, match=rf"\[::1\]:{port} failed"):
        open_connection(f"ws://[::1]:{port}/v1", trust_env=False)


def test_the_socket_is_kept_alive_and_sends_at_once():
    with RawPeer(lambda wire: wire.read_to_end()) as peer:
        transport = _opening._connect_tcp("127.0.0.1", peer.port, Deadline(5))
        assert transport._sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert transport._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        transport.close()


def test_no_descriptors_left_is_a_connect_error():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}/v1"
        for spare in range(3):
            with contextlib.ExitStack() as hoard:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit_with_room(), hard))
                try:
                    exhaust(hoard, spare)
                    with pytest.raises(ConnectError, match="Too many open files"):
                        open_connection(url, trust_env=False, timeout=5)
                finally:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def limit_with_room() -> int:
    """A limit that leaves some descriptors free, however many are open already."""
    room = [os.open(os.devnull, os.O_RDONLY) for _ in range(8)]
    for descriptor in room:
        os.close(descriptor)
    return max(room) + 1


def exhaust(hoard: contextlib.ExitStack, spare: int) -> None:
    """Open files until so many descriptors are left."""
    taken = []
    with contextlib.suppress(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    for _ in range(spare):
        os.close(taken.pop())
    for descriptor in taken:
        hoard.callback(os.close, descriptor)


# Ctrl-C


@pytest.mark.parametrize("tls", [False, True])
def test_ctrl_c_while_opening_leaves_no_socket(tls: bool):
    def script(wire: Wire) -> None:
        wire.read(1)
        os.kill(os.getpid(), signal.SIGINT)
        wire.read_to_end()

    with RawPeer(script) as peer, pytest.raises(KeyboardInterrupt):
        open_connection(f"{'wss' if tls else 'ws'}://127.0.0.1:{peer.port}/v1", trust_env=False)
