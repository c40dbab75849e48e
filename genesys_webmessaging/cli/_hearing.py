"""What happens in a conversation, handed from the client's thread to the one that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from ..companions._seen import is_heartbeat
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
    """Something that happened and is no message; ``over``: nothing more will come."""

    text: str
    over: bool = False


Heard = StructuredMessage | Notice


class Hearing(SessionListener):
    """Puts what a client hears into a queue, so that one thread alone writes to the terminal.

    Args:
        lasting: Whether a lost connection will be replaced, and is not the end.
    """

    def __init__(self, *, lasting: bool = False) -> None:
        self._queue: SimpleQueue[Heard] = SimpleQueue()
        self._lasting = lasting
        self._connections = 0
        self._leaving = False

    def next(self, timeout: float) -> Heard | None:
        """What came next.

        Args:
            timeout: Seconds to wait for it.

        Returns:
            A message or a notice; None when nothing came in time.
        """
        try:
            return self._queue.get(timeout=max(0.0, timeout))
        except Empty:
            return None

    def leave(self) -> None:
        """Know that the end which comes now was asked for."""
        self._leaving = True

    def put(self, heard: Heard) -> None:
        """Add something to what was heard."""
        self._queue.put(heard)

    def webSocketConnected(self) -> None:
        """Tell when a lost connection was replaced."""
        self._connections += 1
        if self._connections > 1:
            self.put(Notice("connected again"))

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Pass on a message, unless it is only the sound of a heart beating."""
        if not is_heartbeat(structuredMessage):
            self.put(structuredMessage)

    def sessionResponse(self, sessionResponse: SessionResponse, rawMessage: str) -> None:
        """Tell when a session was closed or can only be read."""
        if sessionResponse.connected is False:
            self.put(Notice("the session is closed"))
        elif sessionResponse.readOnly:
            self.put(Notice("the session is read-only"))

    def connectionClosedEvent(self, connectionClosedEvent: ConnectionClosedEvent, rawMessage: str) -> None:
        """Tell that the server is about to close."""
        why = connectionClosedEvent.reason or connectionClosedEvent.reasonCode
        self.put(Notice(f"the server closes the connection{f': {one_line(why)}' if why else ''}"))

    def sessionExpiredEvent(self, sessionExpiredEvent: SessionExpiredEvent, rawMessage: str) -> None:
        """Tell that the session is over."""
        self.put(Notice("the session has expired"))

    def sessionClearedEvent(self, sessionClearedEvent: SessionClearedEvent, rawMessage: str) -> None:
        """Tell that the conversation was cleared."""
        self.put(Notice("the conversation was cleared"))

    def unexpectedMessage(self, baseMessage: BaseMessage, rawMessage: str) -> None:
        """Tell of errors and of what is not known."""
        told = _told(baseMessage.body)
        if told:
            code = f" ({baseMessage.code})" if isinstance(baseMessage.code, int) and baseMessage.code >= 300 else ""
            self.put(Notice(f"the server says{code}: {told}"))

    def webSocketDisconnected(self, statusCode: int, reason: str) -> None:
        """Tell that it is over."""
        if self._leaving:
            self.put(Notice("disconnected", over=True))
            return
        told = f"the connection was closed ({statusCode}{f', {one_line(reason)}' if reason else ''})"
        # 1000 is an end that the server wants; any other connection is one to be replaced.
        self.put(Notice(told, over=statusCode == 1000 or not self._lasting))

    def webSocketError(self, reason: str) -> None:
        """Tell that it broke."""
        self.put(Notice(f"the connection broke: {one_line(reason)}", over=not self._lasting))


def _told(body: Any) -> str:
    if isinstance(body, str):
        return one_line(body)
    return one_line(getattr(body, "errorMessage", None) or getattr(body, "message", None))
