"""Messages that arrive: once, in order, whatever happens to the connection."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from enum import Enum, auto

from .._base.threads import Deadline, daemon_thread
from .._core.requests import text_message
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
)
from ._gap import HistoryGap
from ._seen import CUSTOM_ID, Ledger, SeenMessage
from .reconnect import Reconnector

__all__ = ["Delivery", "textMessage"]

log = logging.getLogger(__name__)

# With so few seconds left the time is no longer divided between waiting for the echo and looking the message up.
_LAST_TRY = 1.0

# Seconds to wait when the server does not say how long, and before a history that could not be read is asked for again.
PAUSE = 1.0
# Seconds after which a lost connection is looked at again, in case nobody told that there is a new one.
LOOK_AGAIN = 0.5


def textMessage(
    text: str, customAttributes: Mapping[str, str] | None = None, attachmentIds: Sequence[str] = ()
) -> SendMessageRequest:
    """The request that says something, as ``sendMessage`` makes it.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: There is neither a text nor an attachment.
    """
    return text_message(text, attachmentIds, customAttributes, None)


class _Search(Enum):
    """What became of a message whose echo did not come."""

    ABSENT = auto()
    UNKNOWN = auto()


@dataclass
class _Job:
    """A message on its way."""

    id: str
    request: SendMessageRequest
    seconds: float
    future: Future[StructuredMessage]


class Delivery(SessionListener):
    """Sends messages one after the other, each until it has certainly arrived.

    A message is done when its echo came. When the server wants fewer messages, it waits as long as it is told to.
    When the echo does not come in time, or the connection is lost, the message is looked up in the history, and sent
    again only if it is not there. It keeps its tracing id then, and its ``metadata.customMessageId``, which is the same
    and which a server may copy onto the echo and into the history.

    With a :class:`Reconnector` it waits for its connections, and what it finds in the history is heard by the
    Reconnector's listeners, too. Without one, somebody else has to open a new connection and configure the session.

    Args:
        client: The client to send with. Delivery should be added to it as a listener.
        reconnector: Who replaces the client's connections.
        echoTimeout: Seconds that an echo may take.
        timeout: Seconds that one message may take, everything included.
    """

    def __init__(
        self,
        client: WebMessagingClient,
        reconnector: Reconnector | None = None,
        *,
        echoTimeout: float = 10.0,
        timeout: float = 120.0,
    ) -> None:
        self._client = client
        self._reconnector = reconnector
        self._echo_timeout = echoTimeout
        self._timeout = timeout
        self._ledger = Ledger() if reconnector is None else reconnector.ledger
        self._gap = HistoryGap(client, self._ledger, echoTimeout)
        # Guards the fields below; notified when one of them changes.
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._sessions = 0
        self._token: str | None = None
        self._closed: WebMessagingException | None = None
        self._worker: threading.Thread | None = None

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
            ResponseTimeoutError: It has not certainly arrived in time. It may arrive still.
            ConnectionClosedError: The connection is lost, and there will be no other.
            WebMessagingException: Why the Reconnector has given up.
            TypeError, ValueError: An argument cannot be right.
        """
        future = self.submit(message, customAttributes, attachmentIds=attachmentIds, timeout=timeout)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # of use only if this wait was interrupted before it was sent
            raise

    def submit(
        self,
        message: str | SendMessageRequest,
        customAttributes: Mapping[str, str] | None = None,
        *,
        attachmentIds: Sequence[str] = (),
        timeout: float | None = None,
    ) -> Future[StructuredMessage]:
        """Send a message after those submitted before. Returns at once; the arguments are those of :meth:`send`.

        Returns:
            What :meth:`send` would return or raise. It can be cancelled until its turn has come.
        """
        request = message
        if not isinstance(request, SendMessageRequest):
            request = textMessage(request, customAttributes, attachmentIds)
        elif customAttributes or attachmentIds:
            raise TypeError("customAttributes and attachmentIds are part of the request object already")
        seconds = self._timeout if timeout is None else timeout
        job = _Job("", request, seconds, Future())
        job.id = request.tracingId or str(uuid.uuid4())
        job.request = _stamped(request, job.id)
        with self._changed:
            if self._closed is not None:
                raise copy_of(self._closed)
            self._jobs.append(job)
            if self._worker is None:
                self._worker = daemon_thread("delivery", self._work)
                self._worker.start()
        return job.future

    @property
    def pending(self) -> int:
        """How many messages have not had their turn yet."""
        return len(self._jobs)

    def close(self, error: WebMessagingException | None = None) -> None:
        """Send nothing more. What is on its way fails. Does nothing the second time.

        Args:
            error: What it fails with; a ConnectionClosedError if None.
        """
        with self._changed:
            if self._closed is not None:
                return
            self._closed = error or ConnectionClosedError("the Delivery was closed")
            self._changed.notify_all()

    # What is heard

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Note what came, unless a Reconnector does so."""
        del rawMessage
        if self._reconnector is None:
            self._ledger.admit(structuredMessage)

    def sessionResponse(self, sessionResponse: SessionResponse, rawMessage: str) -> None:
        """A session is ready: there may be a new connection."""
        del rawMessage
        with self._changed:
            if sessionResponse.connected is not False:
                self._sessions += 1
                self._changed.notify_all()

    # The worker

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                echo = self._deliver(job)
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
                # Closing may show itself as a connection that is gone, but why it was closed says more.
                gone = isinstance(error, (ConnectionClosedError, ConnectError))
                job.future.set_exception(copy_of(self._closed) if gone and self._closed is not None else error)
            else:
                job.future.set_result(echo)

    def _next_job(self) -> _Job | None:
        with self._changed:
            if not self._jobs:
                self._worker = None
                return None
            return self._jobs.popleft()

    def _deliver(self, job: _Job) -> StructuredMessage:
        deadline = Deadline(job.seconds)
        self._check(job, deadline)
        since = self._know_what_was_before()
        doubtful = False  # whether the server may have it already
        while True:
            self._check(job, deadline)
            before, sessions, connections = doubtful, self._sessions, self._connections()
            try:
                if doubtful:
                    found = self._search(job, since)
                    if isinstance(found, SeenMessage):
                        return _echo_of(job, found)
                    if found is _Search.UNKNOWN:
                        self._pause(deadline.at_most(PAUSE))
                        continue
                doubtful = True
                self._client.send(job.request, tracingId=job.id)
                echo = self._client.awaitResponse(job.id, self._patience(deadline))
            except TooManyRequestsError as refusal:
                doubtful = False
                seconds = PAUSE if refusal.retryAfter is None else refusal.retryAfter
                log.info("the server wants fewer messages: waiting %g seconds", seconds)
                self._pause(deadline.at_most(seconds))
            except RequestError as refusal:
                if refusal.code != ErrorCode.SESSION_EXPIRED or not self._renews():
                    raise
                doubtful = False
                self._await_connection(sessions, connections, deadline)
            except ResponseTimeoutError:
                log.info("no echo came: looking for the message in the history")
            except (NotConnectedError, NotConfiguredError, ConnectionClosedError) as error:
                doubtful = before or isinstance(error, ConnectionClosedError)
                log.info("waiting for a connection: %s", error)
                self._await_connection(sessions, connections, deadline)
            else:
                if isinstance(echo, StructuredMessage):
                    return echo
                log.warning("the answer to a message was no echo but a %s", type(echo).__name__)

    def _check(self, job: _Job, deadline: Deadline) -> None:
        if self._closed is not None:
            raise copy_of(self._closed)
        if deadline.passed:
            raise ResponseTimeoutError(f"the message has not certainly arrived within {job.seconds:g} seconds")

    def _patience(self, deadline: Deadline) -> float:
        """How long to wait for an echo: there must be time to look the message up before its own time is over."""
        remaining = deadline.remaining
        return remaining if remaining <= _LAST_TRY else min(self._echo_timeout, max(_LAST_TRY, remaining / 2))

    def _connections(self) -> int:
        return 0 if self._reconnector is None else self._reconnector.connectionCount

    def _renews(self) -> bool:
        return self._reconnector is not None and self._reconnector.newSessionOnExpiry

    def _know_what_was_before(self) -> int:
        """Note, once for a session, what was said in it before: none of that is ours."""
        if self._reconnector is None and self._token != self._client.token:
            response = self._client.sessionResponse
            if response is not None and response.newSession is not True:
                try:
                    self._gap.missing(unheard=True)
                except WebMessagingException as error:
                    log.warning("what was said before cannot be told from what is said now: %s", error)
            self._token = self._client.token
        return self._ledger.mark

    def _search(self, job: _Job, since: int) -> SeenMessage | _Search:
        found = self._claim(job, since)
        if found is not None:
            return found
        try:
            if self._reconnector is not None:
                self._reconnector.fillGap()
            else:
                self._gap.missing()
        except (NotConnectedError, NotConfiguredError, ConnectionClosedError):
            if self._client.isInputClosed():
                raise
            return _Search.UNKNOWN
        except WebMessagingException as error:
            log.info("the history cannot be read now: %s", error)
            return _Search.UNKNOWN
        return self._claim(job, since) or _Search.ABSENT

    def _claim(self, job: _Job, since: int) -> SeenMessage | None:
        return self._ledger.claim(job.id, job.id, _as_heard(job), since)

    def _await_connection(self, sessions: int, connections: int, deadline: Deadline) -> None:
        remaining = deadline.remaining
        if self._reconnector is not None:
            self._reconnector.awaitConnected(remaining, after=connections)
            return
        with self._changed:
            self._changed.wait_for(
                lambda: self._sessions > sessions or self._closed is not None, min(LOOK_AGAIN, remaining)
            )

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed is not None, max(0.0, seconds))


def _stamped(request: SendMessageRequest, id_: str) -> SendMessageRequest:
    message = request.message or IncomingNormalizedMessage(type=NormalizedType.TEXT)
    metadata = {**(message.metadata or {}), CUSTOM_ID: id_}
    return replace(request, message=replace(message, metadata=metadata))


def _as_heard(job: _Job) -> StructuredMessage:
    """A message as its echo would be."""
    document = (job.request.message or IncomingNormalizedMessage()).to_dict()
    document.pop("channel", None)
    return StructuredMessage.from_dict({**document, "direction": str(Direction.INBOUND), "tracingId": job.id})


def _echo_of(job: _Job, found: SeenMessage) -> StructuredMessage:
    echo = _as_heard(job)
    echo.id = found.id
    if found.time is not None:
        echo.channel = BaseMessagingChannel(time=found.time.isoformat().replace("+00:00", "Z"))
    return echo
