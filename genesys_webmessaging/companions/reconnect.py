"""A session that outlives its socket."""

from __future__ import annotations

import logging
import random
import threading
import uuid
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import Any

from .._base.threads import Deadline, daemon_thread
from ..client import WebMessagingClient
from ..exceptions import (
    ConnectError,
    ConnectionClosedError,
    ErrorCode,
    RequestError,
    ResponseTimeoutError,
    WebMessagingException,
    copy_of,
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
from ._attempts import Backoff, ConnectionPlan, is_final, retry_after
from ._gap import HistoryGap, MessageGate
from ._seen import Ledger
from ._wrapper import ListenerWrapper

__all__ = ["Reconnector", "ReconnectorState"]

log = logging.getLogger(__name__)

# Close codes after which nobody should come back: 1000 is an end that was asked for, here or there.
_FINAL_CLOSES = frozenset({1000, ErrorCode.SESSION_NOT_FOUND, ErrorCode.CANNOT_DOWNGRADE_SESSION})
# Seconds to wait for the last event of a connection before the next one is opened.
_LAST_EVENT = 5.0
# So often the history is asked for after one reconnect; what it does not give then, the next time gives.
HISTORY_TRIES = 3


class ReconnectorState(Enum):
    """What a Reconnector is doing."""

    IDLE = auto()
    CONNECTING = auto()
    CONNECTED = auto()
    REPAIRING = auto()
    STOPPED = auto()


class Reconnector(ListenerWrapper):
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
        super().__init__(*listeners)
        self._client = client
        self._max_seconds = maxSeconds
        self._new_backoff = partial(Backoff, firstDelay, maxDelay, random)
        self._answer_timeout = answerTimeout
        self._new_session_on_expiry = newSessionOnExpiry
        self._on_given_up = onGivenUp
        self._ledger = Ledger()
        self._gate = MessageGate(self._ledger, lambda message, raw: self._put("structuredMessage", message, raw))
        self._gap = HistoryGap(client, self._ledger, answerTimeout)
        # Guards the fields below; notified when one of them changes.
        self._changed = threading.Condition()
        self._state = ReconnectorState.IDLE
        self._error: WebMessagingException | None = None
        self._plan: ConnectionPlan | None = None
        self._connection_count = 0
        self._unfinished = 0  # connections whose last event was not heard yet
        self._gap_is_open = False
        self._worker: threading.Thread | None = None

    # What it is asked

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
        plan = ConnectionPlan(
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
                self._read_gap(unheard=True)  # what was said before is no gap, but has to be known
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
        self._gate.hold()
        try:
            found = self._gap.missing(thorough=self._gap_is_open)
        finally:
            self._gate.release(found)
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
        deadline = Deadline(timeout)
        with self._changed:
            while not (self._state is ReconnectorState.CONNECTED and self._connection_count > after):
                if self._state is ReconnectorState.STOPPED:
                    raise copy_of(self._error) if self._error else ConnectionClosedError("the Reconnector was closed")
                if deadline.passed:
                    raise ResponseTimeoutError(f"no connection within {timeout:g} seconds")
                self._changed.wait(deadline.remaining)

    def close(self) -> None:
        """Disconnect, and do not come back. Does nothing the second time. Never raises."""
        worker = self._stop(None)
        self._client.disconnect()
        if worker is not None and worker is not threading.current_thread():
            worker.join(_LAST_EVENT)

    # What is heard

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Pass a message on, unless it was heard before; after those that were missed."""
        self._gate.heard(structuredMessage, rawMessage)
        self._serial.run()

    def unsettledMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Keep a message until it is known what was missed before it."""
        self._gate.unsettled(structuredMessage, rawMessage)

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
        if baseMessage.code == ErrorCode.SESSION_EXPIRED:
            self._expired()
        elif baseMessage.code == ErrorCode.SESSION_NOT_FOUND:
            self._stop(RequestError("the session is not known any more", code=ErrorCode.SESSION_NOT_FOUND))
        if isinstance(baseMessage.body, LogoutEvent):
            self._stop(ConnectionClosedError("the guest has signed out"))

    # Replacing a connection

    def _ended(self, how: str, *, asked: bool) -> None:
        with self._changed:
            self._unfinished = max(0, self._unfinished - 1)
            self._changed.notify_all()
            # The last event of a connection that was replaced already says nothing about the new one.
            mine = self._state is ReconnectorState.CONNECTED and self._client.isInputClosed()
        if not mine:
            return
        if asked:
            self._stop(ConnectionClosedError(how))
        else:
            self._repair(how, drop=False)

    def _expired(self) -> None:
        if self._new_session_on_expiry:
            self._repair("the session has expired", drop=False)
        else:
            self._stop(RequestError("the session has expired", code=ErrorCode.SESSION_EXPIRED))

    def _repair(self, why: str, *, drop: bool) -> None:
        if self._max_seconds <= 0 and (drop or self._client.isInputClosed()):
            self._stop(ConnectionClosedError(why))
            if drop:
                self._client.disconnect()
            return
        log.info("%s", why)
        self._gate.hold()
        with self._changed:
            plan = self._plan if self._state is ReconnectorState.CONNECTED else None
            if plan is not None:
                self._state = ReconnectorState.REPAIRING
                self._worker = daemon_thread("reconnector", self._work, plan, drop)
                self._worker.start()
        if plan is None:
            self._gate.release()
            self._serial.run()

    def _work(self, plan: ConnectionPlan, drop: bool) -> None:
        found: list[WebMessagingMessage] = []
        try:
            if drop:
                self._client.disconnect()
            found = self._open_another(plan)
        except WebMessagingException as error:
            self._give_up(error)
        except Exception as error:
            log.exception("reconnecting failed in a way that was not foreseen")
            self._give_up(WebMessagingException(f"reconnecting failed: {error!r}"))
        self._gate.release(found)
        self._serial.run()
        self._finish()

    def _open_another(self, plan: ConnectionPlan) -> list[WebMessagingMessage]:
        """Returns what was missed, or raises why there is no connection and will be none."""
        deadline = Deadline(self._max_seconds)
        backoff = self._new_backoff()
        delay = backoff.next()
        while True:
            self._pause(deadline.at_most(delay))
            try:
                return self._attempt(plan, deadline)
            except WebMessagingException as error:
                if self._state is not ReconnectorState.REPAIRING or is_final(error):
                    raise
                log.info("no connection yet: %s", error)
                if deadline.passed:
                    raise
                delay = max(backoff.next(), retry_after(error))
            if not self._client.isInputClosed():
                self._client.disconnect()

    def _attempt(self, plan: ConnectionPlan, deadline: Deadline) -> list[WebMessagingMessage]:
        renewing = not self._client.isInputClosed()  # the session has expired, the connection has not
        if not renewing:
            self._await_last_event()
            plan.connect(self._client, deadline)
            if self._state is not ReconnectorState.REPAIRING:
                raise ConnectionClosedError("the Reconnector was closed")
        response = plan.reconfigure(self._client, renewing=renewing)
        return [] if response.newSession is True else self._read_gap()

    def _read_gap(self, *, unheard: bool = False) -> list[WebMessagingMessage]:
        backoff = self._new_backoff()
        for left in reversed(range(HISTORY_TRIES)):
            found = self._history_once(unheard)
            if found is not None:
                self._gap_is_open = False
                return found
            self._pause(backoff.next() if left else 0.0)
        log.error("what was said in between is missing until the history can be read again")
        self._gap_is_open = True
        return []

    def _history_once(self, unheard: bool) -> list[WebMessagingMessage] | None:
        try:
            return self._gap.missing(thorough=self._gap_is_open, unheard=unheard)
        except WebMessagingException as error:
            if self._client.isInputClosed():
                raise ConnectionClosedError("the connection broke while the history was read") from error
            log.warning("the history cannot be read: %s", error)
            return None

    def _finish(self) -> None:
        """The connection is ready, unless it was lost or closed meanwhile."""
        with self._changed:
            if self._state in (ReconnectorState.CONNECTING, ReconnectorState.REPAIRING):
                self._state = ReconnectorState.CONNECTED
                self._connection_count += 1
                log.info("the connection is ready")
            self._worker = None
            self._changed.notify_all()
        if self._client.isInputClosed():
            self._repair("the connection was lost at once", drop=False)

    def _give_up(self, error: WebMessagingException) -> None:
        log.warning("no further try to connect: %s", error)
        self._stop(error)
        self._client.disconnect()

    def _stop(self, error: WebMessagingException | None) -> threading.Thread | None:
        """Come to the end, once. Returns the thread that was at work."""
        with self._changed:
            worker = self._worker
            if self._state in (ReconnectorState.IDLE, ReconnectorState.STOPPED):
                return worker
            self._state = ReconnectorState.STOPPED
            self._error = error
            self._changed.notify_all()
        self._gate.flush()
        if error is not None and self._on_given_up is not None:
            call = self._on_given_up
            self._serial.put(lambda: _call_given_up(call, error))
        self._serial.run()
        return worker

    def _pause(self, seconds: float) -> None:
        """Wait, unless there is nothing to wait for any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._state is ReconnectorState.STOPPED, seconds)
            if self._state is ReconnectorState.STOPPED:
                raise ConnectionClosedError("the Reconnector was closed")

    def _await_last_event(self) -> None:
        """Let the listeners hear the end of the old connection before the beginning of the new one."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._unfinished == 0, _LAST_EVENT):
                log.warning("the listeners are slow: a new connection begins before they have heard the old one's end")


def _call_given_up(call: Callable[[WebMessagingException], None], error: WebMessagingException) -> None:
    try:
        call(error)
    except Exception:
        log.exception("onGivenUp raised")
