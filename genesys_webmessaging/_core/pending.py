"""What somebody waits for: the answer to a request, by its tracing id, or the first frame of a kind, by a predicate."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .._base.threads import seconds_text
from ..exceptions import (
    ConnectionClosedError,
    ErrorCode,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
    WebMessagingException,
    copy_of,
)
from ..models import (
    AttachmentDeletedResponse,
    Direction,
    ErrorMessage,
    GenerateUrlError,
    GetConfigurationResponse,
    JwtResponse,
    PresignedUrlResponse,
    SessionResponse,
    StructuredMessage,
    TooManyRequestsErrorMessage,
    UploadFailureEvent,
)
from .decoding import Event
from .requests import Content

# So many requests are remembered, answered or not; the oldest that nobody awaits are forgotten first.
KEPT = 1024
# So many of those whose answer was taken: who awaits it as well comes soon.
TAKEN_KEPT = 8

_REFUSALS = (TooManyRequestsErrorMessage, GenerateUrlError, ErrorMessage, UploadFailureEvent)


class _Request:
    """A request that was sent. ``outcome`` is None until its answer comes, ``waiters`` the number of those who wait."""

    __slots__ = ("action", "attachment_id", "connection", "content", "outcome", "silent", "tracing_id", "waiters")

    def __init__(
        self, connection: int, tracing_id: str, action: str, attachment_id: str | None, content: Content | None
    ) -> None:
        self.connection = connection
        self.tracing_id = tracing_id
        self.action = action
        self.attachment_id = attachment_id
        self.content = content
        # Whether the server may well leave it without an answer: a typing event, or one that was awaited in vain.
        self.silent = content is not None and content.is_typing
        self.outcome: _Outcome | None = None
        self.waiters = 0


class _Outcome:
    """How a request ended: the decoded body of its answer, or what to raise."""

    __slots__ = ("body", "error")

    def __init__(self, body: Any = None, error: WebMessagingException | None = None) -> None:
        self.body = body
        self.error = error


class Watch:
    """Waits for the first frame that a predicate accepts, or for the end of the connection."""

    def __init__(self, pending: Pending, connection: int, wanted: Callable[[Event], bool]) -> None:
        self._pending = pending
        self.connection = connection
        self.wanted = wanted
        self.event: Event | None = None

    def wait(self, timeout: float, what: str, *, request: str | None = None) -> Event:
        """Wait for the frame. May be called on any thread, also in a listener.

        Args:
            timeout: Seconds.
            what: What is awaited, for the message of the exception.
            request: The tracing id of a request whose refusal ends the wait.

        Raises:
            RequestError: The server refused the request.
            ResponseTimeoutError: The frame did not come in time.
            ConnectionClosedError: The connection ended first.
        """
        return self._pending.wait_for_watch(self, timeout, what, request)

    def wait_for_end(self, timeout: float) -> bool:
        """Wait until the connection is gone; False when it is still there after so many seconds."""
        return self._pending.wait_for_end(self.connection, timeout)


class Pending:
    """What the callers of one client wait for, on one connection after another."""

    def __init__(self) -> None:
        # Connections are numbered from 1 on, so that nothing here keeps one that is dead.
        self._connection = 0
        self._ended = 0
        self._requests: OrderedDict[str, _Request] = OrderedDict()
        # Those of them that were not answered yet, in the same order; and those whose echo can be told by its content.
        self._open: OrderedDict[str, _Request] = OrderedDict()
        self._echoes: dict[Content, dict[_Request, None]] = {}
        self._taken: deque[_Request] = deque()
        # Copied when it changes; the reader looks through it without the lock.
        self._watches: tuple[Watch, ...] = ()
        self._news = False  # whether an outcome or an event was set of which nobody was notified yet
        self._new_lock()

    def _new_lock(self) -> None:
        # Guards all of the above, the outcomes of the requests and the events of the watches.
        self._lock = threading.RLock()
        # Notified when an outcome or an event was set, or a connection has ended.
        self._changed = threading.Condition(self._lock)

    # Connections

    def begin(self) -> int:
        """Note that there is a new connection. Returns its number."""
        with self._lock:
            self._connection += 1
            return self._connection

    def end(self, connection: int) -> None:
        """Note that a connection is gone: what is open on it will not be answered any more."""
        with self._lock:
            self._ended = max(self._ended, connection)
            self._give_up(lambda request: request.connection <= connection)
            self._changed.notify_all()

    def after_fork(self) -> None:
        """In a forked child: nothing will be answered, and who held the lock does not exist here."""
        self._new_lock()
        self._ended = self._connection
        self._give_up(lambda _: True)

    def wait_for_end(self, connection: int, timeout: float | None) -> bool:
        """Wait until a connection is gone; False when it is still there after so many seconds."""
        with self._lock:
            return self._changed.wait_for(lambda: self._ended >= connection, timeout)

    def _give_up(self, concerned: Callable[[_Request], bool]) -> None:
        for request in [request for request in self._open.values() if concerned(request)]:
            error = ConnectionClosedError("the connection was closed before the server answered")
            self._settle(request, _Outcome(error=error))

    # Requests

    def expect(
        self, tracing_id: str, action: str, attachment_id: str | None = None, content: Content | None = None
    ) -> None:
        """Note a request that is about to be sent.

        Args:
            tracing_id: Its tracing id. One that is open already stays open: a resend.
            action: Its action.
            attachment_id: The attachment that it concerns, if it names one.
            content: What it says, if its answer is its echo.
        """
        with self._lock:
            request = self._open.get(tracing_id)
            if request is None:
                request = _Request(self._connection, tracing_id, action, attachment_id, content)
                self._requests[tracing_id] = self._open[tracing_id] = request
                if content is not None and not request.silent:
                    self._echoes.setdefault(content, {})[request] = None
            else:
                request.connection = self._connection
                self._open.move_to_end(tracing_id)
            # Also a new one, in the place of an equal tracing id that was answered.
            self._requests.move_to_end(tracing_id)
            if len(self._requests) > KEPT:
                self._forget_oldest()

    def forget(self, tracing_id: str) -> None:
        """Take back a request that could not be sent."""
        with self._lock:
            request = self._requests.pop(tracing_id, None)
            if request is not None and request.outcome is None:
                # Somebody may be waiting already: for a request that was sent once, and is now sent again.
                self._settle(request, _Outcome(error=ConnectionClosedError("the request could not be sent")))
                self._changed.notify_all()

    def wait(self, tracing_id: str, timeout: float) -> Any:
        """Wait for the answer to a request, and return its decoded body.

        Args:
            tracing_id: The request's.
            timeout: Seconds.

        Raises:
            RequestError: The server refused the request.
            ResponseTimeoutError: No answer came in time.
            ConnectionClosedError: The connection ended first.
            ValueError: There is no such request.
        """
        with self._lock:
            request = self._requests.get(tracing_id)
            if request is None:
                raise ValueError(
                    f"tracingId {tracing_id!r} is not known: either no request with it was sent, or its answer was "
                    f"taken {TAKEN_KEPT} answers ago, or more than {KEPT} others were sent after it"
                )
            give_up = time.monotonic() + timeout
            request.waiters += 1
            try:
                while (outcome := request.outcome) is None and (remaining := give_up - time.monotonic()) > 0:
                    self._changed.wait(remaining)
            finally:
                request.waiters -= 1
            if outcome is not None:
                self._note_taken(request)
            elif timeout > 0:
                # An error that comes now without a tracing id is rather the answer to a later request.
                request.silent = True
        if outcome is None:
            raise ResponseTimeoutError(f"no answer to {request.action} within {seconds_text(timeout)}")
        if outcome.error is not None:
            raise copy_of(outcome.error)
        return outcome.body

    def _note_taken(self, request: _Request) -> None:
        if request.attachment_id is not None:
            return  # what is said of the attachment later must not be taken for another's
        self._taken.append(request)
        if len(self._taken) > TAKEN_KEPT:
            oldest = self._taken.popleft()
            # Not what was sent with its tracing id later, or is still awaited by others.
            if self._requests.get(oldest.tracing_id) is oldest and not oldest.waiters and oldest not in self._taken:
                del self._requests[oldest.tracing_id]

    def _forget_oldest(self) -> None:
        newest = next(reversed(self._requests))
        for tracing_id, request in self._requests.items():
            if request.waiters == 0 and tracing_id != newest:
                del self._requests[tracing_id]
                self._close(request)
                return

    def _settle(self, request: _Request, outcome: _Outcome) -> None:
        request.outcome = outcome
        self._close(request)

    def _close(self, request: _Request) -> None:
        if self._open.pop(request.tracing_id, None) is None or request.content is None:
            return
        alike = self._echoes.get(request.content)
        if alike is not None and request in alike:
            del alike[request]
            if not alike:
                del self._echoes[request.content]

    @property
    def wants_messages(self) -> bool:
        """Whether a message without a tracing id could be what somebody waits for."""
        return bool(self._echoes or self._watches)

    @property
    def wants_answers(self) -> bool:
        """Whether there is a request that was not answered yet."""
        return bool(self._open)

    # Watches

    @contextmanager
    def watching(self, wanted: Callable[[Event], bool]) -> Iterator[Watch]:
        """Within: frames that come are shown to a watch, until there is one that it accepts.

        Args:
            wanted: Called with each frame where it is decoded, on the reader or the dispatcher; must be quick.
        """
        with self._lock:
            watch = Watch(self, self._connection, wanted)
            self._watches = (*self._watches, watch)
        try:
            yield watch
        finally:
            with self._lock:
                self._watches = tuple(one for one in self._watches if one is not watch)

    def wait_for_watch(self, watch: Watch, timeout: float, what: str, tracing_id: str | None) -> Event:
        """What :meth:`Watch.wait` does."""

        def refusal() -> WebMessagingException | None:
            request = self._requests.get(tracing_id) if tracing_id is not None else None
            return request.outcome.error if request is not None and request.outcome is not None else None

        with self._lock:
            self._changed.wait_for(
                lambda: watch.event is not None or self._ended >= watch.connection or refusal() is not None, timeout
            )
            event, refused, ended = watch.event, refusal(), self._ended >= watch.connection
        if event is not None:
            return event
        if refused is not None and not isinstance(refused, ConnectionClosedError):
            raise copy_of(refused)
        if ended:
            raise ConnectionClosedError(f"the connection was closed before {what} came")
        raise ResponseTimeoutError(f"no {what} within {seconds_text(timeout)}")

    # Frames

    def observe(self, event: Event) -> None:
        """Give a frame to the request that it answers and to the watches that wait for it, if there are any.

        Called on the reader; for messages that answer no request, on the dispatcher. :meth:`wake` is to follow.
        """
        watches = self._watches and [watch for watch in self._watches if watch.event is None and watch.wanted(event)]
        if not watches:
            if event.tracing_id is not None:
                if event.tracing_id not in self._requests:
                    return
            elif event.method == "structuredMessage" and not self._echoes:
                return
        with self._lock:
            for watch in watches:
                watch.event = watch.event or event
            request = self._answered_by(event)
            if request is not None and request.outcome is None:
                self._settle(request, _outcome_of(event, request.tracing_id))
                if request.attachment_id is None and isinstance(event.body, PresignedUrlResponse):
                    request.attachment_id = event.body.attachmentId
            elif not watches:
                return
            self._news = True

    def wake(self) -> None:
        """Let those who wait see what was observed.

        It is not done at once, because who is woken by a thread that still has work to do waits once more, for the
        interpreter.
        """
        if self._news:
            with self._lock:
                self._news = False
                self._changed.notify_all()

    def _answered_by(self, event: Event) -> _Request | None:
        if event.tracing_id is not None:
            return self._requests.get(event.tracing_id)
        # No tracing id: the kind of frame tells which request it answers (docs: the protocol).
        body = event.body
        if event.method == "structuredMessage":
            return self._echoed_by(body)
        if isinstance(body, SessionResponse):
            return self._oldest("configureSession", "configureAuthenticatedSession", "closeSession")
        if isinstance(body, JwtResponse):
            return self._oldest("getJwt")
        if isinstance(body, GetConfigurationResponse):
            return self._oldest("getConfiguration")
        if isinstance(body, AttachmentDeletedResponse):
            return self._of_attachment(body.attachmentId, "deleteAttachment")
        if isinstance(body, PresignedUrlResponse):
            return self._of_attachment(body.attachmentId, "onAttachment", "getAttachment")
        if isinstance(body, (GenerateUrlError, UploadFailureEvent)) and body.attachmentId:
            return self._of_attachment(body.attachmentId, "onAttachment", "getAttachment", "deleteAttachment")
        if _is_refusal(event):
            return self._oldest()
        return None

    def _echoed_by(self, message: StructuredMessage) -> _Request | None:
        if not self._echoes or message.direction == Direction.OUTBOUND:
            return None
        content = Content.of(message)
        return next(iter(self._echoes[content])) if content is not None and content in self._echoes else None

    def _unanswered(self, actions: tuple[str, ...]) -> Iterator[_Request]:
        return (request for request in self._open.values() if not actions or request.action in actions)

    def _oldest(self, *actions: str) -> _Request | None:
        talking = _first(self._unanswered(actions), lambda request: not request.silent)
        return talking or next(self._unanswered(actions), None)

    def _of_attachment(self, attachment_id: str | None, *actions: str) -> _Request | None:
        if attachment_id is None:
            return self._oldest(*actions)
        concerned = [
            request
            for request in self._requests.values()
            if request.action in actions and request.attachment_id == attachment_id
        ]
        if concerned:
            return _first(iter(concerned), lambda request: request.outcome is None)
        # An upload that left the id to the server is the one request that cannot name it.
        return _first(self._unanswered(actions), lambda request: request.attachment_id is None)


def _first(requests: Iterator[_Request], wanted: Callable[[_Request], bool]) -> _Request | None:
    return next((request for request in requests if wanted(request)), None)


def _is_refusal(event: Event) -> bool:
    if isinstance(event.body, _REFUSALS) or event.is_from_gateway():
        return True
    code = event.code()
    return code is not None and code >= 300


def _outcome_of(event: Event, tracing_id: str) -> _Outcome:
    if _is_refusal(event):
        return _Outcome(error=_refusal_of(event, tracing_id))
    return _Outcome(body=event.body)


def _refusal_of(event: Event, tracing_id: str) -> RequestError:
    body = event.body
    code = event.code()
    if isinstance(body, str):
        message = body
    elif isinstance(body, dict):
        message = str(body.get("errorMessage") or body.get("message") or "")
    else:
        message = str(getattr(body, "errorMessage", None) or getattr(body, "message", None) or "")
    message = message or "refused"
    code = -1 if code is None else code
    too_many = (ErrorCode.TOO_MANY_REQUESTS, ErrorCode.TOO_MANY_REQUESTS_HTTP)
    if isinstance(body, TooManyRequestsErrorMessage) or code in too_many:
        retry_after = getattr(body, "retryAfter", None)
        return TooManyRequestsError(
            message,
            code=code,
            tracingId=tracing_id,
            retryAfter=retry_after if isinstance(retry_after, (int, float)) else None,
        )
    return RequestError(message, code=code, tracingId=tracing_id)
