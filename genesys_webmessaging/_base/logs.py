"""Loggers whose handlers may raise."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any


class _Logger(logging.LoggerAdapter):  # type: ignore[type-arg]  # not generic at run time before Python 3.11
    """A logger that prints what a handler raises, as ``logging`` does where it can, and goes on."""

    def log(self, level: int, msg: object, *args: object, stacklevel: int = 1, **options: Any) -> None:
        try:
            super().log(level, msg, *args, stacklevel=stacklevel + 1, **options)
        except Exception:  # noqa: BLE001 - whatever it is
            if logging.raiseExceptions and sys.stderr is not None:
                traceback.print_exc()


def logger_of(module: str) -> _Logger:
    """The logger of a module, for code that runs on a thread of ours, which no handler of the user's may end."""
    return _Logger(logging.getLogger(module), {})
