"""What a guest is shown: frames, pages of the history, and bringing them to the connections of a session."""

from __future__ import annotations

from typing import Any

from ..state.attachments import Attachment, PresignedUrl
from ..state.session import Message, Peer, Session, SessionState
from ..state.world import World

__all__ = [
    "broadcast",
    "connection_closed",
    "download_url",
    "envelope",
    "error",
    "history_page",
    "logout",
    "post",
    "presigned",
    "session_response",
    "structured",
    "url_of",
    "watch_expiry",
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


def history_page(world: World, session: Session, pageSize: int, pageNumber: int) -> dict[str, Any]:
    """One page: page 1 is the newest, and within a page the newest message comes first."""
    messages = session.conversation.messages
    newest = len(messages) - (pageNumber - 1) * pageSize
    oldest = max(0, newest - pageSize)
    shown = messages[oldest:newest] if newest > 0 else []
    return {
        "entities": [entity(world, message) for message in reversed(shown)],
        "pageSize": pageSize,
        "pageNumber": pageNumber,
        "total": len(messages),
        "pageCount": -(-len(messages) // pageSize),
    }


def entity(world: World, message: Message) -> dict[str, Any]:
    """One message of the history; it carries no tracingId."""
    identifier = world.historyId(message)
    channel: dict[str, Any] = {"time": message.isoTime, "messageId": identifier}
    sender = message.sender.onTheWire()
    if sender:
        channel["from"] = sender
    status = "Sent" if message.direction == "Inbound" else "Delivered"
    return {"id": identifier, "channel": channel, "status": status, **message.onTheWire()}


def broadcast(session: Session, frame: dict[str, Any]) -> None:
    """Send a frame to every connection of a session."""
    for peer in list(session.connections):
        peer.deliver(frame)


def post(session: Session, message: Message, tracingId: str | None = None) -> None:
    """Enter a message into the conversation, and show it to every connection of the session."""
    session.conversation.add(message)
    session.touch()
    broadcast(session, structured(message, tracingId=tracingId))


def logout(world: World, session: Session) -> None:
    """Tell every connection that the person has logged out; only signing in again opens the token."""
    world.revokeSessionJwts(session)
    session.state = SessionState.LOGGED_OUT
    broadcast(session, envelope("LogoutEvent", {}, unasked=True))
    for peer in list(session.connections):
        session.detach(peer)


def watch_expiry(world: World, session: Session) -> None:
    """Tell the guest when the session expires, where the deployment does so."""
    if not session.deployment.announcesExpiry:
        return

    def look() -> None:
        if session.state is SessionState.ENDED:
            return
        if session.expired:
            broadcast(session, envelope("SessionExpiredEvent", {}, unasked=True))
        else:
            watch()

    def watch() -> None:
        world.clock.callLater(max(0.0, session.expiresAt - world.clock.now()), look)

    watch()
