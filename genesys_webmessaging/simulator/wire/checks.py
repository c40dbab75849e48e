"""Strict mode: what a client does that the protocol does not allow."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..recording import Frame, Violation
from ..state.world import World

__all__ = [
    "Checks",
]

Check = Callable[[Any, str], Iterator[str]]

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _is(kind: type | tuple[type, ...], name: str) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            yield f"{path} must be {name}"

    return check


TEXT = _is(str, "a string")
FLAG = _is(bool, "true or false")
INTEGER = _is(int, "an integer")
ANYTHING: Check = lambda value, path: iter(())  # noqa: E731, ARG005 - a check like the others


def _one_of(*values: str) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if value not in values:
            yield f"{path} must be one of {', '.join(values)}, not {value!r}"

    return check


def _filled(value: Any, path: str) -> Iterator[str]:
    yield from TEXT(value, path)
    if value == "":
        yield f"{path} is empty"


def _token(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str) or not UUID.fullmatch(value):
        yield f"{path} must be a lower-case UUID"


def _texts(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} must be an object"
        return
    for key, item in value.items():
        yield from TEXT(item, f"{path}.{key}")


def _list(item: Check) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path} must be a list"
            return
        for number, element in enumerate(value):
            yield from item(element, f"{path}[{number}]")

    return check


def _object(fields: Mapping[str, Check], *required: str) -> Check:
    """An object with these fields and no others; nothing in it may be null or {}. Messenger itself sends []."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path} must be an object"
            return
        inside = f"{path}." if path else ""
        for name in required:
            if value.get(name) is None:
                yield f"{inside}{name} is missing"
        for name, item in value.items():
            known = fields.get(name)
            if known is None:
                yield f"{inside}{name} is unknown"
            elif item is None:
                if name not in required:
                    yield f"{inside}{name} is null; it must be left out"
            elif item == {}:
                yield f"{inside}{name} is empty; it must be left out"
            else:
                yield from known(item, inside + name)

    return check


def _tagged(tag: str, kinds: Mapping[str, Check]) -> Check:
    """An object whose `tag` says which one of its other fields there must be."""

    def check(value: Any, path: str) -> Iterator[str]:
        kind = value.get(tag) if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in kinds:
            yield f"{path}.{tag} must be one of {', '.join(kinds)}, not {kind!r}"
            return
        name = kind[0].lower() + kind[1:]
        yield from _object({tag: TEXT, name: kinds[kind]}, tag, name)(value, path)

    return check


BUTTONS = ("QuickReply", "Button", "DatePicker", "ListPicker", "Form")
PRESENCES = ("Join", "Clear", "Disconnect", "SignIn", "Authenticate", "AuthenticateCancel", "AuthenticateFailure")

BUTTON_RESPONSE = _object(
    {"type": _one_of(*BUTTONS), "text": TEXT, "payload": TEXT, "id": TEXT, "originatingMessageId": _filled},
    "type",
    "text",
    "payload",
)
ANSWER = _object(
    {"id": _filled, "component": _tagged("contentType", {"ButtonResponse": BUTTON_RESPONSE})}, "id", "component"
)
CONTENT = _tagged(
    "contentType",
    {
        "Attachment": _object({"id": _filled}, "id"),
        "ButtonResponse": BUTTON_RESPONSE,
        "Form": _object(
            {"originatingMessageId": _filled, "cannedResponseId": _filled, "response": _list(ANSWER)},
            "originatingMessageId",
            "response",
        ),
    },
)
EVENT = _tagged(
    "eventType",
    {
        "Presence": _object({"type": _one_of(*PRESENCES)}, "type"),
        "Typing": _object({"type": _one_of("On", "Off"), "duration": _is((int, float), "a number")}, "type"),
        "CoBrowse": ANYTHING,
        "Video": ANYTHING,
        "Reactions": ANYTHING,
    },
)
CHANNEL = _object({"metadata": _object({"customAttributes": _texts}), "messageId": TEXT})
MESSAGE_FIELDS = _object(
    {
        "type": _one_of("Text", "Structured", "Event"),
        "text": TEXT,
        "content": _list(CONTENT),
        "events": _list(EVENT),
        "metadata": _texts,
        "channel": CHANNEL,
        "id": TEXT,
        "status": TEXT,
    },
)


def MESSAGE(value: Any, path: str) -> Iterator[str]:
    """A message; only content may come without a type, as web Messenger sends an attachment alone."""
    yield from MESSAGE_FIELDS(value, path)
    if isinstance(value, dict) and value.get("type") is None and not value.get("content"):
        yield f"{path}.type is missing"


JOURNEY = _object(
    {
        "customer": _object({"id": _filled, "idType": _filled}, "id", "idType"),
        "customerSession": _object({"id": TEXT, "type": _filled}, "id", "type"),
        "triggeringAction": ANYTHING,
    },
    "customer",
)

ALWAYS: Mapping[str, Check] = {"action": _filled, "token": _token, "tracingId": _filled}
CONFIGURE: Mapping[str, Check] = {
    "deploymentId": _filled,
    "startNew": FLAG,
    "journeyContext": JOURNEY,
    "resumeToken": TEXT,
    "mode": INTEGER,
}


def _request(fields: Mapping[str, Check], *required: str) -> Check:
    return _object({**ALWAYS, **fields}, "action", *required)


REQUESTS: Mapping[str, Check] = {
    "configureSession": _request(CONFIGURE, "token", "deploymentId"),
    "configureAuthenticatedSession": _request(
        {**CONFIGURE, "data": _object({"code": _filled}, "code"), "stepUp": FLAG}, "token", "deploymentId", "data"
    ),
    "onMessage": _request(
        {"message": MESSAGE, "time": TEXT, "channel": CHANNEL, "attachmentIds": _list(_filled)}, "token", "message"
    ),
    "echo": _request({"message": _object({"type": _one_of("Text"), "text": TEXT}, "type", "text")}, "message"),
    "onAttachment": _request(
        {
            "attachmentId": _filled,
            "fileName": _filled,
            "fileType": _filled,
            "fileSize": INTEGER,
            "fileMd5": _filled,
            "errorsAsJson": FLAG,
        },
        "token",
        "fileName",
        "fileType",
        "fileSize",
    ),
    "getAttachment": _request({"attachmentId": _filled}, "token", "attachmentId"),
    "deleteAttachment": _request({"attachmentId": _filled}, "token", "attachmentId"),
    "getJwt": _request({}, "token"),
    "getConfiguration": _request({"deploymentId": _filled}, "deploymentId"),
    "closeSession": _request({"closeAllConnections": FLAG}, "token", "closeAllConnections"),
}


def violations_of(fields: dict[str, Any]) -> list[str]:
    """What is wrong with a request, in sentences; nothing, if it is as the protocol wants it."""
    action = fields.get("action")
    check = REQUESTS.get(action) if isinstance(action, str) else None
    if check is None:
        return [f"unknown action {action!r}"]
    return list(check(fields, ""))


REMEMBERED = 20_000  # requests, by tracing id
BEFORE_CONFIGURE = ("configureSession", "configureAuthenticatedSession", "getConfiguration")


class Checks:
    """Writes violations down, in strict mode; never refuses anything."""

    def __init__(self, world: World, found: Callable[[Violation], None]) -> None:
        self._world = world
        self._found = found
        self._requests: dict[tuple[str, str], str] = {}
        self._configured: set[int] = set()

    def frame(self, frame: Frame) -> None:
        """A text frame came."""
        if not self._world.strict:
            return
        number = frame.connection
        if frame.fields is None:
            self._note(number, "a frame is not one JSON object")
            return
        action = frame.action
        if action not in BEFORE_CONFIGURE and number not in self._configured:
            self._note(number, f"{action or 'a frame without an action'} before configureSession")
        elif action in BEFORE_CONFIGURE[:2]:
            self._configured.add(number)
        for sentence in violations_of(frame.fields):
            self._note(number, f"{action or 'frame'}: {sentence}")
        self._tracing(number, frame.fields)

    def binary(self, number: int) -> None:
        """A binary frame came."""
        self._note(number, "a binary frame; the protocol has text frames only")

    def rest(self, sentence: str) -> None:
        """A REST request has something wrong."""
        self._note(None, sentence)

    def _tracing(self, number: int, fields: dict[str, Any]) -> None:
        tracing_id = fields.get("tracingId")
        if not isinstance(tracing_id, str):
            return
        said = {key: value for key, value in fields.items() if key != "time"}
        meant = json.dumps(said, sort_keys=True)
        whose = (str(fields.get("token")), tracing_id)
        while len(self._requests) >= REMEMBERED:
            del self._requests[next(iter(self._requests))]
        if self._requests.setdefault(whose, meant) != meant:
            self._note(number, f"{fields.get('action')}: tracingId {tracing_id!r} is that of another request")

    def _note(self, number: int | None, sentence: str) -> None:
        if self._world.strict:
            self._found(Violation(number, sentence))
