"""From a frame to an event: every class, every odd body, and whatever else a server may send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from _fixtures import ORIGIN
from _listeners import Recorder
from _websockets_peer import Guest, WebSocketsPeer, frame, message
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from genesys_webmessaging import RequestError, WebMessagingClient, models
from genesys_webmessaging._core.decoding import ROUTES, UNEXPECTED, Event, decode, is_plain_message, listener_call_of
from genesys_webmessaging._core.pending import Pending
from genesys_webmessaging._core.session_state import Session
from genesys_webmessaging.listener import LISTENER_METHODS
from genesys_webmessaging.models import BaseMessage, MessageDataType, StructuredMessage
from genesys_webmessaging.models._base import WireModel

NO_METHOD = {
    "AttachmentDeletedResponse": models.AttachmentDeletedResponse,
    "GenerateUrlError": models.GenerateUrlError,
    "TooManyRequestsErrorMessage": models.TooManyRequestsErrorMessage,
    "ResumeTokenResponse": models.ResumeTokenResponse,
    "LogoutEvent": models.LogoutEvent,
    "Error": models.ErrorMessage,
}


def test_every_class_the_server_can_name_is_routed_but_strings_and_unknowns() -> None:
    names = {str(member) for member in MessageDataType}
    assert names - set(ROUTES) == {"string", "Unknown"}
    assert set(ROUTES) - names == {"ErrorMessage"}  # documented, and unknown to Java


def test_every_method_of_a_listener_is_the_goal_of_one_class() -> None:
    methods = [route.method for route in ROUTES.values() if route.method != UNEXPECTED]
    assert len(methods) == len(set(methods))
    assert {*methods, UNEXPECTED} == {name for name in LISTENER_METHODS if not name.startswith("webSocket")}


@pytest.mark.parametrize("class_", ROUTES)
def test_the_body_becomes_the_model_of_its_class(class_: str) -> None:
    event = decode(frame(class_, {"errorCode": 5, "new": {"a": [1]}}))
    assert event.method == ROUTES[class_].method
    assert type(event.body) is ROUTES[class_].model


@pytest.mark.parametrize("class_", ROUTES)
@pytest.mark.parametrize("body", ['"body": null', '"x": 1'], ids=["null", "absent"])
def test_without_a_body_the_listener_gets_an_empty_instance(class_: str, body: str) -> None:
    event = decode(f'{{"class": "{class_}", {body}}}')
    assert event.method == ROUTES[class_].method
    assert event.body == ROUTES[class_].model()


@pytest.mark.parametrize("class_", ["StructuredMessage", "structuredmessage", "STRUCTUREDMESSAGE"])
def test_the_name_of_a_class_is_read_in_any_case(class_: str) -> None:
    event = decode(frame(class_, {"text": "hi"}))
    assert (event.method, event.body.text) == ("structuredMessage", "hi")
    assert event.base_message().class_ is MessageDataType.STRUCTUREDMESSAGE


def test_the_tracing_id_of_the_frame_stands_on_the_body() -> None:
    for class_ in ROUTES:
        assert decode(frame(class_, {}, tracingId="t-1")).body.tracingId == "t-1"
        assert decode(frame(class_, {"tracingId": "t-2"})).body.tracingId == "t-2"
        assert decode(frame(class_, {})).body.tracingId is None


@pytest.mark.parametrize(("given", "read"), [("t", "t"), ("", ""), (5, "5"), (True, "true"), ({}, None), ([1], None)])
def test_a_tracing_id_is_a_text_or_none_at_all(given: object, read: str | None) -> None:
    event = decode(json.dumps({"class": "JwtResponse", "body": {}, "tracingId": given}))
    assert event.tracing_id == read
    Pending().observe(event)


UNFIT = ["text", "", 5, 1.5, True, False, [], [{}], ["x"]]


@pytest.mark.parametrize("class_", ROUTES)
@pytest.mark.parametrize("body", UNFIT, ids=repr)
def test_a_body_that_does_not_fit_goes_to_unexpected_message_as_it_came(class_: str, body: Any) -> None:
    raw = frame(class_, body)
    event = decode(raw)
    assert (event.method, event.body, event.raw) == (UNEXPECTED, body, raw)
    base = event.base_message()
    assert (base.class_, base.body) == (class_, body)


def test_a_wrong_container_inside_a_body_costs_that_part_alone() -> None:
    body = {"text": "hi", "content": {"contentType": "Text"}}
    event = decode(frame("StructuredMessage", body))
    assert (event.method, event.body.text, event.body.content) == ("structuredMessage", "hi", [])
    assert event.body.to_dict() == body


@pytest.mark.parametrize("class_", ["string", "Unknown", "NobodyKnows", "", None, 5, {}, ["StructuredMessage"]])
def test_a_class_without_a_model_goes_to_unexpected_message_with_its_body_as_it_came(class_: Any) -> None:
    event = decode(frame(class_, {"a": [1, None]}))
    assert (event.method, event.body) == (UNEXPECTED, {"a": [1, None]})
    assert event.base_message().body == {"a": [1, None]}


NO_OBJECT = [
    "",
    " ",
    "null",
    "true",
    "3",
    '"text"',
    "[]",
    '[{"class": "JwtResponse"}]',
    "{",
    "{]",
    '{"a": NaN}',
    "\ufeff{}",
]


@pytest.mark.parametrize("raw", [*NO_OBJECT, "plain text", '{"class": "JwtRes', "[" * 100_000, '{"a":' * 50_000])
def test_what_is_no_object_goes_to_unexpected_message_with_an_empty_envelope(raw: str) -> None:
    event = decode(raw)
    assert (event.method, event.body, event.raw, event.tracing_id) == (UNEXPECTED, None, raw, None)
    assert event.base_message() == BaseMessage()


@pytest.mark.parametrize("after", [" ", "\n", "x", '{"class": "SessionExpiredEvent"}', "]", "\x00"])
def test_what_follows_the_first_document_is_not_looked_at(after: str) -> None:
    assert decode(message("hi") + after).body.text == "hi"


@pytest.mark.parametrize("code", [200, "200", 200.0])
def test_a_code_is_read_from_numbers_and_their_texts(code: Any) -> None:
    assert decode(frame("string", "x", code=code)).code() == 200


@pytest.mark.parametrize("code", [None, "x", [], {}, True])
def test_what_is_no_code_is_none(code: Any) -> None:
    assert decode(frame("string", "x", code=code)).code() is None


def test_unknown_values_in_the_envelope_stay_as_they_came() -> None:
    base = decode(frame("NobodyKnows", None, type="broadcast", code="many", more=1)).base_message()
    assert (base.type, base.class_, base.code) == ("broadcast", "NobodyKnows", "many")
    assert base.type is not None
    assert not base.type.isRecognized


@pytest.mark.parametrize(
    "raw", [message("hi"), frame("JwtResponse", {"jwt": "j"}, tracingId="t"), frame("string", "x")]
)
def test_going_through_the_envelope_makes_no_difference(raw: str) -> None:
    event = decode(raw)
    method, argument = listener_call_of(event.base_message())
    assert method == event.method
    assert argument == (event.base_message() if method == UNEXPECTED else event.body)


@pytest.mark.parametrize("class_", ROUTES)
def test_an_envelope_with_a_plain_body_is_heard_as_well(class_: str) -> None:
    base = BaseMessage.from_json(frame(class_, {}, tracingId="t"))
    method, argument = listener_call_of(base)
    assert method == ROUTES[class_].method
    model = argument.body if method == UNEXPECTED else argument
    assert model == ROUTES[class_].model(tracingId="t")


def test_the_repr_of_an_event_shows_nothing_of_its_content() -> None:
    raw = frame("JwtResponse", {"jwt": "s3cret"}, tracingId="s3cret")
    assert repr(decode(raw)) == f"<Event jwtResponse of {len(raw)} characters>"


def test_a_plain_message_is_one_that_can_answer_nothing() -> None:
    assert is_plain_message(message("hi"))
    assert not is_plain_message(frame("StructuredMessage", {}, tracingId="t"))
    assert not is_plain_message(frame("SessionResponse", {}))
    assert not is_plain_message(frame("string", 'the class "StructuredMessage" is not allowed', code=400))


# Over a real socket: listeners get the raw text, and the connection lives


@pytest.mark.parametrize("class_", NO_METHOD)
def test_a_class_that_has_a_model_but_no_method_comes_as_that_model(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder, class_: str
) -> None:
    talker.addSessionListener(recorder)
    guest.send(raw := frame(class_, {"errorCode": 4001, "attachmentId": "a"}))
    base, heardRaw = recorder.waitFor("unexpectedMessage")
    assert type(base.body) is NO_METHOD[class_]
    assert heardRaw == raw


def test_whatever_the_server_sends_the_connection_lives(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    odd = [*NO_OBJECT, *(frame(class_, body) for class_ in ROUTES for body in UNFIT)]
    odd += [frame("JwtResponse", {}, tracingId=one) for one in ({}, [], 5, None, "unknown")]
    for raw in odd:
        guest.send(raw)
    guest.send(message("still alive"))
    recorder.waitForText("still alive")
    assert [args[1] for method, args in recorder.events][:-1] == odd


def nested(depth: int, shape: str) -> str:
    opening, closing = {"list": ("[", "]"), "object": ('{"a":', "}")}[shape]
    return opening * depth + "1" + closing * depth


DEPTHS = [10, 100, 300, 480, 700, *range(900, 1010, 10), 1500, 3000, 20_000]


@pytest.mark.parametrize("shape", ["list", "object"])
def test_no_depth_of_nesting_anywhere_ends_the_connection(
    peer: WebSocketsPeer, recorder: Recorder, shape: str, caplog: pytest.LogCaptureFixture
) -> None:
    templates = [
        "%s",
        '{"class": %s}',
        '{"tracingId": %s}',
        '{"code": %s, "class": "string"}',
        '{"class": "NobodyKnows", "body": %s}',
        '{"class": "JwtResponse", "body": %s}',
        '{"class": "JwtResponse", "body": {"jwt": %s}}',
        '{"class": "StructuredMessage", "body": {"metadata": {"a": %s}}}',
        '{"class": "StructuredMessage", "body": {"content": [{"contentType": "New", "a": %s}]}}',
    ]
    frames = [template % nested(depth, shape) for depth in DEPTHS for template in templates]
    with WebMessagingClient(peer.address) as client:
        client.addSessionListener(recorder)
        client.connect("demo", ORIGIN)
        guest = peer.guest()
        for raw in frames:
            guest.send(raw)
        guest.send(message("still alive"))
        recorder.waitFor("structuredMessage", where=lambda message, _: message.text == "still alive", timeout=20)
    assert [args[1] for method, args in recorder.events if args and method != "webSocketDisconnected"][:-1] == frames
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
FIELDS = sorted({name for route in ROUTES.values() for name in route.model.__dataclass_fields__})
BODIES = JSON | st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5)
FRAMES = st.builds(
    lambda class_, body, rest: json.dumps({"class": class_, "body": body, **rest}),
    st.sampled_from([*ROUTES, "string", "New"]) | JSON,
    BODIES,
    st.dictionaries(st.sampled_from(["type", "code", "tracingId"]), JSON, max_size=3),
)


def followed(raw: str) -> Event:
    """Do with a frame what the reader and the dispatcher do."""
    event = decode(raw)
    Session().observe(event)
    answers = Pending()
    answers.expect("t", "getJwt")
    answers.observe(event)
    listener_call_of(event.base_message())
    is_plain_message(raw)
    return event


@given(FRAMES)
@example('{"class": "UploadFailureEvent", "body": {"errorCode": 1e400}}')
@example('{"class": "JwtResponse", "body": {"exp": "' + "9" * 5000 + '"}}')
@example('{"class": "JwtResponse", "body": {"exp": ' + "9" * 5000 + "}}")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_frame_of_json_is_too_odd_to_be_followed(raw: str) -> None:
    event = followed(raw)
    assert event.raw == raw
    assert event.tracing_id is None or isinstance(event.tracing_id, str)
    if event.method != UNEXPECTED:
        assert isinstance(event.body, WireModel)


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_is_too_odd_to_be_followed(raw: str) -> None:
    assert followed(raw).raw == raw


def test_the_message_of_a_refusal_is_a_text_whatever_came() -> None:
    answers = Pending()
    for body in ({"errorMessage": [1]}, {"errorMessage": {"a": 1}}, {"errorMessage": 5}):
        answers.expect("t", "ping")
        answers.observe(decode(frame("Error", body, tracingId="t")))
        with pytest.raises(RequestError) as refused:
            answers.wait("t", 0)
        assert isinstance(refused.value.message, str)
        assert str(refused.value)


def test_a_payload_under_message_is_the_body_when_there_is_no_body() -> None:
    raw = json.dumps({"type": "message", "class": "StructuredMessage", "code": 200, "message": {"text": "hi"}})
    event = decode(raw)
    assert (event.method, event.body.text) == ("structuredMessage", "hi")
    assert event.base_message().body is event.body
    both = decode(json.dumps({"class": "StructuredMessage", "body": {"text": "body"}, "message": {"text": "message"}}))
    assert both.body.text == "body"


def test_structured_messages_keep_everything(talker: WebMessagingClient, guest: Guest, recorder: Recorder) -> None:
    talker.addSessionListener(recorder)
    body = {
        "id": "m-1",
        "type": "Structured",
        "direction": "Outbound",
        "text": "choose",
        "channel": {"time": None, "from": {"nickname": "Alex"}},
        "content": [
            {"contentType": "QuickReply", "quickReply": {"text": "Yes", "payload": "y", "action": "Message"}},
            {"contentType": "Hologram", "hologram": {"depth": 3}},
        ],
        "metadata": {"correlationId": "c"},
        "originatingEntity": "",
    }
    guest.send(frame("StructuredMessage", body, type="message"))
    heard: StructuredMessage = recorder.waitFor("structuredMessage")[0]
    assert heard.channel is not None
    assert heard.channel.from_ is not None
    assert heard.channel.from_.nickname == "Alex"
    assert heard.content[0].quickReply is not None
    assert heard.content[0].quickReply.payload == "y"
    assert heard.content[1].raw == body["content"][1]  # type: ignore[index]
    assert (heard.originatingEntity, heard.metadata) == ("", {"correlationId": "c"})
