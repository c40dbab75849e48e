"""What a Reconnector does about a lost connection, and when it stops doing so."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from ..exceptions import ConnectionClosedError, RequestError, WebMessagingException
from ..listener import SessionListener
from ..models import WebMessagingMessage
from ._backoff import Backoff
from ._gap import Gap
from ._ledger import Ledger
from ._plan import SESSION_EXPIRED, Plan, is_final, retry_after
from ._stream import Stream
from ._wrapper import ListenerWrapper

if TYPE_CHECKING:
    from ..client import WebMessagingClient

log = logging.getLogger(__name__)

# Seconds to wait for the last event of a connection before the next one is opened.
LAST_EVENT = 5.0
# So often the history is asked for after one reconnect; what it does not give then, the next time gives.
HISTORY_TRIES = 3

_numbers = itertools.count(1)


class ReconnectorState(Enum):
    """What a Reconnector is doing."""

    IDLE = auto()
    CONNECTING = auto()
    CONNECTED = auto()
    REPAIRING = auto()
    STOPPED = auto()


class Repairer(ListenerWrapper):
    """The half of a Reconnector that works: its state, its thread, and the messages on their way."""

    def __init__(
        self,
        client: WebMessagingClient,
        listeners: Sequence[SessionListener],
        *,
        max_seconds: float,
        delays: tuple[float, float, Callable[[], float]],
        answer_timeout: float,
        new_session_on_expiry: bool,
        on_given_up: Callable[[WebMessagingException], None] | None,
    ) -> None:
        super().__init__(*listeners)
        self._client = client
        self._max_seconds = max_seconds
        self._delays = delays
        self._answer_timeout = answer_timeout
        self._new_session_on_expiry = new_session_on_expiry
        self._on_given_up = on_given_up
        self._ledger = Ledger()
        self._stream = Stream(self._ledger, lambda message, raw: self._put("structuredMessage", message, raw))
        self._gap = Gap(client, self._ledger, lambda: answer_timeout)
        # Guards the fields below; notified when one of them changes.
        self._changed = threading.Condition()
        self._state = ReconnectorState.IDLE
        self._error: WebMessagingException | None = None
        self._plan: Plan | None = None
        self._connection_count = 0
        self._unfinished = 0  # connections whose last event was not heard yet
        self._gap_is_open = False
        self._worker: threading.Thread | None = None

    # What is done about it

    def _ended(self, how: str, *, asked: bool) -> None:
        with self._changed:
            self._unfinished = max(0, self._unfinished - 1)
            self._changed.notify_all()
            # The last event of a connection that was replaced already says nothing about the new one.
            mine = self._state is ReconnectorState.CONNECTED and self._client.isInputClosed()
        if not mine:
            return
        if asked:
            self._stop(ConnectionClosedError(how))
        else:
            self._repair(how, drop=False)

    def _expired(self) -> None:
        if self._new_session_on_expiry:
            self._repair("the session has expired", drop=False)
        else:
            self._stop(RequestError("the session has expired", code=SESSION_EXPIRED))

    def _repair(self, why: str, *, drop: bool) -> None:
        if self._max_seconds <= 0 and (drop or self._client.isInputClosed()):
            self._stop(ConnectionClosedError(why))
            if drop:
                self._client.disconnect()
            return
        log.info("%s", why)
        self._stream.hold()
        with self._changed:
            plan = self._plan if self._state is ReconnectorState.CONNECTED else None
            if plan is not None:
                self._state = ReconnectorState.REPAIRING
                name = f"genesys-webmessaging-reconnector-{next(_numbers)}"
                self._worker = threading.Thread(target=self._work, args=(plan, drop), name=name, daemon=True)
                self._worker.start()
        if plan is None:
            self._stream.release()
            self._serial.run()

    def _work(self, plan: Plan, drop: bool) -> None:
        found: list[WebMessagingMessage] = []
        try:
            if drop:
                self._client.disconnect()
            found = self._try_again_and_again(plan)
        except WebMessagingException as error:
            self._give_up(error)
        except Exception as error:
            log.exception("reconnecting failed in a way that was not foreseen")
            self._give_up(WebMessagingException(f"reconnecting failed: {error!r}"))
        self._stream.release(found)
        self._serial.run()
        self._finish()

    def _try_again_and_again(self, plan: Plan) -> list[WebMessagingMessage]:
        """Returns what was missed, or raises why there is no connection and will be none."""
        deadline = time.monotonic() + self._max_seconds
        backoff = Backoff(*self._delays)
        delay = backoff.next()
        while True:
            self._pause(min(delay, max(0.0, deadline - time.monotonic())))
            try:
                return self._try(plan, deadline)
            except WebMessagingException as error:
                if self._state is not ReconnectorState.REPAIRING or is_final(error):
                    raise
                log.info("no connection yet: %s", error)
                if time.monotonic() >= deadline:
                    raise
                delay = max(backoff.next(), retry_after(error))
            if not self._client.isInputClosed():
                self._client.disconnect()

    def _try(self, plan: Plan, deadline: float) -> list[WebMessagingMessage]:
        renewing = not self._client.isInputClosed()  # the session has expired, the connection has not
        if not renewing:
            self._await_last_event()
            plan.connect(self._client, deadline)
            if self._state is not ReconnectorState.REPAIRING:
                raise ConnectionClosedError("the Reconnector was closed")
        response = plan.configureAgain(self._client, renewing=renewing)
        return [] if response.newSession is True else self._read_gap()

    def _read_gap(self, *, silently: bool = False) -> list[WebMessagingMessage]:
        backoff = Backoff(*self._delays)
        for left in reversed(range(HISTORY_TRIES)):
            found = self._history_once(silently)
            if found is not None:
                self._gap_is_open = False
                return found
            self._pause(backoff.next() if left else 0.0)
        log.error("what was said in between is missing until the history can be read again")
        self._gap_is_open = True
        return []

    def _history_once(self, silently: bool) -> list[WebMessagingMessage] | None:
        try:
            return self._gap.missing(thorough=self._gap_is_open, silently=silently)
        except WebMessagingException as error:
            if self._client.isInputClosed():
                raise ConnectionClosedError("the connection broke while the history was read") from error
            log.warning("the history cannot be read: %s", error)
            return None

    def _finish(self) -> None:
        """The connection is ready, unless it was lost or closed meanwhile."""
        with self._changed:
            if self._state in (ReconnectorState.CONNECTING, ReconnectorState.REPAIRING):
                self._state = ReconnectorState.CONNECTED
                self._connection_count += 1
                log.info("the connection is ready")
            self._worker = None
            self._changed.notify_all()
        if self._client.isInputClosed():
            self._repair("the connection was lost at once", drop=False)

    def _give_up(self, error: WebMessagingException) -> None:
        log.warning("no further try to connect: %s", error)
        self._stop(error)
        self._client.disconnect()

    def _stop(self, error: WebMessagingException | None) -> threading.Thread | None:
        """Come to the end, once. Returns the thread that was at work."""
        with self._changed:
            worker = self._worker
            if self._state in (ReconnectorState.IDLE, ReconnectorState.STOPPED):
                return worker
            self._state = ReconnectorState.STOPPED
            self._error = error
            self._changed.notify_all()
        self._stream.flush()
        if error is not None and self._on_given_up is not None:
            call = self._on_given_up
            self._serial.put(lambda: _call_given_up(call, error))
        self._serial.run()
        return worker

    def _pause(self, seconds: float) -> None:
        """Wait, unless there is nothing to wait for any more."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._state is not ReconnectorState.STOPPED and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            if self._state is ReconnectorState.STOPPED:
                raise ConnectionClosedError("the Reconnector was closed")

    def _await_last_event(self) -> None:
        """Let the listeners hear the end of the old connection before the beginning of the new one."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._unfinished == 0, LAST_EVENT):
                log.warning("the listeners are slow: a new connection begins before they have heard the old one's end")


def _call_given_up(call: Callable[[WebMessagingException], None], error: WebMessagingException) -> None:
    try:
        call(error)
    except Exception:
        log.exception("onGivenUp raised")
