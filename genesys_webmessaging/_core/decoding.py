"""From the text of a frame to the event that a listener hears."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, NoReturn, cast

from .. import models
from .._base import fast_json
from ..exceptions import DecodeError
from ..models import BaseMessage
from ..models._codec import decoder_of

log = logging.getLogger(__name__)

UNEXPECTED = "unexpectedMessage"


class Route(NamedTuple):
    """Where a class of frames goes: the model of its body, and the listener's method."""

    model: type[Any]
    method: str


ROUTES: Mapping[str, Route] = {
    "SessionResponse": Route(models.SessionResponse, "sessionResponse"),
    "StructuredMessage": Route(models.StructuredMessage, "structuredMessage"),
    "PresignedUrlResponse": Route(models.PresignedUrlResponse, "presignedUrlResponse"),
    "UploadSuccessEvent": Route(models.UploadSuccessEvent, "uploadSuccessEvent"),
    "UploadFailureEvent": Route(models.UploadFailureEvent, "uploadFailureEvent"),
    "ConnectionClosedEvent": Route(models.ConnectionClosedEvent, "connectionClosedEvent"),
    "SessionExpiredEvent": Route(models.SessionExpiredEvent, "sessionExpiredEvent"),
    "SessionClearedEvent": Route(models.SessionClearedEvent, "sessionClearedEvent"),
    "JwtResponse": Route(models.JwtResponse, "jwtResponse"),
    "GetConfigurationResponse": Route(models.GetConfigurationResponse, "getConfigurationResponse"),
    "AttachmentDeletedResponse": Route(models.AttachmentDeletedResponse, UNEXPECTED),
    "GenerateUrlError": Route(models.GenerateUrlError, UNEXPECTED),
    "TooManyRequestsErrorMessage": Route(models.TooManyRequestsErrorMessage, UNEXPECTED),
    "ResumeTokenResponse": Route(models.ResumeTokenResponse, UNEXPECTED),
    "LogoutEvent": Route(models.LogoutEvent, UNEXPECTED),
    "Error": Route(models.ErrorMessage, UNEXPECTED),
    "ErrorMessage": Route(models.ErrorMessage, UNEXPECTED),
}
_FOLDED = {name.casefold(): route for name, route in ROUTES.items()}


class Event(NamedTuple):
    """A frame, decoded.

    ``document`` is the frame's JSON object, empty for a frame that is not one. ``body`` is the
    model of the frame's class, or what came if it has none or does not fit it.
    """

    method: str
    body: Any
    raw: str
    document: Mapping[str, Any]
    tracing_id: str | None

    def __repr__(self) -> str:
        return f"<Event {self.method} of {len(self.raw)} characters>"  # what it holds may be secret

    def base_message(self) -> BaseMessage:
        """The frame's envelope, its body the model where there is one. Never raises."""
        before = fast_json.mark
        envelope = _envelope_of({name: value for name, value in self.document.items() if name != "body"})
        if fast_json.mark is not before:
            envelope = _envelope_of({**_first_document(self.raw), "body": None})
        envelope.body = self.body
        return envelope

    def code(self) -> int | None:
        """The code of what came: ``errorCode`` of the body, which is the finer one, else the frame's own."""
        body = self.body
        code = None
        if type(body) is dict:
            code = body.get("errorCode")
        elif self.method != "structuredMessage":  # which has none, and asking a model in vain takes its time
            code = getattr(body, "errorCode", None)
        if type(code) is int:
            return code
        code = self.document.get("code")
        if code is not None and type(code) is not int:
            code = self.base_message().code
        return code if type(code) is int else None

    def is_from_gateway(self) -> bool:
        """Whether the gateway in front of the service sent the frame: an error that names no class and no request."""
        document = self.document
        return (
            type(self.body) is str
            and "connectionId" in document
            and document.get("class") is None
            and document.get("type") is None
        )


# The constructor of a named tuple takes its arguments one by one, which costs more than all the rest of it.
_event = cast("Callable[[tuple[str, Any, str, Mapping[str, Any], str | None]], Event]", partial(tuple.__new__, Event))


# What a frame that is a message has in it.
MESSAGE = '"StructuredMessage"'


def is_plain_message(raw: str) -> bool:
    """Whether a frame looks like a message that answers no request. A look, no more: decoding it tells."""
    return MESSAGE in raw and '"tracingId"' not in raw


def message_reader() -> Callable[[str], models.StructuredMessage | None]:
    """Make what reads the frames that look like messages, past all that other frames need.

    Returns:
        The function. It returns the message, or None for a frame that ``decode`` has to look at, and never raises.
    """
    quick, message_of = fast_json.quick, decoder_of(models.StructuredMessage)
    scan = _json.scan_once  # type: ignore[attr-defined]  # what raw_decode calls

    def read(raw: str) -> models.StructuredMessage | None:
        before = fast_json.mark
        try:
            document = scan(raw, 0)[0] if quick is None else quick(raw)
            if document["class"] == "StructuredMessage" and "tracingId" not in document:
                message = message_of(document["body"])
                return message if quick is None or fast_json.mark is before else None
        except (ValueError, LookupError, TypeError, RecursionError, StopIteration):
            return None  # the same again, and decode() knows what to make of it
        return None

    return read


def decode(raw: str) -> Event:
    """Decode a frame. Never raises: what cannot be understood is an unexpected message."""
    try:
        return fast_json.decoded(raw, _first_document, lambda document: _event_of(document, raw))
    except (ValueError, RecursionError):
        return _event_of(None, raw)


def _event_of(document: Any, raw: str) -> Event:
    if type(document) is not dict:
        return Event(UNEXPECTED, None, raw, {}, None)
    tracing_id = document.get("tracingId")
    if tracing_id is not None and type(tracing_id) is not str:
        tracing_id = _envelope_of({"tracingId": tracing_id}).tracingId
        if type(tracing_id) is not str:
            tracing_id = None
    body = document.get("body")
    if body is None:
        body = document.get("message")
    route = _route_of(document.get("class"))
    method = UNEXPECTED
    if route is not None:
        try:
            model = _model_of(route, body)
        except DecodeError as error:
            log.debug("the body is heard as it came: %s", error)
        else:
            method, body = route.method, model
            if tracing_id is not None:
                model.tracingId = tracing_id
    if method is UNEXPECTED:
        fast_json.look_again()
    return _event((method, body, raw, document, tracing_id))


def listener_call_of(base: BaseMessage) -> tuple[str, Any]:
    """The listener's method for an envelope, and what it is called with; the body may be a model already."""
    route = _route_of(base.class_)
    body = base.body
    if route is not None and not isinstance(body, route.model):
        try:
            body = _model_of(route, body)
        except DecodeError:
            route = None
        else:
            if base.tracingId is not None:
                body.tracingId = base.tracingId
    if route is None or route.method == UNEXPECTED:
        return UNEXPECTED, replace(base, body=body)
    return route.method, body


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object at the beginning of a text.

    Raises:
        DecodeError: There is none.
    """
    try:
        document = _first_document(text)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"{len(text)} characters that are not JSON") from error
    if not isinstance(document, dict):
        raise DecodeError(f"JSON of type {type(document).__name__} where an object belongs")
    return document


def _envelope_of(document: Mapping[str, Any]) -> BaseMessage:
    # An envelope has nothing but scalars, and those are kept as they came when they are odd.
    return decoder_of(BaseMessage)(document)


def _route_of(name: object) -> Route | None:
    if not isinstance(name, str):
        return None
    return ROUTES.get(name) or _FOLDED.get(name.casefold())


def _model_of(route: Route, body: Any) -> Any:
    if type(body) is dict:
        return decoder_of(route.model)(body)
    if body is None:
        return route.model()
    raise DecodeError(f"{type(body).__name__} where the body of a {route.model.__name__} belongs")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_BLANKS = re.compile(r"[ \t\n\r]*")
_json = json.JSONDecoder(parse_constant=_refuse_constant)


def _first_document(text: str) -> Any:
    # Java reads one document and leaves the rest of the frame alone, so there is no look at what follows.
    blanks = None if text.startswith("{") else _BLANKS.match(text)
    return _json.raw_decode(text, blanks.end() if blanks else 0)[0]
