"""One thread that knows what is to be done when, for all clients of the process."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import weakref
from collections.abc import Callable
from types import MethodType

from .fork import renew_after_fork
from .threads import daemon_thread, logger_of

log = logger_of(__name__)

# What threading's RuntimeError says.
_NO_THREAD = "can't start new thread"


class Timer:
    """Something that is to be called once, unless it is cancelled before.

    Attributes:
        due: When, a time of ``time.monotonic``.
        thread: The kind of the new thread that it is called on; None for the scheduler's own.
    """

    __slots__ = ("_call", "_scheduler", "due", "thread")

    def __init__(self, scheduler: Scheduler, due: float, call: Callable[[], object], thread: str | None) -> None:
        self._scheduler = scheduler
        # None when it was cancelled or has been called.
        self._call: Callable[[], Callable[[], object] | None] | None = (
            weakref.WeakMethod(call) if isinstance(call, MethodType) else lambda: call
        )
        self.due = due
        self.thread = thread

    def cancel(self) -> None:
        """Do not call it. Does nothing if it is being called already, or was."""
        self._scheduler._cancel(self)


class Scheduler:
    """Calls what is due on a thread that ends when nothing is left to wait for.

    It keeps nobody alive: a bound method is forgotten with its object.
    """

    def __init__(self) -> None:
        # Guards the fields below, and the calls of the timers; notified when the thread has to look again. Reentrant:
        # a finalizer that cancels may run on the thread that holds it. So cancelling leaves the heap as it is.
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Timer]] = []  # cancelled ones, too, until their time comes
        self._live = 0
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        renew_after_fork(self)

    def _after_fork(self) -> None:
        """In a forked child: what was to be done is the parent's business."""
        self._changed = threading.Condition()
        self._heap, self._live, self._thread = [], 0, None

    def call_at(self, due: float, call: Callable[[], object], *, thread: str | None = None) -> Timer:
        """Have something called once.

        Args:
            due: When, a time of ``time.monotonic``.
            call: What to call. A bound method does not keep its object alive.
            thread: The kind of a new thread that it is called on, because it may take time, or runs the user's code;
                None for the scheduler's own, which it must not hold up.
        """
        timer = Timer(self, due, call, thread)
        with self._changed:
            if self._thread is None:
                self._thread = daemon_thread("scheduler", self._run)
                try:
                    self._thread.start()
                except BaseException:
                    self._thread = None  # or nobody would start one again
                    raise
            if len(self._heap) > 2 * self._live + 100:
                self._heap = [entry for entry in self._heap if entry[2]._call is not None]
                heapq.heapify(self._heap)
            heapq.heappush(self._heap, (due, next(self._numbers), timer))
            self._live += 1
            if self._heap[0][2] is timer:
                self._changed.notify()
        return timer

    def _cancel(self, timer: Timer) -> None:
        with self._changed:
            if timer._call is None:
                return
            timer._call = None
            self._live -= 1
            if self._live == 0:
                self._changed.notify()

    def _run(self) -> None:
        while self._await_next():
            continue

    def _await_next(self) -> bool:
        """Wait for what is next, and do it. False when there is nothing left, and the thread ends."""
        with self._changed:
            while self._live:
                due, _, timer = self._heap[0]
                left = due - time.monotonic()
                if timer._call is not None and left > 0:
                    del timer  # or it would be kept for as long as it is waited
                    self._changed.wait(left)
                    continue
                timer = heapq.heappop(self._heap)[2]
                if timer._call is not None:
                    call, timer._call = timer._call(), None
                    self._live -= 1
                    break
            else:
                self._heap.clear()
                self._thread = None
                return False
        if call is not None:
            self._call(call, timer.thread)
        return True

    def _call(self, call: Callable[[], object], thread: str | None) -> None:
        try:
            if thread is None:
                call()
            else:
                daemon_thread(thread, call).start()
        except Exception as error:
            if str(error) == _NO_THREAD:
                log.warning("the system has no thread for what is due; it is tried again in a second")
                self.call_at(time.monotonic() + 1.0, call, thread=thread)
            else:
                log.exception("what was due failed")


scheduler = Scheduler()
