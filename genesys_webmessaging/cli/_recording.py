"""The frames of a connection in a file, without secrets and without what people said."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from .._base.redact import MASK, SHOW_TEXT_VARIABLE

# Whose log lines hold the frames, masked.
_LOGGER = "genesys_webmessaging._core.engine"
_DIRECTIONS = {"sending %s": "sent", "received %s": "received"}
# Beside what no log may show, a recording that is given away holds no names either.
_NAMES = frozenset({"firstName", "lastName", "nickname", "image", "fileName", "filename", "email"})


class Recorder(logging.Handler):
    """Writes the frames that the client logs to a file: one JSON object on a line, with the seconds since the start.

    Args:
        file: Where to.
    """

    def __init__(self, file: TextIO) -> None:
        super().__init__(logging.DEBUG)
        self._file = file
        self._began = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a frame; other log lines are left out."""
        direction = _DIRECTIONS.get(str(record.msg))
        if direction is not None and isinstance(record.args, tuple) and record.args:
            self.write(direction, _parsed(str(record.args[0])))

    def write(self, what: str, content: Any) -> None:
        """Write something that happened."""
        entry = {"at": round(time.monotonic() - self._began, 3), what: content}
        self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")


@contextmanager
def recording(path: Path | None) -> Iterator[Recorder | None]:
    """Record into a file that only its owner may read, for the length of a ``with`` block.

    Args:
        path: The file; it is written anew. None: nothing is recorded.
    """
    if path is None:
        yield None
        return
    # Whatever shows texts in the log must not show them in a file that is given away.
    shown = os.environ.pop(SHOW_TEXT_VARIABLE, None)
    log = logging.getLogger(_LOGGER)
    level = log.level
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        recorder = Recorder(file)
        log.addHandler(recorder)
        log.setLevel(logging.DEBUG)
        try:
            yield recorder
        finally:
            log.removeHandler(recorder)
            log.setLevel(level)
            if shown is not None:
                os.environ[SHOW_TEXT_VARIABLE] = shown


def _parsed(frame: str) -> Any:
    try:
        return _without_names(json.loads(frame))
    except ValueError:
        return frame


def _without_names(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_names(one) for one in value]
    if isinstance(value, dict):
        return {
            key: MASK if key in _NAMES and isinstance(one, str) else _without_names(one) for key, one in value.items()
        }
    return value
