"""A conversation in plain function calls: say something, wait for the answer."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, cast
from urllib.parse import urlsplit

from . import _offers as offers
from . import sessions
from ._inbox import ConversationEndedError, ConversationState, Inbox
from ._token_store import TokenStore
from .client import WebMessagingClient
from .companions import Delivery, Heartbeat, Reconnector, Reorder, Transcript, TranscriptFormat, textMessage
from .companions._look import is_heartbeat
from .exceptions import RequestError, WebMessagingException
from .listener import SessionListener
from .models import (
    BaseChannelMetadata,
    BaseMessagingChannel,
    ContentCard,
    ContentCardAction,
    ContentDatePickerAvailableTime,
    ContentQuickReply,
    Direction,
    EventPresence,
    EventPresenceType,
    EventType,
    IncomingNormalizedMessage,
    MessageEvent,
    NormalizedType,
    OAuthParams,
    SendMessageRequest,
    SessionResponse,
    StructuredMessage,
    WebMessagingMessage,
)
from .regions import GenesysCloudRegionWebSocketHosts

__all__ = ["Conversation", "ConversationEndedError", "ConversationState", "TokenStore"]

# Refusals after which there is no session any more.
_OVER = frozenset({4006, 4007})
# Refusals that a token from the store may meet, and a new one will not.
_TOKEN_IS_NO_GOOD = frozenset({4007, 4017})
# What connect() takes and the REST client must know, too.
_NETWORK = ("sslContext", "caFile", "clientCertificate", "proxy", "trustEnv")


class Conversation:
    """A guest's side of a conversation, for scripts, bots and tests.

    ::

        with Conversation.open("eu_central_1", "the deployment's id", origin="https://shop.example") as chat:
            chat.send("Hello")
            print(chat.receive(timeout=10).text)

    Every call waits until it is done, or raises why it is not. What the other side says is kept, in order, until it is
    asked for. A connection that is lost is replaced, and nothing is lost with it. Waits that can no longer be fulfilled
    raise :class:`ConversationEndedError` at once. Use :meth:`open` to make one.
    """

    def __init__(self, client: WebMessagingClient, deploymentId: str, timeout: float, **parts: Any) -> None:
        """Not to be called: use :meth:`open`."""
        self._client = client
        self._deployment_id = deploymentId
        self._timeout = timeout
        self._attributes: Mapping[str, str] | None = parts.get("customAttributes")
        self._transcript = parts.get("transcript") or Transcript()
        listeners = [self._transcript, *parts.get("listeners", ())]
        reconnect, renew = bool(parts.get("reconnect")), bool(parts.get("newSessionOnExpiry"))
        self._inbox = Inbox(reconnects=reconnect, renews=reconnect and renew, on_end=self._ended)
        self._reconnector = Reconnector(
            client,
            *listeners,
            self._inbox,
            maxSeconds=parts.get("maxReconnectSeconds", 300.0) if reconnect else 0.0,
            newSessionOnExpiry=renew,
            onGivenUp=self._given_up,
        )
