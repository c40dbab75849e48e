"""Every documented method of the client: its forms, and the frame that each sends."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from _fixtures import ORIGIN, TOKEN
from _listeners import Recorder
from _websockets_peer import Guest, WebSocketsPeer, frame, message

from genesys_webmessaging import (
    DecodeError,
    GenesysCloudRegionWebSocketHosts,
    NotConfiguredError,
    WebMessagingClient,
    __version__,
)
from genesys_webmessaging.models import (
    AllowedMedia,
    BaseMessage,
    ConfigureSessionRequest,
    EventPresenceType,
    EventType,
    FileType,
    FileUploadMode,
    IncomingNormalizedMessage,
    JourneyContext,
    JourneyCustomer,
    JwtResponse,
    MessageContent,
    NormalizedType,
    OAuthParams,
    SendMessageRequest,
    SessionResponse,
    StructuredMessage,
)
from genesys_webmessaging.simulator import Simulator

SOME_UUID = object()
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def sent(guest: Guest) -> dict[str, Any]:
    """The next request, without its tracing id, which must be a random UUID in lower case."""
    request = guest.receive()
    tracingId = request.pop("tracingId")
    assert UUID.fullmatch(tracingId), tracingId
    return request


@pytest.fixture
def connected(peer: WebSocketsPeer, talker: WebMessagingClient) -> Guest:
    """The peer's end of the talker's connection, on which nothing was configured."""
    talker.connect("demo", ORIGIN)
    return peer.guest()


# Connecting


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("demo", ORIGIN), {}),
        (("demo", ORIGIN, 5), {}),
        (("demo",), {"origin": ORIGIN, "connectionTimeout": 5.0}),
        ((), {"deploymentId": "demo", "origin": ORIGIN, "connectionTimeout": None}),
        (("demo", ORIGIN), {"applicationName": ""}),
        (("demo", ORIGIN), {"applicationName": None, "trustEnv": False, "proxy": None, "maxMessageSize": 10}),
    ],
)
def test_connect_makes_the_documented_handshake(
    talker: WebMessagingClient, peer: WebSocketsPeer, args: tuple[Any, ...], named: dict[str, Any]
) -> None:
    talker.connect(*args, **named)
    guest = peer.guest()
    parts = urlsplit(guest.path)
    assert parts.path == "/v1"
    assert parse_qs(parts.query) == {"deploymentId": ["demo"], "application": [f"genesys-webmessaging-{__version__}"]}
    assert guest.headers["Origin"] == ORIGIN
    assert guest.headers["User-Agent"] == f"genesys-webmessaging/{__version__}"
    assert guest.headers["deploymentId"] == "demo"
    assert "Cookie" not in guest.headers
    assert "Sec-WebSocket-Protocol" not in guest.headers


def test_connect_percent_encodes_what_a_url_or_a_header_could_not_hold(
    talker: WebMessagingClient, peer: WebSocketsPeer
) -> None:
    talker.connect("dép&x=1#f /+%41", ORIGIN, applicationName="shop & co/1.0")
    guest = peer.guest()
    assert "deploymentId=d%C3%A9p%26x%3D1%23f%20%2F%2B%2541&" in guest.path
    assert parse_qs(urlsplit(guest.path).query) == {
        "deploymentId": ["dép&x=1#f /+%41"],
        "application": ["shop & co/1.0"],
    }
    assert guest.headers["deploymentId"].startswith("d%C3%A9p")


def test_an_address_may_have_a_query_of_its_own(peer: WebSocketsPeer) -> None:
    with WebMessagingClient(f"{peer.address}?a=b") as client:
        client.connect("demo", ORIGIN)
        assert peer.guest().path.startswith("/v1?a=b&deploymentId=demo&application=")


# Configuring

CONFIGURE_FORMS = [
    ((("demo", ORIGIN), {}), {"token": SOME_UUID}),
    (((), {"deploymentId": "demo", "origin": ORIGIN}), {"token": SOME_UUID}),
    ((("demo", TOKEN, ORIGIN), {}), {"token": TOKEN}),
    ((("demo", "tok-1111", ORIGIN, None), {}), {"token": "tok-1111"}),
    ((("demo", TOKEN, ORIGIN, True), {}), {"token": TOKEN, "startNew": True}),
    ((("demo", TOKEN, ORIGIN, False), {}), {"token": TOKEN, "startNew": False}),
    ((("demo", TOKEN, ORIGIN), {"startNew": True}), {"token": TOKEN, "startNew": True}),
    (
        ((), {"deploymentId": "demo", "token": TOKEN, "origin": ORIGIN, "startNew": True}),
        {"token": TOKEN, "startNew": True},
    ),
    (
        (("demo", ORIGIN), {"journeyContext": JourneyContext(customer=JourneyCustomer(id="7", idType="cookie"))}),
        {"token": SOME_UUID, "journeyContext": {"customer": {"id": "7", "idType": "cookie"}}},
    ),
]


@pytest.mark.parametrize(("call", "expected"), CONFIGURE_FORMS)
def test_configure_session_sends_every_documented_form(
    talker: WebMessagingClient, connected: Guest, call: Any, expected: dict[str, Any]
) -> None:
    args, named = call
    talker.configureSession(*args, **named)
    request = sent(connected)
    assert talker.token == request["token"]
    if expected["token"] is SOME_UUID:
        assert UUID.fullmatch(request["token"])
        expected = {**expected, "token": request["token"]}
    assert request == {"action": "configureSession", "deploymentId": "demo", **expected}


def test_configure_session_without_a_token_makes_a_new_one_each_time(
    talker: WebMessagingClient, connected: Guest
) -> None:
    for _ in range(3):
        talker.configureSession("demo", ORIGIN)
    assert len({sent(connected)["token"] for _ in range(3)}) == 3


AUTHENTICATED_FORMS = [
    ((("demo", ORIGIN, OAuthParams(code="c")), {}), {"token": SOME_UUID}),
    ((("demo",), {"origin": ORIGIN, "data": OAuthParams(code="c")}), {"token": SOME_UUID}),
    ((("demo", TOKEN, ORIGIN, OAuthParams(code="c")), {}), {"token": TOKEN}),
    (
        ((), {"deploymentId": "demo", "token": TOKEN, "origin": ORIGIN, "data": OAuthParams(code="c")}),
        {"token": TOKEN},
    ),
    (
        (("demo", TOKEN, ORIGIN, OAuthParams(code="c")), {"startNew": True}),
        {"token": TOKEN, "startNew": True},
    ),
]


@pytest.mark.parametrize(("call", "expected"), AUTHENTICATED_FORMS)
def test_configure_authenticated_session_sends_every_documented_form(
    talker: WebMessagingClient, connected: Guest, call: Any, expected: dict[str, Any]
) -> None:
    args, named = call
    talker.configureAuthenticatedSession(*args, **named)
    request = sent(connected)
    if expected["token"] is SOME_UUID:
        assert UUID.fullmatch(request["token"])
        expected = {**expected, "token": request["token"]}
    assert request == {
        "action": "configureAuthenticatedSession",
        "deploymentId": "demo",
        "data": {"code": "c"},
        **expected,
    }


def test_configured_means_that_it_was_asked_for_and_each_connection_is_configured_anew(
    talker: WebMessagingClient, connected: Guest, peer: WebSocketsPeer
) -> None:
    talker.configureSession("demo", TOKEN, ORIGIN)
    talker.ping()
    assert [connected.receive()["action"] for _ in range(2)] == ["configureSession", "echo"]

    talker.disconnect()
    talker.connect("demo", ORIGIN)
    again = peer.guest()
    with pytest.raises(NotConfiguredError):
        talker.ping()
    assert talker.token == TOKEN
    talker.configureSession("demo", TOKEN, ORIGIN)
    talker.ping()
    assert [again.receive()["action"] for _ in range(2)] == ["configureSession", "echo"]


# Sending


def text_request(text: str | None, ids: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    content = [{"contentType": "Attachment", "attachment": {"id": one}} for one in ids]
    said = {"type": "Text", **({} if text is None else {"text": text}), **({"content": content} if content else {})}
    return {"action": "onMessage", "token": TOKEN, "message": said, **more}


def event_request(event: dict[str, Any]) -> dict[str, Any]:
    return {"action": "onMessage", "token": TOKEN, "message": {"type": "Event", "events": [event]}}


def attributes(**values: str) -> dict[str, Any]:
    return {"channel": {"metadata": {"customAttributes": values}}}


SAME_EVERYWHERE = 'Héllo "q" \\ / \n\t\r\b\f\x01 \u2028\u2029 日本語 👨‍👩‍👧 </script> & \' \x7f a\x00b'

MESSAGE_FORMS = [
    ((("hi",), {}), text_request("hi")),
    (((), {"message": "hi"}), text_request("hi")),
    ((("   ",), {}), text_request("   ")),
    (((SAME_EVERYWHERE,), {}), text_request(SAME_EVERYWHERE)),
    ((("hi", "a1"), {}), text_request("hi", ("a1",))),
    ((("hi", "a1", "a2", "a3"), {}), text_request("hi", ("a1", "a2", "a3"))),
    ((("hi", ["a1", "a2"]), {}), text_request("hi", ("a1", "a2"))),
    ((("hi",), {"attachmentIds": ["a1", "a2"]}), text_request("hi", ("a1", "a2"))),
    ((("hi",), {"attachmentIds": ()}), text_request("hi")),
    ((("", "a1"), {}), text_request(None, ("a1",))),
    ((("hi", None), {}), text_request("hi")),
    ((("hi", {}), {}), text_request("hi")),
    ((("hi", {"k": "v"}), {}), text_request("hi", **attributes(k="v"))),
    ((("hi",), {"customAttributes": {"k": "v"}}), text_request("hi", **attributes(k="v"))),
    ((("hi", {"k": "", "ключ": "значение 😀"}), {}), text_request("hi", **attributes(k="", ключ="значение 😀"))),
    ((("hi", {"k": "v"}, "a1", "a2"), {}), text_request("hi", ("a1", "a2"), **attributes(k="v"))),
    ((("hi", None, "a1"), {}), text_request("hi", ("a1",))),
    ((("hi", "a1"), {"customAttributes": {"k": "v"}}), text_request("hi", ("a1",), **attributes(k="v"))),
    ((("hi", {"k": "v"}), {"attachmentIds": ["a1"]}), text_request("hi", ("a1",), **attributes(k="v"))),
    (
        ((), {"message": "hi", "customAttributes": {"k": "v"}, "attachmentIds": ("a1",)}),
        text_request("hi", ("a1",), **attributes(k="v")),
    ),
]


@pytest.mark.parametrize(("call", "expected"), MESSAGE_FORMS)
def test_send_message_sends_every_documented_form(
    talker: WebMessagingClient, guest: Guest, call: Any, expected: dict[str, Any]
) -> None:
    args, named = call
    talker.sendMessage(*args, **named)
    assert sent(guest) == expected


def test_custom_attributes_may_take_exactly_what_the_session_allows(talker: WebMessagingClient, guest: Guest) -> None:
    guest.send(frame("GetConfigurationResponse", {"maxCustomDataBytes": 6}))
    tracingId = talker.ping()
    guest.answer(guest.receive("echo"), "StructuredMessage", {})
    talker.awaitResponse(tracingId, 5)

    talker.sendMessage("hi", {"é": "日a"})
    assert sent(guest) == text_request("hi", **attributes(é="日a"))


PRESENCES = [
    ((), {}, "Join"),
    ((EventPresenceType.DISCONNECT,), {}, "Disconnect"),
    (("Clear",), {}, "Clear"),
    (("clear",), {}, "Clear"),
    ((), {"type": EventPresenceType.CLEAR}, "Clear"),
]


@pytest.mark.parametrize(("args", "named", "kind"), PRESENCES)
def test_send_presence_event_sends_each_kind_of_presence(
    talker: WebMessagingClient, guest: Guest, args: Any, named: Any, kind: str
) -> None:
    talker.sendPresenceEvent(*args, **named)
    assert sent(guest) == event_request({"eventType": "Presence", "presence": {"type": kind}})


def at(request: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"token": TOKEN, **request, **more}


PLAIN_METHODS: dict[str, tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]] = {
    "sendPresenceEventJoin": ((), {}, event_request({"eventType": "Presence", "presence": {"type": "Join"}})),
    "sendPresenceEventEndUserClear": ((), {}, event_request({"eventType": "Presence", "presence": {"type": "Clear"}})),
    "sendTypingEvent": ((), {}, event_request({"eventType": "Typing", "typing": {"type": "On"}})),
    "ping": ((), {}, at({"action": "echo", "message": {"type": "Text", "text": "ping"}})),
    "attachment": (
        ("a.png", 0, "image/png"),
        {"fileName": "a.png", "fileSize": 0, "fileType": "image/png"},
        at({"action": "onAttachment", "fileName": "a.png", "fileSize": 0, "fileType": "image/png"}),
    ),
    "getAttachment": (("a",), {"attachmentId": "a"}, at({"action": "getAttachment", "attachmentId": "a"})),
    "deleteAttachment": (("a",), {"attachmentId": "a"}, at({"action": "deleteAttachment", "attachmentId": "a"})),
    "getJwt": ((), {}, at({"action": "getJwt"})),
    "getSupportedContentConfiguration": (
        ("demo", "another", ORIGIN),
        {"deploymentId": "demo", "token": "another", "origin": ORIGIN},
        {"action": "getConfiguration", "token": "another", "deploymentId": "demo"},
    ),
}


@pytest.mark.parametrize("method", PLAIN_METHODS)
def test_the_other_methods_send_what_java_sends(talker: WebMessagingClient, guest: Guest, method: str) -> None:
    args, named, expected = PLAIN_METHODS[method]
    call = getattr(talker, method)
    call(*args)
    assert sent(guest) == expected
    call(**named)
    assert sent(guest) == expected
    assert call(*args, tracingId="t") == "t"
    assert guest.receive() == {**expected, "tracingId": "t"}


def test_get_supported_content_configuration_needs_no_session(talker: WebMessagingClient, connected: Guest) -> None:
    tracingId = talker.getSupportedContentConfiguration("demo", TOKEN, ORIGIN)
    connected.answer(connected.receive("getConfiguration"), "GetConfigurationResponse", {"maxCustomDataBytes": 1})
    assert talker.awaitResponse(tracingId, 5).maxCustomDataBytes == 1
    assert talker.token is None


def test_send_fills_in_token_and_tracing_id_and_leaves_the_request_as_it_was(
    talker: WebMessagingClient, guest: Guest
) -> None:
    reply = {"contentType": "ButtonResponse", "buttonResponse": {"type": "QuickReply", "text": "Yes", "payload": "y"}}
    request = SendMessageRequest.from_dict({"message": {"type": "Text", "text": "", "content": [reply]}})
    tracingId = talker.send(request)

    assert guest.receive() == {
        "action": "onMessage",
        "token": TOKEN,
        "tracingId": tracingId,
        "message": {"type": "Text", "text": "", "content": [reply]},
    }
    assert (request.token, request.tracingId) == (None, None)


def test_send_keeps_the_requests_own_token_and_tracing_id_unless_told_otherwise(
    talker: WebMessagingClient, guest: Guest
) -> None:
    request = SendMessageRequest(token="own", tracingId="t-own")
    assert talker.send(request) == "t-own"
    assert talker.send(request, tracingId="t-2") == "t-2"
    for expected in ("t-own", "t-2"):
        assert guest.receive() == {"action": "onMessage", "token": "own", "tracingId": expected}


def test_send_configures_as_configure_session_does(talker: WebMessagingClient, connected: Guest) -> None:
    talker.send(ConfigureSessionRequest(deploymentId="demo"))
    request = sent(connected)
    assert UUID.fullmatch(request["token"])
    assert talker.token == request["token"]
    talker.ping()
    assert sent(connected)["token"] == talker.token


# What is known


def test_what_the_server_told_is_there_to_be_asked(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    body = {"connected": True, "allowedMedia": {"inbound": {"fileTypes": [{"type": "image/*"}], "maxFileSizeKB": 10}}}
    assert talker.jwtResponse is None
    guest.send(frame("SessionResponse", body))
    guest.send(frame("JwtResponse", {"jwt": "j", "exp": 5}))
    recorder.waitFor("jwtResponse")

    assert talker.token == TOKEN
    assert isinstance(talker.sessionResponse, SessionResponse)
    assert talker.allowedMediaInbound == AllowedMedia.from_dict(body["allowedMedia"])
    assert talker.jwtResponse == JwtResponse(jwt="j", exp=5)


def test_allowed_media_can_be_set_by_hand(talker: WebMessagingClient) -> None:
    media = AllowedMedia(inbound=FileUploadMode(fileTypes=[FileType(type="text/plain")]))
    talker.allowedMediaInbound = media
    assert talker.allowedMediaInbound is media
    assert talker.isMimeTypeAllowedInbound("text/plain")
    talker.allowedMediaInbound = None
    with pytest.raises(NotConfiguredError):
        talker.isMimeTypeAllowedInbound("text/plain")
    with pytest.raises(TypeError, match="allowedMedia must be of class AllowedMedia, not dict"):
        talker.allowedMediaInbound = {}  # type: ignore[assignment]


MIME_TYPES = [
    (["image/png", "application/pdf"], "image/png", True),
    (["image/png", "application/pdf"], "IMAGE/PNG", True),
    (["IMAGE/PNG"], "image/png", True),
    (["image/png"], "image/jpeg", False),
    (["image/*"], "image/jpeg", True),
    (["image/*"], "image/svg+xml", True),
    (["image/*"], "imagexx/png", False),
    (["*/*"], "application/vnd.openxmlformats-officedocument.wordprocessingml.document", True),
    (["text/x-python"], "text/x-python", True),
    (["*/*"], "application/x-zip-compressed", True),
    (["*/*"], "", False),
    (["*/*"], "png", False),
    (["*/*"], "image/", False),
    (["*/*"], "/png", False),
    (["*/*"], "text/plain; charset=utf-8", False),
    (["*/*"], "image/*", False),
    ([], "image/png", False),
    ([None], "image/png", False),
]


@pytest.mark.parametrize(("allowed", "mimeType", "expected"), MIME_TYPES)
def test_mime_types_are_allowed_by_name_and_by_wildcard(allowed: Any, mimeType: str, expected: bool) -> None:
    client = WebMessagingClient("us_east_1")
    fileTypes = [FileType(type=one) for one in allowed]
    client.allowedMediaInbound = AllowedMedia(inbound=FileUploadMode(fileTypes=fileTypes))
    assert client.isMimeTypeAllowedInbound(mimeType) is expected


def test_no_mime_type_is_allowed_where_nothing_may_come_in() -> None:
    client = WebMessagingClient("us_east_1")
    client.allowedMediaInbound = AllowedMedia()
    assert client.isMimeTypeAllowedInbound("image/png") is False


def test_before_configure_nothing_is_known() -> None:
    client = WebMessagingClient("wss://webmessaging.mypurecloud.com/v1")
    assert (client.token, client.sessionResponse, client.jwtResponse, client.allowedMediaInbound) == (None,) * 4
    assert client.getWebSocket() is None
    assert client.address == "wss://webmessaging.mypurecloud.com/v1"


def test_the_web_socket_beneath_can_be_had_and_sent_with(talker: WebMessagingClient, connected: Guest) -> None:
    socket = talker.getWebSocket()
    assert socket is not None
    assert socket.connected
    socket.send('{"action": "byHand"}')
    assert connected.receive() == {"action": "byHand"}


@pytest.mark.parametrize(
    ("place", "address"),
    [
        (GenesysCloudRegionWebSocketHosts.eu_central_1, "wss://webmessaging.mypurecloud.de/v1"),
        ("eu_central_1", "wss://webmessaging.mypurecloud.de/v1"),
        ("ws://127.0.0.1:9/v1", "ws://127.0.0.1:9/v1"),
    ],
)
def test_a_client_is_made_of_an_address_or_a_region(place: Any, address: str) -> None:
    assert WebMessagingClient(place).address == address
    assert WebMessagingClient(address=place).address == address
    assert WebMessagingClient(region=place).address == address


def test_a_client_is_made_of_one_place() -> None:
    for places in ((), ("us_east_1", "us_east_1")):
        with pytest.raises(TypeError):
            WebMessagingClient(*places)
    with pytest.raises(TypeError, match="and not both"):
        WebMessagingClient("us_east_1", region="us_east_1")
    with pytest.raises(TypeError, match="and not both"):
        WebMessagingClient(address="us_east_1", region="us_east_1")


# Static helpers


@pytest.mark.parametrize("text", ["x" * 4096, "ä" * 2048, "\U0001f6b2" * 1024])
def test_a_text_may_have_4096_bytes(talker: WebMessagingClient, guest: Guest, text: str) -> None:
    talker.sendMessage(text)
    assert guest.receive("onMessage")["message"]["text"] == text


def test_a_text_goes_out_as_a_request_that_says_the_same(talker: WebMessagingClient, guest: Guest) -> None:
    text = '  "Grüße" \\ \n\u2028 \U0001f6b2 '
    talker.sendMessage(text, tracingId="same")
    sent = guest.receive("onMessage")
    message = IncomingNormalizedMessage(type=NormalizedType.TEXT, text=text)
    talker.send(SendMessageRequest(message=message), tracingId="same")
    assert guest.receive("onMessage") == sent


EVENTS = [
    ([{"eventType": "Typing", "typing": {"type": "On"}}], True, False),
    ([{"eventType": "Presence", "presence": {"type": "Join"}}], False, True),
    ([{"eventType": "Typing"}, {"eventType": "Presence"}], True, True),
    ([{"eventType": "CoBrowse"}, {"eventType": "New"}, None], False, False),
    ([], False, False),
    (None, False, False),
]


@pytest.mark.parametrize(("events", "typing", "presence"), EVENTS)
def test_messages_are_asked_for_their_events(events: Any, typing: bool, presence: bool) -> None:
    asked = StructuredMessage.from_dict({"events": events})
    assert WebMessagingClient.hasTypingEvents(asked) is typing
    assert WebMessagingClient.hasPresenceEvents(asked) is presence
    assert WebMessagingClient.hasEvents(asked, EventType.TYPING) is typing
    assert WebMessagingClient.hasEvents(message=asked, type=EventType.PRESENCE) is presence


def test_a_message_without_a_list_of_events_has_none() -> None:
    asked = StructuredMessage()
    asked.events = None  # type: ignore[assignment]
    assert WebMessagingClient.hasTypingEvents(asked) is False


def test_deserialize_makes_any_model() -> None:
    raw = message("hello")
    base = WebMessagingClient.deserialize(raw, BaseMessage)
    assert isinstance(base, BaseMessage)
    assert base.class_ == "StructuredMessage"
    assert base.body["text"] == "hello"
    content = WebMessagingClient.deserialize(json='{"contentType": "Hologram"}', type=MessageContent)
    assert content.raw == {"contentType": "Hologram"}


@pytest.mark.parametrize("text", ["", "[]", "3", "nonsense", '{"a"', "NaN", "[" * 100_000])
def test_deserialize_refuses_what_is_no_object(text: str) -> None:
    with pytest.raises(DecodeError):
        WebMessagingClient.deserialize(text, BaseMessage)


def test_names_and_hosts_are_told() -> None:
    assert WebMessagingClient.getDefaultAppName() == f"genesys-webmessaging-{__version__}"
    assert WebMessagingClient.asApiHost("wss://webmessaging.mypurecloud.com/v1") == "https://api.mypurecloud.com"


# As users meet it


def test_with_disconnects(simulator: Simulator) -> None:
    with WebMessagingClient(simulator.address) as client:
        client.connect("demo", ORIGIN)
        connection = simulator.guest()
    assert connection.waitClosed() == 1000
    assert client.isInputClosed()


def test_repr_tells_address_and_state_and_no_secret(client: WebMessagingClient, simulator: Simulator) -> None:
    assert repr(client) == f"<WebMessagingClient {simulator.address} disconnected>"
    client.connect("demo", ORIGIN)
    client.configureSession("demo", TOKEN, ORIGIN)
    assert repr(client) == f"<WebMessagingClient {simulator.address} connected>"


def test_a_guest_talks_with_the_bot_of_the_simulator(recorder: Recorder) -> None:
    with Simulator() as simulator, WebMessagingClient(simulator.address) as client:
        client.addSessionListener(recorder)
        client.connect("demo", ORIGIN)
        response = client.awaitResponse(client.configureSession("demo", str(uuid.uuid4()), ORIGIN))
        assert response.newSession is True
        client.awaitResponse(client.sendPresenceEventJoin())
        recorder.waitForText("Hello! I am the bot of this simulator.")
        question = recorder.waitForText("What would you like to do?")
        assert question.content[0].quickReply.text == "Opening hours"
        echo = client.awaitResponse(client.sendMessage("Zebras, please", {"shoe": "42"}))
        assert (echo.text, echo.direction) == ("Zebras, please", "Inbound")
        recorder.waitForText('You said "Zebras, please". I know about hours, cards and dates.')
        assert simulator.session(client.token or "").customAttributes == {"shoe": "42"}
        assert simulator.violations == []
