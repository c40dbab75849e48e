"""Which messages were heard: the rules of identity.

A message has no name that is sure to be the same wherever it shows up. So these are asked, in this order, and the
first that both sides can answer decides: the customMessageId that its sender stamped on it; its id; its direction,
time and content; at last, how many of the same content there are. Ids (and times) that once were seen to be the same
live and in the history are trusted from then on: who differs in them is another message.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import datetime
from enum import Enum, auto

from ..models import Direction, StructuredMessage, WebMessagingMessage
from ._look import AnyMessage, custom_id_of, is_heartbeat, is_typing, look_of, moment_of

# So many messages are remembered; the oldest are forgotten first.
KEPT = 10_000

# So many messages in a row, known beyond doubt, end the search for those that were missed.
ENOUGH = 50

# Seconds in which a message that was just read in the history, and cannot be told by id or time, may still arrive live.
OVERLAP = 5.0


class Source(Enum):
    """How a message became known."""

    LIVE = auto()
    HISTORY = auto()


class Fact:
    """What is remembered of a message."""

    __slots__ = (
        "claimed",
        "custom",
        "ids",
        "look",
        "moment",
        "noted",
        "number",
        "paired",
        "silent",
        "source",
        "tracing",
    )

    def __init__(self, message: AnyMessage, source: Source) -> None:
        self.source = source
        self.custom = custom_id_of(message)
        self.ids = [message.id] if message.id else []
        self.look: Hashable = look_of(message)
        self.moment: datetime | None = moment_of(message)
        self.tracing = getattr(message, "tracingId", None) if message.direction == Direction.INBOUND else None
        self.number = 0
        self.noted = 0.0
        # Whether a message read in the history has been heard live as well.
        self.paired = False
        # Whether it was taken for one that was sent and not echoed.
        self.claimed = False
        # Whether it is known only to be there, and no listener has heard it.
        self.silent = False

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
        self._facts: deque[Fact] = deque()
        self._by_custom: dict[str, Fact] = {}
        self._by_id: dict[str, Fact] = {}
        self._by_tracing: dict[str, Fact] = {}
        self._by_look: dict[Hashable, list[Fact]] = {}
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
        fact = Fact(message, Source.LIVE)
        with self._lock:
            known = self._double_of(fact)
            if known is None:
                self._add(fact)
                return True
            self._join(known, fact)
            first_heard, known.silent = known.silent, False
            return first_heard

    def missing(self, entities: Sequence[WebMessagingMessage], *, silently: bool = False) -> list[WebMessagingMessage]:
        """Note messages of the history.

        Args:
            entities: Newest first, as the history gives them.
            silently: Whether they are noted only, and will not be heard: a live one of them is no double then.

        Returns:
            Those that had not been heard, oldest first.
        """
        oldest_first = [entity for entity in reversed(entities) if not is_typing(entity)]
        facts = [Fact(entity, Source.HISTORY) for entity in oldest_first]
        with self._lock:
            for fact in facts:
                self._named(fact)  # so that it is known whether ids can be trusted, before they have to be
            used: set[Fact] = set()
            matches = [self._surely(fact, used) for fact in facts]
            found = []
            for entity, fact, match in zip(oldest_first, facts, matches, strict=True):
                known = match or self._perhaps(fact, used)
                if known is None:
                    fact.silent = silently
                    self._add(fact)
                    used.add(fact)
                    found.append(entity)
                else:
                    used.add(known)
                    self._join(known, fact)
            return found

    def reaches(self, entities: Sequence[WebMessagingMessage]) -> bool:
        """Whether these messages of the history (newest first) go back far enough.

        They do if the oldest of them were heard beyond doubt, and enough of them.
        """
        oldest = [entity for entity in entities if not is_typing(entity)][-ENOUGH:]
        facts = [Fact(entity, Source.HISTORY) for entity in oldest]
        with self._lock:
            used: set[Fact] = set()
            return len(facts) == ENOUGH and all(self._surely(fact, used) for fact in facts)

    def claim(self, custom: str, tracing: str, message: AnyMessage, since: int) -> Fact | None:
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
        look = look_of(message)
        with self._lock:
            fact = self._by_custom.get(custom) or self._by_tracing.get(tracing)
            if fact is not None or self._returns_custom:
                return fact
            for fact in self._by_look.get(look, ()):
                if fact.number >= since and not (fact.claimed or fact.custom or fact.tracing):
                    fact.claimed = True
                    return fact
        return None

    # All that follows is called under the lock.

    def _add(self, fact: Fact) -> None:
        fact.number, self._next = self._next, self._next + 1
        fact.noted = self._clock()
        self._facts.append(fact)
        self._index(fact)
        self._by_look.setdefault(fact.look, []).append(fact)
        while len(self._facts) > KEPT:
            self._forget(self._facts.popleft())

    def _index(self, fact: Fact) -> None:
        for id_ in fact.ids:
            self._by_id.setdefault(id_, fact)
        if fact.tracing:
            self._by_tracing.setdefault(fact.tracing, fact)
        if fact.custom:
            self._by_custom.setdefault(fact.custom, fact)
            self._returns_custom = True

    def _forget(self, fact: Fact) -> None:
        for index, keys in (
            (self._by_id, fact.ids),
            (self._by_tracing, [fact.tracing]),
            (self._by_custom, [fact.custom]),
        ):
            for key in keys:
                if key is not None and index.get(key) is fact:
                    del index[key]
        alike = self._by_look[fact.look]
        alike.remove(fact)
        if not alike:
            del self._by_look[fact.look]

    def _join(self, known: Fact, again: Fact) -> None:
        """A message was met once more, perhaps from its other side, with another id."""
        if known.source is not again.source:
            known.paired = True
        known.ids += [id_ for id_ in again.ids if id_ not in known.ids]
        known.custom = known.custom or again.custom
        known.tracing = known.tracing or again.tracing
        known.moment = known.moment or again.moment
        self._index(known)

    def _double_of(self, fact: Fact) -> Fact | None:
        known = self._named(fact)
        if known is None and fact.tracing:
            # Not stamped, but a resend all the same: it keeps its tracing id.
            known = self._by_tracing.get(fact.tracing)
        if known is not None:
            return known
        now = self._clock()
        for other in self._alike(fact, set()):
            if self._same_moment(fact, other):
                return other
            fresh = now - other.noted <= OVERLAP
            if other.source is Source.HISTORY and not other.paired and fresh and not self._times_tell(fact, other):
                return other
        return None

    def _surely(self, fact: Fact, used: set[Fact]) -> Fact | None:
        """The message that an entity of the history is, by its ids or its time."""
        known = self._named(fact)
        if known is None:
            same = (other for other in self._alike(fact, used) if self._same_moment(fact, other))
            known = next(same, None)
            if known is not None and known.source is Source.LIVE:
                self._same_times = True
        if known is not None:
            used.add(known)
        return known

    def _perhaps(self, fact: Fact, used: set[Fact]) -> Fact | None:
        """The message that an entity of the history may be: the oldest of the same content that no other one is."""
        return next((other for other in self._alike(fact, used) if not self._times_tell(fact, other)), None)

    def _named(self, fact: Fact) -> Fact | None:
        known = self._by_custom.get(fact.custom) if fact.custom else None
        by_id = next((self._by_id[id_] for id_ in fact.ids if id_ in self._by_id), None)
        if by_id is not None and by_id.source is not fact.source and by_id.id == fact.id:
            self._same_ids = True
        return known or by_id

    def _alike(self, fact: Fact, used: set[Fact]) -> Iterator[Fact]:
        """Messages of the same content that are not another one by their names, oldest first."""
        for other in self._by_look.get(fact.look, ()):
            if other in used or (fact.custom and other.custom):
                continue
            comparable = self._same_ids or other.source is fact.source or other.paired
            if comparable and fact.ids and other.ids:
                continue
            yield other

    def _same_moment(self, fact: Fact, other: Fact) -> bool:
        return fact.moment is not None and fact.moment == other.moment

    def _times_tell(self, fact: Fact, other: Fact) -> bool:
        """Whether these two are different messages, because their times are."""
        return self._same_times and fact.moment is not None and other.moment is not None
