"""Listeners that stand before other listeners."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from .._base.fork import renew_after_fork
from .._base.hints import Hinting
from .._base.threads import logger_of
from ..listener import LISTENER_METHODS, SessionListener, check_listener, warn_of_misspellings
from ..models import StructuredMessage

log = logger_of(__name__)


class SerialExecutor:
    """Makes calls one after the other, in the order in which they were put, whatever threads they come from.

    Whoever puts a call makes those that wait, unless another thread is just doing so.
    """

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._calling = False  # whether a thread makes calls
        # Guards _calling, and the decision that there is nothing left to call.
        self._lock = threading.Lock()

    def put(self, call: Callable[[], None]) -> None:
        """Queue a call, which must not raise. It may be made by the next :meth:`run` only."""
        self._calls.append(call)

    def run(self) -> None:
        """Make the calls that wait. Returns at once if another thread, or this one further up, is at it."""
        with self._lock:
            if self._calling or not self._calls:
                return
            self._calling = True
            call = self._calls.popleft()
        while True:
            call()
            with self._lock:
                if not self._calls:
                    self._calling = False
                    return
                call = self._calls.popleft()


class ListenerWrapper(Hinting, SessionListener):
    """A listener that passes on what it hears, to one listener or to several, one event at a time.

    What comes from several threads is passed on in the order in which it came. A listener that raises is logged,
    and disturbs nobody.

    Args:
        listeners: Whom it serves.

    Raises:
        TypeError: One of them cannot be called as a listener.
    """

    def __init__(self, *listeners: SessionListener) -> None:
        for listener in listeners:
            check_listener(listener)
            warn_of_misspellings(listener, stacklevel=3)  # the caller of the companion's constructor
        self.listeners = listeners
        self._serial = SerialExecutor()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._serial = SerialExecutor()

    def unsettledMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Hear a message before which others may be missing, because the connection ended. As any other, by default."""
        self.structuredMessage(structuredMessage, rawMessage)

    def _put(self, method: str, *args: Any) -> None:
        """Queue an event for the listeners."""
        self._serial.put(partial(self._tell, method, args))

    def _pass_on(self, method: str, *args: Any) -> None:
        """Let the listeners hear an event after everything that was put before."""
        self._put(method, *args)
        self._serial.run()

    def _tell(self, method: str, args: tuple[Any, ...]) -> None:
        for listener in self.listeners:
            heard = method
            if method == "unsettledMessage" and not isinstance(listener, ListenerWrapper):
                heard = "structuredMessage"
            try:
                getattr(listener, heard)(*args)
            except BaseException:
                log.exception("listener %s raised in %s", type(listener).__qualname__, method)


def _forwarder(method: str) -> Callable[..., None]:
    def forward(self: ListenerWrapper, *args: Any) -> None:
        self._pass_on(method, *args)

    forward.__name__ = method
    forward.__doc__ = getattr(SessionListener, method).__doc__
    return forward


for _name in LISTENER_METHODS:
    setattr(ListenerWrapper, _name, _forwarder(_name))
