"""The socket under a connection: one reader, many writers, on TLS too."""

from __future__ import annotations

import contextlib
import math
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from _certificates import Certificate

from genesys_webmessaging._wire.transport import CHUNK, OverdueError, Transport, describe

PATIENCE = 10.0  # seconds
SOON = 0.2  # seconds

Pair = tuple[Transport, socket.socket]


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a TCP connection: resets and half-closes are TCP's, so no socketpair will do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    theirs.settimeout(PATIENCE)
    return ours, theirs


@pytest.fixture(params=["plain", "tls"])
def pair(request: pytest.FixtureRequest, pki: Certificate) -> Iterator[Pair]:
    """A transport and the blocking socket at its other end, without and with TLS."""
    ours, theirs = tcp_pair()
    transport = Transport(ours, time.monotonic() + PATIENCE)
    if request.param == "tls":
        with ThreadPoolExecutor(1) as pool:
            shaken = pool.submit(pki.server.wrap_socket, theirs, server_side=True)
            transport.start_tls(pki.client, "127.0.0.1")
            theirs = shaken.result()
    transport.expire_reads_at(math.inf)
    with theirs:
        yield transport, theirs
        transport.close()


def later(action: Callable[[], object]) -> threading.Thread:
    """Run something while the test waits in a read; it is done when the thread is."""
    thread = threading.Timer(0.05, action)
    thread.start()
    return thread


def drain(peer: socket.socket) -> None:
    """Read what comes, until nothing does."""
    peer.settimeout(SOON)
    with contextlib.suppress(TimeoutError):
        while peer.recv(CHUNK):
            continue


def read_to(transport: Transport, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        received += transport.read() or b""
    return bytes(received)


# Reading


def test_what_is_sent_is_read(pair: Pair):
    transport, peer = pair
    peer.sendall(b"hello")
    assert transport.read() == b"hello"


def test_a_read_waits_for_bytes(pair: Pair):
    transport, peer = pair
    sender = later(lambda: peer.sendall(b"at last"))
    assert transport.read() == b"at last"
    sender.join()


def test_many_small_writes_are_read_together(pair: Pair):
    transport, peer = pair
    for n in range(1000):
        peer.sendall(struct.pack("!I", n))
    assert read_to(transport, 4000) == b"".join(struct.pack("!I", n) for n in range(1000))


def test_one_read_brings_about_256_kilobytes_at_most(pair: Pair):
    transport, peer = pair
    sent = b"x" * 1_000_000
    sender = threading.Thread(target=peer.sendall, args=(sent,))
    sender.start()
    received = 0
    while received < len(sent):
        data = transport.read()
        assert data
        assert len(data) < 5 * CHUNK
        received += len(data)
    sender.join()


def test_the_end_is_empty_bytes_again_and_again(pair: Pair):
    transport, peer = pair
    peer.sendall(b"last words")
    peer.close()
    assert read_to(transport, 10) == b"last words"
    assert transport.read() == b""
    assert transport.read() == b""


def test_a_reset_is_an_error_but_what_came_before_is_read(pair: Pair):
    transport, peer = pair
    peer.sendall(b"last words")
    assert transport.read() == b"last words"
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    with pytest.raises(ConnectionResetError):
        transport.read()


def test_the_deadline_ends_a_read_that_waits_and_one_that_need_not(pair: Pair):
    transport, peer = pair
    began = time.monotonic()
    transport.expire_reads_at(began + SOON)
    assert transport.read() is None
    with pytest.raises(OverdueError):
        transport.read()
    assert SOON <= time.monotonic() - began < SOON + 1
    peer.sendall(b"too late")
    with pytest.raises(OverdueError):
        transport.read()


def test_a_deadline_set_from_another_thread_reaches_a_read_that_waits(pair: Pair):
    transport, _ = pair
    setter = later(lambda: transport.expire_reads_at(time.monotonic()))
    assert transport.read() is None
    with pytest.raises(OverdueError):
        transport.read()
    setter.join()


def test_a_wake_up_before_the_read_is_not_lost_and_many_are_one(pair: Pair):
    transport, peer = pair
    for _ in range(100_000):
        transport.wake()
    assert transport.read() is None
    peer.sendall(b"x")
    assert transport.read() == b"x"


def test_a_read_returns_when_the_socket_becomes_writable_if_asked(pair: Pair):
    transport, peer = pair
    assert transport.is_writable()
    assert transport.read(or_writable=True) is None
    with pytest.raises(OverdueError):
        transport.write(b"x" * 50_000_000, SOON)
    assert not transport.is_writable()
    reader = later(lambda: drain(peer))
    assert transport.read(or_writable=True) is None
    assert transport.is_writable()
    reader.join()


# Writing


def test_a_large_write_goes_out_whole_while_the_other_side_is_slow(pair: Pair):
    transport, peer = pair
    sent = bytes(range(256)) * 40_000
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(transport.write, sent, PATIENCE)
        received = bytearray()
        while len(received) < len(sent):
            received += peer.recv(10_000)
        written.result()
    assert received == sent


def test_a_write_to_a_peer_that_does_not_read_gives_up(pair: Pair):
    transport, _ = pair
    began = time.monotonic()
    with pytest.raises(OverdueError):
        transport.write(b"x" * 50_000_000, SOON)
    assert time.monotonic() - began < SOON + 2


def test_abort_ends_a_write_and_a_read_that_wait(pair: Pair):
    transport, _ = pair
    with ThreadPoolExecutor(2) as pool:
        written = pool.submit(transport.write, b"x" * 50_000_000, PATIENCE)
        read = pool.submit(transport.read)
        cutter = later(transport.abort)
        with pytest.raises(OSError, match=r"Broken pipe|EOF|closed|shutdown|reset"):
            written.result(PATIENCE)
        assert read.result(PATIENCE) in (None, b"")
        cutter.join()


def test_close_ends_a_write_that_waits(pair: Pair):
    transport, _ = pair
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(transport.write, b"x" * 50_000_000, PATIENCE)
        closer = later(transport.close)
        with pytest.raises(OSError, match=r".+"):
            written.result(PATIENCE)
        closer.join()


def test_nothing_can_be_done_after_close_and_nothing_breaks(pair: Pair):
    transport, _ = pair
    transport.close()
    transport.close()
    transport.abort()
    transport.wake()
    transport.end_writing()
    with pytest.raises(OSError, match=r".+"):
        transport.write(b"x", SOON)
    with pytest.raises(OSError, match=r".+"):
        transport.is_writable()


def test_after_the_end_of_writing_the_peer_reads_the_end_and_we_still_read(pair: Pair):
    transport, peer = pair
    transport.write(b"last words", PATIENCE)
    transport.end_writing()
    assert peer.recv(100) == b"last words"
    peer.sendall(b"answer")
    assert transport.read() == b"answer"
    assert peer.recv(100) == b""


def test_tls_is_never_taken_off(pki: Certificate):
    """SSLSocket.shutdown does that: what follows would be read and written in the clear."""
    ours, theirs = tcp_pair()
    transport = Transport(ours, time.monotonic() + PATIENCE)
    with ThreadPoolExecutor(1) as pool:
        shaken = pool.submit(pki.server.wrap_socket, theirs, server_side=True)
        transport.start_tls(pki.client, "127.0.0.1")
        with shaken.result() as peer:
            transport.end_writing()
            peer.sendall(b"in the clear?")
            assert transport.read() == b"in the clear?"
            transport.abort()
            transport.close()


# Both at once


def test_one_reader_and_two_writers_at_once_lose_nothing(pair: Pair):
    transport, peer = pair
    count, size = 5_000, 100

    def echo() -> None:
        left = 2 * count * size
        while left:
            data = peer.recv(CHUNK)
            peer.sendall(data)
            left -= len(data)

    turn = threading.Lock()

    def write(which: int) -> None:
        for n in range(count):
            with turn:
                transport.write(struct.pack("!BI", which, n).ljust(size, b"."), PATIENCE)

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(echo), pool.submit(write, 0), pool.submit(write, 1)]
        received = pool.submit(read_to, transport, 2 * count * size).result(60)
        for job in jobs:
            job.result(PATIENCE)
    frames = [struct.unpack("!BI", received[at : at + 5]) for at in range(0, len(received), size)]
    assert [n for which, n in frames if which == 0] == list(range(count))
    assert [n for which, n in frames if which == 1] == list(range(count))


# TLS


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls_work_and_end_with_a_good_bye(version: ssl.TLSVersion, pki: Certificate):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pki.ca_file.with_name("server.pem"))
    server.minimum_version = server.maximum_version = version
    ours, theirs = tcp_pair()
    transport = Transport(ours, time.monotonic() + PATIENCE)
    with ThreadPoolExecutor(1) as pool:
        shaken = pool.submit(server.wrap_socket, theirs, server_side=True, suppress_ragged_eofs=False)
        transport.start_tls(pki.client, "127.0.0.1")
        with shaken.result() as peer:
            peer.sendall(b"hello")
            assert transport.read() == b"hello"
            transport.write(b"answer", PATIENCE)
            transport.close()
            assert peer.recv(100) == b"answer"
            assert peer.recv(100) == b""  # a ragged end would raise


def test_a_good_bye_at_the_tls_layer_is_the_end_though_tcp_goes_on(pki: Certificate):
    ours, theirs = tcp_pair()
    transport = Transport(ours, time.monotonic() + PATIENCE)
    with ThreadPoolExecutor(1) as pool:
        shaken = pool.submit(pki.server.wrap_socket, theirs, server_side=True)
        transport.start_tls(pki.client, "127.0.0.1")
        with shaken.result() as peer:
            peer.sendall(b"last words")
            leaving = pool.submit(peer.unwrap)
            assert read_to(transport, 10) == b"last words"
            assert transport.read() == b""
            assert transport.read() == b""
            transport.close()
            leaving.result().close()


def test_what_comes_in_one_packet_with_the_end_of_the_tls_handshake_is_read(pki: Certificate):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pki.ca_file.with_name("server.pem"))
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    ours, theirs = tcp_pair()

    def serve() -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = server.wrap_bio(incoming, outgoing, server_side=True)
        through = False
        while not through:
            incoming.write(theirs.recv(CHUNK))
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
                tls.write(b"early")
                through = True
            theirs.sendall(outgoing.read())

    transport = Transport(ours, time.monotonic() + PATIENCE)
    with theirs, ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve)
        transport.start_tls(pki.client, "127.0.0.1")
        assert transport.read() == b"early"
        served.result()
        transport.close()


def test_a_tls_handshake_that_hangs_or_is_rubbish_ends(pki: Certificate):
    ours, theirs = tcp_pair()
    with theirs:
        transport = Transport(ours, time.monotonic() + SOON)
        with pytest.raises(OverdueError):
            transport.start_tls(pki.client, "127.0.0.1")
        transport.close()
    ours, theirs = tcp_pair()
    with theirs:
        transport = Transport(ours, time.monotonic() + PATIENCE)
        theirs.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with pytest.raises(ssl.SSLError) as caught:
            transport.start_tls(pki.client, "127.0.0.1")
        transport.close()
    assert describe(caught.value) == "wrong version number"


# Leaving nothing


def test_nothing_is_left_of_a_transport_that_was_closed_or_abandoned():
    for end in (Transport.close, Transport.abandon):
        ours, theirs = tcp_pair()
        transport = Transport(ours)
        descriptors = [transport._sock.fileno(), transport._alarm.fileno(), transport._waker.fileno()]
        end(transport)
        for descriptor in descriptors:
            with pytest.raises(OSError, match=r"Bad file descriptor|not a socket"):
                socket.socket(fileno=descriptor)
        theirs.close()
