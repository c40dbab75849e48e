"""The clock everything in the simulator runs on, which a test can set forward."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Protocol

__all__ = ["Clock", "ClockDriver", "Timer", "iso"]


def iso(moment: float) -> str:
    """Write epoch seconds as ISO 8601 in UTC, with milliseconds, as Genesys does."""
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(order=True)
class Timer:
    """Something to do at a moment of the clock."""

    when: float
    number: int
    action: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Forget it."""
        self.cancelled = True


class ClockDriver(Protocol):
    """Who runs the clock's timers: the server's event loop."""

    def run(self, action: Callable[[], None]) -> None:
        """Run something on the loop, and return when it has run."""

    def timersChanged(self) -> None:
        """Look at the clock again: the next timer may be another one."""


class Clock:
    """Wall-clock time, plus what a test has added to it.

    Expiry, jwt life, presigned URLs, rate windows and the delays of a bot all read this clock. Timers that
    fall due through `advance` have run when it returns.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards _offset, _frozenAt, _timers and _driver
        self._offset = time.time() - time.monotonic()
        self._frozenAt: float | None = None
        self._timers: list[Timer] = []
        self._numbers = itertools.count()
        self._driver: ClockDriver | None = None

    def now(self) -> float:
        """The simulated time, in epoch seconds."""
        with self._lock:
            return self._now()

    def isoNow(self) -> str:
        """The simulated time, as ISO 8601 in UTC."""
        return iso(self.now())

    def advance(self, seconds: float) -> None:
        """Set the clock forward, and run what falls due by that.

        Args:
            seconds: How far; not negative.

        Raises:
            ValueError: The clock cannot run backwards.
        """
        if seconds < 0:
            raise ValueError(f"a clock cannot be set back: advance({seconds!r})")

        def jump() -> None:
            with self._lock:
                if self._frozenAt is None:
                    self._offset += seconds
                else:
                    self._frozenAt += seconds
            self.runDue()

        with self._lock:
            driver = self._driver
        if driver is None:
            jump()
        else:
            driver.run(jump)

    def freeze(self) -> None:
        """Stop the clock: from now on only `advance` moves it."""
        with self._lock:
            self._frozenAt = self._now()

    def unfreeze(self) -> None:
        """Let the clock run on from where it stands."""
        with self._lock:
            self._offset = self._now() - time.monotonic()
            self._frozenAt = None
            driver = self._driver
        if driver is not None:
            driver.timersChanged()

    def callLater(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Do something after some seconds of this clock; must be called on the driver's thread."""
        with self._lock:
            timer = Timer(self._now() + seconds, next(self._numbers), action)
            heapq.heappush(self._timers, timer)
            driver = self._driver
        if driver is not None:
            driver.timersChanged()
        return timer

    def runDue(self) -> None:
        """Run the timers whose moment has come, in order."""
        while True:
            with self._lock:
                self._dropCancelled()
                if not self._timers or self._timers[0].when > self._now():
                    return
                timer = heapq.heappop(self._timers)
            timer.action()

    def secondsToNext(self) -> float | None:
        """How long until the next timer falls due by itself; None when there is none, or the clock stands."""
        with self._lock:
            self._dropCancelled()
            if not self._timers or self._frozenAt is not None:
                return None
            return max(0.0, self._timers[0].when - self._now())

    def drivenBy(self, driver: ClockDriver | None) -> None:
        """Say who runs the timers from now on; None: whoever calls `advance`."""
        with self._lock:
            self._driver = driver

    def _now(self) -> float:
        return time.monotonic() + self._offset if self._frozenAt is None else self._frozenAt

    def _dropCancelled(self) -> None:
        while self._timers and self._timers[0].cancelled:
            heapq.heappop(self._timers)
