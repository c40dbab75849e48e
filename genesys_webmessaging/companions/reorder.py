"""Messages in the order in which they were meant."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, NamedTuple

from .._base import checks
from .._base.scheduler import Timer, scheduler
from ..listener import SessionListener
from ..models import StructuredMessage
from ..models.message import time_of
from ._seen import is_typing
from ._wrapper import ListenerWrapper

__all__ = ["Reorder"]

_BEFORE_ALL = datetime.min.replace(tzinfo=timezone.utc)


class _Held(NamedTuple):
    """An event that waits for those that belong before it."""

    time: datetime
    arrival: int
    due: float
    method: str
    args: tuple[Any, ...]

    @property
    def key(self) -> tuple[datetime, int]:
        return self.time, self.arrival


class Reorder(ListenerWrapper):
    """Puts messages in the order of their ``channel.time``, which the service does not guarantee.

    Each message waits for a short time, in case one that was said before it is still to come. Everything else that is
    heard keeps its place: it waits for the messages before it. Messages that come later than the hold time allows are
    passed on at once, late as they are. In front of a :class:`Reconnector` this also orders what was in the air when
    the connection broke::

        client.addSessionListener(Reorder(Reconnector(client, mine)))

    Args:
        listeners: Whom it serves.
        holdTime: Seconds that a message waits. Replies are late by so much.
        clock: Tells seconds.

    Raises:
        TypeError: A listener cannot be called as one.
        ValueError: holdTime is negative or infinite.
    """

    def __init__(
        self, *listeners: SessionListener, holdTime: float = 0.5, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(*listeners)
        self._hold_time = checks.seconds("holdTime", holdTime, zero=True)
        self._clock = clock
        # Guards the fields below, and the order of what is put.
        self._lock = threading.RLock()
        self._held: list[_Held] = []
        self._passed = _BEFORE_ALL  # the time of the latest message that was passed on
        self._arrivals = 0
        self._timer: Timer | None = None
        self._timer_due = math.inf  # when, on the clock

    def _after_fork(self) -> None:
        super()._after_fork()
        self._lock = threading.RLock()
        self._held = []
        self._timer = None

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """Hold a message until it is certain enough that none belongs before it."""
        time = None if is_typing(structuredMessage) else time_of(structuredMessage)
        self._hear("structuredMessage", (structuredMessage, rawMessage), time)

    def webSocketDisconnected(self, statusCode: int, reason: str) -> None:
        """Pass on what waits, and then this."""
        self._end("webSocketDisconnected", statusCode, reason)

    def webSocketError(self, reason: str) -> None:
        """Pass on what waits, and then this."""
        self._end("webSocketError", reason)

    def _pass_on(self, method: str, *args: Any) -> None:
        self._hear(method, args, None)

    def _hear(self, method: str, args: tuple[Any, ...], time: datetime | None) -> None:
        with self._lock:
            latest = self._held[-1] if self._held else None
            self._arrivals += 1
            if time is not None:
                held = _Held(time, self._arrivals, self._due(time), method, args)
            elif latest is not None:
                held = _Held(latest.time, self._arrivals, max(one.due for one in self._held), method, args)
            else:
                held = _Held(_BEFORE_ALL, self._arrivals, -math.inf, method, args)
            self._held.append(held)
            self._held.sort(key=lambda one: one.key)
            self._put_due()
            self._watch_the_time()
        self._serial.run()

    def _due(self, time: datetime) -> float:
        """Until when a message waits. Called under the lock."""
        now = self._clock()
        if time < self._passed:
            return now
        return min([now + self._hold_time, *(held.due for held in self._held if held.time > time)])

    def _end(self, method: str, *args: Any) -> None:
        with self._lock:
            now = self._clock()
            for held in self._held:
                settled = held.method != "structuredMessage" or held.due <= now
                self._put(held.method if settled else "unsettledMessage", *held.args)
            self._held = []
            self._put(method, *args)
            self._watch_the_time()
        self._serial.run()

    def _put_due(self) -> None:
        """Queue everything up to the last event whose time has come. Called under the lock."""
        now = self._clock()
        count = max((place for place, held in enumerate(self._held, 1) if held.due <= now), default=0)
        for held in self._held[:count]:
            self._passed = max(self._passed, held.time)
            self._put(held.method, *held.args)
        del self._held[:count]

    def _watch_the_time(self) -> None:
        """Have what is held let go in time. Called under the lock."""
        due = min((held.due for held in self._held), default=math.inf)
        if self._timer is not None and not self._timer_due <= due < math.inf:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and self._held:
            self._timer_due = due
            moment = time.monotonic() + max(0.0, due - self._clock())
            self._timer = scheduler.call_at(moment, self._release, thread="reorder")

    def _release(self) -> None:
        with self._lock:
            self._timer = None
            self._put_due()
            self._watch_the_time()
        self._serial.run()
