"""Named daemon threads, the deadlines of what runs on them, and loggers that do not end them."""

from __future__ import annotations

import itertools
import logging
import sys
import threading
import time
import traceback
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


def seconds_text(seconds: float) -> str:
    """A time in words: "1 second", "2.5 seconds"."""
    shown = round(seconds, 1 if seconds >= 1 else 2 if seconds >= 0.1 else 3)
    return f"{shown:g} second" if shown == 1 else f"{shown:g} seconds"


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
        seconds = self.at - time.monotonic()
        return seconds if seconds > 0 else 0.0

    @property
    def passed(self) -> bool:
        """Whether there is no time left."""
        return time.monotonic() >= self.at

    def at_most(self, seconds: float) -> float:
        """The seconds that one step may take: so many, but no more than remain."""
        return min(seconds, self.remaining)


class _Logger(logging.LoggerAdapter):  # type: ignore[type-arg]  # not generic at run time before Python 3.11
    """A logger that prints what a handler raises, as ``logging`` does where it can, and goes on."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__(logger, {})
        self.isEnabledFor = logger.isEnabledFor  # type: ignore[method-assign]  # asked for every frame

    def log(self, level: int, msg: object, *args: object, stacklevel: int = 1, **options: Any) -> None:
        try:
            super().log(level, msg, *args, stacklevel=stacklevel + 1, **options)
        except Exception:  # noqa: BLE001 - whatever it is
            if logging.raiseExceptions and sys.stderr is not None:
                traceback.print_exc()


def logger_of(module: str) -> _Logger:
    """The logger of a module, for code that runs on a thread of ours, which no handler of the user's may end."""
    return _Logger(logging.getLogger(module))
