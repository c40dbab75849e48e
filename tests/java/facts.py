"""What happened, in a form that both sides can be brought into and that can be compared.

Facts are plain values: dicts, lists, texts, numbers. An expected text that begins with ``$`` stands for something
that differs from run to run: see :data:`MARKERS`.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

MARKERS: Mapping[str, Callable[[Any], bool]] = {
    "$uuid": lambda value: isinstance(value, str) and _UUID.fullmatch(value) is not None,
    "$text": lambda value: isinstance(value, str) and value != "",
    "$not joined": lambda value: value in ("NotConnectedError", "NotConfiguredError"),
}
"""What an expected text stands for when it is one of these."""

ABSENT = "$absent"
"""In a patch: the fact of that name is not there."""


class Fields(dict[str, Any]):
    """The fields of a model. Empty ones may be there or not."""


def dump(value: Any, *, untyped: bool = False) -> Any:
    """A decoded value as plain facts, every field visible under its name on the wire.

    Args:
        value: A model, or anything that stands in one.
        untyped: Whether nothing says what class is expected here; a model then tells its own as ``$type``.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = Fields({"$type": type(value).__name__} if untyped else {})
        for field in dataclasses.fields(value):
            # The fields that are Python keywords have an underscore; BaseMessage.body holds any class.
            fields[field.name.rstrip("_")] = dump(getattr(value, field.name), untyped=field.name == "body")
        if getattr(value, "raw", None) is not None:
            fields["$raw"] = value.raw
        return fields
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: dump(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [dump(item) for item in value]
    if isinstance(value, datetime.datetime):
        return round(value.timestamp() * 1000)
    return value


def differences(expected: Any, observed: Any, path: str = "") -> Iterator[str]:
    """What is not as expected, one line for each place."""
    if isinstance(expected, str) and expected.startswith("$") and expected in MARKERS:
        if not MARKERS[expected](observed):
            yield f"{path}: expected {expected}, got {_short(observed)}"
    elif isinstance(expected, dict) and isinstance(observed, dict):
        yield from _dict_differences(expected, observed, path)
    elif isinstance(expected, list) and isinstance(observed, list):
        if len(expected) != len(observed):
            yield f"{path}: expected {len(expected)} items, got {len(observed)}: {_short(observed)}"
        for index, (one, other) in enumerate(zip(expected, observed, strict=False)):
            yield from differences(one, other, f"{path}[{index}]")
    elif isinstance(expected, bool) is not isinstance(observed, bool) or expected != observed:
        yield f"{path}: expected {_short(expected)}, got {_short(observed)}"


def _dict_differences(expected: dict[str, Any], observed: dict[str, Any], path: str) -> Iterator[str]:
    for key, value in expected.items():
        if key in observed:
            yield from differences(value, observed[key], f"{path}.{key}")
        else:
            yield f"{path}.{key}: expected {_short(value)}, got nothing of that name"
    for key, value in observed.items():
        if key not in expected and not (isinstance(observed, Fields) and value in (None, [], {})):
            yield f"{path}.{key}: got {_short(value)}, which was not expected"


def patched(facts: Any, patch: Any) -> Any:
    """Facts with a patch laid over them: what we do where we mean to differ.

    A dict in the patch is laid over the dict in that place, or over each dict of the list in that place,
    ``{"$at": {"0": …}}`` over single items of a list; where there is neither, nothing changes. ``$absent`` takes a
    fact away; anything else replaces what was there, as does ``{"$instead": …}`` with a dict.
    """
    if not isinstance(patch, dict):
        return patch
    if "$instead" in patch:
        return patch["$instead"]
    if isinstance(facts, list):
        if "$at" in patch:
            places = {int(index): part for index, part in patch["$at"].items()}
            return [patched(item, places[index]) if index in places else item for index, item in enumerate(facts)]
        return [patched(item, patch) if isinstance(item, dict) else item for item in facts]
    if not isinstance(facts, dict):
        return facts
    whole = {key: value for key, value in facts.items() if patch.get(key) != ABSENT}
    for key, part in patch.items():
        if part == ABSENT or (key not in facts and _is_overlay(part)):
            continue
        whole[key] = patched(facts.get(key), part)
    return whole


def _is_overlay(patch: Any) -> bool:
    return isinstance(patch, dict) and "$instead" not in patch


def filled(patch: Any, context: Mapping[str, Any]) -> Any:
    """A patch with the names that the case gives a meaning (``$raw``, ``$body``, …) replaced by what they stand for."""
    if isinstance(patch, str):
        return context.get(patch, patch)
    if isinstance(patch, dict):
        return {key: filled(part, context) for key, part in patch.items()}
    if isinstance(patch, list):
        return [filled(part, context) for part in patch]
    return patch


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:160]}…<{len(text)} chars>"
