"""Presigned URLs: bytes in and out."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from ...exceptions import ErrorCode
from ..faults import Stage, Subject
from ..state.attachments import Attachment, AttachmentState
from ..state.session import Session
from ..wire.frames import download_url, envelope
from .answers import cutting, error_answer
from .context import ServerContext
from .thread import clock_sleep

__all__ = ["FilesHandler"]

CHUNK = 64 * 1024

SIGNATURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "application/pdf": b"%PDF",
}


class FilesHandler:
    """Stores what is put, and serves what is asked for, in chunks."""

    def __init__(self, context: ServerContext[Any]) -> None:
        self._context = context
        self._world = context.world

    def routes(self) -> list[web.RouteDef]:
        """Where each request goes."""
        return [web.put("/files/{attachmentId}", self.put), web.get("/files/{attachmentId}", self.get)]

    async def put(self, request: web.Request) -> web.StreamResponse:
        """Take the bytes of an attachment."""
        permitted = self._permitted(request)
        if isinstance(permitted, web.Response):
            return permitted
        url, attachment = permitted
        if request.headers.get("Content-Type") != attachment.fileType:
            self._context.checks.rest("PUT to a presigned URL: Content-Type missing or wrong")
        wrong = [name for name, value in url.headers.items() if request.headers.get(name) != value]
        if wrong:
            self._context.checks.rest(f"PUT to a presigned URL: {', '.join(wrong)} missing or wrong")
            return error_answer(403, f"SignatureDoesNotMatch: {', '.join(wrong)}")
        for fault in self._context.faults.strike(Subject(Stage.UPLOAD, None, request.path)):
            if fault.kind == "stall":
                await clock_sleep(self._world.clock, fault.seconds)
            else:
                return error_answer(fault.status, "The upload failed")
        return await self._store(request, attachment)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Give the bytes of an attachment."""
        permitted = self._permitted(request)
        if isinstance(permitted, web.Response):
            return permitted
        _, attachment = permitted
        if attachment.path is None:
            return error_answer(404, "Nothing was uploaded")
        size = attachment.path.stat().st_size
        name = quote(attachment.fileName)
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Content-Length": str(size),
            "Content-Security-Policy": "sandbox",
            "X-Content-Type-Options": "nosniff",
        }
        answer = web.StreamResponse(headers={**headers, "Content-Type": attachment.fileType})
        cut = cutting.get()
        await answer.prepare(request)
        left = size // 2 if cut else size
        with attachment.path.open("rb") as file:
            while left > 0:
                chunk = file.read(min(CHUNK, left))
                left -= len(chunk)
                await answer.write(chunk)
        if cut and request.transport is not None:
            request.transport.close()
        return answer

    def _permitted(self, request: web.Request) -> Any:
        """The permission a URL stands for and its attachment, or the refusal."""
        url = self._world.urls.get(request.query.get("X-Amz-Signature", ""))
        method = "GET" if request.method == "HEAD" else request.method
        if url is None or url.attachmentId != request.match_info["attachmentId"] or url.method != method:
            return error_answer(403, "AccessDenied")
        if self._world.clock.now() >= url.expiresAt:
            return error_answer(403, "AccessDenied: Request has expired")
        attachment = self._world.attachments[url.attachmentId]
        if attachment.state is AttachmentState.DELETED or self._world.clock.now() >= attachment.expiresAt:
            return error_answer(404, "NoSuchKey")
        return url, attachment

    async def _store(self, request: web.Request, attachment: Attachment) -> web.Response:
        path = self._world.files.newPath()
        try:
            return await self._store_at(path, request, attachment)
        except ConnectionResetError:
            return error_answer(400, "IncompleteBody")  # nobody is there to read it
        finally:
            if attachment.path != path:
                path.unlink(missing_ok=True)

    async def _store_at(self, path: Path, request: web.Request, attachment: Attachment) -> web.Response:
        limit = self._world.deployments[attachment.deploymentId].maxFileBytes
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        size, start = 0, b""
        with path.open("wb") as file:
            async for chunk in request.content.iter_chunked(CHUNK):
                size += len(chunk)
                if size > limit:
                    return error_answer(400, "EntityTooLarge")
                start = start or chunk[:16]
                for digest in (sha256, md5):
                    digest.update(chunk)
                file.write(chunk)
        if attachment.fileMd5 not in (None, base64.b64encode(md5.digest()).decode(), md5.hexdigest()):
            return error_answer(400, "BadDigest")
        attachment.path, attachment.sha256 = path, sha256.hexdigest()
        self._judge(attachment, size, start)
        return web.Response(status=200, headers={"ETag": f'"{md5.hexdigest()}"'})

    def _judge(self, attachment: Attachment, size: int, start: bytes) -> None:
        """Say on the socket what became of the upload."""
        deployment = self._world.deployments[attachment.deploymentId]
        code, sentence = 0, ""
        if size != attachment.fileSize:
            code, sentence = ErrorCode.FILE_SIZE_INVALID, f"{size} bytes came, {attachment.fileSize} were announced"
        elif deployment.checkFileContent and not start.startswith(SIGNATURES.get(attachment.fileType, b"")):
            code, sentence = ErrorCode.FILE_CONTENT_INVALID, "The content does not fit the type"
        for fault in self._context.faults.strike(Subject(Stage.SCAN, None, attachment.id)):
            code, sentence = fault.status, fault.message
        attachment.state = AttachmentState.FAILED if code else AttachmentState.UPLOADED
        session = self._world.sessions.get((attachment.deploymentId, attachment.owner))
        if session is not None:
            self._tell(session, attachment, code, sentence)

    def _tell(self, session: Session, attachment: Attachment, code: int, sentence: str) -> None:
        body: dict[str, object | None] = {"attachmentId": attachment.id, "timestamp": self._world.clock.isoNow()}
        for peer in list(session.connections):
            if code:
                failed = {**body, "errorCode": code, "errorMessage": sentence}
                peer.deliver(envelope("UploadFailureEvent", failed, unasked=True))
            else:
                url = download_url(self._world, attachment, peer)
                peer.deliver(envelope("UploadSuccessEvent", {**body, "downloadUrl": url}, unasked=True))
