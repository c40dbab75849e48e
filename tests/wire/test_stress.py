"""A connection under many threads, many connections, Ctrl-C and arbitrary bytes."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from _certificates import Certificate
from _connection_recorder import ConnectionRecorder, Tls, connected
from _raw_peer import BINARY, ClientGoneError, RawPeer, Wire, close, echo, frame, text
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_webmessaging._wire.connect import open_connection
from genesys_webmessaging._wire.connection import Ending, State
from genesys_webmessaging.exceptions import NotConnectedError

MEGABYTE = 1024 * 1024
SOON = 0.3  # seconds; a limit that is meant to pass


# Many threads


def test_eight_threads_send_at_once_and_every_frame_arrives_intact_and_in_order(tls: Tls):
    count, threads = 500, 8
    arrived: list[str] = []

    def script(wire: Wire) -> None:
        wire.accept()
        for _ in range(count * threads):
            arrived.append(wire.read_text())
        assert wire.read_close()[0] == 1000
        wire.send(close())

    def send(which: int) -> None:
        for n in range(count):
            connection.send(f"{which} {n} " + "x" * (n * 7 % 3000))

    server, options = tls
    with RawPeer(script, server) as peer, connected(peer, **options) as (connection, ear):
        with ThreadPoolExecutor(threads) as pool:
            for job in [pool.submit(send, which) for which in range(threads)]:
                job.result(30)
        connection.close(timeout=20)
        assert ear.endings == [Ending(1000, "")]
    for which in range(threads):
        mine = [message for message in arrived if message.startswith(f"{which} ")]
        assert mine == [f"{which} {n} " + "x" * (n * 7 % 3000) for n in range(count)]


def test_two_writers_and_a_reader_on_tls_lose_nothing(pki: Certificate):
    count = 3_000

    def send(which: int) -> None:
        for n in range(count):
            connection.send(f"{which} {n}")

    with RawPeer(echo, pki.server) as peer, connected(peer, ca_file=str(pki.ca_file)) as (connection, ear):
        with ThreadPoolExecutor(2) as pool:
            for job in [pool.submit(send, which) for which in range(2)]:
                job.result(30)
        echoes = ear.wait_for_texts(2 * count)
        for which in range(2):
            mine = [message for message in echoes if message.startswith(f"{which} ")]
            assert mine == [f"{which} {n}" for n in range(count)]
        connection.close()
        assert ear.endings == [Ending(1000, "Guest client disconnect")]


# Ctrl-C


@contextlib.contextmanager
def interrupted_when(condition: Callable[[], bool]) -> Iterator[None]:
    """Press Ctrl-C as soon as something is so."""

    def press() -> None:
        give_up = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < give_up
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        yield
    thread.join()


def silent(released: threading.Event) -> Callable[[Wire], None]:
    """A server that neither reads nor says anything after the handshake."""

    def script(wire: Wire) -> None:
        wire.accept()
        assert released.wait(20)

    return script


def test_ctrl_c_in_a_send_leaves_a_connection_that_ends(tls: Tls):
    released = threading.Event()
    server, options = tls
    with RawPeer(silent(released), server) as peer, connected(peer, **options) as (connection, ear):
        with interrupted_when(lambda: not connection._transport.is_writable()):
            connection.send("x" * 20 * MEGABYTE)
        with pytest.raises(NotConnectedError):
            connection.send("more")
        assert ear.wait_for_end() == Ending(None, "Sending was interrupted, and half a message may be out")
        connection.close(timeout=SOON)
        released.set()


def test_ctrl_c_in_a_close_leaves_a_connection_that_ends(tls: Tls):
    released = threading.Event()
    server, options = tls
    with RawPeer(silent(released), server) as peer, connected(peer, **options) as (connection, ear):
        with interrupted_when(lambda: connection._goodbye_said.is_set()):
            connection.close(timeout=1)
        with pytest.raises(NotConnectedError):
            connection.send("more")
        connection.close(timeout=SOON)
        assert ear.wait_for_end().code == 1006
        assert connection.state is State.CLOSED
        released.set()


# Leaving nothing behind


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("cycles", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_connecting_and_closing_many_times_leaves_nothing(cycles: int, tls: Tls):
    def cycle(peer: RawPeer, n: int) -> None:
        connection = open_connection(peer.url, trust_env=False, **options)
        ear = ConnectionRecorder().start(connection)
        connection.send("hello")
        ear.wait_for_texts(1)
        if n % 3 == 0:
            connection.abort()
        elif n % 3 == 1:
            connection.web_socket.send_close()
        else:
            connection.close()
        ear.wait_for_end()

    def tolerant_echo(wire: Wire) -> None:
        with contextlib.suppress(OSError):
            echo(wire)

    server, options = tls
    with RawPeer(tolerant_echo, server) as peer:
        for n in range(60):
            cycle(peer, n)
        gc.collect()
        before = descriptors(), threading.active_count(), len(gc.get_objects())
        for n in range(cycles if server is None else cycles // 5):
            cycle(peer, n)
        for thread in peer.scripts():
            thread.join(5)
        gc.collect()
        after = descriptors(), threading.active_count(), len(gc.get_objects())
    assert after[0] <= before[0] + 2
    assert after[1] <= before[1] + 2
    # Whoever traces, as coverage does, keeps something for every thread.
    assert sys.gettrace() is not None or after[2] <= before[2] + 500


# Secrets


def test_nothing_that_is_sent_or_received_stands_in_the_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    secrets = ["s3cret-header", "s3cret-sent", "s3cret-received", "s3cret-binary", "s3cret-query"]

    def script(wire: Wire) -> None:
        wire.accept()
        assert wire.read_text() == secrets[1]
        wire.send(text(secrets[2]) + frame(BINARY, secrets[3].encode()) + close(4000, "bye"))

    with RawPeer(script) as peer:
        connection = open_connection(f"{peer.url}&x={secrets[4]}", [("X", secrets[0])], trust_env=False)
        ear = ConnectionRecorder().start(connection)
        connection.send(secrets[1])
        ear.wait_for_end()
    told = caplog.text + "".join(repr(record.args) for record in caplog.records) + repr(connection)
    assert "The connection" in told
    assert [secret for secret in secrets if secret in told] == []


# Anything at all


chunks = st.lists(
    st.one_of(
        st.binary(max_size=200),
        st.builds(
            frame,
            st.sampled_from([0, 1, 2, 3, 8, 9, 10, 11]),
            st.binary(max_size=130),
            fin=st.booleans(),
            reserved=st.sampled_from([0, 0, 0, 0, 4]),
            mask=st.sampled_from([b"", b"", b"", b"abcd"]),
        ),
        st.builds(close, st.integers(0, 65535), st.text(max_size=30)),
        st.builds(text, st.text(max_size=200)),
    ),
    max_size=8,
)


@settings(max_examples=150)
@given(chunks, st.sampled_from(["end", "reset", "wait"]))
def test_whatever_a_server_sends_the_connection_ends_once_and_leaves_nothing(sent: list[bytes], finish: str):
    def script(wire: Wire) -> None:
        wire.accept()
        with contextlib.suppress(OSError, ClientGoneError):
            for chunk in sent:
                wire.send(chunk)
            if finish == "reset":
                wire.reset()
            elif finish == "wait":
                wire.read(1)

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        if finish == "wait":
            connection.close(timeout=5)
        ending = ear.wait_for_end()
        assert connection.state is State.CLOSED
        assert ending.code is None or 1000 <= ending.code <= 65535
        assert ending.code is not None or ending.reason
        assert all(isinstance(each, str) for each in ear.texts)
