"""Who waits for which answer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from ..exceptions import (
    ConnectionClosedError,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
    WebMessagingException,
)
from ..models import (
    AttachmentDeletedResponse,
    ErrorMessage,
    GenerateUrlError,
    GetConfigurationResponse,
    JwtResponse,
    PresignedUrlResponse,
    SessionResponse,
    TooManyRequestsErrorMessage,
    UploadFailureEvent,
)
from .routing import Event

# So many requests are remembered, answered or not; the oldest that nobody awaits are forgotten first.
KEPT = 1024

_REFUSALS = (TooManyRequestsErrorMessage, GenerateUrlError, ErrorMessage, UploadFailureEvent)


class _Request:
    """A request that was sent. ``outcome`` is None until its answer comes, ``waiters`` the number of those who wait."""

    __slots__ = ("action", "attachment_id", "outcome", "sent_on", "silent", "tracing_id", "waiters")

    def __init__(self, sent_on: object, tracing_id: str, action: str, attachment_id: str | None, silent: bool) -> None:
        self.sent_on = sent_on
        self.tracing_id = tracing_id
        self.action = action
        self.attachment_id = attachment_id
        self.silent = silent
        self.outcome: _Outcome | None = None
        self.waiters = 0


class _Outcome:
    """How a request ended: the decoded body of its answer, or what to raise."""

    __slots__ = ("body", "error")

    def __init__(self, body: Any = None, error: WebMessagingException | None = None) -> None:
        self.body = body
        self.error = error


class Answers:
    """The requests of one client by their tracing ids, and how each was answered."""

    def __init__(self) -> None:
        self._requests: OrderedDict[str, _Request] = OrderedDict()
        # Guards _requests and the outcomes in it; notified whenever an outcome was set.
        self._changed = threading.Condition()

    def expect(self, sent_on: object, tracing_id: str, action: str, attachment_id: str | None, *, silent: bool) -> None:
        """Note a request that is about to be sent.

        Args:
            sent_on: The connection that carries it.
            tracing_id: Its tracing id. One that is open already stays open: a resend.
            action: Its action.
            attachment_id: The attachment that it concerns, if it names one.
            silent: Whether the server may well leave it without an answer (typing events).
        """
        with self._changed:
            request = self._requests.get(tracing_id)
            if request is None or request.outcome is not None:
                request = self._requests[tracing_id] = _Request(sent_on, tracing_id, action, attachment_id, silent)
            request.sent_on = sent_on
            self._requests.move_to_end(tracing_id)
            if len(self._requests) > KEPT:
                self._forget_oldest()

    def forget(self, tracing_id: str) -> None:
        """Take back a request that could not be sent."""
        with self._changed:
            request = self._requests.pop(tracing_id, None)
            if request is not None and request.outcome is None:
                # Somebody may be waiting already: for a request that was sent once, and is now sent again.
                request.outcome = _Outcome(error=ConnectionClosedError("the request could not be sent"))
                self._changed.notify_all()

    def observe(self, event: Event) -> None:
        """Give a frame to the request that it answers, if there is one."""
        if event.tracing_id is not None:
            if event.tracing_id not in self._requests:
                return
        elif event.method == "structuredMessage":
            return
        with self._changed:
            request = self._answered_by(event)
            if request is not None and request.outcome is None:
                request.outcome = _outcome_of(event, request.tracing_id)
                if request.attachment_id is None and isinstance(event.body, PresignedUrlResponse):
                    request.attachment_id = event.body.attachmentId
                self._changed.notify_all()

    def close(self, connection: object) -> None:
        """Note that a connection is gone: what is open on it will not be answered any more."""
        with self._changed:
            self._give_up(lambda request: request.sent_on is connection)
            self._changed.notify_all()

    def after_fork(self) -> None:
        """In a forked child: nothing will be answered, and who held the lock does not exist here."""
        self._changed = threading.Condition()
        self._give_up(lambda _: True)

    def _give_up(self, concerned: Callable[[_Request], bool]) -> None:
        for request in self._requests.values():
            if request.outcome is None and concerned(request):
                error = ConnectionClosedError("the connection was closed before the server answered")
                request.outcome = _Outcome(error=error)

    def wait(self, tracing_id: str, timeout: float) -> Any:
        """Wait for the answer to a request.

        Args:
            tracing_id: The request's.
            timeout: Seconds.

        Returns:
            The decoded body.
        """
        with self._changed:
            request = self._requests.get(tracing_id)
            if request is None:
                raise ValueError(
                    f"tracingId {tracing_id!r} is not known: either no request with it was sent, "
                    f"or more than {KEPT} others were sent after it"
                )
            request.waiters += 1
            try:
                self._changed.wait_for(lambda: request.outcome is not None, timeout)
            finally:
                request.waiters -= 1
            outcome = request.outcome
            if outcome is None and timeout > 0:
                # An error that comes now without a tracing id is rather the answer to a later request.
                request.silent = True
        if outcome is None:
            raise ResponseTimeoutError(f"no answer to {request.action} within {timeout:g} seconds")
        if outcome.error is not None:
            raise _fresh(outcome.error)
        return outcome.body

    def _forget_oldest(self) -> None:
        newest = next(reversed(self._requests))
        for tracing_id, request in self._requests.items():
            if request.waiters == 0 and tracing_id != newest:
                del self._requests[tracing_id]
                return

    def _answered_by(self, event: Event) -> _Request | None:
        if event.tracing_id is not None:
            return self._requests.get(event.tracing_id)
        # No tracing id: protocol, section 3, tells which request such a frame answers.
        body = event.body
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

    def _open(self, actions: tuple[str, ...]) -> Iterator[_Request]:
        for request in self._requests.values():
            if request.outcome is None and (not actions or request.action in actions):
                yield request

    def _oldest(self, *actions: str) -> _Request | None:
        return _first(self._open(actions), lambda request: not request.silent) or next(self._open(actions), None)

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
        return _first(self._open(actions), lambda request: request.attachment_id is None)


def _first(requests: Iterator[_Request], wanted: Callable[[_Request], bool]) -> _Request | None:
    return next((request for request in requests if wanted(request)), None)


def _is_refusal(event: Event) -> bool:
    if isinstance(event.body, _REFUSALS):
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
    if isinstance(body, _REFUSALS):
        message = str(body.errorMessage or getattr(body, "message", None) or "refused")
        if isinstance(body.errorCode, int):
            code = body.errorCode
    else:
        message = body if isinstance(body, str) and body else "refused"
    code = -1 if code is None else code
    if isinstance(body, TooManyRequestsErrorMessage) or code in {429, 4029}:
        retry_after = getattr(body, "retryAfter", None)
        return TooManyRequestsError(
            message,
            code=code,
            tracingId=tracing_id,
            retryAfter=retry_after if isinstance(retry_after, (int, float)) else None,
        )
    return RequestError(message, code=code, tracingId=tracing_id)


def _fresh(error: WebMessagingException) -> WebMessagingException:
    # An exception that is raised twice, by two waiters, would carry the traceback of the first.
    again = type(error)(*error.args)
    vars(again).update(vars(error))
    return again
