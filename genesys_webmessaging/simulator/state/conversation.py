"""What was said, and by whom."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .clock import Clock, iso

__all__ = ["Conversation", "Message", "Participant", "Role"]


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
        historyId: Its id in the history, when the simulator was told that it is another one.
        type: Text, Structured or Event.
        sender: Who said it.
        time: When, in epoch seconds; strictly growing within a conversation.
        text: What was said; None when nothing was.
        content: Attachments, quick replies, cards and the like, as on the wire.
        events: Presence and typing, as on the wire.
        metadata: Strings by name, `customMessageId` and `readOnly` among them.
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
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    historyId: str = field(default_factory=lambda: str(uuid.uuid4()))

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

    def onTheWire(self) -> dict[str, Any]:
        """What the live socket and the history both show of it; empty parts are left out."""
        shown: dict[str, Any] = {
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
