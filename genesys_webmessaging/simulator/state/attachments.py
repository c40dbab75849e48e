"""Files on their way to the other side."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

__all__ = ["Attachment", "AttachmentState", "PresignedUrl", "mediaTypeOf"]


class AttachmentState(Enum):
    """How far an upload has come."""

    PRESIGNED = "presigned"
    UPLOADED = "uploaded"
    FAILED = "failed"
    DELETED = "deleted"


def mediaTypeOf(mimeType: str) -> str:
    """The `mediaType` of an attachment: Image, Video, Audio or File."""
    family = mimeType.split("/")[0].capitalize()
    return family if family in ("Image", "Video", "Audio") else "File"


@dataclass(frozen=True)
class PresignedUrl:
    """One presigned permission: to put or to get an attachment, until a moment."""

    secret: str = field(repr=False)
    attachmentId: str
    method: str
    expiresAt: float
    headers: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(kw_only=True)
class Attachment:
    """A file a guest uploads, or one the other side shows.

    Attributes:
        id: What messages name it by.
        owner: The token of the guest whose session it belongs to.
        deploymentId: Where that session lives.
        fileName: As the guest said.
        fileType: MIME type, as the guest said.
        fileSize: Bytes, as the guest said.
        path: Where its bytes are; None until they came.
        expiresAt: When the file is thrown away, epoch seconds of the simulator's clock.
    """

    id: str
    owner: str = field(repr=False)
    deploymentId: str
    fileName: str
    fileType: str
    fileSize: int
    fileMd5: str | None = None
    state: AttachmentState = AttachmentState.PRESIGNED
    path: Path | None = field(default=None, repr=False)
    sha256: str | None = None
    expiresAt: float = 0.0

    def content(self) -> bytes:
        """The bytes that were uploaded.

        Raises:
            ValueError: Nothing was uploaded.
        """
        if self.path is None:
            raise ValueError(f"nothing was uploaded for attachment {self.id} ({self.fileName})")
        return self.path.read_bytes()

    def keep(self, path: Path, content: bytes) -> None:
        """Store bytes that did not come over the wire."""
        path.write_bytes(content)
        self.path = path
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.state = AttachmentState.UPLOADED

    def presign(self, method: str, expiresAt: float) -> PresignedUrl:
        """A new permission for this attachment; a PUT has a header that must be sent."""
        headers = {"x-amz-tagging": f"attachmentId={self.id}"} if method == "PUT" else {}
        return PresignedUrl(secrets.token_urlsafe(24), self.id, method, expiresAt, headers)

    def onTheWire(self, url: str | None, *, digest: bool = False) -> dict[str, Any]:
        """The attachment as the content of a message shows it.

        Args:
            url: Where to get it.
            digest: Whether to show its SHA-256, as messages of agents do.
        """
        shown: dict[str, Any] = {
            "id": self.id,
            "filename": self.fileName,
            "fileSize": self.fileSize,
            "mediaType": mediaTypeOf(self.fileType),
            "mime": self.fileType,
            "sha256": self.sha256 if digest else None,
            "url": url,
        }
        return {key: value for key, value in shown.items() if value is not None}
