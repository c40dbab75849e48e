"""The client: every method that the Java SDK documents, and what we add to them."""

from __future__ import annotations

import math
import os
import ssl
import sys
import threading
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar, overload

from . import listener as _listener
from ._base import checks
from ._base.fork import renew_after_fork
from ._base.hints import Hinting, hinting_at_keywords
from ._base.mime import covers
from ._base.threads import Deadline
from ._core import requests
from ._core.decoding import listener_call_of, parse_object
from ._core.engine import ANSWER_TIMEOUT, APPLICATION, MAX_QUEUE_SIZE, Engine
from ._core.listeners import Listeners
from ._wire.connect import ClientCertificate
from ._wire.connection import MAX_MESSAGE_SIZE
from .exceptions import ErrorCode, NotConfiguredError, RequestError, ResponseTimeoutError
from .listener import warn_of_misspellings
from .models import (
    AllowedMedia,
    BaseMessage,
    EventPresenceType,
    EventType,
    GetJwtRequest,
    JourneyContext,
    JwtResponse,
    OAuthParams,
    SessionResponse,
    StructuredMessage,
    WebMessagingMessage,
    WebMessagingMessageEntityList,
)
from .models._base import WireModel
from .models._codec import decoder_of
from .regions import AddressOrRegion, address_of, asApiHost, host_of

if TYPE_CHECKING:
    from websocket import WebSocket

    from .rest import ApiClient
    from .rest._presigned import Progress, Readable

__all__ = ["Ending", "WebMessagingClient"]

M = TypeVar("M", bound=WireModel)

# Seconds that getHistory() may take: six thousand messages at the pace of the service.
HISTORY_TIMEOUT = 600.0
# Seconds that an upload or a download may take.
TRANSFER_TIMEOUT = 120.0
# Seconds that joinConversation() gives the server to refuse the message, once it is sent.
ACKNOWLEDGE_TIMEOUT = 3.0

_CONFIGURE = checks.Overloads("configureSession", "deploymentId origin", "deploymentId token origin startNew?")
_AUTHENTICATE = checks.Overloads(
    "configureAuthenticatedSession", "deploymentId origin data", "deploymentId token origin data"
)
_JOIN = checks.Overloads(
    "joinConversation",
    "deploymentId initialMessage",
    "deploymentId token initialMessage origin?",
)


class Ending(NamedTuple):
    """How a connection ended: what ``webSocketDisconnected`` or ``webSocketError`` was called with.

    Attributes:
        statusCode: The close code, None when the connection broke.
        reason: The reason that came with it, "" when there was none.
        error: What broke the connection, None when it was closed.
    """

    statusCode: int | None
    reason: str
    error: str | None


class WebMessagingClient(Hinting):
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
        region: The same, by Java's other name for it.
    """

    # Where Java has it.
    SessionListener: TypeAlias = _listener.SessionListener

    @overload
    def __init__(self, address: AddressOrRegion) -> None: ...

    @overload
    def __init__(self, *, region: AddressOrRegion) -> None: ...

    def __init__(self, address: AddressOrRegion | None = None, *, region: AddressOrRegion | None = None) -> None:
        place = address if region is None else region
        if place is None or (address is not None and region is not None):
            raise TypeError(
                "WebMessagingClient() takes an address like 'wss://webmessaging.mypurecloud.com/v1' "
                "or a region, and not both"
            )
        self._engine = Engine(address_of(place), self)
        self._listeners = Listeners()
        self._notify = self._listeners.notify
        self._notify_of_message = self._listeners.notify_of_message
        self._given_api_client: ApiClient | None = None
        # With the origin and the way through the network that it was made for.
        self._made_api_client: tuple[tuple[str, Mapping[str, Any]], ApiClient] | None = None
        self._origin: str | None = None
        # Guards the three fields above.
        self._lock = threading.Lock()
        renew_after_fork(self)

    # Listeners

    def addSessionListener(self, sessionListener: SessionListener) -> None:
        """Let a listener hear what happens from now on. One that is added twice hears everything twice.

        A method whose name is like one of the listener's methods, but is none, causes a warning.

        Raises:
            TypeError: The object cannot be called as a listener.
        """
        self._listeners.add(sessionListener)
        warn_of_misspellings(sessionListener, stacklevel=2)

    def removeSessionListener(self, sessionListener: SessionListener) -> None:
        """Let a listener hear nothing more; if it was added twice, once less. An unknown one is left alone.

        Raises:
            TypeError: The object is not a listener.
        """
        self._listeners.remove(sessionListener)

    # Connecting

    @overload
    def joinConversation(
        self, deploymentId: str, initialMessage: str, *, origin: str | None = None, timeout: float = ANSWER_TIMEOUT
    ) -> str: ...

    @overload
    def joinConversation(
        self,
        deploymentId: str,
        token: str,
        initialMessage: str,
        origin: str | None = None,
        *,
        timeout: float = ANSWER_TIMEOUT,
    ) -> str: ...

    def joinConversation(
        self, *args: Any, origin: str | None = None, timeout: float = ANSWER_TIMEOUT, **named: Any
    ) -> str:
        """Connect, configure a session, wait until it is ready, and send a first message.

        Forms: ``(deploymentId, initialMessage)``, ``(deploymentId, token, initialMessage)`` and
        ``(deploymentId, token, initialMessage, origin)``; ``origin=`` goes with each of them. If
        anything fails, the connection is closed again.

        Args:
            deploymentId: The deployment to talk to.
            token: The session's token; an unknown one makes a new session. A random UUID if left out.
            initialMessage: What the guest says first.
            origin: The origin of the guest's web page; "https://" and the address's host if left out.
            timeout: Seconds that everything together may take, 30 unless said otherwise.

        Returns:
            The tracing id of the message.

        Raises:
            ConnectError, ConnectTimeoutError: There was no connection to be had.
            RequestError: The server refused the session, or the message within three seconds.
            ResponseTimeoutError: The session was not ready in time.
            ConnectionClosedError: The connection broke meanwhile.
            TypeError: The call fits no form.
            ValueError: An argument cannot be right. So is a token that is not a UUID in the form with
                three arguments: Java code may have an initial message and an origin there.
        """
        deadline = Deadline(checks.seconds("timeout", timeout))
        call = _JOIN.bind(args, named)
        message = requests.text_message(checks.text("initialMessage", call["initialMessage"]), (), None, None)
        if "origin" in call:
            if origin is not None:
                raise TypeError("joinConversation() got origin twice")
            origin = call["origin"]
        elif origin is None and "token" in call:
            _check_uuid(call["token"])
        if origin is None:
            origin = self._own_origin()
        token = call["token"] if "token" in call else str(uuid.uuid4())
        request = requests.configure_session(call["deploymentId"], token, None, None)
        self.connect(call["deploymentId"], origin, timeout)
        self._keep_origin(origin)
        try:
            response = self._engine.configured(lambda: self._engine.send(request, None), deadline.remaining)
            if response.readOnly is True:
                raise RequestError(
                    "the session is read-only, because the other side has left: begin a new one with "
                    "configureSession(deploymentId, token, origin, True)",
                    code=ErrorCode.READ_ONLY,
                )
            tracingId = self._engine.send(message, None)
            try:
                self.awaitResponse(tracingId, deadline.at_most(ACKNOWLEDGE_TIMEOUT))
            except ResponseTimeoutError:
                # It is sent, and a refusal that comes so late still reaches the listeners.
                return tracingId
        except BaseException:
            self._engine.disconnect(deadline)
            raise
        return tracingId

    @hinting_at_keywords
    def connect(
        self,
        deploymentId: str,
        origin: str,
        connectionTimeout: float | None = None,
        *,
        applicationName: str | None = None,
        sslContext: ssl.SSLContext | None = None,
        caFile: str | None = None,
        clientCertificate: ClientCertificate | None = None,
        proxy: str | None = None,
        trustEnv: bool = True,
        maxMessageSize: int = MAX_MESSAGE_SIZE,
        maxQueueSize: int = MAX_QUEUE_SIZE,
    ) -> None:
        """Open the connection. The listeners' ``webSocketConnected`` has run when this returns.

        If they are not done with it when the time is over, it returns all the same. In a listener it
        does not wait for them: ``webSocketConnected`` follows what they are hearing now.

        Args:
            deploymentId: The deployment to talk to.
            origin: The origin of the web page that the guest is on, "https://shop.example" for
                instance; a deployment may refuse others.
            connectionTimeout: Seconds that everything together may take: looking up the name,
                TCP, proxy, TLS, handshake and ``webSocketConnected``. 30 if None.
            applicationName: What the server is told to be talking to; :meth:`getDefaultAppName` if None or "".
            sslContext: Used as it is; then caFile and clientCertificate must be None. If None, certificates
                and host names are verified, and TLS is 1.2 at least.
            caFile: The authorities to trust (PEM, a file or a directory), instead of those that SSL_CERT_FILE,
                REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE name, or the system's if none is set. REST calls trust the same.
            clientCertificate: A PEM file with certificate and key, or (certificate file, key file),
                or (certificate file, key file, password of the key).
            proxy: "http://user:password@host:port", or socks5://, socks5h://, socks4:// with the extra ``socks``.
            trustEnv: Whether the environment counts: what names authorities, and, without ``proxy``, HTTPS_PROXY,
                HTTP_PROXY, ALL_PROXY and NO_PROXY.
            maxMessageSize: Bytes that one message may have; a larger one ends the connection with 1009.
            maxQueueSize: Bytes of messages that may wait for listeners that are slower than the server; with more,
                the connection ends with ``webSocketError``.

        Raises:
            ConnectError: The network or the server refused; with status, headers and body of the refusal.
                Or there is a connection already.
            ConnectTimeoutError: It took longer than connectionTimeout.
            TypeError: An argument has the wrong type.
            ValueError: An argument cannot be right.
        """
        self._engine.connect(
            deploymentId,
            origin,
            connectionTimeout,
            application_name=applicationName,
            ssl_context=sslContext,
            ca_file=caFile,
            client_certificate=clientCertificate,
            proxy=proxy,
            trust_env=trustEnv,
            max_message_size=maxMessageSize,
            max_queue_size=maxQueueSize,
        )

    def disconnect(self) -> None:
        """Close the connection with 1000, "Guest client disconnect". Never raises.

        Returns when the server has answered and the listeners have heard the last event; each of the two may
        take some five seconds at most. Without a connection, nothing happens; a connect() that
        is under way on another thread fails when its handshake has ended.
        """
        self._engine.disconnect()

    def isInputClosed(self) -> bool:
        """Whether nothing can be received any more; True before the first connect()."""
        connection = self._engine.connection
        return connection is None or connection.is_input_closed

    def isOutputClosed(self) -> bool:
        """Whether nothing can be sent any more; True before the first connect()."""
        connection = self._engine.connection
        return connection is None or connection.is_output_closed

    def getWebSocket(self) -> WebSocket | None:
        """The socket beneath, of the package websocket-client; None before connect(). Do not read from it."""
        connection = self._engine.connection
        return None if connection is None else connection.web_socket

    # Sessions

    @overload
    def configureSession(
        self,
        deploymentId: str,
        origin: str,
        *,
        tracingId: str | None = None,
        journeyContext: JourneyContext | None = None,
    ) -> str: ...

    @overload
    def configureSession(
        self,
        deploymentId: str,
        token: str,
        origin: str,
        startNew: bool | None = None,
        *,
        tracingId: str | None = None,
        journeyContext: JourneyContext | None = None,
    ) -> str: ...

    def configureSession(
        self,
        *args: Any,
        tracingId: str | None = None,
        journeyContext: JourneyContext | None = None,
        **named: Any,
    ) -> str:
        """Make or resume a session on the open connection.

        Forms: ``(deploymentId, origin)``, with a new random token, and ``(deploymentId, token,
        origin, startNew)``. The answer is a SessionResponse.

        Args:
            deploymentId: The deployment to talk to.
            token: The session's token. Whoever has it has the session.
            origin: The origin of the guest's web page, for the REST calls.
            startNew: True for a fresh session of this token, None or False to resume the one there is.
            tracingId: A random one if None.
            journeyContext: What the page knows of the customer's journey.

        Returns:
            The tracing id, which comes back with the answer.
        """
        call = _CONFIGURE.bind(args, named)
        token = call["token"] if "token" in call else str(uuid.uuid4())
        origin = checks.origin(call["origin"])
        request = requests.configure_session(call["deploymentId"], token, call.get("startNew"), journeyContext)
        self._keep_origin(origin)
        return self._engine.send(request, tracingId)

    @overload
    def configureAuthenticatedSession(
        self,
        deploymentId: str,
        origin: str,
        data: OAuthParams,
        *,
        tracingId: str | None = None,
        startNew: bool | None = None,
    ) -> str: ...

    @overload
    def configureAuthenticatedSession(
        self,
        deploymentId: str,
        token: str,
        origin: str,
        data: OAuthParams,
        *,
        tracingId: str | None = None,
        startNew: bool | None = None,
    ) -> str: ...

    def configureAuthenticatedSession(
        self, *args: Any, tracingId: str | None = None, startNew: bool | None = None, **named: Any
    ) -> str:
        """Make or resume a session of a guest who has signed in.

        Forms: ``(deploymentId, origin, data)``, with a new random token, and ``(deploymentId,
        token, origin, data)``. The answer is a SessionResponse.

        Args:
            deploymentId: The deployment to talk to.
            token: The session's token. Whoever has it has the session.
            origin: The origin of the guest's web page, for the REST calls.
            data: The jwt that the OAuth exchange gave (as ``code``), or the OAuth code itself.
            tracingId: A random one if None.
            startNew: As in :meth:`configureSession`.

        Returns:
            The tracing id, which comes back with the answer.
        """
        call = _AUTHENTICATE.bind(args, named)
        token = call["token"] if "token" in call else str(uuid.uuid4())
        origin = checks.origin(call["origin"])
        request = requests.configure_authenticated_session(call["deploymentId"], token, call["data"], startNew)
        self._keep_origin(origin)
        return self._engine.send(request, tracingId)

    def getSupportedContentConfiguration(
        self, deploymentId: str, token: str, origin: str, *, tracingId: str | None = None
    ) -> str:
        """Ask what the deployment supports. The answer is a GetConfigurationResponse.

        Needs no session. Like Java's, the request goes over the open connection, whatever the origin.

        Returns:
            The tracing id, which comes back with the answer.
        """
        checks.origin(origin)
        return self._engine.send(requests.configuration(deploymentId, token), tracingId)

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
        if not ids and attributes is None:
            return self._engine.send_text(requests.checked_text(message), tracingId)
        limit = self._engine.session.max_custom_data_bytes
        return self._engine.send(requests.text_message(message, ids, attributes, limit), tracingId)

    def sendPresenceEvent(
        self, type: EventPresenceType | str = EventPresenceType.JOIN, *, tracingId: str | None = None
    ) -> str:
        """Tell that the guest has come (Join), has cleared the conversation (Clear), ….

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self._engine.send(requests.presence_event(type), tracingId)

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
        return self._engine.send(requests.typing_event(), tracingId)

    def ping(self, *, tracingId: str | None = None) -> str:
        """Ask for an echo, which keeps the session alive. Send at most one in 30 seconds.

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self._engine.send(requests.echo(), tracingId)

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
        return self._engine.send(requests.upload_url(fileName, fileSize, fileType), tracingId)

    def getAttachment(self, attachmentId: str, *, tracingId: str | None = None) -> str:
        """Ask for a URL to download a file from; it lives some ten minutes. The answer is a PresignedUrlResponse.

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self._engine.send(requests.download_url(attachmentId), tracingId)

    def deleteAttachment(self, attachmentId: str, *, tracingId: str | None = None) -> str:
        """Take back a file that no message has named yet. The answer is an AttachmentDeletedResponse.

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self._engine.send(requests.delete_attachment(attachmentId), tracingId)

    def isMimeTypeAllowedInbound(self, mimeType: str) -> bool:
        """Whether a guest may upload files of a MIME type; ``image/*`` and ``*/*`` of the deployment match.

        Raises:
            NotConfiguredError: The server has not said yet what it allows.
        """
        checks.text("mimeType", mimeType, empty=True)
        allowed = self._engine.session.allowed_media_inbound
        if allowed is None:
            raise NotConfiguredError("the server has not said yet what it allows: await the SessionResponse")
        inbound = allowed.inbound
        return inbound is not None and covers((one.type for one in inbound.fileTypes if one is not None), mimeType)

    @property
    def allowedMediaInbound(self) -> AllowedMedia | None:
        """What a guest may upload, None until a SessionResponse or a GetConfigurationResponse has said so."""
        return self._engine.session.allowed_media_inbound

    @allowedMediaInbound.setter
    def allowedMediaInbound(self, allowedMedia: AllowedMedia | None) -> None:
        self._engine.session.allowed_media_inbound = checks.instance(
            "allowedMedia", allowedMedia, AllowedMedia, optional=True
        )

    # The history

    def getJwt(self, *, tracingId: str | None = None) -> str:
        """Ask for a jwt for the REST calls. The answer is a JwtResponse, which the client remembers.

        Returns:
            The tracing id, which comes back with the answer.
        """
        return self._engine.send(GetJwtRequest(), tracingId)

    def getHistory(self, *, timeout: float = HISTORY_TIMEOUT) -> WebMessagingMessageEntityList:
        """Fetch every message of the session, over REST. Asks for a jwt itself when it has none that is good.

        The service allows ten pages of 100 messages a minute, so that a longer history takes minutes.

        Args:
            timeout: Seconds that all of it may take.

        Returns:
            All entities in the server's order, newest first; ``total`` as the server gave it,
            ``pageNumber`` 1, ``pageSize`` the number of entities.

        Raises:
            NotConnectedError, NotConfiguredError: A jwt is needed and cannot be asked for.
            ApiError: The REST call was refused.
            ResponseTimeoutError: It was not done in time.
            WebMessagingException: One of the others, when the jwt or the network fails.
        """
        entities: list[WebMessagingMessage] = []
        total: int | None = None
        for page in self._history_pages(checks.seconds("timeout", timeout), ahead=True):
            entities += page.entities
            total = page.total if total is None else total
        return WebMessagingMessageEntityList(
            entities=entities, pageSize=len(entities), pageNumber=1, total=total, pageCount=1
        )

    def initializeApiClient(self, origin: str) -> None:
        """Make the client of the REST calls, for this address and a page's origin. One that was set stays.

        Args:
            origin: What the calls carry as ``Origin``.
        """
        checked = checks.origin(origin, empty=False)
        with self._lock:
            self._origin = checked
            self._made_api_client = (checked, self._engine.network), self._new_api_client(checked, self._engine.network)

    def setApiClient(self, apiClient: ApiClient) -> None:
        """Use a client of one's own for the REST calls: with a proxy, time limits or retries, for instance."""
        from .rest import ApiClient

        checks.instance("apiClient", apiClient, ApiClient)
        with self._lock:
            self._given_api_client = apiClient

    # What is heard, on the dispatcher

    def onSessionEvent(self, rawMessage: str, baseMessage: BaseMessage) -> None:
        """Called for every frame, on the dispatcher. Override it to see frames first; this one calls the listeners.

        Args:
            rawMessage: The frame as it came.
            baseMessage: Its envelope; the body is a model if its class has one.
        """
        method, argument = listener_call_of(baseMessage)
        self._listeners.notify(method, argument, rawMessage)

    def onWebSocketConnected(self) -> None:
        """Called when the socket is open, on the dispatcher. Override it; this one calls the listeners."""
        self._listeners.notify("webSocketConnected")

    def onWebSocketDisconnected(self, statusCode: int, reason: str) -> None:
        """Called when the socket is closed, on the dispatcher. Override it; this one calls the listeners."""
        self._listeners.notify("webSocketDisconnected", statusCode, reason)

    def onWebSocketError(self, reason: str) -> None:
        """Called when the socket broke, on the dispatcher. Override it; this one calls the listeners."""
        self._listeners.notify("webSocketError", reason)

    # Helpers

    @staticmethod
    def deserialize(json: str, type: type[M]) -> M:
        """Make a model of a JSON text, ``client.deserialize(rawMessage, BaseMessage)`` for instance.

        Raises:
            DecodeError: The text is not a JSON object, or does not fit.
            TypeError: The class is none of the models.
        """
        if not isinstance(type, _CLASS) or not issubclass(type, WireModel):
            raise TypeError(f"type must be a class of genesys_webmessaging.models, not {type!r}")
        return decoder_of(type)(parse_object(checks.text("json", json, empty=True)))

    @staticmethod
    def hasEvents(message: StructuredMessage, type: EventType) -> bool:
        """Whether a message has an event of a type."""
        checks.instance("message", message, StructuredMessage)
        return any(event is not None and event.eventType == type for event in message.events or ())

    @staticmethod
    def hasPresenceEvents(message: StructuredMessage) -> bool:
        """Whether a message tells that somebody came or went."""
        return WebMessagingClient.hasEvents(message, EventType.PRESENCE)

    @staticmethod
    def hasTypingEvents(message: StructuredMessage) -> bool:
        """Whether a message tells that somebody is typing."""
        return WebMessagingClient.hasEvents(message, EventType.TYPING)

    @staticmethod
    def getDefaultAppName() -> str:
        """What the server is told to be talking to, unless connect() says otherwise."""
        return APPLICATION

    @staticmethod
    def asApiHost(address: AddressOrRegion) -> str:
        """The same as :func:`genesys_webmessaging.asApiHost`."""
        return asApiHost(address)

    # Beyond Java

    def send(self, request: WireModel, *, tracingId: str | None = None, timeout: float | None = None) -> str:
        """Send any request model: a quick reply, closeSession, whatever comes.

        The token and the tracing id are filled in where the request has none; the object
        that was given is not changed.

        Args:
            request: One of the requests of :mod:`genesys_webmessaging.models`.
            tracingId: Overrides the request's own.
            timeout: Seconds until all of it must be out, the wait for other requests included. When they are over the
                connection is cut if half of the request may be out. None sets no limit but the 30 seconds that the
                server has for each 64 KB, which always count. 0 sends it only if that takes no waiting.

        Returns:
            The tracing id, which comes back with the answer.

        Raises:
            TypeError: It is not a request.
            ValueError: It has no action, or something in it cannot be sent.
            NotConnectedError, NotConfiguredError, ConnectionClosedError: As for every request.
            ResponseTimeoutError: The timeout was over before any of it could be sent. Nothing was sent.
        """
        return self._engine.send_foreign(request, tracingId, timeout)

    def awaitResponse(self, tracingId: str, timeout: float = ANSWER_TIMEOUT) -> Any:
        """Wait for the answer to a request. May be called on any thread, also in a listener.

        An answer can be awaited again until eight more answers have been taken.

        Args:
            tracingId: What the method that sent the request returned.
            timeout: Seconds.

        Returns:
            The decoded body of the answer: a SessionResponse for configureSession, the
            StructuredMessage that echoes a message, a PresignedUrlResponse for attachment, ….

        Raises:
            RequestError: The server refused the request.
            ResponseTimeoutError: No answer came in time.
            ConnectionClosedError: The connection ended first.
            ValueError: No request with this tracing id was sent, its answer was taken eight answers ago, or more than
                1,024 requests were sent after it.
        """
        seconds = checks.seconds("timeout", timeout, zero=True)
        return self._engine.answer(checks.text("tracingId", tracingId), seconds)

    def iterateHistory(self, *, timeout: float | None = None, ahead: bool = True) -> Iterator[WebMessagingMessage]:
        """Yield the messages of the session, newest first.

        Args:
            timeout: Seconds that all of it may take, from the first message on; None sets no limit but those of each
                request.
            ahead: Whether a page of 100 is fetched while the one before is read; False fetches it when it is needed,
                for those who may not read on.

        Raises:
            WebMessagingException: As :meth:`getHistory`, at the first message or at a later page.
        """
        for page in self._history_pages(timeout, ahead):
            yield from page.entities

    def uploadAttachment(
        self,
        source: str | os.PathLike[str] | bytes | bytearray | memoryview | Readable,
        fileName: str | None = None,
        fileType: str | None = None,
        *,
        progress: Progress | None = None,
        timeout: float = TRANSFER_TIMEOUT,
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
        timeout: float = TRANSFER_TIMEOUT,
    ) -> None:
        """Download a file.

        The same as :func:`genesys_webmessaging.downloadAttachment`, which tells of the arguments and errors.
        """
        from .attachments import downloadAttachment

        downloadAttachment(self, attachmentId, destination, url=url, progress=progress, timeout=timeout)

    def startNewChat(self, timeout: float = ANSWER_TIMEOUT) -> SessionResponse:
        """Begin afresh where a session has become read-only: close it, and make a new one of the same token.

        The same as :func:`genesys_webmessaging.startNewChat`, which tells of the errors.
        """
        return self._engine.start_new_chat(None, timeout)

    def clearConversation(self, timeout: float = ANSWER_TIMEOUT) -> None:
        """Clear the conversation for good, wait until it is, and disconnect.

        The same as :func:`genesys_webmessaging.clearConversation`, which tells of the errors.
        """
        self._engine.clear_conversation(timeout)

    def waitUntilDisconnected(self, timeout: float | None = None) -> Ending | None:
        """Wait until the connection has ended, and the listeners have heard so. Raises nothing.

        In a listener it does not wait for the listeners. With Ctrl-C it raises KeyboardInterrupt, as every wait does.
        It waits for the connection that there is now, also where a Reconnector opens another one afterwards.

        Args:
            timeout: Seconds; None waits for as long as the connection lives.

        Returns:
            How the connection ended, at once if it has ended before; None if the timeout passed, or if this client
            was never connected.
        """
        seconds = None if timeout is None else checks.seconds("timeout", timeout, zero=True)
        ending = self._engine.wait_until_disconnected(seconds)
        if ending is None:
            return None
        if ending.code is None:
            return Ending(None, "", ending.reason)
        return Ending(ending.code, ending.reason, None)

    @property
    def token(self) -> str | None:
        """The session's token, None before configureSession. A secret: whoever has it has the session."""
        return self._engine.session.token

    @property
    def deploymentId(self) -> str | None:
        """The deployment of the session, None before configureSession."""
        return self._engine.session.deployment_id

    @property
    def sessionResponse(self) -> SessionResponse | None:
        """The last SessionResponse that came."""
        return self._engine.session.session_response

    @property
    def jwtResponse(self) -> JwtResponse | None:
        """The last JwtResponse that came. A secret."""
        return self._engine.session.jwt_response

    @property
    def address(self) -> str:
        """Where this client connects to."""
        return self._engine.address

    @property
    def apiClient(self) -> ApiClient:
        """The client of the REST calls: the one that was set, else one made for this address.

        The latter goes the way that connect() went: the same proxy, the same certificates.
        """
        with self._lock:
            if self._given_api_client is not None:
                return self._given_api_client
            how = (self._origin or self._own_origin(), self._engine.network)
            if self._made_api_client is None or self._made_api_client[0] != how:
                self._made_api_client = how, self._new_api_client(*how)
            return self._made_api_client[1]

    def _history_pages(self, timeout: float | None, ahead: bool) -> Iterator[WebMessagingMessageEntityList]:
        from .rest import historyPages

        deadline = Deadline(math.inf if timeout is None else timeout)

        def jwt() -> str:
            return self._engine.session.good_jwt() or self._fetched_jwt(deadline)

        def renewed(refused: str) -> str:
            self._engine.session.forget_jwt(refused)
            return jwt()

        return historyPages(self.apiClient, jwt, renewed, timeout=timeout, ahead=ahead)

    def _fetched_jwt(self, deadline: Deadline) -> str:
        response: JwtResponse = self.awaitResponse(self.getJwt(), deadline.at_most(ANSWER_TIMEOUT))
        if not response.jwt:
            raise RequestError("the server answered getJwt without a jwt")
        return response.jwt

    def _new_api_client(self, origin: str, network: Mapping[str, Any]) -> ApiClient:
        from .rest import ApiClient

        base = asApiHost(self._engine.address.partition("?")[0])
        return ApiClient(base, defaultHeaders={"Origin": origin}, **network)

    def _keep_origin(self, origin: str) -> None:
        with self._lock:
            self._origin = self._origin or origin

    def _own_origin(self) -> str:
        return f"https://{host_of(self._engine.address)}"

    @property
    def _has_own_event_hook(self) -> bool:
        return getattr(self.onSessionEvent, "__func__", None) is not WebMessagingClient.onSessionEvent

    @property
    def _may_block(self) -> bool:
        return self._listeners.may_block or self._has_own_event_hook

    def __del__(self) -> None:
        engine = vars(self).get("_engine")
        if engine is None or sys.is_finalizing() or not engine.abandon():
            return
        warnings.warn(
            f"{self!r} was dropped without disconnect(), which 'with client:' calls by itself",
            ResourceWarning,
            stacklevel=2,
            source=self,
        )

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._listeners.after_fork()

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
        return f"<{type(self).__name__} {self._engine.address} {state}>"


_CLASS = type


def _check_uuid(token: object) -> None:
    try:
        uuid.UUID(checks.text("token", token))
    except ValueError as error:
        raise ValueError(
            "token is not a UUID. With three arguments joinConversation takes (deploymentId, token, initialMessage); "
            "where Java's has an origin, write joinConversation(deploymentId, initialMessage, origin=…)"
        ) from error
