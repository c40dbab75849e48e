"""Every class and enum of the protocol, reachable flat: ``from genesys_webmessaging.models import StructuredMessage``.

A family is loaded when one of its names is first asked for.
"""
# ruff: noqa: F403, F405 - type checkers see the families through these stars, __all__ says what is public

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._base import *
    from .attachments import *
    from .channel import *
    from .content.basic import *
    from .content.cards import *
    from .content.container import *
    from .content.forms import *
    from .content.notifications import *
    from .content.payments import *
    from .content.pickers import *
    from .deployment import *
    from .envelope import *
    from .envelope import BaseMessageType as BaseResponseType
    from .errors import *
    from .events import *
    from .events import EventType as EventTypeEnum
    from .history import *
    from .journey import *
    from .message import *
    from .requests import *
    from .session import *

__all__ = [
    "Action",
    "AdditionalIDType",
    "AllowedMedia",
    "AttachmentDeletedResponse",
    "AutoCompleteType",
    "BaseChannelMetadata",
    "BaseContentAttachment",
    "BaseMessage",
    "BaseMessageType",
    "BaseMessagingChannel",
    "BaseMessagingContent",
    "BaseMessagingRecipient",
    "BaseResponse",
    "BaseResponseType",
    "ButtonComponent",
    "ButtonResponseType",
    "CardActionType",
    "ChannelType",
    "CleanChannelMetadata",
    "CleanContentAttachment",
    "CleanMessage",
    "CleanMessageContent",
    "CleanMessageEvent",
    "CleanMessagingChannel",
    "CleanMessagingRecipient",
    "CloseSessionRequest",
    "ConfigureAuthenticatedSessionRequest",
    "ConfigureSessionRequest",
    "ConnectionClosedEvent",
    "ContactField",
    "ContentActions",
    "ContentAttachment",
    "ContentButtonResponse",
    "ContentCard",
    "ContentCardAction",
    "ContentCarousel",
    "ContentDatePicker",
    "ContentDatePickerAvailableTime",
    "ContentForm",
    "ContentGeneric",
    "ContentInput",
    "ContentInteractiveApplication",
    "ContentIntroduction",
    "ContentLineItem",
    "ContentList",
    "ContentListPicker",
    "ContentListPickerItem",
    "ContentListPickerSection",
    "ContentLocation",
    "ContentNotificationTemplate",
    "ContentPaymentRequest",
    "ContentPaymentResponse",
    "ContentPostback",
    "ContentPush",
    "ContentQuickReply",
    "ContentQuickReplyV2",
    "ContentReaction",
    "ContentReceivedReplyMessage",
    "ContentRequiredContactField",
    "ContentRichLink",
    "ContentRichLinkHeader",
    "ContentRoadsideAssistance",
    "ContentStory",
    "ContentText",
    "ContentType",
    "ContentWheelPicker",
    "ContentWheelPickerItem",
    "ConversationContentListPicker",
    "ConversationContentListPickerItem",
    "ConversationContentListPickerSection",
    "ConversationContentReceivedReplyMessage",
    "ConversationDisconnectType",
    "DateDisplayFormat",
    "DeleteAttachmentRequest",
    "DeploymentApps",
    "DeploymentAuth",
    "DeploymentAutoStart",
    "DeploymentBotProfile",
    "DeploymentConfiguration",
    "DeploymentConversationClear",
    "DeploymentConversationDisconnect",
    "DeploymentConversations",
    "DeploymentCustomLabels",
    "DeploymentFileUpload",
    "DeploymentFileUploadMode",
    "DeploymentHeadlessMode",
    "DeploymentHomeScreen",
    "DeploymentHumanize",
    "DeploymentIcon",
    "DeploymentJourneyEvents",
    "DeploymentLauncherButton",
    "DeploymentLocalizedLabel",
    "DeploymentMarkdown",
    "DeploymentMessenger",
    "DeploymentNotifications",
    "DeploymentPosition",
    "DeploymentStatus",
    "DeploymentStyles",
    "Detail",
    "DeviceType",
    "Direction",
    "Ent",
    "ErrorBody",
    "ErrorMessage",
    "EventCoBrowse",
    "EventCoBrowseType",
    "EventMessage",
    "EventPresence",
    "EventPresenceType",
    "EventType",
    "EventTypeEnum",
    "EventTyping",
    "EventTypingType",
    "EventVideo",
    "FileType",
    "FileUploadMode",
    "FormComponentType",
    "FormPage",
    "FormPageComponent",
    "FormResponseComponent",
    "FormResponseContentType",
    "GenerateDownloadUrlRequest",
    "GenerateUploadUrlRequest",
    "GenerateUrlError",
    "GetConfigurationRequest",
    "GetConfigurationResponse",
    "GetJwtRequest",
    "Header",
    "HeaderType",
    "IDType",
    "IncomingNormalizedMessage",
    "IncomingNormalizedMessageChannel",
    "IncomingNormalizedMessageChannelMetadata",
    "JourneyAction",
    "JourneyActionMap",
    "JourneyContext",
    "JourneyCustomer",
    "JourneyCustomerSession",
    "JwtResponse",
    "KeyboardType",
    "LauncherButtonDisplayType",
    "LauncherButtonVisibility",
    "Limit",
    "ListItemComponent",
    "ListItemType",
    "ListType",
    "LogoutEvent",
    "MediaType",
    "MessageContent",
    "MessageDataType",
    "MessageEvent",
    "MessagingRecipient",
    "NormalizedType",
    "NotificationContentType",
    "NotificationMessage",
    "NotificationTemplateBody",
    "NotificationTemplateButton",
    "NotificationTemplateCard",
    "NotificationTemplateCarousel",
    "NotificationTemplateFooter",
    "NotificationTemplateHeader",
    "NotificationTemplateParameter",
    "OAuthParams",
    "OriginatingEntity",
    "PaymentPlatform",
    "PaymentStatus",
    "PositionAlignment",
    "PresignedUrlResponse",
    "Provider",
    "PushFailedMessageReferences",
    "PushProviderIntegration",
    "ReactionType",
    "Reason",
    "RecipientAdditionalIdentifier",
    "RecipientAdditionalProviderInfo",
    "RecipientVerificationType",
    "RequestType",
    "RequestTypeCloseSession",
    "RequestTypeConfigureAuthenticatedSession",
    "RequestTypeConfigureSession",
    "RequestTypeDeleteAttachment",
    "RequestTypeEchoMessage",
    "RequestTypeGenerateDownloadUrl",
    "RequestTypeGenerateUploadUrl",
    "RequestTypeGetConfiguration",
    "RequestTypeGetJwt",
    "RequestTypeIncomingMessage",
    "ResponseMessage",
    "ResumeTokenResponse",
    "SendEchoRequest",
    "SendMessageRequest",
    "SessionClearedEvent",
    "SessionExpiredEvent",
    "SessionPersistenceType",
    "SessionResponse",
    "Status",
    "StoryType",
    "StructuredMessage",
    "TemplateButtonType",
    "TextType",
    "TooManyRequestsErrorMessage",
    "Type",
    "UploadFailureEvent",
    "UploadSuccessEvent",
    "WebMessagingAttachment",
    "WebMessagingButtonResponse",
    "WebMessagingChannel",
    "WebMessagingContent",
    "WebMessagingEvent",
    "WebMessagingEventCoBrowse",
    "WebMessagingEventPresence",
    "WebMessagingEventVideo",
    "WebMessagingGeneric",
    "WebMessagingMessage",
    "WebMessagingMessageEntityList",
    "WebMessagingQuickReply",
    "WebMessagingRecipient",
    "WireEnum",
    "WireModel",
]

_FAMILIES = {
    "_base": "WireEnum WireModel",
    "envelope": "BaseMessage BaseMessageType BaseResponse EventMessage MessageDataType ResponseMessage",
    "requests": (
        "CloseSessionRequest ConfigureAuthenticatedSessionRequest ConfigureSessionRequest DeleteAttachmentRequest "
        "GenerateDownloadUrlRequest GenerateUploadUrlRequest GetConfigurationRequest GetJwtRequest OAuthParams "
        "RequestType RequestTypeCloseSession RequestTypeConfigureAuthenticatedSession RequestTypeConfigureSession "
        "RequestTypeDeleteAttachment RequestTypeEchoMessage RequestTypeGenerateDownloadUrl "
        "RequestTypeGenerateUploadUrl RequestTypeGetConfiguration RequestTypeGetJwt RequestTypeIncomingMessage "
        "SendEchoRequest SendMessageRequest"
    ),
    "journey": "JourneyAction JourneyActionMap JourneyContext JourneyCustomer JourneyCustomerSession",
    "session": (
        "AllowedMedia ConnectionClosedEvent FileType FileUploadMode GetConfigurationResponse JwtResponse "
        "LogoutEvent ResumeTokenResponse SessionClearedEvent SessionExpiredEvent SessionResponse"
    ),
    "attachments": (
        "AttachmentDeletedResponse GenerateUrlError PresignedUrlResponse UploadFailureEvent UploadSuccessEvent"
    ),
    "errors": "Detail ErrorBody ErrorMessage Limit TooManyRequestsErrorMessage",
    "channel": (
        "AdditionalIDType BaseChannelMetadata BaseMessagingChannel BaseMessagingRecipient ChannelType "
        "CleanChannelMetadata CleanMessagingChannel CleanMessagingRecipient IDType MessagingRecipient "
        "RecipientAdditionalIdentifier RecipientAdditionalProviderInfo RecipientVerificationType"
    ),
    "events": (
        "CleanMessageEvent EventCoBrowse EventCoBrowseType EventPresence EventPresenceType EventType EventTyping "
        "EventTypingType EventVideo MessageEvent"
    ),
    "message": (
        "CleanMessage Direction IncomingNormalizedMessage IncomingNormalizedMessageChannel "
        "IncomingNormalizedMessageChannelMetadata NormalizedType OriginatingEntity Reason Status StructuredMessage"
    ),
    "history": (
        "WebMessagingAttachment WebMessagingButtonResponse WebMessagingChannel WebMessagingContent "
        "WebMessagingEvent WebMessagingEventCoBrowse WebMessagingEventPresence WebMessagingEventVideo "
        "WebMessagingGeneric WebMessagingMessage WebMessagingMessageEntityList WebMessagingQuickReply "
        "WebMessagingRecipient"
    ),
    "deployment": (
        "ConversationDisconnectType DeploymentApps DeploymentAuth DeploymentAutoStart DeploymentBotProfile "
        "DeploymentConfiguration DeploymentConversationClear DeploymentConversationDisconnect "
        "DeploymentConversations DeploymentCustomLabels DeploymentFileUpload DeploymentFileUploadMode "
        "DeploymentHeadlessMode DeploymentHomeScreen DeploymentHumanize DeploymentIcon DeploymentJourneyEvents "
        "DeploymentLauncherButton DeploymentLocalizedLabel DeploymentMarkdown DeploymentMessenger "
        "DeploymentNotifications DeploymentPosition DeploymentStatus DeploymentStyles LauncherButtonDisplayType "
        "LauncherButtonVisibility NotificationContentType PositionAlignment SessionPersistenceType"
    ),
    "content.basic": (
        "BaseContentAttachment CleanContentAttachment ContentAttachment ContentInteractiveApplication "
        "ContentLocation ContentReaction ContentReceivedReplyMessage ContentRichLink ContentRichLinkHeader "
        "ContentRoadsideAssistance ContentStory ContentText MediaType ReactionType StoryType TextType Type"
    ),
    "content.cards": (
        "Action ButtonComponent ButtonResponseType CardActionType ContentActions ContentButtonResponse "
        "ContentCard ContentCardAction ContentCarousel ContentGeneric ContentList ContentPostback "
        "ContentQuickReply ContentQuickReplyV2 ListItemComponent ListItemType ListType"
    ),
    "content.pickers": (
        "ContentDatePicker ContentDatePickerAvailableTime ContentListPicker ContentListPickerItem "
        "ContentListPickerSection ContentWheelPicker ContentWheelPickerItem ConversationContentListPicker "
        "ConversationContentListPickerItem ConversationContentListPickerSection "
        "ConversationContentReceivedReplyMessage DateDisplayFormat"
    ),
    "content.forms": (
        "AutoCompleteType ContentForm ContentInput ContentIntroduction Ent FormComponentType FormPage "
        "FormPageComponent FormResponseComponent FormResponseContentType KeyboardType"
    ),
    "content.payments": (
        "ContactField ContentLineItem ContentPaymentRequest ContentPaymentResponse ContentRequiredContactField "
        "PaymentPlatform PaymentStatus"
    ),
    "content.notifications": (
        "ContentNotificationTemplate ContentPush DeviceType Header HeaderType NotificationMessage "
        "NotificationTemplateBody NotificationTemplateButton NotificationTemplateCard "
        "NotificationTemplateCarousel NotificationTemplateFooter NotificationTemplateHeader "
        "NotificationTemplateParameter Provider PushFailedMessageReferences PushProviderIntegration "
        "TemplateButtonType"
    ),
    "content.container": "BaseMessagingContent CleanMessageContent ContentType MessageContent",
}
_FAMILY_OF = {name: family for family, names in _FAMILIES.items() for name in names.split()}
_ALIASES = {"BaseResponseType": "BaseMessageType", "EventTypeEnum": "EventType"}


def __getattr__(name: str) -> Any:
    original = _ALIASES.get(name, name)
    family = _FAMILY_OF.get(original)
    if family is None:
        from .._base.hints import missing_from_package

        raise missing_from_package(__name__, name, __all__)
    found = getattr(import_module(f".{family}", __name__), original)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
