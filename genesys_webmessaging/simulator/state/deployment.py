"""What an administrator configures: deployments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Deployment", "RateLimit"]


@dataclass(frozen=True)
class RateLimit:
    """How many messages a session may send: so many a second, after a first burst."""

    perSecond: float = 2.0
    burst: int = 4


@dataclass(kw_only=True)
class Deployment:
    """One Messenger deployment, and everything about it that a guest can notice.

    Attributes:
        id: What a guest names it by.
        allowedOrigins: The origins a handshake may come from; None: any.
        applicationRequired: Whether a handshake must say `application`.
        active: An inactive deployment refuses handshakes as an unknown one.
        autoStart: What config.json says of it; a guest then sends the presence Join by itself.
        fileTypes: MIME types a guest may upload; `*/*` and `image/*` are wildcards. Empty: no uploads at all.
        maxFileSizeKB: The largest upload, in units of 1000 bytes.
        blockedExtensions: File name extensions that are refused, with the dot.
        checkFileContent: Whether an upload whose first bytes do not fit its type fails (4003).
        maxFileNameLength: Longer names are refused, in characters.
        maxCustomDataBytes: Limit for the custom attributes of a message, in bytes of UTF-8.
        maxMessageLength: Limit for the text of a message, in characters.
        maxConnections: How many connections may share a token.
        sessionSeconds: Life of a session after the last message.
        jwtSeconds: Life of a jwt, of getJwt as of a sign-in.
        urlSeconds: Life of a presigned URL.
        fileSeconds: Life of an uploaded file.
        rateLimit: Limit for onMessage per session; None: none.
        readOnlyAfterDisconnect: Whether an agent who leaves makes the session read-only.
        clearEnabled: Whether a guest may clear the conversation.
        authEnabled: Whether a guest may sign in.
        stepUpAllowed: Whether a guest's session may become an authenticated one.
        pushEnabled: Whether devices may register for notifications.
        idleSeconds: A connection on which nothing was heard for so long is closed; None: never.
        announcesExpiry: Whether `SessionExpiredEvent` comes by itself when a session expires, or only as an answer.
        echoesLifetime: Whether the answer to an echo carries durationSeconds and expirationDate.
    """

    id: str = "demo"
    allowedOrigins: Sequence[str] | None = None
    applicationRequired: bool = False
    active: bool = True
    autoStart: bool = True
    fileTypes: Sequence[str] = ("image/*",)
    maxFileSizeKB: int = 10_000
    blockedExtensions: Sequence[str] = (".exe", ".bat", ".cmd", ".js", ".msi", ".ps1", ".vbs")
    checkFileContent: bool = False
    maxFileNameLength: int = 255
    maxCustomDataBytes: int = 2_048
    maxMessageLength: int = 4_096
    maxConnections: int = 3
    sessionSeconds: int = 259_200
    jwtSeconds: int = 3_600
    urlSeconds: int = 600
    fileSeconds: int = 15 * 86_400
    rateLimit: RateLimit | None = None
    readOnlyAfterDisconnect: bool = True
    clearEnabled: bool = True
    authEnabled: bool = True
    stepUpAllowed: bool = True
    pushEnabled: bool = True
    idleSeconds: float | None = None
    announcesExpiry: bool = False
    echoesLifetime: bool = True

    def allowsOrigin(self, origin: str | None, strict: bool = True) -> bool:
        """Whether a request with this Origin header may come in; a missing one may, unless origins are listed."""
        if self.allowedOrigins is None:
            return True
        if origin is None:
            return not strict
        return origin.rstrip("/").lower() in {allowed.rstrip("/").lower() for allowed in self.allowedOrigins}

    def allowsType(self, mimeType: str) -> bool:
        """Whether a file of this MIME type may be uploaded."""
        family = mimeType.lower().split("/")[0]
        return any(kind.lower() in ("*/*", f"{family}/*", mimeType.lower()) for kind in self.fileTypes)

    def allowedMedia(self) -> dict[str, Any]:
        """The `allowedMedia` of a SessionResponse."""
        types = [{"type": kind} for kind in self.fileTypes]
        return {"inbound": {"fileTypes": types, "maxFileSizeKB": self.maxFileSizeKB}}

    def config(self, wsAddress: str, restAddress: str) -> dict[str, Any]:
        """The deployment's config.json."""
        conversations = {
            "messagingEndpoint": wsAddress,
            "showAgentTypingIndicator": True,
            "showUserTypingIndicator": True,
            "autoStart": {"enabled": self.autoStart},
            "conversationDisconnect": {"enabled": True, "type": "ReadOnly" if self.readOnlyAfterDisconnect else "Send"},
            "conversationClear": {"enabled": self.clearEnabled},
            "notifications": {"enabled": self.pushEnabled, "notificationContentType": "IncludeMessagesContent"},
            "markdown": {"enabled": True},
            "humanize": {"enabled": True},
        }
        modes = [{"fileTypes": list(self.fileTypes), "maxFileSizeKB": self.maxFileSizeKB}]
        return {
            "id": self.id,
            "version": "1",
            "status": "Active" if self.active else "Inactive",
            "languages": ["en-us"],
            "defaultLanguage": "en-us",
            "apiEndpoint": restAddress,
            "messenger": {
                "enabled": True,
                "apps": {"conversations": conversations},
                "styles": {"primaryColor": "#ff4f1f"},
                "launcherButton": {"visibility": "On"},
                "fileUpload": {"enableAttachments": bool(self.fileTypes), "modes": modes if self.fileTypes else []},
            },
            "journeyEvents": {"enabled": True},
            "auth": {"enabled": self.authEnabled, "allowSessionUpgrade": self.stepUpAllowed},
        }
