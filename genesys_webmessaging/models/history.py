"""Messages as the history tells them."""

from dataclasses import dataclass
from datetime import datetime

from ._base import OpenKind, WireEnum, WireModel, wire, wireList
from .channel import ChannelType, RecipientAdditionalIdentifier
from .content.cards import ButtonComponent, ContentActions, ContentCard, ContentCarousel
from .content.forms import ContentForm
from .content.pickers import ContentDatePicker, ConversationContentListPicker
from .message import Reason


@dataclass(kw_only=True, slots=True)
class WebMessagingRecipient(WireModel):
    """One side of a conversation, in the history."""

    firstName: str | None = None
    lastName: str | None = None
    nickname: str | None = None
    image: str | None = None
    additionalIds: list[RecipientAdditionalIdentifier] = wireList()


@dataclass(kw_only=True, slots=True)
class WebMessagingChannel(WireModel):
    """Who said something to whom, and when, in the history."""

    from_: WebMessagingRecipient | None = wire("from")
    to: WebMessagingRecipient | None = None
    time: datetime | None = None
    messageId: str | None = None
    type: ChannelType | None = None


@dataclass(kw_only=True, slots=True)
class WebMessagingAttachment(WireModel):
    """A file, in the history."""

    class MediaTypeEnum(WireEnum):
        """What kind of file it is."""

        IMAGE = "Image"
        VIDEO = "Video"
        AUDIO = "Audio"
        FILE = "File"
        LINK = "Link"

    id: str | None = None
    mediaType: MediaTypeEnum | None = None
    url: str | None = wire(secret=True)
    mime: str | None = None
    text: str | None = None
    sha256: str | None = None
    filename: str | None = None
    fileSize: int | None = None


@dataclass(kw_only=True, slots=True)
class WebMessagingQuickReply(WireModel):
    """A reply that was offered, in the history."""

    class ActionEnum(WireEnum):
        """What the reply does."""

        MESSAGE = "Message"

    text: str | None = None
    payload: str | None = None
    image: str | None = None
    action: ActionEnum | None = None


@dataclass(kw_only=True, slots=True)
class WebMessagingButtonResponse(WireModel):
    """The press of a button, in the history."""

    class TypeEnum(WireEnum):
        """What was pressed."""

        BUTTON = "Button"
        QUICKREPLY = "QuickReply"
        DATEPICKER = "DatePicker"
        LISTPICKER = "ListPicker"
        FORM = "Form"

    id: str | None = None
    type: TypeEnum | None = None
    text: str | None = None
    payload: str | None = None
    originatingMessageId: str | None = None


@dataclass(kw_only=True, slots=True)
class WebMessagingGeneric(WireModel):
    """A generic template, in the history."""

    title: str | None = None
    description: str | None = None
    image: str | None = None
    actions: ContentActions | None = None
    components: list[ButtonComponent] = wireList()


@dataclass(kw_only=True)
class WebMessagingContent(OpenKind, kind="contentType"):
    """One piece of content; contentType tells which field holds it."""

    class ContentTypeEnum(WireEnum):
        """The kinds of content in the history."""

        ATTACHMENT = "Attachment"
        QUICKREPLY = "QuickReply"
        BUTTONRESPONSE = "ButtonResponse"
        GENERICTEMPLATE = "GenericTemplate"
        CARD = "Card"
        CAROUSEL = "Carousel"
        DATEPICKER = "DatePicker"
        LISTPICKER = "ListPicker"
        FORM = "Form"

    contentType: ContentTypeEnum | None = None
    attachment: WebMessagingAttachment | None = None
    quickReply: WebMessagingQuickReply | None = None
    buttonResponse: WebMessagingButtonResponse | None = None
    generic: WebMessagingGeneric | None = None
    card: ContentCard | None = None
    carousel: ContentCarousel | None = None
    datePicker: ContentDatePicker | None = None
    listPicker: ConversationContentListPicker | None = None
    form: ContentForm | None = None


@dataclass(kw_only=True, slots=True)
class WebMessagingEventCoBrowse(WireModel):
    """An offer to browse together, in the history."""

    class TypeEnum(WireEnum):
        """How the offer stands."""

        OFFERING = "Offering"
        OFFERINGEXPIRED = "OfferingExpired"
        OFFERINGACCEPTED = "OfferingAccepted"
        OFFERINGREJECTED = "OfferingRejected"

    type: TypeEnum | None = None
    sessionId: str | None = None
    sessionJoinToken: str | None = wire(secret=True)
    id: str | None = None


@dataclass(kw_only=True, slots=True)
class WebMessagingEventPresence(WireModel):
    """Somebody joined, signed in or left, in the history."""

    class TypeEnum(WireEnum):
        """How somebody came or went."""

        JOIN = "Join"
        DISCONNECT = "Disconnect"
        CLEAR = "Clear"
        SIGNIN = "SignIn"
        SESSIONEXPIRED = "SessionExpired"

    type: TypeEnum | None = None


@dataclass(kw_only=True, slots=True)
class WebMessagingEventVideo(WireModel):
    """An offer of a video call, in the history."""

    class TypeEnum(WireEnum):
        """How the offer stands."""

        OFFERING = "Offering"
        OFFERINGEXPIRED = "OfferingExpired"
        OFFERINGACCEPTED = "OfferingAccepted"
        OFFERINGREJECTED = "OfferingRejected"

    type: TypeEnum | None = None
    offeringId: str | None = None
    jwt: str | None = wire(secret=True)
    id: str | None = None


@dataclass(kw_only=True)
class WebMessagingEvent(OpenKind, kind="eventType"):
    """One event; eventType tells which field holds it."""

    class EventTypeEnum(WireEnum):
        """The kinds of event in the history."""

        COBROWSE = "CoBrowse"
        PRESENCE = "Presence"
        VIDEO = "Video"

    eventType: EventTypeEnum | None = None
    coBrowse: WebMessagingEventCoBrowse | None = None
    presence: WebMessagingEventPresence | None = None
    video: WebMessagingEventVideo | None = None


@dataclass(kw_only=True, slots=True)
class WebMessagingMessage(WireModel):
    """A message of the history."""

    class TypeEnum(WireEnum):
        """What the message is made of."""

        TEXT = "Text"
        STRUCTURED = "Structured"
        RECEIPT = "Receipt"
        EVENT = "Event"

    class StatusEnum(WireEnum):
        """How far the message has come."""

        SENT = "Sent"
        DELIVERED = "Delivered"
        READ = "Read"
        FAILED = "Failed"
        PUBLISHED = "Published"
        REMOVED = "Removed"

    class DirectionEnum(WireEnum):
        """Inbound from the guest to Genesys, Outbound the other way."""

        INBOUND = "Inbound"
        OUTBOUND = "Outbound"

    class OriginatingEntityEnum(WireEnum):
        """Whether a person or a bot speaks."""

        HUMAN = "Human"
        BOT = "Bot"

    id: str | None = None
    channel: WebMessagingChannel | None = None
    type: TypeEnum | None = None
    text: str | None = None
    content: list[WebMessagingContent] = wireList()
    status: StatusEnum | None = None
    reasons: list[Reason] = wireList()
    events: list[WebMessagingEvent] = wireList()
    direction: DirectionEnum | None = None
    originatingEntity: OriginatingEntityEnum | None = None
    metadata: dict[str, str] | None = None
    isFinalReceipt: bool | None = None


@dataclass(kw_only=True, slots=True)
class WebMessagingMessageEntityList(WireModel):
    """One page of the history, or all of it."""

    entities: list[WebMessagingMessage] = wireList()
    pageSize: int | None = None
    pageNumber: int | None = None
    total: int | None = None
    pageCount: int | None = None
