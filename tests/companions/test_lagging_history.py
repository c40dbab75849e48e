"""A history that is behind, fails, hangs or repeats itself: nothing is lost, nothing is heard or said twice.

The server is not the simulator, which could share a mistake with the companions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _lagging_service import LaggingService
from _listeners import Recorder, until

from genesys_webmessaging import ApiClient, ResponseTimeoutError, WebMessagingClient
from genesys_webmessaging.companions import Delivery, Reconnector, ReconnectorState
from genesys_webmessaging.models import StructuredMessage

ORIGIN = "https://shop.example"

Maker = Callable[..., Reconnector]


@pytest.fixture
def service() -> Iterator[LaggingService]:
    with LaggingService() as service:
        yield service


@pytest.fixture
def client(service: LaggingService) -> Iterator[WebMessagingClient]:
    with WebMessagingClient(service.address) as client:
        client.setApiClient(ApiClient(service.restAddress, historyCallsPerMinute=None))
        yield client
        service.stalled.set()
        client.apiClient.close()


@pytest.fixture
def make(client: WebMessagingClient, recorder: Recorder) -> Iterator[Maker]:
    made: list[Reconnector] = []

    def make(**settings: Any) -> Reconnector:
        settings = {"firstDelay": 0.01, "maxDelay": 0.05, "maxSeconds": 30, "answerTimeout": 3, **settings}
        reconnector = Reconnector(client, recorder, **settings)
        client.addSessionListener(reconnector)
        made.append(reconnector)
        reconnector.connect("demo", ORIGIN)
        return reconnector

    yield make
    for reconnector in made:
        reconnector.close()


def heard(recorder: Recorder) -> list[StructuredMessage]:
    return [args[0] for name, args in recorder.events if name == "structuredMessage"]


def cut_and_say(service: LaggingService, texts: list[str]) -> None:
    """Say something while nobody listens."""
    service.cut()
    until(lambda: not service.guests)
    for text in texts:
        service.say(text)


@pytest.mark.parametrize("lag", [0.0, 0.3, 1.5])
def test_what_the_history_shows_later_is_heard_all_the_same(
    service: LaggingService, make: Maker, recorder: Recorder, lag: float
) -> None:
    service.lag = lag
    reconnector = make(historyLag=lag + 0.5)
    cut_and_say(service, [f"missed {number}" for number in range(24)])
    reconnector.awaitConnected(5, after=1)
    recorder.waitFor("structuredMessage", 24, timeout=10)
    assert recorder.texts == [f"missed {number}" for number in range(24)]
    assert not any(message.late for message in heard(recorder))


def test_what_comes_live_waits_for_what_was_missed_before_it(
    service: LaggingService, make: Maker, recorder: Recorder
) -> None:
    service.lag = 0.3
    make(holdLive=5)
    cut_and_say(service, ["missed"])
    until(lambda: bool(service.guests))
    service.say("live")
    recorder.waitForText("live")
    assert recorder.texts == ["missed", "live"]
    assert not any(message.late for message in heard(recorder))


def test_what_comes_live_waits_no_longer_than_it_may_and_what_comes_then_is_late(
    service: LaggingService, make: Maker, recorder: Recorder
) -> None:
    service.failUntil = time.monotonic() + 3600
    make(holdLive=0.3)
    cut_and_say(service, ["missed"])
    until(lambda: bool(service.guests))
    began = time.monotonic()
    service.say("live")
    recorder.waitForText("live")
    assert 0.2 < time.monotonic() - began < 2
    service.failUntil = 0
    recorder.waitFor("structuredMessage", 2, timeout=10)
    assert [(message.text, message.late) for message in heard(recorder)] == [("live", False), ("missed", True)]
    assert "late" not in heard(recorder)[1].to_dict()


def test_the_history_is_read_until_it_shows_something_newer(
    service: LaggingService, make: Maker, recorder: Recorder
) -> None:
    reconnector = make(historyLag=3600)
    cut_and_say(service, ["missed"])
    reconnector.awaitConnected(5, after=1)
    service.say("newer")
    recorder.waitForText("newer")
    until(lambda: len(service.calls) >= 1)
    calls = len(service.calls)
    until(is_repaired, timeout=10)
    assert len(service.calls) <= calls + 1


def is_repaired() -> bool:
    """Whether nothing is done for a lost connection any more, nor will be."""
    return not any(f"genesys-webmessaging-{kind}" in threads() for kind in ("reconnector", "history", "scheduler"))


def threads() -> str:
    return " ".join(thread.name for thread in threading.enumerate())


def test_the_last_read_begins_after_the_history_must_have_caught_up(
    service: LaggingService, make: Maker, recorder: Recorder
) -> None:
    make(historyLag=0.6)
    before = time.monotonic()
    cut_and_say(service, [])
    until(lambda: bool(service.guests))
    resumed = time.monotonic()
    until(is_repaired, timeout=10)
    assert service.calls[-1] >= before + 0.6
    assert service.calls[-1] < resumed + 1.5
    calls = len(service.calls)
    assert calls == 2


def test_a_history_that_fails_is_read_again_until_it_works(
    service: LaggingService, make: Maker, recorder: Recorder
) -> None:
    reconnector = make(historyLag=0.1)
    service.failUntil = time.monotonic() + 2
    cut_and_say(service, [f"missed {number}" for number in range(12)])
    reconnector.awaitConnected(5, after=1)
    recorder.waitFor("structuredMessage", 12, timeout=15)
    assert recorder.texts == [f"missed {number}" for number in range(12)]


def test_an_entity_that_is_listed_twice_is_heard_once(service: LaggingService, make: Maker, recorder: Recorder) -> None:
    service.doubles = True
    reconnector = make(historyLag=0.1)
    cut_and_say(service, ["a", "b", "b2"])
    reconnector.awaitConnected(5, after=1)
    service.say("end")
    recorder.waitForText("end")
    until(is_repaired, timeout=10)
    assert recorder.texts == ["a", "b", "b2", "end"]


def test_pages_that_move_while_they_are_read_lose_and_double_nothing(
    service: LaggingService, make: Maker, recorder: Recorder
) -> None:
    reconnector = make(historyLag=0.1)
    cut_and_say(service, [f"missed {number}" for number in range(350)])

    def push(page: int) -> None:
        if page == 2:
            service.onPage = lambda number: None
            for number in range(100):
                service.say(f"pushed {number}")

    service.onPage = push
    reconnector.awaitConnected(5, after=1)
    recorder.waitFor("structuredMessage", 450, timeout=20)
    missed = [text for text in recorder.texts if text and text.startswith("missed")]
    assert missed == [f"missed {number}" for number in range(350)]
    assert sorted(text for text in recorder.texts if text and text.startswith("pushed")) == sorted(
        f"pushed {number}" for number in range(100)
    )


def test_a_second_cut_before_the_first_gap_is_closed_loses_nothing(
    service: LaggingService, make: Maker, recorder: Recorder
) -> None:
    service.lag = 0.8
    reconnector = make(historyLag=1.2)
    cut_and_say(service, ["first"])
    reconnector.awaitConnected(5, after=1)
    cut_and_say(service, ["second"])
    reconnector.awaitConnected(5, after=2)
    recorder.waitFor("structuredMessage", 2, timeout=10)
    assert recorder.texts == ["first", "second"]


def test_reads_for_several_cuts_are_merged(service: LaggingService, make: Maker, recorder: Recorder) -> None:
    reconnector = make(historyLag=1.5)
    for count in range(1, 7):
        cut_and_say(service, [f"missed {count}"])
        reconnector.awaitConnected(5, after=count)
    recorder.waitFor("structuredMessage", 6, timeout=10)
    until(is_repaired, timeout=10)
    assert recorder.texts == [f"missed {count}" for count in range(1, 7)]
    assert len(service.calls) <= 10, "three for each cut would be 18"


# Sending


@pytest.fixture
def delivery(client: WebMessagingClient, make: Maker) -> Iterator[Delivery]:
    reconnector = make(historyLag=1.0)
    delivery = Delivery(client, reconnector, echoTimeout=0.3, historyLag=1.0, timeout=20)
    yield delivery
    delivery.close()


def once(how: str) -> Callable[[dict[str, Any]], str]:
    """Does something with the first message, and takes all others."""
    left = [how]
    return lambda message: left.pop() if left else "take"


@pytest.mark.parametrize("stamped", [True, False], ids=["stamped", "not stamped"])
@pytest.mark.parametrize("how", ["mute", "cut after"])
def test_a_message_that_arrived_is_not_sent_twice_though_the_history_is_behind(
    service: LaggingService, delivery: Delivery, recorder: Recorder, how: str, stamped: bool
) -> None:
    service.lag = 0.5
    service.returnsStamp = stamped
    service.onMessage = once(how)
    assert delivery.send("yes").text == "yes"
    delivery.send("end")
    recorder.waitForText("end")
    assert service.texts("Inbound") == ["yes", "end"]
    assert recorder.texts == ["yes", "end"]


@pytest.mark.parametrize("how", ["lose", "cut before"])
def test_a_message_that_did_not_arrive_is_sent_again_when_that_is_certain(
    service: LaggingService, delivery: Delivery, how: str
) -> None:
    service.onMessage = once(how)
    began = time.monotonic()
    delivery.send("yes")
    assert time.monotonic() - began >= 0.9, "the history may have been behind for a second"
    assert service.texts("Inbound") == ["yes"]


def test_something_newer_in_the_history_makes_it_certain_sooner(
    service: LaggingService, client: WebMessagingClient, make: Maker
) -> None:
    reconnector = make(historyLag=3600)
    delivery = Delivery(client, reconnector, historyLag=3600, timeout=20)
    service.onMessage = once("cut before")
    future = delivery.submit("yes")
    reconnector.awaitConnected(5, after=1)
    until(lambda: bool(service.guests))
    service.say("newer")
    assert future.result(10).text == "yes"
    assert service.texts("Inbound") == ["yes"]
    delivery.close()


def test_in_doubt_it_is_said_that_it_may_have_arrived(service: LaggingService, delivery: Delivery) -> None:
    service.failUntil = time.monotonic() + 3600
    service.onMessage = once("mute")
    began = time.monotonic()
    with pytest.raises(ResponseTimeoutError, match="may have arrived"):
        delivery.send("yes", timeout=2)
    assert time.monotonic() - began < 3
    assert service.texts("Inbound") == ["yes"]


@pytest.mark.parametrize("trouble", ["history", "jwt"])
def test_a_call_takes_no_longer_than_its_time_whatever_hangs(
    service: LaggingService, delivery: Delivery, trouble: str
) -> None:
    if trouble == "history":
        service.stalled.clear()
    service.answersJwt = trouble != "jwt"
    service.onMessage = once("mute")
    began = time.monotonic()
    with pytest.raises(ResponseTimeoutError):
        delivery.send("yes", timeout=1.5)
    assert time.monotonic() - began < 2.5


def test_the_turn_of_another_message_is_included(service: LaggingService, delivery: Delivery) -> None:
    service.stalled.clear()
    service.onMessage = once("mute")
    first = delivery.submit("first", timeout=20)
    began = time.monotonic()
    with pytest.raises(ResponseTimeoutError, match="certainly not arrived"):
        delivery.send("second", timeout=0.5)
    assert time.monotonic() - began < 2
    service.stalled.set()
    assert first.result(10).text == "first"
    assert service.texts("Inbound") == ["first"]


def test_an_echo_that_comes_late_is_the_echo(service: LaggingService, delivery: Delivery) -> None:
    service.failUntil = time.monotonic() + 3600

    service.onMessage = once("late")
    assert delivery.send("yes", timeout=10).text == "yes"


def test_an_echo_without_a_tracing_id_ends_the_wait(
    service: LaggingService, client: WebMessagingClient, make: Maker
) -> None:
    delivery = Delivery(client, make(), timeout=20)
    service.onMessage = lambda message: "untraced"
    service.returnsStamp = False
    began = time.monotonic()
    for text in ("a", "a", "b"):
        assert delivery.send(text).text == text
    assert time.monotonic() - began < 2
    assert service.texts("Inbound") == ["a", "a", "b"]
    delivery.close()


@pytest.mark.parametrize("asked", [0, -3, "soon"])
def test_a_server_that_wants_fewer_messages_is_left_alone_for_a_second_at_least(
    service: LaggingService, delivery: Delivery, asked: Any
) -> None:
    refused: list[float] = []

    def refuse(message: dict[str, Any]) -> Any:
        if len(refused) == 2:
            return "take"
        refused.append(time.monotonic())
        return "TooManyRequestsErrorMessage", {"retryAfter": asked, "errorCode": 4029, "errorMessage": "slow"}, 429

    service.onMessage = refuse
    began = time.monotonic()
    delivery.send("yes")
    assert time.monotonic() - began >= 2.9, "a second, and then two"
    assert len(service.requests) == 4


# Storms


def test_a_server_that_ends_each_connection_at_once_is_not_stormed(
    service: LaggingService, client: WebMessagingClient
) -> None:
    service.onConnection = lambda guest: threading.Timer(0.2, guest.cut).start()
    reconnector = Reconnector(client, random=lambda: 0.0)
    client.addSessionListener(reconnector)
    reconnector.connect("demo", ORIGIN)
    began = service.connections[0]
    until(lambda: time.monotonic() - began > 4.5, timeout=6)
    assert len(service.connections) <= 5, "0.45 s, 1.15 s, 2.35 s and 4.55 s after the first one at the earliest"
    assert reconnector.state is not ReconnectorState.STOPPED
    reconnector.close()


def test_a_connection_that_has_lasted_is_a_success(service: LaggingService, make: Maker) -> None:
    reconnector = make(firstDelay=0.05, maxDelay=3600, maxSeconds=4)
    for count in range(1, 9):
        lived = time.monotonic()
        until(lambda since=lived: time.monotonic() - since > 0.6)
        service.cut()
        reconnector.awaitConnected(2, after=count)
    assert reconnector.state is ReconnectorState.CONNECTED


def test_connections_that_do_not_last_are_given_up_in_time(service: LaggingService, make: Maker) -> None:
    reconnector = make(firstDelay=0.4, maxDelay=0.4, maxSeconds=1.5)
    began = time.monotonic()
    while reconnector.state is not ReconnectorState.STOPPED:
        assert time.monotonic() - began < 10
        service.cut()
        until(lambda: bool(service.guests) or reconnector.state is ReconnectorState.STOPPED)
    assert time.monotonic() - began < 5
