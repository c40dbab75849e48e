"""What happens in a conversation beside its messages."""

from dataclasses import dataclass

from ._base import OpenKind, WireEnum, WireModel, wire, wireList
from .content.basic import ContentReaction, ContentReceivedReplyMessage


class EventType(WireEnum):
    """The kinds of event; 18.1 calls it EventTypeEnum."""

    COBROWSE = "CoBrowse"
    PRESENCE = "Presence"
    REACTIONS = "Reactions"
    TYPING = "Typing"
    VIDEO = "Video"


class EventCoBrowseType(WireEnum):
    """How an offer to browse or talk together stands."""

    OFFERING = "Offering"
    OFFERINGACCEPTED = "OfferingAccepted"
    OFFERINGEXPIRED = "OfferingExpired"
    OFFERINGREJECTED = "OfferingRejected"


@dataclass(kw_only=True, slots=True)
class EventCoBrowse(WireModel):
    """An offer to browse together, and what became of it."""

    sessionId: str | None = None
    sessionJoinToken: str | None = wire(secret=True)
    type: EventCoBrowseType | None = None
    id: str | None = None


@dataclass(kw_only=True, slots=True)
class EventVideo(WireModel):
    """An offer of a video call, and what became of it."""

    jwt: str | None = wire(secret=True)
    offeringId: str | None = None
    type: EventCoBrowseType | None = None
    id: str | None = None


class EventPresenceType(WireEnum):
    """How a guest or the conversation comes and goes."""

    AUTHENTICATE = "Authenticate"
    AUTHENTICATECANCEL = "AuthenticateCancel"
    AUTHENTICATEFAILURE = "AuthenticateFailure"
    CLEAR = "Clear"
    DISCONNECT = "Disconnect"
    JOIN = "Join"
    SESSIONEXPIRED = "SessionExpired"
    SIGNIN = "SignIn"


@dataclass(kw_only=True, slots=True)
class EventPresence(WireModel):
    """Somebody joined, signed in or left, or the conversation was cleared."""

    receivedMessage: ContentReceivedReplyMessage | None = None
    replyMessage: ContentReceivedReplyMessage | None = None
    type: EventPresenceType | None = None


class EventTypingType(WireEnum):
    """Whether typing began or stopped."""

    ON = "On"
    OFF = "Off"


@dataclass(kw_only=True, slots=True)
class EventTyping(WireModel):
    """Somebody is typing, for about so many milliseconds."""

    duration: float | None = None
    type: EventTypingType | None = None
    durationMs: float | None = None


@dataclass(kw_only=True)
class MessageEvent(OpenKind, kind="eventType"):
    """One event of a message; eventType tells which field holds it."""

    coBrowse: EventCoBrowse | None = None
    eventType: EventType | None = None
    presence: EventPresence | None = None
    reactions: list[ContentReaction] = wireList()
    typing: EventTyping | None = None
    video: EventVideo | None = None


@dataclass(kw_only=True)
class CleanMessageEvent(OpenKind, kind="eventType"):
    """One event of a cleaned message; eventType tells which field holds it."""

    coBrowse: EventCoBrowse | None = None
    eventType: EventType | None = None
    presence: EventPresence | None = None
    reactions: list[ContentReaction] = wireList()
    typing: EventTyping | None = None
    video: EventVideo | None = None
