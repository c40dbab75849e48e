"""Requests about files: permission to put one, to get one, and leave to forget one."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from ...exceptions import ErrorCode
from ..state.attachments import Attachment, AttachmentState
from ..state.deployment import Deployment
from ..state.session import Session
from ..state.world import World
from .frames import envelope, presigned
from .request import Refusal, Request
from .sessions import live_session

__all__ = ["delete_attachment", "get_attachment", "on_attachment"]

FORBIDDEN_IN_NAMES = set('/\\{}^%`]["<>~#|*?:') | {chr(code) for code in range(32)}


def on_attachment(world: World, request: Request) -> None:
    """Give permission to upload a file."""
    session = live_session(request)
    attachment_id = request.textOrNone("attachmentId")
    described = _described(session.deployment, request)
    if attachment_id in world.attachments:
        raise Refusal(ErrorCode.BAD_REQUEST, f"There is an attachment {attachment_id} already")
    attachment = world.newAttachment(session, attachment_id, **described)
    url = world.presign(attachment, "PUT", session.deployment.urlSeconds)
    request.peer.deliver(presigned(attachment, url, request.peer.restAddress, request.tracingId))


def get_attachment(world: World, request: Request) -> None:
    """Give permission to download a file."""
    session = live_session(request)
    attachment = _known(world, session, request)
    if attachment.state is not AttachmentState.UPLOADED:
        raise Refusal(ErrorCode.ATTACHMENT_NOT_UPLOADED, f"Attachment has not been uploaded: {attachment.id}")
    if world.clock.now() >= attachment.expiresAt:
        raise Refusal(ErrorCode.ATTACHMENT_EXPIRED, f"Attachment has expired: {attachment.id}")
    url = world.presign(attachment, "GET", session.deployment.urlSeconds)
    request.peer.deliver(presigned(attachment, url, request.peer.restAddress, request.tracingId))


def delete_attachment(world: World, request: Request) -> None:
    """Forget a file."""
    attachment = _known(world, live_session(request), request)
    attachment.state = AttachmentState.DELETED
    body = {"attachmentId": attachment.id}
    request.peer.deliver(envelope("AttachmentDeletedResponse", body, tracingId=request.tracingId))


def _known(world: World, session: Session, request: Request) -> Attachment:
    attachment_id = request.text("attachmentId")
    attachment = world.attachments.get(attachment_id)
    if attachment is None or attachment.owner != session.token or attachment.state is AttachmentState.DELETED:
        raise Refusal(ErrorCode.ATTACHMENT_NOT_FOUND, f"Attachment not found: {attachment_id}")
    return attachment


def _described(deployment: Deployment, request: Request) -> dict[str, Any]:
    """What the guest says of the file, once it has been found acceptable."""
    if not deployment.fileTypes:
        raise Refusal(ErrorCode.FEATURE_UNAVAILABLE, "Attachments are not enabled for this deployment")
    name, kind, size = request.text("fileName"), request.text("fileType"), request.fields.get("fileSize")
    if size is None:
        raise Refusal(ErrorCode.MISSING_PARAMETER, "Missing parameter: fileSize")
    if not isinstance(size, int) or isinstance(size, bool):
        raise Refusal(ErrorCode.BAD_REQUEST, "fileSize must be an integer")
    if len(name) > deployment.maxFileNameLength:
        raise Refusal(
            ErrorCode.FILE_NAME_TOO_LONG, f"File name too long: at most {deployment.maxFileNameLength} characters"
        )
    if FORBIDDEN_IN_NAMES & set(name):
        raise Refusal(ErrorCode.FILE_NAME_INVALID, "The file name has characters that are not allowed")
    if not PurePosixPath(name).suffix:
        raise Refusal(ErrorCode.FILE_NAME_INVALID, "The file name has no extension")
    if any(name.lower().endswith(extension.lower()) for extension in deployment.blockedExtensions):
        raise Refusal(ErrorCode.FILE_TYPE_INVALID, "The file name extension is blocked")
    if not deployment.allowsType(kind):
        raise Refusal(ErrorCode.FILE_TYPE_INVALID, f"File type not allowed: {kind}")
    if size == 0:
        raise Refusal(ErrorCode.FILE_EMPTY, "The file is empty")
    if not 0 < size <= deployment.maxFileBytes:
        raise Refusal(ErrorCode.FILE_SIZE_INVALID, f"File size must be at most {deployment.maxFileBytes} bytes")
    return {"fileName": name, "fileType": kind, "fileSize": size, "fileMd5": request.textOrNone("fileMd5")}
