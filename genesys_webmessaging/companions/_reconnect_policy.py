"""When to connect again, how, and which errors are final."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .._base.threads import Deadline, seconds_text
from ..client import WebMessagingClient
from ..exceptions import (
    ConnectError,
    ErrorCode,
    RequestError,
    ResponseTimeoutError,
    TooManyRequestsError,
    WebMessagingException,
)
from ..models import JourneyContext, SessionResponse
from ..sessions import configure_and_wait

# HTTP statuses of a refused handshake that do become better: request timeout, too early, too many requests.
_TRANSIENT_STATUSES = frozenset({408, 425, 429})


# Seconds after a connection was lost at which the history is read again; from then on at growing intervals.
_READS = (1.0, 3.0, 10.0, 30.0, 60.0, 120.0)
_LONGEST_INTERVAL = 300.0
# Seconds to wait after refusals that do not say how long, or nothing sensible: at least, and at most.
_SHORTEST_WAIT = 1.0
_LONGEST_WAIT = 30.0


class Backoff:
    """Exponential back-off with jitter: between half a limit and the limit, which doubles up to a cap.

    Args:
        first: The first limit, seconds.
        cap: The largest limit, seconds.
        random: Gives numbers from 0 up to 1.
    """

    def __init__(self, first: float, cap: float, random: Callable[[], float] = random.random) -> None:
        self._limit = first
        self._cap = cap
        self._random = random

    def next(self) -> float:
        """The seconds to wait now."""
        limit = min(self._limit, self._cap)
        self._limit = min(self._limit * 2, self._cap)
        return limit * (1 + self._random()) / 2


class RefusalWaits:
    """How long to wait after each of several refusals in a row: what the server asks for, or longer each time."""

    def __init__(self) -> None:
        self._waits = Backoff(_SHORTEST_WAIT, _LONGEST_WAIT, random=lambda: 1.0)

    def after(self, error: RequestError) -> float:
        """The seconds to wait after a refusal."""
        asked = retry_after(error)
        return asked if asked >= _SHORTEST_WAIT else self._waits.next()


def next_read(lost_at: float, last: float, failures: int = 0) -> float:
    """When the history is to be read again after a connection was lost.

    Args:
        lost_at: When that was, a time of ``time.monotonic``.
        last: When it was read last.
        failures: How many reads in a row have failed; then it is tried again sooner.
    """
    due = next((lost_at + seconds for seconds in _READS if lost_at + seconds > last), last + _LONGEST_INTERVAL)
    return min(due, last + min(2.0 ** (failures - 1), _LONGEST_WAIT)) if failures else due


@dataclass
class ConnectionPlan:
    """What it takes to connect and to configure the session.

    Attributes:
        new_session_on_expiry: Whether another session will do where this one is over.
    """

    deployment_id: str
    origin: str
    token: str = field(repr=False)
    journey_context: JourneyContext | None
    configure_session: Callable[[str], str | SessionResponse] | None
    connection_timeout: float
    answer_timeout: float
    new_session_on_expiry: bool
    options: dict[str, Any] = field(repr=False)

    def connect(self, client: WebMessagingClient, deadline: Deadline) -> None:
        """Open a connection."""
        timeout = max(0.1, deadline.at_most(self.connection_timeout))
        client.connect(self.deployment_id, self.origin, timeout, **self.options)

    def configure(self, client: WebMessagingClient, start_new: bool | None, deadline: Deadline) -> SessionResponse:
        """Configure the session, and wait for the answer.

        Raises:
            WebMessagingException: The server refused, or did not answer in time, or the connection broke.
        """

        def configure() -> str | SessionResponse:
            if self.configure_session is not None:
                return self.configure_session(self.token)
            return client.configureSession(
                self.deployment_id, self.token, self.origin, start_new, journeyContext=self.journey_context
            )

        try:
            return configure_and_wait(client, configure, deadline.remaining)
        except ResponseTimeoutError as error:
            raise ResponseTimeoutError(
                f"no answer to configureSession within {seconds_text(deadline.seconds)}"
            ) from error

    def reconfigure(self, client: WebMessagingClient, *, renewing: bool) -> SessionResponse:
        """Configure the session on a new connection; or another session, if it has expired and that is wanted."""
        try:
            response = self.configure(client, True if renewing else None, Deadline(self.answer_timeout))
        except RequestError as error:
            if error.code != ErrorCode.SESSION_EXPIRED or not self.new_session_on_expiry:
                raise
            return self.configure(client, True, Deadline(self.answer_timeout))
        if response.newSession is True and not self.new_session_on_expiry:
            raise RequestError("the session is over: the server has begun another one", code=ErrorCode.SESSION_EXPIRED)
        return response


def is_final(error: WebMessagingException) -> bool:
    """Whether another try would meet the same refusal."""
    if isinstance(error, RequestError):
        return ErrorCode.isFinal(error.code)
    if isinstance(error, ConnectError):
        return 400 <= error.statusCode < 500 and error.statusCode not in _TRANSIENT_STATUSES
    return False


def retry_after(error: WebMessagingException) -> float:
    """The seconds that the server wants to be left alone, 0 if it has not said, or nothing that makes sense."""
    asked: object = error.retryAfter if isinstance(error, TooManyRequestsError) else None
    sensible = isinstance(asked, (int, float)) and not isinstance(asked, bool) and 0 < asked < math.inf
    return float(asked) if sensible else 0.0  # type: ignore[arg-type]
