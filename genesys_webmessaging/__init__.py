"""Guest client for Genesys Cloud Web Messaging.

A synchronous, threaded port of the Java web-messaging-sdk. Begin with
:class:`WebMessagingClient` and :class:`SessionListener`, or with :class:`Conversation`
for plain scripts; the README shows how.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .attachments import FileUtils, downloadAttachment, uploadAttachment
    from .auth import AuthApi, AuthenticatedSession, AuthTokens, Pkce
    from .client import WebMessagingClient
    from .companions import Delivery, Heartbeat, Reconnector, Reorder, Transcript
    from .conversation import Conversation, ConversationEndedError, ConversationState
    from .deployment import AllowedDomains, Deployment, getAllowedDomains, getDeploymentConfiguration
    from .exceptions import (
        ApiError,
        AttachmentError,
        ConnectError,
        ConnectionClosedError,
        ConnectTimeoutError,
        DecodeError,
        ErrorCode,
        NotConfiguredError,
        NotConnectedError,
        RequestError,
        ResponseTimeoutError,
        TooManyRequestsError,
        WebMessagingException,
    )
    from .listener import SessionListener
    from .push import PushDevice, PushDevices, PushErrorCode
    from .regions import GenesysCloudRegionWebSocketHosts, asApiHost
    from .rest import (
        ApiClient,
        ApiResponse,
        Configuration,
        DetailLevel,
        GetWebmessagingMessagesRequest,
        NetworkSettings,
        RetryConfiguration,
        WebMessagingApi,
    )
    from .sessions import TokenStore, clearConversation, closeSession, startNewChat

# Each name is loaded when it is first asked for, so that a program pays only for what it uses.
_MODULES = {
    "attachments": "FileUtils downloadAttachment uploadAttachment",
    "auth": "AuthApi AuthTokens AuthenticatedSession Pkce",
    "client": "WebMessagingClient",
    "companions": "Delivery Heartbeat Reconnector Reorder Transcript",
    "conversation": "Conversation ConversationEndedError ConversationState",
    "deployment": "AllowedDomains Deployment getAllowedDomains getDeploymentConfiguration",
    "exceptions": (
        "ApiError AttachmentError ConnectError ConnectTimeoutError ConnectionClosedError DecodeError ErrorCode "
        "NotConfiguredError NotConnectedError RequestError ResponseTimeoutError TooManyRequestsError "
        "WebMessagingException"
    ),
    "listener": "SessionListener",
    "push": "PushDevice PushDevices PushErrorCode",
    "regions": "GenesysCloudRegionWebSocketHosts asApiHost",
    "rest": (
        "ApiClient ApiResponse Configuration DetailLevel GetWebmessagingMessagesRequest NetworkSettings "
        "RetryConfiguration WebMessagingApi"
    ),
    "sessions": "TokenStore clearConversation closeSession startNewChat",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = [
    "AllowedDomains",
    "ApiClient",
    "ApiError",
    "ApiResponse",
    "AttachmentError",
    "AuthApi",
    "AuthTokens",
    "AuthenticatedSession",
    "Configuration",
    "ConnectError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "Conversation",
    "ConversationEndedError",
    "ConversationState",
    "DecodeError",
    "Delivery",
    "Deployment",
    "DetailLevel",
    "ErrorCode",
    "FileUtils",
    "GenesysCloudRegionWebSocketHosts",
    "GetWebmessagingMessagesRequest",
    "Heartbeat",
    "NetworkSettings",
    "NotConfiguredError",
    "NotConnectedError",
    "Pkce",
    "PushDevice",
    "PushDevices",
    "PushErrorCode",
    "Reconnector",
    "Reorder",
    "RequestError",
    "ResponseTimeoutError",
    "RetryConfiguration",
    "SessionListener",
    "TokenStore",
    "TooManyRequestsError",
    "Transcript",
    "WebMessagingApi",
    "WebMessagingClient",
    "WebMessagingException",
    "__version__",
    "asApiHost",
    "clearConversation",
    "closeSession",
    "downloadAttachment",
    "getAllowedDomains",
    "getDeploymentConfiguration",
    "startNewChat",
    "uploadAttachment",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        from ._base.hints import missing_from_package

        raise missing_from_package(__name__, name, __all__)
    found = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
