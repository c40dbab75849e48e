"""What a client stands on: one connection after another, sending on it, and delivering what comes."""

from __future__ import annotations

import json
import logging
import ssl
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from enum import Enum, auto
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote

from .._base import checks
from .._base.fork import renew_after_fork
from .._base.redact import redact
from .._base.threads import Deadline, logger_of, seconds_text
from .._version import __version__
from .._wire.connect import CONNECT_TIMEOUT, ClientCertificate, open_connection
from .._wire.connection import MAX_MESSAGE_SIZE, Connection, Ending, State
from .._wire.tls import shared_context
from ..exceptions import ConnectError, NotConfiguredError, NotConnectedError, RequestError, ResponseTimeoutError
from ..models import (
    BaseMessage,
    CloseSessionRequest,
    ConfigureSessionRequest,
    EventPresenceType,
    NormalizedType,
    RequestType,
    SessionClearedEvent,
    SessionResponse,
    StructuredMessage,
)
from ..models._base import WireModel
from ..models._codec import encoder_of
from . import requests
from .decoding import MESSAGE, UNEXPECTED, Event, decode, is_plain_message, message_reader
from .dispatcher import Dispatcher
from .pending import Pending, Watch
from .session_state import Session

log = logger_of(__name__)

# Seconds that joinConversation() and awaitResponse() take at most unless told otherwise.
ANSWER_TIMEOUT = 30.0
# Seconds that disconnect() waits for the server's close frame, and then as many for the listeners.
CLOSE_TIMEOUT = 5.0
# Bytes that may wait for the listeners unless connect() is told otherwise.
MAX_QUEUE_SIZE = 256 * 1024 * 1024
# Seconds until Windows notices Ctrl-C in a wait without end.
_CTRL_C_LATENCY = 0.5
# Seconds that a server has to close the connection of a cleared conversation itself.
_CLEARED_TIMEOUT = 2.0

APPLICATION = f"genesys-webmessaging-{__version__}"
USER_AGENT = f"genesys-webmessaging/{__version__}"

_REFUSALS = {
    403: "usually the deployment is not active, or is unknown in this region, or does not allow the origin",
}
_CONFIGURES = frozenset({"configureSession", "configureAuthenticatedSession"})
_NAME_AN_ATTACHMENT = frozenset({"onAttachment", "getAttachment", "deleteAttachment"})
# Of the members of an enum, asking for the value costs a call.
_ON_MESSAGE, _TEXT = RequestType.ONMESSAGE.value, NormalizedType.TEXT.value
# What may be the first request on a connection.
_NEED_NO_SESSION = _CONFIGURES | {"getConfiguration"}


def _json_writer() -> Callable[[Any], str]:
    """``JSONEncoder.encode``, which makes its writer anew for each document, at half its cost for a small one."""
    encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    try:
        write = make(None, encoder.default, json.encoder.encode_basestring, None, ":", ",", False, False, True)
    except TypeError:  # another interpreter's, or a later one
        return encoder.encode
    return lambda document: "".join(write(document, 0))


_json_of = _json_writer()


class Owner(Protocol):
    """Who hears what happens on the connections, on the dispatcher: the client."""

    def onWebSocketConnected(self) -> None: ...

    def onWebSocketDisconnected(self, statusCode: int, reason: str) -> None: ...

    def onWebSocketError(self, reason: str) -> None: ...

    def onSessionEvent(self, rawMessage: str, baseMessage: BaseMessage) -> None: ...

    @property
    def _has_own_event_hook(self) -> bool: ...

    @property
    def _may_block(self) -> bool: ...

    def _notify(self, method: str, *args: Any) -> None: ...

    def _notify_of_message(self, message: StructuredMessage, raw: str, *, at_once: bool = False) -> bool: ...


class _Command(Enum):
    """What the dispatcher is told to do."""

    CLOSE = auto()


class _Phase(Enum):
    """Whether a connect() is under way. Whether there is a connection, the connection knows."""

    QUIET = auto()
    CONNECTING = auto()
    CANCELLED = auto()


class _Current:
    """The connection that there is, or was last, with what belongs to it alone."""

    __slots__ = ("connection", "dispatcher", "ending", "number")

    def __init__(self, connection: Connection, dispatcher: Dispatcher[_Item], number: int) -> None:
        self.connection = connection
        self.dispatcher = dispatcher
        self.number = number
        self.ending: Ending | None = None


class Engine:
    """One connection after another, and what is known and awaited on them.

    Args:
        address: Where to connect to.
        owner: Who hears what happens. The threads do not keep it alive.
    """

    def __init__(self, address: str, owner: Owner) -> None:
        self.address = address
        self.session = Session()
        self._pending = Pending()
        self._owner = weakref.ref(owner)
        self._current: _Current | None = None
        self._phase = _Phase.QUIET
        self._network: dict[str, Any] = {}
        # Guards _current, _phase and _network against callers on several threads.
        self._lock = threading.Lock()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        """In a forked child: the connection is the parent's, and who held a lock or was connecting does not exist."""
        self._lock = threading.Lock()
        self._phase = _Phase.QUIET
        self.session.after_fork()
        self._pending.after_fork()

    # Connecting

    @property
    def connection(self) -> Connection | None:
        """The connection that there is, or was last."""
        current = self._current
        return None if current is None else current.connection

    @property
    def network(self) -> dict[str, Any]:
        """How the server was reached, so that the REST calls can go the same way: arguments of an ApiClient."""
        return self._network

    def connect(
        self,
        deployment_id: str,
        origin: str,
        timeout: float | None = None,
        *,
        application_name: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        ca_file: str | None = None,
        client_certificate: ClientCertificate | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        max_message_size: int = MAX_MESSAGE_SIZE,
        max_queue_size: int = MAX_QUEUE_SIZE,
    ) -> None:
        """Open the connection; what :meth:`WebMessagingClient.connect` says."""
        deadline = Deadline(CONNECT_TIMEOUT if timeout is None else checks.seconds("connectionTimeout", timeout))
        url = self._url(deployment_id, application_name)
        headers = [
            ("User-Agent", USER_AGENT),
            ("deploymentId", _as_header(deployment_id)),
            ("Origin", checks.origin(origin)),
        ]
        if proxy is not None:
            checks.text("proxy", proxy)
        for name, size in (("maxMessageSize", max_message_size), ("maxQueueSize", max_queue_size)):
            if checks.whole_number(name, size) == 0:
                raise ValueError(f"{name} must be at least 1 byte")
        self._begin_connecting()
        try:
            connection = open_connection(
                url,
                headers,
                ssl_context=ssl_context,
                ca_file=ca_file,
                client_certificate=client_certificate,
                proxy=proxy,
                trust_env=trust_env,
                timeout=deadline.seconds,
                max_message_size=max_message_size,
                refusals=_REFUSALS,
            )
            if ssl_context is None and (ca_file is not None or client_certificate is not None):
                ssl_context = shared_context(ca_file, client_certificate, trust_env=trust_env)
            with self._lock:
                self._network = {"sslContext": ssl_context, "proxy": proxy, "trustEnv": trust_env}
            self._install(connection, deadline, max_queue_size)
        except ConnectError as error:
            if self._phase is _Phase.CANCELLED:
                raise ConnectError("disconnect() was called while connecting") from error
            raise
        finally:
            with self._lock:
                self._phase = _Phase.QUIET

    def disconnect(self, deadline: Deadline | None = None) -> None:
        """Close the connection; what :meth:`WebMessagingClient.disconnect` says.

        Args:
            deadline: When the connection is cut if the server has not answered by then; five seconds from now at most.
        """
        with self._lock:
            current = self._current
            if self._phase is _Phase.CONNECTING:
                self._phase = _Phase.CANCELLED
        if current is None:
            return
        seconds = CLOSE_TIMEOUT if deadline is None else deadline.at_most(CLOSE_TIMEOUT)
        current.connection.close(1000, "Guest client disconnect", seconds)
        current.dispatcher.join(CLOSE_TIMEOUT if deadline is None else deadline.at_most(CLOSE_TIMEOUT))

    def abandon(self) -> bool:
        """Have the connection closed in the background, because its client is gone. For a finalizer: takes no lock.

        Returns:
            Whether there was an open connection.
        """
        current = self._current
        if current is None or current.connection.state is not State.OPEN:
            return False
        current.dispatcher.insert(_Command.CLOSE)
        return True

    def wait_until_disconnected(self, timeout: float | None) -> Ending | None:
        """Wait until the connection has ended and its last event was delivered (a listener waits for the end alone).

        Returns:
            How it ended; None when the timeout passed, or there never was a connection.
        """
        current = self._current
        if current is None:
            return None
        deadline = None if timeout is None else Deadline(timeout)
        if deadline is None and sys.platform == "win32":
            # There Ctrl-C does not interrupt a wait, but is noticed between two.
            while not self._pending.wait_for_end(current.number, _CTRL_C_LATENCY):
                continue
        if not self._pending.wait_for_end(current.number, timeout):
            return None
        if not current.dispatcher.waits_for_caller():
            current.dispatcher.join(None if deadline is None else deadline.remaining)
            if not current.dispatcher.has_ended:
                return None
        return current.ending

    def _url(self, deployment_id: str, application_name: str | None) -> str:
        checks.header("deploymentId", deployment_id)
        given = "" if application_name is None else checks.header("applicationName", application_name, empty=True)
        application = given or APPLICATION
        query = f"deploymentId={quote(deployment_id, safe='')}&application={quote(application, safe='')}"
        return f"{self.address}{'&' if '?' in self.address else '?'}{query}"

    def _begin_connecting(self) -> None:
        with self._lock:
            if self._phase is not _Phase.QUIET:
                raise ConnectError("a connect() is already under way on another thread")
            if self._current is not None and self._current.connection.state is not State.CLOSED:
                raise ConnectError("this client is already connected: call disconnect() first, or use another client")
            self._phase = _Phase.CONNECTING

    def _install(self, connection: Connection, deadline: Deadline, max_queue_size: int) -> None:
        self.session.connect()
        with self._lock:
            cancelled = self._phase is _Phase.CANCELLED
            if not cancelled:
                before = None if self._current is None else self._current.dispatcher
                dispatcher = Dispatcher(self._deliver_callback(), after=before)
                current = _Current(connection, dispatcher, self._pending.begin())
                self._current = current
        if cancelled:
            connection.abort()
            raise ConnectError("disconnect() was called while connecting")
        heard = threading.Event()
        dispatcher.post([heard])
        try:
            connection.start(
                self._receive_callback(connection, dispatcher, max_queue_size), self._end_callback(current)
            )
            dispatcher.start()
            if not dispatcher.waits_for_caller():
                heard.wait(deadline.remaining)
        except NotConnectedError as error:
            self._pending.end(current.number)
            raise ConnectError("disconnect() was called while connecting") from error
        except BaseException:
            self.disconnect()
            raise

    # Receiving. The reader thread calls what _receive_callback and _end_callback make, the dispatcher the rest.

    def _receive_callback(
        self, connection: Connection, dispatcher: Dispatcher[_Item], max_queue_size: int
    ) -> Callable[[list[str]], None]:
        decode_here = self._decode_on_reader
        pending = self._pending
        owner_of = self._owner
        size_of = str.__sizeof__
        read_message = message_reader()

        def hand_over(owner: Owner, item: _Item) -> bool:
            if type(item) is str:
                message = read_message(item)
                return message is not None and owner._notify_of_message(message, item, at_once=True)
            if type(item) is Event and item.method == "structuredMessage":
                return owner._notify_of_message(item.body, item.raw, at_once=True)
            return False

        def logged(text: str) -> Event:
            log.debug("received %s", redact(text, self.session.secrets()))
            return decode_here(text)

        def received(texts: list[str]) -> None:
            items: list[_Item]
            if log.isEnabledFor(logging.DEBUG):
                # One after the other: a jwt must be known before the next frame is shown.
                items = [logged(text) for text in texts]
            elif pending.wants_messages:
                items = [decode_here(text) for text in texts]
            # What nobody can be waiting for is decoded by the dispatcher: a queue of texts costs the
            # garbage collector nothing, and the reader is back at the socket sooner.
            elif pending.wants_answers:
                items = [text if is_plain_message(text) else decode_here(text) for text in texts]
            else:
                items = [text if MESSAGE in text else decode_here(text) for text in texts]
            owner = owner_of()
            here = 0
            if owner is not None and not owner._may_block and dispatcher.is_idle:
                # Saves a thread switch for whoever is waiting for an answer.
                while here < len(items) and hand_over(owner, items[here]):
                    here += 1
                del items[:here], texts[:here]
            if items:
                dispatcher.post(items, sum(map(size_of, texts)))
            pending.wake()
            if dispatcher.waiting_bytes > max_queue_size:
                connection.abort(
                    f"The listeners are slower than the server: more than {max_queue_size} bytes wait for them"
                )

        return received

    def _decode_on_reader(self, text: str) -> Event:
        event = decode(text)
        self.session.observe(event)
        self._pending.observe(event)
        return event

    def _decode_on_dispatcher(self, text: str) -> Event:
        """Decode, on the dispatcher, what looked like a message that nobody waited for."""
        event = decode(text)
        if event.method != "structuredMessage":
            self.session.observe(event)
            self._pending.observe(event)
            self._pending.wake()
        return event

    def _end_callback(self, current: _Current) -> Callable[[Ending], None]:
        def ended(ending: Ending) -> None:
            current.ending = ending
            self._pending.end(current.number)
            current.dispatcher.finish([ending])

        return ended

    def _deliver_callback(self) -> Callable[[Iterator[_Item]], None]:
        owner_of = self._owner
        decode_here = self._decode_on_dispatcher
        owner = owner_of()
        # An envelope for every frame is made only for those who ask for it.
        hooked = owner is not None and owner._has_own_event_hook
        del owner
        read_message = message_reader()

        def deliver(items: Iterator[_Item]) -> None:
            owner = owner_of()
            notify = None if owner is None or hooked else owner._notify_of_message
            for item in items:
                if type(item) is str and notify is not None and (message := read_message(item)) is not None:
                    notify(message, item)
                else:
                    deliver_any(owner, decode_here(item) if type(item) is str else item)

        def deliver_any(owner: Owner | None, event: _Item) -> None:
            if event is _Command.CLOSE:
                self.disconnect()
            elif owner is None:
                if isinstance(event, threading.Event):
                    event.set()
            elif type(event) is Event:
                if hooked:
                    owner.onSessionEvent(event.raw, event.base_message())
                else:
                    body = event.base_message() if event.method == UNEXPECTED else event.body
                    owner._notify(event.method, body, event.raw)
            elif isinstance(event, threading.Event):
                try:
                    owner.onWebSocketConnected()
                finally:
                    event.set()
            elif isinstance(event, Ending):
                if event.code is None:
                    owner.onWebSocketError(event.reason)
                else:
                    owner.onWebSocketDisconnected(event.code, event.reason)

        return deliver

    # Sending

    def send(self, request: Any, tracing_id: str | None, timeout: float | None = None) -> str:
        """Send a request with its token and tracing id, or ours where it has none. It is not changed.

        Args:
            request: The request.
            tracing_id: Its tracing id; its own, or a new one, if None.
            timeout: Seconds until all of it must be out; None for what the connection allows. 0 sends it only if that
                takes no waiting.

        Returns:
            The tracing id.

        Raises:
            NotConnectedError, NotConfiguredError, ValueError, TypeError: Nothing was sent.
            ConnectionClosedError: The connection broke meanwhile.
            ResponseTimeoutError: The timeout was over before any of it could be sent.
        """
        action = str(request.action)
        connection = self._ready_for(action)
        tracing_id = checks.tracing_id(tracing_id if tracing_id is not None else request.tracingId or None)
        configures = action in _CONFIGURES
        if configures:
            checks.text("deploymentId", request.deploymentId)
        token = checks.text("token", request.token) if request.token else self.session.token or checks.new_uuid()
        document = encoder_of(type(request))(request)
        document["token"], document["tracingId"] = token, tracing_id
        frame = _json_of(document)
        checks.encodable(action, frame)
        attachment_id = request.attachmentId if action in _NAME_AN_ATTACHMENT else None
        self._pending.expect(tracing_id, action, attachment_id, requests.content_of(request))
        if configures:
            # Before it goes out: a listener may act on the answer before the sender runs on.
            self.session.configure(token, request.deploymentId)
        self._write(connection, frame, tracing_id, action, timeout)
        return tracing_id

    def send_text(
        self,
        text: str,
        tracing_id: str | None,
        timeout: float | None = None,
        *,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Send a message that is little more than a text: without the models, which cost half of what sending does.

        Args:
            text: As ``requests.checked_text`` has let it pass.
            tracing_id: As for :meth:`send`.
            timeout: As for :meth:`send`.
            metadata: What else it says.
        """
        connection = self._ready_for(_ON_MESSAGE)
        tracing_id = checks.tracing_id(tracing_id)
        message: dict[str, Any] = {"type": _TEXT, "text": text}
        if metadata is not None:
            message["metadata"] = metadata
        frame = _json_of(
            {"action": _ON_MESSAGE, "token": self.session.token, "tracingId": tracing_id, "message": message}
        )
        self._pending.expect(tracing_id, _ON_MESSAGE, None, requests.Content.of_text(text))
        self._write(connection, frame, tracing_id, _ON_MESSAGE, timeout)
        return tracing_id

    def _ready_for(self, action: str) -> Connection:
        """The connection to send a request on.

        Raises:
            NotConnectedError, NotConfiguredError: It cannot be sent now.
        """
        connection = self.connection
        if connection is None or connection.state is not State.OPEN:
            raise NotConnectedError(f"{action} needs an open connection: call connect() or joinConversation() first")
        if not self.session.configured and action not in _NEED_NO_SESSION:
            raise NotConfiguredError(f"{action} needs a session: call configureSession() first")
        return connection

    def _write(self, connection: Connection, frame: str, tracing_id: str, action: str, timeout: float | None) -> None:
        """Send the frame of a request that is awaited already."""
        if log.isEnabledFor(logging.DEBUG):
            log.debug("sending %s", redact(frame, self.session.secrets()))
        try:
            connection.send(frame, timeout)
        except BlockingIOError as error:
            self._pending.forget(tracing_id)
            longer = f" longer than {seconds_text(timeout)}" if timeout else ""
            raise ResponseTimeoutError(f"{action} was not sent, as it would have had to wait{longer}") from error
        except BaseException:
            self._pending.forget(tracing_id)
            raise

    def send_foreign(self, request: WireModel, tracing_id: str | None, timeout: float | None = None) -> str:
        """Send a request that somebody else has made."""
        if not isinstance(request, WireModel) or not hasattr(request, "action") or not hasattr(request, "tracingId"):
            raise TypeError(f"request must be a request of genesys_webmessaging.models, not {type(request).__name__}")
        if not request.action:
            raise ValueError("request has no action, so the server could not tell what to do")
        seconds = None if timeout is None else checks.seconds("timeout", timeout, zero=True)
        return self.send(request, tracing_id, seconds)

    # Waiting

    def answer(self, tracing_id: str, timeout: float) -> Any:
        """Wait for the answer to a request; what :meth:`WebMessagingClient.awaitResponse` says."""
        return self._pending.wait(tracing_id, timeout)

    def watching(self, wanted: Callable[[Event], bool]) -> AbstractContextManager[Watch]:
        """Within: frames that come are shown to a watch, which waits for the first one that is wanted.

        Args:
            wanted: Called with each frame where it is decoded, on the reader or the dispatcher; must be quick.
        """
        return self._pending.watching(wanted)

    # Sessions: steps that take more than one frame

    def configured(self, configure: Callable[[], str | SessionResponse], timeout: float) -> SessionResponse:
        """Configure a session, and wait until there is one.

        Args:
            configure: Sends the request and returns its tracing id; or waits for the answer itself and returns it.
            timeout: Seconds.

        Raises:
            RequestError: The server refused, or answered that there is no session.
            ResponseTimeoutError: It did not answer in time.
            ConnectionClosedError: The connection ended first.
        """
        deadline = Deadline(timeout)
        with self.watching(lambda event: isinstance(event.body, SessionResponse)) as watch:
            sent = configure()
            tracing_id = sent if isinstance(sent, str) else None
            response = self.answer(sent, deadline.remaining) if isinstance(sent, str) else sent
            if isinstance(response, StructuredMessage):
                # A step-up: the presence SignIn carried the tracing id, and the session is told of after it.
                response = watch.wait(deadline.remaining, "SessionResponse").body
        if not isinstance(response, SessionResponse) or response.connected is False:
            raise RequestError("the server did not open the session", tracingId=tracing_id)
        return response

    def close_session(self, timeout: float) -> SessionResponse:
        """End the session on all its connections; what :func:`genesys_webmessaging.closeSession` says."""
        checks.seconds("timeout", timeout)
        tracing_id = self.send(CloseSessionRequest(closeAllConnections=True), None)
        response = self.answer(tracing_id, timeout)
        if not isinstance(response, SessionResponse) or response.connected is True:
            raise RequestError("the server did not close the session", tracingId=tracing_id)
        return response

    def start_new_chat(self, deployment_id: str | None, timeout: float) -> SessionResponse:
        """Close the session and begin another; what :func:`genesys_webmessaging.startNewChat` says."""
        deadline = Deadline(checks.seconds("timeout", timeout))
        if deployment_id is None:
            deployment_id = self.session.deployment_id or ""  # without a session, closing it is refused
        else:
            checks.text("deploymentId", deployment_id)
        request = ConfigureSessionRequest(deploymentId=deployment_id, startNew=True)
        self.close_session(timeout)
        return self.configured(lambda: self.send(request, None), deadline.remaining)

    def clear_conversation(self, timeout: float) -> None:
        """Clear the conversation and disconnect; what :func:`genesys_webmessaging.clearConversation` says."""
        deadline = Deadline(checks.seconds("timeout", timeout))
        with self.watching(lambda event: isinstance(event.body, SessionClearedEvent)) as watch:
            tracing_id = self.send(requests.presence_event(EventPresenceType.CLEAR), None)
            watch.wait(deadline.remaining, "SessionClearedEvent", request=tracing_id)
            watch.wait_for_end(deadline.at_most(_CLEARED_TIMEOUT))
        self.disconnect()


# What the dispatcher delivers: a frame, decoded or not yet; the beginning, as what is set when it was heard; the end.
_Item: TypeAlias = str | Event | Ending | threading.Event | _Command


def _as_header(text: str) -> str:
    """A text as it can stand in a header: percent-encoded if it goes beyond ASCII, or has a blank at an end."""
    return text if text.isascii() and text == text.strip() else quote(text)
