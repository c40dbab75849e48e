"""What cannot be right is refused by name, with a sentence that tells what to do, and nothing is sent."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _fixtures import ORIGIN, TOKEN
from _listeners import Recorder
from _raw_peer import RawPeer, Wire
from _websockets_peer import Guest, WebSocketsPeer, frame

from genesys_webmessaging import (
    ConnectError,
    ConnectTimeoutError,
    GenesysCloudRegionWebSocketHosts,
    NotConfiguredError,
    NotConnectedError,
    ResponseTimeoutError,
    SessionListener,
    WebMessagingClient,
    WebMessagingException,
)
from genesys_webmessaging.models import (
    BaseMessage,
    CloseSessionRequest,
    ConfigureSessionRequest,
    OAuthParams,
    SendMessageRequest,
)
from genesys_webmessaging.simulator import Deployment, Simulator

SURROGATE = "half a smile \ud83d"

# Addresses


@pytest.mark.parametrize(
    ("address", "error", "sentence"),
    [
        ("https://webmessaging.mypurecloud.com/v1", ValueError, "starts with neither ws:// nor wss://"),
        ("webmessaging.mypurecloud.com", ValueError, "starts with neither ws:// nor wss://"),
        ("us_moon_1", ValueError, "not the name of a region either. The regions are: us_east_1, eu_west_1"),
        ("", ValueError, "starts with neither"),
        ("wss://", ValueError, "names no host"),
        ("wss:///v1", ValueError, "names no host"),
        ("ws://host:0/v1", ValueError, "names no host"),
        ("ws://host:99999/v1", ValueError, "is not a usable URL"),
        ("ws://host:port/v1", ValueError, "is not a usable URL"),
        ("ws://[::1/v1", ValueError, "is not a usable URL"),
        ("ws://host name/v1", ValueError, "holds blanks or control characters"),
        ("ws://host\n/v1", ValueError, "holds blanks or control characters"),
        ("ws://host/v1#top", ValueError, "has a fragment"),
        ("wss://user:pass@host/v1", ValueError, "must hold no user name and no password"),
        (None, TypeError, r"WebMessagingClient\(\) takes an address like 'wss://.*' or a region, and not both"),
        (b"ws://host/v1", TypeError, "address must be a str .* not bytes"),
        (GenesysCloudRegionWebSocketHosts, TypeError, "address must be a str"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(address: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        WebMessagingClient(address)


def test_the_password_in_an_address_is_not_repeated() -> None:
    for address in ("wss://user:pa55word@host/v1", "wss://user:pa55word@ho st/v1", "wss://user:pa55word@host/v1#x"):
        with pytest.raises(ValueError, match="address") as refused:
            WebMessagingClient(address)
        assert "pa55word" not in str(refused.value)


# Listeners


class Deaf:
    def structuredMessage(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("listener", "sentence"),
    [
        (None, "listener must derive from SessionListener or have all its methods; NoneType lacks webSocketConnected"),
        ("listener", "str lacks"),
        (print, "lacks webSocketConnected"),
        (Deaf(), "Deaf lacks webSocketConnected, webSocketDisconnected"),
        (SessionListener, r"must be an object, not the class SessionListener: SessionListener\(\)"),
    ],
)
def test_an_object_that_is_no_listener_is_refused(listener: Any, sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        WebMessagingClient("us_east_1").addSessionListener(listener)


# Connecting: whatever is refused, nobody came


def test_a_403_says_what_it_usually_is() -> None:
    def forbid(wire: Wire) -> None:
        wire.read_head()
        wire.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with (
        RawPeer(forbid) as peer,
        pytest.raises(ConnectError, match="deployment is not active, or is unknown") as caught,
    ):
        WebMessagingClient(peer.url).connect("demo", ORIGIN)
    assert caught.value.statusCode == 403


CONNECT_REFUSALS = [
    ((), {}, TypeError, "deploymentId"),
    (("",), {"origin": ORIGIN}, ValueError, "deploymentId must not be empty"),
    (("  ", ORIGIN), {}, ValueError, "deploymentId must not be empty"),
    ((None, ORIGIN), {}, TypeError, "deploymentId must be a str, not NoneType"),
    ((5, ORIGIN), {}, TypeError, "deploymentId must be a str, not int"),
    (("de\nmo", ORIGIN), {}, ValueError, "deploymentId holds a line break"),
    ((SURROGATE, ORIGIN), {}, ValueError, "deploymentId holds an unpaired surrogate at index 13"),
    (("demo", None), {}, TypeError, "origin must be a str, not NoneType"),
    (("demo", "https://o\r\nX: y"), {}, ValueError, "origin holds a line break"),
    (("demo", "shop.example"), {}, ValueError, "origin 'shop.example' must have a scheme"),
    (("demo", "https://"), {}, ValueError, "origin 'https://' must have a scheme"),
    (("demo", ORIGIN, 0), {}, ValueError, "connectionTimeout must be a finite number of seconds above zero, not 0"),
    (("demo", ORIGIN, -1), {}, ValueError, "connectionTimeout"),
    (("demo", ORIGIN, float("nan")), {}, ValueError, "connectionTimeout"),
    (("demo", ORIGIN, float("inf")), {}, ValueError, "connectionTimeout"),
    (("demo", ORIGIN, "5"), {}, TypeError, "connectionTimeout must be a number of seconds, not str"),
    (("demo", ORIGIN, True), {}, TypeError, "connectionTimeout must be a number of seconds, not bool"),
    (("demo", ORIGIN), {"applicationName": "a\nb"}, ValueError, "applicationName holds a line break"),
    (("demo", ORIGIN), {"applicationName": 7}, TypeError, "applicationName must be a str, not int"),
    (("demo", ORIGIN), {"maxMessageSize": "big"}, TypeError, "maxMessageSize must be an int, not str"),
    (("demo", ORIGIN), {"maxMessageSize": -1}, ValueError, "maxMessageSize must not be negative"),
    (("demo", ORIGIN, 5, "name"), {}, TypeError, "positional"),
    (("demo", ORIGIN), {"timeout": 5}, TypeError, "timeout"),
]


@pytest.mark.parametrize(("args", "named", "error", "sentence"), CONNECT_REFUSALS)
def test_connect_refuses_what_cannot_be_right(
    talker: WebMessagingClient, peer: WebSocketsPeer, args: Any, named: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        talker.connect(*args, **named)
    assert peer.nobody_came()
    assert talker.isInputClosed()
    talker.connect("demo", ORIGIN)


def test_a_refused_handshake_shows_status_headers_and_body(simulator: Simulator, client: WebMessagingClient) -> None:
    simulator.faults.refuseHandshake(403, body="not from there", headers={"X-Why": "origin"})
    with pytest.raises(ConnectError) as refused:
        client.connect("demo", ORIGIN)
    assert (refused.value.statusCode, refused.value.body) == (403, "not from there")
    assert refused.value.headers["X-Why"] == "origin"
    assert isinstance(refused.value, ConnectionError)
    assert "403" in str(refused.value)
    client.connect("demo", ORIGIN)


def test_an_unknown_deployment_and_a_foreign_origin_are_refused_by_the_server() -> None:
    with Simulator(deployments=[Deployment(id="demo", allowedOrigins=("https://only.example",))]) as simulator:
        for deploymentId, origin in (("unknown", "https://only.example"), ("demo", ORIGIN)):
            client = WebMessagingClient(simulator.address)
            with pytest.raises(ConnectError) as refused:
                client.connect(deploymentId, origin)
            assert refused.value.statusCode == 403
            client.disconnect()


def test_a_port_where_nobody_listens_is_a_connect_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectError, match=r"127\.0\.0\.1"):
        WebMessagingClient(f"ws://127.0.0.1:{port}/v1").connect("demo", ORIGIN, 5)


def test_a_server_that_does_not_answer_the_handshake_is_a_timeout(
    simulator: Simulator, client: WebMessagingClient
) -> None:
    simulator.faults.stallHandshake(60)
    with pytest.raises(ConnectTimeoutError, match=r"0\.2 seconds") as late:
        client.connect("demo", ORIGIN, 0.2)
    assert isinstance(late.value, TimeoutError)
    assert isinstance(late.value, WebMessagingException)


# Before connect, before configureSession, after disconnect

NEED_A_SESSION: dict[str, Callable[[WebMessagingClient], object]] = {
    "sendMessage": lambda client: client.sendMessage("hi"),
    "sendTypingEvent": lambda client: client.sendTypingEvent(),
    "sendPresenceEvent": lambda client: client.sendPresenceEvent(),
    "sendPresenceEventJoin": lambda client: client.sendPresenceEventJoin(),
    "sendPresenceEventEndUserClear": lambda client: client.sendPresenceEventEndUserClear(),
    "ping": lambda client: client.ping(),
    "attachment": lambda client: client.attachment("f", 1, "a/b"),
    "getAttachment": lambda client: client.getAttachment("a"),
    "deleteAttachment": lambda client: client.deleteAttachment("a"),
    "getJwt": lambda client: client.getJwt(),
    "getHistory": lambda client: client.getHistory(),
    "send": lambda client: client.send(CloseSessionRequest()),
}
NEED_A_CONNECTION = {
    **NEED_A_SESSION,
    "configureSession": lambda client: client.configureSession("demo", ORIGIN),
    "configureAuthenticatedSession": lambda client: client.configureAuthenticatedSession(
        "demo", ORIGIN, OAuthParams(code="c")
    ),
    "getSupportedContentConfiguration": lambda client: client.getSupportedContentConfiguration("demo", TOKEN, ORIGIN),
}


@pytest.mark.parametrize("method", NEED_A_CONNECTION)
def test_a_call_before_connect_says_so(method: str) -> None:
    with pytest.raises(NotConnectedError, match=r"needs an open connection: call connect\(\)"):
        NEED_A_CONNECTION[method](WebMessagingClient("ws://127.0.0.1:9/v1"))


@pytest.mark.parametrize("method", NEED_A_CONNECTION)
def test_a_call_after_disconnect_says_so(talker: WebMessagingClient, guest: Guest, method: str) -> None:
    talker.disconnect()
    with pytest.raises(NotConnectedError):
        NEED_A_CONNECTION[method](talker)
    assert guest.received_nothing()


@pytest.mark.parametrize("method", NEED_A_SESSION)
def test_a_call_before_configure_session_says_so(talker: WebMessagingClient, peer: WebSocketsPeer, method: str) -> None:
    talker.connect("demo", ORIGIN)
    guest = peer.guest()
    with pytest.raises(NotConfiguredError, match=r"needs a session: call configureSession\(\) first"):
        NEED_A_SESSION[method](talker)
    talker.configureSession("demo", TOKEN, ORIGIN)
    assert guest.receive()["action"] == "configureSession"


# Arguments. The fixture proves after each test that nothing was sent.


@pytest.fixture
def refusing(talker: WebMessagingClient, guest: Guest) -> Iterator[WebMessagingClient]:
    """A configured client whose server must receive nothing during the test."""
    yield talker
    talker.ping(tracingId="the first after the test")
    assert guest.receive()["tracingId"] == "the first after the test"


MESSAGE_FORMS = r"its forms are: sendMessage\(message, \*attachmentIds\)"

MESSAGE_REFUSALS = [
    ((), {}, TypeError, "was called without a message; " + MESSAGE_FORMS),
    ((), {"attachmentIds": ["a"]}, TypeError, "was called without a message"),
    (("",), {}, ValueError, "message must not be empty unless it comes with an attachment"),
    (("", {"k": "v"}), {}, ValueError, "message must not be empty"),
    ((None,), {}, TypeError, "message must be a str, not NoneType"),
    ((5,), {}, TypeError, "message must be a str, not int"),
    ((SURROGATE,), {}, ValueError, "message holds an unpaired surrogate at index 13"),
    (("ä" * 2049,), {}, ValueError, "message takes 4098 bytes of UTF-8, and the server allows 4096"),
    (("hi", 5), {}, TypeError, "takes no int for an attachmentId; " + MESSAGE_FORMS),
    (("hi", "a", None), {}, TypeError, "takes no NoneType for an attachmentId"),
    (("hi", "a", {"k": "v"}), {}, TypeError, "takes no dict for an attachmentId"),
    (("hi", [1]), {}, TypeError, "takes no int for an attachmentId"),
    (("hi", "a", ["b"]), {}, TypeError, "takes no list for an attachmentId"),
    (("hi", ""), {}, ValueError, "attachmentId must not be empty"),
    (("hi", SURROGATE), {}, ValueError, "attachmentId holds an unpaired surrogate"),
    (("hi",), {"attachmentIds": "abc"}, TypeError, "attachmentIds must be a sequence of str, not str"),
    (("hi",), {"attachmentIds": {"a"}}, TypeError, "attachmentIds must be a sequence of str, not set"),
    (("hi", "a"), {"attachmentIds": ["b"]}, TypeError, "got attachmentIds twice"),
    (("hi", {}), {"customAttributes": {}}, TypeError, "got customAttributes twice"),
    (("hi",), {"message": "hi"}, TypeError, "got message twice"),
    (("hi",), {"attachments": []}, TypeError, "takes no attachments; " + MESSAGE_FORMS),
    (("hi",), {"customAttributes": "k=v"}, TypeError, "customAttributes must be a mapping of str to str, not str"),
    (("hi",), {"customAttributes": [("k", "v")]}, TypeError, "customAttributes must be a mapping"),
    (("hi", {"n": 5}), {}, TypeError, "customAttributes: the value of 'n' must be a str, not int"),
    (("hi", {"n": None}), {}, TypeError, "customAttributes: the value of 'n' must be a str, not NoneType"),
    (("hi", {5: "n"}), {}, TypeError, "customAttributes: a key must be a str, not int"),
    (("hi", {"k": SURROGATE}), {}, ValueError, "customAttributes: the value of 'k' holds an unpaired surrogate"),
    (("hi", {SURROGATE: "v"}), {}, ValueError, "customAttributes: the key .* holds an unpaired surrogate"),
    (("hi",), {"tracingId": ""}, ValueError, "tracingId must not be empty"),
    (("hi",), {"tracingId": 5}, TypeError, "tracingId must be a str, not int"),
]


@pytest.mark.parametrize(("args", "named", "error", "sentence"), MESSAGE_REFUSALS)
def test_send_message_refuses_what_cannot_be_right(
    refusing: WebMessagingClient, args: Any, named: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        refusing.sendMessage(*args, **named)


def test_custom_attributes_larger_than_the_session_allows_are_refused(
    talker: WebMessagingClient, guest: Guest, recorder: Recorder
) -> None:
    talker.addSessionListener(recorder)
    guest.send(frame("SessionResponse", {"connected": True, "maxCustomDataBytes": 6}))
    recorder.waitFor("sessionResponse")
    with pytest.raises(
        ValueError, match=r"customAttributes take 7 bytes, and the session allows 6 \(maxCustomDataBytes"
    ):
        talker.sendMessage("hi", {"é": "日ab"})
    guest.send(frame("SessionResponse", {"connected": True, "maxCustomDataBytes": 0}))
    recorder.waitFor("sessionResponse", 2)
    with pytest.raises(ValueError, match="allows 0"):
        talker.sendMessage("hi", {"a": ""})
    talker.ping()
    assert guest.receive()["action"] == "echo"


CONFIGURE_FORMS = (
    r"configureSession\(deploymentId, origin\); configureSession\(deploymentId, token, origin, startNew=None"
)
AUTHENTICATE_FORMS = (
    r"configureAuthenticatedSession\(deploymentId, origin, data\); .*\(deploymentId, token, origin, data\)"
)
CODE = OAuthParams(code="c")

REFUSALS: list[tuple[str, tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
    ("configureSession", (), {}, TypeError, "called with 0 positional arguments; its forms are: " + CONFIGURE_FORMS),
    ("configureSession", ("demo",), {}, TypeError, "called with 1 positional argument; its forms are"),
    ("configureSession", ("demo", TOKEN, ORIGIN, True, 5), {}, TypeError, CONFIGURE_FORMS),
    ("configureSession", ("demo", ORIGIN), {"startNew": True}, TypeError, "startNew=; its forms are"),
    ("configureSession", ("demo", ORIGIN), {"data": CODE}, TypeError, CONFIGURE_FORMS),
    ("configureSession", ("", ORIGIN), {}, ValueError, "deploymentId must not be empty"),
    ("configureSession", (None, TOKEN, ORIGIN), {}, TypeError, "deploymentId must be a str, not NoneType"),
    ("configureSession", ("demo", None, ORIGIN), {}, TypeError, "token must be a str, not NoneType"),
    ("configureSession", ("demo", "", ORIGIN), {}, ValueError, "token must not be empty"),
    ("configureSession", ("demo", SURROGATE, ORIGIN), {}, ValueError, "token holds an unpaired surrogate"),
    ("configureSession", ("demo", TOKEN, None), {}, TypeError, "origin must be a str, not NoneType"),
    ("configureSession", ("demo", TOKEN, "o\nx"), {}, ValueError, "origin holds a line break"),
    ("configureSession", ("demo", TOKEN, ORIGIN, "yes"), {}, TypeError, "startNew must be a bool or None, not str"),
    (
        "configureSession",
        ("demo", ORIGIN),
        {"journeyContext": {}},
        TypeError,
        "journeyContext must be of class Journey",
    ),
    ("configureAuthenticatedSession", ("demo", ORIGIN), {}, TypeError, AUTHENTICATE_FORMS),
    ("configureAuthenticatedSession", ("demo", TOKEN, ORIGIN, CODE, True), {}, TypeError, AUTHENTICATE_FORMS),
    (
        "configureAuthenticatedSession",
        ("demo", ORIGIN, "c"),
        {},
        TypeError,
        "data must be of class OAuthParams, not str",
    ),
    ("configureAuthenticatedSession", ("demo", ORIGIN, None), {}, TypeError, "data must be of class OAuthParams"),
    ("configureAuthenticatedSession", ("demo", ORIGIN, OAuthParams()), {}, TypeError, "code of data must be a str"),
    ("configureAuthenticatedSession", ("demo", ORIGIN, OAuthParams(code="")), {}, ValueError, "code of data"),
    ("configureAuthenticatedSession", ("demo", None, ORIGIN, CODE), {}, TypeError, "token must be a str, not NoneType"),
    ("configureAuthenticatedSession", ("demo", ORIGIN, CODE), {"startNew": 1}, TypeError, "startNew must be a bool"),
    ("sendPresenceEvent", (None,), {}, TypeError, "type must be a str, not NoneType"),
    ("sendPresenceEvent", ("Gone",), {}, ValueError, "type 'Gone' is not a presence; there are .*Join"),
    ("sendPresenceEvent", ("",), {}, ValueError, "type must not be empty"),
    ("attachment", (None, 1, "a/b"), {}, TypeError, "fileName must be a str, not NoneType"),
    ("attachment", ("", 1, "a/b"), {}, ValueError, "fileName must not be empty"),
    ("attachment", ("f", "1", "a/b"), {}, TypeError, "fileSize must be an int, not str"),
    ("attachment", ("f", 1.5, "a/b"), {}, TypeError, "fileSize must be an int, not float"),
    ("attachment", ("f", True, "a/b"), {}, TypeError, "fileSize must be an int, not bool"),
    ("attachment", ("f", -1, "a/b"), {}, ValueError, "fileSize must not be negative, but is -1"),
    ("attachment", ("f", 1, None), {}, TypeError, "fileType must be a str, not NoneType"),
    ("attachment", ("f", 1), {}, TypeError, "fileType"),
    ("getAttachment", (None,), {}, TypeError, "attachmentId must be a str, not NoneType"),
    ("getAttachment", ("",), {}, ValueError, "attachmentId must not be empty"),
    ("deleteAttachment", (7,), {}, TypeError, "attachmentId must be a str, not int"),
    ("deleteAttachment", (SURROGATE,), {}, ValueError, "attachmentId holds an unpaired surrogate"),
    ("ping", (), {"tracingId": ""}, ValueError, "tracingId must not be empty"),
    ("getJwt", (), {"tracingId": 5}, TypeError, "tracingId must be a str, not int"),
    ("getSupportedContentConfiguration", ("", TOKEN, ORIGIN), {}, ValueError, "deploymentId must not be empty"),
    ("getSupportedContentConfiguration", ("demo", None, ORIGIN), {}, TypeError, "token must be a str, not NoneType"),
    ("getSupportedContentConfiguration", ("demo", TOKEN, None), {}, TypeError, "origin must be a str, not NoneType"),
    ("send", (None,), {}, TypeError, "request must be a request of genesys_webmessaging.models, not NoneType"),
    ("send", ({"action": "echo"},), {}, TypeError, "request must be a request .* not dict"),
    ("send", (BaseMessage(),), {}, TypeError, "request must be a request .* not BaseMessage"),
    ("send", (SendMessageRequest,), {}, TypeError, "request must be a request .* not ModelType"),
    ("send", (SendMessageRequest(action=None),), {}, ValueError, "request has no action"),
    ("send", (SendMessageRequest(token=SURROGATE),), {}, ValueError, "token holds an unpaired surrogate"),
    ("send", (SendMessageRequest(time=SURROGATE),), {}, ValueError, "onMessage holds an unpaired surrogate"),
    ("send", (ConfigureSessionRequest(token=TOKEN),), {}, TypeError, "deploymentId must be a str, not NoneType"),
    ("awaitResponse", (None,), {}, TypeError, "tracingId must be a str, not NoneType"),
    ("awaitResponse", ("t", -1), {}, ValueError, "timeout must be a finite number of seconds"),
    ("awaitResponse", ("t", "5"), {}, TypeError, "timeout must be a number of seconds, not str"),
    ("initializeApiClient", ("",), {}, ValueError, "origin must not be empty"),
    ("initializeApiClient", ("o\r\nX: y",), {}, ValueError, "origin holds a line break"),
    ("setApiClient", (None,), {}, TypeError, "apiClient must be of class ApiClient, not NoneType"),
    ("isMimeTypeAllowedInbound", (None,), {}, TypeError, "mimeType must be a str, not NoneType"),
    ("hasEvents", (None, "Typing"), {}, TypeError, "message must be of class StructuredMessage, not NoneType"),
    ("hasTypingEvents", ({},), {}, TypeError, "message must be of class StructuredMessage, not dict"),
    ("deserialize", (None, BaseMessage), {}, TypeError, "json must be a str, not NoneType"),
    ("deserialize", ("{}", dict), {}, TypeError, "type must be a class of genesys_webmessaging.models"),
    ("deserialize", ("{}", "BaseMessage"), {}, TypeError, "type must be a class of genesys_webmessaging.models"),
]


@pytest.mark.parametrize(("method", "args", "named", "error", "sentence"), REFUSALS)
def test_every_method_refuses_what_cannot_be_right(
    refusing: WebMessagingClient, method: str, args: Any, named: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        getattr(refusing, method)(*args, **named)
    assert refusing.token == TOKEN


def test_no_answer_in_time_is_a_timeout(simulator: Simulator, client: WebMessagingClient) -> None:
    simulator.faults.lose(class_="JwtResponse")
    client.connect("demo", ORIGIN)
    client.awaitResponse(client.configureSession("demo", TOKEN, ORIGIN))
    with pytest.raises(ResponseTimeoutError, match=r"no answer to getJwt within 0\.1 seconds"):
        client.awaitResponse(client.getJwt(), 0.1)
    assert client.awaitResponse(client.getJwt()).jwt


def test_pythons_own_complaints_name_the_class_that_people_know() -> None:
    with pytest.raises(TypeError, match=r"WebMessagingClient\.connect\(\)"):
        WebMessagingClient("us_east_1").connect("demo")  # type: ignore[call-arg]


@pytest.mark.parametrize("options", [{"proxy": 5}, {"applicationName": 0}, {"maxMessageSize": 0}])
def test_options_of_connect_that_cannot_be_right_are_refused_by_name(options: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        WebMessagingClient("ws://127.0.0.1:1/v1").connect("demo", "https://shop.example", **options)
