"""Texts for people: what came from elsewhere made harmless, and sizes, times and spans made readable."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from rich import filesize

from ..models._coerce import as_datetime

T = TypeVar("T")

# What could move the cursor, change colours or turn the direction of writing in somebody's terminal.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile("\r\n|[\r\u2028\u2029]")
_LARGEST = 1e18  # what is larger is not a size, nor a time
_SPANS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def clean(text: object) -> str:
    """A text that came over the wire, without anything a terminal would obey."""
    if text is None:
        return ""
    return _CONTROLS.sub("\ufffd", _BREAKS.sub("\n", str(text)).replace("\t", "    "))


def one_line(text: object) -> str:
    """The same, on one line."""
    return " ".join(clean(text).split())


def present(items: Iterable[T | None]) -> list[T]:
    """What of a list is there: a server may put null into any."""
    return [item for item in items if item is not None]


def size(number: object) -> str:
    """A number of bytes: "12.3 kB"; "" for anything else."""
    if isinstance(number, (int, float)) and abs(number) < _LARGEST:
        return filesize.decimal(int(number))
    return ""


def span(seconds: object) -> str:
    """A length of time: "3 days", "90 seconds"; "" for anything else, and for none."""
    if not isinstance(seconds, (int, float)) or not 0 < seconds < _LARGEST:
        return ""
    length, name = next((one for one in _SPANS if seconds >= 2 * one[0]), _SPANS[-1])
    count = round(seconds / length)
    return f"{count} {name}{'' if count == 1 else 's'}"


def moment(time: object) -> datetime | None:
    """When something happened, in local time.

    Args:
        time: ISO 8601 text of whatever precision, a datetime, or anything else.

    Returns:
        None when it cannot be told.
    """
    told = as_datetime(time) if isinstance(time, str) else time
    try:
        return told.astimezone() if isinstance(told, datetime) else None
    except (ValueError, OverflowError, OSError):  # the year 9999, in a zone where it is 10000
        return None


def clock(time: object) -> str:
    """The time of day of a moment: "10:41:03", or blanks of the same width."""
    when = moment(time)
    return f"{when:%H:%M:%S}" if when else " " * 8


def slot(time: object) -> str:
    """A date and time to choose, in local time: "Mon 24 Nov 2025, 10:00"."""
    when = moment(time)
    return f"{when:%a %d %b %Y, %H:%M}" if when else one_line(time)
