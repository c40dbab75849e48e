"""Rich content, as the other side sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Choice", "card", "carousel", "datePicker", "quickReplies"]

Choice = str | Mapping[str, str]


def quickReplies(replies: Sequence[Choice]) -> list[dict[str, Any]]:
    """Buttons under a message.

    Args:
        replies: Each a string, which is both shown and sent, or {text, payload}.

    Returns:
        One content item for each.
    """
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
    """A card.

    Args:
        title: What it is headed.
        description: What stands below.
        image: Address of a picture.
        actions: Its buttons, each a string, {text, payload}, or {text, url} for a link.
        defaultAction: What pressing the card itself does.

    Returns:
        A content item.
    """
    shown = {
        "title": title,
        "description": description,
        "image": image,
        "defaultAction": None if defaultAction is None else _action(defaultAction),
        "actions": [_action(action) for action in actions],
    }
    return {"contentType": "Card", "card": _present(shown)}


def carousel(cards: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Cards beside each other; each is a mapping with the arguments of `card`."""
    return {"contentType": "Carousel", "carousel": {"cards": [card(**each)["card"] for each in cards]}}


def datePicker(
    times: Sequence[str | Mapping[str, Any]],
    title: str | None = None,
    subtitle: str | None = None,
    imageUrl: str | None = None,
    duration: int = 1800,
) -> dict[str, Any]:
    """Slots to choose from.

    Args:
        times: Each an ISO 8601 time, or {dateTime, duration}.
        title: What it is headed.
        subtitle: What stands below.
        imageUrl: Address of a picture.
        duration: Length of the slots given as times only, in seconds.

    Returns:
        A content item.
    """
    slots = [{"dateTime": slot, "duration": duration} if isinstance(slot, str) else dict(slot) for slot in times]
    shown = {"title": title, "subtitle": subtitle, "imageUrl": imageUrl, "availableTimes": slots}
    return {"contentType": "DatePicker", "datePicker": _present(shown)}


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
