"""The gap that a lost connection leaves, how it is closed from the history, and the messages that wait meanwhile."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from .._base.scheduler import Timer, scheduler
from .._base.threads import Deadline, daemon_thread, logger_of, seconds_text
from ..client import WebMessagingClient
from ..exceptions import DecodeError, ResponseTimeoutError, WebMessagingException, copy_of
from ..models import JwtResponse, StructuredMessage, WebMessagingMessage
from ._reconnect_policy import next_read
from ._seen import Comparison, Ledger, Missing, SeenMessage, Unheard

log = logger_of(__name__)

# The history comes in pages of so many.
_PAGE = 100
# So many pages are read at most: a history that does not end is given up.
_MOST_PAGES = 100
# A jwt with fewer seconds to live is replaced before the history is read.
_JWT_MARGIN = 30.0


@dataclass(frozen=True)
class Reading:
    """A read of the history that succeeded.

    Attributes:
        began: When it began, a time of ``time.monotonic``.
        mark: It reaches back beyond all that was noted in the ledger from this mark on.
        newest_live: The largest ``live_number`` of what it showed.
        missing: How many messages it showed that had not been heard.
    """

    began: float
    mark: float
    newest_live: int
    missing: int


class Gap:
    """A time in which messages may have been missed: from the loss of a connection until the session is resumed.

    It is known to be closed when the history shows something newer than its end, or was read so long after its end
    that even a history that lags behind must tell of it.

    Args:
        lost_at: When the connection was lost, a time of ``time.monotonic``.
        mark: The mark of the ledger at that time.
        unheard: Whether it is not a gap but what was said before the first connection: it has to be known, not heard.

    Attributes:
        ended_at: When the session was resumed; None before.
        end_mark: The mark of the ledger when that was heard: what is heard live from then on is newer than the gap.
    """

    def __init__(self, lost_at: float, mark: float, *, unheard: bool = False) -> None:
        self.lost_at = lost_at
        self.mark = mark
        self.unheard = unheard
        self.ended_at: float | None = None
        self.end_mark: int | None = None

    def next_read(self, last: float, lag: float, failures: int = 0) -> float:
        """When the history is to be read.

        Args:
            last: When the last read began; -inf if there was none.
            lag: Seconds that the history may be behind.
            failures: How many reads in a row have failed.
        """
        if self.ended_at is None:
            return math.inf
        if last < self.ended_at:
            return self.ended_at
        due = next_read(self.lost_at, last, failures)
        return min(due, self.ended_at + lag) if self.ended_at + lag > last else due

    def is_closed_by(self, reading: Reading, lag: float) -> bool:
        """Whether nothing of what was said in the gap can be missing any more after a read of the history."""
        if self.ended_at is None or reading.mark > self.mark:
            return False
        shows_newer = self.end_mark is not None and reading.newest_live >= self.end_mark
        return shows_newer or reading.began >= self.ended_at + lag


class HistoryReader:
    """Reads the history on a thread of its own, for all who wait for what it tells.

    Whoever wants to know says since when a read must have begun to be of use: so one read serves several. Because it
    has its own thread, whoever waits can stop waiting, however long the history takes.

    Args:
        client: Whose history.
        ledger: What was heard.
        take: Called with the entities that were read, newest first, and the session of the ledger that they are of.
        answer_timeout: Seconds that the server may take for the jwt.
        on_done: Called after each read.
    """

    def __init__(
        self,
        client: WebMessagingClient,
        ledger: Ledger,
        take: Callable[[list[WebMessagingMessage], int], Comparison],
        answer_timeout: float,
        on_done: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._take = take
        self._answer_timeout = answer_timeout
        self._on_done = on_done
        # Guards the fields below; notified when a read is done.
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._wanted: tuple[float, float] | None = None  # begun since, back to mark
        self._running: tuple[float, float] | None = None
        self._last: Reading | None = None
        self._failure: tuple[float, WebMessagingException] | None = None
        self._failures = 0

    def after_fork(self) -> None:
        """In a forked child: the thread does not exist here."""
        self._changed = threading.Condition()
        self._thread = self._wanted = self._running = None

    @property
    def last(self) -> Reading | None:
        """The last read that succeeded."""
        return self._last

    @property
    def failures(self) -> int:
        """How many reads in a row have failed."""
        return self._failures

    @property
    def last_began(self) -> float:
        """When the last read began that is done, well or not; -inf before the first."""
        with self._changed:
            return self._last_began()

    def request(self, since: float, mark: float) -> bool:
        """Have the history read, unless it is being read already. Returns at once.

        Args:
            since: The read must begin at this time or later; it has come already.
            mark: It must reach back beyond what was noted in the ledger from this mark on.

        Returns:
            Whether a read will be done; False if there was one already that will do.
        """
        with self._changed:
            return self._want(since, mark)

    def read(self, since: float, mark: float, deadline: Deadline, stop: Callable[[], bool] = lambda: False) -> Reading:
        """Wait for a read that has begun since a time.

        Args:
            since: As for :meth:`request`.
            mark: As for :meth:`request`.
            deadline: By when.
            stop: Whether nobody waits any more; looked at after :meth:`wake`.

        Raises:
            ResponseTimeoutError: It did not end in time.
            WebMessagingException: It failed.
        """
        with self._changed:
            known = self._failure
            self._want(since, mark)
            while True:
                if self._last is not None and self._last.began >= since and self._last.mark <= mark:
                    return self._last
                if self._failure is not None and self._failure is not known and self._failure[0] >= since:
                    raise copy_of(self._failure[1])
                if deadline.passed or stop():
                    raise ResponseTimeoutError(f"the history was not read within {seconds_text(deadline.seconds)}")
                self._changed.wait(deadline.remaining)

    def wake(self) -> None:
        """Let those who wait look whether they still want to."""
        with self._changed:
            self._changed.notify_all()

    # Called under the lock

    def _last_began(self) -> float:
        read = -math.inf if self._last is None else self._last.began
        return max(read, -math.inf if self._failure is None else self._failure[0])

    def _want(self, since: float, mark: float) -> bool:
        if self._last is not None and self._last.began >= since and self._last.mark <= mark:
            return False
        if self._running is not None and self._running[0] >= since and self._running[1] <= mark:
            return True
        earlier = self._wanted or (-math.inf, math.inf)
        self._wanted = max(earlier[0], since), min(earlier[1], mark)
        if self._thread is None:
            thread = daemon_thread("history", self._work)
            thread.start()  # which the system may refuse
            self._thread = thread
        return True

    # The thread

    def _work(self) -> None:
        while True:
            with self._changed:
                if self._wanted is None:
                    self._thread = None
                    return
                began, mark = time.monotonic(), self._wanted[1]
                self._running, self._wanted = (began, mark), None
            outcome = self._outcome(began, mark)
            with self._changed:
                self._running = None
                if isinstance(outcome, Reading):
                    self._last, self._failures = outcome, 0
                else:
                    self._failures += 1
                    self._failure = began, outcome
            # Before those who wait go on, so that what was found has been heard then.
            self._on_done()
            with self._changed:
                self._changed.notify_all()

    def _outcome(self, began: float, mark: float) -> Reading | WebMessagingException:
        session = self._ledger.session
        try:
            comparison = self._take(self._fetch(mark), session)
        except WebMessagingException as error:
            log.info("the history cannot be read now: %s", error)
            return error
        except Exception as error:
            log.exception("reading the history failed in a way that was not foreseen")
            return WebMessagingException(f"the history cannot be read: {error!r}")
        if session != self._ledger.session:
            return WebMessagingException("another session began while the history was read")
        return Reading(began, mark, comparison.newest_live, len(comparison.missing))

    def _fetch(self, mark: float) -> list[WebMessagingMessage]:
        """As much of the history as it takes, newest first."""
        self._need_jwt()
        newest_first = self._client.iterateHistory(ahead=False)
        entities: list[WebMessagingMessage] = []
        for _ in range(_MOST_PAGES):
            page = list(islice(newest_first, _PAGE))
            entities += page
            if len(page) < _PAGE or self._ledger.reaches(entities, mark):
                return entities
        log.warning("the history does not end: only its newest %d messages are looked at", len(entities))
        return entities

    def _need_jwt(self) -> None:
        # The client would ask for one itself, but wait longer for it than a dead connection deserves.
        known: JwtResponse | None = self._client.jwtResponse
        expires: object = None if known is None else known.exp
        if not isinstance(expires, (int, float)) or not expires >= time.time() + _JWT_MARGIN:
            self._client.awaitResponse(self._client.getJwt(), self._answer_timeout)


class _Waiting:
    """A message on its way to the listeners."""

    __slots__ = ("arrived", "message", "raw", "seen")

    def __init__(self, message: StructuredMessage, raw: str, seen: SeenMessage) -> None:
        self.message = message
        self.raw = raw
        self.seen = seen
        self.arrived = time.monotonic()


class MessageGate:
    """Passes each message on once: those heard live as they come, those found in the history in their place.

    While it is held, live messages wait, so that what was missed before them can go first; but none of them longer
    than a bound. What is found when newer messages have been passed on already is marked as late.

    Args:
        ledger: What was heard.
        put: Called with a message and its raw text, in the right order, under this object's lock: it must only queue.
        run: Called without the lock when something was put by a thread of this object.
        hold_live: Seconds that a live message may wait.
    """

    def __init__(
        self,
        ledger: Ledger,
        put: Callable[[StructuredMessage, str], None],
        run: Callable[[], None],
        hold_live: float,
    ) -> None:
        self._ledger = ledger
        self._put = put
        self._run = run
        self._hold_live = hold_live
        # Guards the fields below, and the order of what is put. The ledger's lock is taken under it, so that what is
        # noted as heard is also in its list when a flush looks; the ledger never calls back.
        self._lock = threading.RLock()
        self._holding = False
        self._waiting: list[_Waiting] = []
        self._timer: Timer | None = None

    def after_fork(self) -> None:
        """In a forked child: the timer does not exist here."""
        self._lock = threading.RLock()
        self._timer = None

    def live(self, message: StructuredMessage, raw: str) -> None:
        """A message came live."""
        with self._lock:
            seen = self._ledger.admit(message)
            if seen is None:
                return
            if not self._holding:
                self._pass(message, raw, seen)
                return
            self._waiting.append(_Waiting(message, raw, seen))
            self._watch_the_time()

    def unsettled(self, message: StructuredMessage, raw: str) -> None:
        """A message came live, but the connection ended before it was clear whether others belong before it."""
        self.hold()
        self.live(message, raw)

    def hold(self) -> None:
        """Let live messages wait from now on."""
        with self._lock:
            self._holding = self._hold_live > 0

    def release(self) -> None:
        """Pass on what waits, and let nothing wait any more."""
        with self._lock:
            self._flush()

    def fill(
        self, entities: Sequence[WebMessagingMessage], *, unheard: Unheard, mark: float, session: int
    ) -> Comparison:
        """Put what the history tells and nobody heard where it belongs. The arguments are those of the ledger."""
        with self._lock:
            comparison = self._ledger.compare(entities, unheard=unheard, mark=mark, session=session)
            found = [_Waiting(*_from_history(one), one.seen) for one in comparison.missing]
            self._waiting = _merged(self._waiting, found, comparison.places)
            # The history tells things in their order: nothing is missing before what it shows.
            shown = [place for place, one in enumerate(self._waiting, 1) if one.seen in comparison.places]
            self._pass_first(max(shown, default=0))
        return comparison

    # Called under the lock

    def _pass(self, message: StructuredMessage, raw: str, seen: SeenMessage) -> None:
        seen.passed = True
        self._put(message, raw)

    def _pass_first(self, count: int) -> None:
        for waiting in self._waiting[:count]:
            self._pass(waiting.message, waiting.raw, waiting.seen)
        del self._waiting[:count]
        if not self._waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self) -> None:
        self._holding = False
        self._pass_first(len(self._waiting))

    def _watch_the_time(self) -> None:
        if self._timer is None and self._waiting:
            due = min(one.arrived for one in self._waiting) + self._hold_live
            self._timer = scheduler.call_at(due, self._end_hold, thread="hold")

    # When a message has waited long enough

    def _end_hold(self) -> None:
        with self._lock:
            self._timer = None
            if self._waiting and min(one.arrived for one in self._waiting) + self._hold_live <= time.monotonic():
                self._flush()
            self._watch_the_time()
        self._run()


def _merged(waiting: list[_Waiting], found: list[_Waiting], places: dict[SeenMessage, int]) -> list[_Waiting]:
    """Live messages that wait and others from the history, each in its order, as one sequence."""
    merged: list[_Waiting] = []
    rest = iter(found)
    next_found = next(rest, None)
    for one in waiting:
        while next_found is not None and _is_before(next_found.seen, one.seen, places):
            merged.append(next_found)
            next_found = next(rest, None)
        merged.append(one)
    if next_found is not None:
        merged += [next_found, *rest]
    return merged


def _is_before(found: SeenMessage, live: SeenMessage, places: dict[SeenMessage, int]) -> bool:
    """Whether a message of the history was said before one that was heard live."""
    if live in places:
        return places[found] < places[live]
    times: tuple[datetime | None, datetime | None] = found.time, live.time
    if times[0] is not None and times[1] is not None and times[0] != times[1]:
        return times[0] < times[1]
    # A history that does not tell of a live message yet is older; and what is not part of it stays where it is.
    return live.number > 0


def _from_history(missing: Missing) -> tuple[StructuredMessage, str]:
    """A message of the history as a listener hears it: the message, and the JSON of the entity."""
    document = missing.entity.to_dict()
    raw = missing.entity.to_json()
    try:
        message = StructuredMessage.from_dict(document)
    except DecodeError as error:
        log.warning("a message of the history is heard without its content and events: %s", error)
        plain = {key: value for key, value in document.items() if key not in {"content", "events"}}
        message = StructuredMessage.from_dict(plain)
    if missing.late:
        message.late = True
    return message, raw
