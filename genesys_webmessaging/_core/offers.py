"""What a message offers to choose from: quick replies, cards, times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from ..models import (
    ContentCard,
    ContentCardAction,
    ContentDatePickerAvailableTime,
    ContentQuickReply,
    Direction,
    MessageContent,
    StructuredMessage,
)
from ..models._coerce import as_datetime
from ..models.message import text_of

T = TypeVar("T")


def replies_of(message: StructuredMessage) -> list[ContentQuickReply]:
    """The quick replies of a message."""
    found: list[ContentQuickReply] = []
    for content in _contents(message):
        if content.quickReply is not None:
            found.append(content.quickReply)
        if content.quickReplyV2 is not None:
            found += [action for action in content.quickReplyV2.actions if action is not None]
        if content.buttonResponse is not None and message.direction != Direction.INBOUND:
            offered = content.buttonResponse  # from the guest it would be what was chosen
            found.append(ContentQuickReply(text=offered.text, payload=offered.payload))
    return found


def cards_of(message: StructuredMessage) -> list[ContentCard]:
    """The cards of a message, those of carousels too."""
    found: list[ContentCard] = []
    for content in _contents(message):
        if content.card is not None:
            found.append(content.card)
        if content.carousel is not None:
            found += [card for card in content.carousel.cards if card is not None]
    return found


def slots_of(message: StructuredMessage) -> list[ContentDatePickerAvailableTime]:
    """The times that a message offers."""
    pickers = [content.datePicker for content in _contents(message) if content.datePicker is not None]
    return [slot for picker in pickers for slot in picker.availableTimes if slot is not None]


def _contents(message: StructuredMessage) -> Iterator[MessageContent]:
    return (content for content in message.content if content is not None)


def chosen(what: str, wanted: Any, offered: Sequence[T], names: Callable[[T], Sequence[str | None]]) -> T:
    """The offer that is meant.

    Args:
        what: What kind of offer, for the error.
        wanted: The offer itself, its number (from 0, or from -1 backwards), or one of its names.
        offered: What there is.
        names: What an offer is called; the first name is shown.

    Raises:
        ValueError: There is no such offer; the message shows what there is.
    """
    if isinstance(wanted, int) and not isinstance(wanted, bool):
        if -len(offered) <= wanted < len(offered):
            return offered[wanted]
    elif isinstance(wanted, str):
        folded = wanted.strip().casefold()
        for one in offered:
            if folded in [text_of(name).strip().casefold() for name in names(one) if name]:
                return one
    else:
        for one in offered:
            if one == wanted:
                return one
    shown = ", ".join(repr(names(one)[0]) for one in offered)
    raise ValueError(f"there is no {what} {wanted!r}; there are: {shown or 'none'}")


def chosen_reply(message: StructuredMessage, wanted: Any) -> ContentQuickReply:
    """The quick reply of a message that is meant: itself, its number, its text or its payload."""
    return chosen("quick reply", wanted, replies_of(message), lambda one: [one.text, one.payload])


def chosen_button(message: StructuredMessage, card: Any, wanted: Any) -> ContentCardAction:
    """The button of a card that is meant, and that can be pressed."""
    found = chosen("card", card, cards_of(message), lambda one: [one.title])
    buttons = [action for action in found.actions if action is not None]
    action = chosen("button", wanted, buttons, lambda one: [one.text, one.payload])
    if action.type == ContentCardAction.TypeEnum.LINK:
        raise ValueError(f"the button {action.text!r} is a link, which is opened and not pressed: {action.url}")
    return action


def chosen_slot(message: StructuredMessage, wanted: Any) -> ContentDatePickerAvailableTime:
    """The time that is meant: the slot itself, its number, or its moment as a datetime or in ISO 8601."""
    slots = slots_of(message)
    moment = as_datetime(wanted) if isinstance(wanted, str) else wanted
    if isinstance(moment, datetime):
        wanted = next((slot for slot in slots if _is_at(slot, moment)), wanted)
    return chosen("time", wanted, slots, lambda one: [moment_of(one)])


def moment_of(slot: ContentDatePickerAvailableTime) -> str:
    """The moment of a slot, as it came."""
    return str(slot.to_dict().get("dateTime", ""))


def _is_at(slot: ContentDatePickerAvailableTime, moment: datetime) -> bool:
    told: Any = slot.dateTime
    return isinstance(told, datetime) and told.timestamp() == moment.timestamp()
