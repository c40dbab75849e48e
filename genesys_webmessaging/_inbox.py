"""What arrived in a conversation and was not asked for yet, and whether more can come."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto

from ._base.fork import renew_after_fork
from ._base.threads import seconds_text
from .exceptions import (
    ConnectionClosedError,
    ErrorCode,
    RequestError,
    ResponseTimeoutError,
    WebMessagingException,
)
from .listener import SessionListener
from .models import (
    BaseMessage,
    ConnectionClosedEvent,
    Direction,
    EventPresenceType,
    EventTyping,
    EventTypingType,
    LogoutEvent,
    MessageEvent,
    SessionClearedEvent,
    SessionExpiredEvent,
    SessionResponse,
    StructuredMessage,
)
from .models.message import text_of

# Refusals after which there is no session any more.
SESSION_OVER = frozenset({ErrorCode.SESSION_EXPIRED, ErrorCode.SESSION_NOT_FOUND})
# Why nothing can be said any more, and the way out.
READ_ONLY = "the other side has left, and the conversation is read-only: startNew() begins another one"
# Seconds that somebody is taken to be typing if the event does not say how long.
TYPING = 5.0
TYPING_AT_MOST = 3600.0
# A wait without a limit looks up this often, so that Ctrl-C is heard on every system. Seconds.
LOOK_UP = 1.0
# So many characters of a message are quoted in an error.
QUOTED = 60


class ConversationState(Enum):
    """How a conversation stands.

    READ_ONLY: the other side has left. ENDED: the session is over. LOST: the connection is, and nobody brings it
    back. CLOSED: this side has closed the conversation.
    """

    OPEN = auto()
    READ_ONLY = auto()
    ENDED = auto()
    LOST = auto()
    CLOSED = auto()


class ConversationEndedError(ConnectionClosedError):
    """The conversation has ended, so there is nothing more to wait for, and nobody to talk to.

    Attributes:
        state: How it has ended.
    """

    def __init__(self, message: str = "", *, state: ConversationState = ConversationState.ENDED) -> None:
        super().__init__(message)
        self.state = state


class Inbox(SessionListener):
    """Keeps the messages of the other side until somebody takes them.

    Args:
        keep: So many messages are kept at most, the latest ones; None for all.
        renews: Whether a session that has expired is followed by a new one.

    Attributes:
        on_end: Called once when nothing more can be sent, with the error that says why; None for nobody.
        state: How the conversation stands. To be changed by nobody else.
    """

    def __init__(self, *, renews: bool, keep: int | None = None) -> None:
        self._keep = keep
        self._renews = renews
        self.on_end: Callable[[ConversationEndedError], None] | None = None
        # Guards the fields below.
        self._lock = threading.RLock()
        # Notified when one of them changes.
        self._changed = threading.Condition(self._lock)
        self._messages: deque[StructuredMessage] = deque()
        self._taken = 0  # how many messages there were before those
        self.state = ConversationState.OPEN
        self._why = ""
        self._cause: WebMessagingException | None = None
        self._last_activity = 0.0
        self._typing_until = 0.0
        self._wakers: tuple[Callable[[], object], ...] = ()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        if self.state in (ConversationState.OPEN, ConversationState.READ_ONLY):
            self.state = ConversationState.LOST
            self._why = "the connection belongs to the process that this one was forked from"

    def add_waker(self, wake: Callable[[], object]) -> None:
        """Have something called on every change, for those who wait on an event loop. It must be quick, and not raise.

        Args:
            wake: Called under the lock, on whatever thread makes the change.
        """
        with self._lock:
            self._wakers = (*self._wakers, wake)

    def _notify(self) -> None:
        """Called under the lock."""
        self._changed.notify_all()
        for wake in self._wakers:
            wake()

    @property
    def typing(self) -> bool:
        """Whether the other side is typing."""
        return time.monotonic() < self._typing_until

    def error(self) -> ConversationEndedError:
        """Why nothing more can come or go."""
        error = ConversationEndedError(self._why, state=self.state)
        error.__cause__ = self._cause
        return error

    def reopen(self) -> None:
        """A new session begins."""
        with self._lock:
            self.state, self._why, self._cause = ConversationState.OPEN, "", None
            self._notify()

    def end(self, state: ConversationState, why: str, cause: WebMessagingException | None = None) -> None:
        """Note the end, unless it has ended before."""
        with self._lock:
            if self.state not in (ConversationState.OPEN, ConversationState.READ_ONLY) or state is self.state:
                return
            self.state, self._why, self._cause = state, why, cause
            self._notify()
        if self.on_end is not None:
            self.on_end(self.error())

    def given_up(self, error: WebMessagingException) -> None:
        """Note that there is no connection, and will be none."""
        over = isinstance(error, RequestError) and error.code in SESSION_OVER
        self.end(ConversationState.ENDED if over else ConversationState.LOST, str(error), error)

    # Taking

    def take(self, timeout: float | None) -> StructuredMessage:
        """The oldest message; waits for one."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            while not self._messages:
                self._wait(deadline, timeout, "message")
            self._taken += 1
            return self._messages.popleft()

    def take_matching(
        self,
        wanted: Callable[[StructuredMessage], bool],
        timeout: float | None,
        what: str,
        *,
        waited: float | None = None,
    ) -> StructuredMessage:
        """The first message that is wanted, and away with those before it; waits for one. If none comes, all stay.

        Args:
            wanted: Whether a message is wanted.
            timeout: Seconds; None for no limit.
            what: What is awaited, for the error.
            waited: The seconds that the error tells of, where others have waited already.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        number = 0
        while True:
            with self._lock:
                number = max(number, self._taken)
                place = number - self._taken
                if place >= len(self._messages):
                    self._wait(deadline, timeout if waited is None else waited, what)
                    continue
                message = self._messages[place]
            # Asked without the lock, because this is a caller's code.
            if wanted(message) and self._take_up_to(number):
                return message
            number += 1

    def _take_up_to(self, number: int) -> bool:
        """Take a message away, with those before it. False if another thread was faster."""
        with self._lock:
            faster = number < self._taken
            while self._taken <= number:
                self._messages.popleft()
                self._taken += 1
            return not faster

    def collect(self, quiet_for: float, timeout: float) -> list[StructuredMessage]:
        """All messages, as soon as nothing has come for some seconds, or the time is over."""
        started = time.monotonic()
        with self._lock:
            while (seconds := self.seconds_until_quiet(quiet_for, started, timeout)) > 0:
                self._changed.wait(seconds)
            return self.take_all()

    def seconds_until_quiet(self, quiet_for: float, started: float, timeout: float) -> float:
        """Seconds until there has been silence for so long, as it stands now, or the time is over; 0 if there has.

        Args:
            quiet_for: Seconds of silence.
            started: Since when it is waited, on the clock of ``time.monotonic``.
            timeout: Seconds since then after which silence does not matter.
        """
        if self.state is not ConversationState.OPEN:
            return 0.0
        quiet_at = max(started, self._last_activity) + quiet_for
        if self.typing:
            quiet_at = max(quiet_at, self._typing_until)
        return max(0.0, min(quiet_at, started + timeout) - time.monotonic())

    def take_all(self) -> list[StructuredMessage]:
        """All messages that are there."""
        with self._lock:
            messages = list(self._messages)
            self._taken += len(messages)
            self._messages.clear()
        return messages

    def _wait(self, deadline: float | None, timeout: float | None, what: str) -> None:
        """Called under the lock."""
        if self.state is not ConversationState.OPEN:
            raise self.error()
        if deadline is None or timeout is None:
            self._changed.wait(LOOK_UP)
            return
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            came = ", ".join(repr(text_of(message.text)[:QUOTED]) for message in self._messages)
            raise ResponseTimeoutError(f"no {what} within {seconds_text(timeout)}; what came: {came or 'nothing'}")
        self._changed.wait(remaining)

    # Hearing

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Keep a message, or note what an event tells."""
        del rawMessage
        if structuredMessage.direction == Direction.INBOUND:
            return
        for event in structuredMessage.events:
            if event is not None:
                self._note(event, structuredMessage)
        if not structuredMessage.text and not structuredMessage.content:
            return
        with self._lock:
            self._messages.append(structuredMessage)
            if self._keep is not None and len(self._messages) > self._keep:
                self._messages.popleft()
                self._taken += 1
            self._last_activity = time.monotonic()
            self._typing_until = 0.0
            self._notify()

    def _note(self, event: MessageEvent, message: StructuredMessage) -> None:
        if event.typing is not None:
            seconds = _typing_seconds(event.typing) if event.typing.type == EventTypingType.ON else 0.0
            with self._lock:
                self._typing_until = time.monotonic() + seconds
                self._last_activity = time.monotonic()
                self._notify()
        elif event.presence is not None and event.presence.type == EventPresenceType.DISCONNECT:
            read_only = str((message.metadata or {}).get("readOnly")).lower() == "true"
            if read_only:
                self.end(ConversationState.READ_ONLY, READ_ONLY)

    def sessionResponse(self, sessionResponse: SessionResponse, rawMessage: str) -> None:
        """Note whether the session may only be read."""
        del rawMessage
        if sessionResponse.readOnly is True and sessionResponse.connected is not False:
            self.end(ConversationState.READ_ONLY, READ_ONLY)

    def sessionExpiredEvent(self, sessionExpiredEvent: SessionExpiredEvent, rawMessage: str) -> None:
        """The session is over, unless another one follows."""
        del sessionExpiredEvent, rawMessage
        if not self._renews:
            self.end(ConversationState.ENDED, "the session has expired")

    def sessionClearedEvent(self, sessionClearedEvent: SessionClearedEvent, rawMessage: str) -> None:
        """The session is over."""
        del sessionClearedEvent, rawMessage
        self.end(ConversationState.ENDED, "the conversation was cleared")

    def connectionClosedEvent(self, connectionClosedEvent: ConnectionClosedEvent, rawMessage: str) -> None:
        """The connection is about to end, and none will follow."""
        del rawMessage
        reason = connectionClosedEvent.reason or connectionClosedEvent.reasonCode
        self.end(ConversationState.ENDED, "the server closes this connection" + (f": {reason}" if reason else ""))

    def unexpectedMessage(self, baseMessage: BaseMessage, rawMessage: str) -> None:
        """After a logout the session is over."""
        del rawMessage
        if isinstance(baseMessage.body, LogoutEvent):
            self.end(ConversationState.ENDED, "the guest has signed out")


def _typing_seconds(typing: EventTyping) -> float:
    """How long somebody types who says so now."""
    for told in (typing.duration, typing.durationMs):
        if isinstance(told, (int, float)) and 0 <= told <= TYPING_AT_MOST * 1000:
            return told / 1000
    return TYPING
