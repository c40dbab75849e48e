"""One open WebSocket: what goes out, what comes in, and how it ends."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time

import pytest
from _ear import Ear, connected
from _peers import BINARY, CONTINUATION, PING, PONG, TEXT, Peer, Wire, close, echo, frame, text

from genesys_webmessaging._connection import Connection, Ending, State
from genesys_webmessaging._opening import open_connection
from genesys_webmessaging.exceptions import ConnectionClosedError, NotConnectedError


def answering(*frames: bytes) -> Peer:
    """A server that sends these frames behind its handshake, and waits for the client to go."""

    def script(wire: Wire) -> None:
        wire.accept(then=b"".join(frames))
        wire.read_to_end()

    return Peer(script)


# Messages


def test_what_is_sent_comes_back_whole_and_in_order():
    sent = ["", "plain", "ünïcödé ☃ 🎉", "x" * 125, "x" * 126, "x" * 65535, "x" * 65536, "end"]
    with Peer(echo) as peer, connected(peer) as (connection, ear):
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

    with Peer(script) as peer, connected(peer) as (connection, ear):
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

    with Peer(script) as peer, connected(peer) as (_, ear):
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

    with Peer(script) as peer, connected(peer) as (_, ear):
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

    with Peer(script) as peer, connected(peer) as (_, ear):
        ear.wait_for_texts(1)


# Endings


@pytest.mark.parametrize(
    ("code", "reason", "answer"),
    [
        (1000, "bye", 1000),
        (1000, "", 1000),
        (1001, "going away", 1001),
        (1002, "", 1002),
        (1011, "oops", 1011),
        (1012, "restart", 1012),
        (3000, "", 3000),
        (4001, "réason é", 4001),
        (4999, "x" * 123, 4999),
        (5000, "high", 5000),
        (65535, "", 65535),
        (None, "", 1000),
    ],
)
def test_the_servers_close_is_reported_and_answered_with_its_code(code: int | None, reason: str, answer: int):
    def script(wire: Wire) -> None:
        wire.accept(then=close(code, reason))
        assert wire.read_close() == (answer, "")
        assert wire.read_to_end() == b""

    with Peer(script) as peer, connected(peer) as (connection, ear):
        assert ear.wait_for_end() == Ending(1005 if code is None else code, reason)
        assert ear.states_at_end == [State.CLOSED]
        assert connection.is_input_closed
        assert connection.is_output_closed


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1010, 1015, 1016, 2999])
def test_a_close_code_that_may_not_be_sent_is_an_error(code: int):
    def script(wire: Wire) -> None:
        wire.accept(then=close(code, "x"))
        assert wire.read_close() == (1002, "")

    with Peer(script) as peer, connected(peer) as (_, ear):
        ending = ear.wait_for_end()
        assert ending.code is None
        assert str(code) in ending.reason


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param([text(b'{"text":"\xff\xfe"}')], 1007, id="text that is not UTF-8"),
        pytest.param([frame(TEXT, b"\xe2\x98", fin=False), frame(CONTINUATION, b"x")], 1007, id="fragments not UTF-8"),
        pytest.param([frame(8, b"\x03\xe8\xff")], 1007, id="close reason not UTF-8"),
        pytest.param([frame(TEXT, b"ab", mask=b"\x01\x02\x03\x04")], 1002, id="masked"),
        pytest.param([frame(TEXT, b"x" * 70000, mask=b"abcd")], 1002, id="long and masked"),
        pytest.param([frame(CONTINUATION, b"x")], 1002, id="continuation of nothing"),
        pytest.param([frame(TEXT, b"a", fin=False), text("b")], 1002, id="message inside a message"),
        pytest.param([frame(PING, b"x" * 200)], 1002, id="ping too long"),
        pytest.param([frame(PONG, b"x" * 126)], 1002, id="pong too long"),
        pytest.param([frame(PING, b"x", fin=False)], 1002, id="fragmented ping"),
        pytest.param([frame(8, b"\x03")], 1002, id="half a close code"),
        pytest.param([frame(TEXT, b"x", reserved=4)], 1002, id="compressed"),
        pytest.param([frame(3, b"x")], 1002, id="unknown kind of data"),
        pytest.param([frame(0xB, b"x")], 1002, id="unknown kind of control"),
    ],
)
def test_a_broken_rule_is_an_error_with_a_reason_and_tells_the_server(frames: list[bytes], code: int):
    def script(wire: Wire) -> None:
        wire.accept(then=text("before") + b"".join(frames) + text("after"))
        assert wire.read_close() == (code, "")
        assert wire.read_to_end() == b""

    with Peer(script) as peer, connected(peer) as (_, ear):
        ending = ear.wait_for_end()
        assert ending.code is None
        assert ending.reason.startswith("The server ")
        assert ear.texts == ["before"]


def test_an_end_without_a_close_frame_is_1006():
    def script(wire: Wire) -> None:
        wire.accept(then=text("last words"))

    with Peer(script) as peer, connected(peer) as (_, ear):
        assert ear.wait_for_end() == Ending(1006, "")
        assert ear.texts == ["last words"]


@pytest.mark.parametrize("rest", [b"\x81", b"\x81\x7e\x01", text("x" * 300)[:200], frame(TEXT, b"x", fin=False)])
def test_an_end_in_the_middle_of_something_is_1006_too(rest: bytes):
    def script(wire: Wire) -> None:
        wire.accept(then=text("whole") + rest)

    with Peer(script) as peer, connected(peer) as (_, ear):
        assert ear.wait_for_end() == Ending(1006, "")
        assert ear.texts == ["whole"]


def test_a_reset_is_an_error():
    def script(wire: Wire) -> None:
        wire.accept()
        wire.read_text()
        wire.reset()

    with Peer(script) as peer, connected(peer) as (connection, ear):
        connection.send("go")
        assert ear.wait_for_end() == Ending(None, "Connection reset by the server")


# Closing


def test_close_sends_its_code_and_reason_and_reports_the_servers_answer():
    def script(wire: Wire) -> None:
        wire.accept()
        assert wire.read_close() == (1000, "Guest client disconnect")
        wire.send(close(4002, "other"))
        assert wire.read_to_end() == b""

    with Peer(script) as peer, connected(peer) as (connection, ear):
        connection.close()
        assert ear.endings == [Ending(4002, "other")]
        assert connection.state is State.CLOSED


def test_what_comes_between_our_close_and_the_servers_is_delivered():
    def script(wire: Wire) -> None:
        wire.accept()
        wire.read_close()
        wire.send(text("late") + close(1000, "Guest client disconnect"))

    with Peer(script) as peer, connected(peer) as (connection, ear):
        connection.close()
        assert ear.texts == ["late"]
        assert ear.endings == [Ending(1000, "Guest client disconnect")]


def test_a_close_that_is_not_answered_ends_in_time_with_1006():
    def script(wire: Wire) -> None:
        wire.accept()
        wire.read_close()
        for n in range(10):
            wire.send(text(str(n)))
        wire.read_to_end()

    with Peer(script) as peer, connected(peer) as (connection, ear):
        began = time.monotonic()
        connection.close(timeout=0.3)
        assert time.monotonic() - began < 2
        assert ear.texts == [str(n) for n in range(10)]
        assert ear.endings == [Ending(1006, "The server did not answer our close within 0.3 seconds")]


def test_while_our_close_is_not_answered_input_is_open_and_output_is_not():
    seen = threading.Event()
    looked = threading.Event()

    def script(wire: Wire) -> None:
        wire.accept()
        wire.read_close()
        seen.set()
        assert looked.wait(10)
        wire.send(close())

    with Peer(script) as peer, connected(peer) as (connection, ear):
        closer = threading.Thread(target=connection.close)
        closer.start()
        assert seen.wait(10)
        assert (connection.is_input_closed, connection.is_output_closed) == (False, True)
        with pytest.raises(NotConnectedError):
            connection.send("too late")
        looked.set()
        closer.join(10)
        assert (connection.is_input_closed, connection.is_output_closed) == (True, True)
        ear.wait_for_end()


def test_close_from_eight_threads_sends_one_close_frame_and_ends_once():
    def script(wire: Wire) -> None:
        wire.accept()
        wire.read_close()
        wire.send(close())
        assert wire.read_to_end() == b""

    with Peer(script) as peer, connected(peer) as (connection, ear):
        threads = [threading.Thread(target=connection.close) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert ear.endings == [Ending(1000, "")]


def test_close_after_the_end_and_abort_after_that_do_nothing():
    with Peer(echo) as peer, connected(peer) as (connection, ear):
        connection.close()
        connection.close()
        connection.abort()
        assert len(ear.endings) == 1


def test_close_on_the_reader_itself_does_not_wait_for_itself():
    with Peer(echo) as peer:
        connection = open_connection(peer.url, trust_env=False)
        ended = threading.Event()
        connection.start(lambda _: connection.close(), lambda _: ended.set())
        connection.send("go")
        assert ended.wait(3)
        assert connection.state is State.CLOSED


def test_a_close_that_nobody_waits_for_still_ends_in_time():
    def script(wire: Wire) -> None:
        wire.accept(then=text("go"))
        wire.read_to_end()

    endings: queue.SimpleQueue[Ending] = queue.SimpleQueue()
    with Peer(script) as peer:
        connection = open_connection(peer.url, trust_env=False)
        connection.start(lambda _: connection.close(timeout=0.2), endings.put)
        assert endings.get(timeout=10) == Ending(1006, "The server did not answer our close within 0.2 seconds")


def test_a_connection_can_be_closed_before_it_is_read_and_then_not_be_started():
    def script(wire: Wire) -> None:
        wire.accept()
        assert wire.read_close() == (1000, "Guest client disconnect")
        assert wire.read_to_end() == b""

    with Peer(script) as peer:
        connection = open_connection(peer.url, trust_env=False)
        connection.close()
        assert connection.state is State.CLOSED
        with pytest.raises(NotConnectedError):
            Ear().start(connection)


def test_abort_cuts_without_a_word():
    def script(wire: Wire) -> None:
        wire.accept()
        assert wire.read_to_end() == b""

    with Peer(script) as peer, connected(peer) as (connection, ear):
        connection.abort()
        assert ear.endings == [Ending(None, "The connection was cut")]


def test_a_close_reason_is_cut_between_two_characters():
    def script(wire: Wire) -> None:
        wire.accept()
        assert wire.read_close() == (4000, "é" * 61)
        wire.send(close(4000))

    with Peer(script) as peer, connected(peer) as (connection, _):
        connection.close(4000, "é" * 100)


def test_sending_after_the_end_is_refused():
    with answering(close(1001)) as peer, connected(peer) as (connection, ear):
        ear.wait_for_end()
        with pytest.raises(NotConnectedError):
            connection.send("too late")


def test_sending_into_a_broken_connection_raises_until_it_has_ended():
    def script(wire: Wire) -> None:
        wire.accept()
        wire.reset()

    with Peer(script) as peer, connected(peer) as (connection, ear):
        with pytest.raises((ConnectionClosedError, NotConnectedError)):
            send_for_ever(connection)
        assert ear.wait_for_end() == Ending(None, "Connection reset by the server")


def test_text_that_cannot_be_encoded_is_refused_and_the_connection_lives():
    with Peer(echo) as peer, connected(peer) as (connection, ear):
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

    with Peer(script) as peer, connected(peer) as (connection, ear):
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
from _ear import connected
from _peers import Peer, echo
from genesys_webmessaging._connection import State
from genesys_webmessaging.exceptions import NotConnectedError

with Peer(echo) as peer, connected(peer) as (connection, ear):
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
    source = FORKING.format(tests=str(__file__).rpartition("/")[0])
    done = subprocess.run([sys.executable, "-c", source], timeout=30, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


LEAVING = """
import sys
sys.path.insert(0, {tests!r})
from _ear import Ear
from _peers import Peer, echo
from genesys_webmessaging._opening import open_connection

peer = Peer(echo).__enter__()
connection = open_connection(peer.url, trust_env=False)
ear = Ear().start(connection)
connection.send("hello")
ear.wait_for_texts(1)
"""


def test_a_program_that_forgets_to_close_still_ends():
    source = LEAVING.format(tests=str(__file__).rpartition("/")[0])
    done = subprocess.run([sys.executable, "-c", source], timeout=30, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_connection_is_read_by_one_reader():
    with Peer(echo) as peer, connected(peer) as (connection, _):
        with pytest.raises(RuntimeError):
            Ear().start(connection)
        assert isinstance(connection, Connection)
