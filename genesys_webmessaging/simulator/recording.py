"""What came in over the wire, kept for tests to look at and to wait for."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

__all__ = [
    "KEPT",
    "KEPT_WHEN_LENIENT",
    "Frame",
    "Frames",
    "Journal",
    "RestRequest",
    "Violation",
    "maskFrame",
]

Item = TypeVar("Item")

KEPT = 50_000
KEPT_WHEN_LENIENT = 1_000


@dataclass(frozen=True)
class Frame:
    """A text frame that a guest sent.

    Attributes:
        connection: The number of the connection it came by.
        text: The frame as it came.
        fields: The JSON object in it; None when there is none.
    """

    connection: int
    text: str = field(repr=False)
    fields: dict[str, Any] | None = field(repr=False)

    def __str__(self) -> str:
        return f"{self.action or 'a frame without an action'} on connection {self.connection}"

    @property
    def action(self) -> str:
        """What the guest wanted; "" when the frame does not say."""
        return str(self.fields.get("action", "")) if self.fields is not None else ""


@dataclass(frozen=True)
class RestRequest:
    """A request to the REST side or to a presigned URL, and how it was answered."""

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    status: int


@dataclass(frozen=True)
class Violation:
    """Something a client did that the protocol does not allow."""

    connection: int | None
    sentence: str

    def __str__(self) -> str:
        return self.sentence if self.connection is None else f"connection {self.connection}: {self.sentence}"


class Journal(Generic[Item]):
    """Items in the order they came; the oldest are dropped when there are too many. Safe from any thread."""

    def __init__(self, kept: int = KEPT) -> None:
        self._changed = threading.Condition()  # guards _items
        self._items: deque[Item] = deque(maxlen=kept)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items())

    def __len__(self) -> int:
        with self._changed:
            return len(self._items)

    def __getitem__(self, index: int) -> Item:
        return self.items()[index]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)} kept>"

    def items(self) -> list[Item]:
        """Everything kept, oldest first."""
        with self._changed:
            return list(self._items)

    def add(self, item: Item) -> None:
        """Keep one more."""
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget everything so far."""
        with self._changed:
            self._items.clear()

    def waitFor(
        self, matches: Callable[[Item], bool], count: int = 1, timeout: float = 5.0, what: str = "matching items"
    ) -> list[Item]:
        """Wait until enough items match.

        Args:
            matches: Which ones count.
            count: How many there must be.
            timeout: Seconds to wait at most.
            what: What is waited for, for the error.

        Returns:
            All that match, oldest first.

        Raises:
            TimeoutError: There were too few in time; it says what there was.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                found = [item for item in self._items if matches(item)]
                if len(found) >= count:
                    return found
                if not self._changed.wait(deadline - time.monotonic()):
                    recent = [str(item) for item in list(self._items)[-20:]]
                    raise TimeoutError(
                        f"{len(found)} of {count} {what} in {timeout:g} s; what came last: {recent or 'nothing'}"
                    )


class Frames(Journal[Frame]):
    """The frames that guests sent."""

    def of(self, action: str) -> list[dict[str, Any]]:
        """The requests with this action so far."""
        return [frame.fields for frame in self.items() if frame.action == action and frame.fields is not None]

    def wait(self, action: str, count: int = 1, timeout: float = 5.0) -> list[dict[str, Any]]:
        """Wait for requests with an action.

        Args:
            action: Which one.
            count: How many there must be.
            timeout: Seconds to wait at most.

        Returns:
            All there are by then, as decoded, oldest first.

        Raises:
            TimeoutError: There were too few in time.
        """
        found = self.waitFor(lambda frame: frame.action == action, count, timeout, f"{action} requests")
        return [frame.fields for frame in found if frame.fields is not None]


SECRETS = frozenset(
    (
        "code",
        "customer",
        "deviceToken",
        "headers",
        "idToken",
        "jwt",
        "refreshToken",
        "resumeToken",
        "sessionJoinToken",
        "token",
    )
)
QUERY = re.compile(r"(https?://[^\s\"?]+)\?[^\s\"]*")
MASK = "***"


def maskFrame(text: str) -> str:
    """A frame with its tokens, jwts, codes, presigned queries and custom attribute values masked."""
    try:
        value = json.loads(text)
    except ValueError:
        return f"<{len(text)} characters that are not JSON>"
    return json.dumps(_masked(value, ""), ensure_ascii=False)


def _masked(value: Any, name: str) -> Any:
    if name == "customAttributes" and isinstance(value, dict):
        return dict.fromkeys(value, MASK)
    if name in SECRETS and not isinstance(value, int):
        return MASK
    if isinstance(value, dict):
        return {key: _masked(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, "") for item in value]
    return QUERY.sub(rf"\1?{MASK}", value) if isinstance(value, str) else value
