"""What every method of the client stands on: one connection after another, their listeners, and sending."""

from __future__ import annotations

import copy
import json
import logging
import os
import ssl
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, TypeAlias, cast
from urllib.parse import quote

from .._base import arguments as checks
from .._base.redact import redact
from .._version import __version__
from .._wire.connect import CONNECT_TIMEOUT, ClientCertificate, open_connection
from .._wire.connection import MAX_MESSAGE_SIZE, Connection, Ending, State
from .._wire.tls import shared_context
from ..exceptions import ConnectError, NotConfiguredError, NotConnectedError
from ..models._base import WireModel
from ..models._codec import encoder_of
from ..regions import AddressOrRegion, address_of
from . import requests
from .dispatcher import Dispatcher
from .listeners import Listening
from .pending import Answers
from .routing import UNEXPECTED, Event, decode, is_plain_message
from .session_state import Session
from .watch import Watches

log = logging.getLogger(__name__)

# Seconds that joinConversation() and awaitResponse() take at most unless told otherwise; as connect() does.
DEFAULT_TIMEOUT = CONNECT_TIMEOUT
# Seconds that disconnect() takes at most.
CLOSE_TIMEOUT = 5.0

APPLICATION = f"genesys-webmessaging-{__version__}"
USER_AGENT = f"genesys-webmessaging/{__version__}"

_CONFIGURES = frozenset({"configureSession", "configureAuthenticatedSession"})
# What may be the first request on a connection.
_NEED_NO_SESSION = _CONFIGURES | {"getConfiguration"}


class _Phase(Enum):
    """Whether a connect() is under way. Whether there is a connection, the connection knows."""

    QUIET = auto()
    CONNECTING = auto()
    CANCELLED = auto()


class ClientCore(Listening):
    """The undocumented half of :class:`~genesys_webmessaging.WebMessagingClient`."""

    def __init__(self, address: AddressOrRegion) -> None:
        super().__init__()
        self._address = address_of(address)
        self._session = Session()
        self._answers = Answers()
        self._watches = Watches()
        self._connection: Connection | None = None
        self._dispatcher: Dispatcher[_Item] | None = None
        self._phase = _Phase.QUIET
        # Guards _connection, _dispatcher and _phase against callers on several threads.
        self._lock = threading.Lock()
        _clients.add(self)

    def _after_fork(self) -> None:
        """In a forked child: the connection is the parent's, and who held a lock or was connecting does not exist."""
        self._lock = threading.Lock()
        self._phase = _Phase.QUIET
        self._listening_after_fork()
        self._session.after_fork()
        self._answers.after_fork()

    # Connecting

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
            caFile: A PEM file with the authorities to trust instead of the system's.
            clientCertificate: A PEM file with certificate and key, or (certificate file, key file),
                or (certificate file, key file, password of the key).
            proxy: "http://user:password@host:port", or socks5://, socks5h://, socks4:// with the extra ``socks``.
            trustEnv: Whether, without ``proxy``, HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY count.
            maxMessageSize: Bytes that one message may have; a larger one ends the connection with 1009.

        Raises:
            ConnectError: The network or the server refused; with status, headers and body of the refusal.
                Or there is a connection already.
            ConnectTimeoutError: It took longer than connectionTimeout.
            TypeError: An argument has the wrong type.
            ValueError: An argument cannot be right.
        """
        timeout = (
            DEFAULT_TIMEOUT if connectionTimeout is None else checks.seconds("connectionTimeout", connectionTimeout)
        )
        deadline = time.monotonic() + timeout
        url = self._url(deploymentId, applicationName)
        headers = [
            ("User-Agent", USER_AGENT),
            ("deploymentId", deploymentId if deploymentId.isascii() else quote(deploymentId)),
            ("Origin", checks.origin(origin)),
        ]
        if proxy is not None:
            checks.text("proxy", proxy)
        if checks.whole_number("maxMessageSize", maxMessageSize) == 0:
            raise ValueError("maxMessageSize must be at least 1 byte")
        self._begin_connecting()
        try:
            connection = open_connection(
                url,
                headers,
                ssl_context=sslContext,
                ca_file=caFile,
                client_certificate=clientCertificate,
                proxy=proxy,
                trust_env=trustEnv,
                timeout=timeout,
                max_message_size=maxMessageSize,
            )
            if sslContext is None and (caFile is not None or clientCertificate is not None):
                sslContext = shared_context(caFile, clientCertificate)
            self._use_network(sslContext=sslContext, proxy=proxy, trustEnv=trustEnv)
            self._install(connection, deadline)
        except ConnectError as error:
            if self._phase is _Phase.CANCELLED:
                raise ConnectError("disconnect() was called while connecting") from error
            raise
        finally:
            with self._lock:
                self._phase = _Phase.QUIET

    def disconnect(self) -> None:
        """Close the connection with 1000, "Guest client disconnect". Never raises.

        Returns when the server has answered and the listeners have heard the last event, after
        some five seconds at the latest. Without a connection, nothing happens; a connect() that
        is under way on another thread fails when its handshake has ended.
        """
        with self._lock:
            connection, dispatcher = self._connection, self._dispatcher
            if self._phase is _Phase.CONNECTING:
                self._phase = _Phase.CANCELLED
        if connection is None or dispatcher is None:
            return
        deadline = time.monotonic() + CLOSE_TIMEOUT
        connection.close(1000, "Guest client disconnect", CLOSE_TIMEOUT)
        dispatcher.join(max(0.0, deadline - time.monotonic()))

    def isInputClosed(self) -> bool:
        """Whether nothing can be received any more; True before the first connect()."""
        connection = self._connection
        return connection is None or connection.is_input_closed

    def isOutputClosed(self) -> bool:
        """Whether nothing can be sent any more; True before the first connect()."""
        connection = self._connection
        return connection is None or connection.is_output_closed

    def _url(self, deploymentId: str, applicationName: str | None) -> str:
        checks.header("deploymentId", deploymentId)
        given = "" if applicationName is None else checks.header("applicationName", applicationName, empty=True)
        application = given or APPLICATION
        query = f"deploymentId={quote(deploymentId, safe='')}&application={quote(application, safe='')}"
        return f"{self._address}{'&' if '?' in self._address else '?'}{query}"

    def _begin_connecting(self) -> None:
        with self._lock:
            if self._phase is not _Phase.QUIET:
                raise ConnectError("a connect() is already under way on another thread")
            if self._connection is not None and self._connection.state is not State.CLOSED:
                raise ConnectError("this client is already connected: call disconnect() first, or use another client")
            self._phase = _Phase.CONNECTING

    def _install(self, connection: Connection, deadline: float) -> None:
        self._session.connect()
        with self._lock:
            cancelled = self._phase is _Phase.CANCELLED
            if not cancelled:
                dispatcher = Dispatcher(self._deliverer(), after=self._dispatcher)
                self._connection, self._dispatcher = connection, dispatcher
        if cancelled:
            connection.abort()
            raise ConnectError("disconnect() was called while connecting")
        heard = threading.Event()

        def connected() -> None:
            try:
                self.onWebSocketConnected()
            finally:
                heard.set()

        dispatcher.post([connected])
        try:
            connection.start(self._receiver(dispatcher), self._ender(connection, dispatcher))
            dispatcher.start()
            if not dispatcher.waits_for_caller():
                heard.wait(max(0.0, deadline - time.monotonic()))
        except NotConnectedError as error:
            raise ConnectError("disconnect() was called while connecting") from error
        except BaseException:
            self.disconnect()
            raise

    def _use_network(self, **how: Any) -> None:
        """Note how the server was reached, so that the REST calls can go the same way."""

    # Receiving. The first two run on the reader thread.

    def _receiver(self, dispatcher: Dispatcher[_Item]) -> Callable[[list[str]], None]:
        understand = self._understand

        def logged(text: str) -> Event:
            log.debug("received %s", redact(text, self._session.secrets()))
            return understand(text)

        def received(texts: list[str]) -> None:
            if log.isEnabledFor(logging.DEBUG):
                # One after the other: a jwt must be known before the next frame is shown.
                dispatcher.post([logged(text) for text in texts])
                return
            # What nobody can be waiting for is decoded by the dispatcher: a queue of texts costs the
            # garbage collector nothing, and the reader is back at the socket sooner.
            dispatcher.post([text if is_plain_message(text) else understand(text) for text in texts])

        return received

    def _understand(self, text: str) -> Event:
        event = decode(text)
        self._session.observe(event)
        self._answers.observe(event)
        self._watches.observe(event)
        return event

    def _ender(self, connection: Connection, dispatcher: Dispatcher[_Item]) -> Callable[[Ending], None]:
        def ended(ending: Ending) -> None:
            self._answers.close(connection)
            self._watches.close(connection)
            if ending.code is None:
                dispatcher.finish([lambda: self.onWebSocketError(ending.reason)])
            else:
                code = ending.code
                dispatcher.finish([lambda: self.onWebSocketDisconnected(code, ending.reason)])

        return ended

    def _deliverer(self) -> Callable[[_Item], None]:
        notify = self._notify
        understand = self._understand
        on_session_event = self.onSessionEvent
        # An envelope for every frame is made only for those who ask for it.
        hooked = getattr(on_session_event, "__func__", None) is not Listening.onSessionEvent

        def deliver(item: _Item) -> None:
            if isinstance(item, str):
                item = understand(item)
            elif not isinstance(item, Event):
                item()
                return
            if hooked:
                on_session_event(item.raw, item.base_message())
            else:
                body = item.base_message() if item.method == UNEXPECTED else item.body
                notify(item.method, body, item.raw)

        return deliver

    # Sending

    def send(self, request: WireModel, *, tracingId: str | None = None) -> str:
        """Send any request model: a quick reply, closeSession, whatever comes.

        The token and the tracing id are filled in where the request has none; the object
        that was given is not changed.

        Args:
            request: One of the requests of :mod:`genesys_webmessaging.models`.
            tracingId: Overrides the request's own.

        Returns:
            The tracing id, which comes back with the answer.

        Raises:
            TypeError: It is no request.
            ValueError: It has no action, or something in it cannot be sent.
            NotConnectedError, NotConfiguredError, ConnectionClosedError: As for every request.
        """
        if not isinstance(request, WireModel) or not hasattr(request, "action") or not hasattr(request, "tracingId"):
            raise TypeError(f"request must be a request of genesys_webmessaging.models, not {type(request).__name__}")
        if not request.action:
            raise ValueError("request has no action, so the server could not tell what to do")
        return self._send(copy.copy(request), tracingId)

    def awaitResponse(self, tracingId: str, timeout: float = DEFAULT_TIMEOUT) -> Any:
        """Wait for the answer to a request. May be called on any thread, also in a listener.

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
            ValueError: No request with this tracing id was sent, or it was long ago.
        """
        seconds = checks.seconds("timeout", timeout, zero=True)
        return self._answers.wait(checks.text("tracingId", tracingId), seconds)

    def _send(self, request: Any, tracingId: str | None) -> str:
        connection = self._connection
        action = str(request.action)
        if connection is None or connection.state is not State.OPEN:
            raise NotConnectedError(f"{action} needs an open connection: call connect() or joinConversation() first")
        if not self._session.configured and action not in _NEED_NO_SESSION:
            raise NotConfiguredError(f"{action} needs a session: call configureSession() first")
        request.tracingId = checks.tracing_id(tracingId if tracingId is not None else request.tracingId or None)
        configures = action in _CONFIGURES
        if configures:
            checks.text("deploymentId", request.deploymentId)
        request.token = checks.text("token", request.token or self._session.token or str(uuid.uuid4()))
        frame = json.dumps(encoder_of(type(request))(request), ensure_ascii=False, separators=(",", ":"))
        checks.encodable(action, frame)
        self._answers.expect(
            connection,
            request.tracingId,
            action,
            getattr(request, "attachmentId", None),
            silent=requests.is_typing(request),
        )
        if log.isEnabledFor(logging.DEBUG):
            log.debug("sending %s", redact(frame, self._session.secrets()))
        if configures:
            # Before it goes out: a listener may act on the answer before the sender runs on.
            self._session.configure(request.token, request.deploymentId)
        try:
            connection.send(frame)
        except BaseException:
            self._answers.forget(request.tracingId)
            raise
        return cast("str", request.tracingId)


# What the dispatcher delivers: a frame, decoded or not yet, or something to call.
_Item: TypeAlias = str | Event | Callable[[], None]

_clients: weakref.WeakSet[ClientCore] = weakref.WeakSet()


def _after_fork() -> None:
    for client in list(_clients):
        client._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
