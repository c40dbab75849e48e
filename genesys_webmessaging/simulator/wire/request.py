"""One request of a guest, read without trusting it, and why it may be refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...exceptions import ErrorCode
from ..state.deployment import Rates
from ..state.session import Peer

__all__ = [
    "RateLimited",
    "Refusal",
    "Request",
    "within",
]


class Refusal(Exception):  # noqa: N818 - not an error of ours
    """A request cannot be done, and the guest is told so."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class RateLimited(Exception):  # noqa: N818 - not an error of ours
    """Something is asked for too often, and may be asked for again after some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many requests: wait {seconds:.1f} s")
        self.seconds = seconds


def within(rates: Rates, what: str) -> None:
    """Count something against its limit.

    Raises:
        TooOften: It was done too often.
    """
    seconds = rates.take(what)
    if seconds is not None:
        raise RateLimited(seconds)


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
            raise Refusal(ErrorCode.MISSING_PARAMETER, f"Missing parameter: {name}")
        if not isinstance(value, str):
            raise Refusal(ErrorCode.BAD_REQUEST, f"{name} must be a string")
        return value

    def textOrNone(self, name: str) -> str | None:
        """A field that may be missing."""
        return None if self.fields.get(name) in (None, "") else self.text(name)

    def object(self, name: str) -> dict[str, Any]:
        """A field that must be there, and an object."""
        value = self.fields.get(name)
        if value is None:
            raise Refusal(ErrorCode.MISSING_PARAMETER, f"Missing parameter: {name}")
        if not isinstance(value, dict):
            raise Refusal(ErrorCode.BAD_REQUEST, f"{name} must be an object")
        return value

    def flag(self, name: str) -> bool:
        """A field that is true, or not."""
        return self.fields.get(name) is True
