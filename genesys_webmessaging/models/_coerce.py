"""What becomes of single values: read as leniently as the server writes them, written as JSON.

Each ``as…`` function is called for the values that are not of the expected kind already. It never raises:
what cannot be made into that kind is kept as it came.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from .._base.fast_json import look_at

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r" ?(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2})?)?)?"
)
_EPOCH_MILLISECONDS = re.compile(r"-?[0-9]{11,}")


def copied(value: Any, leaf: Callable[[Any], Any] = look_at) -> Any:
    """Copy a JSON value of any depth, so that it shares no list and no dict with the original.

    Args:
        value: The value; tuples, sets and mappings of any class are taken for lists and dicts.
        leaf: Called for what is neither; its result goes into the copy.

    Returns:
        The copy.
    """
    target = _like(value)
    if target is None:
        return leaf(value)
    made = {id(value): target}
    waiting = [(value, target)]
    while waiting:
        source, target = waiting.pop()
        pairs = source.items() if isinstance(source, Mapping) else enumerate(source)
        for key, item in pairs:
            inner = _like(item)
            if inner is None:
                inner = leaf(item)
            elif id(item) in made:
                inner = made[id(item)]
            else:
                made[id(item)] = inner
                waiting.append((item, inner))
            if target.__class__ is dict:
                target[key] = inner
            else:
                target.append(inner)
    return made[id(value)]


def _like(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {}
    if isinstance(value, (list, tuple, set, frozenset)):
        return []
    return None


def as_text(value: Any) -> Any:
    if isinstance(value, (bool, int, float)):
        try:
            return json.dumps(look_at(value))
        except ValueError:  # more digits than Python prints
            return value
    return copied(value)


def texts(values: dict[str, Any]) -> dict[str, Any]:
    """Copy a map of texts; null stays null."""
    for value in values.values():
        if value.__class__ is not str:
            return {key: as_text(value) for key, value in values.items()}
    return values.copy()


def as_integer(value: Any) -> Any:
    try:
        if isinstance(value, float):
            return int(look_at(value))
        if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
            return int(value)
    except (ValueError, OverflowError):  # NaN, Infinity, more digits than Python reads
        return value
    return copied(value)


def as_number(value: Any) -> Any:
    if value.__class__ is float:
        return look_at(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        if _INTEGER.fullmatch(value.strip()):
            return as_integer(value)
        number = float(value)
        return number if math.isfinite(number) else value
    return copied(value)


def as_boolean(value: Any) -> Any:
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    return copied(value)


class WireDatetime(datetime):
    """A datetime that was read, and is written again just as it came, where ``iso`` would write another text.

    What is computed from it (``replace``, ``+``, ``astimezone``) is another time, and is written as any datetime.
    """

    __slots__ = ("_written",)

    _written: Any

    def __reduce_ex__(self, protocol: Any) -> Any:
        try:
            return as_datetime, (self._written,)
        except AttributeError:  # it was computed
            return super().__reduce_ex__(protocol)


_EPOCH = WireDatetime(1970, 1, 1, tzinfo=timezone.utc)
_fromisoformat = datetime.fromisoformat
_READS_Z = sys.version_info >= (3, 11)


def as_datetime(value: Any) -> Any:
    """Read ISO 8601 (no zone means UTC) or milliseconds since 1970."""
    if value.__class__ is not str:
        return _any_datetime(value)
    # "2026-11-22T10:00:00.123Z": as the service writes it, and iso() too unless it is .000
    usual = len(value) == 24 and value[7] == "-" and value[10] == "T" and value[19] == "." and value[23] == "Z"
    if not usual and value[-1:] != "Z":
        return _any_datetime(value)
    utc = value if _READS_Z else f"{value[:-1]}+00:00"
    try:
        if usual and (plain := _fromisoformat(utc)).microsecond:
            return plain
        moment = WireDatetime.fromisoformat(utc)
    except ValueError:  # not a date, or one that Python 3.10 does not read: "2023-09-07T18:59:00.1Z"
        return _any_datetime(value)
    moment._written = value
    return moment


def _any_datetime(value: Any) -> Any:
    try:
        if isinstance(value, str):
            moment = _any_zone(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            moment = _EPOCH + timedelta(milliseconds=look_at(value))
        else:
            return copied(value)
    except (ValueError, OverflowError):  # no such day, or none that Python knows
        return value
    if moment is None:
        return value
    moment._written = value
    return moment


def _any_zone(text: str) -> WireDatetime | None:
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return _EPOCH + timedelta(milliseconds=int(text)) if _EPOCH_MILLISECONDS.fullmatch(text) else None
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = match.groups()
    zone = timezone.utc
    if sign:
        offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes or 0))
        zone = timezone(offset if sign == "+" else -offset)
    microsecond = int((fraction or "")[:6].ljust(6, "0"))
    parts = (int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond)
    return WireDatetime(*parts, tzinfo=zone)


def iso(value: datetime) -> Any:
    """Write a datetime: as it was read, else in ISO 8601; one without a zone is taken for UTC."""
    if value.__class__ is WireDatetime:
        try:
            return value._written
        except AttributeError:
            pass
    if value.tzinfo is None or value.tzinfo is timezone.utc:
        time = value.time().isoformat()
        # The server writes milliseconds. Date and time apart take half the time of isoformat with a zone.
        return f"{value.date().isoformat()}T{time[:-3] if time[8:] and time[-3:] == '000' else time}Z"
    text = value.isoformat()
    return text[:-6] + "Z" if text[-6:] == "+00:00" else text
