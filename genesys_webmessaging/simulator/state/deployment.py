"""What an administrator configures, and the limits that the service keeps: deployments."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from .clock import Clock

__all__ = ["DOCUMENTED", "Deployment", "LimitReached", "Limits", "RateLimit", "Rates", "limits_of"]


@dataclass(frozen=True)
class RateLimit:
    """So many in so many seconds, whichever seconds these are."""

    count: int
    seconds: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How often things may be done; None: as often as one likes.

    Past a rate, a request is answered with `TooManyRequestsErrorMessage` and `retryAfter`, a REST request or a
    handshake with 429 and `Retry-After`; an agent's call raises `LimitReached`.

    Attributes:
        messages: `onMessage`, for a session.
        requests: Requests of every kind, for a connection.
        configures: `configureSession` and `configureAuthenticatedSession`, for a session.
        echoes: `echo`, for a connection.
        historyCalls: Pages of the history, for a session.
        connections: Handshakes, for a deployment.
        agentTypings: Typing events of agents, for a conversation.
        agentText: Characters in an agent's text.
    """

    messages: RateLimit | None = None
    requests: RateLimit | None = None
    configures: RateLimit | None = None
    echoes: RateLimit | None = None
    historyCalls: RateLimit | None = None
    connections: RateLimit | None = None
    agentTypings: RateLimit | None = None
    agentText: int | None = None


DOCUMENTED = Limits(
    messages=RateLimit(5, 1.0),
    requests=RateLimit(60, 60.0),
    configures=RateLimit(60, 60.0),
    echoes=RateLimit(2, 60.0),
    historyCalls=RateLimit(10, 60.0),
    connections=RateLimit(1_000, 60.0),
    agentTypings=RateLimit(12, 60.0),
    agentText=4_000,
)


def limits_of(given: Limits | Literal["documented", "none"] | None) -> Limits:
    """The limits that somebody means.

    Raises:
        ValueError: It is neither limits nor the name of some.
    """
    if isinstance(given, Limits):
        return given
    if given not in ("documented", "none", None):
        raise ValueError(f'limits must be "documented", "none" or Limits(…), not {given!r}')
    return DOCUMENTED if given == "documented" else Limits()


class LimitReached(RuntimeError):  # noqa: N818 - what happened, not what is wrong
    """Something was done too often, or is too long.

    Attributes:
        retryAfter: Seconds until it may be done again; 0 if waiting does not help.
    """

    def __init__(self, sentence: str, retryAfter: float = 0.0) -> None:
        super().__init__(sentence)
        self.retryAfter = retryAfter


class Rates:
    """How often things were done, held against their limits: one for each session, connection and deployment."""

    def __init__(self, deployment: Deployment, clock: Clock) -> None:
        self._deployment = deployment
        self._clock = clock
        self._done: dict[str, deque[float]] = {}

    def take(self, what: str) -> float | None:
        """Do something once more: None if that is allowed, else the seconds until it is.

        Args:
            what: The name of a limit.
        """
        limit: RateLimit | None = getattr(self._deployment.limits or Limits(), what)
        if limit is None:
            return None
        done, now = self._done.setdefault(what, deque()), self._clock.now()
        while done and done[0] <= now - limit.seconds:
            done.popleft()
        if len(done) >= limit.count:
            return done[0] + limit.seconds - now if done else limit.seconds
        done.append(now)
        return None


@dataclass(kw_only=True)
class Deployment:
    """One Messenger deployment, and everything about it that a guest can notice.

    Attributes:
        id: What a guest names it by.
        allowedOrigins: The domains that a page may be on, with their subdomains, or its origins; None: any.
        applicationRequired: Whether a handshake must say `application`.
        active: An inactive deployment refuses handshakes as an unknown one.
        autoStart: What config.json says of it; a guest then sends the presence Join by itself.
        fileTypes: MIME types a guest may upload; `*/*` and `image/*` are wildcards. Empty: no uploads at all.
        maxFileSizeKB: The largest upload, in units of 1024 bytes.
        blockedExtensions: File name extensions that are refused, with the dot.
        checkFileContent: Whether an upload whose first bytes do not fit its type fails (4003).
        maxFileNameLength: Longer names are refused, in characters.
        maxCustomDataBytes: Limit for the custom attributes of a message, in bytes of UTF-8.
        maxMessageLength: Limit for the text of a message, in bytes of UTF-8.
        maxConnections: How many connections may share a token.
        sessionSeconds: Life of a session after the last message.
        historySeconds: How long the history keeps a message.
        jwtSeconds: Life of a jwt of getJwt.
        signInSeconds: Life of the jwt of a sign-in.
        urlSeconds: Life of a presigned URL.
        fileSeconds: Life of an uploaded file.
        limits: How often things may be done; None: as the simulator was told.
        conversationDisconnect: Whether a guest is told that an agent has left: "ReadOnly" (and may only read from
            then on), "Send" (and may go on), or "Off" (no).
        clearEnabled: Whether a guest may clear the conversation.
        authEnabled: Whether a guest may sign in.
        stepUpAllowed: Whether a guest's session may become an authenticated one.
        pushEnabled: Whether devices may register for notifications.
        idleSeconds: A connection on which nothing was heard for so long is closed; None: never.
        announcesExpiry: Whether `SessionExpiredEvent` comes by itself when a session expires, or only as an answer.
        echoesLifetime: Whether the answer to an echo carries durationSeconds and expirationDate.
        generateUrlErrorForm: "recorded" (an event of code 200 without tracingId) or "documented" (a response of
            code 400 with it).
        sessionClearedForm: "recorded" (code 200 and an empty body) or "documented" (neither).
    """

    id: str = "demo"
    allowedOrigins: Sequence[str] | None = None
    applicationRequired: bool = False
    active: bool = True
    autoStart: bool = True
    fileTypes: Sequence[str] = ("*/*",)
    maxFileSizeKB: int = 10_240
    blockedExtensions: Sequence[str] = (".bat", ".cmd", ".exe", ".js", ".msi", ".ps1", ".vbs")
    checkFileContent: bool = False
    maxFileNameLength: int = 1_023
    maxCustomDataBytes: int = 2_048
    maxMessageLength: int = 4_096
    maxConnections: int = 3
    sessionSeconds: int = 259_200
    historySeconds: int = 15 * 86_400
    jwtSeconds: int = 60
    signInSeconds: int = 3_600
    urlSeconds: int = 600
    fileSeconds: int = 15 * 86_400
    limits: Limits | None = None
    conversationDisconnect: Literal["ReadOnly", "Send", "Off"] = "ReadOnly"
    clearEnabled: bool = True
    authEnabled: bool = True
    stepUpAllowed: bool = True
    pushEnabled: bool = True
    idleSeconds: float | None = None
    announcesExpiry: bool = False
    echoesLifetime: bool = True
    generateUrlErrorForm: Literal["recorded", "documented"] = "recorded"
    sessionClearedForm: Literal["recorded", "documented"] = "recorded"

    @property
    def maxFileBytes(self) -> int:
        """The largest upload, in bytes."""
        return self.maxFileSizeKB * 1_024

    def allowsOrigin(self, origin: str | None, strict: bool = True) -> bool:
        """Whether a request with this Origin header may come in; a missing one may, unless origins are listed."""
        if self.allowedOrigins is None:
            return True
        if origin is None:
            return not strict
        host = _host(origin)
        return any(host == allowed or host.endswith(f".{allowed}") for allowed in map(_host, self.allowedOrigins))

    def allowsType(self, mimeType: str) -> bool:
        """Whether a file of this MIME type may be uploaded."""
        family = mimeType.lower().split("/")[0]
        return any(kind.lower() in ("*/*", f"{family}/*", mimeType.lower()) for kind in self.fileTypes)

    def allowedMedia(self) -> dict[str, Any]:
        """The `allowedMedia` of a SessionResponse."""
        types = [{"type": kind} for kind in self.fileTypes]
        return {"inbound": {"fileTypes": types, "maxFileSizeKB": self.maxFileSizeKB}}

    def domains(self) -> dict[str, Any]:
        """The deployment's domains.json."""
        return {
            "allowAllDomains": self.allowedOrigins is None,
            "allowedDomains": list(dict.fromkeys(map(_host, self.allowedOrigins or ()))),
        }

    def config(self, wsAddress: str, restAddress: str) -> dict[str, Any]:
        """The deployment's config.json."""
        disconnects = self.conversationDisconnect != "Off"
        conversations = {
            "enabled": True,
            "messagingEndpoint": wsAddress,
            "showAgentTypingIndicator": True,
            "showUserTypingIndicator": True,
            "autoStart": {"enabled": self.autoStart},
            "conversationDisconnect": {
                "enabled": disconnects,
                "type": self.conversationDisconnect if disconnects else "Send",
            },
            "conversationClear": {"enabled": self.clearEnabled},
            "notifications": {"enabled": self.pushEnabled, "notificationContentType": "IncludeMessagesContent"},
            "markdown": {"enabled": True},
            "humanize": {"enabled": True, "bot": {"name": "Bot", "avatarUrl": ""}},
            "sessionDurationSeconds": self.sessionSeconds,
        }
        modes = [{"fileTypes": list(self.fileTypes), "maxFileSizeKB": self.maxFileSizeKB}]
        label = {"key": "MessengerHomeHeaderTitle", "value": "Hello"}
        return {
            "id": self.id,
            "version": "1",
            "status": "Active" if self.active else "Inactive",
            "languages": ["en-us"],
            "defaultLanguage": "en-us",
            "apiEndpoint": restAddress,
            "headlessMode": {"enabled": False},
            "messenger": {
                "enabled": True,
                "apps": {"conversations": conversations},
                "styles": {"primaryColor": "#ff4f1f"},
                "launcherButton": {"visibility": "On", "displayType": "Icon", "icon": {"url": ""}},
                "homeScreen": {"enabled": False, "logoUrl": ""},
                "sessionPersistenceType": "Device",
                "fileUpload": {"enableAttachments": bool(self.fileTypes), "modes": modes if self.fileTypes else []},
            },
            "position": {"alignment": "Auto", "sideSpace": 20, "bottomSpace": 12},
            "customI18nLabels": [{"language": "en-us", "localizedLabels": [label]}],
            "cobrowse": {"enabled": False},
            "video": {"enabled": False},
            "supportCenter": {"enabled": False},
            "journeyEvents": {"enabled": True},
            "auth": {"enabled": self.authEnabled, "allowSessionUpgrade": self.stepUpAllowed},
        }


def _host(origin: str) -> str:
    """The host name in an origin, or in a domain, in lower case and without port."""
    parts = urlsplit(origin if "//" in origin else f"//{origin}")
    return (parts.hostname or "").rstrip(".")
