"""Each fault of the socket, seen from a guest."""

from __future__ import annotations

import json
import time

import pytest
from websockets.exceptions import InvalidStatus

from genesys_webmessaging.simulator import Simulator

from .raw_client import CLOSE, PING, PONG, TEXT, RawClient

PING_MESSAGE = {"type": "Text", "text": "ping"}


def test_a_frame_is_dropped_with_a_reset(simulator):
    with RawClient(simulator) as raw:
        simulator.faults.drop("reset", class_="JwtResponse")
        raw.request("getJwt")
        assert raw.ending() == "reset"


def test_a_frame_is_dropped_with_the_end_of_the_connection(simulator):
    with RawClient(simulator) as raw:
        simulator.faults.drop("fin", class_="JwtResponse")
        raw.request("getJwt")
        assert raw.ending() == "fin"


def test_a_connection_falls_silent_and_stays_open(simulator):
    with RawClient(simulator) as raw:
        simulator.faults.drop("silence", class_="JwtResponse")
        raw.request("getJwt")
        raw.send(PING)
        raw.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            raw.frame()
        assert simulator.connections[0].isOpen
    assert simulator.connections[0].waitClosed() is None


def test_a_request_is_dropped_before_it_is_handled(simulator, guest, connect):
    simulator.faults.drop("reset", action="onMessage")
    guest.send("onMessage", message={"type": "Text", "text": "lost"})
    assert guest.expectClosed()[0] == 1006
    assert connect(simulator, token=guest.token).history().json()["total"] == 0


def test_an_echo_is_dropped_after_the_message_was_taken(simulator, guest, connect):
    simulator.faults.drop("reset", class_="StructuredMessage", direction="Inbound")
    guest.send("onMessage", message={"type": "Text", "text": "taken"})
    assert guest.expectClosed()[0] == 1006
    assert connect(simulator, token=guest.token).history().json()["total"] == 1


def test_an_echo_is_lost_and_the_message_is_not(simulator, guest):
    fault = simulator.faults.loseEcho()
    guest.send("onMessage", message={"type": "Text", "text": "quiet"})
    assert guest.fence() == []
    assert simulator.session(guest.token).conversation.texts == ["quiet"]
    assert fault.hits == 1
    assert simulator.faults.active == []


def test_a_request_is_ignored(simulator, guest):
    simulator.faults.lose(action="getJwt")
    guest.send("getJwt")
    assert guest.fence() == []


def test_a_request_is_refused_with_any_code(simulator, guest):
    simulator.faults.refuse("onMessage", 5000, "Unexpected error")
    simulator.faults.refuse("onAttachment", 4001)
    simulator.faults.refuse("getJwt", 4029)
    refused = guest.say("hello")
    assert (refused["class"], refused["code"], refused["body"]) == ("string", 5000, "Unexpected error")
    assert guest.presignRefused(b"x", errorsAsJson=True)["body"]["errorCode"] == 4001
    assert guest.ask("getJwt")["body"]["retryAfter"] == 1
    assert guest.say("hello")["code"] == 200


def test_a_frame_and_all_behind_it_wait_for_the_clock(simulator, guest):
    simulator.clock.freeze()
    simulator.faults.delay(30, class_="JwtResponse")
    guest.send("getJwt")
    guest.send("echo", message=PING_MESSAGE)
    simulator.received.wait("echo")
    with pytest.raises(TimeoutError):
        guest.next(timeout=0.2)
    simulator.clock.advance(30)
    assert [guest.next()["class"] for _ in range(2)] == ["JwtResponse", "StructuredMessage"]


def test_a_request_is_handled_later(simulator, guest):
    simulator.faults.delay(30, action="getJwt")
    guest.send("getJwt")
    simulator.received.wait("getJwt")
    simulator.clock.advance(30)
    assert guest.wait("JwtResponse")


def test_a_frame_comes_twice(simulator, guest):
    simulator.faults.duplicate(class_="StructuredMessage")
    echo = guest.say("twice")
    assert guest.fence() == [echo]


def test_two_frames_change_places(simulator, guest):
    simulator.faults.swap(class_="StructuredMessage")
    first = guest.send("onMessage", message={"type": "Text", "text": "first"})
    second = guest.send("onMessage", message={"type": "Text", "text": "second"})
    assert [guest.next()["tracingId"] for _ in range(2)] == [second, first]


def test_a_frame_held_back_for_a_swap_comes_in_time_when_there_is_no_other(simulator, guest):
    simulator.clock.freeze()
    simulator.faults.swap(seconds=1, class_="StructuredMessage")
    guest.send("onMessage", message={"type": "Text", "text": "alone"})
    with simulator.agent() as agent:
        guest.send(
            "onMessage", message={"type": "Event", "events": [{"eventType": "Typing", "typing": {"type": "On"}}]}
        )
        agent.receivedTyping()
    assert [guest.next()["body"]["type"] for _ in range(2)] == ["Event", "Text"]
    simulator.faults.swap(seconds=1, class_="StructuredMessage")
    guest.send("onMessage", message={"type": "Text", "text": "alone"})
    simulator.received.wait("onMessage", 3)
    with pytest.raises(TimeoutError):
        guest.next(timeout=0.2)
    simulator.clock.advance(1)
    assert guest.next()["body"]["text"] == "alone"


def test_a_message_comes_in_several_frames(simulator):
    with RawClient(simulator) as raw:
        simulator.faults.fragment(3, class_="JwtResponse")
        raw.request("getJwt")
        frames = [raw.frame() for _ in range(3)]
        assert [(final, opcode) for final, opcode, _ in frames] == [(False, TEXT), (False, 0), (True, 0)]
        assert json.loads(b"".join(payload for _, _, payload in frames))["class"] == "JwtResponse"


def test_a_fragmented_message_reaches_a_client_whole(simulator, guest):
    simulator.faults.fragment(50, class_="StructuredMessage")
    assert guest.say("ä€😀" * 40)["body"]["text"] == "ä€😀" * 40


def test_a_frame_comes_in_several_segments(simulator):
    with RawClient(simulator) as raw:
        simulator.faults.split(40, class_="JwtResponse")
        raw.request("getJwt")
        first = raw.segment()
        _, _, payload = raw.frame()
        assert len(first) < len(payload)
        assert json.loads(payload)["class"] == "JwtResponse"


def test_a_split_frame_reaches_a_client_whole(simulator, guest):
    simulator.faults.split(20, class_="StructuredMessage")
    assert guest.say("in pieces")["body"]["text"] == "in pieces"


@pytest.mark.parametrize("how", ["json", "utf8", "frame"])
def test_a_frame_is_garbled(simulator, how):
    with RawClient(simulator) as raw:
        simulator.faults.garble(how, class_="JwtResponse")
        raw.request("getJwt")
        _, opcode, payload = raw.frame()
        if how == "json":
            with pytest.raises(json.JSONDecodeError):
                json.loads(payload)
        elif how == "utf8":
            with pytest.raises(UnicodeDecodeError):
                payload.decode()
        else:
            assert opcode == 0x73
        raw.request("echo", message=PING_MESSAGE)
        assert raw.json()["class"] == "StructuredMessage"


def test_a_frame_is_blown_up_and_still_readable(simulator, guest):
    simulator.faults.oversize(300_000, class_="StructuredMessage")
    echo = guest.say("big")
    assert len(echo["padding"]) == 300_000
    assert echo["body"]["text"] == "big"


def test_errors_come_without_their_tracing_id(simulator, guest):
    simulator.faults.loseTracingId(times=None)
    guest.send("dance")
    assert "tracingId" not in guest.next()
    assert guest.say("fine")["tracingId"]
    simulator.faults.clear()
    simulator.faults.loseTracingId(class_="JwtResponse")
    guest.send("getJwt")
    assert "tracingId" not in guest.wait("JwtResponse")


def test_a_close_frame_is_not_answered(simulator):
    simulator.faults.muteClose()
    with RawClient(simulator) as raw:
        connection = simulator.guest()
        raw.send(CLOSE, b"\x03\xe8")
        raw.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            raw.frame()
        assert connection.isOpen
    assert connection.waitClosed() == 1000


@pytest.mark.parametrize("status", [302, 401, 403, 429, 500, 503])
def test_a_handshake_is_refused_with_any_status(simulator, connect, status):
    simulator.faults.refuseHandshake(status, "<html>no</html>", {"Retry-After": "7"})
    with pytest.raises(InvalidStatus) as caught:
        connect(simulator)
    assert caught.value.response.status_code == status
    assert caught.value.response.headers["Retry-After"] == "7"
    assert caught.value.response.body == b"<html>no</html>"
    assert connect(simulator).session["connected"]


def test_a_handshake_stalls_until_the_clock_says_so(simulator):
    simulator.faults.stallHandshake(60)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        RawClientWithoutPatience(simulator)
    assert time.monotonic() - started < 5


class RawClientWithoutPatience(RawClient):
    def _receive(self):
        self.socket.settimeout(0.3)
        try:
            super()._receive()
        except TimeoutError:
            self.socket.close()
            raise


def test_a_fault_strikes_one_connection_only(simulator, guest, connect):
    other = connect(simulator)
    simulator.faults.lose(class_="StructuredMessage", connection=simulator.connections[0], times=None)
    guest.send("onMessage", message={"type": "Text", "text": "lost"})
    assert other.say("heard")["code"] == 200
    assert guest.ask("getJwt")["code"] == 200


def test_a_fault_lets_the_first_ones_pass_and_strikes_as_often_as_asked(simulator, guest):
    fault = simulator.faults.lose(class_="JwtResponse", after=1, times=2)
    asked = [guest.send("getJwt") for _ in range(4)]
    assert [frame["tracingId"] for frame in guest.fence()] == [asked[0], asked[3]]
    assert fault.hits == 2


def test_a_fault_that_always_strikes_can_be_taken_back(simulator, guest):
    fault = simulator.faults.lose(class_="JwtResponse", times=None)
    for _ in range(3):
        guest.send("getJwt")
    assert guest.fence() == []
    simulator.faults.remove(fault)
    assert guest.ask("getJwt")["code"] == 200
    assert fault.hits == 3


def test_a_fault_can_look_at_the_frame(simulator, guest):
    simulator.faults.lose(where=lambda frame: frame["body"].get("text") == "this one")
    guest.send("onMessage", message={"type": "Text", "text": "this one"})
    assert guest.say("not this one")["code"] == 200
    assert simulator.session(guest.token).conversation.texts == ["this one", "not this one"]


def test_what_is_no_fault_is_refused(simulator):
    with pytest.raises(ValueError, match="silence"):
        simulator.faults.drop("softly")
    with pytest.raises(ValueError, match="utf8"):
        simulator.faults.garble("loudly")
    with pytest.raises(ValueError, match="one of them"):
        simulator.faults.lose(class_="JwtResponse", action="getJwt")
    with pytest.raises(TypeError, match="tims"):
        simulator.faults.lose(tims=3)


def test_pings_are_answered(simulator):
    with RawClient(simulator) as raw:
        raw.send(PING, b"hello")
        assert raw.frame() == (True, PONG, b"hello")


def test_faults_work_over_tls(connect):
    with Simulator(bot=False, tls=True) as simulator:
        guest = connect(simulator, caFile=simulator.caFile)
        simulator.faults.split(10, class_="StructuredMessage")
        simulator.faults.drop("reset", class_="JwtResponse")
        assert guest.say("in pieces")["code"] == 200
        guest.send("getJwt")
        assert guest.expectClosed()[0] == 1006


# -- the history


def texts(guest, **page):
    answer = guest.history(**page)
    assert answer.status_code == 200
    return [entity["text"] for entity in answer.json()["entities"]]


def test_the_history_lags_behind(simulator, guest):
    simulator.clock.freeze()
    lag = simulator.faults.historyLag(5)
    guest.say("one")
    simulator.clock.advance(3)
    guest.say("two")
    assert texts(guest) == []
    simulator.clock.advance(2)
    assert texts(guest) == ["one"]
    simulator.clock.advance(3)
    assert texts(guest) == ["two", "one"]
    guest.say("three")
    simulator.faults.remove(lag)
    assert texts(guest) == ["three", "two", "one"]


def test_pages_move_while_they_are_read(simulator, guest):
    for number in range(5):
        guest.say(str(number))
    simulator.faults.movePages(1)
    assert texts(guest, pageSize=2) == ["3", "2"]
    assert texts(guest, pageSize=2, pageNumber=2) == ["2", "1"]
    assert texts(guest, pageSize=2, pageNumber=3) == ["0"]


def test_the_history_is_down_for_a_while(simulator, guest):
    guest.say("hello")
    simulator.clock.freeze()
    simulator.faults.historyDown(10, retryAfter=3)
    for _ in range(2):
        answer = guest.history()
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
        simulator.clock.advance(5)
    assert texts(guest) == ["hello"]
    assert simulator.faults.active == []


def test_messages_are_listed_twice(simulator, guest):
    for number in range(2):
        guest.say(str(number))
    simulator.faults.listTwice()
    assert texts(guest) == ["1", "1", "0", "0"]
    assert texts(guest) == ["1", "0"]
