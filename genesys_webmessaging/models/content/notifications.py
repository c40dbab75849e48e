"""Templates for notifications, and push."""

from dataclasses import dataclass
from typing import Any

from .._base import WireEnum, WireModel, wire, wireList
from .basic import ContentAttachment


@dataclass(kw_only=True, slots=True)
class NotificationTemplateParameter(WireModel):
    """A value for a placeholder of a template."""

    name: str | None = None
    text: str | None = None


class HeaderType(WireEnum):
    """What a header is made of."""

    MEDIA = "Media"
    TEXT = "Text"


@dataclass(kw_only=True, slots=True)
class NotificationTemplateHeader(WireModel):
    """The header of a template."""

    media: ContentAttachment | None = None
    parameters: list[NotificationTemplateParameter] = wireList()
    text: str | None = None
    type: HeaderType | None = None


@dataclass(kw_only=True, slots=True)
class Header(WireModel):
    """The header of a card of a template."""

    media: ContentAttachment | None = None
    parameters: list[NotificationTemplateParameter] = wireList()
    text: str | None = None
    type: HeaderType | None = None


@dataclass(kw_only=True, slots=True)
class NotificationTemplateBody(WireModel):
    """The text of a template."""

    parameters: list[NotificationTemplateParameter] = wireList()
    text: str | None = None


@dataclass(kw_only=True, slots=True)
class NotificationTemplateFooter(WireModel):
    """The footer of a template."""

    text: str | None = None


class TemplateButtonType(WireEnum):
    """What the button of a template does."""

    PHONENUMBER = "PhoneNumber"
    QUICKREPLY = "QuickReply"
    URL = "Url"


@dataclass(kw_only=True, slots=True)
class NotificationTemplateButton(WireModel):
    """A button of a template."""

    index: float | None = None
    parameters: list[NotificationTemplateParameter] = wireList()
    payload: str | None = None
    phoneNumber: str | None = None
    text: str | None = None
    type: TemplateButtonType | None = None
    url: str | None = None


@dataclass(kw_only=True, slots=True)
class NotificationTemplateCard(WireModel):
    """A card of a template."""

    body: NotificationTemplateBody | None = None
    buttons: list[Any] = wireList()
    header: Header | None = None


@dataclass(kw_only=True, slots=True)
class NotificationTemplateCarousel(WireModel):
    """Cards of a template, side by side."""

    cards: list[NotificationTemplateCard] = wireList()


@dataclass(kw_only=True, slots=True)
class ContentNotificationTemplate(WireModel):
    """A template that a notification is made from."""

    body: NotificationTemplateBody | None = None
    buttons: list[NotificationTemplateButton] = wireList()
    carousel: NotificationTemplateCarousel | None = None
    footer: NotificationTemplateFooter | None = None
    header: NotificationTemplateHeader | None = None
    id: str | None = None
    language: str | None = None


class DeviceType(WireEnum):
    """The system of a device."""

    ANDROID = "Android"
    IOS = "IOS"


class Provider(WireEnum):
    """Who delivers a push notification."""

    APNS = "APNS"
    FCM = "FCM"


@dataclass(kw_only=True, slots=True)
class PushProviderIntegration(WireModel):
    """The integration that delivers push notifications."""

    id: str | None = None
    provider: Provider | None = None


@dataclass(kw_only=True, slots=True)
class PushFailedMessageReferences(WireModel):
    """A message that did not reach the device."""

    id: str | None = None


@dataclass(kw_only=True, slots=True)
class NotificationMessage(WireModel):
    """What a push notification says."""

    body: str | None = None
    title: str | None = None


@dataclass(kw_only=True, slots=True)
class ContentPush(WireModel):
    """A push notification for a device of the guest."""

    deviceToken: str | None = wire(secret=True)
    deviceTokenId: str | None = None
    deviceType: DeviceType | None = None
    expiration: float | None = None
    failedMessages: list[PushFailedMessageReferences] = wireList()
    notificationMessage: NotificationMessage | None = None
    pushProviderIntegration: PushProviderIntegration | None = None
