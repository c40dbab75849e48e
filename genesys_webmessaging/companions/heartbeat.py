"""A connection that is known to be alive."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, NamedTuple

from .._base import checks
from .._base.scheduler import Timer, scheduler
from .._base.threads import daemon_thread, logger_of
from .._core.requests import echo
from ..client import WebMessagingClient
from ..exceptions import RequestError, ResponseTimeoutError, WebMessagingException
from ..models import SessionResponse, StructuredMessage
from ._seen import HEARTBEAT
from ._wrapper import ListenerWrapper

__all__ = ["Heartbeat"]

log = logger_of(__name__)

# An expirationDate after this (the end of the year 9998, in seconds since 1970) is not a time.
LATEST = 253_370_764_800.0
# Beats are moved together, by up to one in so many parts of an interval: the guests of a process beat at the same
# moments, so that their threads and what they need are not fetched for each one alone.
_MOMENTS = 40
# Seconds after which an echo is tried again that a connection could not take at once.
_SEND_AGAIN = 0.5
# Seconds of the last look at an answer that is due. Not 0: who merely looks does not await it in vain, and an error
# that comes later without a tracing id would be taken for the answer to the echo.
_AWAITED_IN_VAIN = 0.001
# Seconds since 1970 above which a time must be meant in milliseconds, as the documentation has it: in the year 5138.
_MILLISECONDS = 1e11


class Heartbeat(ListenerWrapper):
    """Keeps a session alive with echoes, finds out when the peer is dead, and knows when the session expires.

    Add it to the client as a listener, before or after connecting. It beats from the SessionResponse on until the
    connection ends. A peer is dead when an echo is not answered in time, and nothing else came either.

    Args:
        client: The client whose session is kept alive.
        interval: Seconds between two echoes. The service allows two a minute.
        patience: Seconds that an answer may take.
        onDeadPeer: Called, on a thread of its own, when the peer is dead; ``client.disconnect`` if None. With a
            Reconnector, give its ``reconnect``.
        onExpiring: Called, on a thread of its own, with the seconds that are left, once for each time at which the
            session expires.
        warnBefore: How many seconds before the session expires onExpiring is called.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: A number of seconds is not positive.
    """

    def __init__(
        self,
        client: WebMessagingClient,
        *,
        interval: float = 40.0,
        patience: float = 10.0,
        onDeadPeer: Callable[[], None] | None = None,
        onExpiring: Callable[[float], None] | None = None,
        warnBefore: float = 60.0,
    ) -> None:
        super().__init__()
        checks.instance("client", client, WebMessagingClient)
        self._client = client
        self._interval = checks.seconds("interval", interval)
        self._patience = checks.seconds("patience", patience)
        self._on_dead_peer = onDeadPeer or client.disconnect
        self._on_expiring = onExpiring
        self._warn_before = checks.seconds("warnBefore", warnBefore)
        # Guards the fields below.
        self._lock = threading.Lock()
        self._timer: Timer | None = None  # None while it does not beat
        self._next_beat = math.inf
        self._awaited: _Echo | None = None
        self._put_off: _Echo | None = None  # the first of those in a row that the connection did not take
        self._heard = 0
        self._expires: float | None = None  # a time that a datetime can hold
        self._warned: float | None = None
        self._beats = 0

    def _after_fork(self) -> None:
        super()._after_fork()
        self._lock = threading.Lock()
        self._timer = self._awaited = self._put_off = None

    @property
    def beats(self) -> int:
        """How many echoes were answered."""
        return self._beats

    @property
    def expiresAt(self) -> datetime | None:
        """When the session will expire if nothing is said, in UTC; None if the server has not told."""
        expires = self._expires
        return None if expires is None else datetime.fromtimestamp(expires, timezone.utc)

    def stop(self) -> None:
        """Beat no more on this connection. The next SessionResponse starts it again."""
        with self._lock:
            self._end()

    # What is heard

    def _pass_on(self, method: str, *args: Any) -> None:
        """Anything that comes shows that the peer lives."""
        del method, args
        self._heard += 1  # by the dispatcher alone

    def structuredMessage(self, structuredMessage: StructuredMessage, rawMessage: str) -> None:
        """It may be the answer, and tell when the session expires."""
        del rawMessage
        self._heard += 1
        awaited = self._awaited
        if awaited is not None and structuredMessage.tracingId == awaited.tracing_id:
            self._judge(awaited)
        if structuredMessage.metadata:
            self._note_expiry(structuredMessage.metadata.get("expirationDate"))

    def sessionResponse(self, sessionResponse: SessionResponse, rawMessage: str) -> None:
        """Begin to beat."""
        del rawMessage
        self._heard += 1
        self._note_expiry(sessionResponse.expirationDate)
        if sessionResponse.connected is not False:
            self._start()

    def webSocketDisconnected(self, statusCode: int, reason: str) -> None:
        """Beat no more."""
        del statusCode, reason
        self.stop()

    def webSocketError(self, reason: str) -> None:
        """Beat no more."""
        del reason
        self.stop()

    def _note_expiry(self, told: object) -> None:
        if told is None:
            return
        try:
            expires = float(told) if isinstance(told, (int, float, str)) else math.nan
            if expires > _MILLISECONDS:
                expires /= 1000
        except (ValueError, OverflowError):
            expires = math.nan
        if not 0 <= expires < LATEST:
            log.warning("the server told an expirationDate that is not a time")
        else:
            with self._lock:
                self._expires = expires
                if self._timer is not None and self._on_expiring is not None:
                    self._wait()

    # When it is time: on the scheduler's thread, which nothing here holds up

    def _start(self) -> None:
        with self._lock:
            if self._timer is None:
                self._next_beat = self._moment_after(time.monotonic())
                self._wait()

    def _moment_after(self, now: float) -> float:
        """When the next echo is due: after an interval, or a little more."""
        step = self._interval / _MOMENTS
        return math.ceil((now + self._interval) / step) * step

    def _wait(self) -> None:
        """Look again when there is something to do. Called under the lock."""
        if self._timer is not None:
            self._timer.cancel()
        now = time.monotonic()
        moments = [self._next_beat if self._awaited is None else self._awaited.due]
        if self._on_expiring is not None and self._expires is not None and self._expires != self._warned:
            moments.append(now + self._expires - self._warn_before - time.time())
        self._timer = scheduler.call_at(min(moments), self._look)

    def _look(self) -> None:
        """Do what is due."""
        with self._lock:
            if self._timer is None:
                return
            now, expires, awaited = time.monotonic(), self._expires, self._awaited
            beats = awaited is None and now >= self._next_beat
            warns = expires is not None and expires != self._warned and expires - self._warn_before <= time.time()
            if warns:
                self._warned = expires
        try:
            if warns and expires is not None:
                self._call(self._on_expiring, max(0.0, expires - time.time()))
            if awaited is not None and now >= awaited.due:
                self._judge(awaited)
            elif beats:
                self._beat()
        except Exception:
            log.exception("a heartbeat failed in a way that was not foreseen")
            with self._lock:
                self._awaited = None
        finally:
            with self._lock:
                if self._timer is not None:
                    self._wait()

    def _beat(self) -> None:
        """Send an echo, if it can go out at once."""
        # A UUID that shows what it belongs to, so that its answer is not taken for something that was said.
        tracing_id = HEARTBEAT + checks.new_uuid()[len(HEARTBEAT) :]
        now = time.monotonic()
        awaited = _Echo(tracing_id, now + self._patience, self._heard)
        with self._lock:
            self._next_beat, self._awaited = self._moment_after(now), awaited
        try:
            self._client._engine.send(echo(), tracing_id, 0)
            with self._lock:
                self._put_off = None
        except ResponseTimeoutError:
            self._put_it_off(awaited)
        except WebMessagingException as error:
            self._give_up(awaited, error)

    def _put_it_off(self, awaited: _Echo) -> None:
        """Try again soon, unless the peer has taken nothing and said nothing for too long."""
        first = self._put_off
        if first is None or self._heard != first.heard:
            first = awaited
        if time.monotonic() >= first.due:
            self._find_dead(awaited, "it has taken nothing and said nothing for")
            return
        with self._lock:
            if self._awaited is awaited:
                self._next_beat, self._awaited, self._put_off = time.monotonic() + _SEND_AGAIN, None, first

    def _judge(self, awaited: _Echo) -> None:
        """Take the answer if there is one: the reader may have it, though the listeners have not heard it yet."""
        try:
            self._client.awaitResponse(awaited.tracing_id, _AWAITED_IN_VAIN)
            if self._forget(awaited):
                self._beats += 1
        except ResponseTimeoutError:
            if self._heard == awaited.heard:
                self._find_dead(awaited, "it has not answered for")
            else:
                self._forget(awaited)
        except RequestError as error:
            log.info("the echo was refused, so the peer is alive: %s", error)
            self._forget(awaited)
        except (WebMessagingException, ValueError) as error:
            self._give_up(awaited, error)

    def _find_dead(self, awaited: _Echo, why: str) -> None:
        if self._end_of(awaited):
            log.warning("the peer is dead: %s %g seconds", why, self._patience)
            self._call(self._on_dead_peer)

    def _give_up(self, awaited: _Echo, error: Exception) -> None:
        if self._end_of(awaited):
            log.debug("no heartbeat any more: %s", error)

    def _end_of(self, awaited: _Echo) -> bool:
        """Beat no more. False if this echo is not awaited: another connection may have begun to beat."""
        with self._lock:
            mine = self._awaited is awaited
            if mine:
                self._end()
        return mine

    def _end(self) -> None:
        """Beat no more. Called under the lock."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._awaited = self._put_off = None

    def _forget(self, awaited: _Echo) -> bool:
        """Wait for an answer no more. False if another thread was faster."""
        with self._lock:
            mine = self._awaited is awaited
            if mine:
                self._awaited = None
                if self._timer is not None:
                    self._wait()
        return mine

    def _call(self, callback: Callable[..., None] | None, *args: Any) -> None:
        if callback is not None:
            daemon_thread("heartbeat", _called, callback, *args).start()


class _Echo(NamedTuple):
    """One that is awaited.

    Attributes:
        due: Until when, a time of ``time.monotonic``.
        heard: How much had been heard when it was sent.
    """

    tracing_id: str
    due: float
    heard: int


def _called(callback: Callable[..., None], *args: Any) -> None:
    try:
        callback(*args)
    except Exception:
        log.exception("a callback of the heartbeat raised")
