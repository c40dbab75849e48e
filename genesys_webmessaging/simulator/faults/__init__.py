"""What can go wrong on demand; no other layer decides to misbehave."""

from __future__ import annotations

from .faults import Faults
from .rule import Fault, Stage, Subject

__all__ = ["Fault", "Faults", "Stage", "Subject"]
