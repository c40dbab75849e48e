"""The messages on their way to a listener, and their order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timezone

from ..models import StructuredMessage, WebMessagingMessage
from ._ledger import Ledger
from ._look import from_history, moment_of

Heard = tuple[StructuredMessage, str]

_BEFORE_ALL = datetime.min.replace(tzinfo=timezone.utc)


class Stream:
    """Passes each message on once: those heard live as they come, those found in the history in their place.

    While it is held, live messages wait, so that what was missed before them can go first.

    Args:
        ledger: What was heard.
        put: Called with a message and its raw text, in the right order, under this object's lock: it must only queue.
    """

    def __init__(self, ledger: Ledger, put: Callable[[StructuredMessage, str], None]) -> None:
        self._ledger = ledger
        self._put = put
        # Guards the fields below, and the order of what is put. The ledger's lock is taken under it, so that what is
        # noted as heard is also in its list when a flush looks; the ledger never calls back.
        self._lock = threading.Lock()
        self._holders = 0
        self._unsettled: list[Heard] = []
        self._found: list[Heard] = []
        self._live: list[Heard] = []

    def heard(self, message: StructuredMessage, raw: str) -> None:
        """A message came live."""
        with self._lock:
            if not self._ledger.admit(message):
                return
            if self._holders:
                self._live.append((message, raw))
            else:
                self._put(message, raw)

    def unsettled(self, message: StructuredMessage, raw: str) -> None:
        """A message came live, but the connection ended before it was clear whether others belong before it."""
        with self._lock:
            if self._ledger.admit(message):
                self._unsettled.append((message, raw))

    def hold(self) -> None:
        """Pass nothing on for now. Holding twice needs letting go twice."""
        with self._lock:
            self._holders += 1

    def release(self, found: Iterable[WebMessagingMessage] = ()) -> None:
        """Let go; the last one to do so passes on what waits.

        Args:
            found: What the history has and nobody heard, oldest first.
        """
        messages = [from_history(entity) for entity in found]
        with self._lock:
            self._found += messages
            self._holders = max(0, self._holders - 1)
            if self._holders == 0:
                self._flush()

    def flush(self) -> None:
        """Pass on what waits, held or not: nothing will come any more."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        waiting = [*_timed(self._unsettled), *_timed(self._found), *_timed(self._live)]
        for _, heard in sorted(waiting, key=lambda timed: timed[0]):
            self._put(*heard)
        self._unsettled, self._found, self._live = [], [], []


def _timed(messages: Iterable[Heard]) -> Iterable[tuple[datetime, Heard]]:
    """Each message with its time, or that of the one before it if it has none."""
    latest = _BEFORE_ALL
    for heard in messages:
        told = moment_of(heard[0])
        latest = told or latest
        yield latest, heard
