"""Listeners that write down what they hear, and what our client is asked through them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

from genesys_webmessaging import SessionListener, WebMessagingClient

from . import calls
from .facts import dump
from .peer import PATIENCE, Wire, message, pause

ENDINGS = ("webSocketDisconnected", "webSocketError")
SENTINEL = "are you still there?"

FIRST_WATCH, LAST_WATCH = "first watch", "last watch"
"""Listeners of our own, registered before and after those of the case. What the last one heard, all have heard."""

METHODS = [name for name in vars(SessionListener) if not name.startswith("_")]


def is_watch(listener: str) -> bool:
    """Whether a listener is one of ours."""
    return listener in (FIRST_WATCH, LAST_WATCH)


class Log:
    """What was heard, in order, by any number of listeners."""

    def __init__(self) -> None:
        # Guards events and sentinels, and is notified whenever one is added.
        self.changed = threading.Condition()
        self.events: list[dict[str, Any]] = []
        self.sentinels: list[tuple[str, str]] = []
        self._sentinel = itertools.count(1)

    def next_sentinel(self) -> str:
        """A text that was not sent before."""
        return f"{SENTINEL} {next(self._sentinel)}"

    def add(self, event: dict[str, Any]) -> None:
        """Write an event down."""
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def add_sentinel(self, listener: str, text: str) -> None:
        """Write down that a listener heard a sentinel."""
        with self.changed:
            self.sentinels.append((listener, text))
            self.changed.notify_all()

    def wait_for(self, wanted: Callable[[], bool], timeout: float = PATIENCE) -> bool:
        """Wait until something holds, and say whether it does."""
        with self.changed:
            return self.changed.wait_for(wanted, timeout)

    def has(self, *methods: str) -> bool:
        """Whether a call of one of these methods was written down."""
        return any(event["method"] in methods for event in self.events)

    def callbacks(self) -> list[dict[str, Any]]:
        """The events so far, without those of the watches."""
        with self.changed:
            return [event for event in self.events if not is_watch(event["listener"])]


def callback(listener: str, method: str, args: tuple[Any, ...]) -> dict[str, Any]:
    """A call of a listener's method, as facts."""
    event: dict[str, Any] = {"listener": listener, "method": method}
    if len(args) == 2 and not isinstance(args[0], int):
        event.update(type=type(args[0]).__name__, value=dump(args[0]), raw=args[1])
    elif args:
        event["args"] = list(args)
    return event


def recorded_callback(event: dict[str, Any]) -> dict[str, Any]:
    """The same facts of a call that was recorded from Java."""
    facts: dict[str, Any] = {"listener": event["listener"], "method": event["method"]}
    args = event["args"]
    if event["method"] == "webSocketError":
        facts["args"] = ["$text"]
    elif event["method"] == "webSocketDisconnected":
        facts["args"] = args
    elif args:
        decoded = args[0] or {"type": "NoneType", "value": None}
        facts.update(type=decoded["type"], value=decoded["value"], raw=args[1])
    return facts


class Recorder(SessionListener):
    """Writes down what it hears, then does what the recording's script says."""

    def __init__(self, name: str, log: Log, script: dict[str, list[dict[str, Any]]] | None = None) -> None:
        self.name = name
        self.script = script or {}
        self.client: WebMessagingClient | None = None
        self.others: dict[str, Recorder] = {}
        self._log = log
        self._heard: dict[str, int] = {}

    def hear(self, method: str, args: tuple[Any, ...]) -> None:
        """Called for each event."""
        if method == "structuredMessage" and str(args[0].text).startswith(SENTINEL):
            self._log.add_sentinel(self.name, args[0].text)
            return
        self._log.add(callback(self.name, method, args))
        self._heard[method] = self._heard.get(method, 0) + 1
        for action in self.script.get(method, ()):
            if action.get("only", self._heard[method]) == self._heard[method]:
                self._act(method, action)

    def _act(self, method: str, action: dict[str, Any]) -> None:
        if "throw" in action:
            raise RuntimeError(action.get("message", "boom"))
        assert self.client is not None
        done: dict[str, Any] = {"listener": self.name, "method": method, "did": next(iter(action))}
        if "removeSelf" in action:
            self.client.removeSessionListener(self)
        elif "removeListener" in action:
            self.client.removeSessionListener(self.others[action["removeListener"].lstrip("@")])
        elif "addListener" in action:
            name = action["addListener"].lstrip("@")
            self.client.addSessionListener(self.others.setdefault(name, Recorder(name, self._log)))
        elif "sleep" in action:
            pause(action["sleep"] / 1000)
        else:
            done["did"] = action["call"]
            done["outcome"] = calls.outcome(lambda: calls.call(self.client, action["call"], action["args"]))
        self._log.add(done)


def _hearing(method: str) -> Callable[..., None]:
    def heard(self: Recorder, *args: Any) -> None:
        self.hear(method, args)

    heard.__name__ = method
    return heard


for _method in METHODS:
    setattr(Recorder, _method, _hearing(_method))


def still_receiving(log: Log, wire: Wire) -> list[str] | None:
    """Push sentinels, and tell who heard the first one; None when the connection has ended instead.

    Listeners are called one after another, so all have heard the first when one has heard the second.
    """
    first, second = log.next_sentinel(), log.next_sentinel()
    wire.send_text(message(first))
    wire.send_text(message(second))
    came = log.wait_for(lambda: log.has(*ENDINGS) or any(text == second for _, text in log.sentinels))
    if not came:
        raise AssertionError(f"neither the sentinel nor an end in {PATIENCE} s; heard: {log.events}")
    if all(text != second for _, text in log.sentinels):
        return None
    return [name for name, text in log.sentinels if text == first]


def wait_for_end(log: Log) -> None:
    """Wait until the last listener has heard the end."""
    if not log.wait_for(lambda: any(e["listener"] == LAST_WATCH and e["method"] in ENDINGS for e in log.events)):
        raise AssertionError(f"no end of the connection in {PATIENCE} s; heard: {log.events}")
