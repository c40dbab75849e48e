"""JSON read by orjson, where it is installed (the extra ``fast``), with the results of :mod:`json`.

What orjson refuses is left to json. What it reads differently is an integer of more than 64 bits, which it makes a
float. So whoever uses a float that was read shows it to :func:`look_at`, and whoever had it read asks after it whether
:data:`mark` has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

try:
    import orjson
except ImportError:  # the extra is not installed
    quick: Callable[[str], Any] | None = None
else:
    quick = orjson.loads

T = TypeVar("T")

_LARGEST = float(1 << 63)

# Another object each time that somebody has used a float which may have been an integer.
mark = object()


def look_at(value: Any) -> Any:
    """Take notice of a value that is used as it was read, and return it."""
    if value.__class__ is float and not -_LARGEST < value < _LARGEST:
        look_again()
    return value


def look_again() -> None:
    """Have json read what is being decoded, because all of it is used as it was read."""
    global mark  # one for all threads: who takes another's change for its own reads once more in vain
    mark = object()


def decoded(text: str, read: Callable[[str], Any], decode: Callable[[Any], T]) -> T:
    """Read JSON text and decode it.

    Args:
        text: The text.
        read: Reads it with json.
        decode: Makes something of what was read; called twice if orjson may have read it differently.

    Returns:
        What ``decode`` returned.
    """
    if quick is not None:
        try:
            document = quick(text)
        except ValueError:  # NaN, half a surrogate pair, …
            document = None
        before = mark
        if document is not None:
            made = decode(document)
            if mark is before:
                return made
    return decode(read(text))
