"""Strict mode writes down what a client does wrong; lenient mode does not mind."""

from __future__ import annotations

import json
import uuid

import pytest

from genesys_webmessaging.simulator import Simulator

from .raw_client import CLOSE, RawClient
from .raw_client import TEXT as FRAME

TEXT = {"type": "Text", "text": "hello"}


def sentences(simulator):
    return [violation.sentence for violation in simulator.violations]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"action": "onMessage", "message": TEXT, "extra": 1}, "onMessage: extra is unknown"),
        ({"action": "onMessage", "message": {**TEXT, "colour": "red"}}, "onMessage: message.colour is unknown"),
        ({"action": "onMessage"}, "onMessage: message is missing"),
        ({"action": "onMessage", "message": {"text": "x"}}, "onMessage: message.type is missing"),
        ({"action": "onMessage", "message": {"type": "Text", "text": 7}}, "onMessage: message.text must be a string"),
        ({"action": "onMessage", "message": TEXT, "time": None}, "onMessage: time is null; it must be left out"),
        (
            {"action": "onMessage", "message": {**TEXT, "channel": {}}},
            "onMessage: message.channel is empty; it must be left out",
        ),
        (
            {"action": "onMessage", "message": TEXT, "channel": {"metadata": {"customAttributes": {"a": 1}}}},
            "onMessage: channel.metadata.customAttributes.a must be a string",
        ),
        (
            {"action": "onMessage", "message": {**TEXT, "content": [{"contentType": "Card"}]}},
            "onMessage: message.content[0].contentType must be one of Attachment, ButtonResponse, Form, not 'Card'",
        ),
        (
            {"action": "onMessage", "message": {"type": "Event", "events": [{"eventType": "Typing"}]}},
            "onMessage: message.events[0].typing is missing",
        ),
        (
            {"action": "onAttachment", "fileName": "a", "fileType": "image/png", "fileSize": "1"},
            "onAttachment: fileSize must be an integer",
        ),
        ({"action": "getAttachment", "attachmentId": ""}, "getAttachment: attachmentId is empty"),
        ({"action": "closeSession"}, "closeSession: closeAllConnections is missing"),
        (
            {"action": "configureSession", "deploymentId": "demo", "startNew": 1},
            "configureSession: startNew must be true or false",
        ),
        ({"action": "dance"}, "dance: unknown action 'dance'"),
        ({"action": "getJwt", "token": "tok-1"}, "getJwt: token must be a lower-case UUID"),
        ({"action": "getJwt", "tracingId": ""}, "getJwt: tracingId is empty"),
    ],
)
def test_each_violation_of_a_request_is_written_down(simulator, guest, fields, sentence):
    guest.socket.send(json.dumps({"token": guest.token, "tracingId": str(uuid.uuid4()), **fields}))
    guest.fence()
    assert sentences(simulator) == [sentence]


def test_what_messenger_and_clients_in_use_do_is_no_violation(simulator, guest):
    attachment_id = guest.upload(b"x")
    journey = {"customer": {"id": guest.token, "idType": "cookie"}}
    answer = {"contentType": "ButtonResponse", "buttonResponse": {"type": "Form", "text": "", "payload": ""}}
    form = {"originatingMessageId": "m", "cannedResponseId": "c", "response": [{"id": "a", "component": answer}]}
    frames = [
        {"action": "configureSession", "deploymentId": "demo", "mode": 0, "journeyContext": journey},
        {
            "action": "onMessage",
            "message": {"content": [{"contentType": "Attachment", "attachment": {"id": attachment_id}}]},
        },
        {
            "action": "onMessage",
            "message": {"type": "Structured", "text": "", "content": []},
            "attachmentIds": [attachment_id],
        },
        {"action": "onMessage", "message": {"type": "Structured", "content": [{"contentType": "Form", "form": form}]}},
    ]
    for frame in frames:
        guest.socket.send(json.dumps({"token": guest.token, **frame}))
    guest.socket.send(json.dumps({"action": "echo", "message": {"type": "Text", "text": "no token"}}))
    answers = [guest.next() for _ in range(5)]
    assert [answer["code"] for answer in answers] == [200] * 5
    assert not any("tracingId" in answer for answer in answers)
    alone, beside, filled, echoed = (answer["body"] for answer in answers[1:])
    assert (alone["type"], "text" in alone) == ("Text", False)
    assert beside["content"][0]["attachment"]["id"] == attachment_id
    assert filled["content"] == [{"contentType": "Form", "form": form}]
    assert echoed["text"] == "no token"
    assert sentences(simulator) == []


def test_another_guest_may_use_the_same_tracing_id(simulator, guest, connect):
    for one in (guest, connect(simulator)):
        one.answer(one.send("onMessage", "same", message={"type": "Text", "text": one.token}))
    assert sentences(simulator) == []


def test_a_message_before_configure_session_is_a_violation(simulator, connect):
    guest = connect(simulator, configure=False)
    guest.ask("onMessage", message=TEXT)
    assert sentences(simulator) == ["onMessage before configureSession"]


def test_what_is_no_json_object_is_a_violation(simulator, guest):
    guest.socket.send("[]")
    guest.fence()
    assert [str(violation) for violation in simulator.violations] == ["connection 1: a frame is not one JSON object"]


def test_one_tracing_id_for_two_different_requests_is_a_violation(simulator, guest):
    guest.answer(guest.send("onMessage", "same", message=TEXT))
    guest.answer(guest.send("onMessage", "same", message=TEXT, time="2026-01-01T00:00:00.000Z"))
    assert sentences(simulator) == []
    guest.answer(guest.send("onMessage", "same", message={"type": "Text", "text": "something else"}))
    assert sentences(simulator) == ["onMessage: tracingId 'same' is that of another request"]


def test_a_constant_id_for_echo_is_fine(simulator, guest):
    for _ in range(3):
        guest.answer(guest.send("echo", "constant", message={"type": "Text", "text": "ping"}))
    assert sentences(simulator) == []


def test_a_client_that_says_as_little_as_the_service_needs_breaks_nothing(simulator):
    with RawClient(simulator, configure=False, origin=None, application=None) as raw:
        for fields in (
            {"action": "configureSession", "deploymentId": "demo"},
            {"action": "onMessage", "message": TEXT, "channel": {"metadata": {"customAttributes": {"a": "1"}}}},
        ):
            raw.send(FRAME, json.dumps({"token": raw.token, **fields}).encode())
            assert raw.json()["code"] == 200
        raw.send(CLOSE)
        assert raw.frame() == (True, CLOSE, b"")
        assert raw.ending() == "fin"
    assert simulator.connections[0].waitClosed() == 0
    assert sentences(simulator) == []


def test_a_put_with_a_wrong_content_type_is_a_violation_and_no_refusal(simulator, guest):
    presigned = guest.presign(b"x")
    assert guest.put(presigned, b"x", fileType="image/gif").status_code == 200
    assert sentences(simulator) == ["PUT to a presigned URL: Content-Type missing or wrong"]


def test_lenient_mode_accepts_all_that_and_writes_nothing_down(connect):
    with Simulator(bot=False, strict=False) as simulator:
        guest = connect(simulator, origin=None, application=None)
        guest.socket.send(json.dumps({"action": "onMessage", "token": guest.token, "message": TEXT, "extra": 1}))
        echo = guest.wait("StructuredMessage")
        assert "tracingId" not in echo
        assert echo["body"]["text"] == "hello"
        guest.socket.send(json.dumps({"action": "getJwt", "token": guest.token, "tracingId": None}))
        guest.wait("JwtResponse")
        with RawClient(simulator) as raw:
            raw.send(CLOSE)
            assert raw.ending() == "fin"
        assert simulator.violations == []
