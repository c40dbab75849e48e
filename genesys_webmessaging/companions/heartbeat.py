"""A connection that is known to be alive."""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from .._base.threads import daemon_thread, logger_of
from ..client import WebMessagingClient
from ..exceptions import (
    ConnectionClosedError,
    NotConfiguredError,
    NotConnectedError,
    ResponseTimeoutError,
    WebMessagingException,
)
from ..models import StructuredMessage
from ._seen import HEARTBEAT
from ._wrapper import ListenerWrapper

__all__ = ["Heartbeat"]

log = logger_of(__name__)

# An expirationDate after this (the end of the year 9998, in seconds since 1970) is not a time.
LATEST = 253_370_764_800.0
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
        onDeadPeer: Called, on the heartbeat's thread, when the peer is dead; ``client.disconnect`` if None. With a
            Reconnector, give its ``reconnect``.
        onExpiring: Called with the seconds that are left, once for each time at which the session expires.
        warnBefore: How many seconds before the session expires onExpiring is called.

    Raises:
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
        for name, seconds in (("interval", interval), ("patience", patience), ("warnBefore", warnBefore)):
            if not 0 < seconds < math.inf:
                raise ValueError(f"{name} must be a positive number of seconds, not {seconds!r}")
        self._client = client
        self._interval = interval
        self._patience = patience
        self._on_dead_peer = onDeadPeer or client.disconnect
        self._on_expiring = onExpiring
        self._warn_before = warnBefore
        # Guards the fields below; notified when one of them changes.
        self._changed = threading.Condition()
        self._heard = 0
        self._expires: float | None = None  # a time that a datetime can hold
        self._warned: float | None = None
        self._beating: threading.Thread | None = None
        self._beats = 0

    def _after_fork(self) -> None:
        super()._after_fork()
        self._changed = threading.Condition()
        self._beating = None

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
        with self._changed:
            self._beating = None
            self._changed.notify_all()

    # What is heard

    def _pass_on(self, method: str, *args: Any) -> None:
        """Anything that comes shows that the peer lives."""
        with self._changed:
            self._heard += 1
        body = args[0] if args else None
        if method == "sessionResponse":
            self._note_expiry(getattr(body, "expirationDate", None))
            if getattr(body, "connected", None) is not False:
                self._start()
        elif isinstance(body, StructuredMessage):
            self._note_expiry((body.metadata or {}).get("expirationDate"))
        elif method in {"webSocketDisconnected", "webSocketError"}:
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
            with self._changed:
                self._expires = expires
                self._changed.notify_all()

    # The thread

    def _start(self) -> None:
        with self._changed:
            if self._beating is not None:
                return
            self._beating = daemon_thread("heartbeat", self._run)
            self._beating.start()

    def _run(self) -> None:
        next_beat = time.monotonic() + self._interval
        while self._wait_until(next_beat):
            next_beat = time.monotonic() + self._interval
            if not self._beat():
                break
        with self._changed:
            if self._beating is threading.current_thread():
                self._beating = None

    def _wait_until(self, moment: float) -> bool:
        """Wait, and warn meanwhile if the session is about to expire. False when beating is over."""
        me = threading.current_thread()
        while True:
            with self._changed:
                if self._beating is not me:
                    return False
                now = time.monotonic()
                if now >= moment:
                    return True
                warn_in = self._seconds_to_warning()
                if warn_in > 0:
                    self._changed.wait(min(moment - now, warn_in))
                    continue
                self._warned = self._expires
                left = (self._expires or 0.0) - time.time()
            self._call(self._on_expiring, max(0.0, left))

    def _seconds_to_warning(self) -> float:
        """Called under the lock."""
        if self._on_expiring is None or self._expires is None or self._expires == self._warned:
            return math.inf
        return self._expires - self._warn_before - time.time()

    def _beat(self) -> bool:
        """Send an echo and wait for it. False when the connection is over."""
        heard = self._heard
        try:
            # A UUID that shows what it belongs to, so that its answer is not taken for something that was said.
            tracing_id = self._client.ping(tracingId=HEARTBEAT + str(uuid.uuid4())[len(HEARTBEAT) :])
            self._client.awaitResponse(tracing_id, self._patience)
            self._beats += 1
        except (NotConnectedError, NotConfiguredError, ConnectionClosedError):
            return False
        except ResponseTimeoutError:
            if self._heard == heard:
                log.warning("the peer is dead: no answer within %g seconds", self._patience)
                self.stop()
                self._call(self._on_dead_peer)
                return False
        except WebMessagingException as error:
            log.info("the echo was refused, so the peer is alive: %s", error)
        return True

    def _call(self, callback: Callable[..., None] | None, *args: Any) -> None:
        if callback is None:
            return
        try:
            callback(*args)
        except Exception:
            log.exception("a callback of the heartbeat raised")
