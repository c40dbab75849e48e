"""The REST side: the client of the API, and the history of a session's messages."""

from __future__ import annotations

from ._client import ApiClient, ApiClientBuilder, Configuration, DetailLevel
from ._history import GetWebmessagingMessagesRequest, WebMessagingApi, historyPages
from ._http import NetworkSettings
from ._response import ApiResponse
from ._retry import RetryConfiguration

__all__ = [
    "ApiClient",
    "ApiClientBuilder",
    "ApiResponse",
    "Configuration",
    "DetailLevel",
    "GetWebmessagingMessagesRequest",
    "NetworkSettings",
    "RetryConfiguration",
    "WebMessagingApi",
    "historyPages",
]
