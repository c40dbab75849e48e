"""A guest's session: what a token stands for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from .clock import Clock
from .conversation import Conversation
from .deployment import Deployment, RateLimit
from .identity import Identity

__all__ = ["Peer", "Session", "SessionState", "TokenBucket"]


class SessionState(Enum):
    """How far a session has come; whether it has expired, the clock says."""

    OPEN = "open"
    READ_ONLY = "read-only"  # the other side has left
    CLOSED = "closed"  # the guest asked for closeSession
    LOGGED_OUT = "logged out"  # only signing in again opens its token
    ENDED = "ended"  # cleared or replaced: nobody can reach it any more


class Peer(Protocol):
    """A guest's connection, as far as the protocol needs it."""

    number: int
    deployment: Deployment
    session: Session | None

    @property
    def restAddress(self) -> str:
        """Where this peer reaches our REST side, without a slash at the end."""

    @property
    def wsAddress(self) -> str:
        """Where this peer reaches our WebSocket side."""

    def deliver(self, frame: dict[str, Any]) -> None:
        """Send one frame."""

    def finish(self, code: int, reason: str) -> None:
        """Close the connection, after what was delivered before."""


@dataclass
class TokenBucket:
    """A rate window: holds up to `burst` permits and gains `perSecond` of them every second."""

    limit: RateLimit
    clock: Clock
    permits: float = field(init=False)
    since: float = field(init=False)

    def __post_init__(self) -> None:
        self.permits = float(self.limit.burst)
        self.since = self.clock.now()

    def take(self) -> float | None:
        """Use a permit: None when there was one, else the seconds until there is."""
        now = self.clock.now()
        self.permits = min(float(self.limit.burst), self.permits + (now - self.since) * self.limit.perSecond)
        self.since = now
        if self.permits >= 1:
            self.permits -= 1
            return None
        return (1 - self.permits) / self.limit.perSecond


class Session:
    """What the server keeps for a token.

    Attributes:
        token: The guest's token.
        deployment: Where it lives.
        conversation: What was said in it.
        state: How far it has come.
        expiresAt: When it expires, in epoch seconds of the simulator's clock.
        identity: Who has signed in; None for a guest.
        connections: The connections configured with this token, oldest first.
        customAttributes: What the guest sent along so far, the newest value of each.
        journeyContext: What the last configure request said of it.
    """

    def __init__(self, token: str, deployment: Deployment, clock: Clock) -> None:
        self._clock = clock
        self.token = token
        self.deployment = deployment
        self.conversation = Conversation(clock)
        self.state = SessionState.OPEN
        self.expiresAt = clock.now() + deployment.sessionSeconds
        self.identity: Identity | None = None
        self.connections: list[Peer] = []
        self.customAttributes: dict[str, str] = {}
        self.journeyContext: dict[str, Any] | None = None
        self.bucket = None if deployment.rateLimit is None else TokenBucket(deployment.rateLimit, clock)

    def __repr__(self) -> str:
        return f"<Session of {self.deployment.id}: {self.state.value}, {len(self.connections)} connections>"

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self._clock.now() >= self.expiresAt

    @property
    def readOnly(self) -> bool:
        """Whether the guest may look only."""
        return self.state in (SessionState.READ_ONLY, SessionState.CLOSED)

    def touch(self) -> None:
        """Something was said: its life begins anew."""
        self.expiresAt = self._clock.now() + self.deployment.sessionSeconds

    def attach(self, peer: Peer) -> None:
        """Make a connection one of this session's, and no other session's."""
        if peer.session is not None and peer.session is not self:
            peer.session.detach(peer)
        if peer not in self.connections:
            self.connections.append(peer)
        peer.session = self

    def detach(self, peer: Peer) -> None:
        """Forget a connection."""
        if peer in self.connections:
            self.connections.remove(peer)
        if peer.session is self:
            peer.session = None
