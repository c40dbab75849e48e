"""One request of a guest, and reading it without trusting it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..state.session import Peer
from .refusal import BAD_REQUEST, MISSING_PARAMETER, Refusal

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """A request that is a JSON object, and the connection it came by."""

    peer: Peer
    fields: dict[str, Any]

    @property
    def action(self) -> str:
        """What the guest wants."""
        return self.text("action")

    @property
    def tracingId(self) -> str | None:
        """What the answer is to be marked with; None when the guest gave nothing usable."""
        tracing_id = self.fields.get("tracingId")
        return tracing_id if isinstance(tracing_id, str) and tracing_id else None

    def text(self, name: str) -> str:
        """A field that must be there, and a string that is not empty."""
        value = self.fields.get(name)
        if value is None or value == "":
            raise Refusal(MISSING_PARAMETER, f"Missing parameter: {name}")
        if not isinstance(value, str):
            raise Refusal(BAD_REQUEST, f"{name} must be a string")
        return value

    def textOrNone(self, name: str) -> str | None:
        """A field that may be missing."""
        return None if self.fields.get(name) in (None, "") else self.text(name)

    def object(self, name: str) -> dict[str, Any]:
        """A field that must be there, and an object."""
        value = self.fields.get(name)
        if value is None:
            raise Refusal(MISSING_PARAMETER, f"Missing parameter: {name}")
        if not isinstance(value, dict):
            raise Refusal(BAD_REQUEST, f"{name} must be an object")
        return value

    def flag(self, name: str) -> bool:
        """A field that is true, or not."""
        return self.fields.get(name) is True
