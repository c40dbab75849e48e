"""Holding one guest's connection from a test."""

from __future__ import annotations

import json
import threading

import pytest

from genesys_webmessaging.simulator import Deployment, Simulator, encodeFrame

from .independent_client import ORIGIN, Guest
from .raw_client import CLOSE, PING, PONG, TEXT, RawClient


def test_a_test_sends_whatever_it_likes(simulator, guest):
    connection = simulator.guest()
    connection.send('{"class": "Made", "n": 1}')
    connection.sendJson({"class": "Made", "n": 2})
    connection.sendMany(['{"class": "Made", "n": 3}', '{"class": "Made", "n": 4}'])
    connection.sendFragments(b'{"class": "Ma', b'de", ', b'"n": 5}')
    connection.sendBytes(encodeFrame(b'{"class": "Made", "n": 6}'))
    assert [guest.next()["n"] for _ in range(6)] == [1, 2, 3, 4, 5, 6]


def test_faults_leave_alone_what_is_sent_by_hand(simulator, guest):
    simulator.faults.lose(times=None)
    simulator.guest().sendJson({"class": "StructuredMessage", "body": {}})
    assert guest.next()["class"] == "StructuredMessage"


def test_a_close_by_hand_has_code_and_reason_and_the_guests_answer_is_kept(simulator, guest):
    connection = simulator.guest()
    connection.close(4001, "bye")
    assert guest.expectClosed() == (4001, "bye")
    assert connection.waitClosed() == 4001
    assert not connection.isOpen


def test_a_guest_who_answers_a_close_hears_nothing_more(simulator):
    with RawClient(simulator) as raw:
        simulator.guest().close(4001, "bye")
        _, opcode, payload = raw.frame()
        assert (opcode, payload) == (CLOSE, b"\x0f\xa1bye")
        raw.send(CLOSE, payload)
        assert raw.rest() == b""


def test_a_reset_and_an_end_without_close_look_different(simulator):
    with RawClient(simulator) as raw:
        simulator.guest().reset()
        assert raw.ending() == "reset"
    with RawClient(simulator) as raw:
        simulator.guest().fin()
        assert raw.ending() == "fin"


def test_the_guests_close_is_kept(simulator, guest):
    connection = simulator.guest()
    assert (connection.closeCode, connection.isOpen) == (None, True)
    guest.close(4321)
    assert connection.waitClosed() == 4321
    assert simulator.connections == [connection]


def test_sending_to_a_guest_who_has_left_is_an_error(simulator, guest):
    connection = simulator.guest()
    guest.close()
    connection.waitClosed()
    with pytest.raises(ConnectionError, match="has ended"):
        connection.send("too late")


def test_waiting_for_a_close_that_does_not_come_is_bounded(simulator, guest):
    with pytest.raises(TimeoutError, match="still open"):
        simulator.guest().waitClosed(timeout=0.1)


def test_waiting_for_a_guest_who_does_not_come_is_bounded(simulator):
    with pytest.raises(TimeoutError, match="no guest connected"):
        simulator.guest(timeout=0.1)


def test_a_guest_can_be_waited_for(simulator):
    guests = []
    thread = threading.Thread(target=lambda: guests.append(Guest(simulator.address)), name="late guest")
    thread.start()
    connection = simulator.guest()
    thread.join(5)
    assert (connection.origin, connection.token) == (ORIGIN, guests[0].token)
    guests[0].close()


def test_frames_are_kept_by_connection_and_by_simulator(simulator, guest, connect):
    other = connect(simulator)
    guest.say("one")
    other.say("two")
    assert [frame["message"]["text"] for frame in simulator.received.of("onMessage")] == ["one", "two"]
    assert [frame.action for frame in simulator.connections[1].received] == ["configureSession", "onMessage"]
    assert simulator.received[0].connection == 1
    with pytest.raises(TimeoutError, match="2 of 3 onMessage requests") as caught:
        simulator.received.wait("onMessage", 3, timeout=0.1)
    assert guest.token not in str(caught.value)


def test_two_hundred_texts_from_another_thread_keep_their_order(simulator, guest):
    connection = simulator.guest()

    def push():
        for number in range(200):
            connection.sendJson({"class": "Made", "n": number})

    thread = threading.Thread(target=push, name="pusher")
    thread.start()
    numbers = [guest.next()["n"] for _ in range(200)]
    thread.join(5)
    assert numbers == list(range(200))


def test_a_pong_does_not_break_into_a_frame_that_comes_in_pieces(simulator):
    with RawClient(simulator) as raw:
        simulator.faults.split(40, class_="JwtResponse")
        raw.request("getJwt")
        for number in range(5):
            raw.send(PING, str(number).encode())
        frames = [raw.frame() for _ in range(6)]
    assert sorted(opcode for _, opcode, _ in frames) == [TEXT] + [PONG] * 5
    assert json.loads(next(payload for _, opcode, payload in frames if opcode == TEXT))["class"] == "JwtResponse"


def test_a_pong_does_not_wait_for_a_frame_that_is_held_back(simulator):
    simulator.clock.freeze()
    with RawClient(simulator) as raw:
        simulator.faults.delay(60, class_="JwtResponse")
        raw.request("getJwt")
        raw.send(PING, b"there?")
        assert raw.frame() == (True, PONG, b"there?")


def test_a_silent_guest_is_sent_away_where_the_deployment_says_so(connect):
    with Simulator(deployments=[Deployment(idleSeconds=600)], bot=False) as simulator:
        guest = connect(simulator)
        simulator.clock.advance(400)
        guest.say("still here")
        simulator.clock.advance(400)
        assert guest.fence() == []
        simulator.clock.advance(601)
        assert guest.expectClosed() == (1001, "Going away")
