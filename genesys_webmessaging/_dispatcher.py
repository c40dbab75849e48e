"""The thread that listeners are called on."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

E = TypeVar("E")

# The queue has no bound, because a reader that waits for a listener could not answer pings.
WARN_AT = 10_000

_numbers = itertools.count(1)


class Dispatcher(Generic[E]):
    """A first-in-first-out queue of events and the thread that delivers them, one after the other.

    Events come in batches, as one read of the socket brings them. The thread ends when the
    batch given to :meth:`finish` has been delivered.
    """

    def __init__(self, deliver: Callable[[E], None]) -> None:
        self._deliver = deliver
        self._queue: SimpleQueue[Sequence[E] | None] = SimpleQueue()
        # Each written by one thread alone: the number posted by the poster, the number delivered by ours.
        self._posted = 0
        self._delivered = 0
        self._warned = False
        self._thread = threading.Thread(
            target=self._run, name=f"genesys-webmessaging-dispatcher-{next(_numbers)}", daemon=True
        )
        self._thread.start()

    def post(self, events: Sequence[E]) -> None:
        """Queue events. Called by one thread at a time."""
        self._posted += len(events)
        self._queue.put(events)
        waiting = self._posted - self._delivered
        if waiting >= WARN_AT and not self._warned:
            self._warned = True
            log.warning("%d events wait for the listeners, which are slower than the server", waiting)

    def finish(self, events: Sequence[E] = ()) -> None:
        """Queue the last events; after them the thread ends."""
        self.post(events)
        self._queue.put(None)

    def join(self, timeout: float) -> None:
        """Wait until the last event was delivered, seconds at most. On the dispatcher's own thread, do not wait."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (events := self._queue.get()) is not None:
            for event in events:
                try:
                    self._deliver(event)
                except BaseException:
                    log.exception("delivering an event failed")
                self._delivered += 1
