"""Messages that arrive once, in order, whatever happens to the connection."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest
from _listeners import Recorder, until

from genesys_webmessaging import (
    ConnectionClosedError,
    RequestError,
    ResponseTimeoutError,
    SessionListener,
    WebMessagingClient,
)
from genesys_webmessaging.companions import Delivery, Reconnector, textMessage
from genesys_webmessaging.models import Direction, StructuredMessage
from genesys_webmessaging.simulator import Deployment, Limits, RateLimit, Simulator

ORIGIN = "https://shop.example"


@pytest.fixture
def delivery(client: WebMessagingClient) -> Iterator[Delivery]:
    """A Delivery on a bare client, which is connected and configured."""
    client.connect("demo", ORIGIN)
    client.awaitResponse(client.configureSession("demo", ORIGIN))
    delivery = Delivery(client, echoTimeout=0.2, historyLag=0.3, timeout=20)
    client.addSessionListener(delivery)
    yield delivery
    delivery.close()
    client.apiClient.close()


@pytest.fixture
def reconnector(client: WebMessagingClient, recorder: Recorder) -> Iterator[Reconnector]:
    reconnector = Reconnector(client, recorder, firstDelay=0.01, maxDelay=0.05, maxSeconds=20, historyLag=0.3)
    client.addSessionListener(reconnector)
    reconnector.connect("demo", ORIGIN)
    yield reconnector
    reconnector.close()
    client.apiClient.close()


@pytest.fixture
def sure(client: WebMessagingClient, reconnector: Reconnector) -> Iterator[Delivery]:
    """A Delivery with a Reconnector."""
    delivery = Delivery(client, reconnector, echoTimeout=0.2, historyLag=0.3, timeout=20)
    yield delivery
    delivery.close()


def said(simulator: Simulator) -> list[str]:
    return simulator.sessions[0].conversation.texts


def test_a_message_is_done_when_its_echo_has_come(simulator: Simulator, delivery: Delivery) -> None:
    echo = delivery.send("Hello", {"plan": "gold"})
    assert (echo.text, echo.direction) == ("Hello", Direction.INBOUND)
    message = simulator.sessions[0].conversation.messages[0]
    assert message.id == echo.id
    assert message.customAttributes == {"plan": "gold"}
    request = simulator.received.of("onMessage")[0]
    assert request["message"]["metadata"]["customMessageId"] == request["tracingId"] == echo.tracingId


def test_the_request_that_was_given_is_left_as_it_is(delivery: Delivery) -> None:
    request = textMessage("Hello")
    request.tracingId = "mine"
    assert delivery.send(request).tracingId == "mine"
    assert request.message is not None
    assert request.message.metadata is None
    assert request.token is None


def test_messages_of_several_threads_go_one_after_the_other(simulator: Simulator, delivery: Delivery) -> None:
    simulator.faults.delay(0.05, class_="StructuredMessage")
    futures = [delivery.submit(str(number)) for number in range(20)]
    assert delivery.pending >= 17
    assert [future.result(10).text for future in futures] == said(simulator) == [str(number) for number in range(20)]


def test_what_is_too_much_is_said_when_the_server_wants_it() -> None:
    limited = Deployment(limits=Limits(messages=RateLimit(1, 0.5)))
    with Simulator(deployments=[limited], bot=False) as simulator, WebMessagingClient(simulator.address) as client:
        client.connect("demo", ORIGIN)
        client.awaitResponse(client.configureSession("demo", ORIGIN))
        delivery = Delivery(client)
        began = time.monotonic()
        for text in ("a", "b"):
            delivery.send(text)
        assert time.monotonic() - began >= 0.9, "retryAfter was a second"
        assert said(simulator) == ["a", "b"]
        assert len(simulator.received.of("onMessage")) == 3
        delivery.close()


def test_a_lost_echo_is_made_up_for_by_the_history(simulator: Simulator, delivery: Delivery) -> None:
    simulator.faults.loseEcho()
    echo = delivery.send("Hello")
    message = simulator.sessions[0].conversation.messages[0]
    assert (echo.id, echo.text, echo.direction) == (message.id, "Hello", Direction.INBOUND)
    assert echo.channel is not None
    assert echo.channel.time is not None
    assert len(simulator.received.of("onMessage")) == 1


def test_an_echo_without_a_tracing_id_is_known_by_its_stamp(simulator: Simulator, delivery: Delivery) -> None:
    simulator.faults.loseTracingId(class_="StructuredMessage")
    delivery.send("Hello")
    assert len(simulator.received.of("onMessage")) == 1
    assert simulator.requests.items() == []


def test_a_message_that_never_arrived_is_sent_again_with_its_tracing_id(
    simulator: Simulator, delivery: Delivery
) -> None:
    simulator.faults.lose(action="onMessage")
    delivery.send("Hello")
    first, second = simulator.received.of("onMessage")
    assert first == second
    assert said(simulator) == ["Hello"]


def test_it_is_not_sent_again_as_long_as_the_history_cannot_tell(simulator: Simulator, delivery: Delivery) -> None:
    simulator.faults.loseEcho()
    simulator.faults.rest(503, times=2)
    delivery.send("Hello")
    assert said(simulator) == ["Hello"]


def test_without_stamps_the_same_text_said_before_is_not_taken_for_it() -> None:
    with (
        Simulator(bot=False, idsInHistory=False, returnsCustomMessageId=False) as simulator,
        WebMessagingClient(simulator.address) as client,
    ):
        client.connect("demo", ORIGIN)
        client.awaitResponse(client.configureSession("demo", ORIGIN))
        client.awaitResponse(client.sendMessage("yes"))
        token = client.token
        assert token is not None
        client.disconnect()
        client.connect("demo", ORIGIN)
        client.awaitResponse(client.configureSession("demo", token, ORIGIN))
        delivery = Delivery(client, echoTimeout=0.1, historyLag=0.1)
        client.addSessionListener(delivery)
        simulator.faults.lose(action="onMessage")
        delivery.send("yes")
        simulator.faults.loseEcho()
        delivery.send("yes")
        assert said(simulator) == ["yes"] * 3
        assert len(simulator.received.of("onMessage")) == 4
        delivery.close()
        client.apiClient.close()


def test_a_refusal_is_raised(simulator: Simulator, delivery: Delivery) -> None:
    simulator.faults.refuse("onMessage", 4011, "Message too long")
    with pytest.raises(RequestError, match="too long") as caught:
        delivery.send("Hello")
    assert caught.value.code == 4011
    assert delivery.send("Hello again").text == "Hello again"


def test_it_gives_up_in_time(simulator: Simulator, delivery: Delivery) -> None:
    simulator.faults.lose(action="onMessage", times=None)
    with pytest.raises(ResponseTimeoutError, match="not certainly arrived"):
        delivery.send("Hello", timeout=0.5)


def test_a_bare_client_that_somebody_else_reconnects_will_do(
    simulator: Simulator, client: WebMessagingClient, delivery: Delivery
) -> None:
    token = client.token
    assert token is not None

    class Again(SessionListener):
        def webSocketError(self, reason: str) -> None:
            client.connect("demo", ORIGIN)
            client.configureSession("demo", token, ORIGIN)

    client.addSessionListener(Again())
    simulator.faults.drop("reset", class_="StructuredMessage")
    delivery.send("Hello")
    assert said(simulator) == ["Hello"]
    assert len(simulator.connections) == 2


@pytest.mark.parametrize("arrived", [True, False], ids=["arrived", "lost"])
def test_across_a_lost_connection_it_arrives_once_and_is_heard_once(
    simulator: Simulator, sure: Delivery, recorder: Recorder, arrived: bool
) -> None:
    if arrived:
        simulator.faults.drop("reset", class_="StructuredMessage")
    else:
        simulator.faults.drop("fin", action="onMessage")
    sure.send("one")
    sure.send("two")
    recorder.waitForText("two")
    assert said(simulator) == recorder.texts == ["one", "two"]


def test_what_the_history_told_is_heard_by_the_listeners(
    simulator: Simulator, sure: Delivery, recorder: Recorder
) -> None:
    simulator.faults.loseEcho()
    sure.send("Hello")
    recorder.waitForText("Hello")
    assert len(simulator.connections) == 1


def test_what_is_said_during_an_outage_waits_for_its_end(simulator: Simulator, sure: Delivery) -> None:
    outage = simulator.faults.refuseHandshake(503, times=4)
    simulator.guest().reset()
    futures = [sure.submit(str(number)) for number in range(3)]
    for future in futures:
        future.result(10)
    assert outage.hits == 4
    assert said(simulator) == ["0", "1", "2"]


def test_when_the_reconnector_gives_up_the_reason_is_raised(
    simulator: Simulator, sure: Delivery, client: WebMessagingClient
) -> None:
    simulator.faults.refuse("configureSession", 4017, "Cannot downgrade", times=None)
    simulator.guest().reset()
    until(client.isInputClosed)
    with pytest.raises(RequestError, match="downgrade"):
        sure.send("Hello")


def test_where_a_new_session_follows_it_gets_what_the_old_one_refused(
    simulator: Simulator, client: WebMessagingClient, recorder: Recorder
) -> None:
    reconnector = Reconnector(client, recorder, firstDelay=0.01, newSessionOnExpiry=True)
    client.addSessionListener(reconnector)
    reconnector.connect("demo", ORIGIN)
    delivery = Delivery(client, reconnector)
    simulator.clock.advance(10 * 86_400)
    delivery.send("Hello")
    assert said(simulator) == ["Hello"]
    assert len(simulator.connections) == 1
    delivery.close()
    reconnector.close()
    client.apiClient.close()


def test_close_fails_what_is_on_its_way_and_what_comes_later(simulator: Simulator, delivery: Delivery) -> None:
    simulator.faults.loseEcho(times=None)
    simulator.faults.rest(503, times=None)
    first, second = delivery.submit("a"), delivery.submit("b")
    until(lambda: delivery.pending == 1)
    delivery.close()
    for future in (first, second):
        with pytest.raises(ConnectionClosedError):
            future.result(5)
    with pytest.raises(ConnectionClosedError):
        delivery.submit("c")


def test_what_has_not_had_its_turn_can_be_cancelled(simulator: Simulator, delivery: Delivery) -> None:
    simulator.faults.lose(action="onMessage")
    first, second = delivery.submit("a"), delivery.submit("b")
    assert second.cancel()
    first.result(5)
    with pytest.raises(CancelledError):
        second.result(5)
    delivery.send("c")
    assert said(simulator) == ["a", "c"]


def test_a_listener_may_submit(simulator: Simulator, client: WebMessagingClient, delivery: Delivery) -> None:
    class Parrot(SessionListener):
        def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
            if structuredMessage.direction == Direction.OUTBOUND:
                delivery.submit(f"you said {structuredMessage.text}")

    client.addSessionListener(Parrot())
    with simulator.agent() as agent:
        agent.say("hi")
        agent.received("you said hi")


def test_a_message_with_nobody_in_front_of_it_is_sent_by_its_caller(simulator: Simulator, delivery: Delivery) -> None:
    simulator.faults.loseEcho(times=None)
    simulator.faults.rest(503, times=None)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(delivery.send, "a")
        until(lambda: said(simulator) == ["a"])
        assert not any("delivery" in thread.name for thread in threading.enumerate())
        second = delivery.submit("b")
        delivery.close()
        for future in (first, second):
            with pytest.raises(ConnectionClosedError, match="the Delivery was closed"):
                future.result(5)


def test_without_a_connection_in_time_it_is_said_whether_the_message_may_have_arrived(
    simulator: Simulator, sure: Delivery, client: WebMessagingClient
) -> None:
    simulator.faults.refuseHandshake(503, times=None)
    simulator.guest().reset()
    until(client.isInputClosed)
    with pytest.raises(ResponseTimeoutError, match="has certainly not arrived"):
        sure.send("Hello", timeout=0.3)


def test_no_thread_is_left_when_there_is_nothing_to_send(delivery: Delivery) -> None:
    delivery.send("Hello")
    until(lambda: not any("delivery" in thread.name for thread in threading.enumerate()))


def test_arguments_that_cannot_be_right_are_refused(delivery: Delivery) -> None:
    with pytest.raises(ValueError, match="empty"):
        delivery.send("")
    with pytest.raises(TypeError, match="message must be a str"):
        delivery.send(7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="part of the request"):
        delivery.send(textMessage("a"), {"b": "c"})


def test_a_message_in_the_queue_has_one_future(client: WebMessagingClient) -> None:
    """Its sender and the thread that delivers it each made one of their own, now and then, since Python 3.12."""
    delivery = Delivery(client)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        futures = [delivery.submit("x", timeout=0) for _ in range(500)]
        assert all(isinstance(future.exception(5), ResponseTimeoutError) for future in futures)
    finally:
        sys.setswitchinterval(interval)
        delivery.close()


def test_a_thread_that_the_system_refuses_keeps_no_later_message_back(
    client: WebMessagingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = Delivery(client)
    with monkeypatch.context() as patch:
        patch.setattr(
            threading.Thread, "start", lambda _: (_ for _ in ()).throw(RuntimeError("can't start new thread"))
        )
        with pytest.raises(RuntimeError):
            delivery.submit("x", timeout=0)
    assert delivery.pending == 0
    assert isinstance(delivery.submit("y", timeout=0).exception(5), ResponseTimeoutError)
    delivery.close()


def test_a_message_without_time_does_not_pass_for_what_was_said_before(
    client: WebMessagingClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.connect("demo", ORIGIN)
    client.awaitResponse(client.configureSession("demo", ORIGIN))
    client.disconnect()
    client.connect("demo", ORIGIN)
    token = client.token
    assert token is not None
    client.awaitResponse(client.configureSession("demo", token, ORIGIN))
    delivery = Delivery(client, timeout=5)
    client.addSessionListener(delivery)
    with pytest.raises(ResponseTimeoutError, match="has certainly not arrived"):
        delivery.send("Hello", timeout=0)
    assert delivery._reader.last_began == -math.inf
    assert delivery._reader._thread is None
    assert "what was said before" not in caplog.text
    delivery.send("Hello")
    assert delivery._reader.last_began > -math.inf
    delivery.close()
    client.apiClient.close()
