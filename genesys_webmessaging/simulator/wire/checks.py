"""Strict mode: what a client does that the protocol does not allow, written down."""

from __future__ import annotations

import json
from typing import Any, Protocol

from ..recording import Frame, Journal, Violation
from ..state.deployment import Deployment
from ..state.world import World
from .schema import violations_of

__all__ = ["Checks", "Guest"]

BEFORE_CONFIGURE = ("configureSession", "configureAuthenticatedSession", "getConfiguration")


class Guest(Protocol):
    """A connection, as far as the checks look at it."""

    number: int
    deployment: Deployment
    closeCode: Any

    @property
    def origin(self) -> Any:
        """The Origin header."""

    @property
    def application(self) -> Any:
        """What the handshake said."""


class Checks:
    """Writes violations down, in strict mode; never refuses anything."""

    def __init__(self, world: World, found: Journal[Violation]) -> None:
        self._world = world
        self._found = found
        self._requests: dict[str, str] = {}
        self._configured: set[int] = set()

    def handshake(self, guest: Guest) -> None:
        """A guest has been let in."""
        if not guest.origin:
            self._note(guest.number, "the handshake has no Origin header")

    def frame(self, guest: Guest, frame: Frame) -> None:
        """A text frame came."""
        if not self._world.strict:
            return
        if frame.fields is None:
            self._note(guest.number, "a frame is not one JSON object")
            return
        action = frame.action
        if action not in BEFORE_CONFIGURE and guest.number not in self._configured:
            self._note(guest.number, f"{action or 'a frame without an action'} before configureSession")
        elif action in BEFORE_CONFIGURE[:2]:
            self._configured.add(guest.number)
        for sentence in violations_of(frame.fields):
            self._note(guest.number, f"{action or 'frame'}: {sentence}")
        self._tracing(guest, frame.fields)

    def binary(self, guest: Guest) -> None:
        """A binary frame came."""
        self._note(guest.number, "a binary frame; the protocol has text frames only")

    def closed(self, guest: Guest) -> None:
        """A close frame came."""
        if not guest.closeCode:
            self._note(guest.number, "a close frame without a status")

    def rest(self, sentence: str) -> None:
        """A REST request has something wrong."""
        self._note(None, sentence)

    def _tracing(self, guest: Guest, fields: dict[str, Any]) -> None:
        tracing_id = fields.get("tracingId")
        if not isinstance(tracing_id, str):
            return
        said = {key: value for key, value in fields.items() if key != "time"}
        meant = json.dumps(said, sort_keys=True)
        if self._requests.setdefault(tracing_id, meant) != meant:
            self._note(guest.number, f"{fields.get('action')}: tracingId {tracing_id!r} is that of another request")

    def _note(self, number: int | None, sentence: str) -> None:
        if self._world.strict:
            self._found.add(Violation(number, sentence))
