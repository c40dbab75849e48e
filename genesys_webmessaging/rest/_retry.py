"""When a REST call may be made: how often in a minute, and again after it was turned away.

That a kept connection died while nobody used it is seen in ``_http.py``, which then uses a new one at once.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

RETRYABLE = frozenset({429, 502, 503, 504})
_TOO_MANY_REQUESTS = 429
LONGEST_WAIT = 180.0
MINUTE = 60.0


@dataclass
class RetryConfiguration:
    """How long and how often to try again what the server turned away with 429, 502, 503 or 504.

    The server says with Retry-After how long to wait, or ``retryAfterDefaultMs`` does. After
    ``maxRetriesBeforeBackoff`` tries at a server that is down (502, 503, 504) the wait is
    ``backoffIntervalMs``, at most three minutes. When Retry-After asks for more than three minutes
    the call fails at once, and the error carries the header. Other statuses are never tried again.

    Attributes:
        backoffIntervalMs: Milliseconds between tries at a server that stays down.
        retryAfterDefaultMs: Milliseconds to wait when the server does not say how long.
        maxRetryTimeSec: Seconds from the first try within which a failure leads to another one; 0 tries once only.
        maxRetriesBeforeBackoff: Tries again at a server that is down before the wait becomes longer.
    """

    backoffIntervalMs: int = 300_000
    retryAfterDefaultMs: int = 3_000
    maxRetryTimeSec: int = 0
    maxRetriesBeforeBackoff: int = 5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"{name} must be a number, not {type(value).__name__}")
            if not 0 <= value < float("inf"):
                raise ValueError(f"{name} must be 0 or more, not {value!r}")


class RetryState:
    """The tries of one call."""

    def __init__(self, configuration: RetryConfiguration) -> None:
        self._configuration = configuration
        self._began = time.monotonic()
        self._retries_while_down = 0

    def wait_after(self, status: int, headers: Mapping[str, str]) -> float | None:
        """Tell how long to wait before the next try.

        Args:
            status: The HTTP status of the try that failed.
            headers: Its headers, found in any case.

        Returns:
            Seconds, at most LONGEST_WAIT; None when there is to be no other try.
        """
        configuration = self._configuration
        if status not in RETRYABLE or time.monotonic() - self._began >= configuration.maxRetryTimeSec:
            return None
        asked = retry_after(headers)
        wait = configuration.retryAfterDefaultMs / 1000 if asked is None else asked
        if wait > LONGEST_WAIT:
            return None
        if status == _TOO_MANY_REQUESTS:
            return wait
        self._retries_while_down += 1
        if self._retries_while_down <= configuration.maxRetriesBeforeBackoff:
            return wait
        return min(max(wait, configuration.backoffIntervalMs / 1000), LONGEST_WAIT)


class RateLimit:
    """At most so many calls in any minute.

    Args:
        calls: How many; None for any number.
    """

    def __init__(self, calls: int | None) -> None:
        self.calls = calls
        self._made: deque[float] = deque(maxlen=calls)
        # Guards _made.
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take a turn and return 0; without a free one, return the seconds until there is one."""
        with self._lock:
            wait = self._wait()
            if wait == 0.0 and self.calls is not None:
                self._made.append(time.monotonic())
            return wait

    @property
    def is_free(self) -> bool:
        """Whether a call could be made now."""
        with self._lock:
            return self._wait() == 0.0

    def _wait(self) -> float:
        if self.calls is None or len(self._made) < self.calls:
            return 0.0
        return max(0.0, self._made[0] + MINUTE - time.monotonic())


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read a Retry-After header.

    Args:
        headers: The headers of an answer; the name counts in any case.

    Returns:
        Seconds from now, 0 for a date that has passed; None when it is missing or nonsense.
    """
    text = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        seconds = float(text)
    except ValueError:
        return _seconds_until(text)
    return max(seconds, 0.0) if seconds < float("inf") else None


def requested_wait(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds after which a server that had too many requests wants the next one, None when it is not that or too long.

    At least one second: a server that says 0 has not thought about it.
    """
    asked = retry_after(headers) if status == _TOO_MANY_REQUESTS else None
    return None if asked is None or asked > LONGEST_WAIT else max(asked, 1.0)


def _seconds_until(text: str) -> float | None:
    try:
        then = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=timezone.utc)
    return max((then - datetime.now(timezone.utc)).total_seconds(), 0.0)
