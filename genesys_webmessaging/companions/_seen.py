"""Which messages were heard: the rules of identity.

A message has no name that is sure to be the same wherever it shows up. So these are asked, in this order, and the
first that both sides can answer decides: the customMessageId that its sender stamped on it; its id; its direction,
time and content; at last, how many of the same content there are. Ids (and times) that once were seen to be the same
live and in the history are trusted from then on: who differs in them is another message.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Any

from ..models import Direction, EventType, StructuredMessage, WebMessagingMessage
from ..models.message import time_of

log = logging.getLogger(__name__)

# So many messages are remembered; the oldest are forgotten first.
KEPT = 10_000

# So many messages in a row, known beyond doubt, end the search for those that were missed.
ENOUGH = 50

# Seconds in which a message that was just read in the history, and cannot be told by id or time, may still arrive live.
OVERLAP = 5.0


AnyMessage = StructuredMessage | WebMessagingMessage

CUSTOM_ID = "customMessageId"

# The tracing ids of a Heartbeat are UUIDs that begin with this ("heartb"), so that their echoes are known.
HEARTBEAT = "68656172-7462-"


def custom_id_of(message: AnyMessage) -> str | None:
    """The id that the sender stamped on a message."""
    return (message.metadata or {}).get(CUSTOM_ID) or None


def time_key(message: AnyMessage) -> datetime | None:
    """When a message was said, to the millisecond; None when it does not tell."""
    told = time_of(message)
    return None if told is None else told.replace(microsecond=told.microsecond // 1000 * 1000)


def fingerprint_of(message: AnyMessage) -> Hashable:
    """Direction and content: equal for the same message heard live and read in the history."""
    return (
        str(message.direction or ""),
        message.text or "",
        tuple(_content_of(message.content)),
        tuple(_events_of(message.events)),
    )


def _content_of(content: Iterable[Any]) -> Iterable[Hashable]:
    for item in content:
        response = getattr(item, "buttonResponse", None)
        attachment = getattr(item, "attachment", None)
        yield (
            str(getattr(item, "contentType", None) or ""),
            (response.text or "", response.payload or "") if response is not None else None,
            attachment.id if attachment is not None else None,
        )


def _events_of(events: Iterable[Any]) -> Iterable[Hashable]:
    for event in events:
        presence = getattr(event, "presence", None)
        yield (str(getattr(event, "eventType", None) or ""), str(presence.type or "") if presence is not None else "")


def is_typing(message: AnyMessage) -> bool:
    """Whether a message tells only that somebody is typing; the history does not keep those."""
    events = [event for event in message.events if event is not None]
    return bool(events) and not message.text and all(event.eventType == EventType.TYPING for event in events)


def is_heartbeat(message: StructuredMessage) -> bool:
    """Whether a message is the answer to a Heartbeat, which is part of no conversation."""
    return (message.tracingId or "").startswith(HEARTBEAT)


class Source(Enum):
    """How a message became known."""

    LIVE = auto()
    HISTORY = auto()


class SeenMessage:
    """What is remembered of a message."""

    __slots__ = (
        "claimed",
        "custom",
        "fingerprint",
        "ids",
        "noted_at",
        "number",
        "paired",
        "source",
        "time",
        "tracing",
        "unheard",
    )

    def __init__(self, message: AnyMessage, source: Source) -> None:
        self.source = source
        self.custom = custom_id_of(message)
        self.ids = [message.id] if message.id else []
        self.fingerprint: Hashable = fingerprint_of(message)
        self.time: datetime | None = time_key(message)
        self.tracing = getattr(message, "tracingId", None) if message.direction == Direction.INBOUND else None
        self.number = 0
        self.noted_at = 0.0
        # Whether a message read in the history has been heard live as well.
        self.paired = False
        # Whether it was taken for one that was sent and not echoed.
        self.claimed = False
        # Whether it is known only to be there, and no listener has heard it.
        self.unheard = False

    @property
    def id(self) -> str | None:
        """The id under which it was met first."""
        return self.ids[0] if self.ids else None


class Ledger:
    """The messages that were heard, live or from the history.

    Args:
        clock: Tells seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Guards all the fields below.
        self._lock = threading.Lock()
        self._next = 1
        self._forget_all()

    def _forget_all(self) -> None:
        self._messages: deque[SeenMessage] = deque()
        self._by_custom: dict[str, SeenMessage] = {}
        self._by_id: dict[str, SeenMessage] = {}
        self._by_tracing: dict[str, SeenMessage] = {}
        self._by_fingerprint: dict[Hashable, list[SeenMessage]] = {}
        # What the server was seen to do.
        self._same_ids = False
        self._same_times = False
        self._returns_custom = False

    def clear(self) -> None:
        """Forget everything: another session begins."""
        with self._lock:
            self._forget_all()

    @property
    def mark(self) -> int:
        """A point in time for :meth:`claim`: what is noted from now on."""
        with self._lock:
            return self._next

    def admit(self, message: StructuredMessage) -> bool:
        """Note a message that was heard live.

        Returns:
            False if it had been heard before, live or from the history.
        """
        if is_typing(message) or is_heartbeat(message):
            return True
        seen = SeenMessage(message, Source.LIVE)
        with self._lock:
            known = self._double_of(seen)
            if known is None:
                self._add(seen)
                return True
            self._merge(known, seen)
            first_heard, known.unheard = known.unheard, False
            return first_heard

    def missing(self, entities: Sequence[WebMessagingMessage], *, unheard: bool = False) -> list[WebMessagingMessage]:
        """Note messages of the history.

        Args:
            entities: Newest first, as the history gives them.
            unheard: Whether they are noted only, and will not be heard: a live one of them is no double then.

        Returns:
            Those that had not been heard, oldest first.
        """
        oldest_first = [entity for entity in reversed(entities) if not is_typing(entity)]
        batch = [SeenMessage(entity, Source.HISTORY) for entity in oldest_first]
        with self._lock:
            for seen in batch:
                self._named(seen)  # so that it is known whether ids can be trusted, before they have to be
            used: set[SeenMessage] = set()
            matches = [self._certain_match(seen, used) for seen in batch]
            found = []
            for entity, seen, match in zip(oldest_first, batch, matches, strict=True):
                known = match or self._possible_match(seen, used)
                if known is None:
                    seen.unheard = unheard
                    self._add(seen)
                    used.add(seen)
                    found.append(entity)
                else:
                    used.add(known)
                    self._merge(known, seen)
            return found

    def reaches(self, entities: Sequence[WebMessagingMessage]) -> bool:
        """Whether these messages of the history (newest first) go back far enough.

        They do if the oldest of them were heard beyond doubt, and enough of them.
        """
        oldest = [entity for entity in entities if not is_typing(entity)][-ENOUGH:]
        batch = [SeenMessage(entity, Source.HISTORY) for entity in oldest]
        with self._lock:
            used: set[SeenMessage] = set()
            return len(batch) == ENOUGH and all(self._certain_match(seen, used) for seen in batch)

    def claim(self, custom: str, tracing: str, message: AnyMessage, since: int) -> SeenMessage | None:
        """Find a message that was sent among those noted since a mark.

        Args:
            custom: Its customMessageId.
            tracing: Its tracing id.
            message: It, with direction and content.
            since: What :attr:`mark` was before it was sent.

        Returns:
            What is known of it; None if it was not seen. If the server does not return customMessageIds, a message of
            the same content will do that nobody else has claimed.
        """
        fingerprint = fingerprint_of(message)
        with self._lock:
            seen = self._by_custom.get(custom) or self._by_tracing.get(tracing)
            if seen is not None or self._returns_custom:
                return seen
            for seen in self._by_fingerprint.get(fingerprint, ()):
                if seen.number >= since and not (seen.claimed or seen.custom or seen.tracing):
                    seen.claimed = True
                    return seen
        return None

    # All that follows is called under the lock.

    def _add(self, seen: SeenMessage) -> None:
        seen.number, self._next = self._next, self._next + 1
        seen.noted_at = self._clock()
        self._messages.append(seen)
        self._index(seen)
        self._by_fingerprint.setdefault(seen.fingerprint, []).append(seen)
        while len(self._messages) > KEPT:
            self._forget(self._messages.popleft())

    def _index(self, seen: SeenMessage) -> None:
        for id_ in seen.ids:
            self._by_id.setdefault(id_, seen)
        if seen.tracing:
            self._by_tracing.setdefault(seen.tracing, seen)
        if seen.custom:
            self._by_custom.setdefault(seen.custom, seen)
            self._returns_custom = True

    def _forget(self, seen: SeenMessage) -> None:
        for index, keys in (
            (self._by_id, seen.ids),
            (self._by_tracing, [seen.tracing]),
            (self._by_custom, [seen.custom]),
        ):
            for key in keys:
                if key is not None and index.get(key) is seen:
                    del index[key]
        alike = self._by_fingerprint[seen.fingerprint]
        alike.remove(seen)
        if not alike:
            del self._by_fingerprint[seen.fingerprint]

    def _merge(self, known: SeenMessage, other: SeenMessage) -> None:
        """A message was met once more, perhaps from its other side, with another id."""
        if known.source is not other.source:
            known.paired = True
        known.ids += [id_ for id_ in other.ids if id_ not in known.ids]
        known.custom = known.custom or other.custom
        known.tracing = known.tracing or other.tracing
        known.time = known.time or other.time
        self._index(known)

    def _double_of(self, seen: SeenMessage) -> SeenMessage | None:
        known = self._named(seen)
        if known is None and seen.tracing:
            # Not stamped, but a resend all the same: it keeps its tracing id.
            known = self._by_tracing.get(seen.tracing)
        if known is not None:
            return known
        now = self._clock()
        for other in self._alike(seen, set()):
            if self._same_time(seen, other):
                return other
            fresh = now - other.noted_at <= OVERLAP
            if other.source is Source.HISTORY and not other.paired and fresh and not self._times_differ(seen, other):
                return other
        return None

    def _certain_match(self, seen: SeenMessage, used: set[SeenMessage]) -> SeenMessage | None:
        """The message that an entity of the history is, by its ids or its time."""
        known = self._named(seen)
        if known is None:
            same = (other for other in self._alike(seen, used) if self._same_time(seen, other))
            known = next(same, None)
            if known is not None and known.source is Source.LIVE:
                self._same_times = True
        if known is not None:
            used.add(known)
        return known

    def _possible_match(self, seen: SeenMessage, used: set[SeenMessage]) -> SeenMessage | None:
        """The message that an entity of the history may be: the oldest of the same content that no other one is."""
        return next((other for other in self._alike(seen, used) if not self._times_differ(seen, other)), None)

    def _named(self, seen: SeenMessage) -> SeenMessage | None:
        known = self._by_custom.get(seen.custom) if seen.custom else None
        by_id = next((self._by_id[id_] for id_ in seen.ids if id_ in self._by_id), None)
        if by_id is not None and by_id.source is not seen.source and by_id.id == seen.id:
            self._same_ids = True
        return known or by_id

    def _alike(self, seen: SeenMessage, used: set[SeenMessage]) -> Iterator[SeenMessage]:
        """Messages of the same content that are not another one by their names, oldest first."""
        for other in self._by_fingerprint.get(seen.fingerprint, ()):
            if other in used or (seen.custom and other.custom):
                continue
            comparable = self._same_ids or other.source is seen.source or other.paired
            if comparable and seen.ids and other.ids:
                continue
            yield other

    def _same_time(self, seen: SeenMessage, other: SeenMessage) -> bool:
        return seen.time is not None and seen.time == other.time

    def _times_differ(self, seen: SeenMessage, other: SeenMessage) -> bool:
        """Whether these two are different messages, because their times are."""
        return self._same_times and seen.time is not None and other.time is not None
