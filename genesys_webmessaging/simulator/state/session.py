"""A guest's session, and what was said in it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from .clock import Clock, iso
from .deployment import Deployment, Rates
from .identities import Identity

__all__ = [
    "Conversation",
    "Message",
    "Participant",
    "Peer",
    "Role",
    "Session",
    "SessionState",
    "Watcher",
]


class Role(Enum):
    """What a participant is in the conversation."""

    GUEST = "Guest"
    BOT = "Bot"
    AGENT = "Human"


@dataclass(kw_only=True)
class Participant:
    """Somebody who takes part in a conversation."""

    role: Role
    nickname: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    image: str | None = None

    def onTheWire(self) -> dict[str, Any]:
        """The participant as `channel.from` or `channel.to` shows it."""
        shown = {
            "nickname": self.nickname,
            "firstName": self.firstName,
            "lastName": self.lastName,
            "image": self.image,
        }
        return {key: value for key, value in shown.items() if value is not None}


@dataclass(kw_only=True)
class Message:
    """One message of a conversation, from either side.

    Attributes:
        id: Its id on the live socket.
        messageId: Its `channel.messageId`, if it is a guest's.
        historyId: Its id in the history, when the simulator was told that it is another one.
        historyMessageId: The same for its `channel.messageId`.
        type: Text, Structured or Event.
        sender: Who said it.
        time: When, in epoch seconds; strictly growing within a conversation.
        text: What was said; None when nothing was.
        content: Attachments, quick replies, cards and the like, as on the wire.
        events: Presence and typing, as on the wire.
        metadata: Strings by name, `customMessageId` and `readOnly` among them; of the other side also `correlationId`.
        customAttributes: What the guest sent along.
    """

    type: str
    sender: Participant
    time: float
    text: str | None = None
    content: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    customAttributes: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    messageId: str = field(default_factory=lambda: str(uuid.uuid4()))
    historyId: str = field(default_factory=lambda: uuid.uuid4().hex)
    historyMessageId: str = field(default_factory=lambda: str(uuid.uuid4()))

    def __str__(self) -> str:
        said = [self.text] if self.text else [str(item.get("contentType")) for item in self.content]
        said += [str(event.get("eventType")) for event in self.events]
        return f"{self.type} from {self.sender.role.value}: {', '.join(said)}"

    @property
    def direction(self) -> str:
        """Inbound from a guest, Outbound to one."""
        return "Inbound" if self.sender.role is Role.GUEST else "Outbound"

    @property
    def isoTime(self) -> str:
        """When it was said, as ISO 8601 in UTC."""
        return iso(self.time)

    @property
    def payload(self) -> str | None:
        """What the button that was pressed stands for; None when none was."""
        for item in self.content:
            response = item.get("buttonResponse")
            if isinstance(response, dict):
                return str(response.get("payload", ""))
        return None

    def onTheWire(self, *, asInHistory: bool = False) -> dict[str, Any]:
        """The message as the live socket or the history shows it; empty parts are left out.

        Args:
            asInHistory: Whether to give it the ids of the history, where those are others.
        """
        channel: dict[str, Any] = {"time": self.isoTime}
        if self.direction == "Inbound":
            channel["messageId"] = self.historyMessageId if asInHistory else self.messageId
            channel["from"] = self.sender.onTheWire()
        else:
            channel |= {"type": "Private", "from": self.sender.onTheWire(), "to": {}}
        shown: dict[str, Any] = {
            "id": self.historyId if asInHistory else self.id,
            "channel": channel,
            "type": self.type,
            "direction": self.direction,
            "text": self.text,
            "content": self.content or None,
            "events": self.events or None,
            "metadata": self.metadata or None,
            "originatingEntity": None if self.sender.role is Role.GUEST else self.sender.role.value,
        }
        return {key: value for key, value in shown.items() if value is not None}

    def hasPresence(self, kind: str) -> bool:
        """Whether it is a presence event of this kind."""
        details = [event.get("presence") for event in self.events if event.get("eventType") == "Presence"]
        return any(isinstance(detail, dict) and detail.get("type") == kind for detail in details)

    @property
    def isTyping(self) -> bool:
        """Whether it is a typing event."""
        return any(event.get("eventType") == "Typing" for event in self.events)


class Conversation:
    """The messages of a session, oldest first, and who takes part.

    Attributes:
        messages: Everything that the history shows.
        participants: The guest, and who answered so far.
        handedOver: Whether the bot has handed over to a human.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lastTime = 0.0
        self.guest = Participant(role=Role.GUEST)
        self.messages: list[Message] = []
        self.participants: list[Participant] = [self.guest]
        self.handedOver = False

    @property
    def texts(self) -> list[str]:
        """The texts said so far, oldest first."""
        return [message.text for message in self.messages if message.text]

    def nextTime(self) -> float:
        """The time for the next message: now, but at least a millisecond after the last one."""
        self._lastTime = max(self._clock.now(), self._lastTime + 0.001)
        return self._lastTime

    def add(self, message: Message) -> None:
        """Keep a message, unless it is a typing event, which the history does not show."""
        if message.sender not in self.participants:
            self.participants.append(message.sender)
        if not message.isTyping:
            self.messages.append(message)

    def find(self, messageId: str) -> Message | None:
        """The message with this id."""
        return next((message for message in self.messages if message.id == messageId), None)


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
    rates: Rates

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


class Watcher(Protocol):
    """Whoever wants to see what happens in sessions; called on the server's thread."""

    def said(self, session: Session, message: Message) -> None:
        """Somebody said something, on either side."""

    def changed(self, session: Session) -> None:
        """The state of a session, or who takes part in it, is another one."""


class Session:
    """What the server keeps for a token.

    Attributes:
        number: What the simulator calls it; 1 for the first one.
        token: The guest's token.
        deployment: Where it lives.
        conversation: What was said in it.
        expiresAt: When it expires, in epoch seconds of the simulator's clock.
        identity: Who has signed in; None for a guest.
        connections: The connections configured with this token, oldest first.
        customAttributes: What the guest sent along so far, the newest value of each.
        journeyContext: What the last configure request said of it.
        rates: How often its guest, and the agents who speak to it, did things.
    """

    def __init__(
        self, token: str, deployment: Deployment, clock: Clock, number: int = 1, watchers: Sequence[Watcher] = ()
    ) -> None:
        self._clock = clock
        self._watchers = watchers
        self._state = SessionState.OPEN
        self.number = number
        self.token = token
        self.deployment = deployment
        self.conversation = Conversation(clock)
        self.expiresAt = clock.now() + deployment.sessionSeconds
        self.identity: Identity | None = None
        self.connections: list[Peer] = []
        self.customAttributes: dict[str, str] = {}
        self.journeyContext: dict[str, Any] | None = None
        self.rates = Rates(deployment, clock)

    def __repr__(self) -> str:
        return (
            f"<Session {self.number} of {self.deployment.id}: {self.state.value}, {len(self.connections)} connections>"
        )

    @property
    def state(self) -> SessionState:
        """How far it has come."""
        return self._state

    @state.setter
    def state(self, state: SessionState) -> None:
        self._state = state
        self.changed()

    @property
    def handedOver(self) -> bool:
        """Whether an agent answers, not the bot."""
        return self.conversation.handedOver

    @handedOver.setter
    def handedOver(self, handedOver: bool) -> None:
        if handedOver != self.conversation.handedOver:
            self.conversation.handedOver = handedOver
            self.changed()

    def said(self, message: Message) -> None:
        """Enter a message into the conversation."""
        self.conversation.add(message)
        self.touch()
        for watcher in self._watchers:
            watcher.said(self, message)

    def changed(self) -> None:
        """Tell who watches that something is different."""
        for watcher in self._watchers:
            watcher.changed(self)

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
        self.changed()

    def detach(self, peer: Peer) -> None:
        """Forget a connection."""
        if peer.session is self:
            peer.session = None
        if peer in self.connections:
            self.connections.remove(peer)
            self.changed()
