"""Rich content, as the other side sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Choice", "card", "carousel", "datePicker", "quickReplies"]

Choice = str | Mapping[str, str]


def quickReplies(replies: Sequence[Choice]) -> list[dict[str, Any]]:
    """Buttons under a message; a plain string is both what it shows and what it sends."""
    return [
        {"contentType": "QuickReply", "quickReply": {"action": "Message", **_text_and_payload(reply)}}
        for reply in replies
    ]


def card(
    title: str,
    description: str | None = None,
    image: str | None = None,
    actions: Sequence[Choice] = (),
    defaultAction: Choice | None = None,
) -> dict[str, Any]:
    """A card; an action is a string, {text, payload}, or {text, url} for a link."""
    return {"contentType": "Card", "card": _card(title, description, image, actions, defaultAction)}


def carousel(cards: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Cards beside each other; each is a mapping with the arguments of `card`."""
    return {"contentType": "Carousel", "carousel": {"cards": [_card(**each) for each in cards]}}


def datePicker(
    times: Sequence[str | Mapping[str, Any]],
    title: str | None = None,
    subtitle: str | None = None,
    imageUrl: str | None = None,
    duration: int = 1800,
) -> dict[str, Any]:
    """Slots to choose from; each an ISO 8601 time, or {dateTime, duration in seconds}."""
    slots = [{"dateTime": slot, "duration": duration} if isinstance(slot, str) else dict(slot) for slot in times]
    shown = {"title": title, "subtitle": subtitle, "imageUrl": imageUrl, "availableTimes": slots}
    return {"contentType": "DatePicker", "datePicker": _present(shown)}


def _card(
    title: str,
    description: str | None = None,
    image: str | None = None,
    actions: Sequence[Choice] = (),
    defaultAction: Choice | None = None,
) -> dict[str, Any]:
    shown = {
        "title": title,
        "description": description,
        "image": image,
        "defaultAction": None if defaultAction is None else _action(defaultAction),
        "actions": [_action(action) for action in actions],
    }
    return _present(shown)


def _action(action: Choice) -> dict[str, str]:
    if not isinstance(action, str) and "url" in action:
        return {"type": "Link", **action}
    return {"type": "Postback", **_text_and_payload(action)}


def _text_and_payload(choice: Choice) -> dict[str, str]:
    if isinstance(choice, str):
        return {"text": choice, "payload": choice}
    return {**choice, "payload": choice.get("payload", choice["text"])}


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}
