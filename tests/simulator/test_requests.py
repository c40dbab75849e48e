"""Requests that cannot be done are answered with the code the protocol has for it, and the connection lives."""

from __future__ import annotations

import json

import pytest

from genesys_webmessaging.simulator import Deployment, Simulator


def text(value="x", **fields):
    return {"type": "Text", "text": value, **fields}


def button(**response):
    return text("", content=[{"contentType": "ButtonResponse", "buttonResponse": response}])


def presence(kind):
    return {"type": "Event", "events": [{"eventType": "Presence", "presence": {"type": kind}}]}


@pytest.mark.parametrize("raw", ["{", "[]", "7", '"onMessage"', "", "{} {}"])
def test_what_is_not_one_json_object_is_a_bad_request(guest, raw):
    guest.socket.send(raw)
    assert guest.next()["code"] == 400
    assert guest.say("still here")["code"] == 200


@pytest.mark.parametrize(
    ("action", "fields", "code", "words"),
    [
        ("dance", {}, 400, "Unknown action"),
        ("onMessage", {}, 4020, "message"),
        ("onMessage", {"message": "hello"}, 400, "message must be an object"),
        ("onMessage", {"message": {"text": "x"}}, 4020, "type"),
        ("onMessage", {"message": {"type": "Text"}}, 4020, "text"),
        ("onMessage", {"message": {"type": "Receipt", "text": "x"}}, 400, "Receipt"),
        ("onMessage", {"message": {"type": "Text", "text": 7}}, 400, "text must be a string"),
        ("onMessage", {"message": {"type": "Event"}}, 4020, "events"),
        ("onMessage", {"message": {"type": "Event", "events": [{"eventType": "Presence"}]}}, 400, "Presence"),
        ("onMessage", {"message": text(content=["x"])}, 400, "content"),
        ("onMessage", {"message": text(content=[{"contentType": "Attachment"}])}, 4020, "attachment"),
        (
            "onMessage",
            {"message": text(content=[{"contentType": "Attachment", "attachment": {"id": "none"}}])},
            4009,
            "Attachment not found",
        ),
        ("onMessage", {"message": button(type="Postback", text="a", payload="b")}, 400, "Postback"),
        ("onMessage", {"message": button(type="QuickReply", text="a")}, 4020, "payload"),
        ("onMessage", {"message": presence("SignIn")}, 403, "not supported"),
        ("onMessage", {"message": text(metadata=[])}, 200, ""),
        ("onMessage", {"message": text(), "channel": {"metadata": {"customAttributes": [1]}}}, 400, "customAttributes"),
        ("onAttachment", {"fileName": "a.png", "fileType": "image/png"}, 4020, "fileSize"),
        ("onAttachment", {"fileName": "a.png", "fileSize": 1}, 4020, "fileType"),
        ("onAttachment", {"fileType": "image/png", "fileSize": 1}, 4020, "fileName"),
        ("onAttachment", {"fileName": "a.png", "fileType": "image/png", "fileSize": "1"}, 400, "fileSize"),
        ("getAttachment", {}, 4020, "attachmentId"),
        ("getAttachment", {"attachmentId": "none"}, 4009, "not found"),
        ("deleteAttachment", {"attachmentId": "none"}, 4009, "not found"),
        ("configureSession", {}, 4020, "deploymentId"),
        ("configureSession", {"deploymentId": "nobody"}, 400, "Unknown deployment"),
        ("configureAuthenticatedSession", {"deploymentId": "demo"}, 4020, "data"),
        ("configureAuthenticatedSession", {"deploymentId": "demo", "data": {}}, 4020, "code"),
        ("configureAuthenticatedSession", {"deploymentId": "demo", "data": {"code": "a.b.c"}}, 403, "failed"),
        ("getConfiguration", {}, 4020, "deploymentId"),
        ("echo", {}, 4020, "message"),
    ],
)
def test_each_fault_of_a_request_has_its_code(guest, action, fields, code, words):
    answer = guest.ask(action, **fields)
    assert answer["code"] == code
    if code != 200:
        assert answer["class"] == "string"
        assert words in answer["body"]
    assert guest.say("still here")["code"] == 200


@pytest.mark.parametrize("action", ["onMessage", "echo", "getJwt", "closeSession", "onAttachment", "getAttachment"])
def test_nothing_is_done_before_configure_session(simulator, connect, action):
    guest = connect(simulator, configure=False)
    answer = guest.ask(action, message=text(), attachmentId="a", fileName="a.png", fileType="image/png", fileSize=1)
    assert (answer["code"], answer["class"]) == (4007, "string")


def test_the_configuration_can_be_asked_for_before_configure_session(simulator, connect):
    guest = connect(simulator, configure=False)
    answer = guest.ask("getConfiguration", deploymentId="demo")
    assert answer["class"] == "GetConfigurationResponse"
    assert answer["body"]["maxCustomDataBytes"] == 2048
    assert answer["body"]["sessionDurationSeconds"] == 259_200
    assert simulator.violations == []


def test_another_token_than_the_configured_one_is_not_known(simulator, guest):
    guest.token = "7f3b6e0a-0000-4000-8000-000000000000"
    assert guest.say("who am I?")["code"] == 4007


def test_a_missing_token_is_missed(guest):
    guest.socket.send(json.dumps({"action": "getJwt", "tracingId": "t"}))
    assert guest.answer("t")["code"] == 4020


def test_an_answer_has_no_tracing_id_when_the_request_had_none(guest):
    guest.socket.send(json.dumps({"action": "getJwt", "token": guest.token}))
    answer = guest.wait("JwtResponse")
    assert "tracingId" not in answer


def test_a_binary_frame_is_refused(simulator, guest):
    guest.socket.send(b"{}")
    assert guest.next()["code"] == 400
    assert [str(violation) for violation in simulator.violations] == [
        "connection 1: a binary frame; the protocol has text frames only"
    ]


def test_features_that_are_off_say_so(connect):
    deployment = Deployment(fileTypes=(), clearEnabled=False, authEnabled=False)
    with Simulator(deployments=[deployment], bot=False) as simulator:
        guest = connect(simulator)
        assert guest.presign(b"x")["code"] == 4000
        assert guest.presence("Clear")["code"] == 403
        assert guest.configureAuthenticated("code")["code"] == 403
        assert guest.signIn().status_code == 403


def test_custom_attributes_are_taken_from_both_places(simulator, guest):
    beside = {"metadata": {"customAttributes": {"a": "1"}}}
    inside = {"metadata": {"customAttributes": {"b": "2"}}}
    guest.ask("onMessage", message=text(), channel=beside)
    guest.ask("onMessage", message=text(channel=inside))
    assert simulator.session(guest.token).customAttributes == {"a": "1", "b": "2"}
    assert simulator.session(guest.token).conversation.messages[1].customAttributes == {"b": "2"}
    assert simulator.violations == []


def test_every_frame_has_type_and_code_and_every_message_a_time(connect):
    with Simulator() as simulator:
        guest = connect(simulator)
        guest.presence("Join")
        guest.jwt()
        guest.outbound("What would you like to do?")
        guest.say("a card")
        frames = guest.fence()
        assert frames
        for frame in frames:
            assert frame["type"] in ("response", "message")
            assert isinstance(frame["code"], int)
            if frame["class"] == "StructuredMessage":
                assert frame["body"]["channel"]["time"]


def test_times_grow_within_a_conversation_even_when_the_clock_stands(simulator, guest):
    simulator.clock.freeze()
    times = [guest.say(str(number))["body"]["channel"]["time"] for number in range(5)]
    assert times == sorted(set(times))
