"""What a guest is shown: frames, pages of the history, and bringing them to the connections of a session."""

from __future__ import annotations

import math
from typing import Any

from ...exceptions import ErrorCode
from ..state.attachments import Attachment, PresignedUrl
from ..state.deployment import Deployment
from ..state.session import Message, Peer, Session, SessionState
from ..state.world import World

__all__ = [
    "broadcast",
    "connection_closed",
    "download_url",
    "envelope",
    "error",
    "generate_url_error",
    "history_page",
    "logout",
    "post",
    "presigned",
    "session_cleared",
    "session_response",
    "structured",
    "too_many_requests",
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
    """The answer to a configure or close request, with the fields that the service was seen to send in each case."""
    deployment = session.deployment
    body: dict[str, Any] = {"connected": connected, "newSession": newSession}
    if not newSession:
        body["readOnly"] = session.readOnly
    if clearedExistingSession:
        body["clearedExistingSession"] = True
    body["allowedMedia"] = deployment.allowedMedia()
    body["blockedExtensions"] = list(deployment.blockedExtensions)
    if connected:
        body["maxCustomDataBytes"] = deployment.maxCustomDataBytes
    body["durationSeconds"] = deployment.sessionSeconds
    body["expirationDate"] = int(session.expiresAt)
    return envelope("SessionResponse", body, tracingId=tracingId)


def structured(message: Message, *, tracingId: str | None = None) -> dict[str, Any]:
    """A message of either side, as every connection of its session sees it."""
    return envelope("StructuredMessage", message.onTheWire(), unasked=True, tracingId=tracingId)


def presigned(attachment: Attachment, url: PresignedUrl, address: str, tracingId: str | None = None) -> dict[str, Any]:
    """Permission to put or get a file."""
    body: dict[str, Any] = {"attachmentId": attachment.id, "headers": dict(url.headers), "url": url_of(url, address)}
    if url.method == "GET":
        body |= {
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
    body = {} if reason is None else {"reason": reason, "reasonCode": reason}
    return envelope("ConnectionClosedEvent", body, unasked=True)


def session_cleared(deployment: Deployment) -> dict[str, Any]:
    """The guest has cleared the conversation."""
    if deployment.sessionClearedForm == "documented":
        return {"type": "message", "class": "SessionClearedEvent"}
    return envelope("SessionClearedEvent", {}, unasked=True)


def generate_url_error(
    deployment: Deployment, code: int, sentence: str, attachmentId: str | None, tracingId: str | None
) -> dict[str, Any]:
    """An upload is refused, as an object."""
    named = {} if attachmentId is None else {"attachmentId": attachmentId}
    body = {**named, "errorCode": code, "errorMessage": sentence}
    if deployment.generateUrlErrorForm == "documented":
        return envelope("GenerateUrlError", body, code=400, tracingId=tracingId)
    return envelope("GenerateUrlError", body, unasked=True)


def too_many_requests(seconds: float, tracingId: str | None) -> dict[str, Any]:
    """Something was asked for too often; it may be asked for again after so many seconds."""
    sentence = "Too many requests"
    body = {
        "retryAfter": max(1, math.ceil(seconds)),
        "errorCode": ErrorCode.TOO_MANY_REQUESTS,
        "errorMessage": sentence,
    }
    return envelope("TooManyRequestsErrorMessage", body, code=429, tracingId=tracingId)


def history_page(
    world: World,
    session: Session,
    pageSize: int,
    pageNumber: int,
    *,
    lag: float = 0.0,
    withheld: int = 0,
    twice: bool = False,
) -> dict[str, Any]:
    """One page: page 1 is the newest, and within a page the newest message comes first.

    Args:
        world: Everything.
        session: Whose history.
        pageSize: How many messages a page has.
        pageNumber: Which page.
        lag: Leave out what was said in the last so many seconds.
        withheld: Leave out so many of the newest messages.
        twice: List each message twice.
    """
    now = world.clock.now()
    since, until = now - session.deployment.historySeconds, now - lag if lag else math.inf
    messages = [message for message in session.conversation.messages if since < message.time <= until]
    messages = messages[: len(messages) - withheld] if withheld else messages
    newest = len(messages) - (pageNumber - 1) * pageSize
    oldest = max(0, newest - pageSize)
    shown = messages[oldest:newest] if newest > 0 else []
    return {
        "entities": [entity(world, message) for message in reversed(shown) for _ in range(2 if twice else 1)],
        "pageSize": pageSize,
        "pageNumber": pageNumber,
        "total": len(messages),
        "pageCount": -(-len(messages) // pageSize),
    }


def entity(world: World, message: Message) -> dict[str, Any]:
    """One message of the history; it carries no tracingId."""
    status = "Sent" if message.direction == "Inbound" else "Delivered"
    return {**message.onTheWire(asInHistory=not world.idsInHistory), "status": status}


def broadcast(session: Session, frame: dict[str, Any]) -> None:
    """Send a frame to every connection of a session."""
    for peer in list(session.connections):
        peer.deliver(frame)


def post(session: Session, message: Message, tracingId: str | None = None) -> None:
    """Enter a message into the conversation, and show it to every connection of the session."""
    session.said(message)
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
