"""Requests that say something: onMessage and echo."""

from __future__ import annotations

from typing import Any

from ...exceptions import ErrorCode
from ..state.attachments import AttachmentState
from ..state.session import Message, Session, SessionState
from ..state.world import World
from . import frames
from .frames import connection_closed, download_url, envelope, structured
from .request import Refusal, Request
from .sessions import live_session

__all__ = ["TooFast", "echo", "on_message"]

BUTTONS = ("QuickReply", "Button", "DatePicker", "ListPicker", "Form")
GUEST_PRESENCES = ("Join", "Clear", "Disconnect")
TYPES = ("Text", "Structured", "Event")


class TooFast(Refusal):
    """More messages in a row than the deployment allows."""

    def __init__(self, seconds: float) -> None:
        super().__init__(ErrorCode.TOO_MANY_REQUESTS, "Message rate too high for this session")
        self.seconds = seconds


def echo(world: World, request: Request) -> None:
    """Answer a ping with its own text; the session lives on by it."""
    session = request.peer.session
    if session is None or session.token != request.text("token"):
        raise Refusal(ErrorCode.SESSION_NOT_FOUND, "Session not found: configureSession must come first")
    if session.expired:
        request.peer.deliver(envelope("SessionExpiredEvent", {}, unasked=True, tracingId=request.tracingId))
        return
    asked = request.object("message")
    session.touch()
    answer = Message(
        type=str(asked.get("type", "Text")),
        sender=session.conversation.guest,
        time=world.clock.now(),
        text=str(asked.get("text", "")),
    )
    if session.deployment.echoesLifetime:
        answer.metadata = {
            "durationSeconds": str(session.deployment.sessionSeconds),
            "expirationDate": str(int(session.expiresAt)),
        }
    request.peer.deliver(structured(answer, tracingId=request.tracingId, unasked=False))


def on_message(world: World, request: Request) -> None:
    """Take a message of the guest: text, button, presence or typing."""
    session = live_session(request)
    asked = request.object("message")
    if session.readOnly:
        raise Refusal(ErrorCode.BAD_REQUEST, "The conversation has ended, the session is read-only")
    _within_rate(session)
    message = _message(world, request, session, asked)
    if message.hasPresence("Clear"):
        _clear(world, session, message, request.tracingId)
        return
    session.customAttributes.update(message.customAttributes)
    frames.post(session, message, request.tracingId)
    if message.hasPresence("Disconnect"):
        session.state = SessionState.READ_ONLY
    for observer in list(world.observers):
        observer.guestSaid(session, message)


def _within_rate(session: Session) -> None:
    wait = None if session.bucket is None else session.bucket.take()
    if wait is not None:
        raise TooFast(wait)


def _message(world: World, request: Request, session: Session, asked: dict[str, Any]) -> Message:
    fields = Request(request.peer, asked)
    kind = fields.text("type")
    if kind not in TYPES:
        raise Refusal(ErrorCode.BAD_REQUEST, f"A guest cannot send messages of type {kind}")
    text = asked.get("text")
    if text is not None and not isinstance(text, str):
        raise Refusal(ErrorCode.BAD_REQUEST, "text must be a string")
    if text is not None and len(text) > session.deployment.maxMessageLength:
        raise Refusal(
            ErrorCode.MESSAGE_TOO_LONG, f"Message too long: at most {session.deployment.maxMessageLength} characters"
        )
    content = [_content(world, request, session, item) for item in _objects(asked, "content")]
    events = [_event(session, item) for item in _objects(asked, "events")]
    if kind == "Event" and not events:
        raise Refusal(ErrorCode.MISSING_PARAMETER, "Missing parameter: events")
    if kind != "Event" and not text and not content:
        raise Refusal(ErrorCode.MISSING_PARAMETER, "Missing parameter: text")
    return Message(
        type=kind,
        sender=session.conversation.guest,
        time=session.conversation.nextTime(),
        text=text,
        content=content,
        events=events,
        metadata=_metadata(world, asked),
        customAttributes=_custom_attributes(session, request.fields, asked),
    )


def _objects(asked: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = asked.get(name) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refusal(ErrorCode.BAD_REQUEST, f"{name} must be a list of objects")
    return items


def _content(world: World, request: Request, session: Session, item: dict[str, Any]) -> dict[str, Any]:
    fields = Request(request.peer, item)
    kind = fields.text("contentType")
    if kind == "Attachment":
        return {"contentType": kind, "attachment": _attachment(world, request, session, fields)}
    if kind == "ButtonResponse":
        response = Request(request.peer, fields.object("buttonResponse"))
        if response.text("type") not in BUTTONS:
            raise Refusal(ErrorCode.BAD_REQUEST, f"Unknown button response: {response.text('type')}")
        for name in ("text", "payload"):
            response.text(name)
    return item


def _attachment(world: World, request: Request, session: Session, fields: Request) -> dict[str, Any]:
    attachment_id = Request(request.peer, fields.object("attachment")).text("id")
    attachment = world.attachments.get(attachment_id)
    if attachment is None or attachment.owner != session.token or attachment.state is AttachmentState.DELETED:
        raise Refusal(ErrorCode.ATTACHMENT_NOT_FOUND, f"Attachment not found: {attachment_id}")
    if attachment.state is not AttachmentState.UPLOADED:
        raise Refusal(ErrorCode.ATTACHMENT_NOT_UPLOADED, f"Attachment has not been uploaded: {attachment_id}")
    if world.clock.now() >= attachment.expiresAt:
        raise Refusal(ErrorCode.ATTACHMENT_EXPIRED, f"Attachment has expired: {attachment_id}")
    return attachment.onTheWire(download_url(world, attachment, request.peer))


def _event(session: Session, item: dict[str, Any]) -> dict[str, Any]:
    kind = item.get("eventType")
    detail = item.get(kind[:1].lower() + kind[1:]) if isinstance(kind, str) else None
    if not isinstance(detail, (dict, list)):
        raise Refusal(ErrorCode.BAD_REQUEST, f"An event of type {kind} must say what it is")
    if kind == "Presence":
        presence = detail.get("type") if isinstance(detail, dict) else None
        if presence == "Clear" and not session.deployment.clearEnabled:
            raise Refusal(ErrorCode.FORBIDDEN, "Clearing the conversation is not enabled for this deployment")
        if presence not in GUEST_PRESENCES:
            raise Refusal(ErrorCode.FORBIDDEN, f"Presence {presence} is not supported from a guest")
    return item


def _metadata(world: World, asked: dict[str, Any]) -> dict[str, str]:
    metadata = asked.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise Refusal(ErrorCode.BAD_REQUEST, "metadata must be an object")
    own = metadata.get("customMessageId")
    return {"customMessageId": str(own)} if own is not None and world.returnsCustomMessageId else {}


def _custom_attributes(session: Session, fields: dict[str, Any], asked: dict[str, Any]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for channel in (fields.get("channel"), asked.get("channel")):
        metadata = channel.get("metadata") if isinstance(channel, dict) else None
        found = metadata.get("customAttributes") if isinstance(metadata, dict) else None
        if found is None:
            continue
        if not isinstance(found, dict):
            raise Refusal(ErrorCode.BAD_REQUEST, "customAttributes must be an object")
        attributes.update({str(key): str(value) for key, value in found.items()})
    size = sum(len(key.encode()) + len(value.encode()) for key, value in attributes.items())
    if size > session.deployment.maxCustomDataBytes:
        limit = session.deployment.maxCustomDataBytes
        raise Refusal(
            ErrorCode.CUSTOM_ATTRIBUTES_TOO_LARGE, f"Custom attributes too large: {size} bytes, at most {limit}"
        )
    return attributes


def _clear(world: World, session: Session, message: Message, tracingId: str | None) -> None:
    peers = list(session.connections)
    frames.post(session, message, tracingId)
    frames.broadcast(session, envelope("SessionClearedEvent", {}, unasked=True))
    frames.broadcast(session, connection_closed())
    world.end(session)
    for peer in peers:
        peer.finish(1000, "")
