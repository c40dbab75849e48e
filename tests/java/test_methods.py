"""The documented methods of client and listener: every name, every form, every parameter, as Java has them."""

from __future__ import annotations

import ast
import functools
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

import genesys_webmessaging
from genesys_webmessaging import (
    GenesysCloudRegionWebSocketHosts,
    NotConfiguredError,
    NotConnectedError,
    SessionListener,
    WebMessagingClient,
    asApiHost,
)
from genesys_webmessaging.models import (
    AllowedMedia,
    BaseMessage,
    EventPresenceType,
    EventType,
    FileType,
    FileUploadMode,
    MessageEvent,
    OAuthParams,
    SessionResponse,
    StructuredMessage,
)

VECTORS = Path(__file__).parent.parent / "data" / "vectors"
NOWHERE = "ws://127.0.0.1:9/v1"
TOKEN = "33333333-3333-4333-8333-333333333333"

OAUTH = OAuthParams(code="c")

# Every documented form: the method, and its arguments by the documented names, in the documented order.
FORMS: list[tuple[str, dict[str, Any]]] = [
    ("configureSession", {"deploymentId": "d", "origin": "https://o"}),
    ("configureSession", {"deploymentId": "d", "token": TOKEN, "origin": "https://o"}),
    ("configureSession", {"deploymentId": "d", "token": TOKEN, "origin": "https://o", "startNew": True}),
    ("configureAuthenticatedSession", {"deploymentId": "d", "origin": "https://o", "data": OAUTH}),
    ("configureAuthenticatedSession", {"deploymentId": "d", "token": TOKEN, "origin": "https://o", "data": OAUTH}),
    ("getSupportedContentConfiguration", {"deploymentId": "d", "token": TOKEN, "origin": "https://o"}),
    ("sendMessage", {"message": "hi"}),
    ("sendMessage", {"message": "hi", "customAttributes": {"a": "b"}}),
    ("sendPresenceEvent", {}),
    ("sendPresenceEvent", {"type": EventPresenceType.CLEAR}),
    ("sendPresenceEventJoin", {}),
    ("sendPresenceEventEndUserClear", {}),
    ("sendTypingEvent", {}),
    ("attachment", {"fileName": "a.png", "fileSize": 1, "fileType": "image/png"}),
    ("getAttachment", {"attachmentId": "a"}),
    ("deleteAttachment", {"attachmentId": "a"}),
    ("ping", {}),
    ("getJwt", {}),
]

# What is keyword-only: the additions of 18.1.0 and ours.
KEYWORDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *((name, form, {"tracingId": "t"}) for name, form in FORMS),
    ("configureAuthenticatedSession", {"deploymentId": "d", "origin": "https://o", "data": OAUTH}, {"startNew": True}),
    ("sendMessage", {"message": "hi"}, {"attachmentIds": ["a", "b"]}),
    ("sendMessage", {"message": "hi", "customAttributes": {"a": "b"}}, {"attachmentIds": ["a"]}),
]

# The parameters of the methods that have one form, as the documentation names them.
PARAMETERS = {
    "connect": ["deploymentId", "origin", "connectionTimeout"],
    "addSessionListener": ["sessionListener"],
    "removeSessionListener": ["sessionListener"],
    "setApiClient": ["apiClient"],
    "initializeApiClient": ["origin"],
    "deserialize": ["json", "type"],
    "onSessionEvent": ["rawMessage", "baseMessage"],
    "onWebSocketConnected": [],
    "onWebSocketDisconnected": ["statusCode", "reason"],
    "onWebSocketError": ["reason"],
    "hasEvents": ["message", "type"],
    "hasPresenceEvents": ["message"],
    "hasTypingEvents": ["message"],
    "isMimeTypeAllowedInbound": ["mimeType"],
    "awaitResponse": ["tracingId", "timeout"],
    "getHistory": [],
    "getWebSocket": [],
    "getDefaultAppName": [],
    "isInputClosed": [],
    "isOutputClosed": [],
    "disconnect": [],
}

LISTENER_PARAMETERS = {
    "webSocketConnected": [],
    "webSocketDisconnected": ["statusCode", "reason"],
    "webSocketError": ["reason"],
    "structuredMessage": ["message", "rawMessage"],
    "unexpectedMessage": ["baseMessage", "rawMessage"],
}


def recorded(version: str) -> dict[str, Any]:
    cases: dict[str, Any] = json.loads((VECTORS / f"static-{version}.json").read_text(encoding="utf-8"))["cases"]
    return cases


def parameters_of(method: Any) -> list[str]:
    """The parameters that may be given by position."""
    by_position = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    names = [each.name for each in inspect.signature(method).parameters.values() if each.kind in by_position]
    return [name for name in names if name != "self"]


@pytest.fixture
def client() -> WebMessagingClient:
    return WebMessagingClient(NOWHERE)


# Names


@pytest.mark.parametrize("version", ["10.0.0", "18.1.0"])
def test_every_public_method_of_java_is_there_under_its_name(version: str) -> None:
    names = {signature.split(" ", 1)[1].partition("(")[0] for signature in recorded(version)["methods"]["methods"]}
    # The accessors of a field are an attribute in Python.
    names = {"allowedMediaInbound" if name.endswith("AllowedMediaInbound") else name for name in names}

    assert sorted(name for name in names if not hasattr(WebMessagingClient, name)) == []


def test_the_listener_is_where_java_has_it_too() -> None:
    assert WebMessagingClient.SessionListener is SessionListener


def test_every_listener_method_of_java_is_there_and_no_other() -> None:
    ours = {name for name in vars(SessionListener) if not name.startswith("_")}

    assert ours == {sig.partition("(")[0] for sig in recorded("18.1.0")["methods"]["listener_methods"]}


@pytest.mark.parametrize("owner", [WebMessagingClient, SessionListener])
def test_no_public_name_is_spelled_otherwise_than_java_spells_names(owner: type) -> None:
    # SessionListener is Java's nested interface.
    public = [name for name in dir(owner) if not name.startswith("_") and name != "SessionListener"]

    assert [name for name in public if not re.fullmatch(r"[a-z]+([A-Z][a-z0-9]*)*", name)] == []


# Parameters


@pytest.mark.parametrize(("name", "form"), FORMS, ids=lambda each: each if isinstance(each, str) else ",".join(each))
def test_every_documented_form_can_be_called_by_position_and_by_name(
    client: WebMessagingClient, name: str, form: dict[str, Any]
) -> None:
    for call in (lambda: getattr(client, name)(*form.values()), lambda: getattr(client, name)(**form)):
        # Nothing is wrong with the arguments: the connection is what is missing.
        with pytest.raises(NotConnectedError):
            call()


@pytest.mark.parametrize(
    ("name", "form", "keywords"), KEYWORDS, ids=lambda each: each if isinstance(each, str) else ",".join(each)
)
def test_what_later_versions_added_is_a_keyword(
    client: WebMessagingClient, name: str, form: dict[str, Any], keywords: dict[str, Any]
) -> None:
    with pytest.raises(NotConnectedError):
        getattr(client, name)(*form.values(), **keywords)


def test_attachment_ids_follow_the_text_or_the_attributes(client: WebMessagingClient) -> None:
    for args in (("hi", "a"), ("hi", "a", "b"), ("hi", {"k": "v"}, "a"), ("hi", {"k": "v"}, "a", "b"), ("", "a")):
        with pytest.raises(NotConnectedError):
            client.sendMessage(*args)


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_parameters_are_named_as_documented(name: str) -> None:
    assert parameters_of(getattr(WebMessagingClient, name)) == PARAMETERS[name]


@pytest.mark.parametrize("signature", recorded("18.1.0")["methods"]["listener_methods"])
def test_a_listener_method_gets_what_is_documented_by_position_alone(signature: str) -> None:
    name = signature.partition("(")[0]
    method = getattr(SessionListener, name)
    decoded = "response" if name.endswith("Response") else name

    assert parameters_of(method) == LISTENER_PARAMETERS.get(name, [decoded, "rawMessage"])
    kinds = {each.kind for each in inspect.signature(method).parameters.values()} if parameters_of(method) else set()
    assert kinds <= {inspect.Parameter.POSITIONAL_ONLY}


@pytest.mark.parametrize(
    ("name", "args", "forms"),
    [
        ("configureSession", ("d",), ["(deploymentId, origin)", "(deploymentId, token, origin, startNew=None)"]),
        ("configureSession", ("d", TOKEN, "o", True, "x"), ["(deploymentId, origin)"]),
        ("configureAuthenticatedSession", ("d", "o"), ["(deploymentId, token, origin, data)"]),
        ("joinConversation", ("d",), ["(deploymentId, initialMessage)", "(deploymentId, token, initialMessage"]),
    ],
)
def test_a_call_that_fits_no_form_is_told_the_forms(
    client: WebMessagingClient, name: str, args: tuple[Any, ...], forms: list[str]
) -> None:
    with pytest.raises(TypeError) as caught:
        getattr(client, name)(*args)

    assert all(f"{name}{form}" in str(caught.value) for form in forms), str(caught.value)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        *((name, tuple(form)) for name, form in FORMS if name.startswith("configure")),
        ("joinConversation", ("deploymentId", "initialMessage")),
        ("joinConversation", ("deploymentId", "token", "initialMessage")),
        ("joinConversation", ("deploymentId", "token", "initialMessage", "origin")),
        ("sendMessage", ("message", "*attachmentIds")),
        ("sendMessage", ("message", "customAttributes", "*attachmentIds")),
    ],
)
def test_the_type_checker_knows_every_documented_form(name: str, form: tuple[str, ...]) -> None:
    assert any(_accepts(overload, form) for overload in overloads_of(name)), overloads_of(name)


@functools.cache
def overloads_of(name: str) -> list[ast.arguments]:
    """The signatures under @overload, read from the sources: Python 3.10 does not keep them."""
    found = []
    for path in Path(genesys_webmessaging.__file__).parent.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)) if "@overload" in source else ():
            if isinstance(node, ast.FunctionDef) and node.name == name:
                decorators = [each.id for each in node.decorator_list if isinstance(each, ast.Name)]
                found += [node.args] if "overload" in decorators else []
    return found


def _accepts(overload: ast.arguments, form: tuple[str, ...]) -> bool:
    by_position = [each.arg for each in (*overload.posonlyargs, *overload.args)][1:]
    required = len(by_position) - len(overload.defaults)
    varargs = (f"*{overload.vararg.arg}",) if overload.vararg else ()
    return any((*by_position[:count], *varargs) == form for count in range(required, len(by_position) + 1))


def test_a_third_string_of_send_message_is_an_attachment_id_and_not_java_18s_tracing_id() -> None:
    assert "tracingId" not in parameters_of(WebMessagingClient.sendMessage)


# Regions, hosts, helpers


def test_the_constructor_takes_an_address_or_a_region() -> None:
    assert WebMessagingClient(NOWHERE).address == NOWHERE
    region = GenesysCloudRegionWebSocketHosts.eu_central_1
    assert WebMessagingClient(region).address == "wss://webmessaging.mypurecloud.de/v1"
    assert parameters_of(WebMessagingClient) == ["address"]
    assert GenesysCloudRegionWebSocketHosts.eu_central_1.asApiHost() == "https://api.mypurecloud.de"
    assert GenesysCloudRegionWebSocketHosts.asApiHost(region) == "https://api.mypurecloud.de"
    assert GenesysCloudRegionWebSocketHosts.asApiHost(region.webSocketHost) == "https://api.mypurecloud.de"
    assert WebMessagingClient.asApiHost(region) == asApiHost(region) == "https://api.mypurecloud.de"


def test_the_helpers_for_events_are_static() -> None:
    typing_event = StructuredMessage(events=[MessageEvent(eventType=EventType.TYPING)])

    assert WebMessagingClient.hasEvents(typing_event, EventType.TYPING)
    assert WebMessagingClient.hasTypingEvents(typing_event)
    assert not WebMessagingClient.hasPresenceEvents(typing_event)
    assert not WebMessagingClient.hasTypingEvents(StructuredMessage())


def test_mime_types_are_matched_with_wildcards(client: WebMessagingClient) -> None:
    with pytest.raises(NotConfiguredError):
        client.isMimeTypeAllowedInbound("image/png")
    mode = FileUploadMode(fileTypes=[FileType(type="image/*"), FileType(type="text/x-python")])
    client.allowedMediaInbound = AllowedMedia(inbound=mode)

    assert client.isMimeTypeAllowedInbound("IMAGE/png")
    assert client.isMimeTypeAllowedInbound("text/x-python")
    assert not client.isMimeTypeAllowedInbound("application/pdf")


def test_deserialize_makes_the_model_that_is_asked_for(client: WebMessagingClient) -> None:
    base = client.deserialize('{"type": "response", "class": "SessionResponse", "code": 200}', BaseMessage)

    assert (base.class_, base.code) == ("SessionResponse", 200)
    assert client.deserialize('{"connected": true}', SessionResponse) == SessionResponse(connected=True)


def test_the_default_application_name_has_the_version() -> None:
    assert re.fullmatch(r"genesys-webmessaging-\d+\.\d+\.\d+.*", WebMessagingClient.getDefaultAppName())


def test_there_is_no_connection_before_connect(client: WebMessagingClient) -> None:
    assert (client.isInputClosed(), client.isOutputClosed(), client.getWebSocket()) == (True, True, None)
    assert (client.token, client.sessionResponse, client.jwtResponse, client.allowedMediaInbound) == (None,) * 4
    client.disconnect()
