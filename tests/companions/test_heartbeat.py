"""A connection that is known to be alive."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from _listeners import Recorder, until
from _raw_peer import RawPeer, Wire, text

from genesys_webmessaging import RequestError, ResponseTimeoutError, WebMessagingClient
from genesys_webmessaging.companions import Heartbeat, Reconnector, Transcript
from genesys_webmessaging.models import (
    IncomingNormalizedMessage,
    NormalizedType,
    SendEchoRequest,
    SendMessageRequest,
    SessionResponse,
)
from genesys_webmessaging.simulator import Deployment, Simulator

ORIGIN = "https://shop.example"


def configured(client: WebMessagingClient) -> None:
    client.connect("demo", ORIGIN)
    client.awaitResponse(client.configureSession("demo", ORIGIN))


def beating() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("genesys-webmessaging-scheduler")]


@pytest.fixture
def heartbeat(client: WebMessagingClient) -> Iterator[Heartbeat]:
    heartbeat = Heartbeat(client, interval=0.02, patience=2)
    client.addSessionListener(heartbeat)
    yield heartbeat
    heartbeat.stop()


def test_it_beats_from_the_session_to_the_end_of_the_connection(
    simulator: Simulator, client: WebMessagingClient, heartbeat: Heartbeat
) -> None:
    assert beating() == []
    configured(client)
    until(lambda: heartbeat.beats >= 3)
    echoes = simulator.received.of("echo")
    assert all(re.fullmatch(r"68656172-7462-4\w{3}-\w{4}-\w{12}", echo["tracingId"]) for echo in echoes)
    client.disconnect()
    until(lambda: beating() == [])
    configured(client)
    seen = heartbeat.beats
    until(lambda: heartbeat.beats > seen)


def test_it_beats_no_more_often_than_it_should(simulator: Simulator, client: WebMessagingClient) -> None:
    heartbeat = Heartbeat(client, interval=3600)
    client.addSessionListener(heartbeat)
    configured(client)
    client.awaitResponse(client.ping())
    assert len(simulator.received.of("echo")) == 1
    heartbeat.stop()
    until(lambda: beating() == [])


def test_a_dead_peer_is_found(simulator: Simulator, client: WebMessagingClient) -> None:
    found = threading.Event()
    client.addSessionListener(Heartbeat(client, interval=0.02, patience=0.1, onDeadPeer=found.set))
    configured(client)
    simulator.faults.lose(action="echo", times=None)
    assert found.wait(5)
    until(lambda: beating() == [])


def test_a_dead_peer_is_disconnected_from_if_nobody_says_otherwise(
    simulator: Simulator, client: WebMessagingClient, recorder: Recorder
) -> None:
    client.addSessionListener(Heartbeat(client, interval=0.02, patience=0.1))
    client.addSessionListener(recorder)
    configured(client)
    simulator.faults.lose(action="echo", times=None)
    recorder.waitFor("webSocketDisconnected")


def test_a_peer_that_takes_nothing_any_more_is_dead() -> None:
    found, over = threading.Event(), threading.Event()

    def opens_a_session_and_reads_no_more(wire: Wire) -> None:
        wire.accept()
        tracing_id = json.loads(wire.read_text())["tracingId"]
        response = {"type": "response", "class": "SessionResponse", "code": 200, "body": {"connected": True}}
        wire.send(text(json.dumps({**response, "tracingId": tracing_id})))
        over.wait(20)
        wire.reset()

    with RawPeer(opens_a_session_and_reads_no_more) as peer:
        client = WebMessagingClient(peer.url)
        configured(client)
        message = IncomingNormalizedMessage(type=NormalizedType.TEXT, text="x" * 4000)
        refused = 0
        while refused < 5:  # the buffers are full: the system takes in none of what it was given
            try:
                client.send(SendMessageRequest(message=message), timeout=0)
                refused = 0
            except ResponseTimeoutError:
                refused += 1
                threading.Event().wait(0.02)
        heartbeat = Heartbeat(client, interval=0.02, patience=0.3, onDeadPeer=found.set)
        heartbeat.sessionResponse(SessionResponse(connected=True), "")
        was_found = found.wait(5)
        over.set()
        client.waitUntilDisconnected(5)
        heartbeat.stop()
    assert was_found


def test_a_silent_connection_is_replaced_with_a_reconnector(
    simulator: Simulator, client: WebMessagingClient, recorder: Recorder
) -> None:
    reconnector = Reconnector(client, recorder, firstDelay=0.01)
    client.addSessionListener(reconnector)
    client.addSessionListener(Heartbeat(client, interval=0.05, patience=0.2, onDeadPeer=reconnector.reconnect))
    reconnector.connect("demo", ORIGIN)
    with simulator.agent() as agent:
        simulator.guest().silence()
        agent.say("said to a dead connection")
        # The client gives a peer five seconds to answer its close.
        recorder.waitFor("structuredMessage", timeout=15)
        agent.say("end")
        recorder.waitForText("end")
    assert [text for text in recorder.texts if text != "ping"] == ["said to a dead connection", "end"]
    reconnector.close()
    client.apiClient.close()


def test_a_peer_that_says_anything_is_alive(simulator: Simulator, client: WebMessagingClient) -> None:
    dead = threading.Event()
    heartbeat = Heartbeat(client, interval=0.02, patience=0.3, onDeadPeer=dead.set)
    client.addSessionListener(heartbeat)
    configured(client)
    lost = simulator.faults.lose(class_="StructuredMessage", direction="Inbound", times=3)
    seen = heartbeat.beats
    deadline = time.monotonic() + 10
    with simulator.agent() as agent:
        while (lost.hits < 3 or heartbeat.beats == seen) and time.monotonic() < deadline:
            agent.say("still here")
            threading.Event().wait(0.02)
    assert heartbeat.beats > seen
    assert not dead.is_set()


def test_an_echo_that_is_refused_shows_that_the_peer_lives(simulator: Simulator, client: WebMessagingClient) -> None:
    dead = threading.Event()
    heartbeat = Heartbeat(client, interval=0.02, patience=2, onDeadPeer=dead.set)
    client.addSessionListener(heartbeat)
    configured(client)
    refusal = simulator.faults.refuse("echo", 4029, times=2)
    until(lambda: heartbeat.beats >= 2)
    assert refusal.hits == 2
    assert not dead.is_set()


def test_the_expiry_of_the_session_is_known_and_told_in_advance() -> None:
    warnings: list[float] = []
    with (
        Simulator(deployments=[Deployment(sessionSeconds=30)], bot=False) as simulator,
        WebMessagingClient(simulator.address) as client,
    ):
        heartbeat = Heartbeat(client, interval=3600, warnBefore=60, onExpiring=warnings.append)
        assert heartbeat.expiresAt is None
        client.addSessionListener(heartbeat)
        configured(client)
        until(lambda: len(warnings) == 1)
        assert 20 < warnings[0] <= 30
        assert heartbeat.expiresAt is not None
        assert 20 < (heartbeat.expiresAt - datetime.now(timezone.utc)).total_seconds() <= 30
        before = heartbeat.expiresAt
        simulator.clock.advance(5)
        client.awaitResponse(client.ping())  # its echo tells the new time
        until(lambda: len(warnings) == 2)
        assert heartbeat.expiresAt > before


def test_a_callback_that_raises_is_logged(
    simulator: Simulator, client: WebMessagingClient, caplog: pytest.LogCaptureFixture
) -> None:
    def raising() -> None:
        raise ArithmeticError

    client.addSessionListener(Heartbeat(client, interval=0.02, patience=0.1, onDeadPeer=raising))
    configured(client)
    simulator.faults.lose(action="echo", times=None)
    until(lambda: "callback of the heartbeat raised" in caplog.text)


def test_a_client_with_a_send_of_its_own_has_a_heartbeat_too(simulator: Simulator) -> None:
    class Older(WebMessagingClient):
        def send(self, request: Any, *, tracingId: str | None = None) -> str:  # type: ignore[override]
            """As 1.0.0 declared it."""
            return super().send(request, tracingId=tracingId)

    with Older(simulator.address) as client:
        heartbeat = Heartbeat(client, interval=0.02, patience=2)
        client.addSessionListener(heartbeat)
        configured(client)
        until(lambda: heartbeat.beats >= 2)


def test_it_goes_on_after_what_nobody_foresaw(
    simulator: Simulator,
    heartbeat: Heartbeat,
    client: WebMessagingClient,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = client._engine.send
    failures = [ArithmeticError(), ArithmeticError()]

    def failing_send(request: Any, *args: Any) -> str:
        if isinstance(request, SendEchoRequest) and failures:
            raise failures.pop()
        return send(request, *args)

    monkeypatch.setattr(client._engine, "send", failing_send)
    configured(client)
    until(lambda: heartbeat.beats >= 2)
    assert failures == []
    assert caplog.text.count("a heartbeat failed in a way that was not foreseen") == 2


def test_a_peer_is_dead_once_and_not_after_it_was_stopped(
    simulator: Simulator, client: WebMessagingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = threading.Event()
    heartbeat = Heartbeat(client, interval=0.02, patience=0.1, onDeadPeer=dead.set)
    client.addSessionListener(heartbeat)
    looked = threading.Event()

    def stopped_meanwhile(*args: Any) -> Any:
        heartbeat.stop()
        looked.set()
        raise ResponseTimeoutError("no answer")

    configured(client)
    simulator.faults.lose(action="echo", times=None)
    monkeypatch.setattr(client, "awaitResponse", stopped_meanwhile)
    assert looked.wait(5)
    until(lambda: beating() == [])
    assert not dead.wait(0.1)


def test_an_error_without_a_tracing_id_is_not_the_answer_to_an_echo_that_was_lost(
    simulator: Simulator, client: WebMessagingClient
) -> None:
    heartbeat = Heartbeat(client, interval=0.3, patience=0.1, onDeadPeer=lambda: None)
    client.addSessionListener(heartbeat)
    lost = simulator.faults.lose(class_="StructuredMessage", direction="Inbound")
    configured(client)
    with simulator.agent() as agent:
        until(lambda: len(simulator.received.of("echo")) == 1)
        until(lambda: lost.hits == 1)
        agent.say("still here")
        until(lambda: heartbeat._awaited is None)
    heartbeat.stop()
    simulator.faults.loseTracingId(times=None)
    simulator.faults.refuse("getJwt", 4001)
    with pytest.raises(RequestError):
        client.awaitResponse(client.getJwt(), 5)


def test_echoes_are_no_part_of_a_transcript(client: WebMessagingClient, heartbeat: Heartbeat) -> None:
    transcript = Transcript()
    client.addSessionListener(transcript)
    configured(client)
    until(lambda: heartbeat.beats >= 2)
    assert transcript.entries == []


@pytest.mark.parametrize("wrong", [{"interval": 0}, {"patience": -1}, {"warnBefore": float("inf")}])
def test_seconds_that_cannot_be_right_are_refused(client: WebMessagingClient, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Heartbeat(client, **wrong)


@pytest.mark.parametrize("told", ["nan", float("nan"), float("inf"), 10**400, "soon", [1], -1e300])
def test_an_expiry_that_is_not_a_time_is_ignored(told: Any) -> None:
    warnings: list[float] = []
    with WebMessagingClient("wss://webmessaging.example/v1") as client:
        heartbeat = Heartbeat(client, interval=3600, onExpiring=warnings.append)
        heartbeat.sessionResponse(SessionResponse(connected=True, expirationDate=told), "")
        before = time.process_time()
        threading.Event().wait(0.2)
        assert (heartbeat.expiresAt, warnings, len(beating())) == (None, [], 1)
        assert time.process_time() - before < 0.1, "it spins"
        heartbeat.stop()


def test_an_expiry_in_milliseconds_is_a_time_too() -> None:
    with WebMessagingClient("wss://webmessaging.example/v1") as client:
        heartbeat = Heartbeat(client)
        heartbeat.sessionResponse(SessionResponse(connected=False, expirationDate=1_893_456_000_000), "")
        assert heartbeat.expiresAt == datetime(2030, 1, 1, tzinfo=timezone.utc)
