"""A session that outlives its socket."""

from __future__ import annotations

import math
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from enum import Enum, auto
from functools import partial
from typing import Any

from .._base import checks
from .._base.scheduler import Timer, scheduler
from .._base.threads import Deadline, daemon_thread, logger_of, seconds_text
from .._wire.connect import CONNECT_TIMEOUT
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
from ._gap import Gap, HistoryReader, MessageGate, Reading
from ._reconnect_policy import Backoff, ConnectionPlan, is_final, retry_after
from ._seen import ENOUGH, KEPT, Comparison, Ledger, Unheard
from ._wrapper import ListenerWrapper

__all__ = ["Reconnector", "ReconnectorState"]

log = logger_of(__name__)

# Close codes after which nobody should come back: 1000 is an end that was asked for, here or there.
_FINAL_CLOSES = frozenset({1000, ErrorCode.SESSION_NOT_FOUND, ErrorCode.CANNOT_DOWNGRADE_SESSION})
# Seconds to wait for the last event of a connection before the next one is opened.
_LAST_EVENT = 5.0
# A connection has lasted when it has lived so many times as long as the first delay between two tries.
_LASTING = 10.0
# Seconds that connect() waits at most for what was said before; it is read on in the background then.
_PAST = 5.0
# Seconds that a read may be put off so that it serves several gaps.
_MERGED = 0.5


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
    history's entity for rawMessage, before what comes live on the new connection. The history is read until it must
    have told all: at once, and 1, 3, 10, 30, … seconds after the loss, until it shows something newer than the gap or
    ``historyLag`` seconds have passed since its end, and as long as it fails. Live messages wait for it, but no longer
    than ``holdLive`` seconds; what is found in the history after newer messages have been heard has ``late`` set to
    True. Everything else is heard as it happens, ``webSocketDisconnected`` and ``webSocketConnected`` included::

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
        firstDelay: The limit of the first wait, seconds; it doubles with each try. Waits are random, between half the
            limit and the limit. It begins anew, as maxSeconds does, when a connection has lasted ten times as long.
        maxDelay: The largest limit, seconds.
        answerTimeout: Seconds that the server may take for the answer to a request.
        historyLag: Seconds that the history may be behind what is said.
        holdLive: Seconds that a live message may wait for those that were missed before it.
        keepMessages: So many of the latest messages are remembered, 100 at least, to know them when they come again.
        newSessionOnExpiry: Whether a session that has expired is followed by a new one of the same token. If not,
            that is the end.
        onGivenUp: Called once with the reason, when there will be no further try.
        random: Gives numbers from 0 up to 1, for the waits.

    Raises:
        TypeError: An argument has the wrong type, or a listener cannot be called as one.
        ValueError: A number of seconds is negative or infinite.
    """

    def __init__(
        self,
        client: WebMessagingClient,
        *listeners: SessionListener,
        maxSeconds: float = 300.0,
        firstDelay: float = 0.5,
        maxDelay: float = 30.0,
        answerTimeout: float = 10.0,
        historyLag: float = 5.0,
        holdLive: float = 2.0,
        keepMessages: int = KEPT,
        newSessionOnExpiry: bool = False,
        onGivenUp: Callable[[WebMessagingException], None] | None = None,
        random: Callable[[], float] = random.random,
    ) -> None:
        checks.instance("client", client, WebMessagingClient)
        super().__init__(*listeners)
        self._client = client
        self._max_seconds = checks.seconds("maxSeconds", maxSeconds, zero=True)
        self._new_backoff = partial(
            Backoff,
            checks.seconds("firstDelay", firstDelay, zero=True),
            checks.seconds("maxDelay", maxDelay, zero=True),
            random,
        )
        self._lasting = _LASTING * firstDelay
        self._answer_timeout = checks.seconds("answerTimeout", answerTimeout)
        self._history_lag = checks.seconds("historyLag", historyLag, zero=True)
        self._new_session_on_expiry = newSessionOnExpiry
        self._on_given_up = onGivenUp
        self._ledger = Ledger(kept=max(checks.whole_number("keepMessages", keepMessages), 2 * ENOUGH))
        self._gate = MessageGate(
            self._ledger,
            partial(self._put, "structuredMessage"),
            lambda: self._serial.run(),
            checks.seconds("holdLive", holdLive, zero=True),
        )
        self._reader = HistoryReader(client, self._ledger, self._take_history, answerTimeout, self._history_was_read)
        # Guards the fields below, and whether the gate holds; notified when one of them changes. The gate's lock is
        # taken under it, so that the gate is held as long as a gap is open; the gate never calls back under its own.
        self._changed = threading.Condition()
        self._state = ReconnectorState.IDLE
        self._error: WebMessagingException | None = None
        self._plan: ConnectionPlan | None = None
        self._drop = False  # whether the connection to replace has to be closed first
        self._connection_count = 0
        self._connected_at = -math.inf
        self._backoff: Backoff | None = None
        self._deadline = Deadline(0)
        self._unfinished = 0  # connections whose last event was not heard yet
        self._session_heard = False  # whether the listeners have heard of the session that was configured
        self._gaps: list[Gap] = []
        self._last_gap: Gap | None = None
        self._next_read: Timer | None = None
        self._worker: threading.Thread | None = None

    def _after_fork(self) -> None:
        super()._after_fork()
        self._changed = threading.Condition()
        self._worker = self._next_read = None
        self._gaps = []
        self._state = ReconnectorState.STOPPED
        self._error = ConnectionClosedError("the connection belongs to the process that this one was forked from")
        self._ledger.after_fork()
        self._gate.after_fork()
        self._reader.after_fork()

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

    @property
    def historyReader(self) -> HistoryReader:
        """Who reads the history, for others that have to know what is in it."""
        return self._reader

    @property
    def lastGap(self) -> Gap | None:
        """The last time in which messages may have been missed; None if no connection was lost so far."""
        return self._last_gap

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
            connectionTimeout: Seconds that everything together may take, 30 if None. Later on, each connect may take
                as long, without the session.
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
        timeout = (
            CONNECT_TIMEOUT if connectionTimeout is None else checks.seconds("connectionTimeout", connectionTimeout)
        )
        deadline = Deadline(timeout)
        plan = ConnectionPlan(
            deploymentId,
            origin,
            token or str(uuid.uuid4()),
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
            self._gaps, self._last_gap, self._backoff = [], None, None
        self._ledger.clear()
        try:
            self._client.connect(deploymentId, origin, timeout, **options)
            response = plan.configure(self._client, startNew, deadline)
            if response.newSession is not True and self._max_seconds > 0:
                self._read_prior_history(deadline)
        except BaseException:
            with self._changed:
                self._state = before
                self._changed.notify_all()
            self._client._engine.disconnect(deadline)
            raise
        self._connected()
        return response

    def reconnect(self) -> None:
        """Give the connection up and open another one, because the peer is dead. Returns at once."""
        self._repair("the peer does not answer", drop=True)

    def fillGap(self, timeout: float = 30.0) -> int:
        """Compare with the history now, and let the listeners hear what they have not heard.

        Args:
            timeout: Seconds.

        Returns:
            How many messages that were.

        Raises:
            ResponseTimeoutError: The history was not read in time.
            WebMessagingException: The history cannot be read now.
        """
        deadline = Deadline(checks.seconds("timeout", timeout))
        return self._reader.read(time.monotonic(), math.inf, deadline).missing

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
                    raise ResponseTimeoutError(f"no connection within {seconds_text(timeout)}")
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
        self._gate.live(structuredMessage, rawMessage)
        self._serial.run()

    def unsettledMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Keep a message until it is known what was missed before it."""
        self._gate.unsettled(structuredMessage, rawMessage)

    def webSocketConnected(self) -> None:
        """Pass it on."""
        with self._changed:
            self._unfinished += 1
            for gap in self._gaps:
                if gap.ended_at is None:
                    gap.end_mark = None  # what was told of the session until now belongs to the old connection
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
        mark = self._ledger.mark
        with self._changed:
            for gap in self._gaps:
                gap.end_mark = gap.end_mark or mark
        self._put("sessionResponse", sessionResponse, rawMessage)
        self._serial.put(self._session_was_heard)
        self._serial.run()

    def _session_was_heard(self) -> None:
        with self._changed:
            self._session_heard = True
            self._changed.notify_all()

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

    # Losing a connection

    def _ended(self, how: str, *, asked: bool) -> None:
        with self._changed:
            self._unfinished = max(0, self._unfinished - 1)
            self._changed.notify_all()
            # The last event of a connection that was replaced already says nothing about the new one.
            mine = self._state is ReconnectorState.CONNECTED and self._client.isInputClosed()
            if self._state is ReconnectorState.STOPPED:
                self._gate.release()
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
        """Have the connection replaced, if it is not being replaced already."""
        if self._max_seconds <= 0 and (drop or self._client.isInputClosed()):
            self._stop(ConnectionClosedError(why))
            if drop:
                self._client.disconnect()
            return
        gap = Gap(time.monotonic(), self._ledger.mark)
        with self._changed:
            if self._state is not ReconnectorState.CONNECTED:
                return
            log.info("%s", why)
            self._state, self._drop = ReconnectorState.REPAIRING, drop
            if self._backoff is None or gap.lost_at - self._connected_at >= self._lasting:
                self._backoff, self._deadline = self._new_backoff(), Deadline(self._max_seconds)
            self._gaps.append(gap)
            self._last_gap = gap
            self._gate.hold()
            self._need_worker()

    def _need_worker(self) -> None:
        """Called under the lock."""
        if self._worker is None:
            worker = daemon_thread("reconnector", self._work)
            worker.start()  # which the system may refuse
            self._worker = worker
        self._changed.notify_all()

    # The worker: it replaces connections

    def _work(self) -> None:
        try:
            while (plan := self._plan_to_follow()) is not None:
                self._replace(plan)
        except WebMessagingException as error:
            self._give_up(error)
        except Exception as error:
            log.exception("reconnecting failed in a way that was not foreseen")
            self._give_up(WebMessagingException(f"reconnecting failed: {error!r}"))
        with self._changed:
            if self._worker is threading.current_thread():
                self._worker = None
                self._changed.notify_all()
        self._serial.run()

    def _plan_to_follow(self) -> ConnectionPlan | None:
        with self._changed:
            if self._state is ReconnectorState.REPAIRING:
                return self._plan
            self._worker = None
            self._changed.notify_all()
            return None

    def _replace(self, plan: ConnectionPlan) -> None:
        """Connect until there is a connection, or raise why there will be none."""
        if self._drop:
            self._client.disconnect()
        backoff, deadline = self._backoff or self._new_backoff(), self._deadline
        if deadline.passed:
            raise ConnectionClosedError(f"no connection has lasted for {seconds_text(deadline.seconds)}")
        delay = backoff.next()
        while True:
            self._pause(deadline.at_most(delay))
            try:
                response = self._attempt(plan, deadline)
                break
            except WebMessagingException as error:
                if self._state is not ReconnectorState.REPAIRING or is_final(error) or deadline.passed:
                    raise
                log.info("no connection yet: %s", error)
                delay = max(backoff.next(), retry_after(error))
            if not self._client.isInputClosed():
                self._client.disconnect()
        self._await_session_heard()
        self._connected(new_session=response.newSession is True)

    def _attempt(self, plan: ConnectionPlan, deadline: Deadline) -> SessionResponse:
        renewing = not self._client.isInputClosed()  # the session has expired, the connection has not
        if not renewing:
            self._await_last_event()
            plan.connect(self._client, deadline)
            if self._state is not ReconnectorState.REPAIRING:
                raise ConnectionClosedError("the Reconnector was closed")
        with self._changed:
            self._session_heard = False
        return plan.reconfigure(self._client, renewing=renewing)

    def _connected(self, *, new_session: bool = False) -> None:
        """The connection is ready, unless it was lost or closed meanwhile."""
        now = time.monotonic()
        with self._changed:
            for gap in self._gaps:
                gap.ended_at = gap.ended_at or now
            if new_session:
                self._gaps = []  # what was missed belongs to the session that is over
                self._gate.release()
            if self._state in (ReconnectorState.CONNECTING, ReconnectorState.REPAIRING):
                self._state = ReconnectorState.CONNECTED
                self._connection_count += 1
                self._connected_at = now
                log.info("the connection is ready")
            self._changed.notify_all()
        self._check_gaps()
        if self._client.isInputClosed():
            self._repair("the connection was lost at once", drop=False)

    # Reading the history

    def _read_prior_history(self, deadline: Deadline) -> None:
        """What was said before is not a gap, but has to be known."""
        past = Gap(time.monotonic(), -math.inf, unheard=True)
        past.ended_at = past.lost_at
        with self._changed:
            self._gaps.append(past)
        try:
            self._reader.read(past.lost_at, past.mark, Deadline(deadline.at_most(_PAST)))
        except WebMessagingException as error:
            log.warning("what was said before is not known yet: %s", error)

    def _is_closed(self, gap: Gap, reading: Reading | None) -> bool:
        return reading is not None and gap.is_closed_by(reading, 0.0 if gap.unheard else self._history_lag)

    def _check_gaps(self) -> None:
        """Have the history read when it is time to, until all gaps are closed."""
        reading, last, failures = self._reader.last, self._reader.last_began, self._reader.failures
        with self._changed:
            if self._state is ReconnectorState.CONNECTED:
                self._gaps = [gap for gap in self._gaps if not self._is_closed(gap, reading)]
                if self._gaps:
                    due = _merged(gap.next_read(last, self._history_lag, failures) for gap in self._gaps)
                    self._read_at(due)
                else:
                    self._read_at(math.inf)
                    self._gate.release()
        self._serial.run()

    def _read_at(self, due: float) -> None:
        """Called under the lock."""
        if self._next_read is not None:
            self._next_read.cancel()
        self._next_read = scheduler.call_at(due, self._read_history) if due < math.inf else None

    def _read_history(self) -> None:
        """It is time. On the scheduler's thread: what takes long is the reader's, on its own."""
        with self._changed:
            timer = self._next_read
            if timer is None or timer.due > time.monotonic() or self._state is not ReconnectorState.CONNECTED:
                return
            due, mark = timer.due, min((gap.mark for gap in self._gaps), default=math.inf)
        if not self._reader.request(due, mark):
            # Listeners may be called in it.
            daemon_thread("history", self._check_gaps).start()

    def _take_history(self, entities: list[WebMessagingMessage], session: int) -> Comparison:
        with self._changed:
            past = [gap for gap in self._gaps if gap.unheard]
            marks = [gap.mark for gap in self._gaps if not gap.unheard]
        unheard = Unheard.NONE if not past else Unheard.BEFORE_LIVE if marks else Unheard.ALL
        return self._gate.fill(entities, unheard=unheard, mark=min(marks, default=math.inf), session=session)

    def _history_was_read(self) -> None:
        self._serial.run()
        self._check_gaps()

    # The end

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
            self._gaps = []
            self._read_at(math.inf)
            self._gate.release()
            self._changed.notify_all()
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

    def _await_session_heard(self) -> None:
        """Let the listeners hear of the session before it is used."""
        with self._changed:
            heard = self._changed.wait_for(
                lambda: self._session_heard or self._state is not ReconnectorState.REPAIRING, _LAST_EVENT
            )
            if not heard:
                log.warning("the listeners are slow: the session is used before they have heard of it")

    def _await_last_event(self) -> None:
        """Let the listeners hear the end of the old connection before the beginning of the new one."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._unfinished == 0, _LAST_EVENT):
                log.warning("the listeners are slow: a new connection begins before they have heard the old one's end")


def _merged(due: Iterable[float]) -> float:
    """When to read the history for several gaps at once."""
    times = list(due)
    first = min(times)
    return first if first <= time.monotonic() else max(one for one in times if one <= first + _MERGED)


def _call_given_up(call: Callable[[WebMessagingException], None], error: WebMessagingException) -> None:
    try:
        call(error)
    except Exception:
        log.exception("onGivenUp raised")
