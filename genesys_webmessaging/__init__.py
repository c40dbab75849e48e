"""Guest client for Genesys Cloud Web Messaging.

A synchronous, threaded port of the Java web-messaging-sdk. Begin with
:class:`WebMessagingClient` and :class:`SessionListener`; the README shows how.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .client import WebMessagingClient
    from .exceptions import (
        ApiError,
        AttachmentError,
        ConnectError,
        ConnectionClosedError,
        ConnectTimeoutError,
        DecodeError,
        NotConfiguredError,
        NotConnectedError,
        RequestError,
        ResponseTimeoutError,
        TooManyRequestsError,
        WebMessagingException,
    )
    from .listener import SessionListener
    from .regions import GenesysCloudRegionWebSocketHosts, asApiHost
    from .rest import ApiClient, ApiResponse, Configuration, RetryConfiguration, WebMessagingApi

# Each name is loaded when it is first asked for, so that a program pays only for what it uses.
_HOME = {
    "ApiClient": "rest",
    "ApiError": "exceptions",
    "ApiResponse": "rest",
    "AttachmentError": "exceptions",
    "Configuration": "rest",
    "ConnectError": "exceptions",
    "ConnectTimeoutError": "exceptions",
    "ConnectionClosedError": "exceptions",
    "DecodeError": "exceptions",
    "GenesysCloudRegionWebSocketHosts": "regions",
    "NotConfiguredError": "exceptions",
    "NotConnectedError": "exceptions",
    "RequestError": "exceptions",
    "ResponseTimeoutError": "exceptions",
    "RetryConfiguration": "rest",
    "SessionListener": "listener",
    "TooManyRequestsError": "exceptions",
    "WebMessagingApi": "rest",
    "WebMessagingClient": "client",
    "WebMessagingException": "exceptions",
    "asApiHost": "regions",
}

__all__ = [
    "ApiClient",
    "ApiError",
    "ApiResponse",
    "AttachmentError",
    "Configuration",
    "ConnectError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "DecodeError",
    "GenesysCloudRegionWebSocketHosts",
    "NotConfiguredError",
    "NotConnectedError",
    "RequestError",
    "ResponseTimeoutError",
    "RetryConfiguration",
    "SessionListener",
    "TooManyRequestsError",
    "WebMessagingApi",
    "WebMessagingClient",
    "WebMessagingException",
    "__version__",
    "asApiHost",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
