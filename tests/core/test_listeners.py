"""What listeners hear, in which order, on which thread, and what they may do meanwhile."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from _fixtures import ORIGIN, TOKEN
from _listeners import Doing, Recorder, until
from _raw_peer import RawPeer, Wire, text
from _websockets_peer import CALLS, Guest, WebSocketsPeer, frame, message

from genesys_webmessaging import SessionListener, WebMessagingClient
from genesys_webmessaging._core.dispatcher import WARN_AT
from genesys_webmessaging.listener import LISTENER_METHODS
from genesys_webmessaging.models import StructuredMessage
from genesys_webmessaging.simulator import Simulator


class Gate(SessionListener):
    """Holds the dispatcher up in its first message until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        self.reached.set()
        assert self.open.wait(10)


# Order


def test_events_arrive_in_order_even_when_a_listener_is_slow(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    gate = Gate()
    talker.addSessionListener(gate)
    talker.addSessionListener(recorder)
    for n in range(500):
        guest.send(message(str(n)))
    guest.close(4001, "bye")
    assert gate.reached.wait(5)
    gate.open.set()

    assert recorder.waitFor("webSocketDisconnected") == (4001, "bye")
    assert recorder.texts == [str(n) for n in range(500)]
    assert recorder.methods[-1] == "webSocketDisconnected"


def test_listeners_are_called_in_the_order_they_were_added(talker: WebMessagingClient, guest: Guest) -> None:
    heard: list[str] = []
    done = threading.Event()
    for name in ("first", "second", "third"):
        talker.addSessionListener(Doing("structuredMessage", lambda *_, name=name: heard.append(name)))
    talker.addSessionListener(Doing("jwtResponse", lambda *_: done.set()))
    guest.send(message("one"))
    guest.send(frame("JwtResponse"))
    assert done.wait(5)
    assert heard == ["first", "second", "third"]


def test_all_callbacks_of_a_connection_run_on_one_thread_of_the_clients_own(
    client: WebMessagingClient, simulator: Simulator, recorder: Recorder
) -> None:
    client.addSessionListener(recorder)
    client.joinConversation("demo", "hello")
    client.disconnect()
    assert recorder.methods[-1] == "webSocketDisconnected"
    (thread,) = set(recorder.threads)
    assert thread.startswith("genesys-webmessaging-dispatcher-")


def test_callbacks_of_one_connection_are_over_before_those_of_the_next_begin(
    talker: WebMessagingClient, peer: WebSocketsPeer, recorder: Recorder
) -> None:
    gate = Gate()
    talker.addSessionListener(gate)
    talker.addSessionListener(recorder)
    talker.connect("demo", ORIGIN)
    first = peer.guest()
    first.send(message("one"))
    first.send(message("two"))
    first.close(4001, "first")
    assert gate.reached.wait(5)
    assert first.ended.wait(5)
    until(talker.isInputClosed)

    connecting = threading.Thread(target=talker.connect, args=("demo", ORIGIN), name="connecting")
    connecting.start()
    peer.guest().send(message("three"))
    gate.open.set()
    connecting.join(5)
    recorder.waitForText("three")
    assert recorder.methods == [
        "webSocketConnected",
        "structuredMessage",
        "structuredMessage",
        "webSocketDisconnected",
        "webSocketConnected",
        "structuredMessage",
    ]


def test_all_listeners_hear_the_end_of_a_connection_before_the_next_one_that_one_of_them_opens(
    talker: WebMessagingClient, peer: WebSocketsPeer, recorder: Recorder
) -> None:
    reconnecting = Doing("webSocketDisconnected", lambda *_: talker.connect("demo", ORIGIN))
    talker.addSessionListener(reconnecting)
    talker.addSessionListener(recorder)
    talker.connect("demo", ORIGIN)
    for n in range(3):
        guest = peer.guest()
        guest.send(message(str(n)))
        guest.close(4000 + n)
    last = peer.guest()
    talker.removeSessionListener(reconnecting)
    last.send(message("3"))
    recorder.waitForText("3")
    rounds = ["webSocketConnected", "structuredMessage", "webSocketDisconnected"]
    assert recorder.methods == [*rounds * 3, *rounds[:2]]
    assert recorder.texts == ["0", "1", "2", "3"]


def test_ten_thousand_waiting_events_are_warned_of_once_and_none_is_lost(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    talker.addSessionListener(gate)
    talker.addSessionListener(recorder)
    count = WARN_AT + 2000
    for _ in range(count):
        guest.send(message("x"))
    guest.send(frame("SessionClearedEvent"))
    tracingId = talker.getJwt()
    guest.answer(guest.receive("getJwt"), "JwtResponse", {"jwt": "j"})
    assert talker.awaitResponse(tracingId, 20).jwt == "j"
    gate.open.set()
    recorder.waitFor("sessionClearedEvent", timeout=20)
    assert len(recorder.texts) == count
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "events wait for the listeners" in warnings[0].getMessage()


# A listener that raises


@pytest.mark.parametrize(
    "error",
    [RuntimeError("boom"), SystemExit(3), KeyboardInterrupt(), GeneratorExit(), RecursionError(), StopIteration()],
)
def test_a_listener_that_raises_is_logged_and_disturbs_nobody(
    talker: WebMessagingClient,
    guest: Guest,
    recorder: Recorder,
    caplog: pytest.LogCaptureFixture,
    error: BaseException,
) -> None:
    raising = Doing("structuredMessage", lambda *_: (_ for _ in ()).throw(error))
    talker.addSessionListener(raising)
    talker.addSessionListener(recorder)
    guest.send(message("one"))
    guest.send(message("two"))
    recorder.waitForText("two")
    assert recorder.texts == ["one", "two"]
    assert not talker.isInputClosed()

    logged = [record for record in caplog.records if record.exc_info]
    assert len(logged) == 2
    assert {record.name for record in logged} == {"genesys_webmessaging._core.listeners"}
    assert logged[0].getMessage() == "listener Doing raised in structuredMessage"


@pytest.mark.parametrize("method", LISTENER_METHODS)
def test_a_listener_may_raise_in_every_method(
    talker: WebMessagingClient, peer: WebSocketsPeer, recorder: Recorder, method: str
) -> None:
    class Everywhere:
        def __getattr__(self, name: str) -> Callable[..., None]:
            def boom(*_: object) -> None:
                raise RuntimeError(name)

            return boom

    talker.addSessionListener(Everywhere())  # type: ignore[arg-type]
    talker.addSessionListener(recorder)
    talker.connect("demo", ORIGIN)
    guest = peer.guest()
    by_method = {name: class_ for class_, _, name in CALLS}
    if method in by_method:
        guest.send(frame(by_method[method], {}))
    elif method == "unexpectedMessage":
        guest.send("?")
    elif method == "webSocketDisconnected":
        guest.close()
    elif method == "webSocketError":
        talker.onWebSocketError("by hand")
    recorder.waitFor(method)


def test_a_listener_that_raises_in_the_last_event_leaves_a_usable_client(
    talker: WebMessagingClient, guest: Guest, peer: WebSocketsPeer, recorder: Recorder
) -> None:
    talker.addSessionListener(Doing("webSocketDisconnected", lambda *_: 1 / 0))
    talker.addSessionListener(recorder)
    guest.close(4001, "bye")
    assert recorder.waitFor("webSocketDisconnected") == (4001, "bye")
    talker.connect("demo", ORIGIN)
    peer.guest().send(message("again"))
    recorder.waitForText("again")


# Adding and removing


def test_the_same_listener_added_twice_hears_everything_twice(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    talker.addSessionListener(recorder)
    guest.send(message("one"))
    recorder.waitFor("structuredMessage", 2)
    talker.removeSessionListener(recorder)
    guest.send(message("two"))
    guest.send(frame("JwtResponse"))
    recorder.waitFor("jwtResponse")
    talker.removeSessionListener(recorder)
    talker.removeSessionListener(recorder)
    guest.send(message("three"))
    talker.disconnect()
    assert recorder.texts == ["one", "one", "two"]


def test_an_unknown_listener_can_be_removed(talker: WebMessagingClient) -> None:
    talker.removeSessionListener(Recorder())


def test_listeners_are_told_apart_by_identity(talker: WebMessagingClient, guest: Guest) -> None:
    class Alike(Recorder):
        def __eq__(self, other: object) -> bool:
            return isinstance(other, Alike)

        __hash__ = None  # type: ignore[assignment]

    one, two = Alike(), Alike()
    talker.addSessionListener(one)
    talker.addSessionListener(two)
    talker.removeSessionListener(two)
    guest.send(message("hi"))
    one.waitForText("hi")
    assert two.methods == []


def test_a_listener_that_removes_itself_hears_no_more_and_the_others_do(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    leaving = Doing("structuredMessage", lambda *_: talker.removeSessionListener(leaving))
    talker.addSessionListener(leaving)
    talker.addSessionListener(recorder)
    guest.send(message("one"))
    guest.send(message("two"))
    recorder.waitForText("two")
    assert recorder.texts == ["one", "two"]
    assert len(leaving.outcomes) == 1


def test_a_listener_that_is_removed_by_one_before_it_does_not_hear_even_that_event(
    talker: WebMessagingClient, guest: Guest
) -> None:
    removed, last = Recorder(), Recorder()
    talker.addSessionListener(Doing("structuredMessage", lambda *_: talker.removeSessionListener(removed)))
    talker.addSessionListener(removed)
    talker.addSessionListener(last)
    guest.send(message("one"))
    last.waitForText("one")
    assert removed.methods == []


def test_a_listener_added_in_a_callback_hears_from_the_next_event_on(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    adding = Doing("structuredMessage", lambda *_: talker.addSessionListener(recorder))
    talker.addSessionListener(adding)
    guest.send(message("one"))
    adding.waitForOutcome()
    talker.removeSessionListener(adding)
    guest.send(message("two"))
    recorder.waitForText("two")
    assert recorder.texts == ["two"]


def test_listeners_come_and_go_on_other_threads_while_frames_arrive(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            passing = Recorder()
            talker.addSessionListener(passing)
            talker.removeSessionListener(passing)

    talker.addSessionListener(recorder)
    others = [threading.Thread(target=come_and_go, name=f"other-{n}") for n in range(4)]
    for other in others:
        other.start()
    for n in range(300):
        guest.send(message(str(n)))
    recorder.waitFor("structuredMessage", 300)
    over.set()
    for other in others:
        other.join(5)
    assert recorder.texts == [str(n) for n in range(300)]
    assert talker._listeners._all == (recorder,)


def test_a_listener_need_not_derive_from_session_listener(talker: WebMessagingClient, guest: Guest) -> None:
    heard: list[Any] = []
    done = threading.Event()
    members: dict[str, Any] = {name: staticmethod(lambda *_: None) for name in LISTENER_METHODS}
    members["structuredMessage"] = staticmethod(lambda message, _: (heard.append(message.text), done.set()))
    talker.addSessionListener(type("Duck", (), members)())
    guest.send(message("quack"))
    assert done.wait(5)
    assert heard == ["quack"]


@pytest.mark.parametrize("name", LISTENER_METHODS)
def test_the_base_listener_does_nothing(name: str) -> None:
    method = getattr(SessionListener(), name)
    arguments = {"webSocketConnected": (), "webSocketDisconnected": (1000, ""), "webSocketError": ("",)}
    assert method(*arguments.get(name, (None, ""))) is None


# Calling the client in a listener


def test_pings_are_answered_while_a_listener_is_busy(talker: WebMessagingClient, guest: Guest) -> None:
    gate = Gate()
    talker.addSessionListener(gate)
    guest.send(message("one"))
    assert gate.reached.wait(5)
    assert guest.ping(5)
    gate.open.set()


def test_a_listener_may_disconnect_and_what_was_read_is_still_heard(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    sent = threading.Event()
    doing = Doing("jwtResponse", lambda *_: talker.disconnect() if sent.wait(5) else None)
    talker.addSessionListener(doing)
    talker.addSessionListener(recorder)
    guest.send(frame("JwtResponse"))
    guest.send(message("already read, or read until the close is answered"))
    sent.set()
    assert doing.waitForOutcome() is None
    assert recorder.waitFor("webSocketDisconnected") == (1000, "Guest client disconnect")
    assert recorder.methods == ["jwtResponse", "structuredMessage", "webSocketDisconnected"]
    assert guest.ended.wait(5)
    assert guest.closed == (1000, "Guest client disconnect")


def test_a_listener_may_fetch_the_history(client: WebMessagingClient, simulator: Simulator) -> None:
    doing = Doing("structuredMessage", lambda *_: [entity.text for entity in client.getHistory().entities])
    client.addSessionListener(doing)
    client.joinConversation("demo", TOKEN, "hello")
    assert doing.waitForOutcome() == ["hello"]


def test_a_listener_may_send_and_await(client: WebMessagingClient, simulator: Simulator) -> None:
    doing = Doing(
        "structuredMessage",
        lambda message, _: message.text == "hello" and client.awaitResponse(client.sendMessage("and more"), 5).text,
    )
    client.addSessionListener(doing)
    client.joinConversation("demo", TOKEN, "hello")
    assert doing.waitForOutcome() == "and more"


def test_a_listener_may_reconnect_when_the_connection_is_gone(
    client: WebMessagingClient, simulator: Simulator, recorder: Recorder
) -> None:
    def reconnect(*_: object) -> bool | None:
        client.connect("demo", ORIGIN)
        response = client.awaitResponse(client.configureSession("demo", TOKEN, ORIGIN), 5)
        return bool(response.newSession)

    doing = Doing("webSocketDisconnected", reconnect)
    client.joinConversation("demo", TOKEN, "hello")
    client.addSessionListener(doing)
    client.addSessionListener(recorder)
    simulator.guest().close(1012, "restart")
    assert doing.waitForOutcome() is False
    client.removeSessionListener(doing)
    assert recorder.waitFor("webSocketDisconnected") == (1012, "restart")
    recorder.waitFor("webSocketConnected")
    assert client.awaitResponse(client.sendMessage("back"), 5).text == "back"


def test_a_listener_may_disconnect_the_connection_that_it_opened_itself(
    talker: WebMessagingClient, guest: Guest, peer: WebSocketsPeer, recorder: Recorder
) -> None:
    def there_and_back(*_: object) -> None:
        talker.removeSessionListener(doing)
        talker.connect("demo", ORIGIN)
        talker.disconnect()

    doing = Doing("webSocketDisconnected", there_and_back)
    talker.addSessionListener(doing)
    talker.addSessionListener(recorder)
    guest.close(4000)
    following = peer.guest()
    assert doing.waitForOutcome(timeout=3) is None
    assert following.ended.wait(5)
    recorder.waitFor("webSocketDisconnected", 2)
    assert recorder.methods == ["webSocketDisconnected", "webSocketConnected", "webSocketDisconnected"]


def test_web_socket_connected_has_run_when_connect_returns(talker: WebMessagingClient, recorder: Recorder) -> None:
    for _ in range(20):
        heard: list[bool] = []
        doing = Doing("webSocketConnected", lambda heard=heard: heard.append(threading.Event().wait(0.01)))
        talker.addSessionListener(doing)
        talker.connect("demo", ORIGIN)
        assert heard == [False]
        talker.disconnect()
        talker.removeSessionListener(doing)


def test_connect_does_not_wait_longer_than_its_time_limit_for_web_socket_connected(
    talker: WebMessagingClient,
) -> None:
    release = threading.Event()
    talker.addSessionListener(Doing("webSocketConnected", lambda: release.wait(10)))
    talker.connect("demo", ORIGIN, 0.5)
    assert not release.is_set()
    release.set()


def test_a_frame_that_came_with_the_handshake_follows_web_socket_connected(
    talker: WebMessagingClient, peer: WebSocketsPeer, recorder: Recorder
) -> None:
    greeting = threading.Thread(target=lambda: peer.guest().send(message("early")), name="greeting")
    greeting.start()
    talker.addSessionListener(recorder)
    talker.connect("demo", ORIGIN)
    greeting.join(5)
    recorder.waitForText("early")
    assert recorder.methods == ["webSocketConnected", "structuredMessage"]


def test_what_came_stays_as_it_came(talker: WebMessagingClient, guest: Guest, recorder: Recorder) -> None:
    talker.addSessionListener(recorder)
    raw = '  {"class" : "StructuredMessage", "body":{"text":"\\u00e9","new":[1]}, "x": 1.0}  trailing'
    guest.send(raw)
    heard, heardRaw = recorder.waitFor("structuredMessage")
    assert (heard.text, heardRaw) == ("é", raw)
    assert json.loads(raw.strip().removesuffix("trailing"))["x"] == 1.0


# Names that nobody calls


class Misspelt(SessionListener):
    def on_message(self) -> None: ...

    def strucuredMessage(self) -> None: ...

    def session_response(self) -> None: ...

    def onClose(self) -> None: ...

    def close(self) -> None: ...

    def remember(self) -> None: ...

    onError = "not a method"


def test_adding_a_listener_warns_of_methods_that_nobody_will_call(talker: WebMessagingClient) -> None:
    with pytest.warns(UserWarning, match="did you mean") as warned:
        talker.addSessionListener(Misspelt())
    assert sorted(str(each.message) for each in warned) == [
        "Misspelt.onClose is not called by the client; did you mean webSocketDisconnected?",
        "Misspelt.on_message is not called by the client; did you mean structuredMessage?",
        "Misspelt.session_response is not called by the client; did you mean sessionResponse?",
        "Misspelt.strucuredMessage is not called by the client; did you mean structuredMessage?",
    ]
    assert {each.filename for each in warned} == {__file__}


class Unfit(SessionListener):
    def structuredMessage(self, message) -> None: ...  # type: ignore[no-untyped-def, override]

    def webSocketConnected(self, *anything: object) -> None: ...

    def webSocketDisconnected(self, code: int, reason: str, more: str = "") -> None: ...

    def jwtResponse(self, response: object, rawMessage: str, more: str) -> None: ...  # type: ignore[override]

    @staticmethod
    def webSocketError(reason: str) -> None: ...


def test_adding_a_listener_warns_of_methods_that_cannot_be_called(talker: WebMessagingClient) -> None:
    with pytest.warns(UserWarning, match="cannot be called") as warned:
        talker.addSessionListener(Unfit())
    assert [str(each.message) for each in warned] == [
        "Unfit.structuredMessage cannot be called: it is given message and rawMessage",
        "Unfit.jwtResponse cannot be called: it is given response and rawMessage",
    ]


def test_a_listener_that_is_added_within_a_read_is_not_called_on_the_reader(recorder: Recorder) -> None:
    connected = threading.Event()

    def script(wire: Wire) -> None:
        wire.accept()
        assert connected.wait(5)
        wire.send(text(message("one")) + text(message("two")) + text(message("three")))
        wire.read_close()

    with RawPeer(script) as peer, WebMessagingClient(f"ws://127.0.0.1:{peer.port}/v1") as client:
        threads: list[str] = []

        def heard(said: StructuredMessage, _: str) -> None:
            threads.append(threading.current_thread().name)
            if said.text == "one":
                client.addSessionListener(recorder)

        client._listeners.add(Doing("structuredMessage", heard), blocks=False)
        client.connect("demo", ORIGIN)
        connected.set()
        recorder.waitForText("three")
        assert recorder.texts == ["two", "three"]
        assert all("dispatcher" in name for name in recorder.threads)
        assert ["reader" in name for name in threads] == [True, False, False]
