"""Java's calls in Python: which method with which arguments, and which of our exceptions says what theirs said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from genesys_webmessaging import ApiError, ConnectError, WebMessagingClient
from genesys_webmessaging.models import AllowedMedia, EventPresenceType, OAuthParams

from .facts import dump

Args = list[Any]


def _optional(value: Any) -> tuple[Any, ...]:
    """An Optional: "empty" is an argument left out, null is None, {"of": x} is x."""
    if value == "empty":
        return ()
    return (None,) if value is None else (value["of"],)


def _named(name: str, value: Any) -> dict[str, Any]:
    """An Optional that is a keyword in Python."""
    values = _optional(value)
    return {name: values[0]} if values else {}


def _params(value: dict[str, Any] | None) -> OAuthParams | None:
    return None if value is None else OAuthParams(**value)


def _presence(name: str | None) -> EventPresenceType | None:
    return None if name is None else EventPresenceType[name]


def _varargs(ids: list[Any] | None) -> tuple[Args, dict[str, Any]]:
    """Java's varargs. Nulls go by keyword: a None that follows the text would be the custom attributes left out."""
    return (ids, {}) if ids is not None and None not in ids else ([], {"attachmentIds": ids})


def _send(client: WebMessagingClient, message: Any, ids: list[Any] | None, *more: Any, **named: Any) -> Any:
    positional, keywords = _varargs(ids)
    return client.sendMessage(message, *more, *positional, **keywords, **named)


def _allow(client: WebMessagingClient, media: Any) -> None:
    client.allowedMediaInbound = media


# fmt: off
CALLS: Mapping[str, Callable[[WebMessagingClient, Args], Any]] = {
    "addSessionListener(SessionListener)": lambda c, a: c.addSessionListener(*a),
    "attachment(String,int,String)": lambda c, a: c.attachment(*a),
    "attachment(String,int,String,String)": lambda c, a: c.attachment(*a[:3], tracingId=a[3]),
    "configureAuthenticatedSession(String,String,OAuthParams)":
        lambda c, a: c.configureAuthenticatedSession(a[0], a[1], _params(a[2])),
    "configureAuthenticatedSession(String,String,String,OAuthParams)":
        lambda c, a: c.configureAuthenticatedSession(a[0], a[1], a[2], _params(a[3])),
    "configureAuthenticatedSession(String,String,String,OAuthParams,String,Optional)":
        lambda c, a: c.configureAuthenticatedSession(
            a[0], a[1], a[2], _params(a[3]), tracingId=a[4], **_named("startNew", a[5])),
    "configureSession(String,String)": lambda c, a: c.configureSession(*a),
    "configureSession(String,String,String,Optional)": lambda c, a: c.configureSession(*a[:3], *_optional(a[3])),
    "configureSession(String,String,String,String,Optional)":
        lambda c, a: c.configureSession(*a[:3], *_optional(a[4]), tracingId=a[3]),
    "connect(String,String)": lambda c, a: c.connect(*a),
    "connect(String,String,Optional)": lambda c, a: c.connect(*a[:2], *_optional(a[2])),
    "connect(String,String,Optional,Optional)":
        lambda c, a: c.connect(*a[:2], *_optional(a[2]), **_named("applicationName", a[3])),
    "deleteAttachment(String)": lambda c, a: c.deleteAttachment(*a),
    "deleteAttachment(String,String)": lambda c, a: c.deleteAttachment(a[0], tracingId=a[1]),
    "disconnect()": lambda c, a: c.disconnect(*a),
    "getAllowedMediaInbound()": lambda c, a: c.allowedMediaInbound,
    "getAttachment(String)": lambda c, a: c.getAttachment(*a),
    "getAttachment(String,String)": lambda c, a: c.getAttachment(a[0], tracingId=a[1]),
    "getDefaultAppName()": lambda c, a: c.getDefaultAppName(*a),
    "getHistory()": lambda c, a: c.getHistory(*a),
    "getJwt()": lambda c, a: c.getJwt(*a),
    "getJwt(String)": lambda c, a: c.getJwt(tracingId=a[0]),
    "getSupportedContentConfiguration(String,String,String)": lambda c, a: c.getSupportedContentConfiguration(*a),
    "getSupportedContentConfiguration(String,String,String,String)":
        lambda c, a: c.getSupportedContentConfiguration(*a[:3], tracingId=a[3]),
    "getWebSocket()": lambda c, a: c.getWebSocket(*a),
    "hasEvents(StructuredMessage,EventType)": lambda c, a: c.hasEvents(*a),
    "hasEvents(StructuredMessage,EventTypeEnum)": lambda c, a: c.hasEvents(*a),
    "hasPresenceEvents(StructuredMessage)": lambda c, a: c.hasPresenceEvents(*a),
    "hasTypingEvents(StructuredMessage)": lambda c, a: c.hasTypingEvents(*a),
    "isInputClosed()": lambda c, a: c.isInputClosed(*a),
    "isMimeTypeAllowedInbound(String)": lambda c, a: c.isMimeTypeAllowedInbound(*a),
    "isOutputClosed()": lambda c, a: c.isOutputClosed(*a),
    "joinConversation(String,String,String)": lambda c, a: c.joinConversation(*a),
    "joinConversation(String,String,String,String)": lambda c, a: c.joinConversation(*a),
    "ping()": lambda c, a: c.ping(*a),
    "ping(String)": lambda c, a: c.ping(tracingId=a[0]),
    "removeSessionListener(SessionListener)": lambda c, a: c.removeSessionListener(*a),
    "sendMessage(String,Map,String[])": lambda c, a: _send(c, a[0], a[2], a[1]),
    "sendMessage(String,Map,String,String[])": lambda c, a: _send(c, a[0], a[3], a[1], tracingId=a[2]),
    "sendMessage(String,String[])": lambda c, a: _send(c, a[0], a[1]),
    "sendPresenceEvent()": lambda c, a: c.sendPresenceEvent(*a),
    "sendPresenceEvent(EventPresenceType)": lambda c, a: c.sendPresenceEvent(_presence(a[0])),
    "sendPresenceEvent(EventPresenceType,String)": lambda c, a: c.sendPresenceEvent(_presence(a[0]), tracingId=a[1]),
    "sendPresenceEventEndUserClear()": lambda c, a: c.sendPresenceEventEndUserClear(*a),
    "sendPresenceEventJoin()": lambda c, a: c.sendPresenceEventJoin(*a),
    "sendTypingEvent()": lambda c, a: c.sendTypingEvent(*a),
    "sendTypingEvent(String)": lambda c, a: c.sendTypingEvent(tracingId=a[0]),
    "setAllowedMediaInbound(AllowedMedia)": lambda c, a: _allow(c, *a),
    "setApiClient(ApiClient)": lambda c, a: c.setApiClient(*a),
}
# fmt: on

SENDS_NOTHING = frozenset(
    {"isInputClosed()", "isOutputClosed()", "getWebSocket()", "getAllowedMediaInbound()", "getDefaultAppName()"}
)

# What Java says with one exception and we with another. Anything that is not here is not the same.
_SAME: list[tuple[str, str, str]] = [
    # class in the chain of causes, part of its message, ours
    ("java.net.http.HttpTimeoutException", "", "ConnectTimeoutError"),
    ("java.net.ConnectException", "", "ConnectError"),
    ("java.net.http.WebSocketHandshakeException", "", "ConnectError"),
    ("java.lang.IllegalArgumentException", "", "ValueError"),
    ("java.io.IOException", "Output closed", "NotConnectedError"),
    ("java.io.IOException", "Malformed text message", "ValueError"),
    ("com.fasterxml.jackson.databind.JsonMappingException", "cannot be cast to class java.lang.String", "TypeError"),
    ("com.fasterxml.jackson.core.JsonParseException", "", "DecodeError"),
    ("cloud.genesys.webmessaging.sdk.WebMessagingException", "A conversation must be joined", "$not joined"),
    ("cloud.genesys.webmessaging.sdk.WebMessagingException", "", "ApiError"),
]
_STATUS = re.compile(r"Unexpected HTTP response status code (\d+)")
_BAD_ACCEPT = "Bad Sec-WebSocket-Accept"


def call(client: WebMessagingClient, signature: str, args: Args) -> Any:
    """Call the method that a Java signature means."""
    return CALLS[signature](client, args)


def outcome(attempt: Callable[[], Any]) -> dict[str, Any]:
    """What came of a call of ours, as facts."""
    try:
        value = attempt()
    except Exception as error:
        facts: dict[str, Any] = {"raises": type(error).__name__}
        if isinstance(error, (ApiError, ConnectError)):
            facts["statusCode"] = error.statusCode
        if isinstance(error, ApiError):
            facts["body"] = error.body
        return facts
    return {"ok": _returned(value)}


def recorded_outcome(recorded: dict[str, Any]) -> dict[str, Any]:
    """What came of a call in Java, as facts.

    A method that returns nothing and a future that succeeded are the same: ours return the tracing id. A future
    that failed is an exception.
    """
    if "timeout" in recorded:
        return {"timeout": True}
    if "exception" in recorded:
        return _translated(recorded["exception"])
    done = recorded["ok"]
    if done.get("completed") == "exceptionally":
        return _translated(done["exception"])
    if "value" in done:
        return {"ok": done["value"]}
    return {"ok": "something" if done["returns"] == "WebSocket" else None}


def _returned(value: Any) -> Any:
    return dump(value) if isinstance(value, AllowedMedia) else value


def _translated(exception: dict[str, Any]) -> dict[str, Any]:
    chain = [exception]
    while "cause" in chain[-1]:
        chain.append(chain[-1]["cause"])
    for name, part, ours in _SAME:
        if not any(link["class"] == name and part in (link["message"] or "") for link in chain):
            continue
        facts: dict[str, Any] = {"raises": ours}
        status = next((found for link in chain if (found := _STATUS.search(link["message"] or ""))), None)
        if ours in ("ConnectError", "ConnectTimeoutError", "ApiError"):
            accepted = 101 if any(link["message"] == _BAD_ACCEPT for link in chain) else -1
            facts["statusCode"] = exception.get("private_statusCode", int(status[1]) if status else accepted)
        if ours == "ApiError":
            facts["body"] = exception.get("private_body")
        return facts
    return {"raises": f"Java's {chain[-1]['class']}"}
