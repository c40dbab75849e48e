"""Messages of the live conversation."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ._base import WireEnum, WireModel, wire, wireList
from ._coerce import as_datetime
from .channel import BaseMessagingChannel, CleanMessagingChannel
from .content.container import CleanMessageContent, MessageContent
from .events import CleanMessageEvent, MessageEvent


class NormalizedType(WireEnum):
    """What a message is made of."""

    EVENT = "Event"
    MESSAGE = "Message"
    RECEIPT = "Receipt"
    STRUCTURED = "Structured"
    TEXT = "Text"


class Direction(WireEnum):
    """Inbound from the guest to Genesys, Outbound the other way."""

    INBOUND = "Inbound"
    OUTBOUND = "Outbound"


class Status(WireEnum):
    """How far a message has come."""

    DELIVERED = "Delivered"
    FAILED = "Failed"
    PUBLISHED = "Published"
    READ = "Read"
    REMOVED = "Removed"
    SENT = "Sent"


class OriginatingEntity(WireEnum):
    """Whether a person or a bot speaks."""

    BOT = "Bot"
    HUMAN = "Human"


@dataclass(kw_only=True, slots=True)
class Reason(WireModel):
    """Why a message was not delivered."""

    class CodeEnum(WireEnum):
        """The reasons there are."""

        MESSAGEEXPIRED = "MessageExpired"
        RATELIMITED = "RateLimited"
        MESSAGENOTALLOWED = "MessageNotAllowed"
        GENERALERROR = "GeneralError"
        UNSUPPORTEDMESSAGE = "UnsupportedMessage"
        UNKNOWNMESSAGE = "UnknownMessage"
        INVALIDMESSAGESTRUCTURE = "InvalidMessageStructure"
        INVALIDDESTINATION = "InvalidDestination"
        SERVERERROR = "ServerError"
        MEDIATYPENOTALLOWED = "MediaTypeNotAllowed"
        INVALIDMEDIACONTENTLENGTH = "InvalidMediaContentLength"
        RECIPIENTOPTEDOUT = "RecipientOptedOut"
        DATAFILTERED = "DataFiltered"

    code: CodeEnum | None = None
    message: str | None = None


@dataclass(kw_only=True, slots=True)
class StructuredMessage(WireModel):
    """A message from the other side, or the echo of one's own."""

    tracingId: str | None = None
    text: str | None = None
    type: NormalizedType | None = None
    direction: Direction | None = None
    id: str | None = None
    channel: BaseMessagingChannel | None = None
    content: list[MessageContent] = wireList()
    metadata: dict[str, str] | None = None
    events: list[MessageEvent] = wireList()
    originatingEntity: OriginatingEntity | None = None
    originatingMessageId: str | None = None
    status: Status | None = None
    reasons: list[Reason] = wireList()
    isFinalReceipt: bool | None = None

    late = False  # no field, so it is neither written nor compared
    """Whether it was found in the history after newer messages had been heard; never on the wire."""


@dataclass(kw_only=True, slots=True)
class CleanMessage(WireModel):
    """A message without what is internal to Genesys."""

    tracingId: str | None = None
    text: str | None = None
    type: NormalizedType | None = None
    direction: Direction | None = None
    id: str | None = None
    channel: CleanMessagingChannel | None = None
    content: list[CleanMessageContent] = wireList()
    metadata: dict[str, str] | None = None
    events: list[CleanMessageEvent] = wireList()
    originatingEntity: OriginatingEntity | None = None


@dataclass(kw_only=True, slots=True)
class IncomingNormalizedMessageChannelMetadata(WireModel):
    """The custom attributes of a message being sent."""

    customAttributes: dict[str, str] | None = wire(secret=True)


@dataclass(kw_only=True, slots=True)
class IncomingNormalizedMessageChannel(WireModel):
    """The channel of a message being sent."""

    metadata: IncomingNormalizedMessageChannelMetadata | None = None
    messageId: str | None = None


@dataclass(kw_only=True, slots=True)
class IncomingNormalizedMessage(WireModel):
    """A message being sent: text, content, events."""

    id: str | None = None
    type: NormalizedType | None = None
    text: str | None = None
    status: Status | None = None
    content: list[MessageContent] = wireList()
    events: list[MessageEvent] = wireList()
    metadata: dict[str, str] | None = None
    channel: IncomingNormalizedMessageChannel | None = None


def text_of(value: object) -> str:
    """What stands where a text belongs: the text, or "" for anything else, which the models leave as it came."""
    return value if isinstance(value, str) else ""


def time_of(message: Any) -> datetime | None:
    """When a message was said.

    Args:
        message: Of the live conversation, where ``channel.time`` is text, or of the history, where it is a datetime.

    Returns:
        The time, with its zone; None if the message does not tell, or tells no time.
    """
    return None if message.channel is None else moment_of(message.channel.time)


def moment_of(told: object) -> datetime | None:
    """Read a ``channel.time``.

    Args:
        told: The value, as text or as a datetime.

    Returns:
        The time, with its zone; None if it is not a time.
    """
    if isinstance(told, str):
        told = as_datetime(told)
    if not isinstance(told, datetime):
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=timezone.utc)
