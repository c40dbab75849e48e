"""Messages in the order in which they were meant."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from _listeners import Recorder, until

from genesys_webmessaging import SessionListener, WebMessagingClient
from genesys_webmessaging.companions import Reorder
from genesys_webmessaging.models import JwtResponse, StructuredMessage
from genesys_webmessaging.simulator import Simulator

ORIGIN = "https://shop.example"
HOLD = 0.08
LONG = 3600.0


def message(text: str, second: int | None = None, **fields: Any) -> tuple[StructuredMessage, str]:
    document: dict[str, Any] = {"direction": "Outbound", "text": text, **fields}
    if second is not None:
        document["channel"] = {"time": f"2030-01-01T10:00:{second:02}.000Z"}
    return StructuredMessage.from_dict(document), f"raw {text}"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_messages_are_put_in_the_order_of_their_time_with_their_raw_text(recorder: Recorder) -> None:
    reorder = Reorder(recorder, holdTime=HOLD)
    for number in (3, 1, 2):
        reorder.structuredMessage(*message(str(number), number))
    recorder.waitFor("structuredMessage", 3)
    assert [(args[0].text, args[1]) for _, args in recorder.events] == [("1", "raw 1"), ("2", "raw 2"), ("3", "raw 3")]


def test_a_message_waits_for_the_hold_time_and_then_goes_with_all_before_it(recorder: Recorder) -> None:
    clock = Clock()
    reorder = Reorder(recorder, holdTime=10, clock=clock)
    reorder.structuredMessage(*message("b", 2))
    clock.now = 5
    reorder.structuredMessage(*message("d", 4))
    reorder.structuredMessage(*message("a", 1))
    clock.now = 9
    reorder.structuredMessage(*message("e", 5))
    assert recorder.texts == []
    clock.now = 10
    reorder.structuredMessage(*message("c", 3))
    assert recorder.texts == ["a", "b"]
    clock.now = 15
    reorder.structuredMessage(*message("f", 6))
    assert recorder.texts == ["a", "b", "c", "d"]
    reorder.webSocketError("end")


def test_what_comes_too_late_goes_at_once(recorder: Recorder) -> None:
    clock = Clock()
    reorder = Reorder(recorder, holdTime=10, clock=clock)
    reorder.structuredMessage(*message("b", 2))
    clock.now = 10
    reorder.structuredMessage(*message("c", 3))
    reorder.structuredMessage(*message("a", 1))
    assert recorder.texts == ["b", "a"]
    reorder.webSocketError("end")


def test_everything_else_keeps_its_place_behind_the_messages_before_it(recorder: Recorder) -> None:
    reorder = Reorder(recorder, holdTime=HOLD)
    reorder.jwtResponse(JwtResponse(), "")
    assert recorder.methods == ["jwtResponse"]
    reorder.structuredMessage(*message("b", 2))
    reorder.jwtResponse(JwtResponse(), "")
    reorder.structuredMessage(*message("no time"))
    reorder.structuredMessage(*message("a", 1))
    recorder.waitFor("structuredMessage", 3)
    assert recorder.methods == ["jwtResponse", *["structuredMessage"] * 2, "jwtResponse", "structuredMessage"]
    assert recorder.texts == ["a", "b", "no time"]


def test_a_message_without_a_time_does_not_wait_for_nothing(recorder: Recorder) -> None:
    Reorder(recorder, holdTime=LONG).structuredMessage(*message("at once"))
    assert recorder.texts == ["at once"]


@pytest.mark.parametrize(("method", "args"), [("webSocketDisconnected", (1006, "")), ("webSocketError", ("reset",))])
def test_the_end_of_the_connection_lets_everything_go(recorder: Recorder, method: str, args: tuple[Any, ...]) -> None:
    reorder = Reorder(recorder, holdTime=LONG)
    reorder.structuredMessage(*message("b", 2))
    reorder.structuredMessage(*message("a", 1))
    getattr(reorder, method)(*args)
    assert recorder.texts == ["a", "b"]
    assert recorder.events[-1] == (method, args)


def test_a_listener_is_called_by_one_thread_at_a_time_and_without_a_lock(recorder: Recorder) -> None:
    inside = threading.Semaphore(1)
    overlaps: list[str] = []

    class Slow(Recorder):
        def structuredMessage(self, *args: Any) -> None:
            if not inside.acquire(blocking=False):
                overlaps.append(args[0].text)
                return
            # Would wait for ever if a lock were held in here.
            other = threading.Thread(target=lambda: reorder.structuredMessage(*message("from inside", 9)))
            if args[0].text == "0":
                other.start()
                other.join(5)
                assert not other.is_alive()
            threading.Event().wait(0.005)
            self.record("structuredMessage", *args)
            inside.release()

    slow = Slow()
    reorder = Reorder(slow, holdTime=0.01)
    for number in range(8):
        reorder.structuredMessage(*message(str(number), number))
        threading.Event().wait(0.003)
    slow.waitFor("structuredMessage", 9)
    assert overlaps == []
    assert [text for text in slow.texts if text != "from inside"] == [str(number) for number in range(8)]


def test_a_listener_that_raises_does_not_stop_the_others(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    class Thrower(Recorder):
        def structuredMessage(self, *args: Any) -> None:
            raise ArithmeticError

    reorder = Reorder(Thrower(), recorder, holdTime=0)
    reorder.structuredMessage(*message("a", 1))
    recorder.waitForText("a")
    assert "Thrower raised in structuredMessage" in caplog.text


def test_what_the_server_swaps_is_heard_in_order(
    simulator: Simulator, client: WebMessagingClient, recorder: Recorder
) -> None:
    client.addSessionListener(Reorder(recorder, holdTime=0.3))
    client.connect("demo", ORIGIN)
    client.awaitResponse(client.configureSession("demo", ORIGIN))
    simulator.faults.swap(class_="StructuredMessage", times=3)
    agent = simulator.agent()
    with agent:
        for number in range(6):
            agent.say(str(number))
    recorder.waitFor("structuredMessage", 6)
    assert recorder.texts == [str(number) for number in range(6)]
    client.disconnect()
    until(lambda: recorder.methods[-1] == "webSocketDisconnected")


@pytest.mark.parametrize("holdTime", [-1, float("inf"), float("nan")])
def test_a_hold_time_that_cannot_be_right_is_refused(recorder: Recorder, holdTime: float) -> None:
    with pytest.raises(ValueError, match="holdTime"):
        Reorder(recorder, holdTime=holdTime)


def test_what_is_no_listener_is_refused() -> None:
    with pytest.raises(TypeError, match="listener"):
        Reorder(object())  # type: ignore[arg-type]


def test_a_listener_it_serves_is_looked_at_for_names_that_nobody_calls() -> None:
    class Misspelt(SessionListener):
        def on_message(self) -> None: ...

    with pytest.warns(UserWarning, match="Misspelt.on_message is not called by the client"):
        Reorder(Misspelt())
