"""Messages that arrive: once, in order, whatever happens to the connection."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace

from .._base import checks
from .._base.fork import renew_after_fork
from .._base.hints import Hinting
from .._base.threads import Deadline, daemon_thread, logger_of, seconds_text
from .._core.requests import checked_text, text_message
from ..client import WebMessagingClient
from ..exceptions import (
    ConnectError,
    ConnectionClosedError,
    ErrorCode,
    NotConfiguredError,
    NotConnectedError,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
    WebMessagingException,
    copy_of,
)
from ..listener import SessionListener
from ..models import (
    BaseMessagingChannel,
    Direction,
    IncomingNormalizedMessage,
    NormalizedType,
    SendMessageRequest,
    SessionResponse,
    StructuredMessage,
    WebMessagingMessage,
)
from ._gap import Gap, HistoryReader
from ._reconnect_policy import RefusalWaits
from ._seen import CUSTOM_ID, Comparison, Ledger, SeenMessage
from .reconnect import Reconnector

__all__ = ["Delivery", "textMessage"]

log = logger_of(__name__)

# With so few seconds left the time is no longer divided between waiting for the echo and looking the message up.
_LAST_TRY = 1.0
# Seconds after which a lost connection is looked at again, in case nobody told that there is a new one.
_LOOK_AGAIN = 0.5
# Seconds that a call waits beyond its time for the worker, which ends every step in time, to say what became of it.
_GRACE = 0.5


def textMessage(
    text: str, customAttributes: Mapping[str, str] | None = None, attachmentIds: Sequence[str] = ()
) -> SendMessageRequest:
    """The request that says something, as ``sendMessage`` makes it.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: There is neither a text nor an attachment.
    """
    return text_message(text, attachmentIds, customAttributes, None)


class _Job:
    """A message on its way.

    Attributes:
        message: The text if it is nothing else, or the request.
        deadline: By when it must have arrived; None until its turn comes, if its time does not count before.
        since: The mark of the ledger before it was sent: nothing that was noted earlier can be it.
        doubt: Since when it is not known whether it has arrived; None if it certainly has not.
        sent_at: When it was sent last, a time of ``time.monotonic``.
        lost: Whether the connection was lost on which it was sent.
    """

    # Made under the lock of its Delivery when it is queued: a sender that delivers itself needs none.
    future: Future[StructuredMessage]

    def __init__(self, message: str | SendMessageRequest, id_: str, seconds: float, deadline: Deadline | None) -> None:
        self.message = message
        self.id = id_
        self.seconds = seconds
        self.deadline = deadline
        self.since = 0
        self.sent_at = 0.0
        self.doubt: Gap | None = None
        self.lost = False

    def doubt_since(self, moment: float, *, lost: bool = False) -> None:
        """It may have arrived, but not after a moment."""
        self.doubt = Gap(moment, self.since)
        self.doubt.ended_at = moment
        self.lost = lost

    def has_not_arrived(self) -> None:
        """That is certain."""
        self.doubt, self.lost = None, False

    def late(self) -> ResponseTimeoutError:
        """What is raised when its time is over."""
        within = f"within {seconds_text(self.seconds)}"
        if self.doubt is not None:
            return ResponseTimeoutError(f"the message has not certainly arrived {within}; it may have arrived")
        return ResponseTimeoutError(f"the message could not be sent {within}; it has certainly not arrived")


class Delivery(Hinting, SessionListener):
    """Sends messages one after the other, each until it has certainly arrived.

    A message is done when its echo came. When the server wants fewer messages, it waits as long as it is told to.
    When the echo does not come in time, or the connection is lost, the message is looked up in the history, and sent
    again only when it is certain that it did not arrive: when the history shows something newer and not the message, or
    was read so late that even a history that lags behind must show it. As long as that is not certain, it waits. A
    message that is sent again keeps its tracing id, and its ``metadata.customMessageId``, which is the same and which a
    server may copy onto the echo and into the history.

    With a :class:`Reconnector` it waits for its connections, and what it finds in the history is heard by the
    Reconnector's listeners, too. Without one, somebody else has to open a new connection and configure the session.

    Args:
        client: The client to send with. Delivery should be added to it as a listener.
        reconnector: Who replaces the client's connections.
        echoTimeout: Seconds that an echo may take.
        historyLag: Seconds that the history may be behind what is said.
        timeout: Seconds that one message may take, everything included.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A number of seconds cannot be right.
    """

    def __init__(
        self,
        client: WebMessagingClient,
        reconnector: Reconnector | None = None,
        *,
        echoTimeout: float = 10.0,
        historyLag: float = 5.0,
        timeout: float = 120.0,
    ) -> None:
        checks.instance("client", client, WebMessagingClient)
        if reconnector is not None:
            checks.instance("reconnector", reconnector, Reconnector)
        self._client = client
        self._reconnector = reconnector
        self._echo_timeout = checks.seconds("echoTimeout", echoTimeout)
        self._history_lag = checks.seconds("historyLag", historyLag, zero=True)
        self._timeout = checks.seconds("timeout", timeout, zero=True)
        if reconnector is None:
            self._ledger = Ledger()
            self._reader = HistoryReader(client, self._ledger, self._take_history, echoTimeout)
        else:
            self._ledger, self._reader = reconnector.ledger, reconnector.historyReader
        # Guards the fields below.
        self._lock = threading.RLock()
        # Notified when one of them changes.
        self._changed = threading.Condition(self._lock)
        self._jobs: deque[_Job] = deque()
        self._sessions = 0
        self._session_mark: int | None = None  # the mark of the ledger when the session of this connection was told of
        self._token: str | None = None
        self._closed: WebMessagingException | None = None
        self._deliverer: threading.Thread | None = None  # whose turn it is: a sender's, or our own for a queue
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._deliverer = None
        self._jobs.clear()
        self._closed = ConnectionClosedError("the connection belongs to the process that this one was forked from")
        if self._reconnector is None:
            self._ledger.after_fork()
            self._reader.after_fork()

    def send(
        self,
        message: str | SendMessageRequest,
        customAttributes: Mapping[str, str] | None = None,
        *,
        attachmentIds: Sequence[str] = (),
        timeout: float | None = None,
    ) -> StructuredMessage:
        """Send a message, and return when it has arrived.

        In a listener, use :meth:`submit`: a listener that waits here keeps others from hearing that the connection
        is lost.

        Args:
            message: The text, or a whole request.
            customAttributes: Data for the flow and the agent.
            attachmentIds: Files whose UploadSuccessEvent has come.
            timeout: Seconds; what was given to the constructor if None.

        Returns:
            The echo; what the history tells of it if the echo was lost.

        Raises:
            RequestError: The server refused the message.
            ResponseTimeoutError: It has not certainly arrived in time. The error says whether it may have.
            ConnectionClosedError: The connection is lost, and there will be no other.
            WebMessagingException: Why the Reconnector has given up.
            TypeError, ValueError: An argument cannot be right.
        """
        seconds = self._seconds(timeout)
        job = self._job(message, customAttributes, attachmentIds, seconds, Deadline(seconds))
        if not self._submit(job, here=True):
            return self._result_of(job)
        try:
            return self._outcome(job)
        finally:
            self._end_turn()

    def submit(
        self,
        message: str | SendMessageRequest,
        customAttributes: Mapping[str, str] | None = None,
        *,
        attachmentIds: Sequence[str] = (),
        timeout: float | None = None,
    ) -> Future[StructuredMessage]:
        """Send a message after those submitted before. Returns at once; the arguments are those of :meth:`send`.

        Its time begins when its turn has come.

        Returns:
            What :meth:`send` would return or raise. It can be cancelled until its turn has come.
        """
        job = self._job(message, customAttributes, attachmentIds, self._seconds(timeout), None)
        self._submit(job)
        return job.future

    def _seconds(self, timeout: float | None) -> float:
        return self._timeout if timeout is None else checks.seconds("timeout", timeout, zero=True)

    def _job(
        self,
        message: str | SendMessageRequest,
        attributes: Mapping[str, str] | None,
        attachment_ids: Sequence[str],
        seconds: float,
        deadline: Deadline | None,
    ) -> _Job:
        if not isinstance(message, SendMessageRequest):
            if not attributes and not attachment_ids:
                return _Job(checked_text(message), checks.new_uuid(), seconds, deadline)
            message = textMessage(message, attributes, attachment_ids)
        elif attributes or attachment_ids:
            raise TypeError("customAttributes and attachmentIds are part of the request object already")
        id_ = message.tracingId or checks.new_uuid()
        return _Job(_stamped(message, id_), id_, seconds, deadline)

    def _submit(self, job: _Job, *, here: bool = False) -> bool:
        """Queue a message; or leave it to the caller's thread, if that is wanted and nobody is in front of it.

        Returns:
            Whether it is the caller's turn, which :meth:`_end_turn` ends.
        """
        with self._lock:
            if self._closed is not None:
                raise copy_of(self._closed)
            if here and self._deliverer is None and not self._jobs:
                self._deliverer = threading.current_thread()
                return True
            job.future = Future()
            self._need_deliverer()
            self._jobs.append(job)
            return False

    def _need_deliverer(self) -> None:
        """Called under the lock."""
        if self._deliverer is None:
            thread = daemon_thread("delivery", self._work)
            thread.start()  # which the system may refuse
            self._deliverer = thread

    def _end_turn(self) -> None:
        """A caller has delivered its own message: those behind it are another thread's."""
        with self._lock:
            self._deliverer = None
            if self._jobs:
                try:
                    self._need_deliverer()
                except RuntimeError as error:
                    log.warning("the next message waits for another one to be sent: %s", error)

    def _result_of(self, job: _Job) -> StructuredMessage:
        """Wait for a message that is queued."""
        try:
            return job.future.result(job.seconds + _GRACE)
        except FutureTimeoutError:
            if not job.future.done():
                raise job.late() from None
            raise
        finally:
            job.future.cancel()  # of use only if its turn has not come

    @property
    def pending(self) -> int:
        """How many messages have not had their turn yet."""
        return len(self._jobs)

    def close(self, error: WebMessagingException | None = None) -> None:
        """Send nothing more. What is on its way fails. Does nothing the second time.

        Args:
            error: What it fails with; a ConnectionClosedError if None.
        """
        with self._lock:
            if self._closed is not None:
                return
            self._closed = error or ConnectionClosedError("the Delivery was closed")
            self._changed.notify_all()
        self._reader.wake()

    # What is heard

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Note what came, unless a Reconnector does so."""
        del rawMessage
        if self._reconnector is None:
            self._ledger.admit(structuredMessage)

    def sessionResponse(self, sessionResponse: SessionResponse, rawMessage: str) -> None:
        """A session is ready: there may be a new connection."""
        del rawMessage
        with self._lock:
            if sessionResponse.connected is not False:
                self._sessions += 1
                self._session_mark = self._ledger.mark
                self._changed.notify_all()

    def webSocketConnected(self) -> None:
        """Note that nothing is known of a session on this connection yet."""
        with self._lock:
            self._session_mark = None

    # Delivering, on the thread of whoever sends, or on ours for a queue

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                echo = self._outcome(job)
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
                job.future.set_exception(error)
            else:
                job.future.set_result(echo)

    def _outcome(self, job: _Job) -> StructuredMessage:
        try:
            return self._deliver(job, job.deadline or Deadline(job.seconds))
        except (ConnectionClosedError, ConnectError):
            # Closing may show itself as a connection that is gone, but why it was closed says more.
            if self._closed is None:
                raise
            raise copy_of(self._closed) from self._closed.__cause__

    def _next_job(self) -> _Job | None:
        with self._lock:
            if not self._jobs:
                self._deliverer = None
                return None
            return self._jobs.popleft()

    def _deliver(self, job: _Job, deadline: Deadline) -> StructuredMessage:
        job.since = self._note_prior_messages(job, deadline)
        waits: RefusalWaits | None = None
        while True:
            self._check(job, deadline)
            sessions, connections = self._sessions, self._connections()
            try:
                if job.doubt is not None:
                    found = self._find_in_history(job, job.doubt, deadline)
                    if found is not None:
                        return found
                    job.has_not_arrived()
                job.sent_at = time.monotonic()
                self._send(job, deadline.remaining)
                job.doubt_since(job.sent_at)
                echo = self._client._engine.answer(job.id, self._patience(deadline))
            except RequestError as refusal:
                job.has_not_arrived()
                if isinstance(refusal, TooManyRequestsError) or refusal.code == ErrorCode.REQUEST_TIMEOUT:
                    waits = waits or RefusalWaits()
                    seconds = waits.after(refusal)
                    log.info("the server wants the message later: waiting %g seconds", seconds)
                    self._pause(deadline.at_most(seconds))
                elif refusal.code == ErrorCode.SESSION_EXPIRED and self._renews():
                    self._await_connection(sessions, connections, deadline)
                else:
                    raise
            except ResponseTimeoutError:
                log.info("no echo came: looking for the message in the history")
            except (NotConnectedError, NotConfiguredError, ConnectionClosedError) as error:
                log.info("waiting for a connection: %s", error)
                if not job.lost and (job.doubt is not None or isinstance(error, ConnectionClosedError)):
                    job.doubt_since(time.monotonic(), lost=True)
                self._await_connection(sessions, connections, deadline)
                if job.lost:
                    self._learn_of_the_gap(job, sessions)
            else:
                if isinstance(echo, StructuredMessage):
                    return echo
                log.warning("the answer to a message was no echo but a %s", type(echo).__name__)

    def _send(self, job: _Job, seconds: float) -> None:
        engine = self._client._engine
        if isinstance(job.message, str):
            engine.send_text(job.message, job.id, seconds, metadata={CUSTOM_ID: job.id})
        else:
            engine.send_foreign(job.message, job.id, seconds)

    def _check(self, job: _Job, deadline: Deadline) -> None:
        if self._closed is not None:
            raise copy_of(self._closed)
        if deadline.passed:
            raise job.late()

    def _patience(self, deadline: Deadline) -> float:
        """How long to wait for an echo: there must be time to look the message up before its own time is over."""
        remaining = deadline.remaining
        return remaining if remaining <= _LAST_TRY else min(self._echo_timeout, max(_LAST_TRY, remaining / 2))

    def _connections(self) -> int:
        return 0 if self._reconnector is None else self._reconnector.connectionCount

    def _renews(self) -> bool:
        return self._reconnector is not None and self._reconnector.newSessionOnExpiry

    def _note_prior_messages(self, job: _Job, deadline: Deadline) -> int:
        """Note, once for a session, what was said in it before: none of that is ours."""
        if self._reconnector is None and self._token != self._client.token:
            self._check(job, deadline)  # before reading: a session's past is read only once
            response = self._client.sessionResponse
            if response is not None and response.newSession is not True:
                try:
                    within = Deadline(deadline.at_most(self._echo_timeout))
                    self._reader.read(time.monotonic(), -math.inf, within, lambda: self._closed is not None)
                except WebMessagingException as error:
                    log.warning("what was said before cannot be told from what is said now: %s", error)
            self._token = self._client.token
        return self._ledger.mark

    def _take_history(self, entities: list[WebMessagingMessage], session: int) -> Comparison:
        return self._ledger.compare(entities, session=session)

    def _find_in_history(self, job: _Job, doubt: Gap, deadline: Deadline) -> StructuredMessage | None:
        """What is known of a message that may have arrived; None when it certainly has not."""
        last = -math.inf
        while True:
            due = doubt.next_read(last, self._history_lag, 0 if last < 0 else self._reader.failures)
            found = self._await_late_echo(job, deadline.at_most(max(0.0, due - time.monotonic()))) or self._claim(job)
            if found is not None:
                return found
            self._check(job, deadline)
            try:
                reading = self._reader.read(due, job.since, deadline, lambda: self._closed is not None)
            except (NotConnectedError, NotConfiguredError, ConnectionClosedError):
                if self._client.isInputClosed():
                    raise
            except WebMessagingException as error:
                log.info("the history cannot be read now: %s", error)
            else:
                found = self._claim(job)
                if found is not None or doubt.is_closed_by(reading, self._history_lag):
                    return found
            last = max(due, self._reader.last_began)

    def _await_late_echo(self, job: _Job, seconds: float) -> StructuredMessage | None:
        """The echo, if it comes after all within some seconds."""
        deadline = Deadline(seconds)
        while self._closed is None and not deadline.passed:
            try:
                echo = self._client._engine.answer(job.id, deadline.at_most(_LOOK_AGAIN))
            except ResponseTimeoutError:
                continue
            except (ConnectionClosedError, ValueError):  # the connection on which it was sent, wholly or not, is gone
                self._pause(deadline.remaining)
                return None
            return echo if isinstance(echo, StructuredMessage) else None
        return None

    def _claim(self, job: _Job) -> StructuredMessage | None:
        found = self._ledger.claim(job.id, job.id, _as_heard(job), job.since)
        return None if found is None else _echo_of(job, found)

    def _learn_of_the_gap(self, job: _Job, sessions: int) -> None:
        """What is known of the time in which the echo was lost says when it must be in the history."""
        if self._reconnector is None:
            if job.doubt is not None and job.doubt.end_mark is None and self._sessions > sessions:
                job.doubt.end_mark = self._session_mark
            return
        gap = self._reconnector.lastGap
        # Of another connection if it was lost and replaced just before the message was sent.
        if gap is not None and gap.lost_at >= job.sent_at:
            job.doubt = gap

    def _await_connection(self, sessions: int, connections: int, deadline: Deadline) -> None:
        if self._reconnector is not None:
            try:
                self._reconnector.awaitConnected(deadline.remaining, after=connections)
            except ResponseTimeoutError:  # what is said of the message then tells more
                log.info("there is no connection in time")
            return
        with self._lock:
            self._changed.wait_for(
                lambda: self._sessions > sessions or self._closed is not None, deadline.at_most(_LOOK_AGAIN)
            )

    def _pause(self, seconds: float) -> None:
        with self._lock:
            self._changed.wait_for(lambda: self._closed is not None, max(0.0, seconds))


def _stamped(request: SendMessageRequest, id_: str) -> SendMessageRequest:
    message = request.message or IncomingNormalizedMessage(type=NormalizedType.TEXT)
    metadata = {**(message.metadata or {}), CUSTOM_ID: id_}
    return replace(request, message=replace(message, metadata=metadata))


def _as_heard(job: _Job) -> StructuredMessage:
    """A message as its echo would be."""
    request = textMessage(job.message) if isinstance(job.message, str) else job.message
    document = (request.message or IncomingNormalizedMessage()).to_dict()
    document.pop("channel", None)
    return StructuredMessage.from_dict({**document, "direction": str(Direction.INBOUND), "tracingId": job.id})


def _echo_of(job: _Job, found: SeenMessage) -> StructuredMessage:
    echo = _as_heard(job)
    echo.id = found.id
    if found.time is not None:
        echo.channel = BaseMessagingChannel(time=found.time.isoformat().replace("+00:00", "Z"))
    return echo
