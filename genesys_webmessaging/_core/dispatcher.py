"""The thread that listeners are called on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

from .._base.threads import daemon_thread, logger_of

log = logger_of(__name__)

E = TypeVar("E")

# So many waiting events are worth a warning. The queue holds nobody up: a reader that waits for a listener could not
# answer pings.
WARN_AT = 10_000


class Dispatcher(Generic[E]):
    """A first-in-first-out queue of events and the thread that delivers them, one after the other.

    Events come in batches, as one read of the socket brings them. The thread ends when the
    batch given to :meth:`finish` has been delivered.

    Args:
        deliver: Takes all events from an iterator, one after the other. If it raises, that is logged, and it is called
            again with those that are left; so it must take one before it may raise.
        after: The dispatcher of the connection before, which delivers its last event before this one begins.
    """

    def __init__(self, deliver: Callable[[Iterator[E]], None], after: Dispatcher[E] | None = None) -> None:
        self._deliver = deliver
        self._after = after
        self._queue: SimpleQueue[tuple[Sequence[E], int] | None] = SimpleQueue()
        # Each written by one thread alone: what was posted by the poster, what was delivered by ours.
        self._posted = 0
        self._posted_bytes = 0
        self._delivered = 0
        self._delivered_bytes = 0
        self._warned = False
        # Set when the last event was delivered.
        self._ended = threading.Event()
        self._thread = daemon_thread("dispatcher", self._run)

    def start(self) -> None:
        """Begin to deliver what was posted."""
        self._thread.start()

    def post(self, events: Sequence[E], size: int = 0) -> None:
        """Queue events. Called by one thread at a time.

        Args:
            events: In order.
            size: The bytes that they take together.
        """
        self._posted += len(events)
        self._posted_bytes += size
        self._queue.put((events, size))
        waiting = self._posted - self._delivered
        if waiting >= WARN_AT and not self._warned:
            self._warned = True
            log.warning("%d events wait for the listeners, which are slower than the server", waiting)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was posted has been delivered. For the poster."""
        return self._posted == self._delivered

    @property
    def waiting_bytes(self) -> int:
        """The bytes of the batches that were not delivered yet, or not to the end."""
        return self._posted_bytes - self._delivered_bytes

    def insert(self, event: E) -> None:
        """Queue an event beside those of the poster. May be called on any thread, by a finalizer too."""
        self._queue.put(((event,), 0))

    def finish(self, events: Sequence[E] = ()) -> None:
        """Queue the last events; after them the thread ends."""
        self.post(events)
        self._queue.put(None)

    def join(self, timeout: float | None) -> None:
        """Wait until the last event was delivered, seconds at most. In a listener, do not wait."""
        # Not the thread's join() alone: Ctrl-C in it makes Python before 3.13 take a running thread for one that
        # has ended.
        if self._thread.is_alive() and not self.waits_for_caller() and self._ended.wait(timeout):
            self._thread.join()

    @property
    def has_ended(self) -> bool:
        """Whether the last event was delivered."""
        return self._ended.is_set()

    def waits_for_caller(self) -> bool:
        """Whether nothing is delivered until the caller returns, because it is called by a listener."""
        dispatcher: Dispatcher[E] | None = self
        while dispatcher is not None:
            if threading.current_thread() is dispatcher._thread:
                return True
            dispatcher = dispatcher._after
        return False

    def _run(self) -> None:
        if self._after is not None:
            self._after.join(None)
            self._after = None
        while (batch := self._queue.get()) is not None:
            events, size = batch
            self._deliver_all(events)
            self._delivered_bytes += size
        self._ended.set()

    def _deliver_all(self, events: Sequence[E]) -> None:
        left = iter(events)
        while True:
            try:
                self._deliver(left)
                break
            except BaseException:
                log.exception("delivering an event failed")
        self._delivered += len(events)  # only now: until then the poster must not find this idle
