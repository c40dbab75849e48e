"""What the parts of the server share."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from ..faults import Faults
from ..recording import KEPT, KEPT_WHEN_LENIENT, Frame, Frames, Journal, RestRequest, Violation
from ..state.world import World
from ..wire.checks import Checks
from ..wire.gateway import Gateway
from .events import Events
from .thread import LoopThread

__all__ = ["FrameLogger", "ServerContext"]

ENDED_KEPT = 1_000

FrameLogger = Callable[[int, str, str], None]


class Recorded(Protocol):
    """What is noted of a connection here."""

    @property
    def number(self) -> int: ...

    def keep(self, frame: Frame) -> None:
        """Record a frame that came on it."""


C = TypeVar("C", bound=Recorded)


class ServerContext(Generic[C]):
    """The world and what watches it: recordings, checks, faults, events, connections.

    Attributes:
        key: What opens the control side from anywhere.
    """

    def __init__(self, world: World, faults: Faults, key: str, onFrame: FrameLogger | None = None) -> None:
        self.world = world
        self.faults = faults
        self.key = key
        self.events = Events(world)
        faults.onChange = self._faults_changed
        self._thread: LoopThread | None = None
        self.gateway = Gateway(world)
        self.kept = KEPT if world.strict else KEPT_WHEN_LENIENT
        self.violations: Journal[Violation] = Journal(self.kept)
        self.checks = Checks(world, self._violation)
        self.received = Frames(self.kept)
        self.requests: Journal[RestRequest] = Journal(self.kept)
        self._on_frame = onFrame
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()  # guards _open and _ended
        self._open: list[C] = []
        self._ended: deque[C] = deque(maxlen=ENDED_KEPT)

    @property
    def thread(self) -> LoopThread:
        """The thread the server lives on.

        Raises:
            RuntimeError: There is none.
        """
        if self._thread is None:
            raise RuntimeError("the simulator does not run: use it in a with block, or call start()")
        return self._thread

    @thread.setter
    def thread(self, thread: LoopThread) -> None:
        self._thread = thread

    def stopped(self) -> None:
        """The thread has ended."""
        self._thread = None

    def nextConnectionNumber(self) -> int:
        """The number of the next connection."""
        return next(self._numbers)

    @property
    def connections(self) -> list[C]:
        """The connections there are and were, by number."""
        with self._changed:
            return sorted([*self._ended, *self._open], key=lambda connection: connection.number)

    @property
    def openConnections(self) -> list[C]:
        """The connections there are, by number."""
        with self._changed:
            return list(self._open)

    def connectionOpened(self, connection: C) -> None:
        """A guest came."""
        with self._changed:
            self._open.append(connection)
            self._changed.notify_all()
        self.events.connection(connection.number, isOpen=True)

    def connectionEnded(self, connection: C) -> None:
        """A guest left."""
        with self._changed:
            self._open.remove(connection)
            self._ended.append(connection)
            self._changed.notify_all()
        self.events.connection(connection.number, isOpen=False)

    def waitForConnection(self, timeout: float) -> C:
        """The newest open connection; waits for one.

        Raises:
            TimeoutError: Nobody came.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._open, timeout):
                raise TimeoutError(f"no guest connected in {timeout:g} s; connections so far: {len(self._ended)}")
            return self._open[-1]

    def frameCame(self, connection: C, frame: Frame) -> None:
        """Record a frame of a guest."""
        connection.keep(frame)
        self.received.add(frame)
        self.events.frame(connection.number, "<", frame.text)
        if self._on_frame is not None:
            self._on_frame(connection.number, "<", frame.text)

    def frameSent(self, connection: C, text: str) -> None:
        """Show a frame to a guest to whoever logs frames."""
        self.events.frame(connection.number, ">", text)
        if self._on_frame is not None:
            self._on_frame(connection.number, ">", text)

    def _violation(self, violation: Violation) -> None:
        self.violations.add(violation)
        self.events.violation(violation)

    def _faults_changed(self) -> None:
        thread = self._thread
        if thread is not None:
            thread.post(lambda: self.events.faults(self.faults))
