"""Named daemon threads, and deadlines."""

from __future__ import annotations

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

_numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))


def daemon_thread(kind: str, target: Callable[..., object], *args: Any) -> threading.Thread:
    """Make a thread that does not keep the process alive. The caller starts it, and sees to its end.

    Args:
        kind: What it does, in one word: the thread is named ``genesys-webmessaging-{kind}-{number}``.
        target: What it runs.
        args: What it runs it with.
    """
    return threading.Thread(
        target=target, args=args, name=f"genesys-webmessaging-{kind}-{next(_numbers[kind])}", daemon=True
    )


class Deadline:
    """The point in time by which a call, with every step in it, must be done.

    Args:
        seconds: How long from now on.
    """

    __slots__ = ("at", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.at = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds until then, 0 when it has passed."""
        return max(0.0, self.at - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether there is no time left."""
        return time.monotonic() >= self.at

    def at_most(self, seconds: float) -> float:
        """The seconds that one step may take: so many, but no more than remain."""
        return min(seconds, self.remaining)
