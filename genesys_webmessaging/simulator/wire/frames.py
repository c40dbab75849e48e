"""The frames a guest receives, as plain dicts."""

from __future__ import annotations

from typing import Any

from ..state.attachment import Attachment, PresignedUrl
from ..state.conversation import Message
from ..state.session import Peer, Session
from ..state.world import World

__all__ = [
    "connection_closed",
    "download_url",
    "envelope",
    "error",
    "presigned",
    "session_response",
    "structured",
    "url_of",
]


def envelope(
    class_: str, body: object, *, code: int = 200, unasked: bool = False, tracingId: str | None = None
) -> dict[str, Any]:
    """A frame of some class; `unasked`: it is an event, not the answer to a request."""
    frame = {"type": "message" if unasked else "response", "class": class_, "code": code, "body": body}
    if tracingId is not None:
        frame["tracingId"] = tracingId
    return frame


def error(code: int, sentence: str, tracingId: str | None = None) -> dict[str, Any]:
    """An error, as a sentence."""
    return envelope("string", sentence, code=code, tracingId=tracingId)


def session_response(
    session: Session,
    *,
    newSession: bool = False,
    clearedExistingSession: bool = False,
    connected: bool = True,
    tracingId: str | None = None,
) -> dict[str, Any]:
    """The answer to a configure or close request."""
    deployment = session.deployment
    body = {
        "connected": connected,
        "newSession": newSession,
        "readOnly": session.readOnly,
        "clearedExistingSession": clearedExistingSession,
        "allowedMedia": deployment.allowedMedia(),
        "blockedExtensions": list(deployment.blockedExtensions),
        "maxCustomDataBytes": deployment.maxCustomDataBytes,
        "durationSeconds": deployment.sessionSeconds,
        "expirationDate": int(session.expiresAt),
        "autoStarted": False,
    }
    return envelope("SessionResponse", body, tracingId=tracingId)


def structured(message: Message, *, tracingId: str | None = None, unasked: bool = True) -> dict[str, Any]:
    """A message of either side, as every connection of its session sees it."""
    channel: dict[str, Any] = {"time": message.isoTime, "type": "Private", "messageId": message.id}
    sender = message.sender.onTheWire()
    if sender:
        channel["from"] = sender
    body = {"id": message.id, "channel": channel, **message.onTheWire()}
    return envelope("StructuredMessage", body, unasked=unasked, tracingId=tracingId)


def presigned(attachment: Attachment, url: PresignedUrl, address: str, tracingId: str | None = None) -> dict[str, Any]:
    """Permission to put or get a file."""
    body = {
        "attachmentId": attachment.id,
        "headers": dict(url.headers),
        "url": url_of(url, address),
        "fileName": attachment.fileName,
        "fileSize": attachment.fileSize,
        "fileType": attachment.fileType,
    }
    return envelope("PresignedUrlResponse", body, tracingId=tracingId)


def url_of(url: PresignedUrl, address: str) -> str:
    """Where to put or get a file."""
    return f"{address}/files/{url.attachmentId}?X-Amz-Signature={url.secret}"


def download_url(world: World, attachment: Attachment, peer: Peer) -> str:
    """A fresh address to get a file from."""
    return url_of(world.presign(attachment, "GET", peer.deployment.urlSeconds), peer.restAddress)


def connection_closed(reason: str | None = None) -> dict[str, Any]:
    """This connection is about to be closed by the server."""
    return envelope("ConnectionClosedEvent", {} if reason is None else {"reason": reason}, unasked=True)
