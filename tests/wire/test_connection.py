"""One open WebSocket: what goes out, what comes in, and how it ends."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from _connection_recorder import ConnectionRecorder, connected
from _raw_peer import BINARY, CONTINUATION, PING, PONG, TEXT, RawPeer, Wire, close, echo, frame, text

from genesys_webmessaging._wire.connect import open_connection
from genesys_webmessaging._wire.connection import Connection, Ending
from genesys_webmessaging.exceptions import ConnectionClosedError, NotConnectedError


def answering(*frames: bytes) -> RawPeer:
    """A server that sends these frames behind its handshake, and waits for the client to go."""

    def script(wire: Wire) -> None:
        wire.accept(then=b"".join(frames))
        wire.read_to_end()

    return RawPeer(script)


# Messages


def test_what_is_sent_comes_back_whole_and_in_order():
    sent = ["", "plain", "ünïcödé ☃ 🎉", "x" * 125, "x" * 126, "x" * 65535, "x" * 65536, "end"]
    with RawPeer(echo) as peer, connected(peer) as (connection, ear):
        for each in sent:
            connection.send(each)
        assert ear.wait_for_texts(len(sent)) == sent


def test_texts_that_came_in_the_same_packet_as_the_handshake_are_not_lost():
    with answering(text("first"), text("second")) as peer, connected(peer) as (_, ear):
        assert ear.wait_for_texts(2) == ["first", "second"]


def test_texts_that_came_together_are_handed_over_together():
    def script(wire: Wire) -> None:
        wire.accept()
        wire.read_text()
        wire.send(b"".join(text(str(n)) for n in range(300)))
        wire.read_to_end()

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        connection.send("go")
        assert ear.wait_for_texts(300) == [str(n) for n in range(300)]
        assert len(ear.batches) < 30


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 1000])
def test_a_message_cut_anywhere_by_tcp_is_put_together(cut: int):
    message = "ünïcödé" * 100
    bytes_sent = text(message) + text("") + text("end")

    def script(wire: Wire) -> None:
        wire.accept()
        for at in range(0, len(bytes_sent), cut):
            wire.send(bytes_sent[at : at + cut])
        wire.read_to_end()

    with RawPeer(script) as peer, connected(peer) as (_, ear):
        assert ear.wait_for_texts(3) == [message, "", "end"]


def test_fragments_are_joined_even_in_the_middle_of_a_character_and_with_pings_between():
    snowman = "☃".encode()
    frames = [
        frame(TEXT, b"a" + snowman[:1], fin=False),
        frame(PING, b"1"),
        frame(CONTINUATION, snowman[1:2], fin=False),
        frame(CONTINUATION, b"", fin=False),
        frame(PONG, b"nobody asked"),
        frame(CONTINUATION, snowman[2:] + b"b"),
    ]

    def script(wire: Wire) -> None:
        wire.accept(then=b"".join(frames))
        assert wire.read_frame() == (PONG, b"1")
        wire.send(text("end"))
        wire.read_to_end()

    with RawPeer(script) as peer, connected(peer) as (_, ear):
        assert ear.wait_for_texts(2) == ["a☃b", "end"]


def test_binary_messages_are_left_out_whole_or_in_fragments():
    frames = [
        frame(BINARY, b"\x00\xff"),
        frame(BINARY, b"\x00", fin=False),
        frame(CONTINUATION, b"\xff"),
        text("after"),
    ]
    with answering(*frames) as peer, connected(peer) as (_, ear):
        assert ear.wait_for_texts(1) == ["after"]


def test_pings_are_answered_with_their_payload():
    def script(wire: Wire) -> None:
        wire.accept()
        for payload in (b"", b"payload", b"x" * 125):
            wire.send(frame(PING, payload))
            assert wire.read_frame() == (PONG, payload)
        wire.send(text("done"))
        wire.read_to_end()

    with RawPeer(script) as peer, connected(peer) as (_, ear):
        ear.wait_for_texts(1)


# After the end


def test_sending_after_the_end_is_refused():
    with answering(close(1001)) as peer, connected(peer) as (connection, ear):
        ear.wait_for_end()
        with pytest.raises(NotConnectedError):
            connection.send("too late")


def test_sending_into_a_broken_connection_raises_until_it_has_ended():
    def script(wire: Wire) -> None:
        wire.accept()
        wire.reset()

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        with pytest.raises((ConnectionClosedError, NotConnectedError)):
            send_for_ever(connection)
        assert ear.wait_for_end() == Ending(None, "Connection reset by the server")


def test_text_that_cannot_be_encoded_is_refused_and_the_connection_lives():
    with RawPeer(echo) as peer, connected(peer) as (connection, ear):
        with pytest.raises(ValueError, match="surrogates"):
            connection.send("half a pair: \ud83d")
        connection.send("next")
        assert ear.wait_for_texts(1) == ["next"]


def test_a_callback_that_raises_ends_the_connection_with_an_error(caplog: pytest.LogCaptureFixture):
    ended: list[Ending] = []
    done = threading.Event()

    def on_texts(texts: list[str]) -> None:
        raise LookupError(f"cannot bear {len(texts)} texts")

    def on_end(ending: Ending) -> None:
        ended.append(ending)
        done.set()

    with answering(text("x")) as peer:
        open_connection(peer.url, trust_env=False).start(on_texts, on_end)
        assert done.wait(10)
    assert ended[0].code is None
    assert "The reader failed" in caplog.text


class Raising(logging.Handler):
    """A handler that cannot."""

    def emit(self, record: logging.LogRecord) -> None:
        raise OSError(f"nowhere to write to: {record.getMessage()}")


def test_a_log_handler_that_raises_ends_nothing(capsys: pytest.CaptureFixture[str]):
    handler, log = Raising(), logging.getLogger("genesys_webmessaging")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        with answering(frame(BINARY, b"logged"), text("after")) as peer, connected(peer) as (connection, ear):
            assert ear.wait_for_texts(1) == ["after"]
            connection.close(timeout=0.1)
            assert ear.wait_for_end().code == 1006
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
    assert "nowhere to write to: Ignored a binary message" in capsys.readouterr().err


def send_for_ever(connection: Connection) -> None:
    """Send until it fails."""
    for _ in range(10_000):
        connection.send("x" * 1000)
    raise AssertionError("all of it was sent")


# The library's object


def test_the_librarys_object_sends_through_the_connection_and_cannot_read():
    def script(wire: Wire) -> None:
        wire.accept()
        assert wire.read_text() == "from outside"
        wire.send(frame(PING, b"p") + text("seen"))
        assert wire.read_close() == (4000, "enough")
        wire.send(close(4000, "enough"))

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        connection.web_socket.send("from outside")
        ear.wait_for_texts(1)
        with pytest.raises(OSError, match="a reader of its own"):
            connection.web_socket.recv()
        connection.web_socket.send_close(4000, b"enough")
        assert ear.wait_for_end() == Ending(4000, "enough")
        assert not connection.web_socket.connected


# The process around it


FORKING = """
import os, sys, threading
sys.path.insert(0, {tests!r})
from _connection_recorder import connected
from _raw_peer import RawPeer, echo
from genesys_webmessaging._wire.connection import State
from genesys_webmessaging.exceptions import NotConnectedError

with RawPeer(echo) as peer, connected(peer) as (connection, ear):
    with connection._lock, connection._sending:  # as if other threads were in the middle of something
        child = os.fork()
        if child == 0:
            try:
                connection.send("from the child")
            except NotConnectedError:
                connection.close()
                os._exit(0 if connection.state is State.CLOSED else 2)
            os._exit(3)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    connection.send("from the parent")
    assert ear.wait_for_texts(1) == ["from the parent"], ear.texts
    connection.close()
sys.exit(status)
"""


def test_a_forked_child_gets_errors_and_the_parent_keeps_its_connection():
    source = FORKING.format(tests=str(Path(__file__).parent.parent))
    done = subprocess.run([sys.executable, "-c", source], timeout=30, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


LEAVING = """
import sys
sys.path.insert(0, {tests!r})
from _connection_recorder import ConnectionRecorder
from _raw_peer import RawPeer, echo
from genesys_webmessaging._wire.connect import open_connection

peer = RawPeer(echo).__enter__()
connection = open_connection(peer.url, trust_env=False)
ear = ConnectionRecorder().start(connection)
connection.send("hello")
ear.wait_for_texts(1)
"""


def test_a_program_that_forgets_to_close_still_ends():
    source = LEAVING.format(tests=str(Path(__file__).parent.parent))
    done = subprocess.run([sys.executable, "-c", source], timeout=30, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_connection_is_read_by_one_reader():
    with RawPeer(echo) as peer, connected(peer) as (connection, _):
        with pytest.raises(RuntimeError):
            ConnectionRecorder().start(connection)
        assert isinstance(connection, Connection)
