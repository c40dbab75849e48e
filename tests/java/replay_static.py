"""What needs no connection: methods, listener methods, regions, enums, and the static helpers."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

from genesys_webmessaging import GenesysCloudRegionWebSocketHosts, SessionListener, WebMessagingClient, models
from genesys_webmessaging.models import AllowedMedia, FileType, FileUploadMode, StructuredMessage

from .calls import CALLS, outcome, recorded_outcome
from .recordings import Case

NOWHERE = "ws://127.0.0.1:9/v1"
_JAVA_TYPES = {"String": str, "int": int}


def replay(case: Case) -> tuple[Any, Any]:
    """Java's facts and ours."""
    kind = case.id.partition(".")[0]
    return _REPLAYS[kind](case)


def _method(case: Case) -> tuple[Any, Any]:
    signature = case.data["signature"].split(" ", 1)[1]
    name = _python_name(signature)
    found = inspect.getattr_static(WebMessagingClient, name, None)
    return (
        {"mapped": True, "public": True},
        {"mapped": signature in CALLS, "public": callable(found) or isinstance(found, (property, staticmethod))},
    )


def _python_name(signature: str) -> str:
    """Java's getter and setter of a field are an attribute here; every other name is the same."""
    name = signature.partition("(")[0]
    return "allowedMediaInbound" if name.endswith("AllowedMediaInbound") else name


def _listener(case: Case) -> tuple[Any, Any]:
    name, _, types = case.data["signature"].rstrip(")").partition("(")
    expected = [_JAVA_TYPES.get(each, each) for each in types.split(",") if each]
    method = getattr(SessionListener, name, None)
    if method is None:
        return expected, None
    hints = typing.get_type_hints(method, vars(models) | {each: getattr(models, each) for each in models.__all__})
    hints.pop("return", None)
    observed = [hint if hint in (str, int) else hint.__name__ for hint in hints.values()]
    return [_plain(each) for each in expected], [_plain(each) for each in observed]


def _plain(each: Any) -> str:
    return each if isinstance(each, str) else each.__name__


def _region(case: Case) -> tuple[Any, Any]:
    region = GenesysCloudRegionWebSocketHosts[case.data["name"]]
    return case.data, {
        "name": region.name,
        "value": region.value,
        "webSocketHost": region.webSocketHost,
        "apiHost": region.apiHost,
    }


def _enum(case: Case) -> tuple[Any, Any]:
    """Every constant of Java's, in Java's order; we may know more."""
    enum = getattr(models, case.id.partition(".")[2])
    known = {member["name"] for member in case.data["values"]}
    observed = [{"name": member.name, "value": member.value} for member in enum if member.name in known]
    return case.data["values"], observed


def _as_api_host(case: Case) -> tuple[Any, Any]:
    address = case.data["address"]
    return recorded_outcome(case.data["outcome"]), outcome(lambda: GenesysCloudRegionWebSocketHosts.asApiHost(address))


def _has_events(case: Case) -> tuple[Any, Any]:
    recorded = case.data["message"]
    message = None if recorded is None else StructuredMessage.from_dict(recorded)
    return recorded_outcome(case.data["outcome"]), outcome(
        lambda: getattr(WebMessagingClient, case.data["fn"])(message)
    )


def _is_mime_type_allowed(case: Case) -> tuple[Any, Any]:
    client = WebMessagingClient(NOWHERE)
    client.allowedMediaInbound = _media(case.data["allowed"])
    return recorded_outcome(case.data["outcome"]), outcome(lambda: client.isMimeTypeAllowedInbound(case.data["mime"]))


def _media(allowed: Any) -> Any:
    """The allowed media of a recording: null, "nomode" (one without a mode), or a list of types."""
    if allowed is None:
        return None
    if allowed == "nomode":
        return AllowedMedia()
    return AllowedMedia(inbound=FileUploadMode(fileTypes=[FileType(type=each) for each in allowed]))


_REPLAYS: Mapping[str, Callable[[Case], tuple[Any, Any]]] = {
    "method": _method,
    "listener": _listener,
    "region": _region,
    "enum": _enum,
    "asApiHost": _as_api_host,
    "hasTypingEvents": _has_events,
    "hasPresenceEvents": _has_events,
    "isMimeTypeAllowedInbound": _is_mime_type_allowed,
}
