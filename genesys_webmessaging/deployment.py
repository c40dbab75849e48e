"""What the owner of a deployment chose: fetched, and the questions answered that people ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ._base import checks as _checks
from ._base.mime import covers
from .exceptions import ApiError, ErrorCode
from .models import (
    ConversationDisconnectType,
    DeploymentConfiguration,
    DeploymentConversations,
    DeploymentFileUploadMode,
    DeploymentMessenger,
    DeploymentStatus,
)
from .models._base import WireModel
from .regions import AddressOrRegion, address_of, deployment_url_of
from .rest import ApiClient

__all__ = ["AllowedDomains", "Deployment", "getAllowedDomains", "getDeploymentConfiguration"]

M = TypeVar("M", bound=WireModel)


@dataclass(kw_only=True)
class AllowedDomains(WireModel):
    """Whose pages may talk to a deployment."""

    allowAllDomains: bool | None = None
    allowedDomains: list[str | None] = field(default_factory=list)

    def allows(self, origin: str) -> bool:
        """Tell whether the pages of an origin may, as web Messenger decides it.

        Args:
            origin: ``https://shop.example`` or just ``shop.example``. Scheme and port do not count.

        Returns:
            Whether its host is one of the domains or below one, in any case of letters; an empty list allows none.
        """
        host = (urlsplit(origin if "://" in origin else f"//{origin}").hostname or "").lower()
        domains = [domain.lower() for domain in self.allowedDomains if domain]
        return self.allowAllDomains is True or any(host == domain or host.endswith(f".{domain}") for domain in domains)


class Deployment(DeploymentConfiguration):
    """A deployment's configuration, with answers. What the configuration leaves out counts as switched off."""

    @property
    def isActive(self) -> bool:
        """Whether the deployment is in use."""
        return self.status == DeploymentStatus.ACTIVE

    @property
    def isAutoStartEnabled(self) -> bool:
        """Whether the bot or the queue starts as soon as the guest has sent presence Join."""
        autoStart = self._conversations.autoStart
        return autoStart is not None and autoStart.enabled is True

    @property
    def isUserTypingIndicated(self) -> bool:
        """Whether the agent is to see that the guest is typing."""
        return self._conversations.showUserTypingIndicator is True

    @property
    def isAgentTypingIndicated(self) -> bool:
        """Whether the guest is to see that the agent is typing."""
        return self._conversations.showAgentTypingIndicator is True

    @property
    def isClearAllowed(self) -> bool:
        """Whether the guest may clear the conversation."""
        clear = self._conversations.conversationClear
        return clear is not None and clear.enabled is True

    @property
    def isMarkdownEnabled(self) -> bool:
        """Whether texts are meant to be shown as Markdown."""
        markdown = self._conversations.markdown
        return markdown is not None and markdown.enabled is True

    @property
    def isPushEnabled(self) -> bool:
        """Whether messages are announced to registered devices."""
        notifications = self._conversations.notifications
        return notifications is not None and notifications.enabled is True

    @property
    def disconnectType(self) -> ConversationDisconnectType | None:
        """What the guest may do when the agent has left: read only, or go on; None when nothing is said of it."""
        disconnect = self._conversations.conversationDisconnect
        return disconnect.type if disconnect is not None and disconnect.enabled is True else None

    @property
    def isSignInEnabled(self) -> bool:
        """Whether guests may sign in."""
        return self.auth is not None and self.auth.enabled is True

    @property
    def isStepUpAllowed(self) -> bool:
        """Whether a guest may sign in during a conversation and take it along."""
        return self.isSignInEnabled and self.auth is not None and self.auth.allowSessionUpgrade is True

    @property
    def isAttachingAllowed(self) -> bool:
        """Whether the guest may send files."""
        upload = self._messenger.fileUpload
        return upload is not None and upload.enableAttachments is True

    @property
    def allowedFileTypes(self) -> list[str]:
        """The MIME types that the guest may send, ``image/*`` among them perhaps; empty where none may be sent.

        A session's own SessionResponse counts for more.
        """
        return [fileType for mode in self._modes for fileType in mode.fileTypes if fileType]

    def maxFileSizeKB(self, fileType: str) -> float:
        """Tell how large a file of a MIME type may be.

        Args:
            fileType: The type, ``image/png`` for instance.

        Returns:
            Kilobytes of 1024 bytes; 0 for a type that may not be sent, infinity where no limit is given.
        """
        _checks.text("fileType", fileType)
        fitting = [mode for mode in self._modes if covers(mode.fileTypes, fileType)]
        limits = [mode.maxFileSizeKB for mode in fitting]
        return max((limit if isinstance(limit, (int, float)) else float("inf") for limit in limits), default=0.0)

    @property
    def _messenger(self) -> DeploymentMessenger:
        return self.messenger or DeploymentMessenger()

    @property
    def _conversations(self) -> DeploymentConversations:
        apps = self._messenger.apps
        return (apps.conversations if apps is not None else None) or DeploymentConversations()

    @property
    def _modes(self) -> list[DeploymentFileUploadMode]:
        upload = self._messenger.fileUpload
        return [mode for mode in upload.modes if mode] if upload is not None and self.isAttachingAllowed else []


def getDeploymentConfiguration(address: AddressOrRegion, deploymentId: str, **options: Any) -> Deployment:
    """Fetch the configuration of a deployment. No session is needed, and nobody has to sign in.

    Args:
        address: The region, its name, or the address that a WebMessagingClient connects to.
        deploymentId: The deployment.
        **options: Keyword arguments of :class:`~genesys_webmessaging.rest.ApiClient`: proxy, time limits, retries.

    Returns:
        The configuration.

    Raises:
        ApiError: The server refused; 403 (of the CDN) or 404 for a deployment that does not exist.
        DecodeError: What came is not such a document.
        ConnectError, ConnectTimeoutError, ResponseTimeoutError, ConnectionClosedError: The network failed.
        TypeError, ValueError: An argument cannot be right.
    """
    return _fetched(Deployment, "config.json", address, deploymentId, options)


def getAllowedDomains(address: AddressOrRegion, deploymentId: str, **options: Any) -> AllowedDomains:
    """Fetch the domains whose pages may talk to a deployment. Arguments and errors are those of
    :func:`getDeploymentConfiguration`.
    """
    return _fetched(AllowedDomains, "domains.json", address, deploymentId, options)


def _fetched(
    model: type[M], document: str, address: AddressOrRegion, deploymentId: str, options: Mapping[str, Any]
) -> M:
    url = urlsplit(deployment_url_of(address_of(address), _checks.text("deploymentId", deploymentId), document))
    with ApiClient(f"{url.scheme}://{url.netloc}", **options) as client:
        try:
            return client.invoke("GET", url.path, model, authenticated=False).document
        except ApiError as error:
            if error.statusCode in (ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND):
                error.args = (f"{error}: this region probably knows no such deployment",)
            raise
