"""A connection against servers and networks that fail, stall, flood and lie."""

from __future__ import annotations

import contextlib
import queue
import select
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from _certificates import Certificate
from _connection_recorder import Tls, connected
from _raw_peer import CONTINUATION, PING, PONG, TEXT, RawPeer, Wire, close, frame, text

from genesys_webmessaging._wire import connection as _connection
from genesys_webmessaging._wire.connect import open_connection
from genesys_webmessaging._wire.connection import Connection, Ending, State
from genesys_webmessaging.exceptions import ConnectError, ConnectionClosedError, NotConnectedError

MEGABYTE = 1024 * 1024
SOON = 0.3  # seconds; a limit that is meant to pass
RESET = Ending(None, "Connection reset by the server")


# Resets, at every step of a connection's life


def test_a_reset_instead_of_a_tls_handshake_is_a_connect_error(pki: Certificate):
    def script(wire: Wire) -> None:
        wire.read(10)
        wire.reset()

    with RawPeer(script) as peer, pytest.raises(ConnectError, match=r"TLS handshake with .* failed: Connection reset"):
        open_connection(f"wss://127.0.0.1:{peer.port}/v1", ca_file=str(pki.ca_file), trust_env=False)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 1", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso"])
def test_a_reset_during_the_handshake_is_a_connect_error(said: bytes, tls: Tls):
    def script(wire: Wire) -> None:
        wire.read_head()
        wire.send(said)
        wire.reset()

    server, options = tls
    with (
        RawPeer(script, server) as peer,
        pytest.raises(ConnectError, match=r"handshake with .* failed: Connection reset"),
    ):
        open_connection(peer.url, trust_env=False, **options)


@pytest.mark.parametrize("said", [b"", b"\x81", b"\x81\x7e\x01", text("x" * 300)[:100], frame(TEXT, b"x", fin=False)])
def test_a_reset_of_an_open_connection_is_an_error_and_what_came_before_is_delivered(said: bytes, tls: Tls):
    def script(wire: Wire) -> None:
        wire.accept()
        wire.send(text("whole") + said)
        wire.read_text()
        wire.reset()

    server, options = tls
    with RawPeer(script, server) as peer, connected(peer, **options) as (connection, ear):
        ear.wait_for_texts(1)
        connection.send("go")
        assert ear.wait_for_end() == RESET
        assert ear.texts == ["whole"]


def test_a_reset_instead_of_the_answer_to_our_close_is_an_error(tls: Tls):
    def script(wire: Wire) -> None:
        wire.accept()
        wire.read_close()
        wire.reset()

    server, options = tls
    with RawPeer(script, server) as peer, connected(peer, **options) as (connection, ear):
        connection.close()
        assert ear.endings == [RESET]


@pytest.mark.parametrize("busy", [False, True])
def test_code_and_reason_of_the_server_are_kept_when_it_resets_right_behind(busy: bool, tls: Tls):
    """Thirty times, as it is a race: in one half of them the client sends at that very moment."""

    def script(wire: Wire) -> None:
        wire.accept()
        wire.read_text()
        wire.send(close(4001, "expired"))
        wire.reset()

    server, options = tls
    for _ in range(30):
        with RawPeer(script, server) as peer, connected(peer, **options) as (connection, ear):
            with contextlib.suppress(NotConnectedError, ConnectionClosedError):
                connection.send("go")
                for n in range(10 if busy else 0):
                    connection.send(str(n))
            # The reset may overtake the close frame itself, which then was never received.
            assert ear.wait_for_end() in (Ending(4001, "expired"), RESET)
            assert connection.state is State.CLOSED


@pytest.mark.parametrize(
    ("said", "ending"), [(b"", RESET), (close(4001, "expired"), Ending(4001, "expired"))], ids=["nothing", "a close"]
)
def test_the_reader_finds_out_why_a_send_failed(said: bytes, ending: Ending, monkeypatch: pytest.MonkeyPatch):
    """The reader is held up while the server goes, so it is the sender who gets the system's error."""
    monkeypatch.setattr(_connection, "_GOODBYE_PATIENCE", 60)
    reading, gone, released = threading.Event(), threading.Event(), threading.Event()

    def script(wire: Wire) -> None:
        wire.accept(then=text("first"))
        assert reading.wait(10)
        wire.send(said)
        wire.reset()
        gone.set()

    def hold(_: list[str]) -> None:
        reading.set()
        assert released.wait(10)

    endings: queue.SimpleQueue[Ending] = queue.SimpleQueue()
    with RawPeer(script) as peer:
        connection = open_connection(peer.url, trust_env=False)
        connection.start(hold, endings.put)
        assert gone.wait(10)
        with pytest.raises(ConnectionClosedError, match="broke while sending"):
            connection.send("x" * MEGABYTE)
        released.set()
        assert endings.get(timeout=10) == ending


# Stalls


def wait_until_full(connection: Connection) -> None:
    """Until what another thread sends does not fit any more."""
    give_up = time.monotonic() + 10
    while connection._transport.is_writable():
        assert time.monotonic() < give_up, "the server takes everything"


def test_sending_to_a_server_that_does_not_read_raises_in_time_and_ends_the_connection(tls: Tls):
    release = threading.Event()

    def script(wire: Wire) -> None:
        wire.accept()
        assert release.wait(20)

    server, options = tls
    with RawPeer(script, server) as peer, connected(peer, send_patience=SOON, **options) as (connection, ear):
        began = time.monotonic()
        with pytest.raises(ConnectionClosedError, match="did not go out in time"):
            connection.send("x" * 20 * MEGABYTE)
        assert ear.wait_for_end() == Ending(None, "The server accepted nothing for 0.3 seconds")
        assert time.monotonic() - began < SOON + 5
        with pytest.raises(NotConnectedError):
            connection.send("more")
        release.set()


def test_who_has_less_time_than_a_slow_message_before_it_leaves_the_connection_alone(tls: Tls):
    release = threading.Event()

    def script(wire: Wire) -> None:
        wire.accept()
        assert release.wait(20)
        assert len(wire.read_text()) == 20 * MEGABYTE
        assert wire.read_text() == "patient"
        wire.send(text("thanks"))

    server, options = tls
    with (
        RawPeer(script, server) as peer,
        connected(peer, **options) as (connection, ear),
        ThreadPoolExecutor(1) as pool,
    ):
        slow = pool.submit(connection.send, "x" * 20 * MEGABYTE)
        wait_until_full(connection)
        with pytest.raises(BlockingIOError):
            connection.send("urgent", SOON)
        release.set()
        slow.result(20)
        connection.send("patient")
        assert ear.wait_for_texts(1) == ["thanks"]


def test_the_time_of_a_message_covers_its_turn_and_the_way_out():
    release = threading.Event()

    def script(wire: Wire) -> None:
        wire.accept()
        assert release.wait(20)

    with RawPeer(script) as peer, connected(peer) as (connection, _):
        stuff(connection._transport._sock)
        connection._sending.acquire()
        turn = threading.Timer(0.8, connection._sending.release)
        turn.start()
        began = time.monotonic()
        with pytest.raises(BlockingIOError):
            connection.send("x", 1)
        assert time.monotonic() - began < 1.5
        assert connection.state is State.OPEN
        turn.join()
        release.set()


def test_the_time_of_a_long_message_covers_all_of_it(tls: Tls):
    stop = threading.Event()

    def script(wire: Wire) -> None:
        wire.accept()
        while not stop.wait(0.05):
            wire.read(100_000)

    server, options = tls
    with RawPeer(script, server) as peer, connected(peer, **options) as (connection, ear):
        began = time.monotonic()
        with pytest.raises(ConnectionClosedError, match="did not go out in time"):
            connection.send("x" * 20 * MEGABYTE, 0.5)
        assert time.monotonic() - began < 3
        assert ear.wait_for_end() == Ending(None, "A message did not go out within 0.5 seconds")
        stop.set()


def test_a_message_that_waits_behind_our_close_does_not_make_an_error_of_it():
    release = threading.Event()

    def script(wire: Wire) -> None:
        wire.accept()
        assert release.wait(20)

    with RawPeer(script) as peer, connected(peer) as (connection, ear), ThreadPoolExecutor(1) as pool:
        stuff(connection._transport._sock)
        closing = pool.submit(connection.close, timeout=1)
        while not connection._sending.locked():
            assert not closing.done()
        with pytest.raises(NotConnectedError):
            connection.send("x", SOON)
        closing.result(10)
        assert [ending.code for ending in ear.endings] == [1006]
        release.set()


def test_close_is_bounded_while_another_thread_is_stuck_in_a_send(tls: Tls):
    release = threading.Event()

    def script(wire: Wire) -> None:
        wire.accept()
        assert release.wait(20)

    server, options = tls
    with (
        RawPeer(script, server) as peer,
        connected(peer, **options) as (connection, ear),
        ThreadPoolExecutor(1) as pool,
    ):
        stuck = pool.submit(connection.send, "x" * 20 * MEGABYTE)
        wait_until_full(connection)
        began = time.monotonic()
        connection.close(timeout=SOON)
        assert time.monotonic() - began < SOON + 3
        assert [ending.code for ending in ear.endings] == [1006]
        with pytest.raises(ConnectionClosedError):
            stuck.result(5)
        release.set()


def test_messages_arrive_and_pings_are_answered_around_a_send_that_is_stuck(tls: Tls):
    """A server that reads nothing while it writes must not be able to stop our reader with a ping."""
    full, heard = threading.Event(), threading.Event()

    def script(wire: Wire) -> None:
        wire.accept()
        assert full.wait(10)
        for n in range(100):
            wire.send(frame(PING, b"%d" % n) + text(str(n)))
        assert heard.wait(10)
        opcode, payload = wire.read_frame()
        assert (opcode, len(payload)) == (TEXT, 20 * MEGABYTE)
        assert wire.read_frame() == (PONG, b"99")
        wire.send(text("thanks"))
        assert wire.read_close() == (1000, "Guest client disconnect")
        wire.send(close())

    server, options = tls
    with (
        RawPeer(script, server) as peer,
        connected(peer, **options) as (connection, ear),
        ThreadPoolExecutor(1) as pool,
    ):
        stuck = pool.submit(connection.send, "x" * 20 * MEGABYTE)
        wait_until_full(connection)
        full.set()
        assert ear.wait_for_texts(100) == [str(n) for n in range(100)]
        assert not stuck.done()
        heard.set()
        stuck.result(20)
        ear.wait_for_texts(101)
        connection.close()
        assert ear.endings == [Ending(1000, "")]


def test_a_pong_that_did_not_fit_goes_out_when_there_is_room_again():
    """The socket's buffer is full, nobody is sending any more, and then pings come; more than one read of them."""
    filled, heard = threading.Event(), threading.Event()
    long = "x" * 10_000

    def script(wire: Wire) -> None:
        wire.accept()
        assert filled.wait(10)
        for n in range(100):
            wire.send(frame(PING, b"%d" % n) + text(long))
        assert heard.wait(10)
        while wire.read_frame() != (PONG, b"99"):
            continue
        wire.send(text("thanks"))
        wire.read_to_end()

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        while connection._transport.is_writable():
            connection.send(long)
        filled.set()
        ear.wait_for_texts(100)
        heard.set()
        assert ear.wait_for_texts(101)[-1] == "thanks"


def stuff(sock: socket.socket) -> None:
    """Send until not one byte more fits, and what was sent does not move on either."""
    fitted = 1
    while fitted:
        fitted = 0
        select.select([], [sock], [], SOON)
        with contextlib.suppress(BlockingIOError):
            while True:
                fitted += sock.send(b"x" * 1_000_000)


def test_a_ping_does_not_hold_up_the_reader_when_not_one_byte_more_can_be_sent():
    full, heard = threading.Event(), threading.Event()

    def script(wire: Wire) -> None:
        wire.accept()
        assert full.wait(10)
        for n in range(100):
            wire.send(frame(PING, b"x" * 125) + text(f"{n}".ljust(10_000)))
        assert heard.wait(10)

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        stuff(connection._transport._sock)
        full.set()
        ear.wait_for_texts(100)
        heard.set()


def test_a_server_that_drips_a_message_is_heard_out_and_can_be_left():
    stop = threading.Event()

    def script(wire: Wire) -> None:
        wire.accept()
        wire.send(b"\x81\x7f" + MEGABYTE.to_bytes(8, "big"))
        with contextlib.suppress(OSError):
            while not stop.wait(0.01):
                wire.send(b"x")

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        began = time.monotonic()
        connection.close(timeout=SOON)
        assert time.monotonic() - began < SOON + 2
        assert [ending.code for ending in ear.endings] == [1006]
        stop.set()


# Floods


def test_a_ping_flood_is_survived_by_a_server_that_reads_our_pongs_late(tls: Tls):
    count = 20_000

    def flooding(wire: Wire) -> None:
        wire.accept()
        wire.send(b"".join(frame(PING, b"%d" % n) for n in range(100)) * (count // 100) + text("through"))
        opcode, _ = wire.read_frame()
        while opcode == PONG:
            opcode, _ = wire.read_frame()
        assert opcode == TEXT
        wire.send(frame(PING, b"final"))
        while wire.read_frame() != (PONG, b"final"):
            continue  # the answer to one of the flood, which the text has overtaken
        wire.send(text("end"))
        assert wire.read_close()[0] == 1000
        wire.send(close())

    server, options = tls
    with RawPeer(flooding, server) as peer, connected(peer, **options) as (connection, ear):
        ear.wait_for_texts(1)
        connection.send("still here")
        assert ear.wait_for_texts(2) == ["through", "end"]
        assert len(connection._pings) <= 1
        connection.close()
        assert ear.endings == [Ending(1000, "")]


def test_a_message_over_the_limit_ends_the_connection_with_1009(tls: Tls):
    def script(wire: Wire) -> None:
        wire.accept()
        wire.send(text("x" * 1000))
        wire.send(frame(TEXT, b"x" * 600, fin=False) + frame(CONTINUATION, b"x" * 12 * MEGABYTE))
        assert wire.read_close() == (1009, "")

    server, options = tls
    with RawPeer(script, server) as peer, connected(peer, max_message_size=1000, **options) as (_, ear):
        ending = ear.wait_for_end()
        assert ending == Ending(None, "The server sent a message of more than 1000 bytes, which is the limit")
        assert ear.texts == ["x" * 1000]


@pytest.mark.parametrize("fragment", [16 * MEGABYTE, 65_536, 1_000])
def test_sixteen_megabytes_arrive_whole_and_in_fragments_with_pings_between(fragment: int, tls: Tls):
    payload = bytes(range(32, 96)) * (16 * MEGABYTE // 64)

    def script(wire: Wire) -> None:
        wire.accept()
        pieces = range(0, len(payload), fragment)
        for at in pieces:
            last = at + fragment >= len(payload)
            piece = frame(CONTINUATION if at else TEXT, payload[at : at + fragment], fin=last)
            wire.send(piece if at % (100 * fragment) else piece + frame(PING, b"still there?"))
        wire.read_to_end()

    server, options = tls
    with RawPeer(script, server) as peer, connected(peer, max_message_size=len(payload), **options) as (_, ear):
        assert ear.wait_for_texts(1)[0].encode() == payload


def test_a_socket_that_is_cut_from_below_ends_the_connection():
    """As when the machine changes networks: the descriptor lives, the connection does not."""
    with RawPeer(lambda wire: (wire.accept(), wire.read_to_end())) as peer, connected(peer) as (connection, ear):
        connection._transport._sock.shutdown(socket.SHUT_RDWR)
        assert ear.wait_for_end() == Ending(1006, "")
