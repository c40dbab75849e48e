"""What a session is and allows, and how it ends."""

from dataclasses import dataclass

from ._base import WireModel, wire, wireList


@dataclass(kw_only=True, slots=True)
class FileType(WireModel):
    """One MIME type that may be uploaded; it may hold a wildcard."""

    type: str | None = None


@dataclass(kw_only=True, slots=True)
class FileUploadMode(WireModel):
    """Which files may be uploaded, and how large they may be."""

    fileTypes: list[FileType] = wireList()
    maxFileSizeKB: float | None = None


@dataclass(kw_only=True, slots=True)
class AllowedMedia(WireModel):
    """Which files each side may send."""

    inbound: FileUploadMode | None = None


@dataclass(kw_only=True, slots=True)
class SessionResponse(WireModel):
    """The session that a configure request began, resumed or closed."""

    tracingId: str | None = None
    connected: bool | None = None
    newSession: bool | None = None
    readOnly: bool | None = None
    clearedExistingSession: bool | None = None
    allowedMedia: AllowedMedia | None = None
    blockedExtensions: list[str] = wireList()
    maxCustomDataBytes: float | None = None
    durationSeconds: float | None = None
    expirationDate: float | None = None
    autoStarted: bool | None = None


@dataclass(kw_only=True, slots=True)
class GetConfigurationResponse(WireModel):
    """What a deployment allows."""

    tracingId: str | None = None
    allowedMedia: AllowedMedia | None = None
    blockedExtensions: list[str] = wireList()
    maxCustomDataBytes: float | None = None
    messageRoutingEnabled: bool | None = None
    sessionDurationSeconds: float | None = None


@dataclass(kw_only=True, slots=True)
class JwtResponse(WireModel):
    """A JWT for the history, and when it expires."""

    tracingId: str | None = None
    jwt: str | None = wire(secret=True)
    exp: float | None = None


@dataclass(kw_only=True, slots=True)
class ResumeTokenResponse(WireModel):
    """A token to resume the session with, and when it expires."""

    tracingId: str | None = None
    resumeToken: str | None = wire(secret=True)
    exp: float | None = None


@dataclass(kw_only=True, slots=True)
class ConnectionClosedEvent(WireModel):
    """The server is about to close this connection, and says why."""

    tracingId: str | None = None
    reasonCode: str | None = None
    reason: str | None = None


@dataclass(kw_only=True, slots=True)
class SessionClearedEvent(WireModel):
    """The conversation was cleared; the token begins a new session."""

    tracingId: str | None = None


@dataclass(kw_only=True, slots=True)
class SessionExpiredEvent(WireModel):
    """The session is over: it was silent for too long."""

    tracingId: str | None = None


@dataclass(kw_only=True, slots=True)
class LogoutEvent(WireModel):
    """The guest signed out, here or elsewhere."""

    tracingId: str | None = None
