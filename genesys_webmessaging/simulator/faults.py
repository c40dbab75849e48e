"""What can go wrong on demand; nothing else decides to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .._base.hints import Hinting

__all__ = [
    "Fault",
    "Faults",
    "Stage",
    "Subject",
]


class Stage(Enum):
    """Where in the server a fault can strike."""

    HANDSHAKE = "handshake"
    REQUEST = "request"  # a frame of a guest, before it is handled
    FRAME = "frame"  # a frame to a guest
    CLOSE = "close"  # the close frame of a guest
    REST = "rest"
    JWT = "jwt"  # the jwt of a REST request
    HISTORY = "history"  # a page of the history
    UPLOAD = "upload"  # a PUT of bytes
    SCAN = "scan"  # what becomes of uploaded bytes


@dataclass(frozen=True)
class Subject:
    """What is about to happen: the thing a fault may strike.

    Attributes:
        stage: Where in the server.
        connection: The number of the connection; None for REST.
        name: The class of a frame, the action of a request, or the path of a REST request.
        fields: The frame itself.
    """

    stage: Stage
    connection: int | None = None
    name: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def direction(self) -> str:
        """The direction of the message in a frame; "" when there is none."""
        body = self.fields.get("body")
        return str(body.get("direction", "")) if isinstance(body, dict) else ""


@dataclass(kw_only=True, eq=False)
class Fault:
    """A fault that waits for its moment.

    Attributes:
        kind: What it does.
        stage: Where it strikes.
        times: How often; None: always.
        after: How many matching subjects it lets pass first.
        connection: Only this connection, by its number.
        name: Only this class, action, or paths with this beginning.
        direction: Only messages in this direction.
        where: Only frames of which this is true; called on the server's thread.
        hits: How often it has struck.
        lasts: For how long, in seconds of the clock from the first time; None: as often as `times` says.
        until: When it is over; None before the first time.
    """

    kind: str
    stage: Stage
    times: int | None = 1
    after: int = 0
    connection: int | None = None
    name: str | None = None
    direction: str | None = None
    where: Callable[[Mapping[str, Any]], bool] | None = None
    hits: int = 0
    seconds: float = 0.0
    pieces: int = 3
    size: int = 0
    status: int = 0
    message: str = ""
    how: str = ""
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    lasts: float | None = None
    until: float | None = None

    def matches(self, subject: Subject) -> bool:
        """Whether a subject is one it is meant for."""
        if self.stage is not subject.stage or (self.connection not in (None, subject.connection)):
            return False
        if self.name is not None and not self._namesIt(subject):
            return False
        if self.direction is not None and self.direction != subject.direction:
            return False
        return self.where is None or self.where(subject.fields)

    def strikes(self, now: float) -> bool:
        """Count one matching subject, and say whether the fault strikes it."""
        if self.after > 0:
            self.after -= 1
            return False
        if self.lasts is not None:
            self.until = now + self.lasts if self.until is None else self.until
            if now >= self.until:
                self.times = 0
                return False
        self.hits += 1
        if self.times is not None:
            self.times -= 1
        return True

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it was to."""
        return self.times is not None and self.times <= 0

    def _namesIt(self, subject: Subject) -> bool:
        if subject.stage in (Stage.REST, Stage.JWT, Stage.HISTORY, Stage.UPLOAD):
            return subject.name.startswith(self.name or "")
        return subject.name == self.name


ERROR_CODE = 300


def _is_error(frame: Any) -> bool:
    body = frame.get("body")
    return frame.get("code", 0) >= ERROR_CODE or (isinstance(body, dict) and "errorCode" in body)


class Faults(Hinting):
    """Faults on demand.

    `onChange` is called whenever a fault was added or removed, or has struck, on the thread on which that happened.

    Every method takes, besides its own arguments, these keywords, and returns the `Fault`, whose `hits` counts:

    - `times`: how often it strikes (default once); None: always, until `clear` or `remove`;
    - `after`: how many matching things pass unharmed first (default 0);
    - `connection`: the number of one connection, or the connection itself (default all);
    - `class_`: strike a frame to the guest of this class; `direction` ("Inbound", "Outbound") and `where` (a function
      of the frame as a dict) narrow it further;
    - `action`: strike a request of the guest, before it is handled (drop, lose, delay and refuse only);
    - `path`: for REST, the beginning of the path.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards _active and the counts of every fault in it
        self._active: list[Fault] = []
        self.onChange: Callable[[], None] | None = None

    @property
    def active(self) -> list[Fault]:
        """The faults that wait for their moment."""
        with self._lock:
            return list(self._active)

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._active.clear()
        self._changed()

    def remove(self, fault: Fault) -> None:
        """Take one fault back; nothing happens if it is spent."""
        with self._lock:
            if fault in self._active:
                self._active.remove(fault)
        self._changed()

    def strike(self, subject: Subject, now: float = 0.0) -> list[Fault]:
        """The faults that strike a thing that is about to happen; each is counted.

        Args:
            subject: What is about to happen.
            now: The time of the simulator's clock, for faults that last a while.
        """
        with self._lock:
            if not self._active:
                return []
            struck = [fault for fault in self._active if fault.matches(subject) and fault.strikes(now)]
            self._active = [fault for fault in self._active if not fault.spent]
        if struck:
            self._changed()
        return struck

    # -- frames and connections

    def drop(self, how: str = "reset", **when: Any) -> Fault:
        """End the connection instead of sending the frame (or handling the request).

        Args:
            how: "reset" (TCP RST), "fin" (TCP end without a close frame) or "silence" (it stays open, and dead).
            when: See the class.
        """
        if how not in ("reset", "fin", "silence"):
            raise ValueError(f'how must be "reset", "fin" or "silence", not {how!r}')
        return self._add("drop", _frame_stage(when), how=how, **when)

    def lose(self, **when: Any) -> Fault:
        """Do not send the frame; with `action`, ignore the request."""
        return self._add("lose", _frame_stage(when), **when)

    def loseEcho(self, **when: Any) -> Fault:
        """Do not send the echo of a guest's message."""
        return self.lose(**{"class_": "StructuredMessage", "direction": "Inbound", **when})

    def loseUploadSuccess(self, **when: Any) -> Fault:
        """Do not send `UploadSuccessEvent`."""
        return self.lose(**{"class_": "UploadSuccessEvent", **when})

    def delay(self, seconds: float, **when: Any) -> Fault:
        """Hold the frame, and all behind it, for some seconds of the simulator's clock."""
        return self._add("delay", _frame_stage(when), seconds=seconds, **when)

    def duplicate(self, **when: Any) -> Fault:
        """Send the frame twice."""
        return self._add("duplicate", Stage.FRAME, **when)

    def swap(self, seconds: float = 1.0, **when: Any) -> Fault:
        """Send the frame after the next one; after some seconds of the clock even if there is no next one."""
        return self._add("swap", Stage.FRAME, seconds=seconds, **when)

    def fragment(self, pieces: int = 3, **when: Any) -> Fault:
        """Send the message in several WebSocket frames."""
        return self._add("fragment", Stage.FRAME, pieces=pieces, **when)

    def split(self, pieces: int = 3, **when: Any) -> Fault:
        """Send the frame in several TCP segments, a few milliseconds apart."""
        return self._add("split", Stage.FRAME, pieces=pieces, **when)

    def garble(self, how: str = "json", **when: Any) -> Fault:
        """Send something broken instead of the frame.

        Args:
            how: "json" (half of the JSON), "utf8" (bytes that are not UTF-8) or "frame" (not a WebSocket frame).
            when: See the class.
        """
        if how not in ("json", "utf8", "frame"):
            raise ValueError(f'how must be "json", "utf8" or "frame", not {how!r}')
        return self._add("garble", Stage.FRAME, how=how, **when)

    def oversize(self, size: int = 1_000_000, **when: Any) -> Fault:
        """Blow the frame up to so many characters, with a field that no client knows."""
        return self._add("oversize", Stage.FRAME, size=size, **when)

    def loseTracingId(self, **when: Any) -> Fault:
        """Send errors without tracingId; with `class_`, frames of that class."""
        if "class_" not in when:
            when.setdefault("where", _is_error)
        return self._add("untraced", Stage.FRAME, **when)

    def muteClose(self, **when: Any) -> Fault:
        """Do not answer the guest's close frame."""
        return self._add("mute", Stage.CLOSE, **when)

    def refuse(self, action: str, code: int, message: str = "Unexpected error", **when: Any) -> Fault:
        """Answer a request with an error, instead of handling it."""
        return self._add("refuse", Stage.REQUEST, name=action, status=code, message=message, **when)

    # -- the handshake

    def refuseHandshake(
        self, status: int = 503, body: str | None = None, headers: dict[str, str] | None = None, **when: Any
    ) -> Fault:
        """Answer the handshake with an HTTP status."""
        return self._add("refuse", Stage.HANDSHAKE, status=status, body=body, headers=headers or {}, **when)

    def stallHandshake(self, seconds: float = 3600.0, **when: Any) -> Fault:
        """Let the handshake wait, for some seconds of the clock."""
        return self._add("stall", Stage.HANDSHAKE, seconds=seconds, **when)

    # -- REST and files

    def rest(
        self,
        status: int,
        retryAfter: object | None = None,
        body: str | None = None,
        headers: dict[str, str] | None = None,
        **when: Any,
    ) -> Fault:
        """Answer a REST request with a status.

        Args:
            status: The HTTP status.
            retryAfter: The value of a `Retry-After` header: seconds, or a date.
            body: The body, as it is; None: an error document in JSON.
            headers: Further headers.
            when: See the class.
        """
        shown = dict(headers or {})
        if retryAfter is not None:
            shown["Retry-After"] = str(retryAfter)
        return self._add("refuse", Stage.REST, status=status, body=body, headers=shown, **when)

    def stallRest(self, seconds: float = 3600.0, **when: Any) -> Fault:
        """Let a REST request wait, for some seconds of the clock."""
        return self._add("stall", Stage.REST, seconds=seconds, **when)

    def cutBody(self, **when: Any) -> Fault:
        """Break the connection in the middle of the body of a REST answer."""
        return self._add("cut", Stage.REST, **when)

    def expireJwt(self, **when: Any) -> Fault:
        """Treat the jwt of a REST request as expired."""
        return self._add("expire", Stage.JWT, **when)

    def historyLag(self, seconds: float, **when: Any) -> Fault:
        """Show messages in the history only so many seconds of the clock after they were said; always, by default."""
        return self._add("lag", Stage.HISTORY, seconds=seconds, **{"times": None, **when})

    def movePages(self, count: int = 1, **when: Any) -> Fault:
        """Let pages move while they are read: so many of the newest messages are missing from page 1 and there later.

        What stood at the end of page 1 then stands at the beginning of page 2 again.
        """
        return self._add("move", Stage.HISTORY, size=count, **{"times": None, **when})

    def historyDown(self, seconds: float, status: int = 503, retryAfter: object | None = None, **when: Any) -> Fault:
        """Answer every request for the history with a status, for some seconds of the clock from the first one on.

        Args:
            seconds: How long.
            status: The HTTP status.
            retryAfter: The value of a `Retry-After` header: seconds, or a date.
            when: See the class.
        """
        headers = {} if retryAfter is None else {"Retry-After": str(retryAfter)}
        settings = {"status": status, "headers": headers, "lasts": seconds}
        return self._add("down", Stage.HISTORY, **{**settings, "times": None, **when})

    def listTwice(self, **when: Any) -> Fault:
        """List every message twice on a page of the history."""
        return self._add("twice", Stage.HISTORY, **when)

    def failUpload(self, status: int = 500, **when: Any) -> Fault:
        """Answer a PUT with an HTTP status; nothing is stored."""
        return self._add("refuse", Stage.UPLOAD, status=status, **when)

    def stallUpload(self, seconds: float = 3600.0, **when: Any) -> Fault:
        """Let a PUT wait, before its body is read, for some seconds of the clock."""
        return self._add("stall", Stage.UPLOAD, seconds=seconds, **when)

    def failScan(self, errorCode: int = 4003, message: str = "File content not allowed", **when: Any) -> Fault:
        """Send `UploadFailureEvent` after a PUT that went well."""
        return self._add("refuse", Stage.SCAN, status=errorCode, message=message, **when)

    def _add(self, kind: str, stage: Stage, **settings: Any) -> Fault:
        for alias in ("class_", "action", "path"):
            if alias in settings:
                settings["name"] = settings.pop(alias)
        connection = settings.get("connection")
        settings["connection"] = getattr(connection, "number", connection)
        fault = Fault(kind=kind, stage=stage, **settings)
        with self._lock:
            self._active.append(fault)
        self._changed()
        return fault

    def _changed(self) -> None:
        if self.onChange is not None:
            self.onChange()


def _frame_stage(when: dict[str, Any]) -> Stage:
    if "action" in when and "class_" in when:
        raise ValueError("class_ strikes a frame to the guest, action a request of the guest: give one of them")
    return Stage.REQUEST if "action" in when else Stage.FRAME
