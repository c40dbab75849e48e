"""Requests that say something: onMessage and echo."""

from __future__ import annotations

import uuid
from typing import Any

from ...exceptions import ErrorCode
from ..state.attachments import AttachmentState
from ..state.session import Message, Session, SessionState
from ..state.world import World
from . import frames
from .frames import download_url, envelope
from .request import Refusal, Request, within
from .sessions import live_session

__all__ = ["echo", "on_message"]

BUTTONS = ("QuickReply", "Button", "DatePicker", "ListPicker", "Form")
GUEST_PRESENCES = ("Join", "Clear", "Disconnect")
TYPES = ("Text", "Structured", "Event")


def echo(world: World, request: Request) -> None:  # noqa: ARG001 - every handler takes both
    """Answer a ping with its own text; the session lives on by it."""
    session = request.peer.session
    if session is None or request.fields.get("token", session.token) != session.token:
        raise Refusal(ErrorCode.SESSION_NOT_FOUND, "Session not found: configureSession must come first")
    if session.expired:
        request.peer.deliver(envelope("SessionExpiredEvent", {}, unasked=True, tracingId=request.tracingId))
        return
    asked = request.object("message")
    within(request.peer.rates, "echoes")
    session.touch()
    body: dict[str, Any] = {
        "id": uuid.uuid4().hex,
        "type": str(asked.get("type", "Text")),
        "text": str(asked.get("text", "")),
        "direction": "Inbound",
    }
    lifetime = {
        "durationSeconds": str(session.deployment.sessionSeconds),
        "expirationDate": str(int(session.expiresAt)),
    }
    body |= {"metadata": lifetime} if session.deployment.echoesLifetime else {}
    request.peer.deliver(envelope("StructuredMessage", body, tracingId=request.tracingId))


def on_message(world: World, request: Request) -> None:
    """Take a message of the guest: text, button, presence or typing."""
    session = live_session(request)
    asked = request.object("message")
    if session.readOnly:
        raise Refusal(ErrorCode.READ_ONLY, "The conversation has ended, the session is read-only")
    within(session.rates, "messages")
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


def _message(world: World, request: Request, session: Session, asked: dict[str, Any]) -> Message:
    fields = Request(request.peer, asked)
    alone = "type" not in asked and bool(asked.get("content"))  # web Messenger names no type with an attachment alone
    kind = "Text" if alone else fields.text("type")
    if kind not in TYPES:
        raise Refusal(ErrorCode.BAD_REQUEST, f"A guest cannot send messages of type {kind}")
    text = asked.get("text")
    if text is not None and not isinstance(text, str):
        raise Refusal(ErrorCode.BAD_REQUEST, "text must be a string")
    limit = session.deployment.maxMessageLength
    if text is not None and len(text.encode(errors="surrogatepass")) > limit:
        raise Refusal(ErrorCode.MESSAGE_TOO_LONG, f"Message too long: at most {limit} bytes")
    content = [_content(world, request, session, item) for item in _objects(asked, "content")]
    content += _attached_files(world, request, session, content)
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
        _button_response(Request(request.peer, fields.object("buttonResponse")), *BUTTONS)
    if kind == "Form":
        form = Request(request.peer, fields.object("form"))
        for answer in _objects(form.fields, "response"):
            answered = Request(request.peer, answer)
            answered.text("id")
            component = Request(request.peer, answered.object("component"))
            _button_response(Request(request.peer, component.object("buttonResponse")), "Form")
    return item


def _button_response(response: Request, *kinds: str) -> None:
    kind = response.text("type")
    if kind not in kinds:
        raise Refusal(ErrorCode.BAD_REQUEST, f"Unknown button response: {kind}")
    for name in ("text", "payload"):
        if kind != "Form" or name not in response.fields:  # what was left open in a form is empty
            response.text(name)


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


def _attached_files(
    world: World, request: Request, session: Session, content: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The files that a client names beside its message, in `attachmentIds`; those that are not there do no harm."""
    given = request.fields.get("attachmentIds")
    named = {item["attachment"]["id"] for item in content if item.get("contentType") == "Attachment"}
    found = [world.attachments.get(each) for each in given if isinstance(each, str)] if isinstance(given, list) else []
    return [
        {"contentType": "Attachment", "attachment": each.onTheWire(download_url(world, each, request.peer))}
        for each in found
        if each and each.owner == session.token and each.state is AttachmentState.UPLOADED and each.id not in named
    ]


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
    dropped = () if world.returnsCustomMessageId else ("customMessageId",)
    return {str(name): str(value) for name, value in metadata.items() if value is not None and name not in dropped}


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
    frames.broadcast(session, frames.session_cleared(session.deployment))
    frames.broadcast(session, frames.connection_closed())
    world.end(session)
    for peer in peers:
        peer.finish(1000, "")
