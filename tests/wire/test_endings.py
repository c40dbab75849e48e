"""How a connection ends: by the server, by a broken rule, by us."""

from __future__ import annotations

import queue
import threading
import time

import pytest
from _connection_recorder import ConnectionRecorder, connected
from _raw_peer import CONTINUATION, PING, PONG, TEXT, RawPeer, Wire, close, echo, frame, text

from genesys_webmessaging._wire.connect import open_connection
from genesys_webmessaging._wire.connection import Ending, State
from genesys_webmessaging.exceptions import NotConnectedError


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

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        assert ear.wait_for_end() == Ending(1005 if code is None else code, reason)
        assert ear.states_at_end == [State.CLOSED]
        assert connection.is_input_closed
        assert connection.is_output_closed


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1010, 1015, 1016, 2999])
def test_a_close_code_that_may_not_be_sent_is_an_error(code: int):
    def script(wire: Wire) -> None:
        wire.accept(then=close(code, "x"))
        assert wire.read_close() == (1002, "")

    with RawPeer(script) as peer, connected(peer) as (_, ear):
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

    with RawPeer(script) as peer, connected(peer) as (_, ear):
        ending = ear.wait_for_end()
        assert ending.code is None
        assert ending.reason.startswith("The server ")
        assert ear.texts == ["before"]


def test_an_end_without_a_close_frame_is_1006():
    def script(wire: Wire) -> None:
        wire.accept(then=text("last words"))

    with RawPeer(script) as peer, connected(peer) as (_, ear):
        assert ear.wait_for_end() == Ending(1006, "")
        assert ear.texts == ["last words"]


@pytest.mark.parametrize("rest", [b"\x81", b"\x81\x7e\x01", text("x" * 300)[:200], frame(TEXT, b"x", fin=False)])
def test_an_end_in_the_middle_of_something_is_1006_too(rest: bytes):
    def script(wire: Wire) -> None:
        wire.accept(then=text("whole") + rest)

    with RawPeer(script) as peer, connected(peer) as (_, ear):
        assert ear.wait_for_end() == Ending(1006, "")
        assert ear.texts == ["whole"]


def test_a_reset_is_an_error():
    def script(wire: Wire) -> None:
        wire.accept()
        wire.read_text()
        wire.reset()

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        connection.send("go")
        assert ear.wait_for_end() == Ending(None, "Connection reset by the server")


# By us


def test_close_sends_its_code_and_reason_and_reports_the_servers_answer():
    def script(wire: Wire) -> None:
        wire.accept()
        assert wire.read_close() == (1000, "Guest client disconnect")
        wire.send(close(4002, "other"))
        assert wire.read_to_end() == b""

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        connection.close()
        assert ear.endings == [Ending(4002, "other")]
        assert connection.state is State.CLOSED


def test_what_comes_between_our_close_and_the_servers_is_delivered():
    def script(wire: Wire) -> None:
        wire.accept()
        wire.read_close()
        wire.send(text("late") + close(1000, "Guest client disconnect"))

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
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

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
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

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
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

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        threads = [threading.Thread(target=connection.close) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert ear.endings == [Ending(1000, "")]


def test_close_after_the_end_and_abort_after_that_do_nothing():
    with RawPeer(echo) as peer, connected(peer) as (connection, ear):
        connection.close()
        connection.close()
        connection.abort()
        assert len(ear.endings) == 1


def test_close_on_the_reader_itself_does_not_wait_for_itself():
    with RawPeer(echo) as peer:
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
    with RawPeer(script) as peer:
        connection = open_connection(peer.url, trust_env=False)
        connection.start(lambda _: connection.close(timeout=0.2), endings.put)
        assert endings.get(timeout=10) == Ending(1006, "The server did not answer our close within 0.2 seconds")


def test_a_connection_can_be_closed_before_it_is_read_and_then_not_be_started():
    def script(wire: Wire) -> None:
        wire.accept()
        assert wire.read_close() == (1000, "Guest client disconnect")
        assert wire.read_to_end() == b""

    with RawPeer(script) as peer:
        connection = open_connection(peer.url, trust_env=False)
        connection.close()
        assert connection.state is State.CLOSED
        with pytest.raises(NotConnectedError):
            ConnectionRecorder().start(connection)


def test_abort_cuts_without_a_word():
    def script(wire: Wire) -> None:
        wire.accept()
        assert wire.read_to_end() == b""

    with RawPeer(script) as peer, connected(peer) as (connection, ear):
        connection.abort()
        assert ear.endings == [Ending(None, "The connection was cut")]


def test_a_close_reason_is_cut_between_two_characters():
    def script(wire: Wire) -> None:
        wire.accept()
        assert wire.read_close() == (4000, "é" * 61)
        wire.send(close(4000))

    with RawPeer(script) as peer, connected(peer) as (connection, _):
        connection.close(4000, "é" * 100)
