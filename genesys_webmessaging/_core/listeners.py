"""The listeners of a client, and the documented hooks through which they are called."""

from __future__ import annotations

import logging
import threading
from typing import Any

from ..listener import SessionListener, check_listener
from ..models import BaseMessage
from .routing import heard_as

log = logging.getLogger(__name__)


class Listening:
    """How :class:`~genesys_webmessaging.WebMessagingClient` is listened to."""

    def __init__(self) -> None:
        # Copied when it changes, so that a round of calls that has begun is not disturbed.
        self._listeners: tuple[SessionListener, ...] = ()
        # Guards _listeners against two who change it at once.
        self._listeners_lock = threading.Lock()

    def _listening_after_fork(self) -> None:
        self._listeners_lock = threading.Lock()

    def addSessionListener(self, sessionListener: SessionListener) -> None:
        """Let a listener hear what happens from now on. One that is added twice hears everything twice.

        Raises:
            TypeError: The object cannot be called as a listener.
        """
        check_listener(sessionListener)
        with self._listeners_lock:
            self._listeners = (*self._listeners, sessionListener)

    def removeSessionListener(self, sessionListener: SessionListener) -> None:
        """Let a listener hear nothing more; if it was added twice, once less. An unknown one is left alone.

        Raises:
            TypeError: The object is no listener at all.
        """
        check_listener(sessionListener)
        with self._listeners_lock:
            for position, listener in enumerate(self._listeners):
                if listener is sessionListener:
                    self._listeners = (*self._listeners[:position], *self._listeners[position + 1 :])
                    return

    def onSessionEvent(self, rawMessage: str, baseMessage: BaseMessage) -> None:
        """Called for every frame, on the dispatcher. Override it to see frames first; this one calls the listeners.

        Args:
            rawMessage: The frame as it came.
            baseMessage: Its envelope; the body is a model if its class has one.
        """
        method, argument = heard_as(baseMessage)
        self._notify(method, argument, rawMessage)

    def onWebSocketConnected(self) -> None:
        """Called when the socket is open, on the dispatcher. Override it; this one calls the listeners."""
        self._notify("webSocketConnected")

    def onWebSocketDisconnected(self, statusCode: int, reason: str) -> None:
        """Called when the socket is closed, on the dispatcher. Override it; this one calls the listeners."""
        self._notify("webSocketDisconnected", statusCode, reason)

    def onWebSocketError(self, reason: str) -> None:
        """Called when the socket broke, on the dispatcher. Override it; this one calls the listeners."""
        self._notify("webSocketError", reason)

    def _notify(self, method: str, *args: Any) -> None:
        listeners = self._listeners
        for listener in listeners:
            if listeners is not self._listeners and not any(one is listener for one in self._listeners):
                continue  # removed by a listener before it, and told so
            try:
                getattr(listener, method)(*args)
            except BaseException:
                log.exception("listener %s raised in %s", type(listener).__qualname__, method)
