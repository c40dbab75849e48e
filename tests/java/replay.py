"""Every suite's way to be replayed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from genesys_webmessaging import WebMessagingClient

from . import recordings, replay_calls, replay_history, replay_static, replay_wire
from .recordings import Case

_REPLAYS: Mapping[str, Callable[[Case], tuple[Any, Any]]] = {
    "connect": replay_calls.connect,
    "outbound": replay_calls.outbound,
    "join": replay_calls.join,
    "inbound": replay_wire.inbound,
    "listeners": replay_wire.listeners,
    "lifecycle": replay_wire.lifecycle,
    "history": replay_history.replay,
    "static": replay_static.replay,
}

_CONTEXTS: Mapping[str, Callable[[Case], Mapping[str, Any]]] = {
    "inbound": replay_wire.inbound_context,
    "history": replay_history.context,
}

# These wait for something that takes its time: they are replayed at once.
_SLOW = (
    "connect-10.0.0/connect.hang_",
    "history-10.0.0/patched.retry_",
    "lifecycle-10.0.0/client_disconnect.server_silent_then_message",
    "lifecycle-10.0.0/idle_2s",
)


@dataclass(frozen=True)
class Facts:
    """What Java did, what we did, and what a row of the table may name."""

    java: Any
    ours: Any
    context: Mapping[str, Any]


class Replay:
    """All cases, each replayed once."""

    def __init__(self) -> None:
        self.cases = recordings.load()
        self._facts: dict[str, Facts] = {}

    def facts(self, case: Case) -> Facts:
        """What came of a case."""
        if case.key not in self._facts:
            at_once = (
                [each for each in self.cases if each.key.startswith(_SLOW)] if case.key.startswith(_SLOW) else [case]
            )
            with ThreadPoolExecutor(len(at_once)) as pool:
                self._facts.update(zip((each.key for each in at_once), pool.map(_replayed, at_once), strict=True))
        return self._facts[case.key]


def _replayed(case: Case) -> Facts:
    java, ours = _REPLAYS[case.suite](case)
    context = {"$application": WebMessagingClient.getDefaultAppName(), "$userAgent": _user_agent()}
    return Facts(java, ours, context | _CONTEXTS.get(case.suite, lambda _: {})(case))


def _user_agent() -> str:
    return "/".join(WebMessagingClient.getDefaultAppName().rsplit("-", 1))
