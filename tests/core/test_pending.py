"""awaitResponse: which frame answers which request, and what becomes of answers nobody takes."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from _fixtures import ORIGIN, TOKEN
from _listeners import Doing, Recorder, until
from _websockets_peer import Guest, WebSocketsPeer, frame

from genesys_webmessaging import (
    ConnectionClosedError,
    NotConnectedError,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
    WebMessagingClient,
)
from genesys_webmessaging._core.pending import KEPT, TAKEN_KEPT
from genesys_webmessaging._core.requests import Content
from genesys_webmessaging.models import (
    AttachmentDeletedResponse,
    ButtonResponseType,
    CloseSessionRequest,
    ContentButtonResponse,
    ContentType,
    GenerateUploadUrlRequest,
    GetConfigurationResponse,
    IncomingNormalizedMessage,
    JwtResponse,
    MessageContent,
    NormalizedType,
    PresignedUrlResponse,
    SendEchoRequest,
    SendMessageRequest,
    SessionResponse,
    StructuredMessage,
)


def test_answers_find_their_requests_whatever_their_order(talker: WebMessagingClient, guest: Guest) -> None:
    ids = [talker.sendMessage(str(n)) for n in range(20)]
    requests = [guest.receive("onMessage") for _ in ids]
    for request in reversed(requests):
        guest.answer(request, "StructuredMessage", {"text": request["message"]["text"], "direction": "Inbound"})

    assert [talker.awaitResponse(one, 5).text for one in ids] == [str(n) for n in range(20)]


def test_every_request_gives_a_tracing_id_of_its_own_and_sends_it(talker: WebMessagingClient, guest: Guest) -> None:
    ids = [talker.ping() for _ in range(10)]
    assert len(set(ids)) == 10
    assert [guest.receive("echo")["tracingId"] for _ in ids] == ids


def test_a_tracing_id_of_ones_own_is_sent_and_returned(talker: WebMessagingClient, guest: Guest) -> None:
    assert talker.ping(tracingId="mine") == "mine"
    request = guest.receive("echo")
    assert request["tracingId"] == "mine"
    guest.answer(request, "StructuredMessage", {"text": "ping"})
    assert talker.awaitResponse("mine", 5).tracingId == "mine"


SESSION_REQUESTS = {
    "configureSession": lambda client: client.configureSession("demo", TOKEN, ORIGIN),
    "closeSession": lambda client: client.send(CloseSessionRequest(closeAllConnections=True)),
}


@pytest.mark.parametrize("action", SESSION_REQUESTS)
def test_a_session_response_without_tracing_id_answers_the_open_configure_or_close(
    talker: WebMessagingClient, guest: Guest, action: str
) -> None:
    earlier = talker.ping()
    tracingId = SESSION_REQUESTS[action](talker)
    guest.receive("echo")
    guest.receive(action)
    guest.send(frame("SessionResponse", {"connected": False, "readOnly": True}))

    answer = talker.awaitResponse(tracingId, 5)
    assert isinstance(answer, SessionResponse)
    assert answer.readOnly is True
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse(earlier, 0)


def test_a_jwt_response_without_tracing_id_answers_the_oldest_open_get_jwt(
    talker: WebMessagingClient, guest: Guest
) -> None:
    ids = [talker.getJwt(), talker.getJwt()]
    for jwt in ("one", "two"):
        guest.receive("getJwt")
        guest.send(frame("JwtResponse", {"jwt": jwt, "exp": 9e9}))

    answers = [talker.awaitResponse(one, 5) for one in ids]
    assert all(isinstance(answer, JwtResponse) for answer in answers)
    assert [answer.jwt for answer in answers] == ["one", "two"]


def test_a_configuration_without_tracing_id_answers_its_request(talker: WebMessagingClient, guest: Guest) -> None:
    jwt = talker.getJwt()
    tracingId = talker.getSupportedContentConfiguration("demo", TOKEN, ORIGIN)
    guest.send(frame("GetConfigurationResponse", {"maxCustomDataBytes": 7}))

    assert isinstance(talker.awaitResponse(tracingId, 5), GetConfigurationResponse)
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse(jwt, 0)


def test_a_presigned_url_without_tracing_id_answers_the_request_for_that_attachment(
    talker: WebMessagingClient, guest: Guest
) -> None:
    upload = talker.attachment("a.png", 3, "image/png")
    downloads = {one: talker.getAttachment(one) for one in ("x", "y")}
    for attachmentId in ("y", "x", "new"):
        guest.send(frame("PresignedUrlResponse", {"attachmentId": attachmentId, "url": "https://files.example/?s=1"}))

    for attachmentId, tracingId in [*downloads.items(), ("new", upload)]:
        answer = talker.awaitResponse(tracingId, 5)
        assert isinstance(answer, PresignedUrlResponse)
        assert answer.attachmentId == attachmentId


def test_an_attachment_id_of_the_clients_own_is_recognized(talker: WebMessagingClient, guest: Guest) -> None:
    unnamed = talker.attachment("a.png", 3, "image/png")
    named = talker.send(GenerateUploadUrlRequest(attachmentId="b", fileName="b.png", fileType="image/png", fileSize=3))
    guest.send(frame("PresignedUrlResponse", {"attachmentId": "b", "url": "https://files.example/?s=1"}))

    assert talker.awaitResponse(named, 5).attachmentId == "b"
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse(unnamed, 0)


@pytest.mark.parametrize("class_", ["GenerateUrlError", "UploadFailureEvent"])
def test_a_failure_with_an_attachment_id_refuses_the_request_for_that_attachment(
    talker: WebMessagingClient, guest: Guest, class_: str
) -> None:
    other = talker.getAttachment("x")
    tracingId = talker.getAttachment("y")
    guest.send(frame(class_, {"attachmentId": "y", "errorCode": 4009, "errorMessage": "no such file"}))

    with pytest.raises(RequestError, match="no such file") as refused:
        talker.awaitResponse(tracingId, 5)
    assert (refused.value.code, refused.value.tracingId) == (4009, tracingId)
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse(other, 0)


def test_the_failure_of_an_upload_that_has_its_url_refuses_no_other_upload(
    talker: WebMessagingClient, guest: Guest
) -> None:
    first = talker.attachment("a.png", 3, "image/png")
    guest.answer(guest.receive("onAttachment"), "PresignedUrlResponse", {"attachmentId": "a", "url": "https://f/?s"})
    assert talker.awaitResponse(first, 5).attachmentId == "a"

    second = talker.attachment("b.png", 3, "image/png")
    request = guest.receive("onAttachment")
    guest.send(frame("UploadFailureEvent", {"attachmentId": "a", "errorCode": 4003, "errorMessage": "a virus"}))
    guest.answer(request, "PresignedUrlResponse", {"attachmentId": "b", "url": "https://f/?s"})

    assert talker.awaitResponse(second, 5).attachmentId == "b"


def test_nor_when_many_answers_were_taken_since(talker: WebMessagingClient, guest: Guest) -> None:
    first = talker.attachment("a.png", 3, "image/png")
    guest.answer(guest.receive("onAttachment"), "PresignedUrlResponse", {"attachmentId": "a", "url": "https://f/?s"})
    talker.awaitResponse(first, 5)
    for _ in range(TAKEN_KEPT + 1):
        ping = talker.ping()
        guest.answer(guest.receive("echo"), "StructuredMessage", {"text": "ping"})
        talker.awaitResponse(ping, 5)

    second = talker.attachment("b.png", 3, "image/png")
    request = guest.receive("onAttachment")
    guest.send(frame("UploadFailureEvent", {"attachmentId": "a", "errorCode": 4003, "errorMessage": "a virus"}))
    guest.answer(request, "PresignedUrlResponse", {"attachmentId": "b", "url": "https://f/?s"})

    assert talker.awaitResponse(second, 5).attachmentId == "b"


def test_a_deletion_without_tracing_id_answers_the_request_for_that_attachment(
    talker: WebMessagingClient, guest: Guest
) -> None:
    ids = {one: talker.deleteAttachment(one) for one in ("x", "y")}
    for attachmentId in ("y", "x"):
        guest.send(frame("AttachmentDeletedResponse", {"attachmentId": attachmentId}))

    for attachmentId, tracingId in ids.items():
        answer = talker.awaitResponse(tracingId, 5)
        assert isinstance(answer, AttachmentDeletedResponse)
        assert answer.attachmentId == attachmentId


@pytest.mark.parametrize("class_", ["PresignedUrlResponse", "AttachmentDeletedResponse"])
def test_an_answer_about_an_attachment_without_its_id_answers_the_oldest_such_request(
    talker: WebMessagingClient, guest: Guest, class_: str
) -> None:
    ask = talker.getAttachment if class_ == "PresignedUrlResponse" else talker.deleteAttachment
    ids = [ask("x"), ask("y")]
    guest.send(frame(class_, {}))

    assert talker.awaitResponse(ids[0], 5).attachmentId is None
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse(ids[1], 0)


def test_an_error_without_tracing_id_refuses_the_oldest_open_request(talker: WebMessagingClient, guest: Guest) -> None:
    ids = [talker.sendMessage("one"), talker.getJwt()]
    guest.send(frame("string", "message too long", code=4011))

    with pytest.raises(RequestError, match="message too long") as refused:
        talker.awaitResponse(ids[0], 5)
    assert (refused.value.code, refused.value.message, refused.value.tracingId) == (4011, "message too long", ids[0])
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse(ids[1], 0)


def test_an_error_without_tracing_id_passes_over_typing_events_that_servers_do_not_answer(
    talker: WebMessagingClient, guest: Guest
) -> None:
    talker.sendTypingEvent()
    tracingId = talker.sendMessage("hello")
    guest.send(frame("string", "no", code=400))

    with pytest.raises(RequestError):
        talker.awaitResponse(tracingId, 5)


def test_a_typing_event_is_refused_by_an_error_when_nothing_else_is_open(
    talker: WebMessagingClient, guest: Guest
) -> None:
    tracingId = talker.sendTypingEvent()
    guest.send(frame("string", "typing is off", code=4000))
    with pytest.raises(RequestError, match="typing is off"):
        talker.awaitResponse(tracingId, 5)


def choice(**message: Any) -> SendMessageRequest:
    response = ContentButtonResponse(type=ButtonResponseType.QUICKREPLY, text="Rear", payload="wheel-rear")
    content = [MessageContent(contentType=ContentType.BUTTONRESPONSE, buttonResponse=response)]
    return SendMessageRequest(message=IncomingNormalizedMessage(content=content, **message))


REAR = {"type": "QuickReply", "text": "Rear", "payload": "wheel-rear", "originatingMessageId": "m"}
UNTRACED: list[Any] = [
    pytest.param(lambda client: client.sendMessage(" hello\n"), {"text": "hello"}, id="text"),
    pytest.param(lambda client: client.sendMessage("hello"), {"text": "hello", "direction": None}, id="no direction"),
    pytest.param(
        lambda client: client.sendMessage("", "a-1"),
        {"type": "Text", "content": [{"contentType": "Attachment", "attachment": {"id": "a-1", "url": "https://x"}}]},
        id="attachment",
    ),
    pytest.param(
        lambda client: client.send(choice(type=NormalizedType.TEXT, text="")),
        {"type": "Structured", "text": "Rear", "content": [{"contentType": "ButtonResponse", "buttonResponse": REAR}]},
        id="quick reply",
    ),
    pytest.param(
        lambda client: client.sendPresenceEventJoin(),
        {"type": "Event", "events": [{"eventType": "Presence", "presence": {"type": "Join"}}]},
        id="presence",
    ),
    pytest.param(lambda client: client.ping(), {"type": "Text", "text": "ping"}, id="ping"),
]


@pytest.mark.parametrize(("send", "echo"), UNTRACED)
@pytest.mark.parametrize("asker", ["caller", "listener"])
def test_an_echo_without_tracing_id_answers_what_was_sent_with_its_content(
    talker: WebMessagingClient, guest: Guest, send: Any, echo: dict[str, Any], asker: str
) -> None:
    def ask(*_: object) -> Any:
        tracingId = send(talker)
        guest.send(frame("StructuredMessage", {**echo, "direction": "Outbound"}))
        guest.send(frame("StructuredMessage", {"direction": "Inbound", **echo, "id": "the echo"}))
        return talker.awaitResponse(tracingId, 10)

    if asker == "caller":
        answer = ask()
    else:
        asking = Doing("structuredMessage", ask)
        talker.addSessionListener(asking)
        guest.send(frame("StructuredMessage", {"text": "say something", "direction": "Outbound"}))
        answer = asking.waitForOutcome()
        talker.removeSessionListener(asking)
    assert answer.id == "the echo"


OTHERS: list[dict[str, Any]] = [
    {"text": "hello", "direction": "Outbound"},
    {"text": "hello!", "direction": "Inbound"},
    {"text": {"a": 1}, "direction": "Inbound"},
    {"text": "hello", "direction": "Inbound", "content": [{"contentType": "Attachment", "attachment": {"id": [1]}}]},
    {"text": "hello", "direction": "Inbound", "content": [{"contentType": "Hologram"}]},
    {"text": "hello", "direction": "Inbound", "events": [{"eventType": "Typing"}]},
    {"direction": "Inbound", "type": "Event", "events": [{"eventType": "Typing", "typing": {"type": "On"}}]},
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_another_message_without_tracing_id_answers_nothing(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder, other: dict[str, Any]
) -> None:
    talker.addSessionListener(recorder)
    tracingIds = [talker.sendMessage("hello"), talker.sendTypingEvent()]
    guest.send(frame("StructuredMessage", other))
    recorder.waitFor("structuredMessage")
    for tracingId in tracingIds:
        with pytest.raises(ResponseTimeoutError):
            talker.awaitResponse(tracingId, 0)


def test_echoes_without_tracing_id_of_equal_messages_answer_one_after_the_other(
    talker: WebMessagingClient, guest: Guest
) -> None:
    tracingIds = [talker.sendMessage("again") for _ in range(3)]
    requests = [guest.receive("onMessage") for _ in tracingIds]
    guest.answer(requests[1], "StructuredMessage", {"text": "again", "direction": "Inbound", "id": "1"})
    for id_ in ("0", "2"):
        guest.send(frame("StructuredMessage", {"text": "again", "direction": "Inbound", "id": id_}))
    assert [talker.awaitResponse(one, 5).id for one in tracingIds] == ["0", "1", "2"]


def test_a_message_that_could_not_be_sent_takes_no_echo(talker: WebMessagingClient, guest: Guest) -> None:
    kept = talker.sendMessage("again", tracingId="kept")
    talker._engine._pending.expect("failed", "onMessage", None, Content("again"))
    talker._engine._pending.forget("failed")
    for id_ in ("0", "1"):
        guest.send(frame("StructuredMessage", {"text": "again", "direction": "Inbound", "id": id_}))
    assert talker.awaitResponse(kept, 5).id == "0"
    assert talker._engine._pending.wants_messages is False


@pytest.mark.parametrize("sentence", ["Forbidden", "Internal server error"])
def test_a_frame_of_the_gateway_ends_the_oldest_open_request(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder, sentence: str
) -> None:
    talker.addSessionListener(recorder)
    first, second = talker.sendMessage("one"), talker.sendMessage("two")
    raw = json.dumps({"message": sentence, "connectionId": "suVjhAemEb4G0yN=", "requestId": "OPpxOXcPSbvHlif="})
    guest.send(raw)
    with pytest.raises(RequestError) as refused:
        talker.awaitResponse(first, 5)
    assert (refused.value.message, refused.value.code) == (sentence, -1)
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse(second, 0)
    base, heard = recorder.waitFor("unexpectedMessage")
    assert (base.body, heard) == (sentence, raw)


@pytest.mark.parametrize("class_", ["SessionResponse", "JwtResponse"])
@pytest.mark.parametrize("traced", [True, False], ids=["traced", "untraced"])
def test_an_answer_with_the_code_of_an_error_is_a_refusal(
    talker: WebMessagingClient, guest: Guest, class_: str, traced: bool
) -> None:
    ping, jwt = talker.ping(), talker.getJwt()
    configured = talker.configureSession("demo", TOKEN, ORIGIN)
    asked = configured if class_ == "SessionResponse" else jwt
    guest.send(frame(class_, {}, code=403, **({"tracingId": asked} if traced else {})))
    with pytest.raises(RequestError) as refused:
        talker.awaitResponse(asked, 5)
    assert refused.value.code == 403
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse(ping, 0)


def test_an_answer_to_somebody_elses_request_answers_nothing(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    tracingId = talker.getJwt()
    guest.send(frame("JwtResponse", {"jwt": "j", "exp": 9e9}, tracingId="another device's"))
    recorder.waitFor("jwtResponse")
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse(tracingId, 0)


REFUSALS = [
    pytest.param(frame("string", "a sentence", code=4011), 4011, "a sentence", id="string"),
    pytest.param(frame("string", "unauthorized", code=401), 401, "unauthorized", id="string-401"),
    pytest.param(frame("string", "as text", code="403"), 403, "as text", id="string-code-as-text"),
    pytest.param(frame("string", None, code=500), 500, "refused", id="string-without-body"),
    pytest.param(
        frame("GenerateUrlError", {"errorCode": 4001, "errorMessage": "this type is not allowed"}),
        4001,
        "this type is not allowed",
        id="GenerateUrlError",
    ),
    pytest.param(
        frame("UploadFailureEvent", {"errorCode": 4003, "errorMessage": "a virus"}), 4003, "a virus", id="UploadFailure"
    ),
    pytest.param(frame("Error", {"errorCode": 5000, "errorMessage": "oops"}), 5000, "oops", id="Error"),
    pytest.param(frame("Error", {"message": "only a message"}), 200, "only a message", id="Error-of-JavaScript"),
    pytest.param(frame("NobodyKnows", {"a": 1}, code=418), 418, "refused", id="unknown-class"),
    pytest.param(
        frame("ErrorMessage", {"errorCode": 4006, "errorMessage": "over"}), 4006, "over", id="ErrorMessage-code-200"
    ),
    pytest.param(
        frame("ErrorMessage", {"errorCode": 4013, "errorMessage": "too large"}, code=400),
        4013,
        "too large",
        id="the-code-of-the-body-is-the-finer-one",
    ),
    pytest.param(
        frame("NobodyKnows", {"errorCode": 4020, "errorMessage": "missing"}), 4020, "missing", id="code-of-a-dict"
    ),
    pytest.param(
        json.dumps({"type": "response", "class": "string", "code": 404, "message": "not there"}),
        404,
        "not there",
        id="under-message",
    ),
]


@pytest.mark.parametrize(("text", "code", "sentence"), REFUSALS)
@pytest.mark.parametrize("traced", [True, False], ids=["traced", "untraced"])
def test_every_class_of_refusal_raises_request_error(
    talker: WebMessagingClient, guest: Guest, text: str, code: int, sentence: str, traced: bool
) -> None:
    tracingId = talker.ping(tracingId="t-1")
    guest.send(text.replace('"code"', '"tracingId": "t-1", "code"', 1) if traced else text)

    with pytest.raises(RequestError) as refused:
        talker.awaitResponse(tracingId, 5)
    error = refused.value
    assert (error.code, error.message, error.tracingId) == (code, sentence, "t-1")
    assert sentence in str(error)
    assert type(error) is RequestError


TOO_MANY = [
    pytest.param(
        frame("TooManyRequestsErrorMessage", {"retryAfter": 3, "errorCode": 4029, "errorMessage": "slower"}, code=429),
        4029,
        3,
        id="class",
    ),
    pytest.param(frame("TooManyRequestsErrorMessage", {}, code=429), 429, None, id="bare-class"),
    pytest.param(frame("string", "slower", code=4029), 4029, None, id="string-4029"),
    pytest.param(frame("string", "slower", code=429), 429, None, id="string-429"),
]


@pytest.mark.parametrize(("text", "code", "retryAfter"), TOO_MANY)
def test_too_many_requests_says_how_long_to_wait(
    talker: WebMessagingClient, guest: Guest, text: str, code: int, retryAfter: int | None
) -> None:
    tracingId = talker.sendMessage("hello")
    guest.send(text)
    with pytest.raises(TooManyRequestsError) as refused:
        talker.awaitResponse(tracingId, 5)
    assert (refused.value.code, refused.value.retryAfter) == (code, retryAfter)


def test_a_refusal_reaches_the_listeners_too(talker: WebMessagingClient, guest: Guest, recorder: Recorder) -> None:
    talker.addSessionListener(recorder)
    talker.sendMessage("hello")
    guest.answer(guest.receive("onMessage"), "string", "no", code=400)
    base, raw = recorder.waitFor("unexpectedMessage")
    assert (base.code, base.body) == (400, "no")
    assert '"no"' in raw


def test_an_answer_that_came_before_anybody_asked_is_kept(talker: WebMessagingClient, guest: Guest) -> None:
    first, second = talker.ping(), talker.ping()
    for _ in range(2):
        guest.answer(guest.receive("echo"), "StructuredMessage", {"text": "ping"})
    assert talker.awaitResponse(second, 5).text == "ping"
    assert talker.awaitResponse(first, 0).text == "ping"
    assert talker.awaitResponse(first, 0).text == "ping"


def test_the_last_1024_answers_are_kept_and_no_more(talker: WebMessagingClient, guest: Guest) -> None:
    assert KEPT == 1024
    ids = [talker.ping() for _ in range(KEPT + 1)]
    for _ in ids:
        guest.answer(guest.receive("echo"), "StructuredMessage", {"text": "ping"})
    assert talker.awaitResponse(ids[-1], 5).text == "ping"
    assert talker.awaitResponse(ids[1], 0).text == "ping"
    with pytest.raises(ValueError, match="is not known"):
        talker.awaitResponse(ids[0], 0)


def test_of_the_answers_that_were_taken_few_are_kept(talker: WebMessagingClient, guest: Guest) -> None:
    unawaited = talker.ping(tracingId="unawaited")
    first = talker.ping(tracingId="first")
    ids = [talker.ping() for _ in range(TAKEN_KEPT)]
    for _ in (unawaited, first, *ids):
        guest.answer(guest.receive("echo"), "StructuredMessage", {"text": "ping"})
    for tracing_id in (first, first, *ids[:-2]):
        assert talker.awaitResponse(tracing_id, 5).text == "ping"
    assert talker.awaitResponse(ids[0], 0).text == "ping"
    assert talker.ping(tracingId="first") == "first"
    for tracing_id in ids:
        assert talker.awaitResponse(tracing_id, 5).text == "ping"
    guest.answer(guest.receive("echo"), "StructuredMessage", {"text": "pong"})
    assert talker.awaitResponse("first", 5).text == "pong"
    for _ in range(2):
        for tracing_id in ids[1:]:
            assert talker.awaitResponse(tracing_id, 0).text == "ping"
    with pytest.raises(ValueError, match=r"'first' is not known.* taken 8 answers ago"):
        talker.awaitResponse("first", 0)
    assert talker.awaitResponse(unawaited, 0).text == "ping"


def test_a_request_that_somebody_awaits_is_not_forgotten(talker: WebMessagingClient, guest: Guest) -> None:
    awaited = talker.getJwt()
    request = guest.receive("getJwt")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(talker.awaitResponse, awaited, 10)
        until(lambda: talker._engine._pending._requests[awaited].waiters > 0)
        last = [talker.ping() for _ in range(KEPT + 5)][-1]
        guest.answer(request, "JwtResponse", {"jwt": "late", "exp": 9e9})
        assert answer.result(10).jwt == "late"
    for _ in range(KEPT + 5):
        pinged = guest.receive("echo")
    guest.answer(pinged, "StructuredMessage", {"text": "ping"})
    assert talker.awaitResponse(last, 5).text == "ping"


@pytest.mark.usefixtures("guest")
def test_an_unknown_tracing_id_is_refused(talker: WebMessagingClient) -> None:
    with pytest.raises(ValueError, match="'never sent' is not known"):
        talker.awaitResponse("never sent", 5)


@pytest.mark.usefixtures("guest")
def test_no_answer_in_time_says_so(talker: WebMessagingClient) -> None:
    tracingId = talker.getJwt()
    started = time.monotonic()
    with pytest.raises(ResponseTimeoutError, match=r"no answer to getJwt within 0\.05 seconds") as late:
        talker.awaitResponse(tracingId, 0.05)
    assert 0.05 <= time.monotonic() - started < 3
    assert isinstance(late.value, TimeoutError)


@pytest.mark.parametrize("how", ["the server closes", "we disconnect"])
def test_the_end_of_the_connection_wakes_who_waits(talker: WebMessagingClient, guest: Guest, how: str) -> None:
    tracingId = talker.getJwt()
    guest.receive("getJwt")
    with ThreadPoolExecutor(2) as pool:
        waiters = [pool.submit(talker.awaitResponse, tracingId, 30) for _ in range(2)]
        if how == "the server closes":
            guest.close(1001, "going away")
        else:
            talker.disconnect()
        for waiter in waiters:
            with pytest.raises(ConnectionClosedError):
                waiter.result(10)
    with pytest.raises(ConnectionClosedError):
        talker.awaitResponse(tracingId, 0)


def test_answers_survive_the_end_of_their_connection(talker: WebMessagingClient, guest: Guest) -> None:
    tracingId = talker.ping()
    guest.answer(guest.receive("echo"), "StructuredMessage", {"text": "ping"})
    assert talker.awaitResponse(tracingId, 5).text == "ping"
    talker.disconnect()
    assert talker.awaitResponse(tracingId, 0).text == "ping"


@pytest.mark.parametrize("kind", [SessionResponse, StructuredMessage])
def test_several_threads_may_await_the_same_answer(talker: WebMessagingClient, guest: Guest, kind: type) -> None:
    tracingId = talker.ping()
    request = guest.receive("echo")
    with ThreadPoolExecutor(4) as pool:
        waiters = [pool.submit(talker.awaitResponse, tracingId, 10) for _ in range(4)]
        guest.answer(request, kind.__name__, {})
        answers = [waiter.result(10) for waiter in waiters]
    assert all(isinstance(answer, kind) for answer in answers)


def test_a_refusal_is_a_new_exception_each_time(talker: WebMessagingClient, guest: Guest) -> None:
    tracingId = talker.sendMessage("hello")
    guest.answer(guest.receive("onMessage"), "string", "no", code=4029)
    raised = []
    for _ in range(2):
        with pytest.raises(RequestError) as refused:
            talker.awaitResponse(tracingId, 5)
        raised.append(refused.value)
    assert raised[0] is not raised[1]
    assert str(raised[0]) == str(raised[1]) == "no (code 4029)"
    assert raised[0].code == raised[1].code == 4029


def test_a_resend_with_the_same_tracing_id_is_answered_once_and_for_all(
    talker: WebMessagingClient, guest: Guest
) -> None:
    request = SendEchoRequest(tracingId="again")
    talker.send(request)
    talker.send(request)
    guest.receive("echo")
    guest.answer(guest.receive("echo"), "StructuredMessage", {"text": "one answer"})
    assert talker.awaitResponse("again", 5).text == "one answer"


def test_a_resend_after_a_refusal_is_awaited_anew(talker: WebMessagingClient, guest: Guest) -> None:
    talker.sendMessage("hello", tracingId="again")
    guest.answer(guest.receive("onMessage"), "string", "slower", code=4029)
    with pytest.raises(TooManyRequestsError):
        talker.awaitResponse("again", 5)

    talker.sendMessage("hello", tracingId="again")
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse("again", 0)
    guest.answer(guest.receive("onMessage"), "StructuredMessage", {"text": "hello"})
    assert talker.awaitResponse("again", 5).text == "hello"


def test_a_resend_after_a_refusal_is_as_new_as_any_other_request(talker: WebMessagingClient, guest: Guest) -> None:
    talker.ping(tracingId="again")
    others = [talker.ping() for _ in range(KEPT - 1)]
    guest.answer(guest.receive("echo"), "string", "slower", code=4029)
    with pytest.raises(TooManyRequestsError):
        talker.awaitResponse("again", 5)

    talker.ping(tracingId="again")
    talker.ping()
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse("again", 0)
    with pytest.raises(ValueError, match="is not known"):
        talker.awaitResponse(others[0], 0)


def test_a_resend_over_the_next_connection_is_awaited_there(
    talker: WebMessagingClient, guest: Guest, peer: WebSocketsPeer
) -> None:
    talker.sendMessage("hello", tracingId="again")
    guest.receive("onMessage")
    talker.disconnect()
    talker.connect("demo", ORIGIN)
    following = peer.guest()
    talker.configureSession("demo", TOKEN, ORIGIN)
    following.configure()
    talker.sendMessage("hello", tracingId="again")
    following.answer(following.receive("onMessage"), "StructuredMessage", {"text": "hello"})
    assert talker.awaitResponse("again", 5).text == "hello"


def test_what_could_not_be_sent_is_not_waited_for(talker: WebMessagingClient, guest: Guest) -> None:
    guest.close()
    talker.disconnect()
    with pytest.raises(NotConnectedError):
        talker.ping(tracingId="unsent")
    with pytest.raises(ValueError, match="is not known"):
        talker.awaitResponse("unsent", 0)


def test_a_listener_may_await_an_answer(talker: WebMessagingClient, guest: Guest) -> None:
    def ask(*_: object) -> JwtResponse:
        answer = talker.awaitResponse(talker.getJwt(), 5)
        assert isinstance(answer, JwtResponse)
        return answer

    doing = Doing("sessionClearedEvent", ask)
    talker.addSessionListener(doing)
    guest.send(frame("SessionClearedEvent", {}))
    guest.answer(guest.receive("getJwt"), "JwtResponse", {"jwt": "for the listener", "exp": 9e9})
    assert doing.waitForOutcome().jwt == "for the listener"


def test_a_listener_finds_the_session_configured_when_its_answer_arrives(peer: WebSocketsPeer) -> None:
    # The answer may overtake configureSession()'s own return; a hundred tries make that likely.
    with WebMessagingClient(peer.address) as client:
        doing = Doing("sessionResponse", lambda *_: client.sendTypingEvent())
        client.addSessionListener(doing)
        for count in range(1, 101):
            client.connect("demo", ORIGIN)
            guest = peer.guest()
            answering = threading.Thread(target=guest.configure, name="answering")
            answering.start()
            client.configureSession("demo", TOKEN, ORIGIN)
            answering.join()
            assert isinstance(doing.waitForOutcome(count), str)
            client.disconnect()


def test_an_error_without_tracing_id_passes_by_a_request_that_was_given_up(
    talker: WebMessagingClient, guest: Guest
) -> None:
    given_up = talker.sendMessage("lost")
    with pytest.raises(ResponseTimeoutError):
        talker.awaitResponse(given_up, 0.05)
    later = talker.sendMessage("too fast")
    guest.send(frame("TooManyRequestsErrorMessage", {"errorCode": 4029, "retryAfter": 3}, code=429))

    with pytest.raises(TooManyRequestsError):
        talker.awaitResponse(later, 5)
