"""The REST side: the client of the API, and the history of a session's messages.

A :class:`~genesys_webmessaging.WebMessagingClient` makes an :class:`ApiClient` by itself, for its own address. One of
your own has other limits, goes another way, or serves several clients::

    api = ApiClient("https://api.mypurecloud.de", proxy="http://proxy.example:3128", callTimeout=20.0)
    client.setApiClient(api)
    for message in client.iterateHistory():
        print(message.text)

* :class:`ApiClient` makes every call, with :class:`NetworkSettings` for the way and :class:`RetryConfiguration` for
  another try; its answers are :class:`ApiResponse`. It may be used on several threads; ``close()`` cuts the calls that
  are under way.
* :class:`WebMessagingApi` has the one call of the guest's API under its Java name, and
  :class:`GetWebmessagingMessagesRequest` its parameters as an object.
* :func:`historyPages` reads all pages of a history, and keeps to the calls a minute that the service allows.
* What goes wrong is an :class:`~genesys_webmessaging.ApiError`, with status, headers and body.
* :class:`Configuration` holds Java's process-wide default, which nothing here uses.
"""

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
