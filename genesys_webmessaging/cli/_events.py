"""What happens in a conversation, handed from the client's threads to the one that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from ..companions._seen import is_heartbeat
from ..conversation import ConversationEndedError, ConversationState
from ..listener import SessionListener
from ..models import (
    BaseMessage,
    ConnectionClosedEvent,
    SessionClearedEvent,
    SessionExpiredEvent,
    SessionResponse,
    StructuredMessage,
)
from ._text import one_line


@dataclass(frozen=True)
class Notice:
    """Something that happened and is not a message.

    Attributes:
        text: What happened.
        lost: Whether it is that a connection was lost, for which another one may be opened.
        read_only: Whether it is that nothing more can be said in this session.
    """

    text: str
    lost: bool = False
    read_only: bool = False


@dataclass(frozen=True)
class Ended:
    """The conversation is over: the last that comes of it."""

    error: ConversationEndedError


Event = StructuredMessage | Notice | Ended


class Events(SessionListener):
    """Puts what a conversation hears into a queue, so that one thread alone writes to the terminal.

    It is a listener of the conversation, and its :meth:`ended` is the conversation's ``onEnded``.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[Event | None] = SimpleQueue()
        self._connections = 0
        self._leaving = False

    def next(self, timeout: float | None = None) -> Event | None:
        """What came next.

        Args:
            timeout: Seconds to wait for it; None waits until something comes.

        Returns:
            None when nothing came in time, and once after :meth:`stop`.
        """
        try:
            return self._queue.get(timeout=None if timeout is None else max(0.0, timeout))
        except Empty:
            return None

    def stop(self) -> None:
        """Let whoever takes what comes know that this is all."""
        self._queue.put(None)

    def leave(self) -> None:
        """Take the end that comes now for one that was asked for."""
        self._leaving = True

    def ended(self, error: ConversationEndedError) -> None:
        """Tell that the conversation is over."""
        if not self._leaving and error.state is not ConversationState.CLOSED:
            self._queue.put(Ended(error))

    def webSocketConnected(self) -> None:
        """Tell when a lost connection was replaced."""
        self._connections += 1
        if self._connections > 1:
            self._note("connected again")

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Pass on a message, unless it is only the answer to a heartbeat."""
        if not is_heartbeat(structuredMessage):
            self._queue.put(structuredMessage)

    def sessionResponse(self, sessionResponse: SessionResponse, rawMessage: str) -> None:
        """Tell when a session was closed or can only be read."""
        if sessionResponse.connected is False:
            self._note("the session is closed")
        elif sessionResponse.readOnly:
            self._queue.put(Notice("the session is read-only", read_only=True))

    def connectionClosedEvent(self, connectionClosedEvent: ConnectionClosedEvent, rawMessage: str) -> None:
        """Tell that the server is about to close."""
        why = connectionClosedEvent.reason or connectionClosedEvent.reasonCode
        self._note(f"the server closes the connection{f': {one_line(why)}' if why else ''}")

    def sessionExpiredEvent(self, sessionExpiredEvent: SessionExpiredEvent, rawMessage: str) -> None:
        """Tell that the session is over."""
        self._note("the session has expired")

    def sessionClearedEvent(self, sessionClearedEvent: SessionClearedEvent, rawMessage: str) -> None:
        """Tell that the conversation was cleared."""
        self._note("the conversation was cleared")

    def unexpectedMessage(self, baseMessage: BaseMessage, rawMessage: str) -> None:
        """Tell of errors and of what is not known."""
        told = _told(baseMessage.body)
        if told:
            code = f" ({baseMessage.code})" if isinstance(baseMessage.code, int) and baseMessage.code >= 300 else ""
            self._note(f"the server says{code}: {told}")

    def webSocketDisconnected(self, statusCode: int, reason: str) -> None:
        """Tell that the connection is over."""
        if self._leaving:
            self._note("disconnected")
        else:
            because = f", {one_line(reason)}" if reason else ""
            self._queue.put(Notice(f"the connection was closed ({statusCode}{because})", lost=True))

    def webSocketError(self, reason: str) -> None:
        """Tell that it broke."""
        self._queue.put(Notice(f"the connection broke: {one_line(reason)}", lost=True))

    def _note(self, text: str) -> None:
        self._queue.put(Notice(text))


def _told(body: Any) -> str:
    if isinstance(body, str):
        return one_line(body)
    return one_line(getattr(body, "errorMessage", None) or getattr(body, "message", None))
