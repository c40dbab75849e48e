"""One fault: what it does, where it strikes, and how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

__all__ = ["Fault", "Stage", "Subject"]


class Stage(Enum):
    """Where in the server a fault can strike."""

    HANDSHAKE = "handshake"
    REQUEST = "request"  # a frame of a guest, before it is handled
    FRAME = "frame"  # a frame to a guest
    CLOSE = "close"  # the close frame of a guest
    REST = "rest"
    JWT = "jwt"  # the jwt of a REST request
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

    def matches(self, subject: Subject) -> bool:
        """Whether a subject is one it is meant for."""
        if self.stage is not subject.stage or (self.connection not in (None, subject.connection)):
            return False
        if self.name is not None and not self._namesIt(subject):
            return False
        if self.direction is not None and self.direction != subject.direction:
            return False
        return self.where is None or self.where(subject.fields)

    def strikes(self) -> bool:
        """Count one matching subject, and say whether the fault strikes it."""
        if self.after > 0:
            self.after -= 1
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
        if subject.stage in (Stage.REST, Stage.JWT, Stage.UPLOAD):
            return subject.name.startswith(self.name or "")
        return subject.name == self.name
