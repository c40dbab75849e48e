"""Waiting for frames that answer no request: what became of an upload, that the session was cleared."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from .._wire.connection import Connection, State
from ..exceptions import ConnectionClosedError, ResponseTimeoutError
from .routing import Event

if TYPE_CHECKING:
    from ..client import WebMessagingClient


class Watch:
    """Waits for the first frame of a kind, or the end of the connection."""

    def __init__(self, connection: Connection | None, wanted: Callable[[Event], bool]) -> None:
        self.connection = connection
        self._wanted = wanted
        self._event: Event | None = None
        self._ended = False
        # Guards _event and _ended; notified whenever one of them changed.
        self._changed = threading.Condition()

    def observe(self, event: Event) -> None:
        """Called on the reader with each frame."""
        if self._event is None and self._wanted(event):
            with self._changed:
                self._event = event
                self._changed.notify_all()

    def end(self) -> None:
        """Called when the connection is gone."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait(self, timeout: float, what: str) -> Event:
        """Wait for the frame. May be called on any thread, also in a listener.

        Args:
            timeout: Seconds.
            what: What is awaited, for the message of the exception.

        Raises:
            ResponseTimeoutError: It did not come in time.
            ConnectionClosedError: The connection ended first.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._event is not None or self._ended, timeout)
            if self._event is not None:
                return self._event
            if self._ended:
                raise ConnectionClosedError(f"the connection was closed before {what} came")
        raise ResponseTimeoutError(f"no {what} within {round(timeout, 1):g} seconds")

    def wait_for_end(self, timeout: float) -> bool:
        """Wait until the connection is gone; False when it is still there after so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ended, timeout)


class Watches:
    """The watches of one client."""

    def __init__(self) -> None:
        self._open: tuple[Watch, ...] = ()
        # Guards _open against two who change it at once; the reader takes it as it is.
        self._lock = threading.Lock()

    @contextmanager
    def watch(self, connection: Connection | None, wanted: Callable[[Event], bool]) -> Iterator[Watch]:
        """Within: frames that come are shown to the watch.

        Args:
            connection: The connection whose end ends the waiting.
            wanted: Called on the reader with each frame; must be quick.
        """
        watch = Watch(connection, wanted)
        with self._lock:
            self._open = (*self._open, watch)
        if connection is None or connection.state is State.CLOSED:
            watch.end()
        try:
            yield watch
        finally:
            with self._lock:
                self._open = tuple(one for one in self._open if one is not watch)

    def observe(self, event: Event) -> None:
        """Show a frame to those who wait. Called on the reader."""
        for watch in self._open:
            watch.observe(event)

    def close(self, connection: Connection | None) -> None:
        """Tell those who wait that a connection is gone."""
        for watch in self._open:
            if watch.connection is connection:
                watch.end()


def watching(client: WebMessagingClient, wanted: Callable[[Event], bool]) -> AbstractContextManager[Watch]:
    """Within: frames that come on a client's connection are shown to a watch."""
    return client._watches.watch(client._connection, wanted)


class Deadline:
    """A point in time by which several steps must be done."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds until then, 0 when it has passed."""
        return max(0.0, self._at - time.monotonic())
