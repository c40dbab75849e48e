"""Listeners for tests: one that remembers everything, and one that is slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from genesys_webmessaging import SessionListener
from genesys_webmessaging.listener import LISTENER_METHODS

PATIENCE = 5.0


def until(condition: Callable[[], bool], timeout: float = PATIENCE) -> None:
    """Wait for a state that nothing announces."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"it did not come to that within {timeout} s"
        threading.Event().wait(0.001)


class Recorder(SessionListener):
    """Remembers what it heard, and on which thread; a test may wait for what is still to come."""

    def __init__(self) -> None:
        # Guards events and threads.
        self._changed = threading.Condition()
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        self.threads: list[str] = []

    def record(self, method: str, *args: Any) -> None:
        with self._changed:
            self.events.append((method, args))
            self.threads.append(threading.current_thread().name)
            self._changed.notify_all()

    def waitFor(
        self,
        method: str,
        count: int = 1,
        *,
        where: Callable[..., bool] = lambda *_: True,
        timeout: float = PATIENCE,
    ) -> tuple[Any, ...]:
        """Wait until a method was called so many times with arguments that fit; returns those of the last."""

        def fitting() -> list[tuple[Any, ...]]:
            return [args for name, args in self.events if name == method and where(*args)]

        with self._changed:
            enough = self._changed.wait_for(lambda: len(fitting()) >= count, timeout)
            found = fitting()
            assert enough, f"{len(found)} of {count} {method} in {timeout} s; heard: {self.methods[-30:] or 'nothing'}"
            return found[count - 1]

    def waitForText(self, text: str) -> Any:
        """Wait for a message with this text, and return it."""
        return self.waitFor("structuredMessage", where=lambda message, _: message.text == text)[0]

    @property
    def methods(self) -> list[str]:
        return [name for name, _ in self.events]

    @property
    def texts(self) -> list[str | None]:
        return [args[0].text for name, args in self.events if name == "structuredMessage"]


def _recording(name: str) -> Callable[..., None]:
    def method(self: Recorder, *args: Any) -> None:
        self.record(name, *args)

    return method


for _name in LISTENER_METHODS:
    setattr(Recorder, _name, _recording(_name))


class Doing(SessionListener):
    """Does something when it hears one method, and keeps what came of it: a result, or what was raised."""

    def __init__(self, method: str, do: Callable[..., Any]) -> None:
        self.outcomes: list[Any] = []
        self._happened = threading.Condition()  # guards outcomes
        setattr(self, method, self._doing(do))

    def _doing(self, do: Callable[..., Any]) -> Callable[..., None]:
        def method(*args: Any) -> None:
            try:
                outcome = do(*args)
            except BaseException as error:
                outcome = error
            with self._happened:
                self.outcomes.append(outcome)
                self._happened.notify_all()
            if isinstance(outcome, BaseException):
                raise outcome

        return method

    def waitForOutcome(self, count: int = 1, timeout: float = 15.0) -> Any:
        with self._happened:
            happened = self._happened.wait_for(lambda: len(self.outcomes) >= count, timeout)
            assert happened, f"{len(self.outcomes)} of {count} outcomes in {timeout} s: {self.outcomes}"
            return self.outcomes[count - 1]
