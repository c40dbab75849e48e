"""The client: every method that the Java SDK documents."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import FunctionType, TracebackType
from typing import IO, TYPE_CHECKING, Any, TypeVar, overload

from ._base import arguments as checks
from ._base.mime import covers
from ._core import requests
from ._core.engine import APPLICATION, DEFAULT_TIMEOUT
from ._core.joining import JoiningClient
from ._core.routing import parse_object
from .exceptions import NotConfiguredError
from .listener import SessionListener
from .models import (
    AllowedMedia,
    EventPresenceType,
    EventType,
    JwtResponse,
    SessionResponse,
    StructuredMessage,
)
from .models._base import WireModel
from .models._codec import decoder_of
from .regions import asApiHost

if TYPE_CHECKING:
    from websocket import WebSocket

    from .rest._presigned import Progress

__all__ = ["WebMessagingClient"]

M = TypeVar("M", bound=WireModel)


class WebMessagingClient(JoiningClient):
    """A guest of Genesys Cloud Web Messaging, with the names and the behaviour of the Java SDK.

    Methods that send return as soon as the frame is out, with the tracing id that the answer
    will carry; :meth:`awaitResponse` waits for that answer. What the server sends reaches the
    listeners, on a thread of the client's own. All methods may be called on any thread, also
    in a listener. ``with client:`` disconnects at the end.

    Every method that sends raises

    * ``TypeError`` or ``ValueError`` for an argument that cannot be right,
    * :class:`~genesys_webmessaging.NotConnectedError` without an open connection,
    * :class:`~genesys_webmessaging.NotConfiguredError` before configureSession (except those that configure),
    * :class:`~genesys_webmessaging.ConnectionClosedError` if the connection breaks during the call;

    in all but the last case nothing was sent.

    Args:
        address: "wss://webmessaging.mypurecloud.com/v1" for instance, or a region, or a region's name.
    """

    # Where Java has it.
    SessionListener = SessionListener

    def __enter__(self) -> WebMessagingClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.disconnect()

    def __repr__(self) -> str:
        state = "disconnected" if self.isInputClosed() else "connected"
        return f"<{type(self).__name__} {self._address} {state}>"

    # Talking

    @overload
    def sendMessage(
        self,
        message: str,
        *attachmentIds: str,
        customAttributes: Mapping[str, str] | None = None,
        tracingId: str | None = None,
    ) -> str: ...

    @overload
    def sendMessage(
        self,
        message: str,
        customAttributes: Mapping[str, str] | None,
        /,
        *attachmentIds: str,
        tracingId: str | None = None,
    ) -> str: ...

    @overload
    def sendMessage(
        self,
        message: str,
        customAttributes: Mapping[str, str] | None = None,
        *,
        attachmentIds: Sequence[str] = (),
        tracingId: str | None = None,
    ) -> str: ...

    def sendMessage(self, *args: Any, tracingId: str | None = None, **named: Any) -> str:
        """Say something, or send files that were uploaded. The answer is the message's own echo.

        Forms: ``(message, attachmentId, …)`` and ``(message, customAttributes, attachmentId, …)``.

        Args:
            message: The text; it may be "" if there are attachments.
            customAttributes: Data for the flow and the agent, str to str; together they may take
                no more bytes than the session's maxCustomDataBytes.
            attachmentIds: Files whose UploadSuccessEvent has come.
            tracingId: A random one if None.

        Returns:
            The tracing id, which comes back with the answer.
        """
        message, attributes, ids = requests.message_arguments(args, named)
        limit = self._session.max_custom_data_bytes
        return self._send(requests.text_message(message, ids, attributes, limit), tracingId)

    def sendPresenceEvent(
        self, type: EventPresenceType | str = EventPresenceType.JOIN, *, tracingId: str | None = None
    ) -> str:
        """Tell that the guest has come (Join), has cleared the conversation (Clear), ….

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self._send(requests.presence_event(type), tracingId)

    def sendPresenceEventJoin(self, *, tracingId: str | None = None) -> str:
        """Tell that the guest has come: where the deployment starts by itself, the bot or the queue now does.

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self.sendPresenceEvent(EventPresenceType.JOIN, tracingId=tracingId)

    def sendPresenceEventEndUserClear(self, *, tracingId: str | None = None) -> str:
        """Clear the conversation, for good.

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self.sendPresenceEvent(EventPresenceType.CLEAR, tracingId=tracingId)

    def sendTypingEvent(self, *, tracingId: str | None = None) -> str:
        """Tell the other side that the guest is typing. A server may leave it without an answer.

        Returns:
            The tracing id.
        """
        return self._send(requests.typing_event(), tracingId)

    def ping(self, *, tracingId: str | None = None) -> str:
        """Ask for an echo, which keeps the session alive. Send at most one in 30 seconds.

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self._send(requests.echo(), tracingId)

    # Files

    def attachment(self, fileName: str, fileSize: int, fileType: str, *, tracingId: str | None = None) -> str:
        """Ask for a URL to upload a file to. The answer is a PresignedUrlResponse.

        Args:
            fileName: The name, with its extension.
            fileSize: Bytes.
            fileType: The MIME type.
            tracingId: A random one if None.

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self._send(requests.upload_url(fileName, fileSize, fileType), tracingId)

    def getAttachment(self, attachmentId: str, *, tracingId: str | None = None) -> str:
        """Ask for a URL to download a file from; it lives some ten minutes. The answer is a PresignedUrlResponse.

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self._send(requests.download_url(attachmentId), tracingId)

    def deleteAttachment(self, attachmentId: str, *, tracingId: str | None = None) -> str:
        """Take back a file that no message has named yet. The answer is an AttachmentDeletedResponse.

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self._send(requests.delete_attachment(attachmentId), tracingId)

    def uploadAttachment(
        self,
        source: str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes],
        fileName: str | None = None,
        fileType: str | None = None,
        *,
        progress: Progress | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> str:
        """Upload a file, and wait until the server has accepted it.

        The same as :func:`genesys_webmessaging.uploadAttachment`, which tells of the arguments and errors.

        Returns:
            The attachment id, for :meth:`sendMessage`.
        """
        from .attachments import uploadAttachment

        return uploadAttachment(self, source, fileName, fileType, progress=progress, timeout=timeout)

    def downloadAttachment(
        self,
        attachmentId: str,
        destination: str | os.PathLike[str] | IO[bytes],
        *,
        url: str | None = None,
        progress: Progress | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Download a file.

        The same as :func:`genesys_webmessaging.downloadAttachment`, which tells of the arguments and errors.
        """
        from .attachments import downloadAttachment

        downloadAttachment(self, attachmentId, destination, url=url, progress=progress, timeout=timeout)

    @property
    def allowedMediaInbound(self) -> AllowedMedia | None:
        """What a guest may upload, None until a SessionResponse or a GetConfigurationResponse has said so."""
        return self._session.allowed_media_inbound

    @allowedMediaInbound.setter
    def allowedMediaInbound(self, allowedMedia: AllowedMedia | None) -> None:
        self._session.allowed_media_inbound = checks.instance("allowedMedia", allowedMedia, AllowedMedia, optional=True)

    def isMimeTypeAllowedInbound(self, mimeType: str) -> bool:
        """Whether a guest may upload files of a MIME type; ``image/*`` and ``*/*`` of the deployment match.

        Raises:
            NotConfiguredError: The server has not said yet what it allows.
        """
        checks.text("mimeType", mimeType, empty=True)
        allowed = self._session.allowed_media_inbound
        if allowed is None:
            raise NotConfiguredError("the server has not said yet what it allows: await the SessionResponse")
        inbound = allowed.inbound
        return inbound is not None and covers((one.type for one in inbound.fileTypes if one is not None), mimeType)

    # Sessions

    def startNewChat(self, timeout: float = DEFAULT_TIMEOUT) -> SessionResponse:
        """Begin afresh where a session has become read-only: close it, and make a new one of the same token.

        The same as :func:`genesys_webmessaging.startNewChat`, which tells of the errors.
        """
        from .sessions import startNewChat

        return startNewChat(self, timeout=timeout)

    def clearConversation(self, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Clear the conversation for good, wait until it is, and disconnect.

        The same as :func:`genesys_webmessaging.clearConversation`, which tells of the errors.
        """
        from .sessions import clearConversation

        clearConversation(self, timeout)

    # What is known

    @property
    def token(self) -> str | None:
        """The session's token, None before configureSession. A secret: whoever has it has the session."""
        return self._session.token

    @property
    def deploymentId(self) -> str | None:
        """The deployment of the session, None before configureSession."""
        return self._session.deployment_id

    @property
    def sessionResponse(self) -> SessionResponse | None:
        """The last SessionResponse that came."""
        return self._session.session_response

    @property
    def jwtResponse(self) -> JwtResponse | None:
        """The last JwtResponse that came. A secret."""
        return self._session.jwt_response

    @property
    def address(self) -> str:
        """Where this client connects to."""
        return self._address

    def getWebSocket(self) -> WebSocket | None:
        """The socket beneath, of the package websocket-client; None before connect(). Do not read from it."""
        connection = self._connection
        return None if connection is None else connection.web_socket

    @staticmethod
    def getDefaultAppName() -> str:
        """What the server is told to be talking to, unless connect() says otherwise."""
        return APPLICATION

    @staticmethod
    def deserialize(json: str, type: type[M]) -> M:
        """Make a model of a JSON text, ``client.deserialize(rawMessage, BaseMessage)`` for instance.

        Raises:
            DecodeError: The text is no JSON object, or does not fit.
            TypeError: The class is none of the models.
        """
        if not isinstance(type, _CLASS) or not issubclass(type, WireModel):
            raise TypeError(f"type must be a class of genesys_webmessaging.models, not {type!r}")
        return decoder_of(type)(parse_object(checks.text("json", json, empty=True)))

    @staticmethod
    def hasEvents(message: StructuredMessage, eventType: EventType) -> bool:
        """Whether a message has an event of a type."""
        checks.instance("message", message, StructuredMessage)
        return any(event is not None and event.eventType == eventType for event in message.events or ())

    @staticmethod
    def hasPresenceEvents(message: StructuredMessage) -> bool:
        """Whether a message tells that somebody came or went."""
        return WebMessagingClient.hasEvents(message, EventType.PRESENCE)

    @staticmethod
    def hasTypingEvents(message: StructuredMessage) -> bool:
        """Whether a message tells that somebody is typing."""
        return WebMessagingClient.hasEvents(message, EventType.TYPING)

    @staticmethod
    def asApiHost(address: str) -> str:
        """The same as :func:`genesys_webmessaging.asApiHost`."""
        return asApiHost(address)


_CLASS = type


# Python's own complaints about a call shall name the class that people know, not the half that it is written in.
for _half in WebMessagingClient.__mro__[1:-1]:
    for _name, _member in vars(_half).items():
        if isinstance(_member, FunctionType):
            _member.__qualname__ = f"{WebMessagingClient.__qualname__}.{_name}"
