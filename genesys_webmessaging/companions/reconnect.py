"""A session that outlives its socket."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..exceptions import (
    ConnectError,
    ConnectionClosedError,
    RequestError,
    ResponseTimeoutError,
    WebMessagingException,
)
from ..listener import SessionListener
from ..models import (
    BaseMessage,
    ConnectionClosedEvent,
    JourneyContext,
    LogoutEvent,
    SessionClearedEvent,
    SessionExpiredEvent,
    SessionResponse,
    StructuredMessage,
    WebMessagingMessage,
)
from ._again import again
from ._ledger import Ledger
from ._plan import SESSION_EXPIRED, SESSION_NOT_FOUND, Plan
from ._repair import LAST_EVENT, ReconnectorState, Repairer

if TYPE_CHECKING:
    from ..client import WebMessagingClient

__all__ = ["Reconnector", "ReconnectorState"]

# Close codes after which nobody should come back: 1000 is an end that was asked for, here or there.
_FINAL_CLOSES = frozenset({1000, 4007, 4017})


class Reconnector(Repairer):
    """Opens a new connection when one is lost, resumes the session, and fills the gap from the history.

    The listeners that it serves hear every message once and in order: those that were said in between (messages that
    other devices sent, too) come from the history, as ``structuredMessage(message, rawMessage)`` with the JSON of the
    history's entity for rawMessage, before what comes live on the new connection. Everything else is heard as it
    happens, ``webSocketDisconnected`` and ``webSocketConnected`` included::

        reconnector = Reconnector(client, mine)
        client.addSessionListener(Reorder(reconnector))
        reconnector.connect("demo", "https://shop.example")

    Lost connections are replaced; those that ended normally (code 1000) are not, nor does it go on after a refusal
    that would come again (403, 4007, 4017, …), a logout, a ``ConnectionClosedEvent`` or a cleared session. Use
    :meth:`close` to leave: a client's own ``disconnect()`` that the server does not answer looks like a loss.

    Args:
        client: The client whose connection is watched. It must be added to it as a listener.
        listeners: Whom it serves.
        maxSeconds: How long one loss is fought at most; 0 for not at all.
        firstDelay: The limit of the first wait, seconds; it doubles with each try. Waits are random below the limit.
        maxDelay: The largest limit, seconds.
        answerTimeout: Seconds that the server may take for the answer to a request.
        newSessionOnExpiry: Whether a session that has expired is followed by a new one of the same token. If not,
            that is the end.
        onGivenUp: Called once with the reason, when there will be no further try.
        random: Gives numbers from 0 up to 1, for the waits.

    Raises:
        TypeError: A listener cannot be called as one.
    """

    def __init__(
        self,
        client: WebMessagingClient,
        *listeners: SessionListener,
        maxSeconds: float = 300.0,
        firstDelay: float = 0.5,
        maxDelay: float = 30.0,
        answerTimeout: float = 10.0,
        newSessionOnExpiry: bool = False,
        onGivenUp: Callable[[WebMessagingException], None] | None = None,
        random: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(
            client,
            listeners,
            max_seconds=maxSeconds,
            delays=(firstDelay, maxDelay, random),
            answer_timeout=answerTimeout,
            new_session_on_expiry=newSessionOnExpiry,
            on_given_up=onGivenUp,
        )

    # For everybody

    @property
    def state(self) -> ReconnectorState:
        """What it is doing now."""
        return self._state

    @property
    def error(self) -> WebMessagingException | None:
        """Why it has stopped, None if it has not, or was asked to."""
        return self._error

    @property
    def connectionCount(self) -> int:
        """How many connections were made ready so far."""
        return self._connection_count

    @property
    def newSessionOnExpiry(self) -> bool:
        """Whether a session that has expired is followed by a new one."""
        return self._new_session_on_expiry

    @property
    def ledger(self) -> Ledger:
        """Which messages were heard."""
        return self._ledger

    def connect(
        self,
        deploymentId: str,
        origin: str,
        connectionTimeout: float | None = None,
        *,
        token: str | None = None,
        startNew: bool | None = None,
        journeyContext: JourneyContext | None = None,
        configure: Callable[[str], str | SessionResponse] | None = None,
        **options: Any,
    ) -> SessionResponse:
        """Connect, configure the session and wait for it. This first time is not tried again.

        Args:
            deploymentId: The deployment to talk to.
            origin: The origin of the guest's web page.
            connectionTimeout: Seconds that one connect may take; 30 if None.
            token: The session's token; a random UUID if None.
            startNew: True for a fresh session of this token, None or False to resume the one there is.
            journeyContext: What the page knows of the customer's journey.
            configure: Called with the token instead of configureSession, every time; returns the tracing id of the
                request that it has sent, or the server's answer. For guests who have signed in.
            options: More arguments of the client's ``connect``.

        Returns:
            The server's answer.

        Raises:
            ConnectError, ConnectTimeoutError: There was no connection to be had, or there is one already.
            RequestError: The server refused the session.
            ResponseTimeoutError: The session was not ready in time.
            ConnectionClosedError: The connection broke meanwhile.
            TypeError, ValueError: An argument cannot be right.
        """
        timeout = 30.0 if connectionTimeout is None else connectionTimeout
        made = token or str(uuid.uuid4())
        plan = Plan(
            deploymentId,
            origin,
            made,
            journeyContext,
            configure,
            timeout,
            self._answer_timeout,
            self._new_session_on_expiry,
            options,
        )
        with self._changed:
            if self._state not in (ReconnectorState.IDLE, ReconnectorState.STOPPED):
                raise ConnectError("this Reconnector is connected already: call close() first")
            before, self._state, self._error, self._plan = self._state, ReconnectorState.CONNECTING, None, plan
        self._ledger.clear()
        try:
            self._client.connect(deploymentId, origin, connectionTimeout, **options)
            response = plan.configure(self._client, startNew)
            if response.newSession is not True and self._max_seconds > 0:
                self._read_gap(silently=True)  # what was said before is no gap, but has to be known
        except BaseException:
            with self._changed:
                self._state = before
                self._changed.notify_all()
            self._client.disconnect()
            raise
        self._finish()
        return response

    def reconnect(self) -> None:
        """Give the connection up and open another one, because the peer is dead. Returns at once."""
        self._repair("the peer does not answer", drop=True)

    def fillGap(self) -> int:
        """Compare with the history now, and let the listeners hear what they have not heard.

        Returns:
            How many messages that were.

        Raises:
            WebMessagingException: The history cannot be read now.
        """
        found: list[WebMessagingMessage] = []
        self._stream.hold()
        try:
            found = self._gap.missing(thorough=self._gap_is_open)
        finally:
            self._stream.release(found)
            self._serial.run()
        return len(found)

    def awaitConnected(self, timeout: float, *, after: int = 0) -> None:
        """Wait until there is a connection that is ready to be used.

        Args:
            timeout: Seconds.
            after: What :attr:`connectionCount` was when the last one was lost.

        Raises:
            ResponseTimeoutError: There was none in time.
            WebMessagingException: There will be none: why the Reconnector has stopped.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (self._state is ReconnectorState.CONNECTED and self._connection_count > after):
                if self._state is ReconnectorState.STOPPED:
                    raise again(self._error) if self._error else ConnectionClosedError("the Reconnector was closed")
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise ResponseTimeoutError(f"no connection within {timeout:g} seconds")
                self._changed.wait(remaining)

    def close(self) -> None:
        """Disconnect, and do not come back. Does nothing the second time. Never raises."""
        worker = self._stop(None)
        self._client.disconnect()
        if worker is not None and worker is not threading.current_thread():
            worker.join(LAST_EVENT)

    # What is heard

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Pass a message on, unless it was heard before; after those that were missed."""
        self._stream.heard(structuredMessage, rawMessage)
        self._serial.run()

    def unsettledMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Keep a message until it is known what was missed before it."""
        self._stream.unsettled(structuredMessage, rawMessage)

    def webSocketConnected(self) -> None:
        """Pass it on."""
        with self._changed:
            self._unfinished += 1
        self._pass_on("webSocketConnected")

    def webSocketDisconnected(self, statusCode: int, reason: str) -> None:
        """Pass it on, and open a new connection unless this end was asked for."""
        # Our own close that found no answer is 1006 with a sentence of the client's; a lost connection has none.
        asked = statusCode in _FINAL_CLOSES or (statusCode == 1006 and bool(reason))
        self._put("webSocketDisconnected", statusCode, reason)
        self._ended(f"the connection was closed with {statusCode} {reason}".rstrip(), asked=asked)
        self._serial.run()

    def webSocketError(self, reason: str) -> None:
        """Pass it on, and open a new connection."""
        self._put("webSocketError", reason)
        self._ended(f"the connection broke: {reason}", asked=False)
        self._serial.run()

    def sessionResponse(self, sessionResponse: SessionResponse, rawMessage: str) -> None:
        """Pass it on; what was heard in another session does not count in a new one."""
        if sessionResponse.newSession is True:
            self._ledger.clear()
        self._pass_on("sessionResponse", sessionResponse, rawMessage)

    def sessionExpiredEvent(self, sessionExpiredEvent: SessionExpiredEvent, rawMessage: str) -> None:
        """Pass it on, and begin a new session if that is wanted."""
        self._pass_on("sessionExpiredEvent", sessionExpiredEvent, rawMessage)
        self._expired()

    def sessionClearedEvent(self, sessionClearedEvent: SessionClearedEvent, rawMessage: str) -> None:
        """Pass it on; this conversation is over."""
        self._pass_on("sessionClearedEvent", sessionClearedEvent, rawMessage)
        self._stop(ConnectionClosedError("the conversation was cleared"))

    def connectionClosedEvent(self, connectionClosedEvent: ConnectionClosedEvent, rawMessage: str) -> None:
        """Pass it on; the server wants this connection to end."""
        self._pass_on("connectionClosedEvent", connectionClosedEvent, rawMessage)
        self._stop(ConnectionClosedError("the server closes this connection"))

    def unexpectedMessage(self, baseMessage: BaseMessage, rawMessage: str) -> None:
        """Pass it on; after a logout, and where the session is not known any more, it is over."""
        self._pass_on("unexpectedMessage", baseMessage, rawMessage)
        if baseMessage.code == SESSION_EXPIRED:
            self._expired()
        elif baseMessage.code == SESSION_NOT_FOUND:
            self._stop(RequestError("the session is not known any more", code=SESSION_NOT_FOUND))
        if isinstance(baseMessage.body, LogoutEvent):
            self._stop(ConnectionClosedError("the guest has signed out"))
