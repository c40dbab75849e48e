"""What becomes of a file: its URLs, its upload, its refusal."""

from dataclasses import dataclass

from ._base import WireModel, wire


@dataclass(kw_only=True, slots=True)
class PresignedUrlResponse(WireModel):
    """Where to upload a file and with which headers, or where to download it from."""

    tracingId: str | None = None
    attachmentId: str | None = None
    headers: dict[str, str] | None = wire(secret=True)
    url: str | None = wire(secret=True)
    fileName: str | None = None
    fileSize: int | None = None
    fileType: str | None = None


@dataclass(kw_only=True, slots=True)
class UploadSuccessEvent(WireModel):
    """A file arrived and may be sent."""

    tracingId: str | None = None
    attachmentId: str | None = None
    downloadUrl: str | None = wire(secret=True)
    timestamp: str | None = None


@dataclass(kw_only=True, slots=True)
class UploadFailureEvent(WireModel):
    """A file was uploaded and refused."""

    tracingId: str | None = None
    attachmentId: str | None = None
    errorCode: int | None = None
    errorMessage: str | None = None
    timestamp: str | None = None


@dataclass(kw_only=True, slots=True)
class GenerateUrlError(WireModel):
    """No upload URL is given for a file, and why."""

    name: str | None = None
    message: str | None = None
    stack: str | None = None
    errorCode: int | None = None
    errorMessage: str | None = None
    tracingId: str | None = None
    attachmentId: str | None = None
    timestamp: str | None = None


@dataclass(kw_only=True, slots=True)
class AttachmentDeletedResponse(WireModel):
    """An attachment was taken back."""

    tracingId: str | None = None
    attachmentId: str | None = None
