"""The container of every kind of content."""

import builtins
from dataclasses import dataclass

from .._base import OpenKind, WireEnum, wireList
from ..channel import MessagingRecipient
from .basic import (
    BaseContentAttachment,
    CleanContentAttachment,
    ContentAttachment,
    ContentInteractiveApplication,
    ContentLocation,
    ContentReaction,
    ContentRichLink,
    ContentRoadsideAssistance,
    ContentStory,
    ContentText,
)
from .cards import (
    ContentButtonResponse,
    ContentCard,
    ContentCarousel,
    ContentGeneric,
    ContentList,
    ContentPostback,
    ContentQuickReply,
    ContentQuickReplyV2,
)
from .forms import ContentForm
from .notifications import ContentNotificationTemplate, ContentPush
from .payments import ContentPaymentRequest, ContentPaymentResponse
from .pickers import ContentDatePicker, ContentListPicker


class ContentType(WireEnum):
    """The kinds of content."""

    ATTACHMENT = "Attachment"
    BUTTONRESPONSE = "ButtonResponse"
    CARD = "Card"
    CAROUSEL = "Carousel"
    DATEPICKER = "DatePicker"
    FORM = "Form"
    GENERICTEMPLATE = "GenericTemplate"
    INTERACTIVEAPPLICATION = "InteractiveApplication"
    LISTPICKER = "ListPicker"
    LISTTEMPLATE = "ListTemplate"
    LOCATION = "Location"
    MENTION = "Mention"
    NOTIFICATION = "Notification"
    PAYMENTREQUEST = "PaymentRequest"
    PAYMENTRESPONSE = "PaymentResponse"
    POSTBACK = "Postback"
    PUSH = "Push"
    QUICKREPLY = "QuickReply"
    QUICKREPLYV2 = "QuickReplyV2"
    REACTIONS = "Reactions"
    RICHLINK = "RichLink"
    ROADSIDEASSISTANCE = "RoadsideAssistance"
    STORY = "Story"
    TEXT = "Text"


@dataclass(kw_only=True)
class BaseMessagingContent(OpenKind, kind="contentType"):
    """One piece of content as the Java SDK knows it: attachments alone."""

    attachment: BaseContentAttachment | None = None
    contentType: ContentType | None = None


@dataclass(kw_only=True)
class CleanMessageContent(OpenKind, kind="contentType"):
    """One piece of content of a cleaned message; contentType tells which field holds it."""

    attachment: CleanContentAttachment | None = None
    contentType: ContentType | None = None
    buttonResponse: ContentButtonResponse | None = None
    card: ContentCard | None = None
    carousel: ContentCarousel | None = None
    datePicker: ContentDatePicker | None = None
    form: ContentForm | None = None
    generic: ContentGeneric | None = None
    listPicker: ContentListPicker | None = None
    quickReply: ContentQuickReply | None = None
    quickReplyV2: ContentQuickReplyV2 | None = None
    text: ContentText | None = None


@dataclass(kw_only=True)
class MessageContent(OpenKind, kind="contentType"):
    """One piece of content; contentType tells which field holds it."""

    attachment: ContentAttachment | None = None
    buttonResponse: ContentButtonResponse | None = None
    card: ContentCard | None = None
    carousel: ContentCarousel | None = None
    contentType: ContentType | None = None
    datePicker: ContentDatePicker | None = None
    form: ContentForm | None = None
    generic: ContentGeneric | None = None
    interactiveApplication: ContentInteractiveApplication | None = None
    list: ContentList | None = None
    listPicker: ContentListPicker | None = None
    location: ContentLocation | None = None
    mention: MessagingRecipient | None = None
    paymentRequest: ContentPaymentRequest | None = None
    paymentResponse: ContentPaymentResponse | None = None
    postback: ContentPostback | None = None
    push: ContentPush | None = None
    quickReply: ContentQuickReply | None = None
    quickReplyV2: ContentQuickReplyV2 | None = None
    reactions: builtins.list[ContentReaction] = wireList()
    richLink: ContentRichLink | None = None
    roadsideAssistance: ContentRoadsideAssistance | None = None
    story: ContentStory | None = None
    template: ContentNotificationTemplate | None = None
    text: ContentText | None = None
