"""What a forked child does with what it inherits: it shares nothing with its parent."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class _Renewable(Protocol):
    def _after_fork(self) -> None: ...


_renewables: weakref.WeakSet[_Renewable] = weakref.WeakSet()


def renew_after_fork(renewable: _Renewable) -> None:
    """Have ``renewable._after_fork()`` called in every forked child, for as long as the object lives.

    There it replaces its locks, which threads may hold that the child does not have, and lets go of what belongs to
    the parent, such as sockets, without a byte to the other side.
    """
    _renewables.add(renewable)


def _after_fork() -> None:
    for renewable in list(_renewables):
        renewable._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
