"""A conversation underneath: its parts, how it is opened, how it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from typing import Any, BinaryIO

from ._base import arguments as checks
from ._inbox import ConversationEndedError, ConversationState, Inbox
from ._token_store import TokenStore
from .client import WebMessagingClient
from .companions import Delivery, Heartbeat, Reconnector, Reorder, Transcript
from .exceptions import ConnectError, ConnectionClosedError, RequestError, WebMessagingException
from .listener import SessionListener
from .models import (
    BaseChannelMetadata,
    BaseMessagingChannel,
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
)

# Refusals after which there is no session any more.
_OVER = frozenset({4006, 4007})
# Refusals that a token from a store may meet, and a new one will not.
_TOKEN_IS_NO_GOOD = frozenset({4007, 4017})


@dataclass(kw_only=True)
class Settings:
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
    onEnded: Callable[[ConversationEndedError], object] | None = None


class Chat:
    """The undocumented half of :class:`~genesys_webmessaging.conversation.Conversation`."""

    def __init__(self, client: WebMessagingClient, deploymentId: str, settings: Settings) -> None:
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
            answerTimeout=settings.timeout,
            newSessionOnExpiry=settings.newSessionOnExpiry,
            onGivenUp=self._given_up,
        )
        self._delivery = self._new_delivery()
        outer = Reorder(self._reconnector, holdTime=settings.holdTime) if settings.holdTime else self._reconnector
        client.addSessionListener(outer)
        self._heartbeat: Heartbeat | None = None
        if settings.heartbeat is not None:
            self._heartbeat = Heartbeat(client, interval=settings.heartbeat, onDeadPeer=self._reconnector.reconnect)
            client.addSessionListener(self._heartbeat)

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
    def otherSideTyping(self) -> bool:
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

    # For the methods that say something

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
        except (ConnectionClosedError, ConnectError) as error:
            if self.state is ConversationState.OPEN or isinstance(error, ConversationEndedError):
                raise
            raise self._inbox.error() from error
        self._attributes = None
        return echo

    def _say_presence(self, kind: EventPresenceType, timeout: float | None = None) -> StructuredMessage:
        event = MessageEvent(eventType=EventType.PRESENCE, presence=EventPresence(type=kind))
        message = IncomingNormalizedMessage(type=NormalizedType.EVENT, events=[event])
        return self._deliver(SendMessageRequest(message=message), timeout)

    def _upload(
        self,
        file: str | PathLike[str] | bytes | BinaryIO,
        name: str | None,
        type_: str | None,
        progress: Callable[[int, int | None], object] | None,
        seconds: float,
    ) -> str:
        from .attachments import uploadAttachment

        network = self._client.apiClient.networkSettings
        if network.readTimeout is None or network.readTimeout > seconds:
            network = replace(network, readTimeout=max(seconds, 0.001))
        return uploadAttachment(self._client, file, name, type_, progress=progress, timeout=seconds, network=network)

    def _latest(self, what: str, offered: Callable[[StructuredMessage], Sequence[object]]) -> StructuredMessage:
        """The latest message that offers something."""
        for entry in reversed(self._transcript.entries):
            if entry.message.direction != Direction.INBOUND and offered(entry.message):
                return entry.message
        raise ValueError(f"no message with {what} has come yet")

    def _check_open(self) -> None:
        if self.state is not ConversationState.OPEN:
            raise self._inbox.error()

    def _seconds(self, timeout: float | None) -> float:
        return self._settings.timeout if timeout is None else checks.seconds("timeout", timeout, zero=True)

    # Opening and ending

    def _connect(
        self,
        token: str | None,
        store: TokenStore | None,
        startNew: bool | None,
        signIn: Callable[[], OAuthParams] | None,
        options: Mapping[str, Any],
    ) -> None:
        where = self._client.address, self._deployment_id
        kept = store.get(*where) if store is not None and token is None else None
        connect = partial(
            self._reconnector.connect,
            self._deployment_id,
            self._settings.origin,
            self._settings.timeout,
            startNew=startNew,
            configure=None if signIn is None else partial(self._configure_signed_in, signIn),
            **options,
        )
        try:
            connect(token=token or kept)
        except RequestError as error:
            if store is None or kept is None or error.code not in _TOKEN_IS_NO_GOOD:
                raise
            store.forget(*where)
            connect()
        if store is not None and self._client.token is not None:
            store.put(*where, self._client.token)

    def _configure_signed_in(self, signIn: Callable[[], OAuthParams], token: str) -> str:
        return self._client.configureAuthenticatedSession(self._deployment_id, token, self._settings.origin, signIn())

    def _new_delivery(self) -> Delivery:
        return Delivery(self._client, self._reconnector, timeout=self._settings.timeout)

    def _begin_again(self) -> None:
        self._delivery.close()
        self._delivery = self._new_delivery()
        self._inbox.reopen()

    def _given_up(self, error: WebMessagingException) -> None:
        over = isinstance(error, RequestError) and error.code in _OVER
        self._inbox.end(ConversationState.ENDED if over else ConversationState.LOST, str(error))

    def _ended(self, error: ConversationEndedError) -> None:
        self._delivery.close(error)
        if self._settings.onEnded is not None and error.state is not ConversationState.READ_ONLY:
            self._settings.onEnded(error)


def _attributes_of(request: SendMessageRequest) -> Mapping[str, str]:
    metadata = request.channel.metadata if request.channel is not None else None
    return (metadata.customAttributes if metadata is not None else None) or {}
