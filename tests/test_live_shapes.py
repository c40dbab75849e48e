"""Frames in the shapes of the live service, which nobody here made up: the server's into a client, a guest's into the
simulator. The data tells of each what must be heard or answered."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from _fixtures import ORIGIN, TOKEN
from _listeners import Recorder, until
from _websockets_peer import Guest, WebSocketsPeer, message
from websockets.sync.client import ClientConnection, connect

from genesys_webmessaging import WebMessagingClient, WebMessagingException
from genesys_webmessaging.conversation import Conversation, ConversationState
from genesys_webmessaging.models import GenerateUploadUrlRequest, WebMessagingMessageEntityList
from genesys_webmessaging.simulator import Simulator

SHAPES = json.loads((Path(__file__).parent / "data" / "live_shapes.json").read_text(encoding="utf-8"))
FRAMES = {shape["name"]: shape["frame"] for shape in SHAPES}
OF_SERVER = [shape["name"] for shape in SHAPES if shape["direction"] == "server" and shape["name"] != "history_page"]
OF_CLIENT = [shape["name"] for shape in SHAPES if shape["direction"] == "client"]

METHODS = {
    "SessionResponse": "sessionResponse",
    "StructuredMessage": "structuredMessage",
    "PresignedUrlResponse": "presignedUrlResponse",
    "UploadSuccessEvent": "uploadSuccessEvent",
    "UploadFailureEvent": "uploadFailureEvent",
    "ConnectionClosedEvent": "connectionClosedEvent",
    "SessionExpiredEvent": "sessionExpiredEvent",
    "SessionClearedEvent": "sessionClearedEvent",
    "JwtResponse": "jwtResponse",
    "GetConfigurationResponse": "getConfigurationResponse",
}
REFUSALS = [
    name for name in OF_SERVER if name.startswith(("string_error", "error_message", "too_many_requests", "gateway"))
]
STATES = {
    "session_response_read_only": ConversationState.READ_ONLY,
    "presence_disconnect_read_only": ConversationState.READ_ONLY,
    "session_expired_event": ConversationState.ENDED,
    "session_cleared_event_bare": ConversationState.ENDED,
    "connection_closed_event": ConversationState.ENDED,
    "connection_closed_signed_in": ConversationState.ENDED,
    "logout_event": ConversationState.ENDED,
    "string_error_4006": ConversationState.ENDED,
    "string_error_4007": ConversationState.ENDED,
}
SECRETS = {
    "jwt_response": lambda body: body["jwt"],
    "co_browse_offering": lambda body: body["events"][0]["coBrowse"]["sessionJoinToken"],
    "video_offering": lambda body: body["events"][0]["video"]["jwt"],
    "presigned_url_upload": lambda body: body["url"].partition("?")[2],
    "presigned_url_download": lambda body: body["url"].partition("?")[2],
    "upload_success_event": lambda body: body["downloadUrl"].partition("?")[2],
}


def without_empties(value: Any) -> Any:
    """A document without null, [] and {}, which say nothing."""
    if isinstance(value, dict):
        inner = {key: without_empties(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item not in ([], {}, None)}
    return [without_empties(item) for item in value] if isinstance(value, list) else value


def body_of(frame: dict[str, Any]) -> Any:
    return frame.get("body", frame.get("message")) or {}


# The server's frames


@pytest.mark.parametrize("name", OF_SERVER)
def test_a_listener_hears_a_frame_of_the_live_service_whole(
    name: str, guest: Guest, talker: WebMessagingClient, recorder: Recorder
) -> None:
    frame = FRAMES[name]
    talker.addSessionListener(recorder)

    guest.send(frame)
    guest.send(message("and on it goes"))
    recorder.waitForText("and on it goes")

    [(method, (heard, raw)), _] = recorder.events
    assert method == METHODS.get(frame.get("class"), "unexpectedMessage")
    assert json.loads(raw) == frame
    if "class" not in frame:
        assert heard.to_dict() == {"body": frame["message"]}
        return
    document = (heard if method in METHODS.values() else heard.body).to_dict() if frame["class"] != "string" else {}
    document.pop("tracingId", None)
    assert without_empties(document) == without_empties(body_of(frame) if frame["class"] != "string" else {})
    if frame["class"] == "string":
        assert (heard.body, heard.code) == (frame["body"], frame["code"])


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_of_the_live_service_ends_the_request(name: str, guest: Guest, talker: WebMessagingClient) -> None:
    frame = dict(FRAMES[name])
    tracingId = talker.getJwt()
    guest.receive("getJwt")
    if "tracingId" in frame:
        frame["tracingId"] = tracingId

    guest.send(frame)

    with pytest.raises(WebMessagingException) as refused:
        talker.awaitResponse(tracingId, 5)
    body = frame.get("body", frame.get("message"))
    sentence = body["errorMessage"] if isinstance(body, dict) else body
    assert sentence in str(refused.value)
    if "class" in frame:
        code = body["errorCode"] if isinstance(body, dict) else frame["code"]
        assert getattr(refused.value, "code", None) == code
    if name == "too_many_requests":
        assert refused.value.retryAfter == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["generate_url_error", "generate_url_error_zero_bytes"])
def test_a_refused_upload_is_found_by_its_attachment_if_need_be(
    name: str, guest: Guest, talker: WebMessagingClient
) -> None:
    frame = dict(FRAMES[name])
    older = talker.getJwt()
    upload = GenerateUploadUrlRequest(attachmentId=frame["body"]["attachmentId"], fileName="wheel.png", fileSize=0)
    tracingId = talker.send(upload)
    if "tracingId" in frame:
        frame["tracingId"] = tracingId

    guest.send(frame)
    guest.answer({"tracingId": older}, "JwtResponse", FRAMES["jwt_response"]["body"])

    assert talker.awaitResponse(older, 5) is not None
    with pytest.raises(WebMessagingException, match=frame["body"]["errorMessage"]) as refused:
        talker.awaitResponse(tracingId, 5)
    assert getattr(refused.value, "code", None) == frame["body"]["errorCode"]


@pytest.mark.parametrize("name", SECRETS)
def test_no_log_shows_the_secret_of_a_frame(
    name: str, guest: Guest, talker: WebMessagingClient, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    talker.addSessionListener(recorder)
    secret = SECRETS[name](FRAMES[name]["body"])

    guest.send(FRAMES[name])
    guest.send(message("and on it goes"))
    recorder.waitForText("and on it goes")

    assert len(secret) > 5 or name == "upload_success_event"
    said = [record for record in caplog.records if record.name.startswith("genesys_webmessaging")]
    assert said
    for record in said:
        assert not secret or secret not in record.getMessage() + repr(record.args)


@contextmanager
def opened(peer: WebSocketsPeer) -> Iterator[tuple[Conversation, Guest]]:
    """A conversation with a server that says what a test tells it to."""
    with ThreadPoolExecutor(1) as opening:
        opens = opening.submit(Conversation.open, peer.address, "demo", origin=ORIGIN, token=TOKEN, timeout=5)
        guest = peer.guest()
        guest.configure()
        with opens.result(10) as chat:
            yield chat, guest


@pytest.mark.parametrize("name", OF_SERVER)
def test_a_conversation_takes_a_frame_of_the_live_service(name: str, peer: WebSocketsPeer) -> None:
    frame = FRAMES[name]
    body = body_of(frame)
    with opened(peer) as (chat, guest):
        guest.send(frame)
        guest.send(message("and on it goes"))

        if name in STATES:
            until(lambda: chat.state is not ConversationState.OPEN)
            assert chat.state is STATES[name]
            return
        if (
            frame.get("class") == "StructuredMessage"
            and body["direction"] == "Outbound"
            and {"content", "text"} & {*body}
        ):
            heard = chat.receive(timeout=5)
            assert (heard.id, heard.text) == (body["id"], body.get("text"))
        assert chat.receive(timeout=5).text == "and on it goes"
        assert chat.state is ConversationState.OPEN


def test_a_page_of_the_history_is_read_and_written_back_whole() -> None:
    document = FRAMES["history_page"]

    page = WebMessagingMessageEntityList.from_dict(document)

    assert without_empties(page.to_dict()) == without_empties(document)
    assert [entity.channel.time for entity in page.entities if entity.channel].count(None) == 1
    [form] = [part.form for part in page.entities[0].content if part.form]
    assert [answer.id for answer in form.response] == ["name", "bought", "parts", "parts", "size"]


# A guest's frames


class LiveGuest:
    """A guest of the simulator who sends the frames as they stand."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def send(self, frame: dict[str, Any]) -> None:
        self._socket.send(json.dumps(frame))

    def receive(self, *, timeout: float = 5) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._socket.recv(timeout=timeout))
        return answer

    def configure(self) -> None:
        self.send({"action": "configureSession", "token": TOKEN_OF_ALL, "deploymentId": DEPLOYMENT})
        assert self.receive()["class"] == "SessionResponse"

    def upload(self, attachment: str) -> None:
        """Upload the file that a frame names."""
        self.send(
            {
                "action": "onAttachment",
                "token": TOKEN_OF_ALL,
                "tracingId": "an upload",
                "attachmentId": attachment,
                "fileName": "wheel.png",
                "fileType": "image/png",
                "fileSize": 8,
            }
        )
        presigned = self.receive()["body"]
        answer = requests.put(
            presigned["url"],
            b"\x89PNG\r\n\x1a\n",
            headers={**presigned["headers"], "Content-Type": "image/png"},
            timeout=5,
        )
        assert answer.ok, answer.text
        assert self.receive()["class"] == "UploadSuccessEvent"


DEPLOYMENT = FRAMES["mobile_configure_session"]["deploymentId"]
TOKEN_OF_ALL = FRAMES["mobile_configure_session"]["token"]


@pytest.fixture(params=[True, False], ids=["strict", "lenient"])
def live_guest(request: pytest.FixtureRequest) -> Iterator[LiveGuest]:
    with Simulator(deployments=[DEPLOYMENT], bot=False, strict=request.param) as simulator:
        address = f"{simulator.address}?deploymentId={DEPLOYMENT}&application=messenger-2.16.2"
        with connect(address, additional_headers={"Origin": ORIGIN}, open_timeout=5, compression=None) as socket:
            yield LiveGuest(socket)
        assert [str(violation) for violation in simulator.violations] == []


def is_echo(answer: dict[str, Any], frame: dict[str, Any]) -> None:
    """The answer is the echo of a message: all that was said comes back, with ids and a time."""
    body, said = answer["body"], frame["message"]
    assert (answer["class"], answer["code"]) == ("StructuredMessage", 200)
    assert answer.get("tracingId") == frame.get("tracingId")
    assert body["direction"] == "Inbound"
    assert body["type"] == said.get("type", "Text")
    assert body.get("text", "") == said.get("text", "")
    assert said.get("metadata", {}).items() <= body.get("metadata", {}).items()
    assert body.get("events", []) == said.get("events", [])
    sent = said.get("content", [])
    assert [part["contentType"] for part in body.get("content", [])] == [part["contentType"] for part in sent]
    for came, part in zip(body.get("content", []), sent, strict=True):
        if part["contentType"] != "Attachment":
            assert came == part
        else:
            assert came["attachment"]["id"] == part["attachment"]["id"]


def is_(class_: str, **expected: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """The answer is of this class, and says this."""

    def check(answer: dict[str, Any], frame: dict[str, Any]) -> None:
        assert answer["class"] == class_
        assert answer.get("tracingId") == frame.get("tracingId")
        assert expected.items() <= answer["body"].items()

    return check


def is_upload_url(answer: dict[str, Any], frame: dict[str, Any]) -> None:
    assert answer["class"] == "PresignedUrlResponse"
    assert answer["body"]["attachmentId"]
    assert answer["body"]["attachmentId"] == frame.get("attachmentId", answer["body"]["attachmentId"])


def is_signed_in_or_refused(answer: dict[str, Any], frame: dict[str, Any]) -> None:
    assert answer["class"] == "SessionResponse" or (answer["class"], answer["code"]) in [
        ("string", 401),
        ("string", 403),
    ]


ANSWERS = {
    "web_configure_session": is_("SessionResponse", connected=True, newSession=True),
    "mobile_configure_session": is_("SessionResponse", connected=True),
    "mobile_configure_session_app": is_("SessionResponse", connected=True),
    "mobile_configure_authenticated_session": is_signed_in_or_refused,
    "web_on_attachment": is_upload_url,
    "mobile_on_attachment": is_upload_url,
    "mobile_close_session": is_("SessionResponse", connected=False, readOnly=True),
}


@pytest.mark.parametrize("name", [name for name in OF_CLIENT if name not in ("web_typing", "echo_without_token")])
def test_the_simulator_answers_a_frame_of_a_real_client(name: str, live_guest: LiveGuest) -> None:
    frame = FRAMES[name]
    if not frame["action"].startswith("configure"):
        live_guest.configure()
    for part in frame.get("message", {}).get("content", []):
        if part["contentType"] == "Attachment":
            live_guest.upload(part["attachment"]["id"])

    live_guest.send(frame)

    ANSWERS.get(name, is_echo)(live_guest.receive(), frame)
    if name == "mobile_clear":
        assert [live_guest.receive()["class"] for _ in range(2)] == ["SessionClearedEvent", "ConnectionClosedEvent"]


@pytest.mark.parametrize("name", ["web_typing", "echo_without_token"])
def test_the_simulator_takes_what_real_clients_send_beside_messages(name: str, live_guest: LiveGuest) -> None:
    live_guest.configure()
    live_guest.send(FRAMES[name])
    live_guest.send(FRAMES["web_text"])

    answer = live_guest.receive()
    while answer.get("tracingId") != FRAMES["web_text"]["tracingId"]:
        assert answer["class"] == "StructuredMessage"
        answer = live_guest.receive()
    is_echo(answer, FRAMES["web_text"])
