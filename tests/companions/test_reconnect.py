"""A session that outlives its socket."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _listeners import Recorder, until

from genesys_webmessaging import (
    ConnectError,
    ConnectionClosedError,
    RequestError,
    ResponseTimeoutError,
    SessionListener,
    WebMessagingClient,
    WebMessagingException,
)
from genesys_webmessaging.companions import Reconnector, ReconnectorState, Reorder
from genesys_webmessaging.companions._reconnect_policy import Backoff
from genesys_webmessaging.models import SessionResponse, WebMessagingMessage
from genesys_webmessaging.simulator import Agent, Simulator

ORIGIN = "https://shop.example"

Maker = Callable[..., Reconnector]


@pytest.fixture
def make(client: WebMessagingClient, recorder: Recorder) -> Iterator[Maker]:
    """Makes Reconnectors that lose no time."""
    made: list[Reconnector] = []

    def make(**settings: Any) -> Reconnector:
        settings = {"firstDelay": 0.01, "maxDelay": 0.05, "maxSeconds": 20, "answerTimeout": 3, **settings}
        reconnector = Reconnector(client, recorder, **settings)
        client.addSessionListener(reconnector)
        made.append(reconnector)
        return reconnector

    yield make
    for reconnector in made:
        reconnector.close()
    client.apiClient.close()


@pytest.fixture
def reconnector(make: Maker) -> Reconnector:
    reconnector = make()
    reconnector.connect("demo", ORIGIN)
    return reconnector


@pytest.fixture
def agent(simulator: Simulator) -> Iterator[Agent]:
    with simulator.agent() as agent:
        yield agent


def frame(class_: str, body: Any, code: int = 200) -> dict[str, Any]:
    return {"type": "message", "class": class_, "code": code, "body": body}


def stopped(reconnector: Reconnector) -> WebMessagingException:
    until(lambda: reconnector.state is ReconnectorState.STOPPED)
    assert reconnector.error is not None
    return reconnector.error


def test_when_there_is_a_connection_again_slow_listeners_have_heard_of_its_session(
    simulator: Simulator, client: WebMessagingClient
) -> None:
    heard: list[SessionResponse] = []

    class Slow(SessionListener):
        def sessionResponse(self, sessionResponse: SessionResponse, rawMessage: str) -> None:
            threading.Event().wait(0.1)
            heard.append(sessionResponse)

    reconnector = Reconnector(client, Slow(), firstDelay=0.01)
    client.addSessionListener(reconnector)
    reconnector.connect("demo", ORIGIN)
    simulator.guest().reset()
    reconnector.awaitConnected(5, after=1)
    assert len(heard) == 2
    reconnector.close()
    client.apiClient.close()


def test_a_lost_connection_is_replaced_and_the_session_resumed(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder, client: WebMessagingClient
) -> None:
    token = client.token
    simulator.guest().reset()
    reconnector.awaitConnected(5, after=1)
    assert client.token == token
    assert len(simulator.sessions) == 1
    recorder.waitFor("sessionResponse", 2)
    responses = [args[0].newSession for name, args in recorder.events if name == "sessionResponse"]
    assert responses == [True, False]
    heard = [name for name in recorder.methods if name.startswith("webSocket")]
    assert heard == ["webSocketConnected", "webSocketError", "webSocketConnected"]


def test_what_was_said_meanwhile_comes_from_the_history_before_what_is_said_then(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder, agent: Agent, client: WebMessagingClient
) -> None:
    agent.say("before")
    recorder.waitForText("before")
    simulator.faults.stallRest(0.2)
    simulator.guest().fin()
    missed = [agent.say(f"missed {number}") for number in range(3)]
    until(lambda: recorder.methods.count("sessionResponse") == 2)
    agent.say("after")
    recorder.waitForText("after")
    assert recorder.texts == ["before", "missed 0", "missed 1", "missed 2", "after"]
    raw = recorder.waitFor("structuredMessage", where=lambda message, _: message.text == "missed 1")[1]
    assert WebMessagingMessage.from_json(raw).id == missed[1].id
    assert "class" not in json.loads(raw)


def test_messages_of_other_devices_are_there_too(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder, client: WebMessagingClient
) -> None:
    assert client.token is not None
    with WebMessagingClient(simulator.address) as other:
        other.connect("demo", ORIGIN)
        other.awaitResponse(other.configureSession("demo", client.token, ORIGIN))
        away = simulator.faults.stallHandshake()
        simulator.connections[0].reset()
        until(lambda: away.hits == 1)
        other.awaitResponse(other.sendMessage("from my phone"))
        simulator.clock.advance(3600)
        recorder.waitForText("from my phone")
        assert recorder.texts == ["from my phone"]


def test_what_was_in_the_air_when_the_connection_broke_is_put_in_order(
    simulator: Simulator, client: WebMessagingClient, recorder: Recorder, agent: Agent
) -> None:
    reconnector = Reconnector(client, recorder, firstDelay=0.01)
    client.addSessionListener(Reorder(reconnector, holdTime=3600))
    raw = Recorder()
    client.addSessionListener(raw)
    reconnector.connect("demo", ORIGIN)
    simulator.faults.lose(class_="StructuredMessage")
    agent.say("lost")
    agent.say("held, because something earlier may come")
    raw.waitFor("structuredMessage")
    assert recorder.texts == []
    simulator.guest().reset()
    recorder.waitFor("structuredMessage", 2)
    assert recorder.texts == ["lost", "held, because something earlier may come"]
    reconnector.close()
    client.apiClient.close()


def test_a_doubled_frame_is_heard_once(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder, agent: Agent
) -> None:
    simulator.faults.duplicate(class_="StructuredMessage")
    agent.say("once")
    agent.say("end")
    recorder.waitForText("end")
    assert recorder.texts == ["once", "end"]


def test_what_was_said_before_the_first_connection_is_not_heard_but_known(
    simulator: Simulator, make: Maker, recorder: Recorder, agent: Agent, client: WebMessagingClient
) -> None:
    with WebMessagingClient(simulator.address) as other:
        other.connect("demo", ORIGIN)
        other.awaitResponse(other.configureSession("demo", ORIGIN))
        agent.say("yesterday")
        token = other.token
    reconnector = make()
    reconnector.connect("demo", ORIGIN, token=token)
    agent.say("today")
    recorder.waitForText("today")
    simulator.guest().reset()
    reconnector.awaitConnected(5, after=1)
    agent.say("end")
    recorder.waitForText("end")
    assert recorder.texts == ["today", "end"]


def test_a_message_lost_without_a_cut_is_heard_when_the_gap_is_filled(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder, agent: Agent
) -> None:
    simulator.faults.lose(class_="StructuredMessage")
    agent.say("lost")
    assert reconnector.fillGap() == 1
    assert reconnector.fillGap() == 0
    assert recorder.texts == ["lost"]


def test_a_history_that_cannot_be_read_now_is_read_another_time(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder, agent: Agent
) -> None:
    simulator.faults.rest(500, times=2, path="/api")
    simulator.guest().reset()
    agent.say("missed")
    reconnector.awaitConnected(5, after=1)
    for number in range(200):
        agent.say(str(number))
    recorder.waitForText("199")
    assert "missed" not in recorder.texts
    simulator.guest().reset()
    reconnector.awaitConnected(5, after=2)
    recorder.waitForText("missed")
    assert len(recorder.texts) == 201


def test_the_connection_is_cut_again_while_the_history_is_read(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder, agent: Agent
) -> None:
    stall = simulator.faults.stallRest(3600)
    simulator.guest().reset()
    agent.say("missed")
    until(lambda: stall.hits == 1)
    simulator.guest().reset()
    until(lambda: recorder.methods.count("webSocketError") == 2)
    simulator.clock.advance(3600)
    recorder.waitForText("missed")
    agent.say("end")
    recorder.waitForText("end")
    assert recorder.texts == ["missed", "end"]
    assert reconnector.state is ReconnectorState.CONNECTED


def test_a_server_that_is_away_for_a_while_is_waited_for(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder
) -> None:
    refusals = simulator.faults.refuseHandshake(503, times=3)
    simulator.faults.refuse("configureSession", 4029, "Too many requests")
    simulator.guest().close(1012)
    reconnector.awaitConnected(10, after=1)
    assert refusals.hits == 3
    assert recorder.waitFor("webSocketDisconnected") == (1012, "")


def test_it_gives_up_when_its_time_is_over_and_says_so_once(
    simulator: Simulator, make: Maker, recorder: Recorder
) -> None:
    given_up: list[WebMessagingException] = []
    reconnector = make(maxSeconds=0.3, onGivenUp=given_up.append)
    reconnector.connect("demo", ORIGIN)
    simulator.stop()
    began = time.monotonic()
    error = stopped(reconnector)
    assert time.monotonic() - began < 3
    assert isinstance(error, ConnectError)
    until(lambda: given_up == [error])
    with pytest.raises(ConnectError):
        reconnector.awaitConnected(1)


@pytest.mark.parametrize("code", [400, 403, 4007, 4017])
def test_a_refusal_that_would_come_again_is_the_end(
    simulator: Simulator, reconnector: Reconnector, client: WebMessagingClient, code: int
) -> None:
    simulator.faults.refuse("configureSession", code, "No", times=None)
    simulator.guest().reset()
    error = stopped(reconnector)
    assert isinstance(error, RequestError)
    assert error.code == code
    assert len(simulator.connections) == 2
    until(client.isInputClosed)


def test_a_handshake_that_is_forbidden_is_the_end(simulator: Simulator, reconnector: Reconnector) -> None:
    refusal = simulator.faults.refuseHandshake(403, times=None)
    simulator.guest().reset()
    error = stopped(reconnector)
    assert isinstance(error, ConnectError)
    assert (error.statusCode, refusal.hits) == (403, 1)


@pytest.mark.parametrize(
    "farewell",
    [
        frame("LogoutEvent", {}),
        frame("ConnectionClosedEvent", {"reason": "signedIn"}),
        frame("SessionClearedEvent", {}),
    ],
    ids=lambda one: one["class"],
)
def test_a_farewell_of_the_server_is_the_end(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder, farewell: dict[str, Any]
) -> None:
    guest = simulator.guest()
    guest.sendJson(farewell)
    stopped(reconnector)
    guest.reset()
    recorder.waitFor("webSocketError")
    assert reconnector.state is ReconnectorState.STOPPED
    assert len(simulator.connections) == 1


def test_an_end_that_was_asked_for_is_the_end(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder, client: WebMessagingClient
) -> None:
    client.disconnect()
    assert "1000" in str(stopped(reconnector))
    assert recorder.methods[-1] == "webSocketDisconnected"
    assert len(simulator.connections) == 1


def test_close_ends_a_repair_at_once(simulator: Simulator, make: Maker) -> None:
    reconnector = make(firstDelay=3600, maxDelay=3600)
    reconnector.connect("demo", ORIGIN)
    simulator.guest().reset()
    until(lambda: reconnector.state is ReconnectorState.REPAIRING)
    waiting = threading.Thread(target=reconnector.close)
    waiting.start()
    with pytest.raises(ConnectionClosedError):
        reconnector.awaitConnected(5)
    waiting.join(5)
    assert not waiting.is_alive()
    assert reconnector.error is None
    reconnector.close()


def test_after_the_end_it_may_be_connected_again(simulator: Simulator, reconnector: Reconnector) -> None:
    with pytest.raises(ConnectError, match="connected already"):
        reconnector.connect("demo", ORIGIN)
    reconnector.close()
    reconnector.connect("demo", ORIGIN)
    assert reconnector.state is ReconnectorState.CONNECTED


def test_the_first_connection_is_not_tried_again(simulator: Simulator, make: Maker, client: WebMessagingClient) -> None:
    reconnector = make()
    simulator.faults.refuse("configureSession", 5000)
    with pytest.raises(RequestError):
        reconnector.connect("demo", ORIGIN)
    assert reconnector.state is ReconnectorState.IDLE
    assert client.isInputClosed()
    refusal = simulator.faults.refuseHandshake(503)
    with pytest.raises(ConnectError):
        reconnector.connect("demo", ORIGIN)
    assert refusal.hits == 1


def test_with_no_time_to_fight_a_loss_is_the_end(simulator: Simulator, make: Maker) -> None:
    reconnector = make(maxSeconds=0)
    reconnector.connect("demo", ORIGIN)
    simulator.guest().reset()
    assert isinstance(stopped(reconnector), ConnectionClosedError)
    assert len(simulator.connections) == 1


def test_a_session_that_has_expired_is_the_end_unless_another_one_is_wanted(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder
) -> None:
    simulator.guest().sendJson(frame("SessionExpiredEvent", {}))
    error = stopped(reconnector)
    assert isinstance(error, RequestError)
    assert error.code == 4006
    recorder.waitFor("sessionExpiredEvent")


@pytest.mark.parametrize(("code", "name"), [(4006, "Session expired"), (4007, "Session not found")])
def test_an_error_that_tells_the_same_is_the_end_too(
    simulator: Simulator, reconnector: Reconnector, code: int, name: str
) -> None:
    simulator.guest().sendJson({"type": "response", "class": "string", "code": code, "body": name})
    error = stopped(reconnector)
    assert isinstance(error, RequestError)
    assert error.code == code


def test_what_is_said_in_a_new_session_counts_anew(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder, agent: Agent, client: WebMessagingClient
) -> None:
    agent.say("ok")
    recorder.waitForText("ok")
    assert client.token is not None
    client.awaitResponse(client.configureSession("demo", client.token, ORIGIN, True))
    simulator.faults.lose(class_="StructuredMessage")
    simulator.world.idsInHistory = False
    agent.say("ok")
    assert reconnector.fillGap() == 1
    assert recorder.texts == ["ok", "ok"]


def test_a_session_that_expired_during_the_outage_is_the_end(simulator: Simulator, reconnector: Reconnector) -> None:
    simulator.clock.advance(10 * 86_400)
    simulator.guest().reset()
    error = stopped(reconnector)
    assert isinstance(error, RequestError)
    assert error.code == 4006


def test_a_new_session_follows_on_the_same_connection_if_that_is_wanted(
    simulator: Simulator, make: Maker, recorder: Recorder, agent: Agent, client: WebMessagingClient
) -> None:
    reconnector = make(newSessionOnExpiry=True)
    reconnector.connect("demo", ORIGIN)
    agent.say("old")
    token = client.token
    simulator.clock.advance(10 * 86_400)
    simulator.guest().sendJson(frame("SessionExpiredEvent", {}))
    reconnector.awaitConnected(5, after=1)
    assert client.token == token
    assert len(simulator.connections) == 1
    agent.say("new")
    recorder.waitForText("new")
    assert recorder.texts == ["old", "new"]


def test_a_new_session_follows_after_an_outage_if_that_is_wanted(
    simulator: Simulator, make: Maker, recorder: Recorder, agent: Agent
) -> None:
    reconnector = make(newSessionOnExpiry=True)
    reconnector.connect("demo", ORIGIN)
    simulator.clock.advance(10 * 86_400)
    simulator.guest().reset()
    reconnector.awaitConnected(5, after=1)
    agent.say("new")
    recorder.waitForText("new")


def test_a_peer_that_is_dead_is_replaced_when_told(
    simulator: Simulator, reconnector: Reconnector, recorder: Recorder, agent: Agent
) -> None:
    agent.session  # noqa: B018 - it is there
    reconnector.reconnect()
    agent.say("missed or not")
    reconnector.awaitConnected(10, after=1)
    recorder.waitForText("missed or not")
    assert recorder.texts == ["missed or not"]


def test_guests_who_have_signed_in_are_configured_their_way_each_time(
    simulator: Simulator, make: Maker, client: WebMessagingClient
) -> None:
    from genesys_webmessaging.models import OAuthParams

    codes = iter(["code 1", "code 2"])
    for code in ("code 1", "code 2"):
        simulator.world.identities.register(code, "Ann", "Lee")
    reconnector = make()
    reconnector.connect(
        "demo",
        ORIGIN,
        configure=lambda token: client.configureAuthenticatedSession(
            "demo", token, ORIGIN, OAuthParams(code=next(codes))
        ),
    )
    simulator.guest().reset()
    reconnector.awaitConnected(5, after=1)
    assert len(simulator.received.of("configureAuthenticatedSession")) == 2


def test_waiting_for_a_connection_is_bounded(make: Maker) -> None:
    with pytest.raises(ResponseTimeoutError, match=r"0\.05 seconds"):
        make().awaitConnected(0.05)


def test_delays_are_random_between_a_limit_that_doubles_up_to_a_cap_and_half_of_it() -> None:
    assert [*_delays(Backoff(1, 5, random=lambda: 1.0))] == [1, 2, 4, 5, 5]
    assert [*_delays(Backoff(1, 5, random=lambda: 0.0))] == [0.5, 1, 2, 2.5, 2.5]


def _delays(backoff: Backoff) -> Iterator[float]:
    return (backoff.next() for _ in range(5))
