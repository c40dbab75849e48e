"""The whole of a simulated Genesys, as tables of plain objects."""

from __future__ import annotations

import itertools
import secrets
import tempfile
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .attachments import Attachment, PresignedUrl
from .clock import Clock
from .deployment import Deployment, Rates
from .identities import Identities, Identity, Jwt, makeJwt
from .session import Message, Session, SessionState, Watcher

__all__ = ["Observer", "World"]


MOST_SESSIONS = 10_000
PRUNE_EVERY = 60.0  # seconds


class Observer(Protocol):
    """Whoever listens on the other side: a bot, an agent."""

    def guestArrived(self, session: Session) -> None:
        """A guest configured a session."""

    def guestSaid(self, session: Session, message: Message) -> None:
        """A guest sent a message, event or button response; it has been echoed already."""


@dataclass
class SessionJwt:
    """A jwt of getJwt: it opens the history of one session."""

    jwt: Jwt
    session: Session


class World:
    """Everything the server knows. Changed on the server's thread only; tests may look at it from theirs.

    Attributes:
        clock: The time.
        strict: Whether violations of the protocol are recorded and missing things refused.
        idsInHistory: Whether a message has the same id in the history as on the socket.
        returnsCustomMessageId: Whether `metadata.customMessageId` comes back in echo and history.
        deployments: By id.
        sessions: By deployment id and token.
        identities: The identity provider.
        attachments: By id.
        devices: Registered push devices: by deployment id and token.
        observers: The bots and agents.
        watchers: Who sees everything and takes part in nothing.
    """

    def __init__(self, clock: Clock, deployments: Iterable[Deployment], *, strict: bool) -> None:
        self.clock = clock
        self.strict = strict
        self.idsInHistory = True
        self.returnsCustomMessageId = True
        self.deployments = {deployment.id: deployment for deployment in deployments}
        self.sessions: dict[tuple[str, str], Session] = {}
        self.identities = Identities(clock)
        self.sessionJwts: dict[str, SessionJwt] = {}
        self.attachments: dict[str, Attachment] = {}
        self.urls: dict[str, PresignedUrl] = {}
        self.devices: dict[tuple[str, str], dict[str, Any]] = {}
        self.observers: list[Observer] = []
        self.files = FileStore()
        self.watchers: list[Watcher] = []
        self._rates: dict[str, Rates] = {}
        self._numbers = itertools.count(1)
        self._pruned = 0.0

    def ratesOf(self, deployment: Deployment) -> Rates:
        """How often connections to a deployment were opened."""
        return self._rates.setdefault(deployment.id, Rates(deployment, self.clock))

    def newSession(self, token: str, deployment: Deployment) -> Session:
        """A fresh session for a token; the one it had is out of reach."""
        old = self.sessions.get((deployment.id, token))
        if old is not None:
            self.end(old)
        session = Session(token, deployment, self.clock, next(self._numbers), self.watchers)
        if old is not None:
            session.rates = old.rates
        self.sessions[deployment.id, token] = session
        self._prune(session)
        return session

    def _prune(self, fresh: Session) -> None:
        """Forget what has expired, now and then, and the oldest sessions without a connection when there are too many.

        A session that has expired stays as long as somebody is connected to it, to be told so.
        """
        now, crowded = self.clock.now(), len(self.sessions) >= MOST_SESSIONS
        if now - self._pruned < PRUNE_EVERY and not crowded:
            return
        self._pruned = now
        idle = [session for session in self.sessions.values() if not session.connections and session is not fresh]
        surplus = len(self.sessions) - MOST_SESSIONS * 9 // 10 if crowded else 0
        for count, session in enumerate(idle):
            if session.expired or count < surplus:
                self.end(session)
        self.urls = {secret: url for secret, url in self.urls.items() if url.expiresAt > now}
        self.sessionJwts = {
            text: known for text, known in self.sessionJwts.items() if known.jwt.expiresAt > now - 3_600
        }
        ownerless = [each for each in self.attachments.values() if (each.deploymentId, each.owner) not in self.sessions]
        for attachment in ownerless:
            del self.attachments[attachment.id]
            if attachment.path is not None:
                attachment.path.unlink(missing_ok=True)

    def sessionNumbered(self, number: int) -> Session | None:
        """The session that the simulator calls by this number."""
        return next((session for session in self.sessions.values() if session.number == number), None)

    def end(self, session: Session) -> None:
        """Put a session out of everybody's reach."""
        session.state = SessionState.ENDED
        for peer in list(session.connections):
            session.detach(peer)
        key = (session.deployment.id, session.token)
        if self.sessions.get(key) is session:
            del self.sessions[key]
        self.revokeSessionJwts(session)

    def revokeSessionJwts(self, session: Session) -> None:
        """Nobody can read the history of a session with what was given out so far."""
        self.sessionJwts = {text: known for text, known in self.sessionJwts.items() if known.session is not session}

    def sessionsOf(self, identity: Identity) -> list[Session]:
        """The sessions somebody has signed in to."""
        return [session for session in self.sessions.values() if session.identity == identity]

    def issueSessionJwt(self, session: Session) -> Jwt:
        """A jwt that opens the history of a session."""
        expiresAt = float(int(self.clock.now()) + session.deployment.jwtSeconds)
        jwt = Jwt(makeJwt({"sub": "guest", "exp": int(expiresAt)}), expiresAt, session.identity)
        self.sessionJwts[jwt.text] = SessionJwt(jwt, session)
        return jwt

    def newAttachment(self, session: Session, attachmentId: str | None, **described: Any) -> Attachment:
        """Enter a file that is about to be uploaded."""
        attachment = Attachment(
            id=attachmentId or str(uuid.uuid4()),
            owner=session.token,
            deploymentId=session.deployment.id,
            expiresAt=self.clock.now() + session.deployment.fileSeconds,
            **described,
        )
        self.attachments[attachment.id] = attachment
        return attachment

    def presign(self, attachment: Attachment, method: str, seconds: float) -> PresignedUrl:
        """A URL secret for an attachment, good for some seconds."""
        url = attachment.presign(method, self.clock.now() + seconds)
        self.urls[url.secret] = url
        return url


@dataclass
class FileStore:
    """A directory for uploaded bytes, made when first needed and removed at the end."""

    _directory: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    def newPath(self) -> Path:
        """A name that no file has yet."""
        if self._directory is None:
            self._directory = tempfile.TemporaryDirectory(prefix="genesys-simulator-")
        return Path(self._directory.name) / secrets.token_hex(8)

    def clean(self) -> None:
        """Remove everything."""
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None
