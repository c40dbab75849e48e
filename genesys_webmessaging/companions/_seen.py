"""Which messages were seen: the rules that tell whether two messages are the same.

A message has no name that is sure to be the same wherever it shows up. So these are asked, in this order, and the
first that both sides can answer decides: the customMessageId that its sender stamped on it; its key
(``channel.messageId``, else ``id``) together with its content, because some servers give the same id to everything;
its direction, time and content; at last, how many of the same content there are. Keys (and times) that once were seen
to be the same live and in the history are trusted from then on: messages that differ in them are different messages.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum, auto
from typing import Any, NamedTuple

from ..models import Direction, EventType, StructuredMessage, WebMessagingMessage
from ..models.message import moment_of

AnyMessage = StructuredMessage | WebMessagingMessage

CUSTOM_ID = "customMessageId"

# The tracing ids of a Heartbeat are UUIDs that begin with this ("heartb"), so that their echoes are known.
HEARTBEAT = "68656172-7462-"

# So many messages are remembered; the oldest are forgotten first.
KEPT = 10_000

# So many messages in a row, known beyond doubt, end the search for those that were missed.
ENOUGH = 50

# Seconds in which a message that was just read in the history may still arrive live, if neither key nor time tell.
OVERLAP = 5.0


def custom_id_of(message: AnyMessage) -> str | None:
    """The id that the sender stamped on a message."""
    metadata: object = message.metadata
    return _text(metadata.get(CUSTOM_ID)) if isinstance(metadata, dict) else None


def keys_of(message: AnyMessage) -> tuple[str, ...]:
    """What names a message, best first: ``channel.messageId`` and ``id``, those of them that it has, each once."""
    channel, own = message.channel, _text(message.id)
    of_channel = None if channel is None else _text(channel.messageId)
    if of_channel is None:
        return () if own is None else (own,)
    return (of_channel,) if own is None or own == of_channel else (of_channel, own)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


class Fingerprint(NamedTuple):
    """Direction and content: equal for the same message heard live and read in the history."""

    direction: str
    text: str
    content: tuple[Hashable, ...]
    events: tuple[Hashable, ...]

    def allows(self, other: Fingerprint) -> bool:
        """Whether the two may be of one message, of which one side tells the text alone."""
        return self.spoken == other.spoken and (self.content == other.content or not (self.content and other.content))

    @property
    def spoken(self) -> Hashable:
        """Everything but the content, which the history may leave out."""
        return self.direction, self.text, self.events


def fingerprint_of(message: AnyMessage) -> Fingerprint:
    """What tells a message from others of another content."""
    direction: object = message.direction
    text: object = message.text
    return Fingerprint(
        direction if isinstance(direction, str) else str(direction or ""),
        text if isinstance(text, str) else "" if text is None else repr(text),
        tuple(_content_of(message.content)) if message.content else (),
        tuple(_events_of(message.events)) if message.events else (),
    )


def _content_of(content: Iterable[Any]) -> Iterable[Hashable]:
    for item in content:
        response = getattr(item, "buttonResponse", None)
        attachment = getattr(item, "attachment", None)
        yield (
            str(getattr(item, "contentType", None) or ""),
            (str(response.text or ""), str(response.payload or "")) if response is not None else None,
            str(attachment.id) if attachment is not None else None,
        )


def _events_of(events: Iterable[Any]) -> Iterable[Hashable]:
    for event in events:
        presence = getattr(event, "presence", None)
        yield (str(getattr(event, "eventType", None) or ""), str(presence.type or "") if presence is not None else "")


def is_typing(message: AnyMessage) -> bool:
    """Whether a message tells only that somebody is typing; the history does not keep those."""
    if not message.events:
        return False
    events = [event for event in message.events if event is not None]
    return (
        bool(events)
        and not message.text
        and all(getattr(event, "eventType", None) == EventType.TYPING for event in events)
    )


def is_heartbeat(message: StructuredMessage) -> bool:
    """Whether a message is the answer to a Heartbeat, which is part of no conversation."""
    return str(message.tracingId or "").startswith(HEARTBEAT)


def is_said(message: StructuredMessage) -> bool:
    """Whether a message is part of the conversation: neither a mere typing event nor the answer to a Heartbeat."""
    return not (message.events and is_typing(message)) and not (message.tracingId and is_heartbeat(message))


class Source(IntEnum):
    """How a message became known."""

    LIVE = auto()
    HISTORY = auto()


class Unheard(Enum):
    """What of the history is not to be heard, because it is not a gap: nothing, what is older than all live, or all."""

    NONE = auto()
    BEFORE_LIVE = auto()
    ALL = auto()


class _Kind(NamedTuple):
    """What decides whether a message can be matched with another one of the same content."""

    source: Source
    paired: bool
    has_custom: bool
    has_keys: bool
    has_time: bool


class SeenMessage:
    """What is remembered of a message.

    Attributes:
        number: Its place among all that were noted; 0 if it was not noted.
        live_number: The same, of the moment when it was heard live; 0 if it was not.
        first_keys: The keys under which it was met first.
        paired: Whether it was met live and in the history as well.
        claimed: Whether it was taken for one that was sent and not echoed.
        unheard: Whether it is known only to be there, and no listener has heard it.
        passed: Whether it was passed on to the listeners.
    """

    __slots__ = (
        "_time",
        "_told",
        "claimed",
        "custom",
        "fingerprint",
        "first_keys",
        "keys",
        "live_number",
        "noted_at",
        "number",
        "paired",
        "passed",
        "source",
        "tracing",
        "unheard",
    )

    def __init__(self, message: AnyMessage, source: Source) -> None:
        self.source = source
        self.custom = custom_id_of(message)
        self.first_keys = keys_of(message)
        self.keys = self.first_keys
        self.fingerprint = fingerprint_of(message)
        self._told: object = None if message.channel is None else message.channel.time  # until somebody asks
        self._time: datetime | None = None
        self.tracing: str | None = None
        if isinstance(message, StructuredMessage) and message.direction == Direction.INBOUND:
            self.tracing = _text(message.tracingId)
        self.number = 0
        self.live_number = 0
        self.noted_at = 0.0
        self.paired = False
        self.claimed = False
        self.unheard = False
        self.passed = False

    @property
    def id(self) -> str | None:
        """The id, or the key if there is no other."""
        return self.keys[-1] if self.keys else None

    @property
    def time(self) -> datetime | None:
        """When it was said, to the millisecond; None when it does not tell."""
        told = self._told
        if told is not None:
            moment = moment_of(told)
            if moment is not None and moment.microsecond % 1000:
                moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
            self._time, self._told = moment, None
        return self._time

    @property
    def kind(self) -> _Kind:
        """What decides with what it can be matched. :meth:`merge` changes it."""
        return _Kind(self.source, self.paired, self.custom is not None, bool(self.keys), self.time is not None)

    def merge(self, other: SeenMessage) -> None:
        """Take over what is known of the same message from where it was met again."""
        self.paired = self.paired or self.source is not other.source
        self.keys += tuple(key for key in other.keys if key not in self.keys)
        self.custom = self.custom or other.custom
        self.tracing = self.tracing or other.tracing
        self._time = self.time or other.time


# The messages of one content (and perhaps time), by kind, in the order in which they were noted.
_Alike = dict[_Kind, dict[SeenMessage, None]]


class _Alikes:
    """Messages by something that they have in common. Most share it with no other, and cost an entry only."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[Hashable, SeenMessage | _Alike] = {}

    def add(self, key: Hashable, seen: SeenMessage) -> None:
        alike = self._entries.setdefault(key, seen)
        if alike is seen:
            return
        if isinstance(alike, SeenMessage):
            alike = self._entries[key] = {alike.kind: {alike: None}}
        alike.setdefault(seen.kind, {})[seen] = None

    def remove(self, key: Hashable, seen: SeenMessage) -> None:
        alike = self._entries[key]
        if not isinstance(alike, SeenMessage):
            del alike[seen.kind][seen]
            if not alike[seen.kind]:
                del alike[seen.kind]
        if alike is seen or not alike:
            del self._entries[key]

    def of(self, key: Hashable) -> _Alike:
        alike = self._entries.get(key)
        if alike is None:
            return {}
        return {alike.kind: {alike: None}} if isinstance(alike, SeenMessage) else alike


class Missing(NamedTuple):
    """A message of the history that had not been heard; ``late``: messages after it have been passed on already."""

    entity: WebMessagingMessage
    seen: SeenMessage
    late: bool


@dataclass
class Comparison:
    """What a read of the history brought to light.

    Attributes:
        missing: What had not been heard, oldest first.
        places: Where the messages of the history stand in it, counted from the oldest that was read.
        newest_live: The largest ``live_number`` of its messages, 0 if none of them was heard live.
    """

    missing: list[Missing] = field(default_factory=list)
    places: dict[SeenMessage, int] = field(default_factory=dict)
    newest_live: int = 0


class Ledger:
    """The messages that were seen, live or in the history.

    Args:
        clock: Tells seconds.
        kept: So many messages are remembered.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, kept: int = KEPT) -> None:
        self._clock = clock
        self._kept = kept
        # Guards all the fields below.
        self._lock = threading.Lock()
        self._next = 1
        self._sessions = 0
        self._forget_all()

    def after_fork(self) -> None:
        """In a forked child: who held the lock does not exist here."""
        self._lock = threading.Lock()

    def _forget_all(self) -> None:
        self._messages: deque[SeenMessage] = deque()
        self._by_custom: dict[str, SeenMessage] = {}
        self._by_tracing: dict[str, SeenMessage] = {}
        self._by_key: dict[tuple[str, Hashable], tuple[SeenMessage, ...]] = {}
        self._by_content = _Alikes()
        self._by_time = _Alikes()
        # Whether all were heard live, with keys: no two of these are compared by content or time, which are not
        # indexed until others come.
        self._names_suffice = True
        # What the server was seen to do.
        self._same_keys = False
        self._same_times = False
        self._returns_custom = False

    def clear(self) -> None:
        """Forget everything: another session begins."""
        with self._lock:
            self._sessions += 1
            self._forget_all()

    @property
    def session(self) -> int:
        """Which session this is: how often everything was forgotten."""
        return self._sessions

    @property
    def mark(self) -> int:
        """A point in time for :meth:`claim`: what is noted from now on."""
        with self._lock:
            return self._next

    def admit(self, message: StructuredMessage) -> SeenMessage | None:
        """Note a message that was heard live.

        Returns:
            What is remembered of it; None if it had been heard before, live or from the history.
        """
        seen = SeenMessage(message, Source.LIVE)
        if not is_said(message):
            return seen
        with self._lock:
            known = self._double_of(seen)
            if known is None:
                self._add(seen)
                self._forget_surplus()
                seen.live_number = seen.number
                return seen
            if not known.live_number:
                known.live_number, self._next = self._next, self._next + 1
            self._merge(known, seen)
            first_heard, known.unheard = known.unheard, False
            return known if first_heard else None

    def compare(
        self,
        entities: Sequence[WebMessagingMessage],
        *,
        unheard: Unheard = Unheard.NONE,
        mark: float = math.inf,
        session: int | None = None,
    ) -> Comparison:
        """Note messages of the history, and find those among them that had not been heard.

        Args:
            entities: Newest first, as the history gives them.
            unheard: What is noted only, and is not missing: a live one of these is not a double then.
            mark: What :attr:`mark` was when the connection was lost: what was passed on live since then is newer
                than all that was missed, even if neither times nor the history tell.
            session: If this is not the session any more, the messages are another one's, and nothing is noted.
        """
        oldest_first = [entity for entity in reversed(entities) if not is_typing(entity)]
        batch = [SeenMessage(entity, Source.HISTORY) for entity in oldest_first]
        result = Comparison()
        with self._lock:
            if session is not None and session != self._sessions:
                return result
            self._need_contents()
            batch, oldest_first = self._without_doubles(batch, oldest_first)
            for seen in batch:
                self._named(seen)  # so that it is known whether keys can be trusted, before they have to be
            matching = _Matching(self)
            certain = [matching.certain(seen) for seen in batch]
            matches = [known or matching.possible(seen) for seen, known in zip(batch, certain, strict=True)]
            live = [place for place, known in enumerate(certain) if known is not None and known.live_number]
            past = {Unheard.NONE: 0, Unheard.BEFORE_LIVE: max(live, default=0), Unheard.ALL: len(batch)}[unheard]
            new: list[tuple[WebMessagingMessage, SeenMessage]] = []
            for entity, seen, known, sure in zip(oldest_first, batch, matches, certain, strict=True):
                if known is None:
                    seen.unheard = len(result.places) < past
                    self._add(seen)
                    if not seen.unheard:
                        new.append((entity, seen))
                else:
                    self._merge(known, seen)
                result.places[known or seen] = len(result.places)
                if sure is not None:
                    result.newest_live = max(result.newest_live, sure.live_number)
            late = self._passed_over(result.places, [seen for _, seen in new], mark) if new else set()
            result.missing = [Missing(entity, seen, seen in late) for entity, seen in new]
            self._forget_surplus()  # not before: what is forgotten could be matched still
            return result

    def reaches(self, entities: Sequence[WebMessagingMessage], mark: float = math.inf) -> bool:
        """Whether these messages of the history (newest first) go back far enough.

        They do if the oldest of them were known beyond doubt, and enough of them, before a mark.
        """
        oldest = [entity for entity in entities if not is_typing(entity)][-ENOUGH:]
        if len(oldest) < ENOUGH:
            return False
        with self._lock:
            self._need_contents()
            matching = _Matching(self)
            found = [matching.certain(SeenMessage(entity, Source.HISTORY)) for entity in oldest]
            return all(known is not None and known.number < mark for known in found)

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
            found: SeenMessage | None = None
            for seen in reversed(self._messages):
                if seen.number < since:
                    break
                if not (seen.claimed or seen.custom or seen.tracing) and seen.fingerprint.allows(fingerprint):
                    found = seen
            if found is not None:
                found.claimed = True
            return found

    # All that follows is called under the lock.

    def _add(self, seen: SeenMessage) -> None:
        seen.number, self._next = self._next, self._next + 1
        seen.noted_at = self._clock()
        self._messages.append(seen)
        self._index(seen)

    def _need_contents(self) -> None:
        """From now on messages are compared by content and time, too."""
        if self._names_suffice:
            self._names_suffice = False
            for seen in self._messages:
                self._index_content(seen)

    def _forget_surplus(self) -> None:
        while len(self._messages) > self._kept:
            self._forget(self._messages.popleft())

    def _index(self, seen: SeenMessage) -> None:
        spoken = seen.fingerprint.spoken
        for key in seen.keys:
            namesakes = self._by_key.get((key, spoken), ())
            if seen not in namesakes:
                self._by_key[key, spoken] = (*namesakes, seen)
        if seen.tracing:
            self._by_tracing.setdefault(seen.tracing, seen)
        if seen.custom:
            self._by_custom.setdefault(seen.custom, seen)
            self._returns_custom = True
        if not self._names_suffice:
            self._index_content(seen)

    def _index_content(self, seen: SeenMessage) -> None:
        for index, content in self._contents(seen):
            index.add(content, seen)

    def _contents(self, seen: SeenMessage) -> Iterator[tuple[_Alikes, Hashable]]:
        yield self._by_content, seen.fingerprint
        if seen.time is not None:
            yield self._by_time, (seen.fingerprint, seen.time)

    def _unindex_content(self, seen: SeenMessage) -> None:
        if not self._names_suffice:
            for index, key in self._contents(seen):
                index.remove(key, seen)

    def _forget(self, seen: SeenMessage) -> None:
        self._unindex_content(seen)
        spoken = seen.fingerprint.spoken
        for key in seen.keys:
            namesakes = tuple(other for other in self._by_key[key, spoken] if other is not seen)
            if namesakes:
                self._by_key[key, spoken] = namesakes
            else:
                del self._by_key[key, spoken]
        if seen.tracing and self._by_tracing.get(seen.tracing) is seen:
            del self._by_tracing[seen.tracing]
        if seen.custom and self._by_custom.get(seen.custom) is seen:
            del self._by_custom[seen.custom]

    def _merge(self, known: SeenMessage, other: SeenMessage) -> None:
        """A message was met once more, perhaps from its other side, with another key."""
        self._unindex_content(known)
        known.merge(other)
        self._index(known)

    def _without_doubles(
        self, batch: list[SeenMessage], entities: list[WebMessagingMessage]
    ) -> tuple[list[SeenMessage], list[WebMessagingMessage]]:
        """A batch of the history without what it lists twice: the same names, or none, and the same time."""
        met: set[Hashable] = set()
        kept: list[int] = []
        for place, seen in enumerate(batch):
            names: Hashable = seen.custom or tuple(seen.keys) or seen.time
            if names is None or (names, seen.fingerprint) not in met:
                met.add((names, seen.fingerprint))
                kept.append(place)
        return [batch[place] for place in kept], [entities[place] for place in kept]

    def _passed_over(self, places: dict[SeenMessage, int], new: Sequence[SeenMessage], mark: float) -> set[SeenMessage]:
        """Those of the new ones before which (in the order in which all was said) newer ones were passed on."""
        newest_passed = max((place for seen, place in places.items() if seen.passed), default=-1)
        elsewhere = [seen for seen in self._messages if seen.passed and seen not in places]
        latest = max((seen.time for seen in elsewhere if seen.time is not None), default=None)
        since_the_cut = any(seen.live_number >= mark for seen in elsewhere)
        return {
            seen
            for seen in new
            if places[seen] < newest_passed
            or since_the_cut
            or (latest is not None and seen.time is not None and seen.time < latest)
        }

    def _double_of(self, seen: SeenMessage) -> SeenMessage | None:
        known = self._named(seen)
        if known is None and seen.tracing:
            # Not stamped, but a resend all the same: it keeps its tracing id.
            known = self._by_tracing.get(seen.tracing)
        if known is not None:
            return known
        if self._names_suffice and seen.keys:
            return None
        self._need_contents()
        if seen.time is not None:
            for kind, alike in self._by_time.of((seen.fingerprint, seen.time)).items():
                if self._comparable(seen, kind):
                    return next(iter(alike))
        fresh = self._clock() - OVERLAP
        for kind, alike in self._by_content.of(seen.fingerprint).items():
            unmatched = kind.source is Source.HISTORY and not kind.paired
            if unmatched and self._comparable(seen, kind) and not self._times_differ(seen, kind):
                newest = next(reversed(alike))
                if newest.noted_at >= fresh:
                    return newest
        return None

    def _named(self, seen: SeenMessage) -> SeenMessage | None:
        known = self._by_custom.get(seen.custom) if seen.custom else None
        if known is not None:
            return known
        for key in seen.keys:
            for other in self._by_key.get((key, seen.fingerprint.spoken), ()):
                # Where both have two keys, the first one decides: a constant id beside a messageId names nothing.
                names_agree = len(seen.keys) < 2 or len(other.keys) < 2 or seen.keys[0] in other.keys
                stamps_differ = seen.custom and other.custom
                if names_agree and not stamps_differ and other.fingerprint.allows(seen.fingerprint):
                    if other.source is not seen.source and key in other.first_keys:
                        self._same_keys = True
                    return other
        return None

    def _comparable(self, seen: SeenMessage, kind: _Kind) -> bool:
        """Whether a message may be one of a kind, as far as their names tell, which are not the same."""
        if seen.custom and kind.has_custom:
            return False
        named_alike = self._same_keys or kind.source is seen.source or kind.paired
        return not (named_alike and seen.keys and kind.has_keys)

    def _times_differ(self, seen: SeenMessage, kind: _Kind) -> bool:
        """Whether a message is none of a kind, because its time is another."""
        return self._same_times and seen.time is not None and kind.has_time


class _Matching:
    """Finds for each message of one batch of the history the one that it is, and takes none twice."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._used: set[SeenMessage] = set()
        # What is left of each group of equal messages, so that it is gone through once only.
        self._left: dict[tuple[Hashable, _Kind], Iterator[SeenMessage]] = {}
        self._first: dict[tuple[Hashable, _Kind], SeenMessage] = {}

    def certain(self, seen: SeenMessage) -> SeenMessage | None:
        """The message that an entity of the history is, by its names or its time."""
        ledger = self._ledger
        known = ledger._named(seen)
        if known is None and seen.time is not None:
            key = seen.fingerprint, seen.time
            alike = ledger._by_time.of(key)
            known = self._oldest(key, alike, lambda kind: ledger._comparable(seen, kind))
            if known is not None and known.source is Source.LIVE:
                ledger._same_times = True
        if known is not None:
            self._used.add(known)
        return known

    def possible(self, seen: SeenMessage) -> SeenMessage | None:
        """The message that an entity may be: the oldest of the same content that no other one is."""
        ledger = self._ledger
        alike = ledger._by_content.of(seen.fingerprint)
        known = self._oldest(
            seen.fingerprint,
            alike,
            lambda kind: ledger._comparable(seen, kind) and not ledger._times_differ(seen, kind),
        )
        if known is not None:
            self._used.add(known)
        return known

    def _oldest(self, key: Hashable, alike: _Alike, fits: Callable[[_Kind], bool]) -> SeenMessage | None:
        heads = [self._head((key, kind), group) for kind, group in alike.items() if fits(kind)]
        return min((head for head in heads if head is not None), key=lambda head: head.number, default=None)

    def _head(self, key: tuple[Hashable, _Kind], group: dict[SeenMessage, None]) -> SeenMessage | None:
        if key not in self._left:
            self._left[key] = iter(list(group))
        left = self._left[key]
        first = self._first.get(key)
        while first is None or first in self._used:
            first = next(left, None)
            if first is None:
                return None
        self._first[key] = first
        return first
