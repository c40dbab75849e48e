"""The thread the event loop runs on."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..state.clock import Clock

__all__ = ["ClockTicker", "LoopThread", "clock_sleep"]

Result = TypeVar("Result")

NAME = "genesys-webmessaging-simulator"
PATIENCE = 10.0


class LoopThread:
    """A named daemon thread with an event loop, and bounded calls into it."""

    def __init__(self) -> None:
        self._ready: concurrent.futures.Future[asyncio.AbstractEventLoop] = concurrent.futures.Future()
        self._leave: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)
        self._thread.start()
        self._loop = self._ready.result(PATIENCE)

    def call(self, function: Callable[[], Result], timeout: float = PATIENCE) -> Result:
        """Run a function on the loop and return what it returns; from the loop itself it runs at once."""
        if threading.current_thread() is self._thread:
            return function()

        async def run() -> Result:
            return function()

        return self.run(run(), timeout)

    def run(self, work: Awaitable[Result], timeout: float = PATIENCE) -> Result:
        """Run a coroutine on the loop and wait for it, from another thread.

        Raises:
            TimeoutError: It took too long.
        """

        async def awaited() -> Result:
            return await work

        future = asyncio.run_coroutine_threadsafe(awaited(), self._loop)
        try:
            return future.result(timeout)
        except concurrent.futures.TimeoutError as error:
            if future.done():
                raise
            future.cancel()
            raise TimeoutError(f"the simulator did not finish in {timeout:g} s") from error

    def post(self, function: Callable[[], None]) -> None:
        """Run a function on the loop, soon; from the loop itself it runs at once."""
        if threading.current_thread() is self._thread:
            function()
        else:
            self._loop.call_soon_threadsafe(function)

    def stop(self) -> None:
        """End the loop and the thread, bounded."""
        leave = self._leave
        if leave is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(leave.set)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        self._leave = asyncio.Event()
        self._ready.set_result(asyncio.get_running_loop())
        await self._leave.wait()


class ClockTicker:
    """Runs the timers of a clock on a loop thread."""

    def __init__(self, clock: Clock, thread: LoopThread) -> None:
        self._clock = clock
        self._thread = thread
        self._handle: asyncio.TimerHandle | None = None
        clock.drivenBy(self)

    def run(self, action: Callable[[], None]) -> None:
        """Run something on the loop, and return when it has run."""

        def run() -> None:
            action()
            self._arm()

        self._thread.call(run)

    def timersChanged(self) -> None:
        """Look at the clock again."""
        self._thread.post(self._arm)

    def stop(self) -> None:
        """Run no timers any more."""
        self._clock.drivenBy(None)
        self._thread.call(self._disarm)

    def _tick(self) -> None:
        self._clock.runDue()
        self._arm()

    def _arm(self) -> None:
        self._disarm()
        seconds = self._clock.secondsToNext()
        if seconds is not None:
            self._handle = asyncio.get_running_loop().call_later(seconds, self._tick)

    def _disarm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


async def clock_sleep(clock: Clock, seconds: float) -> None:
    """Wait some seconds of a simulated clock."""
    if seconds <= 0:
        return
    over = asyncio.get_running_loop().create_future()
    timer = clock.callLater(seconds, lambda: None if over.done() else over.set_result(None))
    try:
        await over
    finally:
        timer.cancel()
