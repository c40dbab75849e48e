"""A conversation in plain function calls: say something, wait for the answer."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
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


@dataclass(kw_only=True)
class _Settings:
    """What :meth:`Conversation.open` was told."""

    origin: str
    timeout: float
    customAttributes: Mapping[str, str] | None
    reconnectSeconds: float
    newSessionOnExpiry: bool
    holdTime: float
    heartbeat: float | None
    transcript: Transcript | None
    listeners: Sequence[SessionListener]


class Conversation:
    """A guest's side of a conversation, for scripts, bots and tests. :meth:`open` makes one.

    ::

        with Conversation.open("eu_central_1", "the deployment's id", origin="https://shop.example") as chat:
            chat.send("Hello")
            print(chat.receive(timeout=10).text)

    Every call waits until it is done, or raises why it is not. What the other side says is kept, in order, until it is
    asked for. A connection that is lost is replaced, and nothing is lost with it. A wait that can no longer be
    fulfilled raises :class:`ConversationEndedError` at once. Without a timeout of its own, a call has the one that
    was given to :meth:`open`.
    """

    def __init__(self, client: WebMessagingClient, deploymentId: str, settings: _Settings) -> None:
        self._client = client
        self._deployment_id = deploymentId
        self._settings = settings
        # Sent with the first message, and then None.
        self._attributes = settings.customAttributes
        self._transcript = settings.transcript or Transcript()
        self._inbox = Inbox(renews=settings.newSessionOnExpiry, on_end=self._ended)
        self._reconnector = Reconnector(
            client,
            self._transcript,
            *settings.listeners,
            self._inbox,
            maxSeconds=settings.reconnectSeconds,
            newSessionOnExpiry=settings.newSessionOnExpiry,
            onGivenUp=lambda error: self._inbox.end(ConversationState.LOST, str(error)),
        )
        self._delivery = Delivery(client, self._reconnector, timeout=settings.timeout)
        outer = Reorder(self._reconnector, holdTime=settings.holdTime) if settings.holdTime else self._reconnector
        client.addSessionListener(outer)
        self._heartbeat: Heartbeat | None = None
        if settings.heartbeat is not None:
            self._heartbeat = Heartbeat(
                client, interval=settings.heartbeat, onDeadPeer=self._reconnector.reconnect
            )
            client.addSessionListener(self._heartbeat)

    @classmethod
    def open(
        cls,
        address: str | GenesysCloudRegionWebSocketHosts,
        deploymentId: str,
        *,
        origin: str | None = None,
        token: str | None = None,
        store: TokenStore | str | os.PathLike[str] | None = None,
        startNew: bool | None = None,
        signIn: Callable[[], OAuthParams] | None = None,
        join: bool = False,
        customAttributes: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        reconnectSeconds: float = 300.0,
        newSessionOnExpiry: bool = False,
        holdTime: float = 0.0,
        heartbeat: float | None = 30.0,
        transcript: Transcript | None = None,
        listeners: Sequence[SessionListener] = (),
        **connectOptions: Any,
    ) -> Conversation:
        """Connect, and begin or resume a session.

        Args:
            address: "wss://webmessaging.mypurecloud.com/v1" for instance, or a region, or a region's name.
            deploymentId: The deployment to talk to.
            origin: The origin of the guest's web page; "https://" and the address's host if None.
            token: The token of the session to resume; a random one if None. A secret.
            store: Where the token is kept between runs; a path will do. A token that is given goes before it.
            startNew: True for a fresh session of this token, None or False to resume the one there is.
            signIn: Called each time the session is configured, for a guest who has signed in.
            join: Whether to tell that the guest has come, if the session is new: where the deployment starts
                conversations by itself, the bot or the queue then does.
            customAttributes: Data for the flow and the agent, sent with what is said first.
            timeout: Seconds that connecting may take, and every call without a timeout of its own.
            reconnectSeconds: How long to try for a new connection when one is lost; 0 for not at all.
            newSessionOnExpiry: Whether a new session follows one that has expired.
            holdTime: Seconds that a message may wait for those said before it. 0 takes them as they come.
            heartbeat: Seconds between two echoes that keep the session alive, 30 at least; None for none.
            transcript: Where the conversation is written down; it is closed with the conversation.
            listeners: Who hears everything, too.
            connectOptions: More arguments of the client's ``connect``: caFile, proxy, ….

        Returns:
            The conversation, open; use it with ``with``. A session that was resumed may be read-only.

        Raises:
            ConnectError, ConnectTimeoutError: There was no connection to be had.
            RequestError: The server refused the session.
            ResponseTimeoutError: The session was not ready in time.
            ConnectionClosedError: The connection broke meanwhile.
            PermissionError: Others may read the file of the store.
            OSError: It cannot be read or written.
            TypeError, ValueError: An argument cannot be right.
        """
        client = WebMessagingClient(address)
        origin = origin or f"https://{urlsplit(client.address).hostname}"
        settings = _Settings(
            origin=origin,
            timeout=timeout,
            customAttributes=customAttributes,
            reconnectSeconds=reconnectSeconds,
            newSessionOnExpiry=newSessionOnExpiry,
            holdTime=holdTime,
            heartbeat=heartbeat,
            transcript=transcript,
            listeners=listeners,
        )
        if any(connectOptions.get(name) is not None for name in _NETWORK):
            client.setApiClient(_api_client(client, origin, connectOptions))
        chat = cls(client, deploymentId, settings)
        configure = None
        if signIn is not None:
            configure = partial(chat._configure_signed_in, signIn)
        kept = store if isinstance(store, TokenStore) or store is None else TokenStore(store)
        try:
            chat._connect(token, kept, startNew, configure, connectOptions)
            if join and client.sessionResponse is not None and client.sessionResponse.newSession is True:
                chat._say_presence(EventPresenceType.JOIN)
        except BaseException:
            chat.close()
            raise
        return chat

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Conversation with {self._client.address}: {self.state.name.lower().replace('_', '-')}>"

    def close(self) -> None:
        """Disconnect. The session stays, and its token may resume it. Does nothing the second time. Never raises."""
        self._inbox.end(ConversationState.CLOSED, "the conversation was closed on this side")
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self._reconnector.close()
        self._client.apiClient.close()
        self._transcript.close()

    # How it stands

    @property
    def client(self) -> WebMessagingClient:
        """The client beneath, for everything that has no method here."""
        return self._client

    @property
    def state(self) -> ConversationState:
        """How the conversation stands."""
        return self._inbox.state

    @property
    def connected(self) -> bool:
        """Whether there is a connection at this moment."""
        return not self._client.isOutputClosed()

    @property
    def readOnly(self) -> bool:
        """Whether the other side has left, so that nothing more can be said. :meth:`startNew` begins afresh."""
        return self.state is ConversationState.READ_ONLY

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: it has expired, was cleared, lost or closed."""
        return self.state not in (ConversationState.OPEN, ConversationState.READ_ONLY)

    @property
    def typing(self) -> bool:
        """Whether the other side is typing."""
        return self._inbox.typing

    @property
    def token(self) -> str | None:
        """The session's token, to resume it later. A secret: whoever has it has the session."""
        return self._client.token

    @property
    def sessionResponse(self) -> SessionResponse | None:
        """The last thing that the server said of the session."""
        return self._client.sessionResponse

    # Saying

    def send(
        self,
        text: str = "",
        attachments: Sequence[str | os.PathLike[str]] = (),
        customAttributes: Mapping[str, str] | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Say something, and return when it has arrived.

        Args:
            text: The text; it may be "" if there are attachments.
            attachments: Files to upload and send.
            customAttributes: Data for the flow and the agent.
            progress: Called with the bytes sent and the bytes in all, for each file anew.
            timeout: Seconds.

        Returns:
            The echo.

        Raises:
            ConversationEndedError: Nothing more can be said.
            RequestError: The server refused the message.
            AttachmentError: A file was refused.
            ResponseTimeoutError: It has not certainly arrived in time.
            TypeError, ValueError: An argument cannot be right.
        """
        self._check_open()
        if isinstance(attachments, (str, os.PathLike)):
            raise TypeError("attachments must be a sequence of paths, not a single one")
        seconds = self._seconds(timeout)
        ids = [self._upload(path, progress, seconds) for path in attachments]
        return self._deliver(textMessage(text, customAttributes, ids), timeout)

    def choose(
        self,
        reply: str | int | ContentQuickReply,
        message: StructuredMessage | None = None,
        *,
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Choose a quick reply.

        Args:
            reply: Its text, its payload, its number from 0, or the reply itself.
            message: Who offers it; the latest one with quick replies if None.
            timeout: Seconds.

        Returns:
            The echo.

        Raises:
            ValueError: There is no such quick reply.
            WebMessagingException: As :meth:`send`.
        """
        offer = message or self._latest("quick replies", offers.replies_of)
        return self._deliver(offers.quick_reply(offer, reply), timeout)

    def press(
        self,
        card: str | int | ContentCard,
        button: str | int | ContentCardAction,
        message: StructuredMessage | None = None,
        *,
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Press a button of a card.

        Args:
            card: Its title, its number from 0, or the card itself.
            button: Its text, its payload, its number from 0, or the button itself.
            message: Who shows the card; the latest one with cards if None.
            timeout: Seconds.

        Returns:
            The echo.

        Raises:
            ValueError: There is no such card or button, or it is a link.
            WebMessagingException: As :meth:`send`.
        """
        offer = message or self._latest("cards", offers.cards_of)
        return self._deliver(offers.button(offer, card, button), timeout)

    def pick(
        self,
        slot: str | int | datetime | ContentDatePickerAvailableTime,
        message: StructuredMessage | None = None,
        *,
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Pick one of the times that were offered.

        Args:
            slot: The time, as a datetime with a time zone or as ISO 8601; its number from 0, or the slot itself.
            message: Who offers it; the latest one with times if None.
            timeout: Seconds.

        Returns:
            The echo.

        Raises:
            ValueError: There is no such time.
            WebMessagingException: As :meth:`send`.
        """
        offer = message or self._latest("times", offers.slots_of)
        return self._deliver(offers.date(offer, slot), timeout)

    def sendTyping(self) -> None:
        """Tell the other side that the guest is typing."""
        self._check_open()
        self._client.sendTypingEvent()

    def _deliver(self, request: SendMessageRequest, timeout: float | None) -> StructuredMessage:
        self._check_open()
        attributes = {**(self._attributes or {}), **_attributes_of(request)}
        if attributes:
            request.channel = BaseMessagingChannel(metadata=BaseChannelMetadata(customAttributes=attributes))
        try:
            echo = self._delivery.send(request, timeout=self._seconds(timeout))
        except RequestError as error:
            if error.code in _OVER:
                self._inbox.end(ConversationState.ENDED, f"the session is over: {error.message}")
            raise
        self._attributes = None
        return echo
