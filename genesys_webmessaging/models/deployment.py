"""How a deployment is configured: what its owner chose in the admin interface."""

from dataclasses import dataclass
from typing import Any

from ._base import WireEnum, WireModel, wireList


class DeploymentStatus(WireEnum):
    """Whether a deployment is in use."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"


class ConversationDisconnectType(WireEnum):
    """What a guest may do after the agent has left: read, or write on."""

    READONLY = "ReadOnly"
    SEND = "Send"


class NotificationContentType(WireEnum):
    """Whether a push notification shows what was said."""

    INCLUDEMESSAGESCONTENT = "IncludeMessagesContent"
    EXCLUDEMESSAGESCONTENT = "ExcludeMessagesContent"


class LauncherButtonVisibility(WireEnum):
    """When the button that opens the messenger is shown."""

    ON = "On"
    OFF = "Off"
    ONDEMAND = "OnDemand"


class LauncherButtonDisplayType(WireEnum):
    """What the button that opens the messenger shows."""

    ICON = "Icon"
    TEXT = "Text"
    ICONANDTEXT = "IconAndText"


class PositionAlignment(WireEnum):
    """On which side of the page the messenger stands."""

    AUTO = "Auto"
    LEFT = "Left"
    RIGHT = "Right"


class SessionPersistenceType(WireEnum):
    """On which pages of a site a session goes on."""

    ACROSSSUBDOMAINS = "AcrossSubdomains"
    DOMAINORSUBDOMAINONLY = "DomainOrSubdomainOnly"


@dataclass(kw_only=True, slots=True)
class DeploymentAutoStart(WireModel):
    """Whether a conversation begins as soon as the guest joins."""

    enabled: bool | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentConversationDisconnect(WireModel):
    """Whether the guest is told that the agent left, and what the guest may do then."""

    enabled: bool | None = None
    type: ConversationDisconnectType | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentConversationClear(WireModel):
    """Whether the guest may clear the conversation."""

    enabled: bool | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentNotifications(WireModel):
    """Whether messages are announced by push, and what the announcement shows."""

    enabled: bool | None = None
    notificationContentType: NotificationContentType | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentMarkdown(WireModel):
    """Whether texts are formatted with Markdown."""

    enabled: bool | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentBotProfile(WireModel):
    """The name and picture of a bot."""

    name: str | None = None
    avatarUrl: str | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentHumanize(WireModel):
    """Whether agents and bots appear with name and picture."""

    enabled: bool | None = None
    bot: DeploymentBotProfile | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentConversations(WireModel):
    """What the conversations of a deployment can do."""

    enabled: bool | None = None
    messagingEndpoint: str | None = None
    showAgentTypingIndicator: bool | None = None
    showUserTypingIndicator: bool | None = None
    autoStart: DeploymentAutoStart | None = None
    conversationDisconnect: DeploymentConversationDisconnect | None = None
    conversationClear: DeploymentConversationClear | None = None
    notifications: DeploymentNotifications | None = None
    markdown: DeploymentMarkdown | None = None
    humanize: DeploymentHumanize | None = None
    sessionDurationSeconds: int | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentApps(WireModel):
    """The apps of a messenger."""

    conversations: DeploymentConversations | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentStyles(WireModel):
    """How a messenger looks."""

    primaryColor: str | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentIcon(WireModel):
    """A picture of a deployment's own."""

    url: str | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentLauncherButton(WireModel):
    """The button that opens a messenger."""

    visibility: LauncherButtonVisibility | None = None
    displayType: LauncherButtonDisplayType | None = None
    icon: DeploymentIcon | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentHomeScreen(WireModel):
    """The page that a messenger opens with."""

    enabled: bool | None = None
    logoUrl: str | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentFileUploadMode(WireModel):
    """Which MIME types may be uploaded, and how large a file may be."""

    fileTypes: list[str] = wireList()
    maxFileSizeKB: float | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentFileUpload(WireModel):
    """Whether guests may send files, and which."""

    enableAttachments: bool | None = None
    modes: list[DeploymentFileUploadMode] = wireList()


@dataclass(kw_only=True, slots=True)
class DeploymentMessenger(WireModel):
    """The messenger of a deployment."""

    enabled: bool | None = None
    apps: DeploymentApps | None = None
    styles: DeploymentStyles | None = None
    launcherButton: DeploymentLauncherButton | None = None
    homeScreen: DeploymentHomeScreen | None = None
    sessionPersistenceType: SessionPersistenceType | None = None
    fileUpload: DeploymentFileUpload | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentJourneyEvents(WireModel):
    """Whether the guest's way through the web site is recorded."""

    enabled: bool | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentAuth(WireModel):
    """Whether guests sign in, and whether they may do so in the middle of a conversation."""

    enabled: bool | None = None
    allowSessionUpgrade: bool | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentHeadlessMode(WireModel):
    """Whether a deployment is used without its messenger."""

    enabled: bool | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentPosition(WireModel):
    """Where on the page a messenger stands; spaces in pixels."""

    alignment: PositionAlignment | None = None
    sideSpace: int | None = None
    bottomSpace: int | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentLocalizedLabel(WireModel):
    """One text of a messenger that was replaced."""

    key: str | None = None
    value: str | None = None


@dataclass(kw_only=True, slots=True)
class DeploymentCustomLabels(WireModel):
    """The texts of a messenger that were replaced in one language."""

    language: str | None = None
    localizedLabels: list[DeploymentLocalizedLabel] = wireList()


@dataclass(kw_only=True, slots=True)
class DeploymentConfiguration(WireModel):
    """What a deployment was configured to offer; every part may be missing, and the last three stay as they came."""

    id: str | None = None
    version: str | None = None
    status: DeploymentStatus | None = None
    languages: list[str] = wireList()
    defaultLanguage: str | None = None
    apiEndpoint: str | None = None
    headlessMode: DeploymentHeadlessMode | None = None
    messenger: DeploymentMessenger | None = None
    position: DeploymentPosition | None = None
    customI18nLabels: list[DeploymentCustomLabels] = wireList()
    journeyEvents: DeploymentJourneyEvents | None = None
    auth: DeploymentAuth | None = None
    cobrowse: dict[str, Any] | None = None
    video: dict[str, Any] | None = None
    supportCenter: dict[str, Any] | None = None
