"""How long to wait before the next try."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Exponential back-off with full jitter: anything from nothing to a limit that doubles up to a cap.

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
        return limit * self._random()
