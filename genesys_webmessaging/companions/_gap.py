"""The gap that a lost connection leaves, and the messages that wait until it is filled."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from itertools import islice

from ..client import WebMessagingClient
from ..exceptions import DecodeError
from ..models import JwtResponse, StructuredMessage, WebMessagingMessage
from ._seen import Ledger, time_key

log = logging.getLogger(__name__)

# The history comes in pages of so many.
PAGE = 100

# A jwt with fewer seconds to live is replaced before the history is read.
MARGIN = 30.0


class HistoryGap:
    """Reads the history of a client's session, and tells what of it was not heard.

    Args:
        client: Whose session.
        ledger: What was heard; what is found is noted in it.
        answer_timeout: Seconds that the server may take for the jwt.
    """

    def __init__(self, client: WebMessagingClient, ledger: Ledger, answer_timeout: float) -> None:
        self._client = client
        self._ledger = ledger
        self._answer_timeout = answer_timeout

    def missing(self, *, thorough: bool = False, unheard: bool = False) -> list[WebMessagingMessage]:
        """Read as much of the history as it takes, and note what was not heard.

        Args:
            thorough: Whether to read all of it.
            unheard: Whether to note only that these messages are there, because nobody is to hear them.

        Returns:
            The messages that had not been heard, oldest first.

        Raises:
            WebMessagingException: The history cannot be read now.
        """
        self._need_jwt()
        newest_first = self._client.iterateHistory()
        entities: list[WebMessagingMessage] = []
        while page := list(islice(newest_first, PAGE)):
            entities += page
            if not thorough and self._ledger.reaches(entities):
                break
        return self._ledger.missing(entities, unheard=unheard)

    def _need_jwt(self) -> None:
        # The client would ask for one itself, but wait longer for it than a dead connection deserves.
        known: JwtResponse | None = self._client.jwtResponse
        if known is None or (known.exp is not None and known.exp < time.time() + MARGIN):
            self._client.awaitResponse(self._client.getJwt(), self._answer_timeout)


Heard = tuple[StructuredMessage, str]

_BEFORE_ALL = datetime.min.replace(tzinfo=timezone.utc)


class MessageGate:
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
        waiting = [*_with_times(self._unsettled), *_with_times(self._found), *_with_times(self._live)]
        for _, heard in sorted(waiting, key=lambda timed: timed[0]):
            self._put(*heard)
        self._unsettled, self._found, self._live = [], [], []


def _with_times(messages: Iterable[Heard]) -> Iterable[tuple[datetime, Heard]]:
    """Each message with its time, or that of the one before it if it has none."""
    latest = _BEFORE_ALL
    for heard in messages:
        told = time_key(heard[0])
        latest = told or latest
        yield latest, heard


def from_history(entity: WebMessagingMessage) -> tuple[StructuredMessage, str]:
    """A message of the history as a listener hears it: the message, and the JSON of the entity."""
    document = entity.to_dict()
    raw = entity.to_json()
    try:
        return StructuredMessage.from_dict(document), raw
    except DecodeError as error:
        log.warning("a message of the history is heard without its content and events: %s", error)
        plain = {key: value for key, value in document.items() if key not in {"content", "events"}}
        return StructuredMessage.from_dict(plain), raw
