"""The life of a client: connect, end, connect again, and two threads that disagree about it."""

from __future__ import annotations

import contextlib
import gc
import logging
import re
import socket
import threading
import time
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from _fixtures import ORIGIN, TOKEN
from _listeners import Doing, Recorder, until
from _raw_peer import RawPeer, Wire
from _websockets_peer import Guest, WebSocketsPeer, message
from websockets.exceptions import ConnectionClosed

from genesys_webmessaging import ConnectError, NotConnectedError, SessionListener, WebMessagingClient
from genesys_webmessaging.simulator import Simulator

ENDS = ["webSocketDisconnected", "webSocketError"]


def ends(recorder: Recorder) -> list[str]:
    return [method for method in recorder.methods if method in ENDS]


def test_before_connect_everything_is_closed_and_disconnect_does_nothing() -> None:
    client = WebMessagingClient("us_east_1")
    assert client.isInputClosed()
    assert client.isOutputClosed()
    client.disconnect()
    client.disconnect()
    with client:
        pass


def test_an_open_connection_is_open_both_ways_and_closed_both_ways_after_disconnect(
    talker: WebMessagingClient, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    talker.connect("demo", ORIGIN)
    assert (talker.isInputClosed(), talker.isOutputClosed()) == (False, False)
    talker.disconnect()
    assert (talker.isInputClosed(), talker.isOutputClosed()) == (True, True)
    assert recorder.methods == ["webSocketConnected", "webSocketDisconnected"]


def test_disconnect_says_good_bye_and_has_been_heard_when_it_returns(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    talker.disconnect()
    assert recorder.events == [("webSocketDisconnected", (1000, "Guest client disconnect"))]
    assert guest.ended.wait(5)
    assert guest.closed == (1000, "Guest client disconnect")


def test_disconnecting_twice_or_from_several_threads_ends_once(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    with ThreadPoolExecutor(4) as pool:
        for ending in [pool.submit(talker.disconnect) for _ in range(4)]:
            ending.result(10)
    talker.disconnect()
    assert ends(recorder) == ["webSocketDisconnected"]
    assert guest.ended.wait(5)


def test_disconnect_after_the_server_has_gone_does_nothing(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    guest.close(4001, "bye")
    recorder.waitFor("webSocketDisconnected")
    talker.disconnect()
    assert ends(recorder) == ["webSocketDisconnected"]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("close", ("webSocketDisconnected", (4321, "réason é"))),
        ("close without code", ("webSocketDisconnected", (1005, ""))),
        ("fin", ("webSocketDisconnected", (1006, ""))),
        ("reset", None),
    ],
)
def test_however_a_connection_ends_there_is_one_last_event(
    client: WebMessagingClient, simulator: Simulator, recorder: Recorder, how: str, expected: object
) -> None:
    client.addSessionListener(recorder)
    client.connect("demo", ORIGIN)
    connection = simulator.guest()
    connection.send(message("last words"))
    recorder.waitForText("last words")
    if how == "close":
        connection.close(4321, "réason é")
    elif how == "close without code":
        connection.sendBytes(b"\x88\x00")
    elif how == "fin":
        connection.fin()
    else:
        connection.reset()
    until(lambda: len(ends(recorder)) == 1)
    until(client.isInputClosed)
    client.disconnect()
    assert ends(recorder) == [recorder.methods[-1]]
    if expected is None:
        (reason,) = recorder.waitFor("webSocketError")
        assert reason
    else:
        assert recorder.events[-1] == expected


def test_a_second_connect_is_refused_and_disturbs_nothing(
    talker: WebMessagingClient, guest: Guest, peer: WebSocketsPeer, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    with pytest.raises(ConnectError, match=r"already connected: call disconnect\(\) first, or use another client"):
        talker.connect("demo", ORIGIN)
    assert peer.nobody_came()
    guest.send(message("still here"))
    recorder.waitForText("still here")
    assert recorder.methods == ["structuredMessage"]


def test_connecting_on_two_threads_at_once_connects_once(talker: WebMessagingClient, peer: WebSocketsPeer):
    ready = threading.Barrier(4)

    def connect() -> str:
        ready.wait(5)
        try:
            talker.connect("demo", ORIGIN)
        except ConnectError as error:
            return str(error)
        return "connected"

    with ThreadPoolExecutor(4) as pool:
        outcomes = [outcome.result(10) for outcome in [pool.submit(connect) for _ in range(4)]]
    assert outcomes.count("connected") == 1
    assert all("already" in outcome for outcome in outcomes if outcome != "connected")
    peer.guest()
    assert peer.nobody_came()


def test_a_client_connects_again_and_again(
    talker: WebMessagingClient, peer: WebSocketsPeer, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    for n in range(10):
        talker.connect("demo", ORIGIN)
        guest = peer.guest()
        guest.send(message(str(n)))
        recorder.waitForText(str(n))
        if n % 2:
            talker.disconnect()
        else:
            guest.close(4000 + n)
            recorder.waitFor("webSocketDisconnected", n + 1)
    assert recorder.methods == ["webSocketConnected", "structuredMessage", "webSocketDisconnected"] * 10


def test_a_connect_that_failed_may_be_repeated(client: WebMessagingClient, simulator: Simulator) -> None:
    for _ in range(3):
        simulator.faults.refuseHandshake(503)
        with pytest.raises(ConnectError):
            client.connect("demo", ORIGIN)
        assert client.isInputClosed()
    client.connect("demo", ORIGIN)
    assert not client.isInputClosed()


def test_what_was_known_of_the_session_outlives_its_connection(client: WebMessagingClient) -> None:
    client.joinConversation("demo", TOKEN, "hello")
    response = client.sessionResponse
    client.disconnect()
    assert client.token == TOKEN
    assert client.sessionResponse is response
    assert client.isMimeTypeAllowedInbound("image/png")


def test_disconnect_while_another_thread_connects_makes_it_fail(recorder: Recorder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        client = WebMessagingClient(f"ws://127.0.0.1:{server.getsockname()[1]}/v1")
        client.addSessionListener(recorder)
        connecting = pool.submit(client.connect, "demo", ORIGIN, 10)
        accepted, _ = server.accept()
        with accepted:
            accepted.recv(4096)
            client.disconnect()
            with pytest.raises(ConnectError, match="already under way"):
                client.connect("demo", ORIGIN)
            accepted.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(ConnectError):
            connecting.result(10)
    assert recorder.methods == []
    assert client.isInputClosed()


def test_disconnect_before_the_handshake_is_over_leaves_nothing_open(
    client: WebMessagingClient, simulator: Simulator, recorder: Recorder
) -> None:
    client.addSessionListener(recorder)
    simulator.faults.stallHandshake(0.3)
    with ThreadPoolExecutor(1) as pool:
        connecting = pool.submit(client.connect, "demo", ORIGIN, 10)
        until(lambda: client._engine._phase.name == "CONNECTING")
        client.disconnect()
        with pytest.raises(ConnectError, match=r"disconnect\(\) was called while connecting"):
            connecting.result(10)
    assert client.isInputClosed()
    assert recorder.methods == []
    client.connect("demo", ORIGIN)
    assert recorder.methods == ["webSocketConnected"]


def test_disconnect_just_before_the_reading_begins_makes_connect_fail_and_nobody_hears_of_it(
    peer: WebSocketsPeer, recorder: Recorder
) -> None:
    client = WebMessagingClient(peer.address)
    receiver = client._engine._receive_callback

    def hasty(*args: Any) -> Any:
        client.disconnect()
        return receiver(*args)

    client._engine._receive_callback = hasty
    client.addSessionListener(recorder)
    for _ in range(2):
        with pytest.raises(ConnectError, match=r"disconnect\(\) was called while connecting"):
            client.connect("demo", ORIGIN)
        assert client.isInputClosed()
    assert recorder.methods == []


def test_disconnecting_and_connecting_on_two_threads_leaves_whole_connections(
    talker: WebMessagingClient, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    over = threading.Event()

    def disconnecting() -> None:
        while not over.is_set():
            talker.disconnect()

    other = threading.Thread(target=disconnecting, name="disconnecting")
    other.start()
    try:
        for _ in range(100):
            with contextlib.suppress(ConnectError):
                talker.connect("demo", ORIGIN, 5)
    finally:
        over.set()
        other.join(10)
    assert not other.is_alive()
    talker.disconnect()
    assert recorder.methods == ["webSocketConnected", "webSocketDisconnected"] * (len(recorder.methods) // 2)


@pytest.mark.usefixtures("short_close")
def test_a_server_that_does_not_answer_our_close_does_not_hold_disconnect_up(
    client: WebMessagingClient, simulator: Simulator, recorder: Recorder
) -> None:
    client.addSessionListener(recorder)
    client.connect("demo", ORIGIN)
    simulator.guest().silence()
    started = time.monotonic()
    client.disconnect()
    assert 0.5 <= time.monotonic() - started < 3
    assert ends(recorder) == ["webSocketDisconnected"]  # heard already
    assert recorder.events[-1][1][0] == 1006


@pytest.mark.usefixtures("short_close")
def test_between_our_close_and_the_servers_nothing_goes_out_and_what_comes_in_is_heard(
    client: WebMessagingClient, simulator: Simulator, recorder: Recorder
) -> None:
    client.addSessionListener(recorder)
    client.connect("demo", ORIGIN)
    client.configureSession("demo", TOKEN, ORIGIN)
    simulator.faults.muteClose()
    connection = simulator.guest()
    disconnecting = threading.Thread(target=client.disconnect, name="disconnecting")
    disconnecting.start()
    until(client.isOutputClosed)
    assert not client.isInputClosed()
    with pytest.raises(NotConnectedError):
        client.ping()
    connection.send(message("after our close"))
    recorder.waitForText("after our close")
    disconnecting.join(8)
    assert recorder.waitFor("webSocketDisconnected")[0] == 1006
    assert (client.isInputClosed(), client.isOutputClosed()) == (True, True)


@pytest.mark.usefixtures("short_close")
def test_a_busy_listener_does_not_hold_disconnect_up_for_ever(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    release = threading.Event()

    class Busy(Recorder):
        def structuredMessage(self, *args: object) -> None:
            release.wait(20)

    talker.addSessionListener(Busy())
    talker.addSessionListener(recorder)
    guest.send(message("one"))
    started = time.monotonic()
    talker.disconnect()
    assert 0.4 < time.monotonic() - started < 3
    assert recorder.methods == []
    release.set()
    recorder.waitFor("webSocketDisconnected")


def test_nothing_of_a_client_remains_after_disconnect(peer: WebSocketsPeer) -> None:
    client = WebMessagingClient(peer.address)
    client.connect("demo", ORIGIN)
    client.configureSession("demo", TOKEN, ORIGIN)
    client.disconnect()
    trace = weakref.ref(client)
    del client
    until(lambda: gc.collect() is None or trace() is None)


def test_calls_on_other_threads_during_the_end_succeed_or_raise_our_errors(
    talker: WebMessagingClient, guest: Guest
) -> None:
    def talk() -> int:
        sent = 0
        while True:
            try:
                talker.sendMessage("x" * 1000)
            except (NotConnectedError, ConnectionError):
                return sent
            sent += 1

    with ThreadPoolExecutor(4) as pool:
        talking = [pool.submit(talk) for _ in range(4)]
        for _ in range(100):
            guest.receive("onMessage")
        talker.disconnect()
        assert sum(one.result(10) for one in talking) >= 100


# Waiting for the end


def test_waiting_until_disconnected_returns_the_ending_that_the_listeners_have_heard(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    release = threading.Event()
    slow = Doing("webSocketDisconnected", lambda *_: release.wait(10))
    talker.addSessionListener(slow)
    talker.addSessionListener(recorder)
    guest.close(4001, "bye")
    until(talker.isInputClosed)
    assert talker.waitUntilDisconnected(0.05) is None
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(talker.waitUntilDisconnected)
        release.set()
        ending = waiting.result(10)
    assert ending == (4001, "bye", None)
    assert ending is not None
    assert (ending.statusCode, ending.reason, ending.error) == (4001, "bye", None)
    assert recorder.methods == ["webSocketDisconnected"]
    assert talker.waitUntilDisconnected(0) == ending


def test_waiting_until_disconnected_tells_of_a_connection_that_broke() -> None:
    def reset(wire: Wire) -> None:
        wire.accept()
        wire.reset()

    with RawPeer(reset) as peer, WebMessagingClient(peer.url) as client:
        client.connect("demo", ORIGIN)
        assert client.waitUntilDisconnected(10) == (None, "", "Connection reset by the server")


@pytest.mark.usefixtures("guest")
def test_waiting_until_disconnected_ends_with_its_time(talker: WebMessagingClient) -> None:
    assert talker.waitUntilDisconnected(0) is None
    assert talker.waitUntilDisconnected(timeout=0.05) is None
    assert not talker.isInputClosed()
    with pytest.raises(ValueError, match="timeout"):
        talker.waitUntilDisconnected(-1)


def test_without_a_connection_there_is_no_end_to_wait_for() -> None:
    assert WebMessagingClient("us_east_1").waitUntilDisconnected() is None


def test_a_listener_may_wait_until_disconnected_and_the_next_connection_is_waited_for_anew(
    talker: WebMessagingClient, guest: Guest, peer: WebSocketsPeer
) -> None:
    waiting = Doing("structuredMessage", lambda *_: talker.waitUntilDisconnected())
    talker.addSessionListener(waiting)
    guest.send(message("wait"))
    guest.close(4001, "one")
    assert waiting.waitForOutcome() == (4001, "one", None)
    assert talker.waitUntilDisconnected(10) == (4001, "one", None)
    talker.connect("demo", ORIGIN)
    assert talker.waitUntilDisconnected(0.05) is None
    peer.guest().close(4002, "two")
    assert talker.waitUntilDisconnected(10) == (4002, "two", None)


# Clients that are dropped, and connections that are gone


class Holding(SessionListener):
    """A listener that knows its client, as many do."""

    def __init__(self, client: WebMessagingClient) -> None:
        self.client = client


@pytest.mark.parametrize("held", [False, True], ids=["alone", "known to its listener"])
def test_a_client_that_is_dropped_warns_and_its_connection_is_closed(peer: WebSocketsPeer, held: bool) -> None:
    client = WebMessagingClient(peer.address)
    if held:
        client.addSessionListener(Holding(client))
    client.connect("demo", ORIGIN)
    guest = peer.guest()
    guest.send(message("hello"))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        del client
        until(lambda: gc.collect() is None or guest.ended.is_set())
    ((category, sentence),) = {(each.category, str(each.message)) for each in warned}
    assert category is ResourceWarning
    assert re.match("<WebMessagingClient ws://.* connected> was dropped without disconnect", sentence)
    assert guest.closed == (1000, "Guest client disconnect")


def test_a_client_that_was_disconnected_is_dropped_without_a_word(talker: WebMessagingClient) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            client = WebMessagingClient(talker.address)
            client.connect("demo", ORIGIN)
            client.disconnect()
            del client
            gc.collect()


def test_a_client_that_connects_again_and_again_keeps_no_dead_connection(
    talker: WebMessagingClient, peer: WebSocketsPeer
) -> None:
    traces = []
    for n in range(5):
        talker.connect("demo", ORIGIN)
        talker.configureSession("demo", TOKEN, ORIGIN)
        talker.sendMessage("never answered")
        traces.append(weakref.ref(talker._engine.connection))
        peer.guest().close(4000 + n)
        talker.waitUntilDisconnected(10)
    del traces[-1]
    until(lambda: gc.collect() is None or not any(trace() for trace in traces))


def test_more_than_the_queue_may_hold_ends_the_connection_with_a_clear_reason(
    talker: WebMessagingClient, peer: WebSocketsPeer, recorder: Recorder
) -> None:
    release = threading.Event()
    slow = Doing("structuredMessage", lambda *_: release.wait(20))
    talker.addSessionListener(slow)
    talker.addSessionListener(recorder)
    talker.connect("demo", ORIGIN, maxQueueSize=100_000)
    guest = peer.guest()
    with contextlib.suppress(ConnectionClosed):
        for n in range(10_000):
            guest.send(message(f"{n} {'x' * 1000}"))
    until(talker.isInputClosed)
    release.set()
    assert talker.waitUntilDisconnected(20) == (
        None,
        "",
        "The listeners are slower than the server: more than 100000 bytes wait for them",
    )
    assert recorder.methods[-1] == "webSocketError"
    heard = [int(str(text).split()[0]) for text in recorder.texts]
    assert heard == list(range(len(heard)))
    assert 30 < len(heard) < 1000  # a frame of the peer has twice the bytes of its text


def test_a_queue_must_have_room(talker: WebMessagingClient) -> None:
    with pytest.raises(ValueError, match="maxQueueSize must be at least 1 byte"):
        talker.connect("demo", ORIGIN, maxQueueSize=0)


@pytest.mark.parametrize("level", [logging.DEBUG, logging.WARNING], ids=["frames are logged", "failures are logged"])
def test_a_log_handler_that_raises_ends_no_thread(
    talker: WebMessagingClient, peer: WebSocketsPeer, recorder: Recorder, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError(record.getMessage())

    def fail(*_: object) -> None:
        raise ValueError("a listener")

    monkeypatch.setattr(logging, "raiseExceptions", False)
    logger = logging.getLogger("genesys_webmessaging")
    handler = Raising()
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        talker.addSessionListener(Doing("structuredMessage", fail))
        talker.addSessionListener(recorder)
        talker.connect("demo", ORIGIN)
        guest = peer.guest()
        for n in range(3):
            guest.send(message(str(n)))
        recorder.waitFor("structuredMessage", 3)
        guest.close(4001, "bye")
        assert talker.waitUntilDisconnected(10) == (4001, "bye", None)
        assert recorder.texts == ["0", "1", "2"]
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
