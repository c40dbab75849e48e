"""The listeners of a client."""

from __future__ import annotations

import threading
from typing import Any

from .._base.threads import logger_of
from ..listener import SessionListener, check_listener
from ..models import StructuredMessage

log = logger_of(__name__)


class Listeners:
    """Who listens, in the order in which they were added."""

    def __init__(self) -> None:
        # Copied when it changes, so that a round of calls that has begun is not disturbed.
        self._all: tuple[SessionListener, ...] = ()
        # Those of them that may block, copied in the same way.
        self._blocking: tuple[SessionListener, ...] = ()
        # Guards both against two who change them at once.
        self._lock = threading.Lock()

    def after_fork(self) -> None:
        """In a forked child: who held the lock does not exist here."""
        self._lock = threading.Lock()

    @property
    def may_block(self) -> bool:
        """Whether one of them may."""
        return bool(self._blocking)

    def add(self, listener: SessionListener, *, blocks: bool = True) -> None:
        """Call a listener from now on; one that is added twice, twice.

        Args:
            listener: Who listens.
            blocks: Whether hearing a message may take it long, or make it wait; it does if it runs code of a user's.
        """
        check_listener(listener)
        with self._lock:
            # In this order, here and in remove(): notify_of_message() looks at them in the other one, without the lock.
            if blocks:
                self._blocking = (*self._blocking, listener)
            self._all = (*self._all, listener)

    def remove(self, listener: SessionListener) -> None:
        """Call a listener no more, or once less. An unknown one is left alone."""
        check_listener(listener)
        with self._lock:
            self._all = _without(self._all, listener)
            self._blocking = _without(self._blocking, listener)

    def notify(self, method: str, *args: Any) -> None:
        """Call a method of each listener. What one raises is logged, and the next one is called."""
        listeners = self._all
        for listener in listeners:
            if listeners is self._all or self._has(listener):
                try:
                    getattr(listener, method)(*args)
                except BaseException:
                    log.exception("listener %s raised in %s", type(listener).__qualname__, method)

    def notify_of_message(self, message: StructuredMessage, raw: str, *, at_once: bool = False) -> bool:
        """Do what notify does for a message, of which there are the most, in half the time.

        Args:
            message: The message.
            raw: The frame it came in.
            at_once: Whether to do nothing if one of them may block.

        Returns:
            Whether it was done.
        """
        listeners = self._all
        if at_once and self._blocking:
            return False
        for listener in listeners:
            if listeners is self._all or self._has(listener):
                try:
                    listener.structuredMessage(message, raw)
                except BaseException:
                    log.exception("listener %s raised in structuredMessage", type(listener).__qualname__)
        return True

    def _has(self, listener: SessionListener) -> bool:
        """Whether a listener is still there: one before it may have removed it, and was told that it was."""
        return any(one is listener for one in self._all)


def _without(listeners: tuple[SessionListener, ...], listener: SessionListener) -> tuple[SessionListener, ...]:
    for position, one in enumerate(listeners):
        if one is listener:
            return (*listeners[:position], *listeners[position + 1 :])
    return listeners
